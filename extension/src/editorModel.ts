// The editor's own language models: asked for a fix that somebody chose, with what the sidecar prepared, and no key.

import * as vscode from "vscode";
import type { ModelAsk, ModelMessage, ModelSaid } from "./contract.gen.ts";

/** Return the models that the editor has; none where it has no such thing. */
export async function editorModels(): Promise<vscode.LanguageModelChat[]> {
  // Editors that are built from VS Code may come without language models.
  return (await vscode.lm?.selectChatModels?.().then((found) => found, () => [])) ?? [];
}

/** Ask the chosen model, or the first there is; throws what a person should read. */
export async function askEditorModel(asked: ModelAsk, token: vscode.CancellationToken): Promise<ModelSaid> {
  const models = await editorModels();
  const wanted = asked.model ?? "";
  const model = wanted === "" ? models[0] : models.find((one) => [one.id, one.family, one.name].includes(wanted));
  if (model === undefined) throw new Error(wanted === "" ? "this editor has no language model" : `this editor has no language model called ${wanted}`);
  const answer = await model.sendRequest(asked.messages.map(message), { justification: "You asked for a fix." }, token);
  let text = "";
  for await (const piece of answer.text) text += piece;
  return { text, model: model.id };
}

/** A language model of the editor's knows no system's messages. */
function message({ role, content }: ModelMessage): vscode.LanguageModelChatMessage {
  return role === "assistant" ? vscode.LanguageModelChatMessage.Assistant(content) : vscode.LanguageModelChatMessage.User(content);
}
