// Find the Python that runs the sidecar: CPython 3.11 or later, probed before it is trusted with anything.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

/** An interpreter that answered: `version` is "3.12", `machine` as uname tells it, `path` its own idea of where it is. */
export interface Interpreter {
  path: string;
  version: string;
  machine: string;
}

/** Where to look: the setting wins alone; else the Python extension's choice, then what is on the PATH. */
export interface Places {
  setting: string;
  chosen: () => Promise<string | undefined>;
  searchPath: string;
}

const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
const PROBE = [
  "import json, os, sys",
  "v = sys.version_info",
  "print(json.dumps([sys.implementation.name, v[0], v[1], sys.executable, getattr(sys, 'abiflags', ''), os.uname()[4]]))",
].join("; ");
const PROBE_TIMEOUT_MS = 10_000;
const FIRST_MINOR = 11;

/** Return the first interpreter that will do, or a sentence that says why none does. */
export async function findInterpreter(places: Places): Promise<Interpreter | string> {
  if (places.setting !== "") {
    const found = await probe(places.setting);
    return typeof found === "string" ? `patchtrail.interpreter cannot be used: ${found}` : found;
  }
  const chosen = await places.chosen();
  const refusals: string[] = [];
  for (const candidate of [...(chosen === undefined ? [] : [chosen]), ...onPath(places.searchPath)]) {
    const found = await probe(candidate);
    if (typeof found !== "string") return found;
    refusals.push(found);
  }
  return ["No CPython 3.11 or later was found.", ...refusals.slice(0, 3)].join(" ");
}

/** Run a candidate without its site packages; return what it is, or why it will not do. */
export async function probe(candidate: string): Promise<Interpreter | string> {
  const output = await run(candidate, ["-I", "-S", "-c", PROBE], PROBE_TIMEOUT_MS).catch(() => undefined);
  if (output === undefined) return `${candidate} does not run.`;
  const [implementation, major, minor, executable, flags, machine] = parsed(output);
  if (implementation !== "cpython") return `${candidate} is not a CPython.`;
  if (major !== 3 || typeof minor !== "number" || minor < FIRST_MINOR) return `${candidate} is Python ${major}.${minor}.`;
  // Without the global lock extension modules have another ABI, which is not bundled.
  if (typeof flags === "string" && flags.includes("t")) return `${candidate} is a free-threaded Python.`;
  const path = typeof executable === "string" && executable !== "" ? executable : candidate;
  return { path, version: `3.${minor}`, machine: String(machine) };
}

function onPath(searchPath: string): string[] {
  const folders = searchPath.split(":").filter((folder) => folder.startsWith("/"));
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)).filter((path) => existsSync(path)).slice(0, 2));
}

function parsed(output: string): unknown[] {
  try {
    const value: unknown = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
