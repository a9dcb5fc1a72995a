// One stop of a debugged program, as its messages tell it: bounded, and without values unless they are wanted.

import type { DebugSteps, DebugStopFact } from "./contract.gen.ts";

export const MAX_FRAMES = 20;
export const MAX_VARIABLES = 200;
const MAX_EVALUATIONS = 100;
const MAX_REFERENCES = 1_000;
const MAX_TEXT = 8_000;
const WATCHED = new Set(["repl", "watch", "hover"]);

/** A body of a message: whatever an adapter sent. */
export type Body = Record<string, unknown>;

/** What is known of one thread's stop. */
export class Stop {
  readonly #scopes = new Map<number, string>();
  readonly #variables = new Map<string, NonNullable<DebugStopFact["variables"][number]>>();
  readonly #evaluations = new Map<string, DebugStopFact["evaluations"][number]>();
  readonly #frames: DebugStopFact["frames"] = [];
  #total = 0;
  #exception: DebugStopFact["exception"] = null;
  readonly reason: string;

  constructor(
    stopped: Body,
    readonly stepsBefore: Required<DebugSteps>,
    readonly sinceMs: number,
    private readonly withValues: boolean,
  ) {
    this.reason = text(stopped["reason"]) || "unknown";
    if (this.reason === "exception") {
      this.#exception = { type_name: text(stopped["text"]), message: text(stopped["description"]), break_mode: null };
    }
  }

  /** Whether somebody asked for something here. */
  get isLookedAt(): boolean {
    return this.#evaluations.size > 0;
  }

  /** Take the answer to `exceptionInfo`, which knows more than the stop itself. */
  raised(body: Body): void {
    const details = record(body["details"]);
    const known = this.#exception;
    this.#exception = {
      type_name: text(details["typeName"]) || text(body["exceptionId"]) || known?.type_name || "",
      message: text(details["message"]) || text(body["description"]) || known?.message || "",
      break_mode: text(body["breakMode"]) || null,
    };
  }

  /** Take the answer to `stackTrace`, which comes in pieces; returns the ids of its frames. */
  stack(body: Body, start: number): number[] {
    const frames = list(body["stackFrames"]);
    this.#total = Math.max(this.#total, number(body["totalFrames"]) ?? 0, start + frames.length);
    frames.slice(0, Math.max(0, MAX_FRAMES - start)).forEach((frame, index) => {
      const path = text(record(frame["source"])["path"]);
      this.#frames[start + index] = { name: text(frame["name"]), path: path || null, line: line(frame["line"]) };
    });
    return frames.map((frame) => number(frame["id"])).filter((id) => id !== undefined);
  }

  /** Take the answer to `scopes`; returns the references of what is in them. */
  scopes(body: Body): number[] {
    const found: number[] = [];
    for (const scope of list(body["scopes"])) {
      const reference = number(scope["variablesReference"]);
      if (reference === undefined || reference <= 0 || this.#scopes.size >= MAX_REFERENCES) continue;
      this.#scopes.set(reference, text(scope["name"]));
      found.push(reference);
    }
    return found;
  }

  /** Take the answer to `variables`. What is inside of a variable is data: its names are told only with the values. */
  variables(body: Body, reference: number): number[] {
    const scope = this.#scopes.get(reference);
    const found: number[] = [];
    if (scope === undefined) return found;
    for (const variable of list(body["variables"])) {
      if (this.#variables.size >= MAX_VARIABLES) break;
      const name = text(variable["name"]);
      const type_name = text(variable["type"]) || null;
      this.#variables.set(`${scope}\0${name}`, { scope, name, type_name, value: this.#value(variable["value"]) });
      const inner = number(variable["variablesReference"]);
      if (!this.withValues || inner === undefined || inner <= 0 || this.#scopes.size >= MAX_REFERENCES) continue;
      this.#scopes.set(inner, `${scope} › ${name}`);
      found.push(inner);
    }
    return found;
  }

  /** Take an evaluated expression; watches and hovers repeat and count once. */
  evaluated(request: Body, answer: Body | undefined): void {
    const context = text(request["context"]) || "unknown";
    const expression = text(request["expression"]);
    if (!WATCHED.has(context) || expression === "" || this.#evaluations.size >= MAX_EVALUATIONS) return;
    const key = context === "repl" ? `${this.#evaluations.size}` : `${context}\0${expression}`;
    const type_name = text(answer?.["type"]) || null;
    this.#evaluations.set(key, { expression, context, is_error: answer === undefined, type_name, value: this.#value(answer?.["result"]) });
  }

  /** Return what is told when it is left. */
  told(debug_id: string, debug_type: string, nowMs: number): DebugStopFact {
    const frames = this.#frames.filter((frame) => frame !== undefined);
    return {
      kind: "stop",
      debug_id,
      debug_type,
      reason: this.reason,
      exception: this.#exception,
      frames,
      frames_omitted: Math.max(0, this.#total - frames.length),
      variables: [...this.#variables.values()],
      evaluations: [...this.#evaluations.values()],
      steps_before: this.stepsBefore,
      duration_ms: Math.max(0, Math.round(nowMs - this.sinceMs)),
    };
  }

  #value(value: unknown): string | null {
    return this.withValues && value !== undefined ? text(value) : null;
  }
}

/** Return a text, cut between words: half a secret would no longer be known as one. */
export function text(value: unknown): string {
  if (typeof value !== "string") return "";
  if (value.length <= MAX_TEXT) return value;
  const cut = value.slice(0, MAX_TEXT);
  return cut.slice(0, Math.max(cut.lastIndexOf(" "), cut.lastIndexOf("\n"), 0));
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

export function record(value: unknown): Body {
  return typeof value === "object" && value !== null ? (value as Body) : {};
}

function list(value: unknown): Body[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function line(value: unknown): number | null {
  const found = number(value);
  return found !== undefined && found >= 0 ? found : null;
}
