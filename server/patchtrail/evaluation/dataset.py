"""Builds the data set: findings planted in real code, each kept only where the tool really reports it.

A candidate counts when the tool says of the broken file exactly what was planted and of the correct file nothing of it.
Everything follows from the seed and from the installed packages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from patchtrail.evaluation.case import PatchCase, Planted
from patchtrail.evaluation.mutation import Mutation, are_apart, broken, line_after, mended
from patchtrail.evaluation.plan import BATCH_SHARE, PLAN, SYNTHETIC, Share, quotas
from patchtrail.evaluation.source import Source
from patchtrail.evaluation.tools import Told, surplus, told_of_texts

__all__ = ["RULES", "build", "rules_of"]

RULES = tuple(sorted({share.rule_id for share in SYNTHETIC if share.tool == "ruff"}))
SPARE = 2.0
"""How many candidates are made for each finding that is wanted."""
BATCH_SIZES = (2, 3, 4, 5)
NEAR = 3


@dataclass(frozen=True)
class _Candidate:
    """One file with what is planted in it."""

    source: Source
    mutations: tuple[Mutation, ...]
    tool: str
    share: int
    """The number of the share that it counts for; -1 is a batch."""


def rules_of(cases: Iterable[PatchCase]) -> set[str]:
    """Return the rules that Ruff is asked for: the usual ones, and those that the cases have besides."""
    planted = (one.finding for case in cases for one in case.planted)
    return {*RULES, *(one.rule_id for one in planted if one.tool == "ruff")}


def build(
    sources: Sequence[Source],
    findings: int,
    seed: int,
    *,
    plan: Sequence[Share] = PLAN,
    batch_share: float = BATCH_SHARE,
) -> list[PatchCase]:
    """Return cases with about `findings` findings in all, the same ones for the same seed and sources."""
    random = Random(seed)
    shuffled = random.sample(list(sources), len(sources))
    wanted = Counter(dict(enumerate(quotas(round(findings * (1 - batch_share)), plan))))
    wanted[-1] = round(findings * batch_share)
    candidates = [*_singles(shuffled, plan, wanted, random), *_batches(shuffled, wanted[-1], random)]
    kept = list[PatchCase]()
    for index, case in enumerate(_verified(candidates)):
        candidate = candidates[index]
        if case is not None and wanted[candidate.share] > 0:
            wanted[candidate.share] -= len(candidate.mutations)
            kept.append(case)
    return kept


def _singles(
    sources: Sequence[Source], plan: Sequence[Share], wanted: Counter[int], random: Random
) -> Iterator[_Candidate]:
    """Yield files with one finding, walking on through the files so that every share sees other ones."""
    at = 0
    for number, share in enumerate(plan):
        made, seen = 0, 0
        while made < SPARE * wanted[number] + 2 and seen < len(sources):
            source = sources[at % len(sources)]
            at, seen = at + 1, seen + 1
            found = _mutations(source, share, random)
            if found:
                made += 1
                yield _Candidate(source, (random.choice(found),), share.tool, number)


def _mutations(source: Source, share: Share, random: Random) -> list[Mutation]:
    return [one for one in share.mutator(source, random) if one.rule_id == share.rule_id]


def _batches(sources: Sequence[Source], findings: int, random: Random) -> Iterator[_Candidate]:
    """Yield files with several findings of Ruff that can be told of the same text."""
    shares = [share for share in PLAN if share.tool == "ruff" and share.rule_id != "invalid-syntax"]
    made = 0
    for source in sources:
        if made >= SPARE * findings:
            return
        chosen, size = list[Mutation](), random.choice(BATCH_SIZES)
        for share in random.sample(shares, len(shares)):
            found = _mutations(source, share, random)
            one = random.choice(found) if found else None
            if one is not None and are_apart([*chosen, one]):
                chosen.append(one)
            if len(chosen) == size:
                break
        if len(chosen) == size:
            made += size
            yield _Candidate(source, tuple(sorted(chosen, key=lambda one: one.first)), "ruff", -1)


def _verified(candidates: Sequence[_Candidate]) -> Iterator[PatchCase | None]:
    """Run the tools on all candidates at once, and yield each as a case, or None where the tool says otherwise."""
    paths = [f"c{number:05}/{one.source.path}" for number, one in enumerate(candidates)]
    tools = {path: one.tool for path, one in zip(paths, candidates, strict=True)}
    texts = [broken(one.source, one.mutations) for one in candidates], [one.source.text for one in candidates]
    told = [told_of_texts(dict(zip(paths, some, strict=True)), tools, RULES) for some in texts]
    for path, candidate in zip(paths, candidates, strict=True):
        more = surplus(told[0].get(path, []), told[1].get(path, []))
        is_clean = not surplus(told[1].get(path, []), told[0].get(path, [])) or _is_syntax(candidate)
        yield _case(path, candidate, more) if is_clean else None


def _is_syntax(candidate: _Candidate) -> bool:
    """Return whether the broken file cannot be parsed, so that tools are silent about all else."""
    return candidate.mutations[0].rule_id == "invalid-syntax"


def _case(path: str, candidate: _Candidate, more: Sequence[Told]) -> PatchCase | None:
    """Return the case in which every mutation is reported near its place and nothing else is."""
    planted, left = list[Planted](), list(more)
    for mutation in candidate.mutations:
        own = [one for one in left if one.finding.rule_id == mutation.rule_id]
        if not _is_syntax(candidate):
            own = _near(own, candidate.mutations, mutation)
        if not own:
            return None
        left = [] if _is_syntax(candidate) else [one for one in left if one is not own[0]]
        text = mended(candidate.source, candidate.mutations, mutation)
        planted.append(
            Planted(replace(own[0].finding, file_path=path), mutation.group, text, own[0].finding.fix is not None)
        )
    before = broken(candidate.source, candidate.mutations)
    if left:
        return None
    return PatchCase(path.split("/")[0], path, before, candidate.source.text, tuple(planted))


def _near(told: Iterable[Told], mutations: Sequence[Mutation], mutation: Mutation) -> list[Told]:
    """Return what is reported at the mutation's lines, or just above them where a header stands."""
    first = line_after(mutations, mutation) + 1
    last = first + len(mutation.lines)
    reach = 40 if mutation.rule_id.startswith(("D", "I")) or mutation.group == "type errors" else NEAR
    return [one for one in told if first - reach <= one.finding.line <= last + NEAR or mutation.rule_id == "D100"]
