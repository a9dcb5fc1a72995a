// Notes: a kind, one text box, optionally a confidence and other links; a draft for 30 seconds.

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { Drafted, Entry, NoteDraft, PendingDraft } from "./contract.gen.ts";
import { problemOf, told } from "./session.ts";
import type { Sidecar } from "./sidecar.ts";

type Kind = NoteDraft["kind"];
type Confidence = NonNullable<NoteDraft["confidence"]>;

/** Kinds in the order in which a debugging session needs them. */
export const KINDS: readonly { kind: Kind; label: string; hint: string; icon: string }[] = [
  { kind: "hypothesis", label: "Hypothesis", hint: "what is probably wrong", icon: "lightbulb" },
  { kind: "observation", label: "Observation", hint: "what was seen", icon: "eye" },
  { kind: "plan", label: "Plan", hint: "how to go about it", icon: "list-ordered" },
  { kind: "decision", label: "Decision", hint: "what was chosen, and why", icon: "milestone" },
  { kind: "next_step", label: "Next Step", hint: "what comes now", icon: "arrow-right" },
];
const RECENT = 30;
const HOLD_MS = 10_000;
const LINKED = new Set(["file_edit", "test_run", "cmd_run", "commit", "rationale_note"]);

/** Write a note; without a kind it is asked for first. */
export async function writeNote(sidecar: Sidecar, kind?: Kind): Promise<void> {
  const link = sidecar.state?.note_link;
  const chosen = kind ?? (await chosenKind());
  if (chosen === undefined) return;
  const about = link ? `about: ${link.summary}` : "about nothing yet";
  const text = await textOf(chosen, about, "");
  if (text === undefined) return;
  const draft: NoteDraft = { draft_id: randomUUID(), kind: chosen, text, confidence: null, links: link ? [link.seq] : [] };
  // The text is kept before anything else is asked: closing what follows never loses it.
  if (await keep(sidecar, draft)) await refine(sidecar, draft);
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
  const title = KINDS.find((one) => one.kind === kind)?.label ?? kind;
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    ignoreFocusOut: true,
    validateInput: (written) => (written.length > 20_000 ? "At most 20,000 characters" : undefined),
  });
  return text?.trim() ? text.trim() : undefined;
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
