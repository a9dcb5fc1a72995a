// What the extension's own code takes per keystroke: 100,000 of them, each told as an editor tells it.
import { type Around, DocumentChanges } from "../../extension/src/changeGroups.ts";

const KEYS = 100_000;
const AROUND: Omit<Around, "atMs" | "cursors"> = {
  ...{ reason: "none", isDirty: true, isFocused: true, isOnDiagnostic: false, isFixAsked: false, isPatch: false, isCommandRunning: false },
} as const;

const seen = new DocumentChanges();
const took: number[] = [];
for (let number = 0; number < KEYS; number++) {
  const [line, character] = [Math.floor(number / 60), number % 60];
  const place = { line, character };
  const isBackspace = number % 7 === 3;
  const range = { start: isBackspace ? { line, character: Math.max(0, character - 1) } : place, end: place };
  const moved = isBackspace ? range.start : { line, character: character + 1 };
  const began = performance.now();
  seen.changed([{ range, rangeLength: isBackspace ? 1 : 0, text: isBackspace ? "" : "x" }], { ...AROUND, atMs: number * 90, cursors: [{ start: place, end: place, active: place }] });
  seen.moved(isBackspace ? "program" : "keyboard", [{ start: moved, end: moved, active: moved }], number * 90);
  took.push(performance.now() - began);
}
const began = performance.now();
const { groups } = seen.saved();
console.log(JSON.stringify({ took, saved: performance.now() - began, groups: groups.length, bytes: JSON.stringify(groups).length }));
