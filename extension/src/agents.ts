// Connect a coding agent: its hooks tell the sidecar what it edits. Nothing is written before the exact change was shown and agreed to.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { connected, disconnected, entries, hookCommand, isConnected, type Shape } from "./agentHooks.ts";

const BEFORE = "patchtrail.agentFiles";

/** A file in which an agent looks for hooks. */
interface Target extends vscode.QuickPickItem {
  path: string;
  shape: Shape;
  isShared: boolean;
}

/** What a file held before, and what it was given. */
type Before = Record<string, { before: string | null; after: string }>;

/** The hooks of coding agents, in files of theirs. */
export class Agents {
  readonly #script: string;

  constructor(
    private readonly bundled: string,
    private readonly storage: vscode.Uri,
    private readonly memory: vscode.Memento,
  ) {
    this.#script = join(storage.fsPath, "hook.py");
  }

  /** The hooks run a copy of ours, which an update of this extension does not move. */
  refresh(): void {
    try {
      if (existsSync(this.#script)) this.#copy();
    } catch {
      // The copy that is there goes on working.
    }
  }

  /** Ask which file, show what would be written, and write it. */
  async connect(python: string): Promise<void> {
    const target = await picked("Connect a Coding Agent", targets());
    if (target === undefined) return;
    const command = hookCommand(python, this.#script);
    const before = read(target.path);
    const after = attempt(target.path, () => connected(before, target.shape, command));
    const added = JSON.stringify({ hooks: entries(target.shape, command) }, undefined, 2);
    const warning = target.isShared ? "\n\nIt names paths of this machine: do not commit it." : "";
    const does = before === undefined ? "This file is made" : "This is added to the file";
    const detail = `${target.path}\n\n${does}:\n${added}\n\nThe agent then tells Patchtrail, on this machine, which tool edited which file and when: no prompt, no answer, no text.${warning}`;
    if ((await vscode.window.showInformationMessage("Let the agent tell what it edits?", { modal: true, detail }, "Write It")) !== "Write It") return;
    if (read(target.path) !== before) throw new Error("The file changed meanwhile; nothing was written.");
    this.#copy();
    write(target.path, after);
    // An entry of ours that was there already is replaced: what stood there before it is still known.
    const known = this.#before()[target.path];
    await this.#remember(target.path, { before: known !== undefined && known.after === before ? known.before : (before ?? null), after });
  }

  /** Ask which file, show it, and take out exactly what was put in. */
  async disconnect(): Promise<void> {
    const known = Object.keys(this.#before()).map((path): Target => ({ label: path, path, shape: "hooks", isShared: false }));
    const all = [...targets(), ...known.filter((one) => !targets().some(({ path }) => path === one.path))];
    const found = all.filter(({ path }) => isConnected(read(path)));
    if (found.length === 0) {
      void vscode.window.showInformationMessage("No coding agent is connected here.");
      return;
    }
    const target = await picked("Disconnect a Coding Agent", found);
    const text = target && read(target.path);
    if (target === undefined || text === undefined) return;
    const kept = this.#before()[target.path];
    // Untouched since, it becomes what it was, byte for byte.
    const left = kept?.after === text ? (kept.before ?? undefined) : attempt(target.path, () => disconnected(text));
    const detail = `${target.path}\n\n${left === undefined ? "The file is deleted: nothing else is in it." : `It then holds:\n${left.slice(0, 2000)}`}`;
    if ((await vscode.window.showInformationMessage("Take Patchtrail's hooks out?", { modal: true, detail }, "Take Them Out")) !== "Take Them Out") return;
    if (read(target.path) !== text) throw new Error("The file changed meanwhile; nothing was written.");
    if (left === undefined) rmSync(target.path);
    else write(target.path, left);
    await this.#remember(target.path, undefined);
  }

  #copy(): void {
    mkdirSync(this.storage.fsPath, { recursive: true });
    copyFileSync(join(this.bundled, "server/patchtrail/cli/hook.py"), `${this.#script}.new`);
    chmodSync(`${this.#script}.new`, 0o600);
    renameSync(`${this.#script}.new`, this.#script);
  }

  #before(): Before {
    return this.memory.get<Before>(BEFORE) ?? {};
  }

  async #remember(path: string, what: Before[string] | undefined): Promise<void> {
    const { [path]: _, ...others } = this.#before();
    await this.memory.update(BEFORE, what === undefined ? others : { ...others, [path]: what });
  }
}

/** Give the address at which agents may send their telemetry; it is never shown. */
export async function copyAddress(address: string | null | undefined): Promise<void> {
  if (!address) throw new Error("Nothing listens for agents: patchtrail.agents.receiver is off, or the sidecar does not run.");
  await vscode.env.clipboard.writeText(address);
  void vscode.window.setStatusBarMessage("$(check) The agents' address is copied; it changes with each start of the sidecar", 8000);
}

function targets(): Target[] {
  const home: Target = { label: "Claude Code, in every folder", description: "~/.claude/settings.json", path: join(homedir(), ".claude/settings.json"), shape: "claude", isShared: false };
  const folders = (vscode.workspace.workspaceFolders ?? []).flatMap(({ name, uri }): Target[] => [
    { label: `Claude Code, in ${name}`, description: ".claude/settings.local.json", path: join(uri.fsPath, ".claude/settings.local.json"), shape: "claude", isShared: true },
    { label: `Copilot and VS Code's agents, in ${name}`, description: ".github/hooks/patchtrail.json", path: join(uri.fsPath, ".github/hooks/patchtrail.json"), shape: "hooks", isShared: true },
  ]);
  return [...folders, home];
}

async function picked(title: string, from: Target[]): Promise<Target | undefined> {
  return vscode.window.showQuickPick(from, { title, placeHolder: "Which file? Nothing is written yet.", ignoreFocusOut: true });
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Whole or not at all: a torn settings file would cost the agent all of them. */
function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
  writeFileSync(`${file}.patchtrail`, text, { mode });
  renameSync(`${file}.patchtrail`, file);
}

function attempt<Result>(path: string, make: () => Result): Result {
  try {
    return make();
  } catch {
    throw new Error(`${path} is not plain JSON, so nothing is written there.`);
  }
}
