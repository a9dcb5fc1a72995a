"""What a client reports to be recorded: commands, test runs, and what it could not see."""

from __future__ import annotations

import asyncio

from patchtrail.contract.lsp import CommandReport, GapReport, NoParams, Recorded, TestsPrepared, TestsReport
from patchtrail.contract.lsp_debugging import DebugReport
from patchtrail.editor.sidecar import Sidecar

__all__ = ["prepare_tests", "report_command", "report_debug", "report_gap", "report_tests"]


async def report_command(sidecar: Sidecar, report: CommandReport) -> Recorded:
    """Record a terminal command that ended."""
    return await asyncio.wrap_future(sidecar.recorder.command(report))


async def prepare_tests(sidecar: Sidecar, _params: NoParams) -> TestsPrepared:
    """Make a private place for the next JUnit report."""
    return await asyncio.wrap_future(sidecar.recorder.prepare_tests())


async def report_tests(sidecar: Sidecar, report: TestsReport) -> Recorded:
    """Record a test run that ended."""
    return await asyncio.wrap_future(sidecar.recorder.tests(report))


async def report_gap(sidecar: Sidecar, report: GapReport) -> Recorded:
    """Declare what the client cannot see."""
    return await asyncio.wrap_future(sidecar.recorder.gap(report))


async def report_debug(sidecar: Sidecar, report: DebugReport) -> Recorded:
    """Record a fact of a debugger."""
    return await asyncio.wrap_future(sidecar.recorder.debug(report))
