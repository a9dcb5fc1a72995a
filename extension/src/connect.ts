// "Connect to a Collector": address and one-time code, the collector's fingerprint to compare and pin, a new device key.

import { hostname } from "node:os";
import * as vscode from "vscode";
import type { CollectorShown, DeviceKey, EnrolRequest } from "./contract.gen.ts";
import type { KeyStore } from "./deviceKey.ts";
import { ask, type Launcher } from "./launch.ts";

const ENROL = ["device", "enrol", "--stdin"];

/** Lead through enrolment; true when this editor is connected afterwards. */
export async function connect(launcher: Launcher, keys: KeyStore): Promise<boolean> {
  const known = await keys.enrolment();
  if (known !== undefined && !(await isReplacing(known.collectorUrl))) return false;
  const url = await askForAddress(known?.collectorUrl);
  if (url === undefined) return false;
  const shown = JSON.parse(await asked(launcher, "asking the collector for its key", { url })) as CollectorShown;
  if (!(await isPinned(shown))) return false;
  const code = await askForCode();
  if (code === undefined) return false;
  const request: EnrolRequest = { url, code, server_jkt: shown.server_jkt, host_hint: hostname().slice(0, 200) };
  const line = await asked(launcher, "making a key and enrolling it", request);
  await keys.keep(line);
  const key = JSON.parse(line) as DeviceKey;
  void vscode.window.setStatusBarMessage(`$(check) Connected to ${key.collector_url} as ${key.participant_id}`, 5000);
  return true;
}

async function asked(launcher: Launcher, what: string, request: EnrolRequest): Promise<string> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Patchtrail: ${what}` }, () =>
    ask(launcher, ENROL, JSON.stringify(request)),
  );
}

async function isReplacing(url: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(
    `This editor is connected to ${url}.`,
    { modal: true, detail: "Connecting again makes a new key. Sessions recorded with the old key stay on this machine until that key is back." },
    "Connect Again",
  );
  return answer === "Connect Again";
}

async function askForAddress(before: string | undefined): Promise<string | undefined> {
  const configured = vscode.workspace.getConfiguration("patchtrail").get<string>("collector.url");
  const address = await vscode.window.showInputBox({
    title: "Connect to a Collector (1/2)",
    prompt: "Address of the collector, as the study's coordinator gave it to you",
    value: before ?? (configured || "http://localhost:8000"),
    ignoreFocusOut: true,
    validateInput: (value) => problemWithAddress(value.trim()),
  });
  return address?.trim();
}

function problemWithAddress(address: string): string | undefined {
  try {
    const { protocol, username } = new URL(address);
    if (!["http:", "https:"].includes(protocol)) return "An address begins with https:// or http://";
    return username === "" ? undefined : "An address holds no user name or password.";
  } catch {
    return "An address such as https://collector.example";
  }
}

async function isPinned(shown: CollectorShown): Promise<boolean> {
  const { protocol, hostname: host } = new URL(shown.url);
  const isOpen = protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(host);
  const warning = isOpen ? "\n\nThis address is not encrypted: others on the network can read what is sent." : "";
  const answer = await vscode.window.showInformationMessage(
    "Is this the collector's fingerprint?",
    {
      modal: true,
      detail: `${shown.server_jkt}\n\nCompare it with the one that the coordinator gave you. From now on only a collector that holds this key is believed: ${shown.url}${warning}`,
    },
    "It Is the Same",
  );
  return answer === "It Is the Same";
}

async function askForCode(): Promise<string | undefined> {
  const code = await vscode.window.showInputBox({
    title: "Connect to a Collector (2/2)",
    prompt: "One-time code",
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === "" ? "The code that the coordinator gave you" : undefined),
  });
  return code?.trim();
}
