// What is not to be seen: ten minutes off the record, and the last minutes forgotten.

import * as vscode from "vscode";
import type { Entry, ForgottenHere } from "./contract.gen.ts";
import { counted } from "./status.ts";
import type { Sidecar } from "./sidecar.ts";

const MINUTE_MS = 60_000;
const OFFERED = [1, 2, 5, 10, 30, 60];
const LONGEST_MINUTES = 1440;
const QUIET = new Set(["session_start", "pause", "resume", "gap", "clock_step", "recovered"]);

/** Record and send nothing for ten minutes; then recording goes on by itself. */
export async function goOffRecord(sidecar: Sidecar): Promise<void> {
  await sidecar.request("patchtrail/session/offRecord", { minutes: 10 });
}

/** Ask how many minutes, say what will happen, and forget them. */
export async function forgetMinutes(sidecar: Sidecar): Promise<void> {
  const minutes = await chosenMinutes();
  if (minutes === undefined) return;
  const { entries, drafts } = await sidecar.request("patchtrail/session/entries", { since_seq: 0 });
  const recent = entries.filter((entry) => entry.ts_ms >= Date.now() - minutes * MINUTE_MS);
  const answer = await vscode.window.showWarningMessage(
    `Forget the last ${counted(minutes, "minute")}?`,
    { modal: true, detail: whatGoes(recent, drafts.length) },
    "Forget",
  );
  if (answer === "Forget") tell(await sidecar.request("patchtrail/session/forget", { minutes }));
}

/** Name what is deleted, and what stays. */
export function whatGoes(recent: readonly Entry[], drafts: number): string {
  const kinds = new Map<string, number>();
  for (const { type } of recent) if (!QUIET.has(type)) kinds.set(type, (kinds.get(type) ?? 0) + 1);
  const named = [...kinds].map(([type, count]) => counted(count, type.replace("rationale_", "").replaceAll("_", " ")));
  const what = [...named, ...(drafts > 0 ? ["drafts written since"] : [])];
  return [
    `Deleted: ${what.length > 0 ? what.join(", ") : "what little was recorded"}.`,
    "What has not left this machine is deleted here. What was sent, or was on its way, is deleted here, and the collector is asked to delete it and to sign that it did; a part that was sent is deleted whole, and may reach back about a minute further.",
    "What stays: that something was forgotten, when, and how much. Your files are not touched. This cannot be undone.",
  ].join("\n\n");
}

async function chosenMinutes(): Promise<number | undefined> {
  const rows = [...OFFERED.map((minutes) => ({ label: counted(minutes, "minute"), minutes })), { label: "Another number…", minutes: 0 }];
  const picked = await vscode.window.showQuickPick(rows, { title: "Forget the Last Minutes", placeHolder: "How many minutes back from now?" });
  if (picked === undefined || picked.minutes > 0) return picked?.minutes;
  const written = await vscode.window.showInputBox({
    title: "Forget the Last Minutes",
    prompt: "How many minutes back from now?",
    validateInput: (value) => (/^\d+$/.test(value.trim()) && Number(value) >= 1 && Number(value) <= LONGEST_MINUTES ? undefined : `A number from 1 to ${LONGEST_MINUTES}`),
  });
  return written === undefined ? undefined : Number(written);
}

function tell(forgotten: ForgottenHere): void {
  const asked = forgotten.chunks_asked > 0 ? `; the collector is asked to delete ${counted(forgotten.chunks_asked, "chunk")}` : "";
  void vscode.window.setStatusBarMessage(`$(trash) Forgotten: ${counted(forgotten.events, "event")}${asked}`, 10_000);
}
