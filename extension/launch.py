"""Start the sidecar from the editor's package: `python -I -S launch.py [--libs DIR] serve …`.

With -I and -S an interpreter brings nothing but its own standard library, so that neither the project at hand nor
what is installed beside the interpreter can take part. This file is read by interpreters far too old for the rest
of the package, which is why it is written for them: they must get as far as the sentence that refuses them.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)


def main(arguments: "list[str]") -> int:
    """Find the libraries and run the command; return the exit code of an interpreter that is refused."""
    libs, rest = chosen(arguments)
    reason = refusal(sys.implementation.name, tuple(sys.version_info[:2]), sys.abiflags, bundled(libs))
    if reason:
        sys.stderr.write(reason + "\n")
        return 2
    if getattr(sys, "pycache_prefix", None) is None:
        # The package is the editor's: nothing may be written into it.
        sys.dont_write_bytecode = True
    sys.path[:0] = [str(HERE / "server"), str(libs or HERE / "libs")]
    sys.argv = ["patchtrail", *rest]
    from patchtrail.cli import main as patchtrail

    patchtrail()
    return 0


def chosen(arguments: "list[str]") -> "tuple[str, list[str]]":
    """Split the leading `--libs DIR`, for libraries that were installed elsewhere, from the command."""
    if arguments[:1] == ["--libs"] and len(arguments) > 1:
        return arguments[1], arguments[2:]
    return "", arguments


def bundled(libs: str) -> "list[str]":
    """Return the versions whose libraries are bundled, or nothing where other libraries are used."""
    return [] if libs else json.loads((HERE / "libs.json").read_text())["versions"]


def refusal(implementation: str, version: "tuple[int, ...]", abiflags: str, versions: "list[str]") -> str:
    """Return why this interpreter cannot run the sidecar, in one sentence, or nothing when it can."""
    name = ".".join(str(part) for part in version)
    if implementation != "cpython" or version < OLDEST:
        return "Patchtrail needs CPython 3.11 or later; this is " + implementation + " " + name + "."
    if versions and (name not in versions or "t" in abiflags):
        return "Patchtrail brings libraries for CPython " + ", ".join(versions) + "; this is " + name + abiflags + "."
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
