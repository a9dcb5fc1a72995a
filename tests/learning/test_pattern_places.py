"""Where patterns match in a text: golden cases, laws, and the sources of real packages."""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.learning import Example, Pattern, PatternState
from patchtrail.learning.holdout import finding_case, is_held_out
from patchtrail.learning.pattern_places import PatternPlaces, Reported, Surroundings
from patchtrail.learning.shape import shape_of
from patchtrail.learning.signature import signature_of
from patchtrail.learning.statements import statements_of
from tests.learning.patterns import pattern_of

CASES = sorted((Path(__file__).parent / "places").glob("*.txt"))
HERE = Surroundings("shop", "python", "shop/cart.py")
YAML = {"bad_example": "x = yaml.load(text)", "good_example": "x = yaml.safe_load(text)"}
YAML_USED = "import yaml\n\nconfig = yaml.load(body)\n"
IMPORTED = {
    "bad_example": f"import yaml\n{YAML['bad_example']}",
    "good_example": f"import yaml\n{YAML['good_example']}",
}


def active(pattern_id: str = "p", **fields: object) -> Pattern:
    """Return an active pattern whose shape is an unsafe loader."""
    return pattern_of(pattern_id, **{"state": "active", "negative": [], **IMPORTED, **fields})


def lines(text: str, *patterns: Pattern, where: Surroundings = HERE) -> list[int]:
    """Return the lines, from 0, on which patterns match."""
    return [one.first_line for one in PatternPlaces(patterns).find(text, where)]


def sections(path: Path) -> dict[str, str]:
    """Return a golden case's parts by their titles."""
    _, *parts = path.read_text().split("== ")
    return {title: body for title, _, body in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden_places(path: Path) -> None:
    """A pattern matches on the lines that the case marks with `# hit`, and on no others."""
    case = sections(path)
    marked = [number for number, line in enumerate(case["text"].split("\n")) if "# hit" in line]

    pattern = active(bad_example=case["bad"], good_example=case["good"])
    assert lines(case["text"], pattern) == marked
    assert lines(case["good"], pattern) == []


@pytest.mark.parametrize("state", ["draft", "shadow", "canary", "probation", "archived", "quarantined"])
def test_only_active_patterns_match(state: PatternState) -> None:
    """A pattern in any other state is never shown."""
    assert lines(YAML_USED, active(state=state)) == []
    assert lines(YAML_USED, active()) == [2]


def test_a_negative_example_silences_a_shape() -> None:
    """A shape that a negative example has is none."""
    assert lines(YAML_USED, active(negative=[Example(code=YAML_USED)])) == []


def test_what_may_begin_anywhere_is_looked_for_last() -> None:
    """Shapes that can begin at every line are given up in a long file, and the others are found there as ever."""
    anywhere = {"bad_example": "a = b\nrequests.get(a, verify=b)\n", "good_example": "requests.get(a)\n"}
    many = [active(f"p{number}", **anywhere) for number in range(20)]
    used = "import requests\n\na = b\nrequests.get(a, verify=b)\n"
    padding = "x = y\n" * 110_000

    assert lines(used, many[0]) == [2]
    assert lines(used + YAML_USED + padding, *many, active()) == [6]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"scope": "shop"}, [2]),
        ({"scope": "python"}, [2]),
        ({"scope": "shop/*.py"}, [2]),
        ({"scope": "shop/"}, [2]),
        ({"scope": "."}, [2]),
        ({"scope": "another"}, []),
        ({"scope": "javascript"}, []),
        ({"exceptions": ["shop/*.py"]}, []),
        ({"exceptions": ["shop"]}, []),
        ({"exceptions": ["in scripts that run once"]}, [2]),
    ],
)
def test_scope_and_exceptions(fields: dict[str, object], expected: list[int]) -> None:
    """A pattern matches in its scope alone, and not where an exception names the repository, language or path."""
    assert lines(YAML_USED, active(**fields)) == expected


