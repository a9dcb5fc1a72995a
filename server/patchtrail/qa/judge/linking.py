"""Causal linking: do observations lead to hypotheses, and hypotheses to fixes?"""

from __future__ import annotations

from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer, quote_of, share_met
from patchtrail.qa.judge.bursts import Burst, bursts_of, touches
from patchtrail.qa.judge.cues import blames, claims_solved, corrects, explains, guesses, is_vague, tells_outcome
from patchtrail.qa.judge.moves import Look, Run, Saying
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.weakened import is_weakened
from patchtrail.qa.judge.words import joined_values, shared, values_in

__all__ = ["linking"]

MOST = 0.6
MOST_LOOKED_AT = 200
"""Of what is compared with each other: a session that has more is no more telling by it."""
RELATING = frozenset({"observation", "decision"})


def linking(story: Story) -> list[Answer]:
    """Answer the dimension's checks."""
    bursts = bursts_of(story)
    ideas = [one for one in story.sayings if is_idea(one, story)]
    return [
        _first(story, ideas),
        _rests(story, ideas, bursts),
        _follows(story, ideas, bursts),
        _related(story, bursts),
        _closed(story, bursts),
    ]


def is_idea(saying: Saying, story: Story) -> bool:
    """Return whether a saying holds a hypothesis: one by name, or a mechanism or guess about this code."""
    if saying.kind is None or (is_vague(saying.text) and not story.named(saying)):
        return False
    if saying.kind == "hypothesis":
        return True
    is_guess = guesses(saying.text) and not corrects(saying.text)
    tells = is_guess or (saying.kind == "decision" and explains(saying.text))
    tells = tells or (saying.kind == "plan" and blames(saying.text))
    return tells and bool(story.named(saying))


def _first(story: Story, ideas: list[Saying]) -> Answer:
    first = story.first_edit
    before = [one for one in ideas if first is None or one.seq < first]
    if before:
        text = "A hypothesis stands before the first edit."
        return Answer("hypothesis_first", MET, text, tuple(one.seq for one in before[:2]), quote_of(before[:2]))
    later = [one for one in ideas if story.last_edit is not None and one.seq < story.last_edit]
    if later:
        return Answer("hypothesis_first", HALF, "A hypothesis stands before later edits only.", (later[0].seq,))
    empty = [one.seq for one in story.moves if isinstance(one, Saying) and one.kind == "hypothesis"]
    if empty and (first is None or empty[0] < first):
        text = "What stands as a hypothesis before the first edit names nothing of this session that could be tried."
        return Answer("hypothesis_first", UNMET, text, (empty[0],))
    return Answer("hypothesis_first", UNMET, "No hypothesis stands before an edit.")


def _rests(story: Story, ideas: list[Saying], bursts: tuple[Burst, ...]) -> Answer:
    seen = [move for move in story.moves if isinstance(move, Run | Look)]
    for idea in ideas[:MOST_LOOKED_AT]:
        before = [move for move in seen if move.seq < idea.seq][-MOST_LOOKED_AT:]
        linked = [move for move in before if idea.links & {move.seq, *getattr(move, "seqs", ())}]
        spoken = [move for move in before if _speaks_of(idea, move)]
        if linked or spoken:
            found = (linked or spoken)[-1]
            return Answer(
                "rests_on_observation",
                MET,
                "The hypothesis speaks of something that was seen before it.",
                (idea.seq, found.seq),
                quote_of([idea]),
            )
    notes = [one for one in story.sayings if one.kind == "observation"]
    if ideas and any(note.seq < idea.seq for note in notes for idea in ideas):
        return Answer("rests_on_observation", MET, "An observation stands before it.", (notes[0].seq, ideas[0].seq))
    noted = _noted(story, bursts)
    if not ideas and noted is not None and any(_speaks_of(noted, move) for move in seen if move.seq < noted.seq):
        text = "What was seen was noted before it was acted on, without a hypothesis."
        return Answer("rests_on_observation", HALF, text, (noted.seq,))
    return Answer("rests_on_observation", UNMET, "No hypothesis speaks of anything that was seen before it.")


