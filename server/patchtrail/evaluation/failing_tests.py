"""Failing tests with a known remedy: a pure function of a real package, a small test of it, and one wrong operator.

What the correct function returns for a few arguments becomes the test's assertions. A case counts when pytest passes
the test on the correct module and fails it on the broken one.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from random import Random

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase, Planted
from patchtrail.evaluation.logic_mutations import GROUP, PureFunction, pure_functions, wrong_logic
from patchtrail.evaluation.mutation import Mutation, broken
from patchtrail.evaluation.source import Source
from patchtrail.llm import Cancellation
from patchtrail.patching import Finding
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.patching.failing_tests import finding_of_failure
from patchtrail.patching.ports import TestRunner

__all__ = ["failing_test_cases", "outcomes_of_tests"]

TIMEOUT_S = 300
MAX_CALLS = 60
STRINGS = ("''", "'a'", "'abc'", "'Hello World'", "'a,b'", "'foo_bar'", "'1.2.3'", "'--x'", "'/a/b.c'", "' x '", "'A'")
NUMBERS = ("0", "1", "2", "7", "-1", "100")
LISTS = ("[]", "['a']", "['b', 'a', 'b']", "['x', '', 'yy']")
POOLS = {
    "str": STRINGS,
    "int": NUMBERS,
    "float": ("0.0", "0.5", "2.0", "-1.5"),
    "bool": ("True", "False"),
    "bytes": ("b''", "b'ab'", "b'a b'"),
    "": (*STRINGS[:6], *NUMBERS[:3], *LISTS[:3]),
}
OPTIONS = "[pytest]\naddopts = --import-mode=importlib --continue-on-collection-errors\npythonpath = .\n"


@dataclass(frozen=True)
class _Draft:
    source: Source
    function: PureFunction
    mutation: Mutation
    test: str


def failing_test_cases(sources: Sequence[Source], count: int, seed: int, runner: TestRunner) -> list[PatchCase]:
    """Return at most `count` cases, at most two of one module, the same ones for the same seed and sources."""
    random = Random(seed)
    drafts = list[_Draft]()
    for source in random.sample(list(sources), len(sources)):
        if len(drafts) >= 2 * count:
            break
        drafts += list(_drafts(source, random))[:2]
    return _verified(drafts, runner)[:count]


def _drafts(source: Source, random: Random) -> Iterator[_Draft]:
    asked = list[tuple[PureFunction, Mutation, dict[str, object]]]()
    for function in pure_functions(source):
        if function.node.name.strip("_").startswith("test"):
            continue
        calls = _calls(function, random)
        mutations = list(wrong_logic(source, function, random))
        for mutation in random.sample(mutations, min(3, len(mutations))) if calls else []:
            mutated = _function_code(broken(source, [mutation]), function)
            if mutated is not None:
                question = {"code": function.code, "mutated": mutated, "arguments": calls}
                asked.append((function, mutation, {**question, "function": function.node.name}))
    used = set[str]()
    for (function, mutation, _), told in zip(asked, _probed([one for _, _, one in asked]), strict=False):
        if told["differ"] and function.node.name not in used:
            used.add(function.node.name)
            yield _Draft(source, function, mutation, _test(source, function, told, random))


def _calls(function: PureFunction, random: Random) -> list[list[str]]:
    pools = [_pool(note) for note in function.parameters]
    if not 1 <= len(pools) <= 3 or not all(pools):
        return []
    every = [list(one) for one in product(*pools)]
    return random.sample(every, min(MAX_CALLS, len(every)))


def _pool(note: str) -> tuple[str, ...]:
    plain = note.replace("Optional[", "").replace(" | None", "").rstrip("]") if "[str" not in note else note
    if any(plain.startswith(one) for one in ("list[str", "List[str", "Sequence[str", "Iterable[str")):
        return LISTS
    return POOLS.get(plain, ())


def _function_code(text: str, function: PureFunction) -> str | None:
    """Return the code that defines the mutated function and what it uses."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    source = Source("", text)
    same = [one for one in pure_functions(source) if one.node.name == function.node.name]
    return same[0].code if same and tree.body else None


