// Whether a fix that was applied is undone: by the editor's own undo, back to the very text that was there before it.

import * as vscode from "vscode";

const MOST = 50;

interface Watched {
  fixId: string;
  before: Map<vscode.TextDocument, string>;
}

/** Watches the newest fixes of one window; tells of each at most once. */
export class UndoneFixes implements vscode.Disposable {
  readonly #subscription = vscode.workspace.onDidChangeTextDocument((event) => this.#changed(event));
  #watched: Watched[] = [];

  constructor(private readonly told: (fixId: string) => unknown) {}

  /** Watch a fix; `before` holds what its documents were. */
  watch(fixId: string, before: Map<vscode.TextDocument, string>): void {
    if (before.size > 0) this.#watched = [...this.#watched.slice(1 - MOST), { fixId, before }];
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #changed({ document, reason }: vscode.TextDocumentChangeEvent): void {
    if (reason !== vscode.TextDocumentChangeReason.Undo) return;
    const undone = this.#watched.findLast(({ before }) => before.has(document));
    if (undone === undefined || undone.before.get(document) !== document.getText()) return;
    this.#watched = this.#watched.filter((one) => one !== undone);
    this.told(undone.fixId);
  }
}
