// The changes of one document since its last save, as groups of facts. Knows no editor; keeps no text.

import type { ChangeGroup } from "./contract.gen.ts";

export type MovedBy = NonNullable<ChangeGroup["moved_by"]>;

/** A place in a document: line and UTF-16 unit, from 0. */
export interface Place {
  line: number;
  character: number;
}

/** One place that an event changed, where it was before. */
export interface Change {
  range: { start: Place; end: Place };
  rangeLength: number;
  text: string;
}

/** A cursor, or what is selected. */
export interface Cursor {
  start: Place;
  end: Place;
  active: Place;
}

/** What else is known at the moment of a change. */
export interface Around {
  atMs: number;
  reason: NonNullable<ChangeGroup["reason"]>;
  /** Whether the editor calls the document changed already; for the first change after a save it says so later. */
  isDirty: boolean;
  /** Those of the active editor, when it shows the document. */
  cursors: readonly Cursor[] | undefined;
  isFocused: boolean;
  isOnDiagnostic: boolean;
  isFixAsked: boolean;
  isPatch: boolean;
  isCommandRunning: boolean;
}

type Facts = Required<Omit<ChangeGroup, "told_first">> & { told_first: NonNullable<ChangeGroup["told_first"]> };

/** The last event, of which the editor may still tell more. */
interface Pending {
  facts: Facts;
  first: Change;
  wasDirty: boolean;
}

/** What was just typed on one line. */
interface Typed {
  line: number;
  from: number;
  to: number;
  atMs: number;
}

const MAX_GROUPS = 256;
const MAX_CURSORS = 50;
const TELLING_MS = 100;
const SAME_RUN_MS = 2_000;
const TYPING_MS = 10_000;
/** Save actions may be done before the editor says that it is about to save: mostly at once, on a busy machine later. */
const BEFORE_SAVE_MS = 5_000;
/** Or after it said so; a save that fails is never told of, and what changes later is no part of it. */
const DURING_SAVE_MS = 10_000;
/** More than a key and what the editor adds to it. */
export const LONG_INSERT = 4;
const WORD = 60;
const COUNTED = 10_000;

/** Follows one document. Every method takes a time that does not depend on how long the document is. */
export class DocumentChanges {
  #groups: Facts[] = [];
  #pending: Pending | undefined;
  #typed: Typed | undefined;
  #isWhole = true;
  #savingMs: number | undefined;

  /** Take one event's changes; the group that it became, for what is only known later. */
  changed(changes: readonly Change[], around: Around): ChangeGroup | undefined {
    const first = topmost(changes);
    if (first === undefined) return undefined;
    this.#settle();
    this.#pending = { facts: this.#facts(changes, first, around), first, wasDirty: around.isDirty };
    return this.#pending.facts;
  }

  /** The editor says that the document differs from its file now. */
  dirtied(): void {
    const pending = this.#pending;
    if (pending === undefined || pending.wasDirty) return;
    pending.facts.is_clean = false;
    if (pending.facts.told_first === "unknown") pending.facts.told_first = "change";
  }

  /** The editor says where the cursors are now, and by whom. */
  moved(by: MovedBy, cursors: readonly Cursor[], atMs: number): void {
    const pending = this.#pending;
    if (pending !== undefined && pending.facts.moved_by === "none" && atMs - pending.facts.ended_ms < TELLING_MS && lands(pending.first, cursors)) {
      pending.facts.moved_by = by;
      if (!pending.wasDirty && pending.facts.told_first === "unknown") pending.facts.told_first = "cursor";
    }
  }

  /** It is about to be saved; what changed right before was done by what acts on saving, when something does. */
  saving(hasSaveActions: boolean, atMs: number): void {
    this.#settle();
    this.#savingMs = atMs;
    if (!hasSaveActions) return;
    for (let number = this.#groups.length - 1; number >= 0; number--) {
      const group = this.#groups[number];
      if (group === undefined || group.ended_ms < atMs - BEFORE_SAVE_MS) break;
      if (group.moved_by !== "keyboard") group.saved_after_ms = atMs - group.ended_ms;
    }
  }

