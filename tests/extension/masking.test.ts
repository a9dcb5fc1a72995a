// What a trace of messages may show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { masked } from "../../extension/src/masking.ts";

const SECRET = "hunter2-is-the-password";

test("a document, an output, a note and a path are shown by their length only", () => {
  const params = {
    textDocument: { uri: `file:///home/${SECRET}/a.py`, languageId: "python", version: 1, text: `x = "${SECRET}"` },
    output: SECRET,
    settings: { [SECRET]: SECRET },
    list: [SECRET, { command_line: SECRET }],
  };
  const shown = masked(`Params: ${JSON.stringify(params, undefined, 4)}\n\n`);

  assert.ok(!shown.includes("hunter2"), shown);
  assert.match(shown, /^Params: /);
  assert.match(shown, /"languageId": "python"/);
  assert.match(shown, /"version": 1/);
});

test("a heading is shown as it is", () => {
  const heading = "[Trace - 4:09:30 AM] Sending request 'patchtrail/note/draft - (7)'.";

  assert.equal(masked(heading), heading);
});

test("a failed request's text is withheld", () => {
  const heading = `[Trace - 4:09:30 AM] Received response 'patchtrail/note/draft - (7)' in 3ms. Request failed: ${SECRET} (-32803).`;

  assert.ok(!masked(heading).includes("hunter2"), masked(heading));
});

for (const body of [`Params: {"text": "${SECRET}`, SECRET, `Params: "${SECRET}"`, `${SECRET} {"a": 1}`, `Result: ["${SECRET}"]`]) {
  test(`whatever is not understood is withheld: ${body.slice(0, 12)}…`, () => {
    assert.ok(!masked(body).includes("hunter2"), masked(body));
  });
}

for (const harmless of ["", "No parameters provided.\n\n", "No result returned.\n\n"]) {
  test(`harmless: ${JSON.stringify(harmless)}`, () => {
    assert.equal(masked(harmless), harmless);
  });
}
