// Which Python runs the sidecar.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findInterpreter, type Places } from "../../extension/src/interpreter.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "patchtrail-interpreters-"));
after(() => rmSync(FOLDER, { recursive: true }));

/** A program that answers the probe as an interpreter of that kind would. */
function python(name: string, answer: unknown): string {
  const path = join(FOLDER, name);
  writeFileSync(path, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function places(changes: Partial<Places>): Places {
  return { setting: "", chosen: async () => undefined, searchPath: "", ...changes };
}

const NEW = python("new", ["cpython", 3, 12, "/opt/python3.12", "", "x86_64"]);
const OLD = python("old", ["cpython", 3, 10, "/opt/python3.10", "", "x86_64"]);
const PYPY = python("pypy", ["pypy", 3, 11, "/opt/pypy", "", "x86_64"]);
const FREE = python("free", ["cpython", 3, 14, "/opt/python3.14t", "t", "x86_64"]);
const BROKEN = python("broken", "no list");

test("the setting wins", async () => {
  const found = await findInterpreter(places({ setting: NEW, chosen: async () => OLD }));

  assert.deepEqual(found, { path: "/opt/python3.12", version: "3.12", machine: "x86_64" });
});

for (const [name, setting, why] of [
  ["too old", OLD, "is Python 3.10"],
  ["another implementation", PYPY, "is not a CPython"],
  ["free-threaded", FREE, "is a free-threaded Python"],
  ["no answer", BROKEN, "is not a CPython"],
  ["missing", join(FOLDER, "nowhere"), "does not run"],
] as const) {
  test(`a setting that cannot be used is said, and nothing else is tried: ${name}`, async () => {
    const found = await findInterpreter(places({ setting, chosen: async () => NEW }));

    assert.ok(typeof found === "string" && found.startsWith("patchtrail.interpreter cannot be used:") && found.includes(why), String(found));
  });
}

test("the Python extension's choice comes before the PATH, unless it will not do", async () => {
  python("python3", ["cpython", 3, 11, "/opt/python3.11", "", "x86_64"]);
  const chosen = await findInterpreter(places({ chosen: async () => NEW, searchPath: FOLDER }));
  const found = await findInterpreter(places({ chosen: async () => OLD, searchPath: FOLDER }));

  assert.deepEqual([chosen, found].map((one) => (typeof one === "string" ? one : one.version)), ["3.12", "3.11"]);
});

test("without any the sentence says so", async () => {
  const found = await findInterpreter(places({ searchPath: "relative/folder" }));

  assert.equal(found, "No CPython 3.11 or later was found.");
});
