// One debug session, followed by the messages between editor and adapter. It only listens: nothing is ever sent.

import type { DebugReport, DebugSessionFact, DebugSteps, DebugStopFact, SeenBreakpoint } from "./contract.gen.ts";
import { type Body, number, record, Stop, text } from "./debugStop.ts";

type Fact = DebugReport["fact"];
type Steps = Required<DebugSteps>;

/** What is known of a debug session from its configuration. */
export interface Followed {
  id: string;
  type: string;
  request: DebugSessionFact["request"];
  name: string;
}

/** What the follower needs from around it. */
export interface Around {
  /** The trace that is being recorded; undefined while nothing may be captured. */
  recording: () => string | undefined;
  withValues: () => boolean;
  breakpoints: () => SeenBreakpoint[];
  nowMs: () => number;
  tell: (fact: Fact) => void;
}

const QUICK_STEP_MS = 1_000;
const MAX_PENDING = 500;
const MAX_THREADS = 50;
const MAX_OWNED = 4_000;
const MAX_STOPS = 2_000;
const MOVES: Record<string, keyof DebugSteps> = {
  next: "next",
  stepIn: "step_in",
  stepOut: "step_out",
  stepBack: "step_back",
  continue: "continues",
  reverseContinue: "continues",
  pause: "pauses",
};
const ASKED = new Set(["stackTrace", "scopes", "variables", "evaluate", "exceptionInfo"]);

/** Follows one debug session. */
export class DebugFollower {
  readonly #pending = new Map<number, Body>();
  readonly #moves = new Map<number, [number, Stop][]>();
  readonly #stops = new Map<number, Stop>();
  readonly #frames = new Map<number, number>();
  readonly #references = new Map<number, number>();
  readonly #filters = new Map<string, SeenBreakpoint>();
  readonly #startedMs: number;
  #steps = none();
  #allSteps = none();
  #count = 0;
  #exitCode: number | null = null;
  #toldTrace: string | undefined;
  #isOver = false;

  constructor(
    private readonly followed: Followed,
    private readonly around: Around,
  ) {
    this.#startedMs = around.nowMs();
  }

