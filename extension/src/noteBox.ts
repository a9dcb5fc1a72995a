// The text box of a note, with a button that lets the editor's own model draft it: on click, and never by itself.

import * as vscode from "vscode";

/** What was written, and what a model had drafted before, if one had. */
export interface Written {
  text: string;
  drafted: string | null;
}

/** What the box shows. */
export interface Asked {
  title: string;
  prompt: string;
  value: string;
  /** Returns a draft; what it throws is shown in the box. */
  draft?: ((token: vscode.CancellationToken) => Promise<string>) | undefined;
}

const MAX_CHARS = 20_000;
const DRAFT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("sparkle"), tooltip: "Draft it with the editor's language model" };

/** Ask for a text; undefined when the box was closed. */
export async function askText({ title, prompt, value, draft }: Asked): Promise<Written | undefined> {
  const box = vscode.window.createInputBox();
  const cancelled = new vscode.CancellationTokenSource();
  Object.assign(box, { title, prompt, value, ignoreFocusOut: true, buttons: draft === undefined ? [] : [DRAFT] });
  let drafted: string | null = null;
  try {
    return await new Promise<Written | undefined>((resolve) => {
      box.onDidChangeValue((written) => (box.validationMessage = written.length > MAX_CHARS ? "At most 20,000 characters" : undefined));
      box.onDidTriggerButton(() => {
        if (draft === undefined || box.busy) return;
        box.busy = true;
        box.validationMessage = undefined;
        draft(cancelled.token)
          .then((text) => (box.value = drafted = text.slice(0, MAX_CHARS)))
          .catch((error: unknown) => (box.validationMessage = error instanceof Error ? error.message : String(error)))
          .finally(() => (box.busy = false));
      });
      box.onDidAccept(() => {
        const text = box.value.trim();
        if (text.length > MAX_CHARS) return;
        resolve(text === "" ? undefined : { text, drafted });
        box.hide();
      });
      box.onDidHide(() => resolve(undefined));
      box.show();
    });
  } finally {
    cancelled.cancel();
    cancelled.dispose();
    box.dispose();
  }
}
