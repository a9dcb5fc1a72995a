// A debug session followed by its messages alone: what is told, when, and what never is.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugReport, DebugStopFact } from "../../extension/src/contract.gen.ts";
import { DebugFollower } from "../../extension/src/debugFollower.ts";

type Fact = DebugReport["fact"];

/** An adapter and an editor that talk, and what was told of them. */
class Talk {
  readonly told: Fact[] = [];
  recording: string | undefined = "trace-1";
  withValues = false;
  nowMs = 0;
  #seq = 0;
  readonly follower = new DebugFollower(
    { id: "d1", type: "debugpy", request: "launch", name: "Run it" },
    {
      recording: () => this.recording,
      withValues: () => this.withValues,
      breakpoints: () => [{ kind: "source", path: "/w/shop.py", line: 7 }],
      nowMs: () => this.nowMs,
      tell: (fact) => this.told.push(fact),
    },
  );

  get stops(): DebugStopFact[] {
    return this.told.filter((fact): fact is DebugStopFact => fact.kind === "stop");
  }

  ask(command: string, given: object, body: object | undefined): void {
    const seq = ++this.#seq;
    this.follower.sent({ type: "request", seq, command, arguments: given });
    this.follower.received({ type: "response", request_seq: seq, command, success: body !== undefined, body });
  }

  event(event: string, body: object = {}): void {
    this.follower.received({ type: "event", event, body });
  }

  stopped(reason: string, more: object = {}): void {
    this.event("stopped", { reason, threadId: 1, allThreadsStopped: true, ...more });
  }

  /** What an editor asks at each stop. */
  look(): void {
    this.ask("stackTrace", { threadId: 1, startFrame: 0, levels: 1 }, { stackFrames: [FRAME], totalFrames: 30 });
    this.ask("scopes", { frameId: 5 }, { scopes: [{ name: "Locals", variablesReference: 9 }] });
    this.ask("variables", { variablesReference: 9 }, { variables: [{ name: "token", type: "str", value: "'hunter2'", variablesReference: 0 }, { name: "items", type: "dict", value: "{…}", variablesReference: 11 }] });
    this.ask("variables", { variablesReference: 11 }, { variables: [{ name: "'alice@example.com'", type: "int", value: "3" }] });
  }

  after(ms: number): void {
    this.nowMs += ms;
  }
}

const FRAME = { id: 5, name: "total", line: 7, source: { path: "/w/shop.py" } };

test("a stop is told when it is left, with its frames and the names and types of its variables", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  talk.look();
  talk.after(4_000);
  assert.equal(talk.stops.length, 0);
  talk.ask("continue", { threadId: 1 }, {});

  const [stop] = talk.stops;
  assert.deepEqual(stop?.frames, [{ name: "total", path: "/w/shop.py", line: 7 }]);
  assert.deepEqual([stop?.frames_omitted, stop?.reason, stop?.duration_ms], [29, "breakpoint", 4_000]);
  assert.deepEqual(stop?.variables, [
    { scope: "Locals", name: "token", type_name: "str", value: null },
    { scope: "Locals", name: "items", type_name: "dict", value: null },
  ]);
});

test("no value leaves the client, nor what stands inside of a variable, unless values are wanted", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  talk.look();
  talk.ask("evaluate", { expression: "token", context: "repl", frameId: 5 }, { result: "'hunter2'", type: "str" });
  talk.after(2_000);
  talk.event("terminated");
  assert.doesNotMatch(JSON.stringify(talk.told), /hunter2|alice/);

  talk.withValues = true;
  talk.stopped("breakpoint");
  talk.look();
  talk.event("terminated");
  assert.match(JSON.stringify(talk.told), /hunter2.*alice/);
});

test("an exception is told with what exceptionInfo knows, else with what the stop says", () => {
  const talk = new Talk();
  talk.stopped("exception", { text: "ValueError", description: "found 6" });
  talk.event("continued", { threadId: 1 });
  talk.stopped("exception", { text: "x", description: "y" });
  talk.ask("exceptionInfo", { threadId: 1 }, { exceptionId: "ValueError", breakMode: "unhandled", details: { message: "found 7", typeName: "ValueError" } });
  talk.event("continued", { allThreadsContinued: true });

  assert.deepEqual(
    talk.stops.map((stop) => stop.exception),
    [
      { type_name: "ValueError", message: "found 6", break_mode: null },
      { type_name: "ValueError", message: "found 7", break_mode: "unhandled" },
    ],
  );
});

