// Run by the editor, without its interface, once the extension is uninstalled and the editor was started anew.
// What was recorded on this machine goes too, sent or not; nothing goes while another editor has the extension.

import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { findInterpreter } from "./interpreter.ts";
import { isReplaced, leaveInstall, notedInstall } from "./installs.ts";
import { librariesFor } from "./libraries.ts";

const TIMEOUT_MS = 60_000;

/** Wipe what Patchtrail kept here, and return what was done, in a sentence. */
async function uninstalled(extensionPath: string): Promise<string> {
  if (isReplaced(extensionPath)) return "Another version is installed; nothing was removed.";
  const noted = notedInstall(extensionPath);
  if (leaveInstall(extensionPath)) return "Another editor has the extension; nothing was removed.";
  const bundled = join(extensionPath, "bundled");
  for (const start of [noted, await found(bundled)]) {
    if (start === undefined) continue;
    const script = ["-I", "-S", join(bundled, "launch.py"), ...start.libraries, "device", "forget", "--yes"];
    const done = spawnSync(start.python, script, { encoding: "utf8", timeout: TIMEOUT_MS });
    // A Python that was removed meanwhile says nothing.
    if (done.error === undefined) return `${done.stdout}${done.stderr}`.trim();
  }
  return "No Python was found to remove the spool with: `patchtrail device forget` does it.";
}

/** Look for a Python as the extension does without settings. */
async function found(bundled: string): Promise<{ python: string; libraries: string[] } | undefined> {
  const chosen = (): Promise<undefined> => Promise.resolve(undefined);
  const interpreter = await findInterpreter({ setting: "", chosen, searchPath: process.env["PATH"] ?? "" });
  if (typeof interpreter === "string") return undefined;
  const libraries = librariesFor(interpreter, { bundled, installed: join(bundled, "none") });
  return libraries === undefined ? undefined : { python: interpreter.path, libraries };
}

// This file lies in extension/dist of the package.
uninstalled(resolve(__dirname, "..", "..")).then(
  (sentence) => console.log(`Patchtrail: ${sentence}`),
  (error: unknown) => console.log(`Patchtrail: nothing more was removed: ${String(error)}`),
);
