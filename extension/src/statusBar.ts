// The one status bar item.

import * as vscode from "vscode";
import { type Situation, statusOf } from "./status.ts";

/** Shows the situation as `statusOf` words it. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("patchtrail.status", vscode.StatusBarAlignment.Left, 50);

  constructor() {
    this.#item.name = "Patchtrail";
    this.#item.show();
  }

  show(situation: Situation): void {
    const status = statusOf(situation);
    this.#item.text = status.text;
    this.#item.tooltip = ["Patchtrail", ...status.details].join("\n");
    this.#item.command = status.command;
    this.#item.color = status.isSuggesting ? new vscode.ThemeColor("charts.yellow") : undefined;
    this.#item.backgroundColor = status.isWarning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  dispose(): void {
    this.#item.dispose();
  }
}
