"""`patchtrail trace export --format`: what is written is valid by each standard's own schema, reader or rules."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from typer.testing import CliRunner

from patchtrail.cli.app import app
from tests.cli.progsnap2_rules import faults_of, rows_of
from tests.integrity.honest import server_key
from tests.trace.rich_session import BEFORE, DOCUMENTED, FIXED, rich_session, write_rich_bundle

ROOT = Path(__file__).parents[2]
CTRF_SCHEMA = ROOT / "node_modules" / "ctrf" / "dist" / "ctrf-schema-0.0.json"
SESSION = rich_session()
TRACE_ID = SESSION.evidence.trace_id
SEQ = {json.loads(line)["seq"]: json.loads(line) for run in SESSION.runs for line in run}


def check(form: str, folder: Path, *, exit_code: int = 0, said: str = "") -> Path:
    """Export the rich session and return what was written."""
    target = folder / form
    arguments = ["trace", "export", str(write_rich_bundle(folder)), "--format", form, "-o", str(target)]
    result = CliRunner().invoke(app, [*arguments, "--server-key", server_key().jkt])

    assert result.exit_code == exit_code, result.output
    assert said in result.output
    return target


def test_ctrf(tmp_path: Path) -> None:
    """Each test run is a report that CTRF's published schema accepts, with its counts, retries and flaky tests."""
    folder = check("ctrf", tmp_path)
    reports = [json.loads(path.read_text()) for path in sorted(folder.iterdir())]
    for report in reports:
        jsonschema.validate(report, json.loads(CTRF_SCHEMA.read_text()))

    counts = [
        [report["results"]["summary"][one] for one in ("tests", "passed", "failed", "skipped")] for report in reports
    ]
    assert counts == [[2, 0, 1, 1], [1, 1, 0, 0]]
    assert [test["flaky"] for test in reports[1]["results"]["tests"]] == [True]


