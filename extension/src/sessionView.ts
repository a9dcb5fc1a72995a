// The tree of the running session: drafts on top, then what was recorded, newest first; failing tests below their run.

import * as vscode from "vscode";
import type { Coverage, CoverageGap, Entry, FailedTest, PendingDraft, SessionState } from "./contract.gen.ts";
import { coverageItem, gapItem } from "./coverageNodes.ts";
import { editUri } from "./editTexts.ts";
import { KINDS } from "./notes.ts";
import type { Sidecar } from "./sidecar.ts";

type Node =
  | { kind: "coverage"; coverage: Coverage }
  | { kind: "gap"; gap: CoverageGap }
  | { kind: "draft"; draft: PendingDraft }
  | { kind: "entry"; entry: Entry }
  | { kind: "detail"; text: string }
  | { kind: "test"; test: FailedTest };

const ICONS: Record<string, string> = {
  session_start: "play-circle",
  file_edit: "edit",
  cmd_run: "terminal",
  test_run: "beaker",
  commit: "git-commit",
  rationale_note: "note",
  pause: "debug-pause",
  resume: "debug-start",
  gap: "warning",
  clock_step: "clock",
  recovered: "debug-restart",
  session_end: "stop-circle",
};
const QUIET_MS = 150;
const SHOWN = 500;

/** Shows what the sidecar remembers of the running session. */
export class SessionView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  #entries: Entry[] = [];
  #drafts: PendingDraft[] = [];
  #coverage: Coverage | null = null;
  #generation = 0;
  #traceId: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isFetching = false;
  #isStale = false;

  constructor(private readonly sidecar: Sidecar) {}

  /** Follow the sidecar: what is new is fetched once things are quiet. */
  follow(state: SessionState): void {
    if (state.trace_id !== this.#traceId) this.#clear(state.trace_id);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetch(), QUIET_MS);
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) {
      return [
        ...(this.#coverage === null ? [] : [{ kind: "coverage", coverage: this.#coverage } satisfies Node]),
        ...this.#drafts.map((draft): Node => ({ kind: "draft", draft })),
        ...this.#entries.map((entry): Node => ({ kind: "entry", entry })).reverse(),
      ];
    }
    if (node.kind === "coverage") return node.coverage.gaps.map((gap): Node => ({ kind: "gap", gap }));
    if (node.kind !== "entry") return [];
    const { failed_tests: tests, details } = node.entry;
    if (tests.length > 0) return tests.map((test): Node => ({ kind: "test", test }));
    return details.map((text): Node => ({ kind: "detail", text }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case "coverage":
        return coverageItem(node.coverage);
      case "gap":
        return gapItem(node.gap);
      case "draft":
        return draftItem(node.draft);
      case "entry":
        return entryItem(node.entry, `${this.#traceId ?? ""} ${this.#generation}`);
      case "test":
        return testItem(node.test);
      case "detail":
        return new vscode.TreeItem(node.text);
    }
  }

  /** Show nothing: there is no sidecar. */
  clear(): void {
    this.#clear(null);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
  }

  #clear(traceId: string | null): void {
    this.#entries = [];
    this.#drafts = [];
    this.#coverage = null;
    this.#traceId = traceId;
    this.#changed.fire(undefined);
  }

  async #fetch(): Promise<void> {
    this.#isStale = this.#isFetching;
    if (this.#isFetching || this.sidecar.state === undefined) return;
    this.#isFetching = true;
    try {
      const last = this.#entries.at(-1);
      const told = await this.sidecar.request("patchtrail/session/entries", { since_seq: last === undefined ? 0 : last.seq + 1 });
      if (told.trace_id !== this.#traceId) this.#clear(told.trace_id);
      const generation = told.generation ?? 0;
      if (generation !== this.#generation) {
        // Events were forgotten, and others may have taken their numbers: everything is read anew.
        this.#generation = generation;
        this.#clear(told.trace_id);
        this.#isStale ||= last !== undefined;
      }
      const newest = this.#entries.at(-1)?.seq ?? -1;
      this.#entries = [...this.#entries, ...told.entries.filter((entry) => entry.seq > newest)].slice(-SHOWN);
      this.#drafts = told.drafts;
      this.#coverage = told.trace_id === null ? null : (told.coverage ?? null);
      this.#changed.fire(undefined);
    } catch {
      // The next news of the sidecar's state fetches again.
    } finally {
      this.#isFetching = false;
      if (this.#isStale) void this.#fetch();
    }
  }
}

function draftItem(draft: PendingDraft): vscode.TreeItem {
  const item = new vscode.TreeItem(draft.text);
  item.id = `draft-${draft.draft_id}`;
  item.description = `draft: ${label(draft.kind)}`;
  item.tooltip = "Recorded 30 seconds after it was written, or when you confirm it";
  item.iconPath = new vscode.ThemeIcon("edit-session");
  item.contextValue = "draft";
  return item;
}

function entryItem(entry: Entry, traceId: string): vscode.TreeItem {
  const hasMore = entry.failed_tests.length > 0 || (entry.details.length > 0 && entry.type !== "file_edit");
  const item = new vscode.TreeItem(
    entry.summary,
    hasMore ? (entry.failed_tests.length > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed) : vscode.TreeItemCollapsibleState.None,
  );
  item.id = `event-${entry.seq}`;
  item.description = new Date(entry.ts_ms).toLocaleTimeString();
  item.tooltip = [`Event ${entry.seq}: ${entry.type.replace("_", " ")}`, ...entry.details].join("\n");
  item.iconPath = icon(entry);
  item.contextValue = entry.has_diff ? "edit" : entry.type;
  if (entry.has_diff) item.command = openDiff(entry, traceId);
  return item;
}

function icon(entry: Entry): vscode.ThemeIcon {
  if (entry.type !== "test_run") return new vscode.ThemeIcon(ICONS[entry.type] ?? "circle-outline");
  const isRed = entry.failed_tests.length > 0 || /exit [1-9]|[1-9]\d* (failed|errors)/.test(entry.summary);
  return isRed
    ? new vscode.ThemeIcon("testing-failed-icon", new vscode.ThemeColor("testing.iconFailed"))
    : new vscode.ThemeIcon("testing-passed-icon", new vscode.ThemeColor("testing.iconPassed"));
}

function testItem(test: FailedTest): vscode.TreeItem {
  const item = new vscode.TreeItem(test.test_id);
  item.description = test.message;
  item.tooltip = test.path === null ? "Its file was not found in this folder" : `${test.path}:${test.line ?? 1}`;
  item.iconPath = new vscode.ThemeIcon("testing-failed-icon", new vscode.ThemeColor("testing.iconFailed"));
  if (test.path !== null) {
    const at = new vscode.Position(Math.max(0, (test.line ?? 1) - 1), 0);
    item.command = {
      title: "Go to Test",
      command: "vscode.open",
      arguments: [vscode.Uri.file(test.path), { selection: new vscode.Range(at, at) }],
    };
  }
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