  /** It was saved: return what happened since the last time, and begin anew. */
  saved(): { groups: ChangeGroup[]; isWhole: boolean } {
    this.#settle();
    const taken = { groups: this.#groups.map(withoutDefaults), isWhole: this.#isWhole };
    this.#groups = [];
    this.#isWhole = true;
    this.#savingMs = undefined;
    return taken;
  }

  #facts(changes: readonly Change[], first: Change, around: Around): Facts {
    const { cursors } = around;
    const deleted = changes.reduce((sum, one) => sum + one.rangeLength, 0);
    const inserted = changes.reduce((sum, one) => sum + one.text.length, 0);
    return {
      started_ms: around.atMs,
      ended_ms: around.atMs,
      events: 1,
      ranges: changes.length,
      inserted,
      deleted,
      largest_insert: changes.reduce((most, one) => Math.max(most, one.text.length), 0),
      largest_delete: changes.reduce((most, one) => Math.max(most, one.rangeLength), 0),
      reason: around.reason,
      moved_by: "none",
      told_first: "unknown",
      is_at_cursor: cursors !== undefined && cursors.slice(0, MAX_CURSORS).some((one) => touches(first, one)),
      is_over_selection: cursors !== undefined && first.rangeLength > 0 && cursors.slice(0, MAX_CURSORS).some((one) => isSame(first, one)),
      saved_after_ms: this.#savingMs !== undefined && around.atMs - this.#savingMs < DURING_SAVE_MS ? 0 : null,
      is_clean: !around.isDirty,
      is_active: cursors !== undefined,
      is_focused: around.isFocused,
      is_blank: inserted > 0 && changes.every((one) => one.text.length <= COUNTED && one.text.trim() === ""),
      is_completing: changes.length === 1 && this.#completes(first, around.atMs),
      is_on_diagnostic: around.isOnDiagnostic,
      is_fix_asked: around.isFixAsked,
      is_patch: around.isPatch,
      is_command_running: around.isCommandRunning,
      clipboard: "unknown",
      documents: 1,
    };
  }

  /** The end, or the whole, of what is being typed becomes another word; or one follows it. */
  #completes({ range, text }: Change, atMs: number): boolean {
    const typed = this.#typed;
    if (typed === undefined || text === "" || text.length > WORD || /\s/.test(text) || atMs - typed.atMs > TYPING_MS) return false;
    const isOnLine = range.start.line === typed.line && range.end.line === typed.line;
    return isOnLine && range.start.character >= typed.from && range.end.character === typed.to && (range.start.character < typed.to || text.length > 1);
  }

  #settle(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    // The editor names the keyboard or the mouse: nothing that acts on saving did it.
    if (pending.facts.moved_by === "keyboard" || pending.facts.moved_by === "mouse") pending.facts.saved_after_ms = null;
    this.#follow(pending);
    this.#add(pending.facts);
  }

  #follow({ facts, first }: Pending): void {
    const { line, character } = first.range.start;
    const isTyped = facts.moved_by === "keyboard" || facts.is_completing;
    if (!isTyped || facts.ranges > 1 || first.text.includes("\n")) {
      this.#typed = undefined;
      return;
    }
    const before = this.#typed;
    const goesOn = before !== undefined && before.line === line && character >= before.from && character <= before.to;
    // The editor closes a bracket behind the cursor: what follows is typed inside of it.
    const end = character + (facts.is_completing || first.text.length !== 2 ? first.text.length : 1);
    this.#typed = { line, from: goesOn ? before.from : character, to: end, atMs: facts.ended_ms };
  }

  #add(facts: Facts): void {
    const last = this.#groups.at(-1);
    if (last !== undefined && facts.started_ms - last.ended_ms <= SAME_RUN_MS && isAlike(last, facts)) return merge(last, facts);
    if (this.#groups.length < MAX_GROUPS) {
      this.#groups.push(facts);
      return;
    }
    // Their order is lost then, and nothing else.
    const like = this.#groups.findLast((one) => isAlike(one, facts));
    if (like === undefined) this.#isWhole = false;
    else merge(like, facts);
  }
}

