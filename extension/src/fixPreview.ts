// A patch as a diff, before it is applied: what a person chooses there is the answer, and closing it is no.

import { basename } from "node:path";
import * as vscode from "vscode";
import type { FixChoice, FixPreview, PreviewFile } from "./contract.gen.ts";

const SCHEME = "patchtrail-fix";
const APPLY = "Apply";
const DISCARD = "Discard";

interface Open {
  files: PreviewFile[];
  choose: (isApplied: boolean) => void;
}

/** The previews of one window. */
export class FixPreviews implements vscode.Disposable {
  readonly #open = new Map<string, Open>();
  readonly #subscriptions: vscode.Disposable;

  constructor() {
    this.#subscriptions = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: (uri) => this.#text(uri) }),
      vscode.commands.registerCommand("patchtrail.fix.apply", () => this.#chooseActive(true)),
      vscode.commands.registerCommand("patchtrail.fix.discard", () => this.#chooseActive(false)),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => closed.forEach((tab) => this.#open.get(fixOf(tab) ?? "")?.choose(false))),
    );
  }

  /** Show a patch, and wait for what is chosen. */
  async ask(shown: FixPreview, token: vscode.CancellationToken): Promise<FixChoice> {
    const chosen = new Promise<boolean>((choose) => this.#open.set(shown.fix_id, { files: shown.files, choose }));
    const cancelled = token.onCancellationRequested(() => this.#open.get(shown.fix_id)?.choose(false));
    try {
      await this.#show(shown);
      const hint = shown.is_rechecked ? "" : " Its tool could not check it again.";
      void vscode.window.showInformationMessage(`Patchtrail: ${shown.title}. Apply this patch?${hint}`, APPLY, DISCARD).then((button) => this.#open.get(shown.fix_id)?.choose(button === APPLY));
      return { is_applied: await chosen };
    } finally {
      cancelled.dispose();
      this.#open.delete(shown.fix_id);
      await vscode.window.tabGroups.close(tabsOf(shown.fix_id));
    }
  }

  dispose(): void {
    for (const { choose } of this.#open.values()) choose(false);
    this.#subscriptions.dispose();
  }

  async #show({ fix_id, title, files }: FixPreview): Promise<void> {
    const [only] = files;
    if (only === undefined) return;
    const sides = files.map((file, at): [vscode.Uri, vscode.Uri, vscode.Uri] => [vscode.Uri.parse(file.uri), side(fix_id, at, "before", file), side(fix_id, at, "after", file)]);
    if (files.length > 1) await vscode.commands.executeCommand("vscode.changes", `Patchtrail: ${title}`, sides);
    else await vscode.commands.executeCommand("vscode.diff", sides[0]?.[1], sides[0]?.[2], `${basename(only.file_path)}: ${title}`, { preview: false });
  }

  #text(uri: vscode.Uri): string {
    const [, at, name] = uri.path.split("/");
    const file = this.#open.get(uri.query)?.files[Number(at)];
    return (name === "before" ? file?.before : file?.after) ?? "";
  }

  #chooseActive(isApplied: boolean): void {
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    const fixId = tab === undefined ? undefined : fixOf(tab);
    this.#open.get(fixId ?? [...this.#open.keys()].at(-1) ?? "")?.choose(isApplied);
  }
}

function side(fixId: string, at: number, name: "before" | "after", file: PreviewFile): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${at}/${name}/${basename(file.file_path)}`, query: fixId });
}

function fixOf({ input }: vscode.Tab): string | undefined {
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME ? input.modified.query : undefined;
}

function tabsOf(fixId: string): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.filter((tab) => fixOf(tab) === fixId));
}
