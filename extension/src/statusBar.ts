// The one status bar item.

import * as vscode from "vscode";
import { type Situation, statusOf } from "./status.ts";

const TICK_MS = 10_000;

/** Shows the situation as `statusOf` words it. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("patchtrail.status", vscode.StatusBarAlignment.Left, 50);

  #situation: Situation | undefined;
  // The minutes that are left off the record go down without news from the sidecar.
  readonly #ticking = setInterval(() => this.#situation?.state?.off_record_until_ms != null && this.show(this.#situation), TICK_MS);

  constructor() {
    this.#item.name = "Patchtrail";
    this.#item.show();
  }

  show(situation: Situation): void {
    this.#situation = situation;
    const status = statusOf(situation);
    this.#item.text = status.text;
    this.#item.tooltip = ["Patchtrail", ...status.details].join("\n");
    this.#item.command = status.command;
    this.#item.color = status.isSuggesting ? new vscode.ThemeColor("charts.yellow") : undefined;
    this.#item.backgroundColor = status.isWarning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  dispose(): void {
    clearInterval(this.#ticking);
    this.#item.dispose();
  }
}
