// A note drafted by the editor's own language model, from what is recorded already: redacted, and only on a click.

import * as vscode from "vscode";
import type { Entry } from "./contract.gen.ts";
import type { Kind } from "./noteKinds.ts";
import type { Sidecar } from "./sidecar.ts";

const RECENT = 40;
const MAX_CHARS = 8_000;
const ASKED: Record<Kind, string> = {
  hypothesis: "what is probably wrong",
  observation: "what was seen",
  plan: "how to go about it",
  decision: "what was chosen, and why",
  next_step: "what comes now",
};

/** Return a draft; throws what a person should read where there is no model, or none may be asked. */
export async function draftWithModel(sidecar: Sidecar, kind: Kind, token: vscode.CancellationToken): Promise<string> {
  // Editors that are built from VS Code may come without language models.
  const models = await vscode.lm?.selectChatModels?.().then((found) => found, () => []);
  const model = models?.[0];
  if (model === undefined) throw new Error("This editor has no language model: please write the note yourself.");
  const { entries } = await sidecar.request("patchtrail/session/entries", { since_seq: 0 });
  try {
    const request = [vscode.LanguageModelChatMessage.User(promptOf(kind, entries))];
    const answer = await model.sendRequest(request, { justification: "You asked for a draft of a note." }, token);
    let text = "";
    for await (const piece of answer.text) text += piece;
    if (text.trim() === "") throw new Error("it answered nothing");
    return text.trim();
  } catch (error) {
    throw new Error(`The language model gave no draft: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What is asked: the last entries as the session view shows them, nothing else. */
function promptOf(kind: Kind, entries: Entry[]): string {
  const lines = entries.slice(-RECENT).map((entry) => [entry.summary, ...entry.details.map((line) => `  ${line}`)].join("\n"));
  const told = lines.join("\n").slice(-MAX_CHARS);
  return `Somebody is debugging. Below is what they did last. In their place, write one note of at most two sentences that says ${ASKED[kind]}. Write the note alone, without a heading.\n\n${told}`;
}
