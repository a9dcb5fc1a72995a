// The sidecar's Python libraries: bundled for some versions; for another one they are installed, on a click only.

import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Interpreter } from "./interpreter.ts";
import { run } from "./run.ts";

/** Where the bundle lies, and where libraries for another Python may be put. */
export interface Shelves {
  bundled: string;
  installed: string;
}

/** What uname calls the machines that a package is built for. */
const MACHINES: Record<string, string[]> = {
  "linux-x64": ["x86_64"],
  "linux-arm64": ["aarch64"],
  "darwin-arm64": ["arm64"],
};

/** Return the launcher's options that lead to the libraries of this Python; undefined when there are none yet. */
export function librariesFor(interpreter: Interpreter, shelves: Shelves): string[] | undefined {
  const { target, versions } = bundle(shelves);
  if (versions.includes(interpreter.version) && MACHINES[target]?.includes(interpreter.machine)) return [];
  const folder = installedFolder(interpreter, shelves);
  return existsSync(folder) ? ["--libs", folder] : undefined;
}

/** Install the hash-locked libraries for this Python from its package index. Rejects with what pip said last. */
export async function installLibraries(interpreter: Interpreter, shelves: Shelves): Promise<void> {
  const folder = installedFolder(interpreter, shelves);
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const lock = join(shelves.bundled, "requirements.lock");
  await run(interpreter.path, [
    ...["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"],
    ...["--require-hashes", "--only-binary=:all:", "--target", unfinished, "-r", lock],
  ]);
  rmSync(folder, { recursive: true, force: true });
  // Only a whole folder gets the name by which it is found.
  renameSync(unfinished, folder);
}

function bundle(shelves: Shelves): { target: string; versions: string[] } {
  return JSON.parse(readFileSync(join(shelves.bundled, "libs.json"), "utf8")) as { target: string; versions: string[] };
}

function installedFolder(interpreter: Interpreter, shelves: Shelves): string {
  return join(shelves.installed, `cpython-${interpreter.version}-${process.platform}-${interpreter.machine}`);
}
