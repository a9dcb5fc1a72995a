// Terminal commands through shell integration: what was typed, where, how it ended, and what it wrote.

import { basename } from "node:path";
import * as vscode from "vscode";
import type { CommandReport, GapReport } from "./contract.gen.ts";
import { drain, Output } from "./output.ts";

const STREAM_GRACE_MS = 500;
const INTEGRATION_GRACE_MS = 10_000;
const MAX_NAME_CHARS = 200;
const SHELLS = new Set(["bash", "zsh", "fish", "sh", "pwsh", "powershell", "gitbash", "cmd", "wsl", "csh", "ksh", "dash", "nu", "xonsh"]);
const CONFIDENCE = {
  [vscode.TerminalShellExecutionCommandLineConfidence.Low]: "low",
  [vscode.TerminalShellExecutionCommandLineConfidence.Medium]: "medium",
  [vscode.TerminalShellExecutionCommandLineConfidence.High]: "high",
} as const;

/** A command that is running, and what it has written so far. */
interface Running {
  terminal: vscode.Terminal;
  execution: vscode.TerminalShellExecution;
  shell: string | null;
  output: Output;
  startedMs: number;
  isRead: Promise<void>;
}

/** A command that ended in a terminal. */
export interface EndedCommand {
  terminal: vscode.Terminal;
  report: CommandReport;
}

/** A terminal whose commands cannot be seen, and why. */
export interface Blind {
  reason: GapReport["reason"];
  detail: string;
}

/** Watches the terminals of this window while `isRecording` says so. */
export class Terminals implements vscode.Disposable {
  readonly #running = new Map<vscode.TerminalShellExecution, Running>();
  readonly #shells = new WeakMap<vscode.Terminal, string>();
  readonly #blind = new Map<vscode.Terminal, Blind>();
  readonly #ended = new vscode.EventEmitter<Promise<EndedCommand>>();
  readonly #blinded = new vscode.EventEmitter<Blind | undefined>();
  readonly #subscriptions: vscode.Disposable[];

  /** A command ended; what it wrote follows in a moment. */
  readonly onEnded = this.#ended.event;
  /** A terminal was found whose commands cannot be seen; undefined when one was got rid of. */
  readonly onBlind = this.#blinded.event;

  constructor(private readonly isRecording: () => boolean) {
    this.#subscriptions = [
      vscode.window.onDidStartTerminalShellExecution((event) => this.#started(event)),
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

  /** Forget what running commands wrote and will write: of one that runs on while nobody may watch, only that it ran. */
  forgetRunning(): void {
    for (const { output } of this.#running.values()) output.close();
  }

  /** Tell of the commands that are running, and forget them: whoever asks stops recording. */
  takeRunning(): EndedCommand[] {
    const told = [...this.#running.values()].map((running) => ({
      terminal: running.terminal,
      report: { ...reportOf(running, Date.now() - running.startedMs, undefined), has_ended: false },
    }));
    this.forgetRunning();
    this.#running.clear();
    return told;
  }

  /** Look at the terminals that were open before; of those that are known as blind, tell again. */
  watchAll(): void {
    for (const blind of this.#blind.values()) this.#blinded.fire(blind);
    for (const terminal of vscode.window.terminals) this.#watch(terminal);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#ended, this.#blinded).dispose();
  }

  #started({ terminal, execution }: vscode.TerminalShellExecutionStartEvent): void {
    if (!this.isRecording()) return;
    const output = new Output();
    // The stream gives only what is written after this call, so nothing may be awaited before it.
    const isRead = drain(execution.read(), (piece) => output.add(piece));
    const shell = shellOf(terminal) ?? this.#shells.get(terminal) ?? null;
    if (shell !== null) this.#shells.set(terminal, shell);
    this.#running.set(execution, { terminal, execution, shell, output, startedMs: Date.now(), isRead });
  }

  #finished(event: vscode.TerminalShellExecutionEndEvent): void {
    const running = this.#running.get(event.execution);
    this.#running.delete(event.execution);
    if (running !== undefined && this.isRecording()) this.#ended.fire(this.#told(event, running, Date.now() - running.startedMs));
  }

  async #told({ terminal, exitCode }: vscode.TerminalShellExecutionEndEvent, running: Running, durationMs: number): Promise<EndedCommand> {
    // The stream ends a moment before or after the command does.
    await Promise.race([running.isRead, pause(STREAM_GRACE_MS)]);
    return { terminal, report: reportOf(running, durationMs, exitCode) };
  }

  #watch(terminal: vscode.Terminal): void {
    if (this.#blind.has(terminal)) return;
    // What an extension draws by itself has no shell that could be integrated.
    if ("pty" in terminal.creationOptions) return this.#see(terminal, "other_terminal");
    if (terminal.creationOptions.hideFromUser) return;
    setTimeout(() => {
      if (terminal.shellIntegration === undefined) this.#see(terminal, "no_shell_integration");
    }, INTEGRATION_GRACE_MS);
  }

  #see(terminal: vscode.Terminal, reason: Blind["reason"]): void {
    const isOpen = vscode.window.terminals.includes(terminal) && terminal.exitStatus === undefined;
    if (!isOpen || !this.isRecording() || this.#blind.has(terminal)) return;
    const blind = { reason, detail: terminal.name.slice(0, MAX_NAME_CHARS) };
    this.#blind.set(terminal, blind);
    this.#blinded.fire(blind);
  }

  #forget(terminal: vscode.Terminal): void {
    for (const [execution, running] of this.#running) {
      // A terminal that is closed ends its command without a word.
      if (running.terminal === terminal && terminal.exitStatus !== undefined) this.#lost(execution, running);
    }
    if (this.#blind.delete(terminal)) this.#blinded.fire(undefined);
  }

  #lost(execution: vscode.TerminalShellExecution, running: Running): void {
    this.#running.delete(execution);
    const report = reportOf(running, Date.now() - running.startedMs, undefined);
    if (this.isRecording()) this.#ended.fire(Promise.resolve({ terminal: running.terminal, report }));
  }
}

function reportOf({ execution, shell, output, startedMs }: Running, durationMs: number, exitCode: number | undefined): CommandReport {
  const { value, confidence, isTrusted } = execution.commandLine;
  return {
    command_line: value,
    confidence: CONFIDENCE[confidence] ?? "unknown",
    is_trusted: isTrusted,
    cwd: execution.cwd?.fsPath ?? "",
    exit_code: exitCode ?? null,
    duration_ms: durationMs,
    started_ms: startedMs,
    ...output.told,
    origin: "terminal",
    task_name: null,
    shell,
  };
}

/** Newer editors tell what runs in a terminal: the shell, and while a program runs, some programs too. */
function shellOf({ state, creationOptions }: vscode.Terminal): string | null {
  const told = (state as { shell?: string }).shell;
  if (told !== undefined && SHELLS.has(told)) return told;
  const path = "shellPath" in creationOptions ? creationOptions.shellPath : undefined;
  const name = path === undefined ? undefined : basename(path).replace(/\.exe$/, "");
  return name !== undefined && SHELLS.has(name) ? name : null;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
