// What the status bar says.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionState } from "../../extension/src/contract.gen.ts";
import { gapText, shareText, statusOf } from "../../extension/src/status.ts";

const RECORDING: SessionState = {
  state: "recording",
  reasons: [],
  trace_id: "trace-0123456789abcdef0123456789abcdef",
  next_seq: 4,
  is_signed: true,
  is_online: true,
  pending_chunks: 0,
  stuck_traces: 0,
  capture_errors: 0,
  resumable: [],
  undelivered: [],
  task_title: "BUG-1",
};
const IDLE: SessionState = { ...RECORDING, state: "idle", trace_id: null };

const CASES: [string, Parameters<typeof statusOf>[0], string][] = [
  ["not connected", { isConnected: false }, "$(debug-disconnect) Patchtrail: not connected"],
  ["starting", { isConnected: true }, "$(loading~spin) Patchtrail"],
  ["ready", { isConnected: true, state: IDLE }, "$(circle-large-outline) Patchtrail"],
  ["off, with the gate's reason", { isConnected: true, state: { ...IDLE, reasons: ["Telemetry is off in the editor."] } }, "$(circle-slash) Patchtrail off: Telemetry is off in the editor"],
  ["recording", { isConnected: true, state: RECORDING }, "$(record) Recording"],
  ["offline", { isConnected: true, state: { ...RECORDING, is_online: false, pending_chunks: 3 } }, "$(record) Recording · offline, 3 pending"],
  ["drafts", { isConnected: true, state: { ...RECORDING, drafts: 1 } }, "$(record) Recording · $(edit) 1 draft"],
  ["paused", { isConnected: true, state: { ...RECORDING, state: "paused", reasons: ["Paused by the participant."] } }, "$(debug-pause) Patchtrail paused: Paused by the participant"],
  ["stopped", { isConnected: true, state: { ...IDLE, state: "stopped", reasons: ["The disk is full. What was recorded so far is kept."] } }, "$(error) Patchtrail stopped: The disk is full. What was recorded so far is kept"],
];

for (const [name, situation, text] of CASES) {
  test(`the item says: ${name}`, () => {
    assert.equal(statusOf(situation).text, text);
  });
}

test("a spool that fills up is told before recording stops", () => {
  const status = statusOf({ isConnected: true, state: { ...RECORDING, spool_percent: 83, notices: ["trace-1 waits."] } });

  assert.ok(status.isWarning && status.text.includes("spool 83% full"));
  assert.ok(status.details.includes("trace-1 waits."));
  assert.ok(!statusOf({ isConnected: true, state: { ...RECORDING, spool_percent: 79 } }).isWarning);
});

test("a long reason is cut in the bar and whole in its tooltip", () => {
  const reason = `The folder is not in patchtrail.folders.allowed: /home/${"x".repeat(100)}`;
  const status = statusOf({ isConnected: true, state: { ...IDLE, reasons: [reason] } });

  assert.ok(status.text.endsWith("…"));
  assert.ok(status.details.includes(reason));
});

test("without a Python the item says so and leads to what helps", () => {
  const status = statusOf({ isConnected: true, trouble: { sentence: "No CPython 3.11 or later was found.", command: "patchtrail.openSettings" } });

  assert.deepEqual([status.isWarning, status.command, status.details], [true, "patchtrail.openSettings", ["No CPython 3.11 or later was found."]]);
});

test("a terminal that cannot be seen is told while recording", () => {
  const status = statusOf({ isConnected: true, state: RECORDING, blindSpot: "1 open terminal has no shell integration." });

  assert.ok(status.isWarning && status.details.includes("1 open terminal has no shell integration."));
});

test("a note is suggested by a word and a colour, and only while recording", () => {
  const note_suggestion = { hint: "third_red_run", seq: 9, text: "Red for the third time: test_total." } as const;
  const status = statusOf({ isConnected: true, state: { ...RECORDING, note_suggestion } });
  const paused = statusOf({ isConnected: true, state: { ...RECORDING, state: "paused", note_suggestion } });

  assert.deepEqual([status.text, status.isSuggesting, status.isWarning], ["$(record) Recording · $(lightbulb) Say why?", true, false]);
  assert.ok(status.details.includes(note_suggestion.text));
  assert.equal(paused.isSuggesting, false);
});

test("off the record the item counts the minutes that are left", () => {
  const state: SessionState = { ...RECORDING, state: "paused", reasons: ["Off the record."], off_record_until_ms: 600_000 };

  assert.equal(statusOf({ isConnected: true, state }, 0).text, "$(eye-closed) Off the record: 10 min left");
  assert.equal(statusOf({ isConnected: true, state }, 541_000).text, "$(eye-closed) Off the record: 1 min left");
  assert.equal(statusOf({ isConnected: true, state }, 700_000).text, "$(eye-closed) Off the record: 1 min left");
});

test("a deletion request that waits is told", () => {
  const status = statusOf({ isConnected: true, state: { ...RECORDING, deletions: 1 } });

  assert.ok(status.details.some((line) => line.startsWith("1 deletion request")));
});

test("the share and its gaps are told in a line each", () => {
  const gap = { channel: "all", from_ms: 0, to_ms: 30_000, reason: "off_record", detail: "" } as const;
  const coverage = { duration_ms: 120_000, observed_ms: 90_000, observed_milli: 750, gaps: [gap] };

  assert.equal(shareText(coverage), "Observed 75.0 % of 2 minutes");
  assert.deepEqual([gapText(gap), gapText({ ...gap, channel: "tests" })], ["off record, 30 seconds", "tests: off record, 30 seconds"]);
});

test("the base snapshot is told in a line: made, in the making, or why there is none", () => {
  const lines = (base_snapshot: SessionState["base_snapshot"]): string[] =>
    statusOf({ isConnected: true, state: { ...RECORDING, base_snapshot: base_snapshot ?? null } }).details.filter((line) => line.toLowerCase().includes("base"));

  assert.deepEqual(lines({ is_ready: true, files: 42, size_bytes: 119_200 }), ["Base snapshot: 42 files, 120 kB; it goes along with the session's end."]);
  assert.deepEqual(lines({ is_ready: false }), ["The base snapshot is being made."]);
  assert.deepEqual(lines({ is_ready: false, problem: "It is too large." }), ["No base snapshot: It is too large."]);
  assert.deepEqual(lines(null), []);
});
