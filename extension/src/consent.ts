// The consent page: the exact text in force, where recordings go, and two buttons.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { ConsentRef, ConsentText } from "./contract.gen.ts";
import type { Enrolment } from "./deviceKey.ts";

/** Show the page; resolves when it is answered or closed: agreed, not agreed, or undefined for no answer. */
export function askForConsent(text: ConsentText, enrolment: Enrolment, given: ConsentRef | null): Promise<boolean | undefined> {
  const panel = vscode.window.createWebviewPanel("patchtrail.consent", "Patchtrail: Consent", vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [],
  });
  panel.webview.html = page(text, enrolment, given);
  return new Promise((resolve) => {
    panel.webview.onDidReceiveMessage((message: unknown) => {
      resolve(message === "agree");
      panel.dispose();
    });
    panel.onDidDispose(() => resolve(undefined));
  });
}

function page(text: ConsentText, enrolment: Enrolment, given: ConsentRef | null): string {
  const nonce = randomBytes(16).toString("base64");
  const isInForce = given?.sha256 === text.consent.sha256;
  const facts = [
    ["Text", `version ${text.consent.version}, SHA-256 ${text.consent.sha256}`],
    ["Goes to", `${enrolment.collectorUrl}, and nowhere else`],
    ["Collector's key", enrolment.serverJkt],
    ["You are", enrolment.participantId],
    ["Status", isInForce ? "you agreed to this text" : "you have not agreed to this text"],
  ];
  const rows = facts.map(([name, value]) => `<dt>${escaped(name ?? "")}</dt><dd>${escaped(value ?? "")}</dd>`).join("");
  const no = isInForce ? "I No Longer Agree" : "I Do Not Agree";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<title>Consent</title>
<style nonce="${nonce}">
  main { max-width: 64em; margin: 1em auto; }
  pre { white-space: pre-wrap; font: inherit; padding: 1em; border: 1px solid var(--vscode-panel-border); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3em 1em; }
  dt { opacity: 0.8; } dd { margin: 0; overflow-wrap: anywhere; }
  button { font: inherit; padding: 0.5em 1.2em; margin: 0 0.6em 0 0; border: 1px solid transparent; cursor: pointer;
    color: var(--vscode-button-foreground); background: var(--vscode-button-background); }
  button.other { color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground); }
</style>
</head>
<body>
<main>
<pre>${escaped(text.text)}</pre>
<dl>${rows}</dl>
<p>
${isInForce ? "" : '<button id="agree">I Agree</button>'}
<button id="refuse" class="other">${no}</button>
</p>
</main>
<script nonce="${nonce}">
  const api = acquireVsCodeApi();
  for (const button of document.querySelectorAll("button")) button.addEventListener("click", () => api.postMessage(button.id));
</script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
