// What other extensions would bring: diagnostics of their tools while a document holds what they are about, and a model.
const vscode = require("vscode");
const fs = require("node:fs");

const MODEL = { id: "rig-fixer", name: "Rig Fixer", family: "rig-fixer", version: "1", maxInputTokens: 10_000, maxOutputTokens: 1_000, capabilities: {} };

exports.activate = (context) => {
  const findings = JSON.parse(fs.readFileSync(process.env.RIG_FINDINGS, "utf8"));
  const collections = new Map(findings.map(({ source }) => [source, vscode.languages.createDiagnosticCollection(source)]));
  const look = (document) => {
    for (const [source, collection] of collections) {
      const here = findings.filter((one) => one.source === source && document.uri.path.endsWith(`/${one.file}`));
      if (here.length > 0) collection.set(document.uri, here.flatMap((one) => diagnosed(document, one)));
    }
  };
  vscode.workspace.textDocuments.forEach(look);
  context.subscriptions.push(
    ...collections.values(),
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document }) => look(document)),
  );
  if (process.env.RIG_FIXER) context.subscriptions.push(vscode.lm.registerLanguageModelChatProvider("rig-fixer", model));
};

/** A finding stands where its text stands, and is gone with it. */
function diagnosed(document, { source, code, message, text }) {
  const at = document.getText().indexOf(text);
  if (at < 0) return [];
  const range = new vscode.Range(document.positionAt(at), document.positionAt(at + text.length));
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Warning);
  return [Object.assign(diagnostic, { source, code })];
}

/** Answers with what the test wrote into a file, and writes down what it was asked. */
const model = {
  provideLanguageModelChatInformation: async () => [MODEL],
  provideLanguageModelChatResponse: async (_model, messages, _options, progress) => {
    const asked = messages.flatMap((message) => message.content.map((part) => part.value ?? "")).join("\n");
    fs.appendFileSync(`${process.env.RIG_FIXER}.asked`, asked);
    progress.report(new vscode.LanguageModelTextPart(fs.readFileSync(process.env.RIG_FIXER, "utf8")));
  },
  provideTokenCount: async () => 1,
};

exports.deactivate = () => undefined;