test("steps that are only passed through are counted with the next stop", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  for (let n = 0; n < 5; n += 1) {
    talk.after(300);
    talk.ask("next", { threadId: 1 }, {});
    talk.stopped("step");
  }
  talk.after(5_000);
  talk.ask("stepIn", { threadId: 1 }, {});
  talk.stopped("step");
  talk.follower.end();

  assert.deepEqual(talk.stops.map((stop) => [stop.reason, stop.steps_before.next, stop.steps_before.step_in]), [["breakpoint", 0, 0], ["step", 5, 0]]);
  const ended = talk.told.at(-1);
  assert.ok(ended?.kind === "session" && ended.phase === "ended");
  assert.deepEqual([ended.stops, ended.steps?.next, ended.steps?.step_in], [7, 5, 1]);
});

test("a quick step at which something was evaluated is told", () => {
  const talk = new Talk();
  talk.stopped("step");
  talk.ask("stackTrace", { threadId: 1 }, { stackFrames: [FRAME] });
  talk.ask("evaluate", { expression: "total(", context: "repl", frameId: 5 }, undefined);
  talk.ask("evaluate", { expression: "total", context: "watch", frameId: 5 }, { result: "3", type: "int" });
  talk.ask("evaluate", { expression: "total", context: "watch", frameId: 5 }, { result: "4", type: "int" });
  talk.ask("evaluate", { expression: "total", context: "clipboard", frameId: 5 }, { result: "4" });
  talk.ask("next", { threadId: 1 }, {});

  assert.deepEqual(talk.stops[0]?.evaluations, [
    { expression: "total(", context: "repl", is_error: true, type_name: null, value: null },
    { expression: "total", context: "watch", is_error: false, type_name: "int", value: null },
  ]);
});

test("a stop that comes before the answer to the move is another stop", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  talk.after(2_000);
  talk.follower.sent({ type: "request", seq: 70, command: "continue", arguments: { threadId: 1 } });
  talk.stopped("breakpoint");
  talk.follower.received({ type: "response", request_seq: 70, command: "continue", success: true, body: {} });
  talk.look();
  talk.after(3_000);
  talk.follower.end();

  assert.deepEqual(talk.stops.map((stop) => [stop.duration_ms, stop.frames.length]), [[2_000, 0], [3_000, 1]]);
});

test("threads stop and go on by themselves", () => {
  const talk = new Talk();
  talk.event("stopped", { reason: "breakpoint", threadId: 1 });
  talk.event("stopped", { reason: "pause", threadId: 2 });
  talk.after(1_500);
  talk.ask("continue", { threadId: 2, singleThread: true }, {});
  assert.deepEqual(talk.stops.map((stop) => stop.reason), ["pause"]);
  talk.event("thread", { reason: "exited", threadId: 1 });

  assert.deepEqual(talk.stops.map((stop) => stop.reason), ["pause", "breakpoint"]);
});

test("a session begins once in every trace, and says what it stops at", () => {
  const talk = new Talk();
  talk.ask("setExceptionBreakpoints", { filters: ["uncaught"], filterOptions: [{ filterId: "raised", condition: "KeyError" }] }, {});
  talk.ask("configurationDone", {}, {});
  talk.stopped("entry");
  talk.event("exited", { exitCode: 3 });
  talk.event("terminated");
  talk.after(10_000);
  talk.follower.end();
  talk.follower.end();

  const [started, , ended] = talk.told;
  assert.ok(started?.kind === "session" && ended?.kind === "session");
  assert.deepEqual(started.breakpoints.map((one) => [one.kind, one.name ?? one.path]), [["source", "/w/shop.py"], ["exception", "uncaught"], ["exception", "raised"]]);
  assert.deepEqual([started.phase, ended.phase, ended.exit_code, ended.duration_ms, talk.told.length], ["started", "ended", 3, 10_000, 3]);
});

