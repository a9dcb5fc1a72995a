"""Tests of any language: one command in the sandbox, and the report that it wrote: JUnit, CTRF, Jest's or Go's.

Weaker than pytest's way: the report is a file, and tests run as the same user as what writes it. Its place has a name
that is drawn for each run; it is held to the exit status, and that to it.
"""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from patchtrail.capture.ctrf import parse_ctrf
from patchtrail.capture.junit import parse_junit
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase
from patchtrail.qa.environment import ROOT_AT, Environment
from patchtrail.qa.recipe import Recipe
from patchtrail.qa.runners.go_report import is_go_report, parse_go
from patchtrail.qa.runners.jest_report import parse_jest
from patchtrail.qa.runners.line_report import LineReport, parse_line_report
from patchtrail.qa.runners.watched import Program, Watched, watched
from patchtrail.qa.suite import SuiteRun
from patchtrail.sandbox import Bind, Cancelling, Limits, Sandbox
from patchtrail.trace.file_tree import FileTree

__all__ = ["Asked", "Command", "CommandSuite", "Tool"]

NOT_FOUND = 127
MAX_OUTPUT_CHARS = 200_000


@dataclass(frozen=True)
class Asked:
    """What a run is to be of: ids, or what a recorded command line chose; reports go below `folder`."""

    tree: FileTree
    tests: Sequence[str]
    command_line: str
    with_lines: bool
    folder: str


@dataclass(frozen=True)
class Command:
    """What to run for some tests: words, and where the report of tests and that of lines will lie.

    `root` is what paths of the report of lines begin with.
    """

    argv: tuple[str, ...]
    report: str
    line_report: str = ""
    note: str = ""
    root: str = str(ROOT_AT)


@dataclass(frozen=True)
class Tool:
    """One test tool: its name, its commands, which files decide what it tests, and what a run is shown for it."""

    name: str
    command: Callable[[Asked], Command]
    is_test_file: Callable[[str], bool]
    binds: tuple[Bind, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class CommandSuite:
    """A suite of one tool; `environment` is the Python in which the command is watched."""

    walls: Sandbox
    environment: Environment
    limits: Limits
    recipe: Recipe
    tool: Tool

    @property
    def runner(self) -> str:
        """The tool's name."""
        return self.tool.name

    @property
    def sandbox(self) -> str:
        """The back end and the interpreter."""
        return f"{self.walls.name}, {self.tool.words or f'Python {self.environment.version}'}"

    def is_test_file(self, path: str) -> bool:
        """Return whether a file decides what is tested."""
        return self.tool.is_test_file(path)

    def run(
        self,
        tree: FileTree,
        *,
        tests: Sequence[str] = (),
        command_line: str = "",
        with_coverage: bool = False,
        cancellation: Cancelling,
    ) -> SuiteRun:
        """Run the tool's command, and read its reports."""
        asked = Asked(tree, tests, command_line, with_coverage, f"/tmp/{secrets.token_hex(8)}")
        command = self.tool.command(asked)
        reports = {"tests": command.report, "lines": command.line_report}
        spec = {"argv": [*command.argv], "reports": {name: path for name, path in reports.items() if path}}
        variables = {**self.tool.variables, **self.recipe.environment}
        program = Program("command_run", spec, self.environment, self.tool.binds, variables)
        run = _read(watched(self.walls, tree, program, self.limits, cancellation), command, set(tests))
        return replace(run, output="\n".join(one for one in (command.note, run.output) if one))


def _read(came: Watched, command: Command, wanted: set[str]) -> SuiteRun:
    if came.run.trouble:
        return came.run
    code = next((int(line["ended"]) for line in came.told if "ended" in line), NOT_FOUND)
    reports = _reports(came.told)
    run = replace(came.run, exit_code=code)
    if "tests" not in reports:
        if code == 0:
            return replace(run, trouble="cheat", problem="The command ended with success, and wrote no report.")
        return replace(run, trouble="broken", problem=f"The command wrote no report, and ended with {code}.")
    try:
        cases, said = _cases(reports["tests"])
        lines = parse_line_report(reports["lines"], command.root) if "lines" in reports else LineReport()
    except InvalidInput as error:
        return replace(run, trouble="broken", problem=error.message)
    run = replace(
        run,
        output="\n".join(one for one in (run.output, said[-MAX_OUTPUT_CHARS:]) if one),
        cases=tuple(one for one in cases if _is_wanted(one, wanted)),
        lines={path: ran for path, (ran, _) in lines.items()},
        executable_lines={path: could for path, (_, could) in lines.items()},
    )
    return _judged(run, cases, code)


def _judged(run: SuiteRun, cases: Sequence[TestCase], code: int) -> SuiteRun:
    failed = [one for one in cases if one.outcome in ("failed", "error")]
    if not cases:
        return replace(run, trouble="no_tests", problem="The report tells of no test.")
    if code == 0 and failed:
        return replace(
            run, trouble="cheat", problem=f"The command claimed success, although {failed[0].test_id} failed."
        )
    if code != 0 and not failed:
        return replace(run, trouble="broken", problem=f"The command ended with {code}, and named no test that failed.")
    return run


def _cases(content: bytes) -> tuple[list[TestCase], str]:
    """Read a report, whichever it is, and what it says was printed; of several attempts at a test the last counts."""
    said = ""
    if is_go_report(content):
        cases, said = parse_go(content)
    elif content.lstrip()[:1] != b"{":
        cases = parse_junit(io.BytesIO(content)).cases
    else:
        try:
            cases = parse_ctrf(content).cases
        except InvalidInput:
            cases = parse_jest(content, str(ROOT_AT))
    return list({one.test_id: one for one in cases}.values()), said


def _is_wanted(case: TestCase, wanted: set[str]) -> bool:
    return not wanted or case.test_id in wanted or case.test_id.partition("::")[0] in wanted


def _reports(told: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    reports, name = dict[str, bytearray](), ""
    for line in told:
        if "report" in line:
            name = str(line["report"])
            reports[name] = bytearray()
        elif "content" in line:
            reports[name] += base64.b64decode(line["content"])
    return {one: bytes(content) for one, content in reports.items()}
