// Notes: a kind, one text box, optionally a confidence and other links; a draft for 30 seconds.

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { Drafted, Entry, NoteDraft, PendingDraft } from "./contract.gen.ts";
import { draftWithModel } from "./draftModel.ts";
import { askText, type Written } from "./noteBox.ts";
import { type Kind, KIND_AT, KINDS } from "./noteKinds.ts";
import { problemOf, told } from "./session.ts";
import type { Sidecar } from "./sidecar.ts";

type Confidence = NonNullable<NoteDraft["confidence"]>;
type Origin = Pick<NoteDraft, "source" | "hint" | "place">;

const RECENT = 30;
const HOLD_MS = 10_000;
const LINKED = new Set(["file_edit", "test_run", "cmd_run", "commit", "rationale_note", "debug_stop"]);

/** Write a note; without a kind it is asked for first. A suggestion that shows meanwhile has probably led to it. */
export async function writeNote(sidecar: Sidecar, kind?: Kind, origin: Origin = {}): Promise<void> {
  const { note_link: last, note_suggestion: suggested } = sidecar.state ?? {};
  const link = origin.source === "hint" && suggested ? { seq: suggested.seq, summary: suggested.text } : last;
  const chosen = kind ?? (await chosenKind());
  if (chosen === undefined) return;
  const place = origin.place ? `lines ${origin.place.start_line} to ${origin.place.end_line}; ` : "";
  const about = link ? `${place}about: ${link.summary}` : `${place}about nothing yet`;
  const written = await writtenOf(sidecar, chosen, about);
  if (written === undefined) return;
  const { text, drafted } = written;
  const source = drafted === null ? (origin.source ?? "keyboard") : "editor_model";
  const draft: NoteDraft = {
    draft_id: randomUUID(),
    kind: chosen,
    text,
    confidence: null,
    links: link ? [link.seq] : [],
    source,
    hint: suggested?.hint ?? null,
    place: origin.place ?? null,
    draft_text: drafted,
  };
  // The text is kept before anything else is asked: closing what follows never loses it.
  if (await keep(sidecar, draft)) await refine(sidecar, draft);
}

/** Write a note about the lines that are selected. */
export async function writeNoteOnSelection(sidecar: Sidecar): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.document.uri.scheme !== "file") throw new Error("A note from a selection needs a file in the editor.");
  const { start, end } = editor.selection;
  // A selection that ends before the first character of a line does not hold that line.
  const last = end.line > start.line && end.character === 0 ? end.line - 1 : end.line;
  const place = { path: editor.document.uri.fsPath, start_line: start.line + 1, end_line: last + 1 };
  await writeNote(sidecar, undefined, { source: "selection", place });
}

/** Write the note that is suggested. */
export async function writeSuggestedNote(sidecar: Sidecar): Promise<void> {
  const suggested = sidecar.state?.note_suggestion;
  await writeNote(sidecar, suggested ? KIND_AT[suggested.hint] : undefined, { source: suggested ? "hint" : "keyboard" });
}

/** Change a draft's text. */
export async function editDraft(sidecar: Sidecar, { confirms_in_ms: _, ...draft }: PendingDraft): Promise<void> {
  const text = await holding(sidecar, draft, () => textOf(draft.kind, "Enter keeps it for another 30 seconds", draft.text));
  if (text !== undefined) await keep(sidecar, { ...draft, text });
}

/** Record every draft now. */
export async function confirmDrafts(sidecar: Sidecar): Promise<void> {
  const { drafts } = await sidecar.request("patchtrail/session/entries", { since_seq: Number.MAX_SAFE_INTEGER });
  for (const { draft_id } of drafts) await confirm(sidecar, draft_id);
}

/** Record a draft now; one whose time was over meanwhile is recorded already. */
export async function confirm(sidecar: Sidecar, draft_id: string): Promise<void> {
  try {
    await sidecar.request("patchtrail/note/confirm", { draft_id });
  } catch (error) {
    if (problemOf(error)?.code !== "no_draft") throw error;
  }
}

