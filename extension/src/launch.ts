// How the sidecar's Python is started: isolated, so that nothing of the user's environment is imported or written to.

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import type { Interpreter } from "./interpreter.ts";

/** An interpreter with its libraries; `cache` takes compiled files, and is the current folder. */
export interface Launcher {
  interpreter: Interpreter;
  libraries: string[];
  bundled: string;
  cache: string;
}

const MOST_WORDS = 50;
const EXIT_TIMEOUT_MS = 1_000;
const LAST_WORDS = new WeakMap<ChildProcess, string[]>();

/** Start `patchtrail ARGS…`; `line`, which may be a secret, is written to standard input and to nothing else. */
export function launch(launcher: Launcher, args: string[], line?: string): ChildProcessWithoutNullStreams {
  const isolated = ["-I", "-S", "-X", `pycache_prefix=${join(launcher.cache, "pycache")}`];
  const script = [join(launcher.bundled, "launch.py"), ...launcher.libraries];
  const child = spawn(launcher.interpreter.path, [...isolated, ...script, ...args], {
    cwd: launcher.cache,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A process that ends early breaks the pipe, and one that cannot be started has none; its exit is what tells.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  const words: string[] = [];
  LAST_WORDS.set(child, words);
  child.stderr.on("data", (said: Buffer) => {
    words.push(said.toString("utf8"));
    if (words.length > MOST_WORDS) words.shift();
  });
  if (line !== undefined) child.stdin.write(`${line}\n`);
  return child;
}

/** Return the last line that a process wrote to standard error. */
export function lastWordsOf(child: ChildProcess): string {
  return (LAST_WORDS.get(child) ?? []).join("").trim().split("\n").at(-1) ?? "";
}

/** Wait a moment for a process to end, and return its exit code; its output may end a little before it does. */
export function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), EXIT_TIMEOUT_MS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

/** Run `patchtrail ARGS…` with one line of input; resolve with its one line of output, reject with its problem. */
export function ask(launcher: Launcher, args: string[], line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = launch(launcher, args, line);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => reject(error));
    child.on("close", (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(messageOf(lastWordsOf(child))))));
    child.stdin.end();
  });
}

function messageOf(last: string): string {
  try {
    return (JSON.parse(last) as { message: string }).message;
  } catch {
    return last || "The sidecar ended without saying why.";
  }
}
