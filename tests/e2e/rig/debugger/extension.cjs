// What a gallery would bring: a real Python debugger (debugpy), an adapter that misbehaves, an agent with a tool, a model,
// and a kernel for notebooks.
const vscode = require("vscode");
const fs = require("node:fs");

const FLOOD = 20_000;
// The editor itself takes some milliseconds for each answer.
const ANSWERS = 500;
const MODEL = { id: "rig", name: "Rig", family: "rig", version: "1", maxInputTokens: 10_000, maxOutputTokens: 1_000, capabilities: {} };

exports.activate = (context) => {
  const { commands, debug } = vscode;
  if (process.env.RIG_MODEL) context.subscriptions.push(vscode.lm.registerLanguageModelChatProvider("rig", model));
  context.subscriptions.push(
    debug.registerDebugAdapterDescriptorFactory("rig-python", {
      createDebugAdapterDescriptor: ({ configuration }) => new vscode.DebugAdapterExecutable(configuration.python, ["-m", "debugpy.adapter"]),
    }),
    debug.registerDebugAdapterDescriptorFactory("rig-broken", {
      createDebugAdapterDescriptor: () => new vscode.DebugAdapterInlineImplementation(new BrokenAdapter()),
    }),
    kernel(),
    // The palette asks which kernel, and which cell.
    commands.registerCommand("rig.runCell", async () => {
      const { notebook } = vscode.window.activeNotebookEditor;
      await commands.executeCommand("notebook.selectKernel", { id: "rig", extension: "rig.rig-debugger" });
      await commands.executeCommand("notebook.cell.execute", { ranges: [{ start: 0, end: 1 }], document: notebook.uri });
    }),
    // The palette has no command that opens another shell without asking in between.
    commands.registerCommand("rig.plainTerminal", () => vscode.window.createTerminal({ name: "plain", shellPath: "/bin/sh" }).show()),
    commands.registerCommand("rig.agentNote", async () => {
      const input = { kind: "hypothesis", text: "An agent thinks that the sum starts at one.", confidence: "low" };
      const result = await vscode.lm.invokeTool("patchtrail_note", { input, toolInvocationToken: undefined });
      fs.appendFileSync(process.env.RIG_ANSWERS, `${result.content.map((part) => part.value).join("")}\n`);
    }),
  );
};

/** Runs every cell alike: it succeeds, and says how long its source is. */
function kernel() {
  const controller = vscode.notebooks.createNotebookController("rig", "jupyter-notebook", "Rig", async (cells) => {
    for (const cell of cells) {
      const execution = controller.createNotebookCellExecution(cell);
      execution.executionOrder = 1;
      execution.start(Date.now());
      const text = `${cell.document.getText().length} characters`;
      await execution.replaceOutput([new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.text(text)])]);
      execution.end(true, Date.now());
    }
  });
  controller.supportsExecutionOrder = true;
  return controller;
}

/** Answers every request alike, and writes down what it was asked. */
const model = {
  provideLanguageModelChatInformation: async () => [MODEL],
  provideLanguageModelChatResponse: async (_model, messages, _options, progress) => {
    const asked = messages.flatMap((message) => message.content.map((part) => part.value ?? "")).join("\n");
    fs.appendFileSync(process.env.RIG_MODEL, `${asked}\n`);
    progress.report(new vscode.LanguageModelTextPart("The sum is too large."));
  },
  provideTokenCount: async () => 1,
};

/** Floods the editor with messages, some of which are no sense at all, and then stops. */
class BrokenAdapter {
  constructor() {
    this.sent = new vscode.EventEmitter();
    this.onDidSendMessage = this.sent.event;
    this.seq = 1;
  }
  send(message) {
    this.sent.fire({ seq: this.seq++, ...message });
  }
  handleMessage({ seq, command, type }) {
    if (type !== "request") return;
    const bodies = { threads: { threads: [{ id: 1, name: "main" }] }, stackTrace: { stackFrames: "none", totalFrames: -1 }, scopes: { scopes: null } };
    this.send({ type: "response", request_seq: seq, success: true, command, body: bodies[command] ?? {} });
    if (command === "initialize") this.send({ type: "event", event: "initialized" });
    if (command === "launch") {
      for (let n = 0; n < FLOOD; n += 1) this.send({ type: "event", event: "output", body: { category: "telemetry", output: `line ${n}\n` } });
      for (let n = 0; n < ANSWERS; n += 1) this.send({ type: "response", request_seq: 1e6 + n, success: true, command: "variables", body: { variables: [{ name: null, value: 7 }] } });
      this.send({ type: "event", event: "stopped", body: { reason: 7, threadId: 1, text: { nested: true } } });
      this.send({ type: "event", event: "exited", body: { exitCode: "one" } });
      setTimeout(() => this.send({ type: "event", event: "terminated" }), 500);
    }
  }
  dispose() {
    this.sent.dispose();
  }
}

exports.deactivate = () => undefined;
