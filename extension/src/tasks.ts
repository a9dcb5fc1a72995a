// Tasks, told apart from terminal commands: their terminals report shell executions too, which must not count twice.

import * as vscode from "vscode";
import type { CommandReport } from "./contract.gen.ts";
import type { EndedCommand } from "./terminals.ts";

const OUTPUT_GRACE_MS = 700;
const FORGET_MS = 60_000;

interface RunningTask {
  processId: number;
  startedMs: number;
}

/** Watches the tasks of this window while `isRecording` says so. */
export class Tasks implements vscode.Disposable {
  readonly #running = new Map<vscode.TaskExecution, RunningTask>();
  readonly #processes = new Set<number>();
  readonly #written = new Map<number, CommandReport>();
  readonly #ended = new vscode.EventEmitter<Promise<CommandReport>>();
  readonly #subscriptions: vscode.Disposable[];

  /** A task's process ended; what it wrote follows in a moment. */
  readonly onEnded = this.#ended.event;

  constructor(private readonly isRecording: () => boolean) {
    this.#subscriptions = [
      vscode.tasks.onDidStartTaskProcess(({ execution, processId }) => this.#started(execution, processId)),
      vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => this.#finished(execution, exitCode)),
    ];
  }

  /** Take a command that ended in a task's terminal as that task's output; false when no task runs there. */
  async takes({ terminal, report }: EndedCommand): Promise<boolean> {
    const processId = await Promise.race([terminal.processId, pause(OUTPUT_GRACE_MS)]);
    if (processId === undefined || !this.#processes.has(processId)) return false;
    this.#written.set(processId, report);
    return true;
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#ended).dispose();
  }

  #started(execution: vscode.TaskExecution, processId: number): void {
    this.#processes.add(processId);
    this.#running.set(execution, { processId, startedMs: Date.now() });
  }

  #finished(execution: vscode.TaskExecution, exitCode: number | undefined): void {
    const running = this.#running.get(execution);
    this.#running.delete(execution);
    if (running === undefined) return;
    setTimeout(() => this.#forget(running.processId), FORGET_MS);
    if (this.isRecording()) this.#ended.fire(this.#told(execution, running, exitCode, Date.now() - running.startedMs));
  }

  async #told(execution: vscode.TaskExecution, running: RunningTask, exitCode: number | undefined, durationMs: number): Promise<CommandReport> {
    await pause(OUTPUT_GRACE_MS);
    const written = this.#written.get(running.processId);
    return {
      command_line: written?.command_line || commandLineOf(execution.task),
      confidence: written?.confidence ?? "high",
      is_trusted: written?.is_trusted ?? null,
      cwd: written?.cwd || folderOf(execution.task),
      exit_code: exitCode ?? null,
      duration_ms: durationMs,
      started_ms: running.startedMs,
      output: written?.output ?? "",
      output_coverage: written?.output_coverage ?? "unknown",
      output_head: written?.output_head ?? "",
      output_omitted_bytes: written?.output_omitted_bytes ?? 0,
      shell: written?.shell ?? null,
      origin: "task",
      task_name: execution.task.name,
    };
  }

  /** Another terminal may get the number of a process that is long gone. */
  #forget(processId: number): void {
    this.#processes.delete(processId);
    this.#written.delete(processId);
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}

function commandLineOf({ execution }: vscode.Task): string {
  if (execution instanceof vscode.ShellExecution) {
    return execution.commandLine ?? [execution.command, ...(execution.args ?? [])].map(wordOf).join(" ");
  }
  if (execution instanceof vscode.ProcessExecution) return [execution.process, ...execution.args].join(" ");
  return "";
}

function wordOf(word: string | vscode.ShellQuotedString | undefined): string {
  return typeof word === "object" ? word.value : (word ?? "");
}

function folderOf({ execution, scope }: vscode.Task): string {
  const own = execution instanceof vscode.CustomExecution ? undefined : execution?.options?.cwd;
  if (own !== undefined) return own;
  return typeof scope === "object" ? scope.uri.fsPath : (vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "");
}
