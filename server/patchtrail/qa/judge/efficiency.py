"""Efficiency: is there little churn?"""

from __future__ import annotations

import re
from itertools import pairwise

from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer
from patchtrail.qa.judge.bursts import Burst, bursts_of, core_files
from patchtrail.qa.judge.churn import churn_of
from patchtrail.qa.judge.destructive import danger_of
from patchtrail.qa.judge.moves import Command, Edit, Move, Run
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.words import shared

__all__ = ["efficiency"]

CHANGERS = """
git pip pip3 npm yarn pnpm uv rm mv cp touch sed tee export apt apt-get conda poetry pipenv docker make source patch
chmod mkdir kill pkill systemctl
"""
CHANGING = frozenset(CHANGERS.split())
"""Programs after which the same command may end otherwise."""
ELSEWHERE = re.compile(r"\s*(?:ls|cat|less|open|cd|find)\s+(?:-\w+\s+)*(?:~|/home|/etc|/usr|/var|\.\.|-)(?:/\S*)?\s*$")
"""A look at something outside of the project."""
IDLERS = """
clear history top htop date whoami uname exit sleep man df free ps cal uptime w who fortune cowsay sl ping neofetch
nautilus
"""
IDLE = frozenset(IDLERS.split())
LOOKING_AT_GIT = frozenset({"status", "diff", "log", "show", "blame", "grep", "branch"})
MOST_ROUNDS = 4
MOST_WASTED = 0.25
MANY_BESIDE, MOST_BESIDE = 0.2, 0.35
LONG_MS = 12 * 60_000


def efficiency(story: Story) -> list[Answer]:
    """Answer the dimension's checks."""
    if not story.edits and not story.runs:
        names = ("no_blind_retries", "little_churn", "stays_in_scope", "converges", "acts_purposefully")
        return [Answer(name, UNMET, "Nothing was edited, and nothing was run.") for name in names]
    return [_retries(story), _churn(story), _scope(story), _converges(story), _purposeful(story)]


def _retries(story: Story) -> Answer:
    blind = _unchanged_reruns(story, beyond=2)
    if blind:
        text = "The same command was run again and again though nothing had changed."
        return Answer("no_blind_retries", UNMET, text, tuple(blind))
    return Answer("no_blind_retries", MET, "Nothing was run again unchanged more than once.")


def _unchanged_reruns(story: Story, *, beyond: int) -> list[int]:
    """Return the runs that had been made so many times before, with nothing changed in between."""
    seen, again = dict[str, int](), list[int]()
    for move in story.moves:
        if isinstance(move, Run):
            command = " ".join(move.command.split())
            seen[command] = seen.get(command, 0) + 1
            again += [move.seq] if seen[command] > beyond else []
        elif isinstance(move, Edit) or (isinstance(move, Command) and _may_change(move)):
            seen.clear()
    return again


def _may_change(command: Command) -> bool:
    words = command.command.split()
    is_look = words[:1] == ["git"] and not LOOKING_AT_GIT.isdisjoint(words[1:2])
    return not is_look and not CHANGING.isdisjoint(command.programs)


def _churn(story: Story) -> Answer:
    churn = churn_of(story.edits)
    if not churn.written:
        return Answer("little_churn", MET, "No line was written that could be taken back.")
    share = churn.wasted / churn.written
    text = f"{churn.wasted} of {churn.written} written lines were taken back or written again."
    met = MET if share <= MOST_WASTED else UNMET
    return Answer("little_churn", met, text, tuple(edit.seq for edit in story.edits) if met < MET else ())


def _scope(story: Story) -> Answer:
    withheld = {edit.path for edit in story.edits if edit.is_withheld}
    nets = [net for net in churn_of(story.edits).files.values() if net.role != "scratch" and net.path not in withheld]
    needed = _needed(story)
    needless = [
        net
        for net in nets
        if not net.is_changed or (net.role == "product" and (net.is_inert or net.path not in needed))
    ]
    if len(needless) <= 1:
        return Answer("stays_in_scope", MET, "At most one file was edited that the final change does not need.")
    text = f"{len(needless)} files were edited that the final change does not need."
    return Answer("stays_in_scope", UNMET, text, tuple(seq for net in needless for seq in net.seqs))


def _needed(story: Story) -> set[str]:
    """Return the files that the end rests on, and those that were named."""
    needed = core_files(story)
    for edit in story.product_edits:
        if edit.path in needed:
            continue
        named = [shared(saying.terms, edit.changed) for saying in story.sayings if saying.kind is not None]
        if any(common.strong or len(common.plain) > 1 for common in named):
            needed.add(edit.path)
    return needed


def _converges(story: Story) -> Answer:
    bursts = bursts_of(story)
    rounds = [burst for burst in bursts if burst.run is not None]
    seqs = tuple(burst.run.seq for burst in rounds if burst.run is not None)
    text = f"{len(rounds)} rounds of edit and run."
    if bursts and not rounds:
        return Answer("converges", HALF, "Nothing was run after an edit, so there was no round.")
    if len(rounds) <= MOST_ROUNDS or _narrows(rounds):
        return Answer("converges", MET, text, seqs)
    return Answer("converges", HALF if len(rounds) == MOST_ROUNDS + 1 else UNMET, text, seqs)


def _narrows(rounds: list[Burst]) -> bool:
    counts = [len(burst.run.failed) if burst.run.is_red else 0 for burst in rounds if burst.run is not None]
    return all(after < before for before, after in pairwise(counts))


def _purposeful(story: Story) -> Answer:
    stretch = _longest(story)
    if stretch is not None:
        before, after = stretch
        text = f"Nothing relevant happened for {(after.at_ms - before.at_ms) // 60_000} minutes."
        return Answer("acts_purposefully", UNMET, text, (before.seq, after.seq))
    beside = [move for move in story.commands if _is_beside(move)]
    share = len(beside) / len(story.commands) if beside else 0
    text = f"{len(beside)} of {len(story.commands)} commands do not serve the task."
    met = MET if share <= MANY_BESIDE else HALF if share <= MOST_BESIDE else UNMET
    return Answer("acts_purposefully", met, text, tuple(move.seq for move in beside) if met < MET else ())


def _is_beside(move: Command | Run) -> bool:
    if danger_of(move.command) is not None:
        return True
    if isinstance(move, Command) and ELSEWHERE.match(move.command):
        return True
    says = move.command.lstrip().startswith(("echo ", "printf ")) and ">" not in move.command
    return isinstance(move, Command) and bool(move.programs) and (says or move.programs <= IDLE)


def _longest(story: Story) -> tuple[Move, Move] | None:
    long = [(one, other) for one, other in pairwise(story.moves) if other.at_ms - one.at_ms > LONG_MS]
    return max(long, key=lambda pair: pair[1].at_ms - pair[0].at_ms, default=None)