test("while nothing may be captured nothing is seen, and a session that spans a pause is told once", () => {
  const talk = new Talk();
  talk.ask("configurationDone", {}, {});
  talk.recording = undefined;
  talk.follower.forget();
  talk.stopped("breakpoint");
  talk.look();
  talk.ask("next", { threadId: 1 }, {});
  talk.stopped("step");
  talk.recording = "trace-1";
  talk.look();
  talk.ask("continue", { threadId: 1 }, {});
  talk.stopped("breakpoint");
  talk.after(2_000);
  talk.follower.end();

  assert.deepEqual(talk.told.map((fact) => fact.kind), ["session", "stop", "session"]);
  assert.deepEqual([talk.stops[0]?.frames, talk.stops[0]?.steps_before.next, talk.stops[0]?.steps_before.continues], [[], 0, 1]);
});

test("a session that another trace saw begin is told of in this one, too", () => {
  const talk = new Talk();
  talk.ask("configurationDone", {}, {});
  talk.recording = "trace-2";
  talk.stopped("breakpoint");

  assert.deepEqual(talk.told.map((fact) => fact.kind), ["session", "session"]);
});

test("before a pause what stands is told as it stands", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  talk.look();
  talk.after(1_200);
  talk.follower.leaveAll();
  talk.after(60_000);
  talk.ask("continue", { threadId: 1 }, {});

  assert.deepEqual(talk.stops.map((stop) => stop.duration_ms), [1_200]);
});

test("a flood is bounded: frames, variables, expressions, stops", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  const frames = Array.from({ length: 500 }, (_, id) => ({ ...FRAME, id }));
  talk.ask("stackTrace", { threadId: 1 }, { stackFrames: frames });
  talk.ask("scopes", { frameId: 5 }, { scopes: [{ name: "Locals", variablesReference: 9 }] });
  for (let n = 0; n < 10_000; n += 1) {
    talk.ask("variables", { variablesReference: 9 }, { variables: [{ name: `v${n}`, type: "int" }] });
    talk.event("output", { output: "x" });
    talk.ask("evaluate", { expression: `e${n}`, context: "watch" }, { result: "x".repeat(100) });
  }
  talk.event("continued", { allThreadsContinued: true });
  for (let n = 0; n < 2_500; n += 1) {
    talk.stopped("breakpoint");
    talk.ask("continue", { threadId: 1 }, {});
  }
  talk.follower.end();

  const [stop] = talk.stops;
  assert.deepEqual([stop?.frames.length, stop?.frames_omitted, stop?.variables.length, stop?.evaluations.length], [20, 480, 200, 100]);
  assert.equal(talk.stops.length, 2_000);
  assert.equal(talk.told.filter((fact) => fact.kind === "lost").length, 1);
  const ended = talk.told.at(-1);
  assert.ok(ended?.kind === "session" && ended.stops === 2_501);
});

test("messages that are no sense at all are survived", () => {
  const talk = new Talk();
  const wild: unknown[] = [null, 7, "x", [], {}, { type: "event" }, { type: "event", event: "stopped", body: null }, { type: "response", command: "stackTrace", request_seq: "1", success: true, body: { stackFrames: "none" } }];
  for (const message of wild) {
    talk.follower.sent(message);
    talk.follower.received(message);
  }
  talk.ask("stackTrace", { threadId: 0 }, { stackFrames: [null, 3, { id: {}, name: 5, line: -4, source: [] }], totalFrames: -2 });
  talk.ask("scopes", { frameId: null }, { scopes: {} });
  talk.follower.end();

  assert.deepEqual(talk.stops.map((stop) => [stop.reason, stop.frames[2]]), [["unknown", { name: "", path: null, line: null }]]);
});

test("an old request that was never answered makes room", () => {
  const talk = new Talk();
  talk.stopped("breakpoint");
  for (let seq = 1_000; seq < 21_000; seq += 1) talk.follower.sent({ type: "request", seq, command: "variables", arguments: { variablesReference: 9 } });
  talk.look();
  talk.follower.end();

  assert.equal(talk.stops[0]?.variables.length, 2);
});
