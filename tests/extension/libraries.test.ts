// Libraries for a Python that the package is not built for.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Interpreter } from "../../extension/src/interpreter.ts";
import { installLibraries, librariesFor, type Shelves } from "../../extension/src/libraries.ts";

let folder: string;
let shelves: Shelves;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "patchtrail-libraries-"));
  shelves = { bundled: join(folder, "bundled"), installed: join(folder, "storage") };
  mkdirSync(shelves.bundled);
  mkdirSync(shelves.installed);
  writeFileSync(join(shelves.bundled, "libs.json"), JSON.stringify({ target: "linux-x64", versions: ["3.11", "3.12"] }));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A Python whose pip writes down what it is asked, makes the folder, and ends with a code. */
function python(exitCode: number): Interpreter {
  const path = join(folder, "python");
  writeFileSync(path, `#!/bin/sh\necho "$@" > ${join(folder, "asked")}\nmkdir -p "$(echo "$@" | sed 's/.*--target //; s/ -r.*//')"\necho "ERROR: no wheel" >&2\nexit ${exitCode}\n`);
  chmodSync(path, 0o755);
  return { path, version: "3.15", machine: "x86_64" };
}

test("a bundled version needs nothing, another version or machine has none yet", () => {
  const bundled: Interpreter = { path: "/p", version: "3.12", machine: "x86_64" };

  assert.deepEqual(librariesFor(bundled, shelves), []);
  assert.equal(librariesFor({ ...bundled, version: "3.15" }, shelves), undefined);
  assert.equal(librariesFor({ ...bundled, machine: "aarch64" }, shelves), undefined);
});

test("they are installed by hash, from wheels alone, and then found", async () => {
  const interpreter = python(0);
  await installLibraries(interpreter, shelves);
  const asked = readFileSync(join(folder, "asked"), "utf8");

  for (const option of ["--require-hashes", "--only-binary=:all:", `-r ${join(shelves.bundled, "requirements.lock")}`]) assert.ok(asked.includes(option), asked);
  assert.deepEqual(librariesFor(interpreter, shelves), ["--libs", join(shelves.installed, `cpython-3.15-${process.platform}-x86_64`)]);
});

test("what could not be installed is not found, and pip's last words are told", async () => {
  const interpreter = python(1);

  await assert.rejects(installLibraries(interpreter, shelves), /ERROR: no wheel/);
  assert.equal(librariesFor(interpreter, shelves), undefined);
  assert.ok(readdirSync(shelves.installed).every((name) => name.endsWith(".unfinished")));
  assert.ok(existsSync(shelves.installed));
});