def test_the_narrowest_scope_comes_first_and_three_are_enough() -> None:
    """Of five patterns on a line three are told: the repository's own first, then the language's, the gravest first."""
    patterns = [active(f"p{number}", severity=one) for number, one in enumerate(("low", "critical", "medium"))]
    found = PatternPlaces([*patterns, active("tongue", scope="python"), active("own", scope="shop")]).find(
        YAML_USED, HERE
    )

    assert [one.pattern.pattern_id for one in found] == ["own", "tongue", "p1"]
    assert found[0].reason == "of this repository; the code has the shape of its bad example"


def test_what_a_tool_reported_matches_in_any_language() -> None:
    """A pattern matches where a tool reports its rule, or a message of one of its examples, and says which."""
    by_rule = active("rule", bad_example="", rule_ids=["no-eval"])
    by_message = active("message", bad_example="", positive=[Example(code="", message="'a' is not 1")])
    told = [("eslint", "no-eval", "eval is evil", 4), ("eslint", "x", "'b' is not 22", 7), ("eslint", "y", "other", 9)]
    reported = [
        Reported(signature_of(tool=tool, rule_id=rule, message=message, is_own=lambda _: False), line, line)
        for tool, rule, message, line in told
    ]
    found = PatternPlaces([by_rule, by_message]).find("", Surroundings("shop", "javascript", "a.js"), reported)

    assert [(one.pattern.name, one.first_line, one.reason) for one in found] == [
        ("rule", 4, "it answers NO-EVAL"),
        ("message", 7, "it has this very message"),
    ]


def test_a_held_out_finding_silences_its_lines() -> None:
    """Where a finding is held out no pattern is told, not even one whose shape is there, however far it goes."""
    told = [signature_of(rule_id=f"R{number}", is_own=lambda _: False) for number in range(200)]
    without = [
        one for one in told if not PatternPlaces([active()]).find(YAML_USED, HERE, [Reported(one, 0, 2_000_000_000)])
    ]

    assert 1 <= len(without) <= 25
    assert all(is_held_out(finding_case(HERE.file_path, one)) for one in without)


def test_the_hold_out_sees_no_hint() -> None:
    """About one file in twenty gets no hint of a pattern, always the same ones."""
    files = [Surroundings("shop", "python", f"shop/m{number}.py") for number in range(600)]
    without = [one.file_path for one in files if not lines(YAML_USED, active(), where=one)]

    assert 12 <= len(without) <= 50
    assert without == [one.file_path for one in files if not lines(YAML_USED, active(), where=one)]


OWN = ("alpha", "beta", "gamma", "delta")
WRITTEN = [
    ("{a} = yaml.load({b})", "{a} = yaml.safe_load({b})"),
    ("for {a} in range(len({b})):\n    {c}.append({b}[{a}])", "for {d} in {b}:\n    {c}.append({d})"),
    ("{a} = subprocess.run({b}, shell=True)", "{a} = subprocess.run(shlex.split({b}), check=True)"),
    ("{a} = os.popen({b}).read()", "{a} = subprocess.check_output({b})"),
    ("{a} = datetime.datetime.utcfromtimestamp({b})", "{a} = datetime.datetime.fromtimestamp({b}, datetime.UTC)"),
    ("with open({a}) as {b}:\n    {c} = pickle.load({b})", "with open({a}) as {b}:\n    {c} = json.load({b})"),
]
IMPORTS = "import yaml, subprocess, datetime, pickle, os\n"


@given(
    st.sampled_from(WRITTEN),
    st.lists(st.text("abxyz_1é", max_size=5).map("my_{}".format), min_size=4, max_size=4, unique=True),
    st.integers(0, 3),
    st.sampled_from(["", "  # why", "\n", "\n\n    # a comment of its own\n"]),
)
def test_renamed_code_is_known_again(written: tuple[str, str], names: list[str], depth: int, after: str) -> None:
    """The bad example under any other names, indented and commented, always matches; the good one never does."""
    bad, good = (f"{IMPORTS}{one.format_map(dict(zip('abcd', OWN, strict=True)))}\n" for one in written)
    shape = shape_of(active(bad_example=bad, good_example=good))
    renamed = [one.format_map(dict(zip("abcd", names, strict=True))).split("\n") for one in written]
    seen, unseen = ("\n".join(" " * 4 * depth + line + after for line in one) for one in renamed)

    assert shape is not None
    assert len([*shape.found_in(statements_of(f"x = 1\n{seen}\ny = 2"))]) == 1
    assert [*shape.found_in(statements_of(f"x = 1\n{unseen}\ny = 2"))] == []
    assert [*shape.found_in(statements_of(good))] == []


