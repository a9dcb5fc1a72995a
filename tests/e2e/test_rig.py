"""The editor that the other end-to-end tests rely on is as a user has it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.e2e.rig import CodeServer, Workbench, until

MANIFEST = {
    "name": "probe",
    "publisher": "rig",
    "version": "0.0.1",
    "engines": {"vscode": "^1.100.0"},
    "main": "./extension.js",
    "activationEvents": ["onStartupFinished"],
    "capabilities": {"untrustedWorkspaces": {"supported": True}},
}
PROBE = """
const { appendFileSync } = require('node:fs');
const { env, window, workspace } = require('vscode');
const say = (event, data) => appendFileSync(process.env.PROBE_LOG, JSON.stringify({ event, ...data }) + '\\n');
exports.activate = context => {
    context.subscriptions.push(
        workspace.onDidGrantWorkspaceTrust(() => say('trusted', { trusted: workspace.isTrusted })),
        window.onDidChangeTerminalShellIntegration(({ shellIntegration }) => {
            if (shellIntegration.cwd) say('shell', { cwd: shellIntegration.cwd.fsPath });
        }),
        window.onDidEndTerminalShellExecution(({ execution, exitCode }) =>
            say('command', { line: execution.commandLine.value, exitCode })));
    say('ready', { trusted: workspace.isTrusted, telemetry: env.isTelemetryEnabled });
};
"""
INSTALLATION = """<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata><Identity Id="probe" Publisher="rig" Version="0.0.1"/></Metadata>
<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
<Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json"/></Assets>
</PackageManifest>"""


class Probe:
    """An extension that writes down what it sees."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "probe.jsonl"
        self.vsix = folder / "probe.vsix"
        with zipfile.ZipFile(self.vsix, "w") as vsix:
            vsix.writestr("extension.vsixmanifest", INSTALLATION)
            vsix.writestr("extension/package.json", json.dumps(MANIFEST))
            vsix.writestr("extension/extension.js", PROBE)

    def said(self, event: str) -> list[dict[str, object]]:
        """Return what it said of one kind of event."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [one for one in map(json.loads, lines) if one.pop("event") == event]


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Build the extension."""
    return Probe(tmp_path)


def test_the_editor_asks_for_trust_has_telemetry_on_and_reports_commands(
    tmp_path: Path, probe: Probe, repository: Path
) -> None:
    """The folder is untrusted until the dialog is answered, telemetry reads on, and a command's exit code arrives."""
    server = CodeServer(tmp_path / "run", extensions=[probe.vsix], env={"PROBE_LOG": str(probe.log)})
    with server, Workbench(server, repository) as workbench:
        ready = until("the extension runs", lambda: probe.said("ready"))
        workbench.trust()
        trusted = until("the folder is trusted", lambda: probe.said("trusted"))
        workbench.open_terminal()
        until("the shell is integrated", lambda: probe.said("shell"))
        workbench.terminal("sleep 0.3; (exit 7)")
        ended = until("the command ended", lambda: probe.said("command"))

    assert ready == [{"trusted": False, "telemetry": True}]
    assert trusted == [{"trusted": True}]
    assert ended == [{"line": "sleep 0.3; (exit 7)", "exitCode": 7}]
    assert any(path.name == "remoteagent.log" for path in server.logs())


def test_an_editor_without_network_has_the_loopback_alone_and_outlives_its_extension_host(
    tmp_path: Path, probe: Probe, repository: Path
) -> None:
    """Nothing leaves the machine from in there, and a killed extension host is started again by itself."""
    env = {"PROBE_LOG": str(probe.log)}
    server = CodeServer(tmp_path / "run", extensions=[probe.vsix], env=env, no_network=True)
    with server, Workbench(server, repository) as workbench:
        until("the extension runs", lambda: probe.said("ready"))
        workbench.trust()
        killed = server.kill_extension_host()
        until("the extension runs again", lambda: len(probe.said("ready")) == 2)
        workbench.open_terminal()
        until("the shell is integrated", lambda: probe.said("shell"))
        workbench.terminal("sh -c 'exit $(grep -c : /proc/net/dev)'")
        ended = until("the interfaces are counted", lambda: probe.said("command"))

    assert len(killed) == 1
    assert [one["exitCode"] for one in ended] == [1]
