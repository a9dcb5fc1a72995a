// The progress of a fix where it can be seen and cancelled: the editor's own way of showing a server's offers neither.

import * as vscode from "vscode";
import type { WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from "vscode-languageclient/node.js";

const OURS = "patchtrail-fix-";

interface Shown {
  report: (message: string) => void;
  end: () => void;
}

/** Shows each fix that is being made until it ends. */
export class FixProgress {
  readonly #shown = new Map<string, Shown>();

  /** Take one message of a progress; false when it is none of a fix. */
  takes(token: string | number, params: WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd, cancel: () => void): boolean {
    if (typeof token !== "string" || !token.startsWith(OURS)) return false;
    if (params.kind === "begin") this.#begin(token, params.title, cancel);
    else if (params.kind === "report") this.#shown.get(token)?.report(params.message ?? "");
    else {
      this.#shown.get(token)?.end();
      this.#shown.delete(token);
    }
    return true;
  }

  #begin(token: string, title: string, cancel: () => void): void {
    const options = { location: vscode.ProgressLocation.Notification, title: `Patchtrail: ${title}`, cancellable: true };
    void vscode.window.withProgress(options, (progress, asked) => {
      asked.onCancellationRequested(cancel);
      return new Promise<void>((end) => this.#shown.set(token, { report: (message) => progress.report({ message }), end }));
    });
  }
}
