// The tree of the running session: a suggestion and drafts on top, then fault episodes, then what was recorded, newest
// first; failing tests stand below their run, frames below their stop.

import * as vscode from "vscode";
import type { BaseStanding, Coverage, CoverageGap, Entry, Episode, FailedTest, NoteSuggestion, PendingDraft, SessionState } from "./contract.gen.ts";
import { baseNode } from "./baseNode.ts";
import { coverageItem, gapItem } from "./coverageNodes.ts";
import { countsOf, episodesNode, type MadeNode, suggestionNode } from "./episodeNodes.ts";
import { draftItem, entryItem, frameItem, testItem } from "./sessionItems.ts";
import type { Sidecar } from "./sidecar.ts";

type Node =
  | MadeNode
  | { kind: "older"; until: number }
  | { kind: "coverage"; coverage: Coverage }
  | { kind: "gap"; gap: CoverageGap }
  | { kind: "draft"; draft: PendingDraft }
  | { kind: "entry"; entry: Entry }
  | { kind: "detail"; text: string }
  | { kind: "test"; test: FailedTest };

const QUIET_MS = 150;
const SHOWN = 5_000;
const PAGE = 500;

/** Shows what the sidecar remembers of the running session. */
export class SessionView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  #entries: Entry[] = [];
  #drafts: PendingDraft[] = [];
  #episodes: Episode[] = [];
  #suggestion: NoteSuggestion | null = null;
  #coverage: Coverage | null = null;
  #base: BaseStanding | null = null;
  #generation = 0;
  #traceId: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isFetching = false;
  #isStale = false;

  constructor(private readonly sidecar: Sidecar) {}

  /** Follow the sidecar: what is new is fetched once things are quiet. */
  follow(state: SessionState): void {
    this.#suggestion = state.note_suggestion ?? null;
    this.#base = state.base_snapshot ?? null;
    if (state.trace_id !== this.#traceId) this.#clear(state.trace_id);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetch(), QUIET_MS);
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) {
      return [
        ...(this.#suggestion === null ? [] : [suggestionNode(this.#suggestion)]),
        ...(this.#coverage === null ? [] : [{ kind: "coverage", coverage: this.#coverage } satisfies Node]),
        ...(this.#base === null ? [] : [baseNode(this.#base)]),
        ...this.#drafts.map((draft): Node => ({ kind: "draft", draft })),
        ...episodesNode(this.#episodes, this.#entries, this.#traceId ?? ""),
        ...this.#page(this.#entries.length),
      ];
    }
    if (node.kind === "made") return node.children();
    if (node.kind === "older") return this.#page(node.until);
    if (node.kind === "coverage") return node.coverage.gaps.map((gap): Node => ({ kind: "gap", gap }));
    if (node.kind !== "entry") return [];
    const { failed_tests: tests, details, frames = [] } = node.entry;
    if (frames.length > 0) return frames.map((frame): Node => ({ kind: "made", item: frameItem(frame), children: () => [] }));
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
      case "made":
        return node.item;
      case "older":
        return olderItem(node.until);
      case "detail":
        return new vscode.TreeItem(node.text);
    }
  }

  /** What is recorded, in a few words. */
  get counts(): string {
    return countsOf(this.#entries, this.#episodes);
  }

  /** Show nothing: there is no sidecar. */
  clear(): void {
    this.#clear(null);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
  }

  /** A page at a time: a tree of thousands of rows would be slow to draw. */
  #page(until: number): Node[] {
    const from = Math.max(0, until - PAGE);
    const page = this.#entries.slice(from, until).map((entry): Node => ({ kind: "entry", entry })).reverse();
    return from === 0 ? page : [...page, { kind: "older", until: from }];
  }

  #clear(traceId: string | null): void {
    this.#entries = [];
    this.#drafts = [];
    this.#episodes = [];
    this.#coverage = null;
    if (traceId === null) this.#base = null;
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
      this.#episodes = told.episodes ?? [];
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

function olderItem(count: number): vscode.TreeItem {
  const item = new vscode.TreeItem(`${count} earlier events`, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `older-${count}`;
  item.iconPath = new vscode.ThemeIcon("history");
  return item;
}
