// Fault episodes as rows: the red runs, the stops, notes and edits that followed, and the green run.

import * as vscode from "vscode";
import type { Entry, Episode, NoteSuggestion } from "./contract.gen.ts";
import { entryItem } from "./sessionItems.ts";

/** A row that is made already; what stands below it is made when somebody opens it. */
export interface MadeNode {
  kind: "made";
  item: vscode.TreeItem;
  children: () => MadeNode[];
}

const MAX_STEPS = 100;

/** Return the row that suggests a note; a click writes one. */
export function suggestionNode(suggestion: NoteSuggestion): MadeNode {
  const item = new vscode.TreeItem(suggestion.text);
  item.id = `suggestion-${suggestion.hint}-${suggestion.seq}`;
  item.iconPath = new vscode.ThemeIcon("lightbulb", new vscode.ThemeColor("charts.yellow"));
  item.tooltip = "A click writes a note; “Not now” puts this away. patchtrail.notes.hints turns suggestions off.";
  item.contextValue = "suggestion";
  item.command = { title: "Write a Note", command: "patchtrail.hint.note" };
  return { kind: "made", item, children: () => [] };
}

/** Return the group of episodes, the newest first; nothing while there are none. */
export function episodesNode(episodes: Episode[], entries: Entry[], traceId: string): MadeNode[] {
  if (episodes.length === 0) return [];
  const known = (seq: number): Entry | undefined => entryOf(entries, seq);
  const open = episodes.filter((one) => one.green === null).length;
  const item = new vscode.TreeItem("Fault episodes", vscode.TreeItemCollapsibleState.Expanded);
  item.id = "episodes";
  item.description = open === 0 ? `${episodes.length}, all green` : `${open} open of ${episodes.length}`;
  item.iconPath = new vscode.ThemeIcon("bug");
  return [{ kind: "made", item, children: () => [...episodes].reverse().map((one) => episodeNode(one, known, traceId)) }];
}

/** Return what is recorded, in a few words. */
export function countsOf(entries: Entry[], episodes: Episode[]): string {
  const count = (type: string): number => entries.filter((entry) => entry.type === type).length;
  const told: [number, string][] = [
    [count("file_edit"), "edit"],
    [count("test_run"), "test run"],
    [count("debug_stop"), "stop"],
    [count("rationale_note"), "note"],
    [episodes.filter((one) => one.green === null).length, "open fault"],
  ];
  return told.filter(([number]) => number > 0).map(([number, noun]) => `${number} ${noun}${number === 1 ? "" : "s"}`).join(" · ");
}

function episodeNode(episode: Episode, known: (seq: number) => Entry | undefined, traceId: string): MadeNode {
  const name = episode.test_id || episode.command_line || "a failing command";
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  const id = `episode-${episode.red[0] ?? 0}-${name}`;
  const isOpen = episode.green === null;
  item.id = id;
  item.description = isOpen ? `red, ${runs(episode.red_runs)}` : `green after ${told((episode.green_ms ?? 0) - episode.red_ms)}`;
  item.iconPath = isOpen
    ? new vscode.ThemeIcon("testing-failed-icon", new vscode.ThemeColor("testing.iconFailed"))
    : new vscode.ThemeIcon("testing-passed-icon", new vscode.ThemeColor("testing.iconPassed"));
  item.tooltip = [episode.message, ...(episode.is_flaky ? ["Flaky: it turned green though nothing changed."] : [])].join("\n");
  item.contextValue = isOpen ? "episode-open" : "episode";
  return { kind: "made", item, children: () => stepsOf(episode).map((seq) => stepNode(seq, episode, known, traceId, id)) };
}

function stepsOf({ red, stops, notes, edits, green }: Episode): number[] {
  const all = [...new Set([...red, ...stops, ...notes, ...edits, ...(green === null ? [] : [green])])].sort((one, other) => one - other);
  return all.length <= MAX_STEPS ? all : [...all.slice(0, 1), ...all.slice(1 - MAX_STEPS)];
}

function stepNode(seq: number, episode: Episode, known: (seq: number) => Entry | undefined, traceId: string, parent: string): MadeNode {
  const entry = known(seq);
  const item = entry === undefined ? new vscode.TreeItem(`event ${seq}`) : entryItem(entry, traceId);
  item.id = `${parent}-${seq}`;
  item.collapsibleState = vscode.TreeItemCollapsibleState.None;
  item.contextValue = "step";
  if (seq === episode.first_fixing_edit) item.description = `first fixing edit · ${item.description ?? ""}`;
  const test = entry?.failed_tests.find((one) => one.test_id === episode.test_id);
  if (test?.path) {
    const at = new vscode.Position(Math.max(0, (test.line ?? 1) - 1), 0);
    item.command = { title: "Go to Test", command: "vscode.open", arguments: [vscode.Uri.file(test.path), { selection: new vscode.Range(at, at) }] };
  }
  return { kind: "made", item, children: () => [] };
}

/** Entries come in order, so one of thousands is found by halving. */
function entryOf(entries: Entry[], seq: number): Entry | undefined {
  let [low, high] = [0, entries.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return entries[low]?.seq === seq ? entries[low] : undefined;
}

function runs(count: number): string {
  return count === 1 ? "1 run" : `${count} runs`;
}

function told(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
