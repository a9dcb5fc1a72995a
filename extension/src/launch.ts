// How the sidecar's Python is started: isolated, so that nothing of the user's environment is imported or written to.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import type { Interpreter } from "./interpreter.ts";

/** An interpreter with its libraries; `cache` takes compiled files, and is the current folder. */
export interface Launcher {
  interpreter: Interpreter;
  libraries: string[];
  bundled: string;
  cache: string;
}

/** Start `patchtrail ARGS…`; `line`, which may be a secret, is written to standard input and to nothing else. */
export function launch(launcher: Launcher, args: string[], line?: string): ChildProcessWithoutNullStreams {
  const isolated = ["-I", "-S", "-X", `pycache_prefix=${join(launcher.cache, "pycache")}`];
  const script = [join(launcher.bundled, "launch.py"), ...launcher.libraries];
  const child = spawn(launcher.interpreter.path, [...isolated, ...script, ...args], {
    cwd: launcher.cache,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A process that ends early breaks the pipe; its exit is what tells.
  child.stdin.on("error", () => undefined);
  if (line !== undefined) child.stdin.write(`${line}\n`);
  return child;
}

/** Run `patchtrail ARGS…` with one line of input; resolve with its one line of output, reject with its problem. */
export function ask(launcher: Launcher, args: string[], line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = launch(launcher, args, line);
    let output = "";
    let problem = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (problem += text));
    child.on("error", (error) => reject(error));
    child.on("close", (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(messageOf(problem)))));
    child.stdin.end();
  });
}

function messageOf(problem: string): string {
  const last = problem.trim().split("\n").at(-1) ?? "";
  try {
    return (JSON.parse(last) as { message: string }).message;
  } catch {
    return last || "The sidecar ended without saying why.";
  }
}
