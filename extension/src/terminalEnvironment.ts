// The variables that new terminals get, as the sidecar says; nothing else ever changes a terminal's environment.

import type * as vscode from "vscode";
import type { TerminalVariable } from "./contract.gen.ts";

/** Say once what the variables are for, and that they outlive a reload. */
export function describe(collection: vscode.EnvironmentVariableCollection): void {
  collection.description = "Patchtrail: asks pytest for a report of each test while recording is allowed here";
  // Terminals live on when the window reloads, and so must their variables.
  collection.persistent = true;
}

/** Set what is wanted and only what differs: every change makes open terminals ask to be relaunched. */
export function offer(collection: vscode.EnvironmentVariableCollection, wanted: readonly TerminalVariable[]): void {
  const names = new Set(wanted.map((variable) => variable.name));
  for (const [name] of collection) if (!names.has(name)) collection.delete(name);
  for (const { name, value, mode } of wanted) {
    if (collection.get(name)?.value === value) continue;
    if (mode === "prepend") collection.prepend(name, value);
    else collection.replace(name, value);
  }
}
