// The facts of a document's changes, as groups.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Around, type Change, DocumentChanges, type MovedBy } from "../../extension/src/changeGroups.ts";

const QUIET: Around = {
  ...{ atMs: 1000, reason: "none", isDirty: true, cursors: undefined, isFocused: true },
  ...{ isOnDiagnostic: false, isFixAsked: false, isPatch: false, isCommandRunning: false },
};

function at(line: number, character: number) {
  const place = { line, character };
  return { start: place, end: place, active: place };
}

function change(line: number, from: number, to: number, text: string): Change {
  return { range: { start: { line, character: from }, end: { line, character: to } }, rangeLength: to - from, text };
}

/** Type a text on one line, and have the editor tell of the cursor. */
function typed(seen: DocumentChanges, line: number, from: number, text: string, atMs: number, by: MovedBy = "keyboard"): void {
  [...text].forEach((letter, number) => {
    const place = from + number;
    seen.changed([change(line, place, place, letter)], { ...QUIET, atMs: atMs + number, cursors: [at(line, place)] });
    seen.moved(by, [at(line, place + 1)], atMs + number);
  });
}

test("what is typed in one go is one group, without its text", () => {
  const seen = new DocumentChanges();
  typed(seen, 3, 0, "secret", 1000);
  const { groups, isWhole } = seen.saved();

  assert.deepEqual(groups, [
    {
      ...{ started_ms: 1000, ended_ms: 1005, events: 6, inserted: 6, deleted: 0, largest_insert: 1 },
      ...{ moved_by: "keyboard", is_at_cursor: true, is_active: true, is_focused: true },
    },
  ]);
  assert.equal(isWhole, true);
  assert.equal(JSON.stringify(groups).includes("secret"), false);
});

test("a cursor that moved for itself does not make a change the keyboard's", () => {
  const seen = new DocumentChanges();
  seen.changed([change(9, 0, 0, "by a program")], { ...QUIET, cursors: [at(2, 2)] });
  seen.moved("keyboard", [at(2, 3)], 1001);

  assert.equal(seen.saved().groups[0]?.moved_by, undefined);
});

test("a change that the editor never calls unsaved was read from disk", () => {
  const [read, worked] = [new DocumentChanges(), new DocumentChanges()];
  read.changed([change(0, 0, 9, "other")], { ...QUIET, isDirty: false });
  worked.changed([change(0, 0, 9, "other")], { ...QUIET, isDirty: false });
  worked.dirtied();

  assert.deepEqual([read.saved().groups[0]?.is_clean, worked.saved().groups[0]?.is_clean], [true, undefined]);
});

test("of the first change after a save it is known what the editor told first", () => {
  const [person, program] = [new DocumentChanges(), new DocumentChanges()];
  for (const seen of [person, program]) seen.changed([change(0, 4, 5, "")], { ...QUIET, isDirty: false, cursors: [at(0, 5)] });
  person.dirtied();
  person.moved("program", [at(0, 4)], 1001);
  program.moved("program", [at(0, 4)], 1001);
  program.dirtied();

  assert.deepEqual([person.saved().groups[0]?.told_first, program.saved().groups[0]?.told_first], ["change", "cursor"]);
});

test("what comes right before a save is its own only where something acts on saving", () => {
  const asked = [true, false].map((hasSaveActions) => {
    const seen = new DocumentChanges();
    typed(seen, 0, 0, "x", 1000);
    seen.changed([change(0, 0, 0, " "), change(1, 4, 6, "")], { ...QUIET, atMs: 1100 });
    seen.saving(hasSaveActions, 1120);
    return seen.saved().groups.map((one) => one.saved_after_ms);
  });

  assert.deepEqual(asked, [[undefined, 20], [undefined, undefined]]);
});

test("what changes while it is being saved belongs to the save, until the save must have failed", () => {
  const told = [1050, 60_000].map((atMs) => {
    const seen = new DocumentChanges();
    seen.saving(true, 1000);
    seen.changed([change(0, 0, 0, " "), change(1, 4, 6, "")], { ...QUIET, atMs });
    return seen.saved().groups.map((one) => one.saved_after_ms);
  });

  assert.deepEqual(told, [[0], [undefined]]);
});

test("a word that takes the place of its beginning completes it, a phrase does not", () => {
  const isCompleting = ["another_name", "another name"].map((text) => {
    const seen = new DocumentChanges();
    typed(seen, 5, 0, "anot", 1000);
    seen.changed([change(5, 0, 4, text)], { ...QUIET, atMs: 2000, cursors: [at(5, 4)] });
    return seen.saved().groups[1]?.is_completing;
  });

  assert.deepEqual(isCompleting, [true, undefined]);
});

test("however much happens, what is kept is bounded, and nothing is lost unsaid", () => {
  const seen = new DocumentChanges();
  for (let number = 0; number < 5000; number++) {
    const isAlone = number % 2 === 0;
    seen.changed([change(number, 0, 0, "x")], { ...QUIET, atMs: number * 5000, isFocused: isAlone });
  }
  const { groups, isWhole } = seen.saved();

  assert.equal(groups.length, 256);
  assert.equal(groups.reduce((sum, one) => sum + one.inserted, 0), 5000);
  assert.equal(isWhole, true);
  assert.deepEqual(seen.saved().groups, []);
});