  /** The stop that has lasted longest, as it would be told now; undefined while the program runs. */
  get standing(): DebugStopFact | undefined {
    const [oldest] = [...this.#stops.values()].sort((one, other) => one.sinceMs - other.sinceMs);
    return oldest?.told(this.followed.id, this.followed.type, this.around.nowMs());
  }

  /** The editor sends a message to the adapter. */
  sent(message: unknown): void {
    const { type, command, seq, arguments: given } = record(message);
    if (type !== "request" || typeof command !== "string") return;
    if (command === "setExceptionBreakpoints") this.#takeFilters(record(given));
    if (command === "configurationDone") this.begin();
    if (this.around.recording() === undefined) return;
    const move = MOVES[command];
    if (move !== undefined) {
      this.#steps[move] += 1;
      this.#allSteps[move] += 1;
    }
    const id = number(seq);
    if (id === undefined) return;
    // A stop that comes before the answer to the move is another one: only those that stand now are left by it.
    if (move !== undefined && move !== "pauses") this.#moves.set(id, this.#standing(command, record(given)));
    if (ASKED.has(command)) this.#pending.set(id, record(given));
    dropOldest(this.#pending);
    dropOldest(this.#moves);
  }

  /** The adapter sent a message to the editor. */
  received(message: unknown): void {
    const { type, event, body, command, request_seq, success } = record(message);
    if (type === "event") {
      if (typeof event === "string") this.#happened(event, record(body));
    } else if (type === "response" && typeof command === "string") {
      this.#answered(command, number(request_seq), success === true ? record(body) : undefined);
    }
  }

  /** Say that it began, once in every trace. */
  begin(): void {
    const trace = this.around.recording();
    if (trace === undefined || trace === this.#toldTrace || this.#isOver) return;
    this.#toldTrace = trace;
    this.#tellSession("started", {});
  }

  /** Tell what stands now: whatever follows belongs to another time. */
  leaveAll(): void {
    for (const thread of [...this.#stops.keys()]) this.#leave(thread);
  }

  /** Forget what was seen: it may not be told any more. */
  forget(): void {
    this.#stops.clear();
    this.#pending.clear();
    this.#moves.clear();
    this.#frames.clear();
    this.#references.clear();
    this.#steps = none();
  }

  /** It ended, however it did. */
  end(): void {
    if (this.#isOver) return;
    this.leaveAll();
    const isTold = this.#toldTrace !== undefined && this.#toldTrace === this.around.recording();
    this.#isOver = true;
    if (!isTold) return;
    this.#tellSession("ended", {
      stops: this.#count,
      steps: this.#allSteps,
      exit_code: this.#exitCode,
      duration_ms: Math.max(0, Math.round(this.around.nowMs() - this.#startedMs)),
    });
  }

  #happened(event: string, body: Body): void {
    switch (event) {
      case "stopped":
        return this.#stopped(body);
      case "continued":
        return body["allThreadsContinued"] === true ? this.leaveAll() : this.#leave(number(body["threadId"]));
      case "exited":
        this.#exitCode = number(body["exitCode"]) ?? null;
        return;
      case "thread":
        return body["reason"] === "exited" ? this.#leave(number(body["threadId"])) : undefined;
      case "terminated":
        return this.leaveAll();
    }
  }

  #stopped(body: Body): void {
    const thread = number(body["threadId"]) ?? 0;
    this.#leave(thread);
    if (this.around.recording() === undefined || this.#stops.size >= MAX_THREADS) return;
    this.begin();
    this.#count += 1;
    if (this.#count === MAX_STOPS + 1) {
      this.around.tell({ kind: "lost", detail: `More than ${MAX_STOPS} stops in one debug session: the others are only counted.` });
    }
    this.#stops.set(thread, new Stop(body, this.#steps, this.around.nowMs(), this.around.withValues()));
    this.#steps = none();
  }

  /** A step that was only passed through is counted with the next stop. */
  #leave(thread: number | undefined): void {
    const stop = thread === undefined ? undefined : this.#stops.get(thread);
    if (thread === undefined || stop === undefined) return;
    this.#stops.delete(thread);
    for (const owners of [this.#frames, this.#references]) {
      for (const [id, owner] of owners) if (owner === thread) owners.delete(id);
    }
    if (this.around.recording() === undefined) return;
    const nowMs = this.around.nowMs();
    if (stop.reason === "step" && !stop.isLookedAt && nowMs - stop.sinceMs < QUICK_STEP_MS) {
      for (const move of Object.keys(stop.stepsBefore) as (keyof Steps)[]) this.#steps[move] += stop.stepsBefore[move];
    } else if (this.#count <= MAX_STOPS) {
      this.around.tell(stop.told(this.followed.id, this.followed.type, nowMs));
    }
  }

  #answered(command: string, id: number | undefined, body: Body | undefined): void {
    const asked = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || asked === undefined) return this.#moved(id, body);
    this.#pending.delete(id);
    const thread = this.#threadOf(command, asked);
    const stop = thread === undefined ? undefined : this.#stops.get(thread);
    if (thread === undefined || stop === undefined) return;
    if (command === "evaluate") return stop.evaluated(asked, body);
    if (body === undefined) return;
    if (command === "exceptionInfo") stop.raised(body);
    else if (command === "stackTrace") own(this.#frames, stop.stack(body, number(asked["startFrame"]) ?? 0), thread);
    else if (command === "scopes") own(this.#references, stop.scopes(body), thread);
    else if (command === "variables") own(this.#references, stop.variables(body, number(asked["variablesReference"]) ?? 0), thread);
  }

  /** An adapter need not send `continued` where the editor asked for it. */
  #moved(id: number | undefined, body: Body | undefined): void {
    const standing = id === undefined ? undefined : this.#moves.get(id);
    if (id === undefined || standing === undefined) return;
    this.#moves.delete(id);
    if (body === undefined) return;
    for (const [thread, stop] of standing) if (this.#stops.get(thread) === stop) this.#leave(thread);
  }

  /** Which stops a move leaves: a step its own thread's, going on all of them, unless it says that it moves one alone. */
  #standing(command: string, given: Body): [number, Stop][] {
    const isOne = !/continue/i.test(command) || given["singleThread"] === true;
    return [...this.#stops].filter(([thread]) => !isOne || thread === number(given["threadId"]));
  }

  #threadOf(command: string, asked: Body): number | undefined {
    if (command === "variables") return this.#references.get(number(asked["variablesReference"]) ?? 0);
    const frame = number(asked["frameId"]);
    if (frame !== undefined && this.#frames.has(frame)) return this.#frames.get(frame);
    return number(asked["threadId"]) ?? (command === "evaluate" ? [...this.#stops.keys()].at(-1) : undefined);
  }

  #takeFilters(given: Body): void {
    this.#filters.clear();
    const named = Array.isArray(given["filters"]) ? given["filters"] : [];
    const options = Array.isArray(given["filterOptions"]) ? given["filterOptions"].map(record) : [];
    for (const name of named) this.#filters.set(text(name), { kind: "exception", name: text(name) });
    for (const option of options) {
      const name = text(option["filterId"]);
      this.#filters.set(name, { kind: "exception", name, condition: text(option["condition"]) || null });
    }
  }

  #tellSession(phase: DebugSessionFact["phase"], ended: Partial<DebugSessionFact>): void {
    const { id, type, request, name } = this.followed;
    const breakpoints = [...this.around.breakpoints(), ...this.#filters.values()];
    this.around.tell({ kind: "session", debug_id: id, phase, debug_type: type, request, name, breakpoints, ...ended });
  }
}

function own(owners: Map<number, number>, ids: number[], thread: number): void {
  for (const id of ids) {
    if (owners.size >= MAX_OWNED) return;
    owners.set(id, thread);
  }
}

function dropOldest(waiting: Map<number, unknown>): void {
  for (const old of waiting.keys()) {
    if (waiting.size <= MAX_PENDING) return;
    waiting.delete(old);
  }
}

function none(): Steps {
  return { next: 0, step_in: 0, step_out: 0, step_back: 0, continues: 0, pauses: 0 };
}