def _probed(questions: Sequence[dict[str, object]]) -> list[dict[str, list[tuple[list[str], str]]]]:
    """Ask the functions in a process of its own; what it did not survive is not told."""
    if not questions:
        return []
    asked = "".join(json.dumps(one) + "\n" for one in questions)
    command = [sys.executable, "-I", str(Path(__file__).with_name("probe.py"))]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"differ"')]


def _test(source: Source, function: PureFunction, told: dict[str, list[tuple[list[str], str]]], random: Random) -> str:
    """Return a test module: some calls that go on working, and one that the mutation breaks."""
    name = function.node.name
    agree = random.sample(told["agree"], min(2, len(told["agree"])))
    lines = [f"    assert {name}({', '.join(given)}) == {result}\n" for given, result in [*agree, told["differ"][0]]]
    module = source.path.removesuffix(".py").replace("/", ".")
    title = f'"""Tests of `{name}`."""\n\n'
    body = f'def test_{name.strip("_")}():\n    """It returns what it should."""\n{"".join(lines)}'
    return f"{title}from {{case}}.{module} import {name}\n\n\n{body}"


def _verified(drafts: Sequence[_Draft], runner: TestRunner) -> list[PatchCase]:
    """Run the tests once on all broken and once on all correct modules, and keep what fails and passes."""
    cases = [_case(number, draft) for number, draft in enumerate(drafts)]
    passing = outcomes_of_tests(cases, {case.file_path: case.after for case in cases}, runner)
    with_right = [case for case in cases if case.case_id in passing and passing[case.case_id] is None]
    failing = outcomes_of_tests(with_right, {case.file_path: case.before for case in with_right}, runner)
    found = [(case, failing.get(case.case_id)) for case in with_right]
    return [_with_finding(case, one) for case, one in found if one is not None]


def _case(number: int, draft: _Draft) -> PatchCase:
    case_id = f"t{number:05}"
    before, path = broken(draft.source, [draft.mutation]), f"{case_id}/{draft.source.path}"
    test_path = f"{case_id}/test_{draft.function.node.name.strip('_')}.py"
    companions = {test_path: draft.test.replace("{case}", case_id), "pytest.ini": OPTIONS}
    return PatchCase(case_id, path, before, draft.source.text, (), companions)


def _with_finding(case: PatchCase, finding: Finding) -> PatchCase:
    return replace(case, planted=(Planted(finding, GROUP, case.after, is_ruff_fixable=False),))


def outcomes_of_tests(
    cases: Sequence[PatchCase], texts: dict[str, str], runner: TestRunner
) -> dict[str, Finding | None]:
    """Run the tests of all cases at once; return by case the finding of its failure, None where it passed.

    What gave no outcome is left out: a broken function may go on for ever, or use up the memory. Those beside it
    are run without it then. Raises `InvalidInput` when tests cannot be run here.
    """
    if not cases:
        return {}
    with tempfile.TemporaryDirectory(prefix="patchtrail-tests-") as folder:
        workspace = DiskWorkspace(Path(folder))
        for case in cases:
            for file_path, text in {**case.companions, case.file_path: texts[case.file_path]}.items():
                workspace.write(file_path, text)
        told = runner.run(workspace, None, [_test_path(one) for one in cases], Cancellation())
        if told.problem and not told.passed and not told.failures:
            if not runner.can_run(workspace):
                raise InvalidInput(f"The tests of the evaluation could not be run: {told.problem}", code="no_test_run")
            return _without_the_worst(cases, texts, runner)
        outcomes: dict[str, Finding | None] = {one.split("/")[0]: None for one in told.passed}
        for failure in told.failures:
            finding = finding_of_failure(failure, (workspace.root,), workspace.read)
            if finding is not None:
                outcomes[failure.test_id.split("/")[0]] = finding
        return outcomes


def _without_the_worst(
    cases: Sequence[PatchCase], texts: dict[str, str], runner: TestRunner
) -> dict[str, Finding | None]:
    """Run each half by itself; what gives no outcome alone has none."""
    if len(cases) == 1:
        return {}
    half = len(cases) // 2
    return outcomes_of_tests(cases[:half], texts, runner) | outcomes_of_tests(cases[half:], texts, runner)


def _test_path(case: PatchCase) -> str:
    return next(iter(case.companions))