def _speaks_of(idea: Saying, move: Run | Look) -> bool:
    if isinstance(move, Run) and not move.shows_failure:
        return bool(shared(idea.terms, move.told).strong)
    common = shared(idea.terms, move.told)
    return bool(common.strong) or len(common.plain) + len(values_in(idea.text) & joined_values([move.text])) > 1


def _follows(story: Story, ideas: list[Saying], bursts: tuple[Burst, ...]) -> Answer:
    for idea in ideas[:MOST_LOOKED_AT]:
        after = [burst for burst in bursts if burst.first > idea.seq]
        hit = next((burst for burst in after[:MOST_LOOKED_AT] if touches(idea, burst.words)), None)
        if hit is not None:
            return Answer("fix_follows", MET, "The edits touch what the hypothesis names.", (idea.seq, *hit.seqs))
    noted = _noted(story, bursts)
    if not ideas and noted is not None:
        return Answer("fix_follows", HALF, "The edits touch what was noted, without a hypothesis.", (noted.seq,))
    return Answer("fix_follows", UNMET, "No edit touches what a hypothesis before it names.")


def _noted(story: Story, bursts: tuple[Burst, ...]) -> Saying | None:
    """Return the first note that names what is edited after it."""
    for one in [one for one in story.sayings if one.kind is not None][:MOST_LOOKED_AT]:
        after = [burst for burst in bursts if burst.first > one.seq]
        if any(touches(one, burst.words) for burst in after[:MOST_LOOKED_AT]):
            return one
    return None


def _related(story: Story, bursts: tuple[Burst, ...]) -> Answer:
    tried = [burst for burst in bursts if burst.run is not None]
    if not tried:
        return Answer("result_related", UNMET, "No run followed an edit.")
    related, seqs = 0, list[int]()
    for at, burst in enumerate(bursts):
        if burst.run is None:
            continue
        stop = bursts[at + 1].first if at + 1 < len(bursts) else None
        after = [one for one in story.sayings if one.seq > burst.run.seq and (stop is None or one.seq < stop)]
        notes = [one for one in after if one.kind is not None and _tells_of(one, burst.run)]
        if notes:
            related += 1
            seqs += [burst.run.seq, notes[0].seq]
    share = related / len(tried)
    text = f"After {related} of {len(tried)} rounds it is said whether the expectation held."
    met = MET if share >= MOST else HALF if related else UNMET
    return Answer("result_related", met, text, tuple(seqs))


def _tells_of(saying: Saying, run: Run) -> bool:
    """Return whether a saying is about how a run ended: by its link, in any language, or by its words."""
    is_linked = saying.kind in RELATING and any(link >= run.seqs[0] for link in saying.links)
    return is_linked or tells_outcome(saying.text) or corrects(saying.text)


def _closed(story: Story, bursts: tuple[Burst, ...]) -> Answer:
    reasoned = [burst for at, burst in enumerate(bursts) if _has_reason(story, bursts, at)]
    last = story.sayings[-1] if story.sayings else None
    accounts = last is not None and _accounts(last, story)
    share = len(reasoned) / len(bursts) if bursts else 1.0
    met = share_met(share) if accounts else UNMET
    text = f"{len(reasoned)} of {len(bursts)} bursts of edits have a stated reason; the last word "
    text += "accounts for the end." if accounts else "does not account for the end."
    return Answer("chain_closed", met, text, (last.seq,) if last else ())


def _has_reason(story: Story, bursts: tuple[Burst, ...], at: int) -> bool:
    burst = bursts[at]
    begun = bursts[at - 1].last if at else -1
    notes = [one for one in story.sayings if one.kind is not None]
    if any(begun < one.seq < burst.last or not one.links.isdisjoint(burst.seqs) for one in notes):
        return True
    earlier = [one for one in story.sayings if one.seq < burst.first]
    return any(touches(one, burst.words) for one in earlier[-MOST_LOOKED_AT:])


def _accounts(last: Saying, story: Story) -> bool:
    """Return whether the last word tells the end, and tells it as it is."""
    if story.last_edit is not None and last.seq < story.last_edit:
        return False
    if claims_solved(last.text) and (story.is_green_at_end is not True or is_weakened(story)):
        return False
    return tells_outcome(last.text) or last.kind in (None, *RELATING)
