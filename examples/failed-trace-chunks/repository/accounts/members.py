"""The register of members."""

import hashlib
from dataclasses import dataclass

from accounts.digests import digest_of, matches


@dataclass(frozen=True)
class Member:
    """A member as the register keeps them."""

    name: str
    salt: bytes
    stored: bytes


def keyed(name: str) -> str:
    """Return the name under which a member is kept: capitals and spaces around it do not count."""
    return name.strip().lower()


class Register:
    """All members by name."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}

    def __repr__(self) -> str:
        return f"<Register of {len(self._members)} members>"

    def enrol(self, name: str, phrase: str) -> None:
        """Add a member; raises `ValueError` when the name is taken."""
        if keyed(name) in self._members:
            raise ValueError(f"{name} is taken.")
        salt = hashlib.sha256(keyed(name).encode()).digest()
        self._members[keyed(name)] = Member(name, salt, digest_of(phrase, salt))

    def admit(self, name: str, phrase: str) -> Member | None:
        """Return the member who comes in; None when name or phrase is wrong."""
        member = self._members.get(keyed(name))
        if member is None or not matches(phrase, member.salt, member.stored):
            return None
        return member
