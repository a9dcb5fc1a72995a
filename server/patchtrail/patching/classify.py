"""What kind of thing a finding is, and how hard it is to fix: one table for all tools."""

from __future__ import annotations

from patchtrail.contract.attempt import Complexity
from patchtrail.patching.finding import Finding

__all__ = ["category_of", "complexity_of"]

# The longest prefix of a rule's id that stands here decides.
PYTHON_RULES = {
    "invalid-syntax": "syntax", "syntax": "syntax", "E9": "syntax",
    "I": "import-order", "E402": "import-order",
    "F401": "unused-import", "F811": "redefinition", "F841": "unused-variable", "F821": "undefined-name",
    "F822": "undefined-name", "F823": "undefined-name", "F5": "format-string", "F6": "correctness", "F7": "syntax",
    "F8": "correctness", "F": "correctness",
    "E1": "indentation", "E2": "whitespace", "E3": "blank-lines", "E501": "line-length", "E7": "comparison",
    "E701": "statement", "E702": "statement", "E703": "statement", "E722": "bare-except", "E731": "style",
    "E741": "naming", "E": "style", "W": "whitespace", "W505": "line-length", "W605": "escape",
    "D": "docstring", "N": "naming", "ANN": "annotation", "UP": "modernise", "B": "bug-risk", "C4": "comprehension",
    "C9": "complexity", "SIM": "simplification", "RET": "simplification", "PIE": "simplification",
    "PLR09": "complexity", "PL": "bug-risk", "PERF": "performance", "PTH": "pathlib", "S": "security",
    "ARG": "unused-argument", "ERA": "commented-code", "T20": "print", "Q": "quotes", "COM": "trailing-comma",
    "ISC": "string-concatenation", "PT": "test-style", "TRY": "exceptions", "BLE": "exceptions", "EM": "exceptions",
    "RUF": "style", "RUF100": "suppression", "A": "shadowing", "DTZ": "datetime", "FBT": "style", "TC": "type-import",
    "FA": "annotation", "G": "logging", "LOG": "logging", "ASYNC": "async", "FURB": "modernise",
}  # fmt: skip
TYPE_RULES = {
    "syntax": "syntax", "import-not-found": "import", "import-untyped": "import", "import": "import",
    "name-defined": "undefined-name", "used-before-def": "undefined-name", "no-untyped-def": "annotation",
    "no-untyped-call": "annotation", "var-annotated": "annotation", "type-arg": "annotation",
    "unused-ignore": "suppression", "reportMissing": "import", "reportUndefined": "undefined-name",
    "reportUnusedImport": "unused-import", "reportUnusedVariable": "unused-variable", "reportUnused": "unused",
    "reportUnnecessary": "simplification", "reportOptional": "optional", "union-attr": "optional", "": "type",
}  # fmt: skip
TSC_RULES = {
    "TS1": "syntax", "TS18": "type", "TS2304": "undefined-name", "TS2552": "undefined-name", "TS2307": "import",
    "TS6133": "unused-variable", "TS6192": "unused-import", "TS6": "unused", "TS7": "annotation",
    "TS2531": "optional", "TS2532": "optional",
    "TS18047": "optional", "TS18048": "optional", "TS": "type",
}  # fmt: skip
ESLINT_RULES = {
    "syntax": "syntax", "no-unused-vars": "unused-variable", "@typescript-eslint/no-unused-vars": "unused-variable",
    "no-undef": "undefined-name", "import/order": "import-order", "simple-import-sort": "import-order",
    "sort-imports": "import-order", "import/": "import", "eqeqeq": "comparison", "prefer-const": "modernise",
    "no-var": "modernise", "quotes": "quotes", "semi": "style", "indent": "indentation", "max-len": "line-length",
    "comma-dangle": "trailing-comma", "jsdoc/": "docstring", "complexity": "complexity", "no-console": "print",
    "@typescript-eslint/no-unsafe": "type", "@typescript-eslint/no-explicit-any": "annotation",
    "unused-disable-directive": "suppression", "": "style",
}  # fmt: skip
PYLINT_RULES = {
    "C0114": "docstring", "C0115": "docstring", "C0116": "docstring", "missing-": "docstring", "W0611": "unused-import",
    "unused-import": "unused-import", "W0612": "unused-variable", "unused-variable": "unused-variable",
    "C0411": "import-order", "wrong-import-": "import-order", "C0301": "line-length", "line-too-long": "line-length",
    "E0602": "undefined-name", "undefined-variable": "undefined-name", "C0103": "naming", "invalid-name": "naming",
    "E0001": "syntax", "syntax-error": "syntax", "R09": "complexity", "too-many-": "complexity", "E": "correctness",
    "W": "bug-risk", "C": "style", "R": "simplification",
}  # fmt: skip
TABLES = {
    "ruff": PYTHON_RULES, "flake8": PYTHON_RULES, "pycodestyle": PYTHON_RULES, "pyflakes": PYTHON_RULES,
    "pydocstyle": PYTHON_RULES, "python": PYTHON_RULES, "mypy": TYPE_RULES, "pyright": TYPE_RULES, "tsc": TSC_RULES,
    "eslint": ESLINT_RULES, "pylint": PYLINT_RULES,
}  # fmt: skip
COMPLEXITIES: dict[str, Complexity] = {
    **dict.fromkeys(
        ("import-order", "unused-import", "whitespace", "blank-lines", "quotes", "trailing-comma", "comparison",
         "indentation", "escape", "suppression", "statement", "modernise", "format-string", "style", "print"),
        "simple",
    ),
    **dict.fromkeys(("test", "complexity", "security", "async"), "complex"),
}  # fmt: skip
"""What is not named is moderate."""
COMPLEX_RULES = ("E722", "B023", "override", "attr-defined", "TS2322", "TS2345", "reportIncompatible")
MANY_LINES = 40


def category_of(finding: Finding) -> str:
    """Return the rule's category; of a tool without a table, or a rule that is not in it, `other`."""
    if finding.is_test:
        return "test"
    table = TABLES.get(finding.tool, {})
    rule = finding.rule_id
    # Ids are letters, then digits: `I001` is none of `ISC`, and `D` is not `DTZ`.
    known = [one for one in table if rule.startswith(one) and (not one or _is_whole(one, rule))]
    return table[max(known, key=len)] if known else "other"


def complexity_of(finding: Finding) -> Complexity:
    """Return how much a fix asks for: one place and one way, some thought, or an understanding of the program."""
    category = category_of(finding)
    if finding.rule_id.startswith(COMPLEX_RULES) or (finding.end_line or finding.line) - finding.line > MANY_LINES:
        return "simple" if COMPLEXITIES.get(category) == "simple" and finding.fix else "complex"
    if finding.fix is not None and finding.fix.is_safe:
        return "simple"
    return COMPLEXITIES.get(category, "moderate")


def _is_whole(prefix: str, rule: str) -> bool:
    """Return whether a prefix of letters is all of the rule's letters, where the rule is letters and digits."""
    if not (prefix.isalpha() and prefix.isupper()):
        return True
    return not rule[len(prefix) : len(prefix) + 1].isupper()
