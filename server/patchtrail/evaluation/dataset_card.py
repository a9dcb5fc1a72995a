"""The card of an export: what is in it, how it was chosen, and under which terms, for whoever finds the folder."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.evaluation.export_manifest import ExportManifest

__all__ = ["card_of"]

HEAD = """\
Tries at patches for findings of tools, as Patchtrail kept them: prompts and answers are redacted, and a person judged
what is called good or bad. `manifest.json` holds the query, the hash of every file, and every attempt that is in it."""
TERMS = """\
Whoever withdrew is in no file. Keep it so: before each use, compare `sources` with the withdrawals since, and drop what
was withdrawn."""


def card_of(manifest: ExportManifest) -> str:
    """Return the card as Markdown; its head is read by dataset hubs."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(manifest: ExportManifest) -> Iterator[str]:
    yield from ("---", f"license: {_line(manifest.licence)}", "tags: [code, debugging, patches]", "---", "")
    yield from ("# Debugging patches", "", HEAD, "", "## Content", "")
    yield from (f"- {count} {name}" for name, count in manifest.counts.items())
    yield from ("", "## Left out", "")
    yield from (f"- {count} {name}" for name, count in manifest.left_out.items())
    yield from ("", "## Query", "")
    yield from (f"- {name}: `{_line(value)}`" for name, value in manifest.query.items())
    consent = manifest.consent
    yield from ("", "## Consent and licence", "", f"Licence: {_line(manifest.licence)}.", "")
    yield f"Consent, as stated by whoever exported: {_line(consent.statement)}"
    covers = "covers" if consent.recording_text_covers_model_texts else "does not cover"
    yield (
        f"The text that sessions are recorded under (version {consent.recording_text_version}) {covers} prompts and"
        " answers."
    )
    yield from ("", TERMS)


def _line(text: str) -> str:
    """Return a text that stays in its line."""
    return " ".join(text.split())
