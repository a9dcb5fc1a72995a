"""What a client reports to be recorded: commands, test runs and notes."""

from __future__ import annotations

import asyncio

from patchtrail.contract.lsp import CommandReport, NoParams, NoteAdd, Recorded, TestsPrepared, TestsReport
from patchtrail.editor.sidecar import Sidecar

__all__ = ["add_note", "prepare_tests", "report_command", "report_tests"]


async def report_command(sidecar: Sidecar, report: CommandReport) -> Recorded:
    """Record a terminal command that ended."""
    return await asyncio.wrap_future(sidecar.recorder.command(report))


async def prepare_tests(sidecar: Sidecar, _params: NoParams) -> TestsPrepared:
    """Make a private place for the next JUnit report."""
    return await asyncio.wrap_future(sidecar.recorder.prepare_tests())


async def report_tests(sidecar: Sidecar, report: TestsReport) -> Recorded:
    """Record a test run that ended."""
    return await asyncio.wrap_future(sidecar.recorder.tests(report))


async def add_note(sidecar: Sidecar, note: NoteAdd) -> Recorded:
    """Record a rationale."""
    return await asyncio.wrap_future(sidecar.recorder.note(note))
