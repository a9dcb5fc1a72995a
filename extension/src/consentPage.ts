// The consent page's HTML, and what a click on it says: the text in force, where recordings go, one choice apart from it.

import type { ConsentRef, ConsentText } from "./contract.gen.ts";

/** What the page shows beside the text. */
export interface Shown {
  collectorUrl: string;
  serverJkt: string;
  participantId: string;
  given: ConsentRef | null;
  isBaseAgreed: boolean;
}

/** What a participant answered: the consent, and the agreement to the base snapshot, which is apart from it. */
export interface Answer {
  isAgreed: boolean;
  isBaseAgreed: boolean;
}

/** Return whether the text in force is agreed to, and the base snapshot by itself. */
export function standingOf(text: ConsentText, shown: Shown): Answer {
  const isAgreed = shown.given?.sha256 === text.consent.sha256;
  return { isAgreed, isBaseAgreed: isAgreed && shown.isBaseAgreed };
}

/** Return what a message of the page says; undefined for one that is none of its own. */
export function answerOf(message: unknown): Answer | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { button, base } = message as Record<string, unknown>;
  if (button === "refuse") return { isAgreed: false, isBaseAgreed: false };
  return button === "agree" ? { isAgreed: true, isBaseAgreed: base === true } : undefined;
}

/** Return the page; only scripts and styles with this nonce run on it. */
export function consentPage(text: ConsentText, shown: Shown, nonce: string): string {
  const { isAgreed, isBaseAgreed } = standingOf(text, shown);
  const facts = [
    ["Text", `version ${text.consent.version}, SHA-256 ${text.consent.sha256}`],
    ["Goes to", `${shown.collectorUrl}, and nowhere else`],
    ["Collector's key", shown.serverJkt],
    ["You are", shown.participantId],
    ["Status", isAgreed ? "you agreed to this text" : "you have not agreed to this text"],
    ["Base snapshot", isBaseAgreed ? "you agreed to send it" : "you have not agreed to send it"],
  ];
  const rows = facts.map(([name, value]) => `<dt>${escaped(name ?? "")}</dt><dd>${escaped(value ?? "")}</dd>`).join("");
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
<label><input type="checkbox" id="base"${isBaseAgreed ? " checked" : ""}> Send the base snapshot, too: the files of the
commit that a session starts from, without its history. Recording does not depend on it.</label>
</p>
<p>
<button id="agree">${isAgreed ? "Save This Choice" : "I Agree"}</button>
<button id="refuse" class="other">${isAgreed ? "I No Longer Agree" : "I Do Not Agree"}</button>
</p>
</main>
<script nonce="${nonce}">
  const api = acquireVsCodeApi();
  const base = document.querySelector("#base");
  for (const button of document.querySelectorAll("button"))
    button.addEventListener("click", () => api.postMessage({ button: button.id, base: base.checked }));
</script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
