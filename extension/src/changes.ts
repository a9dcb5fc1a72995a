// How documents change between saves, told as facts at the save: no text, no request and next to no time per keystroke.

import * as vscode from "vscode";
import { type Around, type Cursor, DocumentChanges, LONG_INSERT, type MovedBy } from "./changeGroups.ts";
import type { ChangeGroup, ChangesReport } from "./contract.gen.ts";

const MAX_DOCUMENTS = 200;
const MAX_CLIPBOARD = 100_000;
const SAME_TICK_MS = 20;
const FIX_ASKED_MS = 30_000;
const MOVED_BY: Record<number, MovedBy> = {
  [vscode.TextEditorSelectionChangeKind.Keyboard]: "keyboard",
  [vscode.TextEditorSelectionChangeKind.Mouse]: "mouse",
  [vscode.TextEditorSelectionChangeKind.Command]: "command",
};

/** Changes that came at once, in whatever document. */
interface Tick {
  atMs: number;
  groups: Map<string, ChangeGroup>;
}

/** Watches the documents of this window while `isRecording` says so. */
export class Changes implements vscode.Disposable {
  readonly #documents = new Map<string, DocumentChanges>();
  readonly #subscriptions: vscode.Disposable[];
  #asking: vscode.Disposable | undefined;
  #fixAsked = { uri: "", atMs: 0 };
  #tick: Tick = { atMs: 0, groups: new Map() };
  #isPatching = false;

  constructor(
    private readonly isRecording: () => boolean,
    private readonly isCommandRunning: () => boolean,
  ) {
    this.#subscriptions = [
      vscode.workspace.onDidChangeTextDocument((event) => this.#changed(event)),
      vscode.window.onDidChangeTextEditorSelection((event) => this.#moved(event)),
      vscode.workspace.onWillSaveTextDocument((event) => this.#saving(event.document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.#documents.delete(document.uri.toString())),
    ];
  }

  /** Follow the recording; what was seen before a pause is forgotten. */
  follow(isRecording: boolean): void {
    if (!isRecording) {
      this.#documents.clear();
      this.#asking?.dispose();
      this.#asking = undefined;
    } else if (this.#asking === undefined) {
      // Offers nothing: it is told when somebody asks for fixes, of which no event tells.
      const asking = { provideCodeActions: (...[document, , { triggerKind }]: Asked) => this.#asked(document, triggerKind) };
      const kinds = { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] };
      this.#asking = vscode.languages.registerCodeActionsProvider({ scheme: "file" }, asking, kinds);
    }
  }

  /** What happened to a document since its last save; nothing when nothing was seen. */
  take(document: vscode.TextDocument): ChangesReport | undefined {
    const uri = document.uri.toString();
    const seen = this.#documents.get(uri)?.saved();
    if (seen === undefined || (seen.groups.length === 0 && seen.isWhole)) return undefined;
    return { uri, groups: seen.groups, is_whole: seen.isWhole };
  }

  /** Apply a patch of Patchtrail's own: its changes are told apart from anybody else's. */
  async patch(edit: vscode.WorkspaceEdit): Promise<boolean> {
    this.#isPatching = true;
    try {
      return await vscode.workspace.applyEdit(edit);
    } finally {
      this.#isPatching = false;
    }
  }

  dispose(): void {
    this.follow(false);
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  #changed(event: vscode.TextDocumentChangeEvent): void {
    const { document, contentChanges } = event;
    if (document.uri.scheme !== "file" || !this.isRecording()) return;
    const uri = document.uri.toString();
    if (contentChanges.length === 0) {
      if (document.isDirty) this.#documents.get(uri)?.dirtied();
      return;
    }
    const group = this.#of(uri).changed(contentChanges, this.#around(event, uri));
    if (group === undefined) return;
    this.#together(uri, group);
    const [only] = contentChanges;
    if (contentChanges.length === 1 && only !== undefined && only.text.length > LONG_INSERT && event.reason === undefined) void compare(only.text, group);
  }

  #around({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent, uri: string): Around {
    const editor = vscode.window.activeTextEditor;
    const atMs = Date.now();
    const isFixAsked = this.#fixAsked.uri === uri && atMs - this.#fixAsked.atMs < FIX_ASKED_MS;
    const [only] = contentChanges;
    // A key is not worth the look.
    const isKey = contentChanges.length === 1 && only !== undefined && only.text.length <= 1 && only.rangeLength <= 1;
    return {
      atMs,
      reason: reason === vscode.TextDocumentChangeReason.Undo ? "undo" : reason === vscode.TextDocumentChangeReason.Redo ? "redo" : "none",
      isDirty: document.isDirty,
      cursors: editor?.document === document ? editor.selections : undefined,
      isFocused: vscode.window.state.focused,
      isOnDiagnostic: (isFixAsked || !isKey) && isOnDiagnostic(document.uri, contentChanges),
      isFixAsked,
      isPatch: this.#isPatching,
      isCommandRunning: this.isCommandRunning(),
    };
  }

  #moved({ textEditor, selections, kind }: vscode.TextEditorSelectionChangeEvent): void {
    const seen = this.isRecording() ? this.#documents.get(textEditor.document.uri.toString()) : undefined;
    seen?.moved(kind === undefined ? "program" : (MOVED_BY[kind] ?? "program"), selections satisfies readonly Cursor[], Date.now());
  }