@given(st.text(alphabet="ab1.=:,;()[]{}'\"\\#\n\r\t f@é\x00", max_size=80))
def test_any_text_is_statements(text: str) -> None:
    """No text at all is refused, and no statement begins before the one in front of it ends."""
    starts = [(one.tokens[0].line, one.tokens[-1].line) for one in statements_of(text)]

    assert starts == sorted(starts)
    assert all(first <= last <= text.count("\n") + text.count("\r") for first, last in starts)


def call_of(node: ast.AST | None, name: str, *, arguments: int) -> bool:
    """Return whether a node calls something by its dotted name, with so many bare names and nothing else."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != name or node.keywords:
        return False
    return len(node.args) == arguments and all(isinstance(one, ast.Name) for one in node.args)


def value_of(node: ast.AST) -> ast.AST | None:
    """Return what a statement returns, assigns to one dotted name, or is."""
    if isinstance(node, ast.Assign):
        is_plain = len(node.targets) == 1 and re.fullmatch(r"[\w.]+", ast.unparse(node.targets[0])) is not None
        return node.value if is_plain else None
    return node.value if isinstance(node, ast.Return | ast.Expr) else None


def is_joined(node: ast.AST) -> bool:
    """Return whether a statement's value is `os.path.join` of two names."""
    return call_of(value_of(node), "os.path.join", arguments=2)


def is_range_of_length(node: ast.AST) -> bool:
    """Return whether a node loops over the places of a named sequence."""
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name) or not isinstance(node.iter, ast.Call):
        return False
    inner = node.iter.args
    return ast.unparse(node.iter.func) == "range" and len(inner) == 1 and call_of(inner[0], "len", arguments=1)


def is_exc_info(node: ast.AST) -> bool:
    """Return whether a statement's value is `sys.exc_info()`."""
    return call_of(value_of(node), "sys.exc_info", arguments=0)


LIBRARY: dict[str, tuple[str, str, Callable[[ast.AST], bool]]] = {
    "join": ("full = os.path.join(folder, name)", "full = Path(folder) / name", is_joined),
    "places": (
        "for i in range(len(xs)):\n    x = xs[i]",
        "for i, _ in enumerate(xs):\n    x = xs[i]",
        is_range_of_length,
    ),
    "exc_info": ("told = sys.exc_info()", "told = error", is_exc_info),
    "small": ("value = str(other)", "value = repr(other)", lambda _: False),
    "tiny": ("return None", "return", lambda _: False),
}
PACKAGES = ("asyncio", "email", "unittest", "site-packages/pygls")


def sources() -> Iterator[Path]:
    """Yield the files of a few installed packages."""
    for package in PACKAGES:
        paths = sysconfig.get_paths()
        folder = Path(paths["purelib"], package[14:]) if "/" in package else Path(paths["stdlib"], package)
        yield from sorted(folder.glob("**/*.py"))


def test_real_packages_are_hit_where_the_shape_is_and_nowhere_else() -> None:
    """In thousands of lines of real code, a small library matches on exactly the lines that the parser names."""
    shapes = {
        name: shape_of(active(name, bad_example=bad, good_example=good)) for name, (bad, good, _) in LIBRARY.items()
    }
    found, expected, count = set[tuple[str, Path, int]](), set[tuple[str, Path, int]](), 0
    for path in sources():
        text = path.read_text()
        count += text.count("\n")
        statements, nodes = statements_of(text), [*ast.walk(ast.parse(text))]
        for name, (_, _, is_meant) in LIBRARY.items():
            shape = shapes[name]
            starts = [] if shape is None else [*shape.found_in(statements)]
            found |= {(name, path, statements[one].tokens[0].line + 1) for one in starts}
            expected |= {(name, path, node.lineno) for node in nodes if is_meant(node)}  # type: ignore[attr-defined]  # each has one

    assert found == expected
    assert {name for name, _, _ in found} >= {"places", "exc_info"}
    assert count > 10_000
