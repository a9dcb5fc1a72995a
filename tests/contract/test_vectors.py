"""The contract's vectors, read as files: good ones are accepted, bad ones are refused for the stated reason.

`tests/extension/vectors.test.ts` reads the same files.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from patchtrail.contract import (
    attempt,
    base_snapshot,
    collection,
    document,
    evidence,
    forgetting,
    learning,
    lsp,
    lsp_fixes,
    lsp_forgetting,
    lsp_notebooks,
    open_protocol,
    problem,
    qa,
    settings,
    transparency,
    webhooks,
)
from patchtrail.contract.decimals import microusd_from_usd, millis_from_seconds, seconds_from_millis, usd_from_microusd
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.event_lines import Event
from patchtrail.contract.evidence import PublicKey
from patchtrail.contract.schema import ROOT_TYPES, contract_schema
from patchtrail.integrity import canonical, digest, dsse
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify import ChunkTip, Finding, check_position, open_chunk, read_events
from tests.contract.vectors import FOLDER, SIGNED, write_missing

MODULES = (
    attempt,
    base_snapshot,
    evidence,
    forgetting,
    learning,
    collection,
    document,
    problem,
    qa,
    settings,
    lsp,
    lsp_fixes,
    lsp_forgetting,
    lsp_notebooks,
    open_protocol,
    transparency,
    webhooks,
)
SCHEMA = contract_schema()
PATHS = sorted(FOLDER.rglob("*.json"))


def test_every_type_has_vectors(request: pytest.FixtureRequest) -> None:
    """Every type that crosses a boundary has a folder of vectors, and a chunk, a time and a price have one too."""
    if request.config.getoption("--update"):
        write_missing()
    expected = {model.__name__ for model in ROOT_TYPES} | {"Event", "Chunk", "Seconds", "Dollars"}

    assert {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == expected


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_vector(path: Path) -> None:
    """A good vector is accepted, a bad one is refused with the code that it names."""
    vector, is_good = json.loads(path.read_text()), not path.name.endswith(".bad.json")

    assert check(path.parent.name, vector) == (None if is_good else vector.get("code", "refused"))


def check(kind: str, vector: dict[str, Any]) -> str | None:
    """Return the code with which a vector is refused; None when it is accepted."""
    if kind == "Event":
        return check_line(vector)
    if kind == "Chunk":
        return check_chunk(vector)
    if kind == "Seconds":
        return check_seconds(vector)
    if kind == "Dollars":
        return check_dollars(vector)
    return check_signed(kind, vector) if kind in SIGNED else check_plain(kind, vector)


def check_plain(kind: str, vector: dict[str, Any]) -> str | None:
    """Both the model and the JSON Schema accept a value, or both refuse it."""
    model = next(getattr(module, kind) for module in MODULES if hasattr(module, kind))
    try:
        parsed = model.model_validate_json(json.dumps(vector["value"]))
        if kind == "PublicKey":
            assert VerifyingKey(parsed).jkt == vector["jkt"]
        is_accepted = True
    except (ValidationError, InvalidInput):
        is_accepted = False
    fits = jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}).is_valid(vector["value"])

    assert fits == is_accepted or kind == "PublicKey", "the schema and the model disagree"
    return None if is_accepted else "refused"


def check_signed(kind: str, vector: dict[str, Any]) -> str | None:
    """Open an envelope with the key beside it."""
    try:
        envelope = dsse.parse_envelope(json.dumps(vector["envelope"]).encode())
        key = VerifyingKey(PublicKey(**vector["public_key"]))
        model = next(getattr(module, kind) for module in MODULES if hasattr(module, kind))
        opened = dsse.open_envelope(envelope, vector["payload_type"], model, key)
    except (InvalidInput, VerificationFailed) as error:
        return error.code
    assert canonical.decode(opened.payload) == vector["value"]
    return None


def check_line(vector: dict[str, Any]) -> str | None:
    """Parse an event line strictly and hash it."""
    line = base64.b64decode(vector["line_base64"])
    try:
        TypeAdapter(Event).validate_python(canonical.decode(line))
    except (InvalidInput, ValidationError):
        return "refused"
    assert digest.event_hash(line) == vector["hash"]
    return None


def check_chunk(vector: dict[str, Any]) -> str | None:
    """Verify a whole request body in its place."""
    key = VerifyingKey(PublicKey(**vector["public_key"]))
    body = base64.b64decode(vector["body_base64"])
    opened = open_chunk(body, key=key, trace_id=vector["trace_id"], n=vector["n"])
    if isinstance(opened, Finding):
        return opened.code
    tip = ChunkTip(vector["n"], vector["prev_chunk"], vector["head_in"], vector["first"])
    for finding in check_position(opened, tip):
        return finding.code
    events = read_events(opened, 0)
    if isinstance(events, Finding):
        return events.code
    assert (opened.chunk_id, opened.manifest.head_out) == (vector["chunk_id"], vector["head_out"])
    return None


def check_seconds(vector: dict[str, Any]) -> str | None:
    """Convert both ways."""
    there = seconds_from_millis(vector["millis"]) == vector["seconds"]
    back = millis_from_seconds(vector["seconds"]) == vector["millis"]
    return None if there and back else "refused"


def check_dollars(vector: dict[str, Any]) -> str | None:
    """Convert both ways."""
    there = usd_from_microusd(vector["microusd"]) == vector["usd"]
    back = microusd_from_usd(vector["usd"]) == vector["microusd"]
    return None if there and back else "refused"
