// The language-model tool with which an agent writes a note; it is marked as the agent's wherever it is shown.

import * as vscode from "vscode";
import type { NoteAdd } from "./contract.gen.ts";
import { KINDS } from "./noteKinds.ts";
import { told } from "./session.ts";
import type { Sidecar } from "./sidecar.ts";

const TOOL = "patchtrail_note";
const LEVELS = ["low", "medium", "high"] as const;

/** Register the tool, where the editor has tools. */
export function registerNoteTool(sidecar: Sidecar): vscode.Disposable {
  if (typeof vscode.lm?.registerTool !== "function") return new vscode.Disposable(() => undefined);
  return vscode.lm.registerTool<Record<string, unknown>>(TOOL, {
    prepareInvocation: () => ({ invocationMessage: "Recording a note in the Patchtrail session" }),
    invoke: async ({ input }) => new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(await answerTo(sidecar, input))]),
  });
}

/** An agent gets a sentence whatever happens: a refusal is no failure of its tool. */
async function answerTo(sidecar: Sidecar, input: Record<string, unknown>): Promise<string> {
  const note = noteOf(input);
  if (typeof note === "string") return note;
  try {
    const recorded = await sidecar.request("patchtrail/note/add", note);
    return recorded.is_recorded ? `Recorded as event ${recorded.seq}.` : `Not recorded. ${recorded.reasons.join(" ")}`;
  } catch (error) {
    return `Not recorded. ${told(error)}`;
  }
}

function noteOf(input: Record<string, unknown>): NoteAdd | string {
  const kind = KINDS.find((one) => one.kind === input["kind"])?.kind;
  const text = typeof input["text"] === "string" ? input["text"].trim().slice(0, 20_000) : "";
  if (kind === undefined) return `Not recorded. The kind must be one of ${KINDS.map((one) => one.kind).join(", ")}.`;
  if (text === "") return "Not recorded. The text is empty.";
  const confidence = LEVELS.find((level) => level === input["confidence"]) ?? null;
  const links = Array.isArray(input["links"]) ? input["links"].filter((link) => Number.isSafeInteger(link) && link >= 0).slice(0, 200) : [];
  return { kind, text, confidence, links, author: "agent", source: "tool" };
}
