"""Writes an export: a folder of training data with its card and its manifest, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.evaluation.curation import Curated, pairs_of, samples_of
from patchtrail.evaluation.dataset_card import card_of
from patchtrail.evaluation.export_manifest import (
    MANIFEST,
    ExportConsent,
    ExportManifest,
    ExportSource,
    exported,
    read_export,
)
from patchtrail.evaluation.parquet_files import VIEW_SQL, parquet_files
from patchtrail.evaluation.training_lines import chat_lines, preference_lines
from patchtrail.study.consent import CONSENT

__all__ = ["CARD", "CHAT", "PAIRS", "VIEWS", "ExportTerms", "Format", "write_export"]

Format = Literal["chat", "dpo", "parquet"]
CHAT, PAIRS, CARD, VIEWS = "chat.jsonl", "dpo.jsonl", "README.md", "views.sql"


@dataclass(frozen=True)
class ExportTerms:
    """What whoever exports states: when, on which query, under which licence, with whose consent."""

    created_at: str
    query: Mapping[str, str]
    licence: str
    consent: str


@dataclass(frozen=True)
class _Content:
    """Files by path, rows by kind, what was left out by reason, and the ids of attempts that are in the files."""

    files: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)


def write_export(folder: Path, found: Curated, formats: Sequence[Format], terms: ExportTerms) -> ExportManifest:
    """Write what may leave into `folder`, in the place of an earlier export; return the manifest.

    Raises `InvalidInput` where licence or consent is missing, or nothing would be in it, and `StateConflict` where the
    folder holds anything else.
    """
    if not terms.licence.strip() or not terms.consent.strip():
        raise InvalidInput("An export states its licence, and what the people whose work it holds agreed to.")
    content = _content(found, formats)
    if not content.inside:
        told = ", ".join(f"{count} {reason}" for reason, count in content.left_out.items()) or "no attempt"
        old = f" Delete the earlier export in {folder}, which holds what it held." if folder.exists() else ""
        raise InvalidInput(f"There is nothing to export: {told}.{old}")
    manifest = ExportManifest(
        created_at=terms.created_at,
        query=dict(terms.query),
        licence=terms.licence,
        consent=ExportConsent(
            statement=terms.consent,
            recording_text_version=CONSENT.version,
            recording_text_sha256=CONSENT.ref.sha256,
            recording_text_covers_model_texts="model_texts" in CONSENT.data_classes,
        ),
        counts=content.counts,
        left_out=dict(content.left_out),
        sources=[
            ExportSource(attempt_id=one.attempt_id, trace_id=one.trace_id)
            for one in found.records
            if one.attempt_id in content.inside
        ],
        files=[],
    )
    files = content.files | {CARD: card_of(manifest).encode()}
    manifest = manifest.model_copy(update={"files": exported(files)})
    _replace(folder, files | {MANIFEST: (manifest.model_dump_json(indent=1) + "\n").encode()})
    return manifest


def _content(found: Curated, formats: Sequence[Format]) -> _Content:
    made = _Content()
    if found.withdrawn:
        made.left_out["withdrawn"] = found.withdrawn
    if "chat" in formats:
        samples, left_out = samples_of(found)
        made.files[CHAT], made.counts["chat lines"] = chat_lines(samples).encode(), len(samples)
        made.left_out.update({f"{reason}, from the chat lines": count for reason, count in left_out.items()})
        made.inside.update(one.record.attempt_id for one in samples)
    if "dpo" in formats:
        pairs = pairs_of(found)
        made.files[PAIRS], made.counts["preference pairs"] = preference_lines(pairs).encode(), len(pairs)
        made.inside.update(each.attempt_id for one in pairs for each in (one.preferred.record, one.rejected))
    if "parquet" in formats and found.records:
        made.files.update(parquet_files(found.records, found.marks) | {VIEWS: VIEW_SQL.encode()})
        made.counts["attempts"] = len(found.records)
        made.inside.update(one.attempt_id for one in found.records)
    return made


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write beside the folder first, so that an export is there whole or not at all."""
    is_there = folder.exists()
    if is_there and not _is_export(folder):
        raise StateConflict(f"{folder} holds something else than an export: name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as staging:
        fresh = Path(staging, "new")
        for path, content in files.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_bytes(content)
        if is_there:
            folder.rename(Path(staging, "old"))
        fresh.rename(folder)


def _is_export(folder: Path) -> bool:
    """Return whether a folder is empty, or holds an export as it was written and nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if not present:
        return True
    try:
        return present == {MANIFEST, *(one.path for one in read_export(folder).files)}
    except InvalidInput:
        return False
