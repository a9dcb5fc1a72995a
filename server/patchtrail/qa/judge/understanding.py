"""Problem understanding: are the failure modes grasped?"""

from __future__ import annotations

from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer, quote_of
from patchtrail.qa.judge.bursts import core_files, touches, words_of
from patchtrail.qa.judge.cues import blames, corrects, explains, is_vague, tells_failure
from patchtrail.qa.judge.moves import Saying
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.words import Terms, joined_values, shared, values_in

__all__ = ["understanding"]

FEW_WORDS, MANY_WORDS = 8, 8
MIN_WORDS = 5
"""A mechanism takes a few words to tell."""


def understanding(story: Story) -> list[Answer]:
    """Answer the dimension's checks."""
    places = [saying for saying in story.sayings if story.named(saying)]
    return [
        _saw_failure(story),
        _symptom(story),
        _place(story, places),
        _cause(places),
        _borne_out(story, places),
    ]


def _saw_failure(story: Story) -> Answer:
    before = [run for run in story.runs if story.first_edit is None or run.seq < story.first_edit]
    red = [run for run in before if run.shows_failure]
    looks = [look for look in story.looks if story.first_edit is None or look.seq < story.first_edit]
    if red or looks:
        seqs = tuple(move.seq for move in [*red[:1], *looks[:1]])
        return Answer("saw_failure", MET, "The failure was seen before the first edit.", seqs)
    if before:
        is_known = all(run.is_red is not None for run in before)
        ended = "did not fail" if is_known else "is not known to have failed"
        text = f"Something ran before the first edit, but {ended}."
        return Answer("saw_failure", HALF if not any(run.is_test for run in before) else UNMET, text, (before[0].seq,))
    return Answer("saw_failure", UNMET, "Nothing failed, and no debugger stopped, before the first edit.")


def _symptom(story: Story) -> Answer:
    of = story.failure if story.failure else story.task
    values = joined_values(run.text for run in story.runs if run.shows_failure)
    told = [one for one in story.sayings if _tells_failure(one) and _is_in_words(one, of, values)]
    if not told:
        noted = [one for one in story.sayings if one.kind is not None]
        hinted = [one for one in noted if _is_in_words(one, story.task, frozenset())]
        hinted = hinted or [one for one in noted if one.kind == "hypothesis" and story.named(one)]
        if hinted:
            text = "What goes wrong is said in words of the task or of the code."
            return Answer("states_symptom", HALF, text, (hinted[0].seq,), quote_of(hinted))
        return Answer("states_symptom", UNMET, "Nobody says what goes wrong, in words of this failure.")
    seqs = tuple(one.seq for one in told[:3])
    return Answer("states_symptom", MET, "What goes wrong is said in words of this failure.", seqs, quote_of(told))


def _tells_failure(saying: Saying) -> bool:
    """Return whether a saying tells a failure; an observation in the words of one does, in any language."""
    return saying.kind == "observation" or tells_failure(saying.text)


def _is_in_words(saying: Saying, of: Terms, values: frozenset[str]) -> bool:
    common = shared(saying.terms, of)
    hits = len(common.plain) + len(values & values_in(saying.text))
    return bool(common.strong) or hits > 1 or (bool(hits) and len(saying.text.split()) <= FEW_WORDS)


def _place(story: Story, places: list[Saying]) -> Answer:
    clear = [one for one in places if is_clear(one, story)]
    if clear:
        text = "A place in this code is named."
        return Answer("names_place", MET, text, tuple(one.seq for one in clear[:3]), quote_of(clear))
    looks = [look for look in story.looks if look.is_in_code]
    if looks:
        return Answer("names_place", MET, "A debugger stopped in this code.", (looks[0].seq,))
    hinted = [one for one in places if one.kind != "observation"]
    if hinted:
        text = "A place is only hinted at."
        return Answer("names_place", HALF, text, (hinted[0].seq,), quote_of(hinted))
    return Answer("names_place", UNMET, "No file, function, line or variable of this code is named.")


def is_clear(saying: Saying, story: Story) -> bool:
    """Return whether a saying names a place by its name, or by more than one word."""
    named = story.named(saying)
    return bool(named.strong) or len(named.plain) > 1


def _cause(places: list[Saying]) -> Answer:
    told = [one for one in places if tells_cause(one) and len(one.text.split()) >= MIN_WORDS]
    if told:
        text = "A mechanism is told, not only that it goes wrong."
        return Answer("states_cause", MET, text, tuple(one.seq for one in told[:3]), quote_of(told))
    hinted = [one for one in places if _hints_at_cause(one)]
    if hinted:
        text = "Why it goes wrong is only hinted at."
        return Answer("states_cause", HALF, text, (hinted[0].seq,), quote_of(hinted))
    return Answer("states_cause", UNMET, "Nobody says why it goes wrong.")


def _hints_at_cause(saying: Saying) -> bool:
    """Return whether a saying may tell a mechanism, in words that are not known here."""
    words = len(saying.text.split())
    if saying.kind == "hypothesis" and words >= MANY_WORDS:
        return True
    return saying.kind in ("hypothesis", "plan") and words >= MIN_WORDS and blames(saying.text)


def tells_cause(saying: Saying) -> bool:
    """Return whether a saying tells a mechanism: a hypothesis in any words for one, anything else in plain ones."""
    if is_vague(saying.text):
        return False
    return explains(saying.text) or (saying.kind == "hypothesis" and blames(saying.text) and len(saying.terms.all) > 2)


def _borne_out(story: Story, places: list[Saying]) -> Answer:
    files = core_files(story)
    final = [edit for edit in story.product_edits if edit.path in files]
    words = words_of(final)
    told = [one for one in places if not is_vague(one.text) and (one.kind != "observation" or is_clear(one, story))]
    named = [one for one in told if touches(one, words)]
    if named:
        seqs = (named[0].seq, *(edit.seq for edit in final[:3]))
        return Answer("is_borne_out", MET, "The place that was named is the place that was changed.", seqs)
    corrected = [one for one in story.sayings if corrects(one.text)]
    if corrected and len(places) > 1:
        return Answer("is_borne_out", MET, "A wrong guess was recognised and replaced.", (corrected[0].seq,))
    return Answer("is_borne_out", UNMET, "No place that was named was changed in the end.")
