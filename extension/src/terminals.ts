// Terminal commands through shell integration: what was typed, where, how it ended, and what it wrote.

import * as vscode from "vscode";
import type { CommandReport } from "./contract.gen.ts";
import { Output } from "./output.ts";

const STREAM_GRACE_MS = 500;
const INTEGRATION_GRACE_MS = 10_000;
const CONFIDENCE = {
  [vscode.TerminalShellExecutionCommandLineConfidence.Low]: "low",
  [vscode.TerminalShellExecutionCommandLineConfidence.Medium]: "medium",
  [vscode.TerminalShellExecutionCommandLineConfidence.High]: "high",
} as const;

/** A command that is running, and what it has written so far. */
interface Running {
  output: Output;
  startedMs: number;
  isRead: Promise<void>;
}

/** A command that ended in a terminal. */
export interface EndedCommand {
  terminal: vscode.Terminal;
  report: CommandReport;
}

/** Watches the terminals of this window while `isRecording` says so. */
export class Terminals implements vscode.Disposable {
  readonly #running = new Map<vscode.TerminalShellExecution, Running>();
  readonly #blind = new Set<vscode.Terminal>();
  readonly #ended = new vscode.EventEmitter<Promise<EndedCommand>>();
  readonly #blinded = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];

  /** A command ended; what it wrote follows in a moment. */
  readonly onEnded = this.#ended.event;
  /** A terminal was found, or got rid of, whose commands cannot be seen. */
  readonly onBlind = this.#blinded.event;

  constructor(private readonly isRecording: () => boolean) {
    this.#subscriptions = [
      vscode.window.onDidStartTerminalShellExecution((event) => this.#started(event.execution)),
      vscode.window.onDidEndTerminalShellExecution((event) => this.#finished(event)),
      vscode.window.onDidOpenTerminal((terminal) => this.#watch(terminal)),
      vscode.window.onDidChangeTerminalShellIntegration((event) => this.#forget(event.terminal)),
      vscode.window.onDidCloseTerminal((terminal) => this.#forget(terminal)),
    ];
  }

  /** Whether a command is running. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** How many open terminals cannot be seen. */
  get blind(): number {
    return this.#blind.size;
  }

  /** Forget what is running: nothing of a command that runs on while nobody may watch is kept. */
  forgetRunning(): void {
    for (const { output } of this.#running.values()) output.close();
    this.#running.clear();
  }

  /** Look at the terminals that were open before. */
  watchAll(): void {
    for (const terminal of vscode.window.terminals) this.#watch(terminal);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#ended, this.#blinded).dispose();
  }

  #started(execution: vscode.TerminalShellExecution): void {
    if (!this.isRecording()) return;
    const output = new Output();
    // The stream gives only what is written after this call, so nothing may be awaited before it.
    const stream = execution.read();
    this.#running.set(execution, { output, startedMs: Date.now(), isRead: drained(stream, output) });
  }

  #finished(event: vscode.TerminalShellExecutionEndEvent): void {
    const running = this.#running.get(event.execution);
    this.#running.delete(event.execution);
    if (running !== undefined && this.isRecording()) this.#ended.fire(this.#told(event, running, Date.now() - running.startedMs));
  }

  async #told(event: vscode.TerminalShellExecutionEndEvent, running: Running, durationMs: number): Promise<EndedCommand> {
    const { terminal, execution, exitCode } = event;
    // The stream ends a moment before or after the command does.
    await Promise.race([running.isRead, pause(STREAM_GRACE_MS)]);
    const { value, confidence, isTrusted } = execution.commandLine;
    const report: CommandReport = {
      command_line: value,
      confidence: CONFIDENCE[confidence] ?? "unknown",
      is_trusted: isTrusted,
      cwd: execution.cwd?.fsPath ?? "",
      exit_code: exitCode ?? null,
      duration_ms: durationMs,
      started_ms: running.startedMs,
      output: running.output.text,
      output_coverage: running.output.coverage,
      origin: "terminal",
      task_name: null,
    };
    return { terminal, report };
  }

  #watch(terminal: vscode.Terminal): void {
    if ("pty" in terminal.creationOptions || terminal.creationOptions.hideFromUser) return;
    setTimeout(() => {
      const isOpen = vscode.window.terminals.includes(terminal) && terminal.exitStatus === undefined;
      if (!isOpen || terminal.shellIntegration !== undefined || !this.isRecording()) return;
      this.#blind.add(terminal);
      this.#blinded.fire();
    }, INTEGRATION_GRACE_MS);
  }

  #forget(terminal: vscode.Terminal): void {
    if (this.#blind.delete(terminal)) this.#blinded.fire();
  }
}

async function drained(stream: AsyncIterable<string>, output: Output): Promise<void> {
  try {
    for await (const piece of stream) output.add(piece);
  } catch {
    // A terminal that is killed ends its stream so; what was read counts.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
