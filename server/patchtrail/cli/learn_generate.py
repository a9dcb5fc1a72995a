"""`patchtrail learn generate PROMPT`: code that keeps to what was learned, and a report of what was applied."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from patchtrail.cli.console import told, visible
from patchtrail.cli.fixing import guarded_of, redaction_of
from patchtrail.cli.learn_files import (
    METRICS,
    PATTERNS,
    MetricsFile,
    PatternsFile,
    ignore_own_folder,
    library_of,
    loaded,
)
from patchtrail.contract.errors import InvalidInput
from patchtrail.learning import GenerationResult, MetricsAnalyzer, PatternAwareGenerator
from patchtrail.learning.kept_file import KeptFile
from patchtrail.patching.agent_file import read_agent_config

__all__ = ["generate"]


@told
def generate(
    prompt: Annotated[str, typer.Argument(help="What the code should do.")],
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file for the code.")] = None,
    is_applying: Annotated[bool, typer.Option("--apply/--no-apply", help="Apply patterns, or only name them.")] = True,
    min_confidence: Annotated[float, typer.Option(min=0, max=1, help="How sure a pattern must belong to it.")] = 0.8,
    is_offline: Annotated[bool, typer.Option("--offline", help="Ask no model.")] = False,
    metrics_file: MetricsFile = METRICS,
    patterns_file: PatternsFile = PATTERNS,
) -> None:
    """Generate code with the patterns that belong to a prompt; the code goes out, the report to standard error.

    Without a model it is filled from the patterns' own examples.
    """
    kept = None if output is None else _new(output)
    result = _generated(prompt, patterns_file, metrics_file, is_applying, min_confidence, is_offline)
    if kept is None:
        typer.echo(_safe(result.code) if sys.stdout.isatty() else result.code, nl=False)
    else:
        kept.write(result.code.encode())
    typer.echo(_safe(result.report), err=True)
    _log(metrics_file, prompt, result)


def _generated(
    prompt: str, patterns_file: Path, metrics_file: Path, is_applying: bool, min_confidence: float, is_offline: bool
) -> GenerationResult:
    config, root = read_agent_config(Path.cwd()), Path.cwd()
    guarded = None if is_offline else guarded_of(os.environ)
    generator = PatternAwareGenerator(
        library_of(patterns_file).get_all_patterns(),
        model=None if guarded is None else guarded.under(config),
        redact=redaction_of(root),
        max_output_tokens=config.max_output_tokens,
        timeout_s=config.timeout_s,
    )
    metrics = MetricsAnalyzer(loaded(KeptFile(metrics_file)).export_dict()).get_context()
    try:
        return generator.generate(prompt, metrics, is_applying, min_confidence)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    finally:
        if guarded is not None and guarded.exporter is not None:
            guarded.exporter.close()


def _safe(text: str) -> str:
    """Return lines as a terminal may have them; in a file or a pipe code stays as it is."""
    return "\n".join(visible(line.expandtabs(4)) for line in text.split("\n"))


def _new(path: Path) -> KeptFile:
    """Return a file that is not there yet; raises `InvalidInput` where something is, which is never overwritten."""
    if path.is_symlink() or path.exists():
        raise InvalidInput(f"{path} is there already: name a new file.", code="output_exists")
    return KeptFile(path)


def _log(metrics_file: Path, prompt: str, result: GenerationResult) -> None:
    ignore_own_folder(metrics_file)
    kept = KeptFile(metrics_file)
    applied = [one.pattern.name for one in result.patterns_applied]
    metadata: dict[str, JsonValue] = {"source": "generate", "model": result.metadata["model"]}
    with kept.alone():
        collector = loaded(kept)
        collector.log_code_generation(
            prompt, applied, result.confidence, result.is_success, len(result.code), metadata=metadata
        )
        kept.write_alone(collector.export_json().encode())