def test_otel(tmp_path: Path) -> None:
    """The session is read by OpenTelemetry's own protocol buffers: one trace, every span below the session's."""
    traces = json_format.Parse(_hex_as_base64(check("otel", tmp_path).read_text()), TracesData())
    spans = traces.resource_spans[0].scope_spans[0].spans
    root, *others = spans

    assert root.trace_id.hex() == TRACE_ID.removeprefix("trace-")
    assert {span.parent_span_id for span in others} == {root.span_id}
    assert len({span.span_id for span in spans}) == len(spans)
    assert [span.name for span in others] == [
        "command",
        "test run",
        "debugger stop",
        "execute_tool apply_patch",
        "test run",
    ]
    assert len(others) + len(root.events) == len(SEQ)
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def _hex_as_base64(text: str) -> str:
    """OTLP writes ids as hex where protobuf's JSON has base64: the one difference between the two."""

    def turned(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        ids = ("traceId", "spanId", "parentSpanId")
        return {key: base64.b64encode(bytes.fromhex(value)).decode() if key in ids else value for key, value in pairs}

    return json.dumps(json.loads(text, object_pairs_hook=turned))


def _closed(required: tuple[str, ...], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
ADDRESS = {"type": "string", "format": "uri"}
CONTRIBUTOR = _closed(
    ("type",), type={"enum": ["human", "ai", "mixed", "unknown"]}, model_id={"type": "string", "maxLength": 250}
)
LINE = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
RANGE = _closed(("start_line", "end_line"), start_line=LINE, end_line=LINE, content_hash=TEXT, contributor=CONTRIBUTOR)
RELATED = {"type": "array", "items": _closed(("type", "url"), type=TEXT, url=ADDRESS)}
RANGES = {"type": "array", "items": RANGE}
TALK = _closed(("ranges",), url=ADDRESS, contributor=CONTRIBUTOR, ranges=RANGES, related=RELATED)
AGENT_TRACE = _closed(
    ("version", "id", "timestamp", "files"),
    version={"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"},
    id={"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
    timestamp={"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+Z$"},
    vcs=_closed(("type", "revision"), type={"enum": ["git", "jj", "hg", "svn"]}, revision=TEXT),
    tool=_closed(("name", "version"), name=TEXT, version=TEXT),
    files={
        "type": "array",
        "items": _closed(("path", "conversations"), path=TEXT, conversations={"type": "array", "items": TALK}),
    },
    metadata={"type": "object"},
)
"""What agent-trace 0.1 requires and allows: told again, constraint by constraint, from its published JSON Schema.

Source: `schemas/trace-record.json` of https://github.com/cursor/agent-trace, whose `$id` is
https://agent-trace.dev/schemas/v1/trace-record.json. The file itself is not copied here.
"""


def test_agent_trace(tmp_path: Path) -> None:
    """Lines are given to whom the evidence names: the typed ones to a human, the agent's line to an AI."""
    record = json.loads(check("agent-trace", tmp_path).read_text())

    jsonschema.validate(record, AGENT_TRACE)
    assert record["files"] == [
        {
            "path": "src/shop.py",
            "conversations": [
                {"contributor": {"type": "ai"}, "ranges": [{"start_line": 2, "end_line": 2}]},
                {
                    "contributor": {"type": "human"},
                    "ranges": [{"start_line": 1, "end_line": 1}, {"start_line": 3, "end_line": 3}],
                },
            ],
        }
    ]


def test_atif(tmp_path: Path) -> None:
    """The session is a trajectory by the RFC's rules: numbered steps, each act with its call and what came of it."""
    trajectory = json.loads(check("atif", tmp_path).read_text())
    jsonschema.validate(trajectory, json.loads((Path(__file__).parent / "atif-v1.7.schema.json").read_text()))
    steps = trajectory["steps"]
    acts = [step for step in steps if "tool_calls" in step]
    by_seq = {step["extra"]["seq"]: step for step in steps}
    edits = [
        SEQ[step["extra"]["seq"]]["data"] for step in acts if step["tool_calls"][0]["function_name"] == "edit_file"
    ]

    assert [step["step_id"] for step in steps] == list(range(1, len(steps) + 1))
    assert trajectory["final_metrics"]["total_steps"] == len(steps)
    assert steps[0]["source"] == "user"
    assert [one["diff_unified"] for one in edits] == [
        step["tool_calls"][0]["arguments"]["diff"]
        for step in acts
        if step["tool_calls"][0]["function_name"] == "edit_file"
    ]
    for step in acts:
        assert [one["source_call_id"] for one in step["observation"]["results"]] == [
            one["tool_call_id"] for one in step["tool_calls"]
        ]
    for seq, line in SEQ.items():
        if line["type"] == "rationale_note":
            assert by_seq[seq]["message"] == f"{line['data']['kind']}: {line['data']['text']}"


def test_progsnap2(tmp_path: Path) -> None:
    """The dataset keeps the rules of ProgSnap2, and each code state is a commit that holds the texts."""
    folder = check("progsnap2", tmp_path)
    rows = list(rows_of(folder / "MainTable.csv"))

    assert faults_of(folder) == []
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert {row["EventType"] for row in rows} >= {"Session.Start", "File.Edit", "Run.Program", "Run.Test"}
    states = {row["EventID"]: row["CodeStateID"] for row in rows}
    shown = (("1", "shop.py", BEFORE), ("9", "shop.py", FIXED), ("11", "src/shop.py", DOCUMENTED))
    assert [_show(folder, states[seq], path) for seq, path, _ in shown] == [text for _, _, text in shown]
    assert _show(folder, states["11"], "shop.py") is None


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (("Run.Program,", "Run.Programme,"), "no type of event"),
        (("GenericEdit", "Typing"), "EditType is Typing"),
        (("TestFailed", "Failed"), "ExecutionResult is Failed"),
        (("File.Edit,", "File.Delete,"), "File.Delete has no EditType"),
        ((",Run.Test,", ",Session.End,"), "Session.End needs SessionID"),
        (("X-Text", "Text"), "neither the standard's"),
    ],
)
def test_what_is_no_progsnap2(tmp_path: Path, changed: tuple[str, str], fault: str) -> None:
    """The rules are no formality: a dataset that breaks one is found out."""
    table = check("progsnap2", tmp_path) / "MainTable.csv"
    table.write_text(table.read_text().replace(*changed))

    assert any(fault in one for one in faults_of(table.parent)), faults_of(table.parent)


def _show(folder: Path, commit: str, path: str) -> str | None:
    done = subprocess.run(
        ["git", "-C", str(folder / "CodeStates"), "show", f"{commit}:{path}"], capture_output=True, text=True
    )
    return done.stdout if done.returncode == 0 else None


def test_the_same_session_gives_the_same_dataset(tmp_path: Path) -> None:
    """An export is reproducible, commits of code states included."""
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    tables = [(check("progsnap2", folder) / "MainTable.csv").read_bytes() for folder in (first, second)]

    assert tables[0] == tables[1]


@pytest.mark.parametrize("form", ["progsnap2", "ctrf"])
def test_nothing_is_overwritten(tmp_path: Path, form: str) -> None:
    """A folder that holds something is refused and left alone."""
    (tmp_path / form).mkdir()
    (tmp_path / form / "mine").write_text("kept")
    check(form, tmp_path, exit_code=2, said="not empty")

    assert (tmp_path / form / "mine").read_text() == "kept"


def test_a_bundle_of_a_bundle(tmp_path: Path) -> None:
    """The default format is the bundle itself, byte for byte."""
    assert check("bundle", tmp_path).read_bytes() == (tmp_path / "rich.zip").read_bytes()
