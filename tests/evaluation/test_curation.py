"""Laws of curation: whatever was marked, no pair crosses a finding, and nothing that was withdrawn gets through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.curation import curated, pairs_of, samples_of
from patchtrail.evaluation.marks import Mark, Verdict
from tests.evaluation.attempt_records import TRACES, attempt

GROUPS = st.sampled_from(["one", "two", "three"])
RECORDS = st.lists(st.tuples(GROUPS, st.integers(1, 3), st.sampled_from([None, *TRACES])), max_size=12).map(
    lambda rows: [attempt(number, group, retry, trace_id=trace) for number, (group, retry, trace) in enumerate(rows)]
)
VERDICTS = st.dictionaries(st.integers(0, 11).map("a{:03}".format), st.sampled_from(["good", "bad", "fine_tune"]))
WITHDRAWN = st.sets(st.one_of(st.sampled_from(TRACES), st.integers(0, 11).map("a{:03}".format)), max_size=3)


@given(RECORDS, VERDICTS, WITHDRAWN)
def test_nothing_gets_through_that_should_not(
    records: list[AttemptRecord], verdicts: dict[str, Verdict], withdrawn: set[str]
) -> None:
    """Samples are called good, pairs are one good and one bad of a finding, none is withdrawn, and nobody is lost."""
    marks = {
        name: Mark(attempt_id=name, verdict=verdict, reason="why", marked_at="") for name, verdict in verdicts.items()
    }
    found = curated(records, marks, withdrawn)
    (samples, left_out), pairs = samples_of(found), pairs_of(found)
    shown = [
        *(one.record for one in samples),
        *(each for one in pairs for each in (one.preferred.record, one.rejected)),
    ]

    assert not {one.attempt_id for one in shown} & withdrawn
    assert not {one.trace_id for one in shown} & withdrawn
    assert all(verdicts[one.record.attempt_id] in ("good", "fine_tune") for one in samples)
    assert len(samples) + left_out.total() + found.withdrawn == len(records)
    for pair in pairs:
        assert pair.preferred.record.group_id == pair.rejected.group_id
        assert verdicts[pair.preferred.record.attempt_id] in ("good", "fine_tune")
        assert verdicts[pair.rejected.attempt_id] == "bad"


def test_a_first_request_that_was_withdrawn_is_not_shown() -> None:
    """A good retry is left out where its group's first try was withdrawn: its line would show that one's request."""
    records = [attempt(1, "one", 1), attempt(2, "one", 2)]
    marks = {"a002": Mark(attempt_id="a002", verdict="good", reason="why", marked_at="")}

    assert [one.user for one in samples_of(curated(records, marks, ()))[0]] == [
        records[0].prompt.partition("[user]\n")[2]
    ]
    assert samples_of(curated(records, marks, {"a001"}))[0] == []
