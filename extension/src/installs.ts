// What an uninstalled extension needs to know, noted while it was installed: the editor tells its last script nothing.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/** One editor's installation: the folder of its extensions, and how the sidecar is started there. */
export interface Install {
  extensions: string;
  python: string;
  libraries: string[];
}

const FOLDER = /^patchtrail\.patchtrail-/;

/** Note how the sidecar is started by this editor; a note that cannot be written costs nobody anything. */
export function noteInstall(extensionPath: string, python: string, libraries: string[]): void {
  const install: Install = { extensions: dirname(extensionPath), python, libraries };
  const path = noteOf(install.extensions);
  const text = JSON.stringify(install);
  try {
    if (read(path) === text) return;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // Without it the last script looks for a Python by itself.
  }
}

/** Return what was noted of the editor whose extension this is. */
export function notedInstall(extensionPath: string): Install | undefined {
  return parsed(read(noteOf(dirname(extensionPath))));
}

/** Forget an editor's note, and return whether another editor still has the extension. */
export function leaveInstall(extensionPath: string): boolean {
  const mine = dirname(extensionPath);
  rmSync(noteOf(mine), { force: true });
  const others = names(notes()).map((name) => parsed(read(join(notes(), name))));
  return others.some((one) => one !== undefined && one.extensions !== mine && installed(one.extensions).length > 0);
}

/** Return whether another version of the extension is beside this one, and not on its way out. */
export function isReplaced(extensionPath: string): boolean {
  const extensions = dirname(extensionPath);
  return installed(extensions).some((name) => name !== basename(extensionPath));
}

function installed(extensions: string): string[] {
  const leaving = read(join(extensions, ".obsolete")) ?? "{}";
  return names(extensions).filter((name) => FOLDER.test(name) && !leaving.includes(`"${name}"`));
}

function notes(): string {
  const share = process.platform === "darwin" ? join("Library", "Application Support") : join(".local", "share");
  return join(process.env["XDG_DATA_HOME"] || join(homedir(), share), "patchtrail", "installs");
}

function noteOf(extensions: string): string {
  return join(notes(), `${createHash("sha256").update(extensions).digest("hex").slice(0, 16)}.json`);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parsed(text: string | undefined): Install | undefined {
  try {
    const found = JSON.parse(text ?? "null") as Partial<Install> | null;
    const isWhole = typeof found?.extensions === "string" && typeof found.python === "string" && Array.isArray(found.libraries);
    return isWhole ? (found as Install) : undefined;
  } catch {
    return undefined;
  }
}