  /** Of a document that nobody has changed, too: which comes first, this or the formatter, differs from window to window. */
  #saving(document: vscode.TextDocument): void {
    if (document.uri.scheme !== "file" || !this.isRecording()) return;
    this.#of(document.uri.toString()).saving(hasSaveActions(document), Date.now());
  }

  #asked(document: vscode.TextDocument, trigger: vscode.CodeActionTriggerKind): undefined {
    if (trigger === vscode.CodeActionTriggerKind.Invoke) this.#fixAsked = { uri: document.uri.toString(), atMs: Date.now() };
    return undefined;
  }

  #of(uri: string): DocumentChanges {
    const known = this.#documents.get(uri);
    if (known !== undefined) return known;
    const [oldest] = this.#documents.keys();
    if (oldest !== undefined && this.#documents.size >= MAX_DOCUMENTS) this.#documents.delete(oldest);
    const added = new DocumentChanges();
    this.#documents.set(uri, added);
    return added;
  }

  #together(uri: string, group: ChangeGroup): void {
    const atMs = group.started_ms;
    if (atMs - this.#tick.atMs > SAME_TICK_MS) this.#tick = { atMs, groups: new Map() };
    const { groups } = this.#tick;
    groups.set(uri, group);
    if (groups.size > 1) for (const one of groups.values()) one.documents = groups.size;
  }
}

type Asked = Parameters<vscode.CodeActionProvider["provideCodeActions"]>;

function isOnDiagnostic(uri: vscode.Uri, changes: readonly vscode.TextDocumentContentChangeEvent[]): boolean {
  return vscode.languages.getDiagnostics(uri).some(({ range }) => changes.some((one) => one.range.intersection(range) !== undefined));
}

/** Whether anything of the editor's acts on a document while it is saved. */
function hasSaveActions(document: vscode.TextDocument): boolean {
  const editor = vscode.workspace.getConfiguration("editor", document);
  const files = vscode.workspace.getConfiguration("files", document);
  const actions = Object.values(editor.get<Record<string, unknown>>("codeActionsOnSave") ?? {});
  const tidying = ["trimTrailingWhitespace", "insertFinalNewline", "trimFinalNewlines"];
  return editor.get("formatOnSave") === true || actions.some((one) => one !== false && one !== "never") || tidying.some((name) => files.get(name) === true);
}

/** Compare with the clipboard, which never leaves this function. In a browser it would ask the user, so there it is left alone. */
async function compare(text: string, group: ChangeGroup): Promise<void> {
  if (vscode.env.uiKind !== vscode.UIKind.Desktop || text.length > MAX_CLIPBOARD) return;
  try {
    const held = await vscode.env.clipboard.readText();
    if (held.length <= MAX_CLIPBOARD * 2) group.clipboard = plain(held) === plain(text) ? "same" : "other";
  } catch {
    // There is no clipboard here.
  }
}

/** Pasting changes line ends and indentation. */
function plain(text: string): string {
  return text.replaceAll("\r\n", "\n").split("\n").map((line) => line.trim()).join("\n").trim();
}
