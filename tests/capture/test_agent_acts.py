"""What coding agents say of themselves: their hooks' records, and lines of their telemetry."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.capture.agent_acts import SeenAct, acts_of_hook_line, acts_of_telemetry_line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def line(**told: object) -> str:
    """Write one line."""
    return json.dumps(told)


def test_a_hook_record_is_an_act_per_file() -> None:
    """A record of two files is two acts; of none, one act without a file."""
    told = {"v": 1, "at_ms": 5, "agent": "copilot", "cwd": "/shop"}
    both = acts_of_hook_line(line(**told, act="edit", tool="apply_patch", paths=["/shop/a.py", "/shop/b.py"]))
    asked = acts_of_hook_line(line(**told, act="prompt", tool=None, paths=[]))

    assert [(act.act, act.path, act.agent, act.outcome) for act in both] == [
        ("edit", Path("/shop/a.py"), "copilot", "applied"),
        ("edit", Path("/shop/b.py"), "copilot", "applied"),
    ]
    assert [(act.act, act.path, act.folder, act.at_ms) for act in asked] == [("prompt", None, Path("/shop"), 5)]


def test_copilots_file_of_spans_and_logs() -> None:
    """Spans of editing and running tools, and what became of hunks, are acts; reading tools and chats are not."""
    span = {"resource": {"attributes": {"service.name": "copilot-chat"}}, "endTime": [1_700_000_000, 5_000_000]}
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "replace_string_in_file"}
    where = {"github.copilot.tool.parameters.file_path": "/shop/a.py"}
    hunk = {"event.name": "copilot_chat.edit.hunk.action", "outcome": "rejected"}
    hunk["copilot_chat.file.relative_path"] = "src/a.py"

    assert acts_of_telemetry_line(line(**span, attributes={**tool, **where})) == [
        SeenAct(
            *("copilot", "telemetry", "edit", "replace_string_in_file", "applied"),
            *(PurePosixPath("/shop/a.py"), 1_700_000_000_005),
        )
    ]
    assert acts_of_telemetry_line(line(hrTime=[1, 0], attributes=hunk)) == [
        SeenAct("copilot", "telemetry", "edit", "edit.hunk.action", "rejected", PurePosixPath("src/a.py"), 1000)
    ]
    for quiet in ({**tool, "gen_ai.tool.name": "read_file"}, {"gen_ai.operation.name": "chat"}):
        assert acts_of_telemetry_line(line(**span, attributes=quiet)) == []


def test_a_tool_that_failed_is_not_said_to_have_applied() -> None:
    """An error on a tool's span leaves its outcome open."""
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "create_file", "error.type": "Error"}

    (act,) = acts_of_telemetry_line(line(endTime=[1, 0], attributes=tool))
    assert (act.outcome, act.path) == ("unknown", None)


def test_otlp_in_json_is_understood() -> None:
    """The protocol's own JSON, with attributes as lists and times as strings, tells the same."""
    accepted = [
        {"key": "event.name", "value": {"stringValue": "copilot_chat.inline.done"}},
        {"key": "accepted", "value": {"boolValue": True}},
    ]
    record = {"timeUnixNano": "1700000000005000000", "attributes": accepted}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "copilot-chat"}}]}
    logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}

    assert [(act.tool, act.outcome, act.at_ms) for act in acts_of_telemetry_line(json.dumps(logs))] == [
        ("inline.done", "accepted", 1_700_000_000_005)
    ]


@given(JSON | st.dictionaries(st.sampled_from(["resourceLogs", "resourceSpans", "attributes", "endTime", "act"]), JSON))
def test_whatever_a_line_holds_nothing_breaks(told: object) -> None:
    """Lines that are none of ours tell nothing, or something sound."""
    for text in (json.dumps(told), json.dumps(told)[:-1]):
        assert all(isinstance(act, SeenAct) for act in (*acts_of_hook_line(text), *acts_of_telemetry_line(text)))
