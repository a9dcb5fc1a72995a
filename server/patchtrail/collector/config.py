"""The collector's configuration: environment variables `PATCHTRAIL_COLLECTOR_*`, or a TOML file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from patchtrail.collector.rates import Rate, Rates
from patchtrail.contract.errors import InvalidInput

__all__ = ["CollectorConfig"]

PREFIX = "PATCHTRAIL_COLLECTOR_"


class CollectorConfig(BaseSettings):
    """Where the collector keeps its data, where it listens, and for which study."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("patchtrail") / "collector",
        description="Folder for the database, the blobs and the keys.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    study_id: str = Field(
        default="default", min_length=1, max_length=64, description="The study that devices enrol in."
    )
    server_token: SecretStr | None = Field(
        default=None, description="Bearer token for reading and inviting; without it one is drawn and kept in data_dir."
    )
    log_host: str = Field(
        default="localhost",
        max_length=200,
        pattern=r"^[^\s+/]+$",
        description="This collector's public name, in the name of its log; the first start fixes it.",
    )
    dev_token: SecretStr | None = Field(
        default=None,
        description="For development, on loopback only: open traces are created without a token, and this one reads.",
    )
    trusted_proxies: str = Field(
        default="", description="Addresses, with commas, of proxies whose X-Forwarded-For is believed."
    )
    requests_per_minute: int = Field(default=60, ge=1, description="A device's requests that are no uploads.")
    requests_burst: int = Field(default=120, ge=1, description="How many of them at once.")
    uploads_per_minute: int = Field(default=600, ge=1, description="Chunks and artifacts of a device, or open trace.")
    uploads_burst: int = Field(default=6000, ge=1, description="How many of them at once: a drained spool.")
    enrolments_per_minute: int = Field(default=5, ge=1, description="Attempts to enrol, per address.")
    enrolments_per_hour: int = Field(default=20, ge=1, description="Attempts to enrol, in the whole study.")
    open_traces_per_minute: int = Field(default=60, ge=1, description="Open traces that one address creates.")
    session_max_bytes: int = Field(default=200_000_000, ge=1, description="What one trace may store.")
    participant_max_bytes: int = Field(default=2_000_000_000, ge=1, description="What one participant may store.")
    is_durable: bool = Field(
        default=True, description="Whether a commit is on disk before it is answered. Off only to measure its cost."
    )

    @field_validator("dev_token")
    @classmethod
    def _sendable(cls, token: SecretStr | None) -> SecretStr | None:
        value = "x" if token is None else token.get_secret_value()
        if not (value.isascii() and value.isprintable() and value.strip() == value != ""):
            raise ValueError("A development token is printable ASCII, without spaces around it.")
        return token

    def rates(self) -> Rates:
        """Return the rate limits."""
        return Rates(
            device=Rate(self.requests_per_minute, 60, self.requests_burst),
            upload=Rate(self.uploads_per_minute, 60, self.uploads_burst),
            enrolment_address=Rate(self.enrolments_per_minute, 60, self.enrolments_per_minute),
            enrolment_study=Rate(self.enrolments_per_hour, 3600, self.enrolments_per_hour),
            open_address=Rate(self.open_traces_per_minute, 60, self.open_traces_per_minute),
        )

    @classmethod
    def load(cls, toml_file: Path | None, **arguments: object) -> CollectorConfig:
        """Return the configuration: arguments win over the environment, the environment over the TOML file.

        Raises pydantic's `ValidationError` naming each wrong setting, `InvalidInput` when the file cannot be read.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        filed = {} if toml_file is None else _read_toml(toml_file)
        from_file = {name: value for name, value in filed.items() if f"{PREFIX}{name.upper()}" not in os.environ}
        return cls.model_validate({**from_file, **given})


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"The configuration file {path} cannot be read: {error}", code="bad_config") from error
