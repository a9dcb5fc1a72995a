// Activation: build the parts, register the commands. Nothing is decided here.

import * as vscode from "vscode";
import { copyAddress } from "./agents.ts";
import type { Entry, NoteDraft, PendingDraft } from "./contract.gen.ts";
import { serveEditTexts } from "./editTexts.ts";
import { openMenu } from "./menu.ts";
import { chooseModel } from "./modelKey.ts";
import { confirm, confirmDrafts, editDraft, writeNote, writeNoteOnSelection, writeSuggestedNote } from "./notes.ts";
import { registerNoteTool } from "./noteTool.ts";
import { Patchtrail } from "./patchtrail.ts";
import { told } from "./session.ts";
import { forgetMinutes, goOffRecord } from "./unseen.ts";

let patchtrail: Patchtrail | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  patchtrail = new Patchtrail(context);
  const tree = vscode.window.createTreeView("patchtrail.session", { treeDataProvider: patchtrail.view });
  const { view, sidecar } = patchtrail;
  view.onDidChangeTreeData(() => (tree.description = view.counts));
  context.subscriptions.push(patchtrail, tree, serveEditTexts(sidecar), registerNoteTool(sidecar), ...commands(patchtrail));
  // Not waited for: the commands, the log among them, must work whatever becomes of the sidecar.
  void patchtrail.bringUp().catch((error: unknown) => patchtrail?.log.appendLine(`not started: ${error instanceof Error ? error.name : "unknown"}`));
}

export async function deactivate(): Promise<void> {
  await patchtrail?.shutDown();
}

function commands(parts: Patchtrail): vscode.Disposable[] {
  const { sidecar, session } = parts;
  const handlers: Record<string, (...args: never[]) => Promise<unknown>> = {
    "patchtrail.connect": () => parts.connect(),
    "patchtrail.consent": () => parts.consent(),
    "patchtrail.start": () => parts.start(),
    "patchtrail.pause": () => parts.debugging.settle().then(() => session.pause()),
    "patchtrail.resume": () => session.resume(),
    "patchtrail.end": () => parts.end(),
    "patchtrail.offRecord": () => parts.debugging.settle().then(() => goOffRecord(sidecar)),
    "patchtrail.forget": () => parts.debugging.settle().then(() => forgetMinutes(sidecar)),
    "patchtrail.pending": () => parts.pending.show(),
    "patchtrail.note": (kind?: NoteDraft["kind"]) => writeNote(sidecar, kind),
    "patchtrail.note.plan": () => writeNote(sidecar, "plan"),
    "patchtrail.note.hypothesis": () => writeNote(sidecar, "hypothesis"),
    "patchtrail.note.observation": () => writeNote(sidecar, "observation"),
    "patchtrail.note.decision": () => writeNote(sidecar, "decision"),
    "patchtrail.note.nextStep": () => writeNote(sidecar, "next_step"),
    "patchtrail.note.selection": () => writeNoteOnSelection(sidecar),
    "patchtrail.hint.note": () => writeSuggestedNote(sidecar),
    "patchtrail.hint.dismiss": () => sidecar.request("patchtrail/hint/dismiss", {}),
    "patchtrail.confirmNotes": () => confirmDrafts(sidecar),
    "patchtrail.draft.confirm": (node: { draft: PendingDraft }) => confirm(sidecar, node.draft.draft_id),
    "patchtrail.draft.edit": (node: { draft: PendingDraft }) => editDraft(sidecar, node.draft),
    "patchtrail.draft.discard": (node: { draft: PendingDraft }) => sidecar.request("patchtrail/note/discard", { draft_id: node.draft.draft_id }),
    "patchtrail.openFile": async (node: { entry: Entry }) => node.entry.path && vscode.window.showTextDocument(vscode.Uri.file(node.entry.path)),
    "patchtrail.menu": () => openMenu(parts.isConnected, sidecar.state),
    "patchtrail.installLibraries": () => parts.installLibraries(),
    "patchtrail.installPytestPlugin": () => parts.installPytestPlugin(),
    "patchtrail.connectAgent": () => parts.connectAgent(),
    "patchtrail.disconnectAgent": () => parts.agents.disconnect(),
    "patchtrail.copyAgentsAddress": () => copyAddress(sidecar.state?.agents_address),
    "patchtrail.fixAll": () => parts.fixes.fixAll(),
    "patchtrail.setModelKey": () => parts.modelKeys.ask(),
    "patchtrail.chooseModel": () => chooseModel(),
    "patchtrail.openSettings": async () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:patchtrail.patchtrail"),
    "patchtrail.showLog": async () => parts.log.show(),
  };
  return Object.entries(handlers).map(([name, handler]) => vscode.commands.registerCommand(name, telling(handler)));
}

/** What a person asked for and did not get is said; only then is there a message. */
function telling<Args extends never[]>(handler: (...args: Args) => Promise<unknown>): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      await handler(...args);
    } catch (error) {
      void vscode.window.showErrorMessage(`Patchtrail: ${told(error)}`);
    }
  };
}
