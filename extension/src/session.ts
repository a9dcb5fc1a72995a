// Start, pause, resume and end, on the participant's word; and going on after a reload, a crash or a killed sidecar.

import * as vscode from "vscode";
import { ResponseError } from "vscode-languageclient/node.js";
import type { Problem, StartSession } from "./contract.gen.ts";
import { allowFolder, settings } from "./settings.ts";
import type { Sidecar } from "./sidecar.ts";

const ACTIVE = "patchtrail.activeSession";
const FOLDERS_SETTING = "patchtrail.folders.allowed";

/** The session of this window. */
export class Session {
  constructor(
    private readonly sidecar: Sidecar,
    private readonly memory: vscode.Memento,
  ) {}

  /** Whether the participant paused the session that this window has. */
  get isPaused(): boolean {
    return this.memory.get<StartSession>(ACTIVE)?.is_paused ?? false;
  }

  /** Ask for a folder and a task, and start; true when recording began. */
  async start(): Promise<boolean> {
    const folder = await chosenFolder();
    if (folder === undefined) return false;
    if (!(await isAllowed(folder.uri.fsPath))) return false;
    const title = await vscode.window.showInputBox({
      title: "Start Recording (1/2)",
      prompt: "What are you working on?",
      placeHolder: "BUG-123: totals are wrong for empty carts",
      ignoreFocusOut: true,
      validateInput: (value) => (value.trim() === "" ? "A few words that name the task" : undefined),
    });
    if (title === undefined) return false;
    const description = await vscode.window.showInputBox({
      title: "Start Recording (2/2)",
      prompt: "Description (optional: Enter to go on)",
      ignoreFocusOut: true,
    });
    if (description === undefined) return false;
    await this.#begin({
      root_uri: folder.uri.toString(),
      task_id: taskId(title),
      task_title: title.trim().slice(0, 1000),
      task_description: description.trim().slice(0, 20_000),
    });
    return true;
  }

  /** Go on with the session that this window had, if it had one and nothing is being recorded. */
  async goOn(): Promise<void> {
    const active = this.memory.get<StartSession>(ACTIVE);
    const state = this.sidecar.state?.state;
    if (active === undefined || state === "recording" || state === "paused") return;
    try {
      await this.sidecar.requestAtOnce("patchtrail/session/start", active);
    } catch (error) {
      // While the gate is closed it stays to be gone on with; what is no longer there is forgotten.
      if (problemOf(error)?.code === "not_resumable") await this.memory.update(ACTIVE, undefined);
    }
  }

  /** Pause; whatever becomes of the sidecar, it stays a pause. */
  async pause(): Promise<void> {
    await this.#mark(true);
    await this.sidecar.request("patchtrail/session/pause", {});
  }

  async resume(): Promise<void> {
    await this.sidecar.request("patchtrail/session/resume", {});
    await this.#mark(false);
  }

  /** End; what is left is uploaded at once. */
  async end(): Promise<void> {
    await this.sidecar.request("patchtrail/session/end", {});
    await this.memory.update(ACTIVE, undefined);
  }

  async #mark(is_paused: boolean): Promise<void> {
    const active = this.memory.get<StartSession>(ACTIVE);
    if (active !== undefined) await this.memory.update(ACTIVE, { ...active, is_paused });
  }

  async #begin(request: StartSession): Promise<void> {
    const state = await this.sidecar.request("patchtrail/session/start", request);
    await this.memory.update(ACTIVE, { ...request, trace_id: state.trace_id });
  }
}

/** Return the problem that a refused request carries. */
export function problemOf(error: unknown): Problem | undefined {
  const data: unknown = error instanceof ResponseError ? error.data : undefined;
  return typeof data === "object" && data !== null && "code" in data ? (data as Problem) : undefined;
}

/** Return what to tell a person of a failure, with every reason that stands behind it. */
export function told(error: unknown): string {
  const reasons = problemOf(error)?.detail["reasons"];
  const message = error instanceof Error ? error.message : String(error);
  return [message, ...(Array.isArray(reasons) ? reasons : [])].join(" ");
}

/** Several repositories can be open: the file in the editor says which is meant, else the participant does. */
async function chosenFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    await vscode.window.showInformationMessage("Open a folder first: a session is recorded in one folder.");
    return undefined;
  }
  if (folders.length === 1) return folders[0];
  const edited = vscode.window.activeTextEditor?.document.uri;
  const near = edited === undefined ? undefined : vscode.workspace.getWorkspaceFolder(edited);
  const sorted = [...folders].sort((one, other) => Number(other === near) - Number(one === near));
  const picked = await vscode.window.showQuickPick(
    sorted.map((folder) => ({ label: folder.name, description: folder.uri.fsPath, folder })),
    { title: "Start Recording", placeHolder: "Which folder?", ignoreFocusOut: true },
  );
  return picked?.folder;
}

async function isAllowed(path: string): Promise<boolean> {
  const allowed = settings().folders_allowed ?? [];
  if (allowed.some((one) => path === one || path.startsWith(one.endsWith("/") ? one : `${one}/`))) return true;
  const answer = await vscode.window.showInformationMessage(
    "May Patchtrail record in this folder?",
    { modal: true, detail: `${path}\n\nIt is added to ${FOLDERS_SETTING} in your own settings. No workspace can add itself.` },
    "Allow This Folder",
  );
  if (answer !== "Allow This Folder") return false;
  await allowFolder(path);
  return true;
}

/** A task that has a number keeps it; another one is named for its moment. */
function taskId(title: string): string {
  const named = /\b[A-Z][A-Z0-9]+-\d+\b|#\d+/.exec(title)?.[0];
  return named ?? `task-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}`;
}
