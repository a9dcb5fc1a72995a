// What is kept of a command's output.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Output } from "../../extension/src/output.ts";

function written(limit: number, ...pieces: string[]): Output {
  const output = new Output(limit);
  for (const piece of pieces) output.add(piece);
  return output;
}

test("a short output is whole", () => {
  const output = written(10, "abc", "def");

  assert.deepEqual([output.text, output.coverage], ["abcdef", "whole"]);
});

test("of a long one the end is kept, and said to be the end", () => {
  const output = written(10, "0123456789", "abcdef", "ghij");

  assert.deepEqual([output.text, output.coverage], ["abcdefghij", "tail"]);
});

test("one piece that is too long is cut", () => {
  const output = written(4, "0123456789");

  assert.deepEqual([output.text, output.coverage], ["6789", "tail"]);
});

test("an output that was not seen is not called empty", () => {
  assert.equal(written(4).coverage, "unknown");
});
