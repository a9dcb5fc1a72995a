"""Makes a synthetic data set: real code, broken in one known way, kept only where Ruff confirms the label.

Nothing here says that a finding exists: Ruff must report of the broken file exactly the one rule, and nothing of the
right file that the broken one lacks. Everything follows from the seed, the sources and Ruff's version.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from random import Random

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase, Planted
from patchtrail.evaluation.dataset import RULES
from patchtrail.evaluation.mutation import broken
from patchtrail.evaluation.plan import Share
from patchtrail.evaluation.source import Source
from patchtrail.evaluation.synthetic import CaseSource, SyntheticCase, SyntheticProvenance, SyntheticSet, sealed
from patchtrail.evaluation.synthetic_mix import counts_of, kinds
from patchtrail.evaluation.tools import Told, surplus, told_of_texts

__all__ = ["Draft", "cases_of", "confirmed_cases", "synthesize"]

SPARE = 1.3
"""How many candidates are made for each case that is wanted, in one round."""
ROUNDS = 12


@dataclass(frozen=True)
class Draft:
    """A case that no tool has seen yet; `file_path` is the file's own, without the case's folder."""

    kind: str
    group: str
    rule_id: str
    file_path: str
    code: str
    expected_fix: str

    @property
    def case_id(self) -> str:
        """Return a name that follows from the content."""
        content = "\0".join([self.file_path, self.code, self.expected_fix])
        return f"{self.rule_id}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def path(self) -> str:
        """Return the file's path among all cases."""
        return f"{self.case_id}/{self.file_path}"


def synthesize(sources: Sequence[Source], mix: Mapping[str, int], cases: int, seed: int) -> SyntheticSet:
    """Return exactly `cases` confirmed cases in the shares of `mix`.

    Raises `InvalidInput` where the sources do not hold so many of a kind.
    """
    made = list[SyntheticCase]()
    for kind, wanted in counts_of(mix, cases).items():
        found = _of_kind(kind, sources, wanted, Random(f"{seed} {kind}"))
        if len(found) < wanted:
            raise InvalidInput(
                f"The installed packages give {len(found)} confirmed cases of {kind}, not {wanted}: ask for fewer."
            )
        made += found
    return sealed(_provenance(sources, mix, seed), made)


def _of_kind(kind: str, sources: Sequence[Source], wanted: int, random: Random) -> list[SyntheticCase]:
    """Draw candidates in rounds until enough of them are confirmed."""
    drafts, kept = _drafts(kind, sources, random), dict[str, SyntheticCase]()
    for _ in range(ROUNDS):
        missing = wanted - len(kept)
        some = list(islice(drafts, round(missing * SPARE) + 2)) if missing else []
        if not some:
            break
        kept |= {one.case_id: one for one in confirmed_cases(some)[:missing]}
    return list(kept.values())


def _drafts(kind: str, sources: Sequence[Source], random: Random) -> Iterator[Draft]:
    """Yield candidates, walking round the files, with the rarest rule of the kind first; none twice."""
    used, seen = Counter[str](), set[str]()
    while True:
        before = len(seen)
        for source in random.sample(list(sources), len(sources)):
            for share in sorted(kinds()[kind], key=lambda one: (used[one.rule_id], one.rule_id)):
                draft = _draft(kind, share, source, random)
                if draft is not None and draft.case_id not in seen:
                    seen.add(draft.case_id)
                    used[share.rule_id] += 1
                    yield draft
                    break
        if len(seen) == before:
            return


def _draft(kind: str, share: Share, source: Source, random: Random) -> Draft | None:
    found = [one for one in share.mutator(source, random) if one.rule_id == share.rule_id]
    if not found:
        return None
    mutation = random.choice(found)
    return Draft(kind, mutation.group, share.rule_id, source.path, broken(source, [mutation]), source.text)


def _confirmed(drafts: Sequence[Draft]) -> list[Told | None]:
    """Return what Ruff reports of each draft, or None where that is not its label and its label alone."""
    tools = {one.path: "ruff" for one in drafts}
    told = told_of_texts({one.path: one.code for one in drafts}, tools, RULES)
    right = told_of_texts({one.path: one.expected_fix for one in drafts}, tools, RULES)
    return [_agreed(one, told.get(one.path, []), right.get(one.path, [])) for one in drafts]


def confirmed_cases(drafts: Sequence[Draft], source: CaseSource = "mutation") -> list[SyntheticCase]:
    """Return the cases of those drafts whose label Ruff confirms."""
    told = zip(drafts, _confirmed(drafts), strict=True)
    return [_case(draft, one, source) for draft, one in told if one is not None]


def _agreed(draft: Draft, told: Sequence[Told], right: Sequence[Told]) -> Told | None:
    more = surplus(told, right)
    if draft.rule_id == "invalid-syntax":
        # One broken bracket is often told twice; of a file that does not parse, nothing else is.
        is_so = bool(more) and not any(one.finding.rule_id == "invalid-syntax" for one in right)
        return more[0] if is_so and all(one.finding.rule_id == "invalid-syntax" for one in more) else None
    is_so = [one.finding.rule_id for one in more] == [draft.rule_id] and not surplus(right, told)
    return more[0] if is_so else None


def _case(draft: Draft, told: Told, source: CaseSource) -> SyntheticCase:
    return SyntheticCase(
        case_id=draft.case_id,
        kind=draft.kind,
        group=draft.group,
        file_path=draft.file_path,
        line=told.finding.line,
        code=draft.code,
        issue_type=draft.rule_id,
        expected_fix=draft.expected_fix,
        source=source,
    )


def _provenance(sources: Sequence[Source], mix: Mapping[str, int], seed: int) -> SyntheticProvenance:
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda one: one.path):
        digest.update(f"{source.path}\0{source.text}\0".encode())
    return SyntheticProvenance(
        seed=seed,
        mix=dict(mix),
        tool=f"ruff {version('ruff')}",
        sources=len(sources),
        sources_sha256=digest.hexdigest(),
    )


def cases_of(dataset: SyntheticSet) -> list[PatchCase]:
    """Return a data set's cases as the suite measures them, each confirmed anew by the Ruff that is here.

    Raises `InvalidInput` naming a case whose label it does not confirm.
    """
    drafts = [_draft_of(one) for one in dataset.cases]
    made = list[PatchCase]()
    for case, draft, told in zip(dataset.cases, drafts, _confirmed(drafts), strict=True):
        if told is None or draft.case_id != case.case_id:
            raise InvalidInput(
                f"Case {case.case_id}: Ruff {version('ruff')} does not confirm {case.issue_type}; the data set was made"
                f" with {dataset.provenance.tool}."
            )
        planted = Planted(told.finding, draft.group, draft.expected_fix, told.finding.fix is not None)
        made.append(PatchCase(case.case_id, draft.path, draft.code, draft.expected_fix, (planted,)))
    return made


def _draft_of(case: SyntheticCase) -> Draft:
    return Draft(case.kind, case.group, case.issue_type, case.file_path, case.code, case.expected_fix)
