// What a click on the status bar item offers: only what is possible now.

import * as vscode from "vscode";
import type { SessionState } from "./contract.gen.ts";

/** A row of the menu, and the command behind it. */
export interface MenuRow extends vscode.QuickPickItem {
  command: string;
}

const ROWS = {
  connect: { label: "$(plug) Connect to a Collector…", command: "patchtrail.connect" },
  start: { label: "$(record) Start Recording…", command: "patchtrail.start" },
  note: { label: "$(note) Note…", command: "patchtrail.note" },
  suggested: { label: "$(lightbulb) Write the Suggested Note…", command: "patchtrail.hint.note" },
  dismiss: { label: "$(close) Not Now: Put the Suggestion Away", command: "patchtrail.hint.dismiss" },
  confirm: { label: "$(check) Record the Drafts Now", command: "patchtrail.confirmNotes" },
  pause: { label: "$(debug-pause) Pause", command: "patchtrail.pause" },
  resume: { label: "$(debug-start) Resume", command: "patchtrail.resume" },
  offRecord: { label: "$(eye-closed) Go Off the Record for Ten Minutes", command: "patchtrail.offRecord" },
  forget: { label: "$(trash) Forget the Last Minutes…", command: "patchtrail.forget" },
  pending: { label: "$(cloud-upload) What Will Be Sent", command: "patchtrail.pending" },
  end: { label: "$(stop-circle) End the Session", command: "patchtrail.end" },
  view: { label: "$(list-tree) Show the Session", command: "patchtrail.session.focus" },
  consent: { label: "$(law) Consent…", command: "patchtrail.consent" },
  settings: { label: "$(gear) Settings", command: "patchtrail.openSettings" },
  log: { label: "$(output) Log", command: "patchtrail.showLog" },
} satisfies Record<string, MenuRow>;

/** Return the rows for a state. */
export function rowsFor(isConnected: boolean, state: SessionState | undefined): MenuRow[] {
  const always = [ROWS.settings, ROWS.log];
  if (!isConnected) return [ROWS.connect, ...always];
  switch (state?.state) {
    case "recording":
      return [...(state.note_suggestion ? [ROWS.suggested, ROWS.dismiss] : []), ROWS.note, ...(state.drafts ? [ROWS.confirm] : []), ROWS.pause, ROWS.offRecord, ROWS.forget, ROWS.end, ROWS.view, ROWS.pending, ROWS.consent, ...always];
    case "paused":
      return [ROWS.resume, ROWS.forget, ROWS.end, ROWS.view, ROWS.pending, ROWS.consent, ...always];
    default:
      return [ROWS.start, ROWS.pending, ROWS.consent, ROWS.connect, ...always];
  }
}

/** Show the menu and run what is picked. */
export async function openMenu(isConnected: boolean, state: SessionState | undefined): Promise<void> {
  const placeHolder = state?.reasons.join(" ") || state?.task_title || "Patchtrail";
  const picked = await vscode.window.showQuickPick(rowsFor(isConnected, state), { title: "Patchtrail", placeHolder });
  if (picked !== undefined) await vscode.commands.executeCommand(picked.command);
}
