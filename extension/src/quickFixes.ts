// Quick fixes, the client's part: forwards diagnostics, shows progress, applies patches as patches, notices their undoing.

import * as vscode from "vscode";
import { type ApplyWorkspaceEditParams, type ApplyWorkspaceEditResult, type LanguageClient, type Middleware, TextDocumentEdit } from "vscode-languageclient/node.js";
import type { FixDone, FixTarget } from "./contract.gen.ts";
import { askEditorModel } from "./editorModel.ts";
import { documentDiagnostics } from "./fixDiagnostics.ts";
import { FixPreviews } from "./fixPreview.ts";
import { FixProgress } from "./fixProgress.ts";
import { UndoneFixes } from "./undoneFixes.ts";

const FIX = "patchtrail.fix";
const APPLY = "workspace/applyEdit";

/** What the client answers of the sidecar's own requests. */
export function abilities(): string[] {
  const asks = typeof vscode.lm?.selectChatModels === "function" ? ["patchtrail/model/ask"] : [];
  return ["patchtrail/fix/preview", ...asks];
}

/** The quick fixes of one window; `patch` applies an edit so that its changes are told apart from anybody else's. */
export class QuickFixes implements vscode.Disposable {
  readonly #previews = new FixPreviews();
  readonly #progress = new FixProgress();
  readonly #undone = new UndoneFixes((fix_id) => this.#client?.sendRequest("patchtrail/fix/outcome", { fix_id, outcome: "undone" }).catch(() => undefined));
  readonly #forwarded = new Map<string, string>();
  readonly #watching = vscode.workspace.onDidCloseTextDocument((document) => this.#forwarded.delete(document.uri.toString()));
  #client: LanguageClient | undefined;
  #running = 0;

  constructor(private readonly patch: (edit: vscode.WorkspaceEdit) => Promise<boolean>) {}

  /** What stands between the editor and the sidecar. */
  readonly middleware: Middleware = {
    provideCodeActions: async (document, range, context, token, next) => {
      if (context.diagnostics.length > 0) this.#forward(document);
      return next(document, range, context, token);
    },
    // Patterns answer diagnostics, too.
    provideInlayHints: async (document, range, token, next) => {
      this.#forward(document);
      return next(document, range, token);
    },
    provideHover: async (document, position, token, next) => {
      this.#forward(document);
      return next(document, position, token);
    },
    executeCommand: async (command, args, next) => {
      this.#running += 1;
      try {
        return await next(command, args);
      } finally {
        this.#running -= 1;
      }
    },
    handleWorkDoneProgress: (token, params, next) => {
      if (!this.#progress.takes(token, params, () => this.#cancel(token))) next(token, params);
    },
  };

  /** Answer what the sidecar asks of a client; called before it starts. */
  attach(client: LanguageClient): void {
    this.#client = client;
    this.#forwarded.clear();
    client.onRequest(APPLY, (params: ApplyWorkspaceEditParams) => this.#apply(client, params));
    client.onRequest("patchtrail/fix/preview", (shown, token) => this.#previews.ask(shown, token));
    // A model is asked on a person's own act alone: while a command that they chose is running.
    client.onRequest("patchtrail/model/ask", (asked, token) => {
      if (this.#running === 0) throw new Error("The editor's model is asked for a fix that somebody chose, and for nothing else.");
      return askEditorModel(asked, token);
    });
  }

  /** Fix everything that is known of the active document. */
  async fixAll(): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || document.uri.scheme !== "file") throw new Error("Open a file first.");
    if (vscode.languages.getDiagnostics(document.uri).length === 0) throw new Error("There are no findings in this file.");
    this.#forward(document);
    const target: FixTarget = { uri: this.#uri(document), version: document.version };
    await vscode.commands.executeCommand<FixDone>(FIX, target);
  }

  dispose(): void {
    vscode.Disposable.from(this.#previews, this.#undone, this.#watching).dispose();
  }

  /** Every diagnostic of a document, told right before fixes or hints are asked for, and only when they changed. */
  #forward(document: vscode.TextDocument): void {
    const client = this.#client;
    if (client === undefined || document.uri.scheme !== "file") return;
    const told = documentDiagnostics(this.#uri(document), document.version, vscode.languages.getDiagnostics(document.uri));
    const key = document.uri.toString();
    const text = JSON.stringify(told);
    if (this.#forwarded.get(key) === text) return;
    this.#forwarded.set(key, text);
    void client.sendRequest("patchtrail/fix/diagnostics", told).catch(() => this.#forwarded.delete(key));
  }

  #uri(document: vscode.TextDocument): string {
    return this.#client?.code2ProtocolConverter.asUri(document.uri) ?? document.uri.toString();
  }

  #cancel(token: string | number): void {
    void this.#client?.sendNotification("window/workDoneProgress/cancel", { token });
  }

  /** Apply an edit to the very versions that it names, or not at all. */
  async #apply(client: LanguageClient, params: ApplyWorkspaceEditParams): Promise<ApplyWorkspaceEditResult> {
    const edit = await client.protocol2CodeConverter.asWorkspaceEdit(params.edit);
    const changed = (params.edit.documentChanges ?? []).filter((one) => TextDocumentEdit.is(one));
    const open = new Map(vscode.workspace.textDocuments.map((document) => [document.uri.toString(), document]));
    const before = new Map<vscode.TextDocument, string>();
    for (const { textDocument } of changed) {
      const document = open.get(client.protocol2CodeConverter.asUri(textDocument.uri).toString());
      if (document === undefined) continue;
      if (textDocument.version !== null && document.version !== textDocument.version) return { applied: false, failureReason: "the file changed meanwhile" };
      before.set(document, document.getText());
    }
    const applied = await this.patch(edit);
    const [note] = Object.keys(params.edit.changeAnnotations ?? {});
    if (applied && note?.startsWith("patchtrail:")) this.#undone.watch(note.slice("patchtrail:".length), before);
    return { applied };
  }
}