const ALIKE = [
  ...(["reason", "moved_by", "is_at_cursor", "is_over_selection", "saved_after_ms", "is_clean", "is_active", "is_focused"] as const),
  ...(["is_blank", "is_completing", "is_on_diagnostic", "is_fix_asked", "is_patch", "is_command_running", "clipboard", "documents"] as const),
] as const;

function isAlike(one: Facts, other: Facts): boolean {
  if (size(one) !== size(other)) return false;
  for (const name of ALIKE) if (one[name] !== other[name]) return false;
  return true;
}

function size(facts: Facts): string {
  const inserts = facts.largest_insert === 0 ? 0 : facts.largest_insert > LONG_INSERT ? 2 : 1;
  return `${inserts}${facts.largest_delete > 1 ? "+" : ""}`;
}

function merge(into: Facts, facts: Facts): void {
  into.ended_ms = Math.max(into.ended_ms, facts.ended_ms);
  into.events += facts.events;
  into.ranges = Math.max(into.ranges, facts.ranges);
  into.inserted += facts.inserted;
  into.deleted += facts.deleted;
  into.largest_insert = Math.max(into.largest_insert, facts.largest_insert);
  into.largest_delete = Math.max(into.largest_delete, facts.largest_delete);
  if (into.told_first === "unknown") into.told_first = facts.told_first;
}

/** Most facts are as they are most of the time; those are left out. */
const DEFAULTS: Partial<Facts> = {
  ...{ ranges: 1, largest_insert: 0, largest_delete: 0, reason: "none", moved_by: "none", told_first: "unknown" },
  ...{ is_at_cursor: false, is_over_selection: false, saved_after_ms: null, is_clean: false, is_active: false, is_focused: false },
  ...{ is_blank: false, is_completing: false, is_on_diagnostic: false, is_fix_asked: false, is_patch: false },
  ...{ is_command_running: false, clipboard: "unknown", documents: 1 },
};

function withoutDefaults(facts: Facts): ChangeGroup {
  const told = Object.entries(facts).filter(([name, value]) => value !== DEFAULTS[name as keyof Facts]);
  return Object.fromEntries(told) as unknown as ChangeGroup;
}

/** The editor tells the changes of an event from the end of the document to its beginning, mostly. */
function topmost(changes: readonly Change[]): Change | undefined {
  return changes.reduce<Change | undefined>((top, one) => (top === undefined || isBefore(one.range.start, top.range.start) ? one : top), undefined);
}

/** Whether a cursor stands in what was inserted, or where something was deleted: another one was moved for itself. */
function lands({ range, text }: Change, cursors: readonly Cursor[]): boolean {
  const end = endOf(range.start, text);
  return cursors.slice(0, MAX_CURSORS).some(({ active }) => !isBefore(active, range.start) && !isBefore(end, active));
}

function endOf({ line, character }: Place, text: string): Place {
  if (text.length > COUNTED) return { line: Infinity, character: 0 };
  const last = text.lastIndexOf("\n");
  if (last < 0) return { line, character: character + text.length };
  return { line: line + text.split("\n").length - 1, character: text.length - last - 1 };
}

function touches({ range }: Change, cursor: Cursor): boolean {
  return !isBefore(range.end, cursor.start) && !isBefore(cursor.end, range.start);
}

function isSame({ range }: Change, cursor: Cursor): boolean {
  return isAt(range.start, cursor.start) && isAt(range.end, cursor.end);
}

function isBefore(one: Place, other: Place): boolean {
  return one.line < other.line || (one.line === other.line && one.character < other.character);
}

function isAt(one: Place, other: Place): boolean {
  return one.line === other.line && one.character === other.character;
}