async function chosenKind(): Promise<Kind | undefined> {
  const rows = KINDS.map(({ kind, label, hint, icon }) => ({ label: `$(${icon}) ${label}`, description: hint, chosen: kind }));
  return (await vscode.window.showQuickPick(rows, { title: "Note", placeHolder: "What kind of note?" }))?.chosen;
}

async function textOf(kind: Kind, prompt: string, value: string): Promise<string | undefined> {
  return (await askText({ title: titleOf(kind), prompt, value }))?.text;
}

async function writtenOf(sidecar: Sidecar, kind: Kind, prompt: string): Promise<Written | undefined> {
  return askText({ title: titleOf(kind), prompt, value: "", draft: (token) => draftWithModel(sidecar, kind, token) });
}

function titleOf(kind: Kind): string {
  return KINDS.find((one) => one.kind === kind)?.label ?? kind;
}

/** A draft that is being looked at does not run out of time. */
async function holding<Answer>(sidecar: Sidecar, draft: NoteDraft, asking: () => Thenable<Answer>): Promise<Answer> {
  const timer = setInterval(() => void sidecar.request("patchtrail/note/draft", draft).catch(() => undefined), HOLD_MS);
  try {
    return await asking();
  } finally {
    clearInterval(timer);
  }
}

async function keep(sidecar: Sidecar, draft: NoteDraft): Promise<boolean> {
  const send = (): Promise<Drafted> => sidecar.request("patchtrail/note/draft", draft);
  try {
    // Where the sidecar was restarted in between; sent twice under one id, a draft is still one draft.
    const kept = await send().catch((error: unknown) => (problemOf(error) === undefined ? send() : Promise.reject(error)));
    return kept.is_drafted || (await again(sidecar, draft, kept.reasons.join(" ")));
  } catch (error) {
    if (problemOf(error)?.code === "draft_recorded") return true;
    return again(sidecar, draft, told(error));
  }
}

/** What a person wrote is never thrown away: where it cannot be kept, it is offered again. */
async function again(sidecar: Sidecar, draft: NoteDraft, why: string): Promise<boolean> {
  const text = await textOf(draft.kind, `Not recorded: ${why} Enter tries again.`, draft.text);
  return text === undefined ? false : keep(sidecar, { ...draft, text });
}

async function refine(sidecar: Sidecar, draft: NoteDraft): Promise<void> {
  const done = { label: "$(check) Done", description: "record it now; Escape leaves it a draft for 30 s" };
  const levels = (["low", "medium", "high"] as const).map((confidence) => ({
    label: `$(dashboard) ${confidence[0]?.toUpperCase()}${confidence.slice(1)} confidence`,
    confidence: confidence as Confidence,
  }));
  const links = { label: "$(link) About something else…" };
  const rows: (vscode.QuickPickItem & { confidence?: Confidence })[] = [done, ...levels, links];
  const picked = await holding(sidecar, draft, () => vscode.window.showQuickPick(rows, { title: "Note", placeHolder: "Enter records it" }));
  if (picked === undefined) return;
  if (picked === links) {
    const linked = await chosenLinks(sidecar, draft.links ?? []);
    return refineKept(sidecar, { ...draft, links: linked });
  }
  if (picked.confidence !== undefined) await keep(sidecar, { ...draft, confidence: picked.confidence });
  await confirm(sidecar, draft.draft_id);
}

async function refineKept(sidecar: Sidecar, draft: NoteDraft): Promise<void> {
  if (await keep(sidecar, draft)) await refine(sidecar, draft);
}

async function chosenLinks(sidecar: Sidecar, links: number[]): Promise<number[]> {
  const { entries } = await sidecar.request("patchtrail/session/entries", { since_seq: 0 });
  const rows = entries
    .filter((entry) => LINKED.has(entry.type))
    .slice(-RECENT)
    .reverse()
    .map((entry: Entry) => ({ label: entry.summary, description: `event ${entry.seq}`, picked: links.includes(entry.seq), seq: entry.seq }));
  const picked = await vscode.window.showQuickPick(rows, { title: "What is the note about?", canPickMany: true });
  return picked?.map((row) => row.seq) ?? links;
}
