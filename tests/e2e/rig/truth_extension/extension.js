// Test only: a formatter, a quick fix, and agents that edit through the editor's own interface. Each act is announced in
// a file of one JSON object per line (TRUTH_LOG), with the raw events of the editor where TRUTH_RAW is set.
"use strict";
const fs = require("node:fs");
const vscode = require("vscode");

const WORDS = "def area(width, height):\n    if width < 0 or height < 0:\n        raise ValueError(width, height)\n    return width * height\n";
const KINDS = { 1: "keyboard", 2: "mouse", 3: "command" };

function log(event, data = {}) {
  if (process.env.TRUTH_LOG) fs.appendFileSync(process.env.TRUTH_LOG, `${JSON.stringify({ event, at: Date.now(), ...data })}\n`);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function agent(name, edit) {
  return vscode.commands.registerCommand(`truth.${name}`, async () => {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return;
    await edit(editor, editor.document);
    log("done", { name });
  });
}

async function workspaceEdit(fill) {
  const edit = new vscode.WorkspaceEdit();
  fill(edit);
  await vscode.workspace.applyEdit(edit);
}

const endOf = (document) => document.lineAt(document.lineCount - 1).range.end;

function watch(context) {
  context.subscriptions.push(
    vscode.workspace.onDidChangeTextDocument((e) => {
      if (e.document.uri.scheme !== "file") return;
      const changes = e.contentChanges.map((c) => ({ at: [c.range.start.line, c.range.start.character], deleted: c.rangeLength, text: c.text.slice(0, 40), size: c.text.length }));
      const cursor = vscode.window.activeTextEditor?.selections.map((s) => [s.anchor.line, s.anchor.character, s.active.line, s.active.character]);
      log("change", { changes, reason: e.reason, isDirty: e.document.isDirty, cursor, focused: vscode.window.state.focused });
    }),
    vscode.window.onDidChangeTextEditorSelection((e) => log("selection", { kind: KINDS[e.kind] ?? "none", cursors: e.selections.map((s) => [s.active.line, s.active.character]) })),
    vscode.workspace.onWillSaveTextDocument((e) => log("willSave", { reason: e.reason })),
    vscode.workspace.onDidSaveTextDocument(() => log("didSave")),
    vscode.languages.registerCodeActionsProvider({ scheme: "file" }, {
      provideCodeActions: (_document, _range, asked) => { log("codeActions", { trigger: asked.triggerKind, only: asked.only?.value, diagnostics: asked.diagnostics.length }); return undefined; },
    }),
  );
}

exports.activate = (context) => {
  const marks = vscode.languages.createDiagnosticCollection("truth");
  const mark = (document) => {
    if (document.languageId !== "python") return;
    const found = [...document.getText().matchAll(/\bBAD\b/g)].map((match) => {
      const start = document.positionAt(match.index);
      return new vscode.Diagnostic(new vscode.Range(start, start.translate(0, 3)), "BAD is bad.", vscode.DiagnosticSeverity.Error);
    });
    marks.set(document.uri, found);
  };
  if (process.env.TRUTH_RAW) watch(context);
  context.subscriptions.push(
    marks,
    vscode.workspace.onDidOpenTextDocument(mark),
    vscode.workspace.onDidChangeTextDocument((event) => mark(event.document)),
    vscode.languages.registerCodeActionsProvider("python", {
      provideCodeActions(document, _range, asked) {
        return asked.diagnostics.filter((one) => one.message === "BAD is bad.").map((one) => {
          const action = new vscode.CodeAction("Replace with GOOD", vscode.CodeActionKind.QuickFix);
          action.edit = new vscode.WorkspaceEdit();
          action.edit.replace(document.uri, one.range, "GOOD_VALUE");
          action.diagnostics = [one];
          return action;
        });
      },
    }, { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] }),
    vscode.languages.registerDocumentFormattingEditProvider({ language: "python", pattern: "**/formatted_*.py" }, {
      provideDocumentFormattingEdits(document) {
        const text = document.getText();
        const formatted = text.replace(/[ \t]+$/gm, "").replace(/ *([=+*]) */g, " $1 ").replace(/,(?=\S)/g, ", ");
        if (formatted === text) return [];
        return [vscode.TextEdit.replace(new vscode.Range(document.positionAt(0), endOf(document)), formatted)];
      },
    }),
    agent("agentOnce", (_editor, document) => workspaceEdit((edit) => edit.insert(document.uri, endOf(document), `\n\n${WORDS}`))),
    agent("agentWords", async (editor, document) => {
      for (const word of WORDS.split(/(?<=\s)/)) {
        await editor.edit((edit) => edit.insert(endOf(document), word));
        await pause(25);
      }
    }),
    agent("agentLetters", async (editor) => {
      for (const letter of WORDS.slice(0, 60)) {
        await editor.edit((edit) => edit.insert(editor.selection.active, letter));
        await pause(40);
      }
    }),
    agent("agentReplace", (editor, document) => workspaceEdit((edit) => edit.replace(document.uri, document.lineAt(editor.selection.active.line).range, "total = sum(one.price * one.count for one in items)"))),
    agent("agentDeletes", async (editor, document) => {
      for (let number = 0; number < 8; number++) {
        const at = editor.selection.active;
        if (at.character > 0) await workspaceEdit((edit) => edit.delete(document.uri, new vscode.Range(at.translate(0, -1), at)));
        await pause(40);
      }
    }),
    agent("agentFiles", async (_editor, document) => {
      const other = (await vscode.workspace.findFiles("second.py"))[0];
      await workspaceEdit((edit) => { for (const uri of [document.uri, other]) edit.insert(uri, new vscode.Position(0, 0), WORDS); });
      await vscode.workspace.saveAll();
    }),
  );
  vscode.workspace.textDocuments.forEach(mark);
  log("ready");
};
