// Documents that are no files of this machine: that somebody types there is told once, and never what.

import * as vscode from "vscode";

/** The editor's own: nobody's work. */
const INTERNAL = new Set(["vscode-userdata", "vscode-scm", "vscode-notebook-cell", "output", "debug", "comment"]);

/** Tells of each kind of place once a session: an untitled document, a virtual file system. */
export class OtherDocuments implements vscode.Disposable {
  readonly #told = new Set<string>();
  readonly #subscription: vscode.Disposable;

  constructor(isRecording: () => boolean, found: (scheme: string) => void) {
    this.#subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const { scheme } = document.uri;
      if (scheme === "file" || this.#told.has(scheme) || contentChanges.length === 0 || !isRecording()) return;
      if (INTERNAL.has(scheme) || (!document.isUntitled && vscode.workspace.fs.isWritableFileSystem(scheme) !== true)) return;
      this.#told.add(scheme);
      found(scheme);
    });
  }

  /** Another session begins. */
  forget(): void {
    this.#told.clear();
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
