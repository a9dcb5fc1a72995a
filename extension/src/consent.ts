// The consent page in a panel of its own: shown, answered or closed.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { type Answer, answerOf, consentPage, type Shown } from "./consentPage.ts";
import type { ConsentText } from "./contract.gen.ts";

/** Show the page; resolves when it is answered or closed: with the answer, or undefined for none. */
export function askForConsent(text: ConsentText, shown: Shown): Promise<Answer | undefined> {
  const panel = vscode.window.createWebviewPanel("patchtrail.consent", "Patchtrail: Consent", vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [],
  });
  panel.webview.html = consentPage(text, shown, randomBytes(16).toString("base64"));
  return new Promise((resolve) => {
    panel.webview.onDidReceiveMessage((message: unknown) => {
      resolve(answerOf(message));
      panel.dispose();
    });
    panel.onDidDispose(() => resolve(undefined));
  });
}
