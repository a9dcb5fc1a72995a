// Run a program to its end, outside of the workspace: a program may look into its current folder first.

import { execFile } from "node:child_process";

/** Resolve with what it printed; reject with the last line that it complained. */
export function run(command: string, args: string[], timeout = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: "/", timeout }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(new Error(stderr.trim().split("\n").at(-1) || error.message));
    });
  });
}
