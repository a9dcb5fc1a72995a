"""The rules of ProgSnap2 1.0, told again from its published specification, and a validator of datasets.

Source: `src/progsnap2/spec/versions/progsnap2-v1.0.yaml` of https://github.com/CSSPLICE/ProgSnapToolkit, which is the
machine-readable form of the standard. Nothing of it is copied here: these are its names and what it says of them.
"""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

REQUIRED = {"EventType", "EventID", "CodeStateID", "SubjectID", "ToolInstances"}
OPTIONAL = {
    *("Order", "ClientTimestamp", "ServerTimestamp", "CourseID", "CourseSectionID", "TermID", "AssignmentID"),
    *("AssignmentIsGraded", "ProblemID", "ProblemIsGraded", "Attempt", "ExperimentalCondition", "TeamID"),
    *("LoggingErrorID", "IsFabricatedEvent"),
}
RUN = {"ExecutionID", "Score", "ExtraCreditScore", "ProgramInput", "ProgramOutput", "ProgramErrorOutput"}
EVENTS: dict[str, tuple[set[str], set[str]]] = {
    "Session.Start": ({"SessionID"}, set()),
    "Session.End": ({"SessionID"}, set()),
    **{f"File.{act}": ({"CodeStateSection"}, {"EventInitiator"}) for act in ("Create", "Delete", "Open", "Save")},
    "File.Rename": ({"CodeStateSection", "DestinationCodeStateSection"}, {"EventInitiator"}),
    "File.Edit": (
        {"CodeStateSection", "EditType"},
        {"EventInitiator", "SourceLocation", "InsertText", "DeleteText", "DeleteLength", "ParentEventID"},
    ),
    "Run.Program": ({"ExecutionResult"}, RUN),
    "Debug.Program": ({"ExecutionResult"}, RUN),
    "Run.Test": ({"ExecutionID", "TestID", "ExecutionResult"}, RUN),
}
"""The columns that each type of event requires, and those that it allows, beside those of every row."""

ACTORS = ("User", "Instructor", "TeamMember")
ENUMS = {
    "EditType": {
        *("Insert", "Delete", "Replace", "Move", "Paste", "Undo", "Redo", "Refactor", "Reset", "GenericEdit"),
    },
    "ExecutionResult": {"Success", "Timeout", "Error", "TestFailed"},
    "EventInitiator": {
        *(f"{actor}{way}Action" for actor in ACTORS for way in ("Direct", "Indirect")),
        *("ToolReaction", "ToolTimedEvent"),
    },
}
METADATA = {
    "Version": r"1\.0",
    "IsEventOrderingConsistent": "true|false",
    "EventOrderScope": "Global|Restricted|None",
    "EventOrderScopeColumns": ".*",
    "CodeStateRepresentation": "Table|Directory|Git|Keystroke",
    "ProgramInputLinkTable": ".*",
}
TYPES = {
    "Order": r"-?\d+",
    **dict.fromkeys(
        ("ClientTimestamp", "ServerTimestamp"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"
    ),
}
OWN = re.compile(r"X-\w[\w.]*")


def faults_of(dataset: Path) -> list[str]:
    """Return where a dataset departs from the rules."""
    metadata = {row["Property"]: row["Value"] for row in rows_of(dataset / "DatasetMetadata.csv")}
    rows = list(rows_of(dataset / "MainTable.csv"))
    return [*_metadata_faults(metadata), *_table_faults(dataset, rows), *_code_state_faults(dataset, rows)]


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Read a table."""
    with path.open(newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _metadata_faults(metadata: dict[str, str]) -> Iterator[str]:
    for name, value in metadata.items():
        if name not in METADATA or not re.fullmatch(METADATA[name], value):
            yield f"DatasetMetadata: {name} is {value}"
    if metadata.get("EventOrderScope") == "Restricted" and not metadata.get("EventOrderScopeColumns"):
        yield "DatasetMetadata: a restricted order names no columns"


def _table_faults(dataset: Path, rows: list[dict[str, str]]) -> Iterator[str]:
    told = (dataset / "README.md").read_text()
    known = REQUIRED | OPTIONAL | {column for pair in EVENTS.values() for columns in pair for column in columns}
    for column in rows[0]:
        if column not in known and not (OWN.fullmatch(column) and f"`{column}`" in told):
            yield f"MainTable: the column {column} is neither the standard's nor told in README.md"
    for column in REQUIRED - set(rows[0]):
        yield f"MainTable: the column {column} is missing"
    ids = [row["EventID"] for row in rows]
    if len(set(ids)) != len(ids):
        yield "MainTable: an EventID stands twice"
    for row in rows:
        yield from _row_faults(row, known)


def _row_faults(row: dict[str, str], known: set[str]) -> Iterator[str]:
    kind, where = row["EventType"], f"event {row['EventID']}"
    is_own = OWN.fullmatch(kind) is not None
    if kind not in EVENTS and not is_own:
        yield f"{where}: {kind} is no type of event"
        return
    required, allowed = EVENTS.get(kind, (set(), known))
    present = {column for column, value in row.items() if value}
    for column in (REQUIRED - {"CodeStateID"} | required) - present:
        yield f"{where}: {kind} needs {column}"
    for column in present - REQUIRED - OPTIONAL - required - allowed:
        if not OWN.fullmatch(column):
            yield f"{where}: {kind} has no {column}"
    for column in present:
        if column in ENUMS and row[column] not in ENUMS[column]:
            yield f"{where}: {column} is {row[column]}"
        if column in TYPES and not re.fullmatch(TYPES[column], row[column]):
            yield f"{where}: {column} is {row[column]}"


def _code_state_faults(dataset: Path, rows: list[dict[str, str]]) -> Iterator[str]:
    """An id is a commit; a row without one is a file that changed unrecorded."""
    for commit in sorted({row["CodeStateID"] for row in rows} - {""}):
        command = ["git", "-C", str(dataset / "CodeStates"), "cat-file", "-e", f"{commit}^{{commit}}"]
        if subprocess.run(command, capture_output=True).returncode:
            yield f"CodeStates: {commit} is no commit"
    for row in rows:
        if not row["CodeStateID"] and not row["EventType"].startswith("File."):
            yield f"event {row['EventID']}: the code state is not told"
