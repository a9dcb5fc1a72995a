"""The real code that findings are planted in: files of installed packages, named one by one."""

from __future__ import annotations

import io
import sysconfig
import tokenize
from pathlib import Path
from random import Random

from patchtrail.evaluation.source import Source

__all__ = ["PACKAGES", "installed_sources", "sources_below", "standalone_sources"]

PACKAGES = (
    *("pydantic", "httpx", "httpcore", "click", "typer", "rich", "pygls", "attr", "attrs", "anyio", "git", "gitdb"),
    *("unidiff", "hypothesis", "_pytest", "pluggy", "iniconfig", "packaging", "tomlkit", "platformdirs", "h11"),
    *("requests", "urllib3", "starlette", "fastapi", "uvicorn", "werkzeug", "jsonschema", "referencing", "markdown_it"),
    *("sqlalchemy", "alembic", "mako", "markupsafe", "pathspec", "importlinter", "grimp", "openai", "cattr", "cattrs"),
    *("dotenv", "idna", "pygments", "graphql", "schemathesis", "harfile", "smmap", "prometheus_client", "mypy"),
)
LINES = range(40, 700)
STANDALONE = 700
SKIPPED = ("test", "tests", "testing", "typeshed", "_vendor", "vendored", "versions")


def installed_sources(seed: int) -> list[Source]:
    """Return fitting files of the packages that are installed beside this interpreter, a sample of each."""
    folder = Path(sysconfig.get_path("purelib"))
    random = Random(seed)
    return [source for name in PACKAGES for source in sources_below(folder / name, folder, random)]


def standalone_sources(seed: int) -> list[Source]:
    """Return files with functions of their own that import nothing by a relative name, the standard library's too."""
    folder, library = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))
    random = Random(seed)
    paths = [(folder, path) for name in PACKAGES for path in sorted((folder / name).rglob("*.py"))]
    paths += [(library, path) for path in sorted(library.glob("*.py"))]
    found = list[Source]()
    for root, path in random.sample(paths, len(paths)):
        if len(found) == STANDALONE:
            break
        text = path.read_bytes().decode("utf-8", errors="replace")
        is_own = path.name != "__init__.py" and not any(one.startswith("test") for one in path.parts)
        if is_own and "\ndef " in text and "from ." not in text:
            source = Source(path.relative_to(root).as_posix(), text)
            found += [source] if _fits(source) else []
    return found


def sources_below(folder: Path, root: Path, random: Random, *, limit: int = 40) -> list[Source]:
    """Return at most `limit` files of `folder` that parse, are of moderate size and hold no foreign line ends."""
    paths = sorted(path.relative_to(root).as_posix() for path in folder.rglob("*.py"))
    fitting = list[Source]()
    for path in random.sample(paths, len(paths)):
        if len(fitting) == limit:
            break
        source = Source(path, (root / path).read_bytes().decode("utf-8", errors="replace"))
        if not any(part in SKIPPED for part in path.split("/")) and _fits(source):
            fitting.append(source)
    return sorted(fitting, key=lambda source: source.path)


def _fits(source: Source) -> bool:
    text = source.text
    if len(source.lines) not in LINES or not text.endswith("\n") or any(one in text for one in "\t\r\f\ufffd\ufeff"):
        return False
    try:
        list(tokenize.generate_tokens(io.StringIO(text).readline))
        return bool(source.tree.body)
    except (SyntaxError, tokenize.TokenError):
        return False
