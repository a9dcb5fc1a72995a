// The key of the model at an address, where the editor keeps secrets; and the choice of the model.

import * as vscode from "vscode";
import type { ModelKey } from "./contract.gen.ts";
import { editorModels } from "./editorModel.ts";

const NAME = "patchtrail.modelKey";

/** The one key that is kept, with the address that it was given for. */
export class ModelKeys {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  /** What the sidecar is told; undefined when there is none. */
  async held(): Promise<ModelKey | undefined> {
    const text = await this.secrets.get(NAME);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as ModelKey);
    } catch {
      // One that cannot be read is none. The error would quote it.
      return undefined;
    }
  }

  /** Ask for the key of the address that the settings name, and keep it; an empty one is forgotten. */
  async ask(): Promise<void> {
    const url = setting("model.url");
    if (url === "") throw new Error("Choose a model at an address first: Choose the Model for Fixes.");
    const key = await vscode.window.showInputBox({
      title: "Set Model Key",
      prompt: `Key for ${url}. It is sent there and nowhere else. Empty: forget it.`,
      password: true,
      ignoreFocusOut: true,
    });
    if (key === undefined) return;
    if (key.trim() === "") await this.secrets.delete(NAME);
    else await this.secrets.store(NAME, JSON.stringify({ url, key: key.trim() } satisfies ModelKey));
  }

  /** Learn that the key changed, in this window or another. */
  onDidChange(changed: () => void): vscode.Disposable {
    return this.secrets.onDidChange((event) => {
      if (event.key === NAME) changed();
    });
  }
}

interface Row extends vscode.QuickPickItem {
  settings: Record<string, string>;
  isAddress?: boolean;
}

/** Choose who makes patches, in the user's own settings. */
export async function chooseModel(): Promise<void> {
  const rows: Row[] = [
    { label: "$(tools) Rules Alone", detail: "The fixes of the tools themselves; works offline.", settings: { "model.source": "rules" } },
    { label: "$(globe) A Model at an Address…", detail: "Any server that speaks OpenAI's API, or Anthropic's.", settings: { "model.source": "endpoint" }, isAddress: true },
    ...(await editorModels()).map((model): Row => ({ label: `$(sparkle) ${model.name}`, detail: `The editor's own, from ${model.vendor}; needs no key.`, settings: { "model.source": "editor", "model.name": model.id } })),
  ];
  const picked = await vscode.window.showQuickPick(rows, { title: "Choose the Model for Fixes" });
  if (picked === undefined) return;
  const more = picked.isAddress ? await address() : {};
  if (more === undefined) return;
  const section = vscode.workspace.getConfiguration("patchtrail");
  for (const [name, value] of Object.entries({ ...picked.settings, ...more })) await section.update(name, value, vscode.ConfigurationTarget.Global);
}

async function address(): Promise<Record<string, string> | undefined> {
  const url = await vscode.window.showInputBox({ title: "A Model at an Address (1/2)", prompt: "Base address of its API", value: setting("model.url") || "http://localhost:11434/v1", ignoreFocusOut: true, validateInput: problemWith });
  if (url === undefined) return undefined;
  const name = await vscode.window.showInputBox({ title: "A Model at an Address (2/2)", prompt: "The model's name there", value: setting("model.name"), ignoreFocusOut: true });
  return name === undefined ? undefined : { "model.url": url.trim(), "model.name": name.trim() };
}

function problemWith(url: string): string | undefined {
  try {
    return ["http:", "https:"].includes(new URL(url.trim()).protocol) ? undefined : "An address begins with https:// or http://";
  } catch {
    return "An address such as https://models.example/v1";
  }
}

function setting(name: string): string {
  return vscode.workspace.getConfiguration("patchtrail").get<string>(name) ?? "";
}
