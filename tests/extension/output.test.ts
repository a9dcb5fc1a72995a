// What is kept of a command's output, whatever it writes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drain, Output } from "../../extension/src/output.ts";

test("a short output is whole", () => {
  const output = new Output(4, 4, 2);
  for (const piece of ["ab", "", "c", "def"]) output.add(piece);

  assert.deepEqual(output.told, { output: "abcdef", output_coverage: "whole", output_head: "", output_omitted_bytes: 0 });
});

test("an empty stream tells nothing", () => {
  assert.equal(new Output().told.output_coverage, "unknown");
});

test("of a long output start and end are kept, and the rest is counted in bytes", () => {
  const output = new Output(4, 4, 2);
  const text = "0123456789äöü𝒳yz";
  for (const letter of text) output.add(letter);
  const { output: tail, output_coverage, output_head, output_omitted_bytes } = output.told;

  assert.equal(output_coverage, "tail");
  assert.equal(output_head, "0123");
  assert.ok(text.endsWith(tail ?? "?"));
  assert.equal(Buffer.byteLength(`${output_head}${tail}`) + (output_omitted_bytes ?? 0), Buffer.byteLength(text));
});

test("one huge piece and a million small ones are bounded alike", () => {
  const [once, often] = [new Output(100, 1000, 100), new Output(100, 1000, 100)];
  once.add("x".repeat(1_000_000));
  for (let count = 0; count < 1_000_000; count += 1) often.add("x");

  assert.deepEqual(once.told, often.told);
  assert.ok((once.told.output?.length ?? 0) <= 1100);
});

test("a character that was cut in two comes together again", () => {
  const output = new Output(3, 100, 4);
  for (const half of ["ab", "\ud835", "\udcb3", "c"]) output.add(half);

  assert.equal(output.told.output, "ab𝒳c");
});

test("a closed output forgets, and takes nothing more", () => {
  const output = new Output();
  output.add("secret");
  output.close();
  output.add("more");

  assert.equal(output.told.output, "");
});

/** The stream of today's editors: it keeps what it gave. */
class Keeping implements AsyncIterable<string> {
  readonly _results: string[] = [];

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (let at = 0; at < 3; at += 1) {
      this._results.push(`piece ${at}`);
      yield this._results[at] ?? "";
    }
  }
}

test("what was read of a stream is not kept by it either", async () => {
  const stream = new Keeping();
  const seen: string[] = [];
  await drain(stream, (piece) => seen.push(piece));

  assert.deepEqual(seen, ["piece 0", "piece 1", "piece 2"]);
  assert.deepEqual(stream._results, ["", "", ""]);
});

test("a stream that breaks off keeps what came before", async () => {
  async function* breaking(): AsyncGenerator<string> {
    yield "one";
    throw new Error("killed");
  }
  const seen: string[] = [];
  await drain(breaking(), (piece) => seen.push(piece));

  assert.deepEqual(seen, ["one"]);
});
