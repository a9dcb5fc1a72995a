// Rows of the session view: what an entry, a draft, a failing test and a stack frame look like, and where a click leads.

import * as vscode from "vscode";
import type { Entry, FailedTest, PendingDraft, ShownFrame } from "./contract.gen.ts";
import { editUri } from "./editTexts.ts";
import { KINDS } from "./noteKinds.ts";

const ICONS: Record<string, string> = {
  session_start: "play-circle",
  file_edit: "edit",
  file_create: "new-file",
  file_delete: "trash",
  file_rename: "file-symlink-file",
  cmd_run: "terminal",
  test_run: "beaker",
  commit: "git-commit",
  rationale_note: "note",
  breakpoints: "debug-breakpoint",
  debug_session: "debug-alt",
  debug_stop: "debug-stackframe",
  agent_act: "hubot",
  cell_run: "notebook",
  patch_attempt: "lightbulb",
  patch_outcome: "checklist",
  pause: "debug-pause",
  resume: "debug-start",
  gap: "warning",
  clock_step: "clock",
  recovered: "debug-restart",
  session_end: "stop-circle",
};

/** Return a draft's row. */
export function draftItem(draft: PendingDraft): vscode.TreeItem {
  const item = new vscode.TreeItem(draft.text);
  item.id = `draft-${draft.draft_id}`;
  item.description = `draft: ${label(draft.kind)}`;
  item.tooltip = "Recorded 30 seconds after it was written, or when you confirm it";
  item.iconPath = new vscode.ThemeIcon("edit-session");
  item.contextValue = "draft";
  return item;
}

/** Return an entry's row. */
export function entryItem(entry: Entry, traceId: string): vscode.TreeItem {
  const hasMore = entry.failed_tests.length > 0 || (entry.frames ?? []).length > 0 || (entry.details.length > 0 && entry.type !== "file_edit");
  const item = new vscode.TreeItem(
    entry.summary,
    hasMore ? (entry.failed_tests.length > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed) : vscode.TreeItemCollapsibleState.None,
  );
  item.id = `event-${entry.seq}`;
  item.description = new Date(entry.ts_ms).toLocaleTimeString();
  item.tooltip = [`Event ${entry.seq}: ${entry.type.replace("_", " ")}`, ...entry.details].join("\n");
  item.iconPath = icon(entry);
  item.contextValue = entry.has_diff ? "edit" : entry.type;
  const top = entry.frames?.find((frame) => frame.path !== null);
  if (entry.has_diff) item.command = openDiff(entry, traceId);
  else if (top !== undefined) item.command = openAt(top.path, top.line, "Go to the Stop");
  else if (entry.type === "rationale_note" && entry.path !== null) item.command = openAt(entry.path, 1, "Go to the File");
  return item;
}

/** Return a stack frame's row; one inside of the folder leads to its line. */
export function frameItem(frame: ShownFrame): vscode.TreeItem {
  const item = new vscode.TreeItem(frame.name);
  item.description = frame.path === null ? "outside of this folder" : `${vscode.workspace.asRelativePath(frame.path)}:${frame.line ?? 1}`;
  item.iconPath = new vscode.ThemeIcon("debug-stackframe");
  if (frame.path !== null) item.command = openAt(frame.path, frame.line, "Go to the Frame");
  return item;
}

function openAt(path: string | null, line: number | null, title: string): vscode.Command {
  const at = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  return { title, command: "vscode.open", arguments: [vscode.Uri.file(path ?? ""), { selection: new vscode.Range(at, at) }] };
}

/** Return an entry's icon: a note's own kind, a test run's colour. */
export function icon(entry: Entry): vscode.ThemeIcon {
  if (entry.is_agent) return new vscode.ThemeIcon("hubot");
  const note = KINDS.find((one) => one.kind === entry.note_kind);
  if (note !== undefined) return new vscode.ThemeIcon(note.icon);
  if (entry.type !== "test_run") return new vscode.ThemeIcon(ICONS[entry.type] ?? "circle-outline");
  const isRed = entry.failed_tests.length > 0 || /exit [1-9]|[1-9]\d* (failed|errors)/.test(entry.summary);
  return isRed
    ? new vscode.ThemeIcon("testing-failed-icon", new vscode.ThemeColor("testing.iconFailed"))
    : new vscode.ThemeIcon("testing-passed-icon", new vscode.ThemeColor("testing.iconPassed"));
}

/** Return a failing test's row. */
export function testItem(test: FailedTest): vscode.TreeItem {
  const item = new vscode.TreeItem(test.test_id);
  item.description = test.message;
  item.tooltip = test.path === null ? "Its file was not found in this folder" : `${test.path}:${test.line ?? 1}`;
  item.iconPath = new vscode.ThemeIcon("testing-failed-icon", new vscode.ThemeColor("testing.iconFailed"));
  if (test.path !== null) item.command = openAt(test.path, test.line, "Go to Test");
  return item;
}

function openDiff(entry: Entry, traceId: string): vscode.Command {
  const name = entry.summary.split(" ")[0] ?? "edit";
  const [before, after] = [editUri(traceId, entry.seq, "before", name), editUri(traceId, entry.seq, "after", name)];
  return { title: "Open Diff", command: "vscode.diff", arguments: [before, after, `${name} (event ${entry.seq})`, { preview: true }] };
}

function label(kind: string): string {
  return KINDS.find((one) => one.kind === kind)?.label.toLowerCase() ?? kind;
}
