// Debuggers of every type, watched: what a person set, where the program stopped, what they looked at. Nothing is sent
// to an adapter, and whatever an adapter sends never reaches the user as an error of ours.

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { BreakpointsFact, DebugReport, SeenBreakpoint } from "./contract.gen.ts";
import { DebugFollower } from "./debugFollower.ts";
import type { Sidecar } from "./sidecar.ts";

type Fact = DebugReport["fact"];

const QUIET_MS = 500;
const LOOK_MS = 5_000;
const STANDING_MS = 3_000;
const RESTART_MS = 1_000;
const LONG_STOP_MS = 60_000;
const END_GRACE_MS = 300;
const MAX_WAITING = 200;
const SETTLE_MS = 2_000;

/** Watches the debuggers of this window while `recording` names a trace. */
export class Debugging implements vscode.Disposable {
  readonly #followers = new Map<DebugFollower, { told: string }>();
  readonly #sessions = new Map<string, { follower: DebugFollower; sinceMs: number }>();
  readonly #changed = { added: new Map<string, vscode.Breakpoint>(), removed: new Map<string, vscode.Breakpoint>(), changed: new Map<string, vscode.Breakpoint>() };
  readonly #subscriptions: vscode.Disposable[];
  #waiting: Fact[] = [];
  #lost = "";
  #timer: NodeJS.Timeout | undefined;
  #drained: Promise<void> = Promise.resolve();
  #isDraining = false;

  constructor(
    private readonly sidecar: Sidecar,
    private readonly recording: () => string | undefined,
  ) {
    const looking = setInterval(() => this.#tellStanding(), LOOK_MS);
    this.#subscriptions = [
      vscode.debug.registerDebugAdapterTrackerFactory("*", { createDebugAdapterTracker: (session) => this.#follow(session) }),
      vscode.debug.onDidTerminateDebugSession((session) => this.#ended(session.id)),
      vscode.debug.onDidChangeBreakpoints((event) => this.#breakpointsChanged(event)),
      { dispose: () => clearInterval(looking) },
    ];
  }

  /** Tell what stands now, and wait until it is told: a pause or an end follows. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    this.#tellBreakpoints();
    for (const follower of this.#followers.keys()) follower.leaveAll();
    await Promise.race([this.#drained, new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
  }

  /** Nothing may be captured any more: forget what was seen. */
  forget(): void {
    for (const follower of this.#followers.keys()) follower.forget();
    for (const kind of Object.values(this.#changed)) kind.clear();
    this.#waiting = [];
    this.#lost = "";
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  #follow(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const request = session.configuration.request;
    const follower = new DebugFollower(
      // An editor that restarts a session keeps its id, so this one is our own.
      { id: randomUUID(), type: session.type, request: request === "launch" || request === "attach" ? request : "unknown", name: session.name },
      {
        recording: this.recording,
        withValues: () => vscode.workspace.getConfiguration("patchtrail").get("debugger.values") === true,
        breakpoints: () => vscode.debug.breakpoints.map(seen).filter((one) => one !== undefined),
        nowMs: () => performance.now(),
        tell: (fact) => this.#tell(fact),
      },
    );
    this.#followers.set(follower, { told: "" });
    this.#sessions.set(session.id, { follower, sinceMs: performance.now() });
    const guarded = this.#guard();
    return {
      onWillReceiveMessage: (message) => guarded(() => follower.sent(message)),
      onDidSendMessage: (message) => guarded(() => follower.received(message)),
      onWillStopSession: () => this.#endSoon(follower),
      onExit: () => this.#endSoon(follower),
    };
  }

  /** What an adapter sends may be anything: a failure here is declared once for its session, and shown to nobody. */
  #guard(): (watch: () => void) => void {
    let isDeclared = false;
    return (watch) => {
      try {
        watch();
      } catch (error) {
        if (!isDeclared) this.#tell({ kind: "lost", detail: `A message could not be read: ${error instanceof Error ? error.name : "unknown"}` });
        isDeclared = true;
      }
    };
  }

  /** The exit code comes a moment before or after the end. */
  #endSoon(follower: DebugFollower): void {
    setTimeout(() => this.#end(follower), END_GRACE_MS);
  }

  #ended(id: string): void {
    const known = this.#sessions.get(id);
    // A session that is restarted ends under the id that its successor has already.
    if (known === undefined || performance.now() - known.sinceMs < RESTART_MS) return;
    this.#sessions.delete(id);
    this.#endSoon(known.follower);
  }

  #end(follower: DebugFollower): void {
    if (this.#followers.delete(follower)) follower.end();
  }

  /** What stands is told while it stands: a window that is killed cannot tell it any more. */
  #tellStanding(): void {
    if (this.recording() === undefined) return;
    for (const [follower, known] of this.#followers) {
      const stop = follower.standing;
      const isLong = stop !== undefined && stop.duration_ms >= LONG_STOP_MS;
      // Told again only when more is known of it, or when it has become a long one.
      const told = stop === undefined ? "" : JSON.stringify({ ...stop, duration_ms: isLong });
      if (stop !== undefined && told !== known.told && stop.duration_ms >= STANDING_MS) {
        known.told = told;
        this.#tell({ kind: "standing", duration_ms: stop.duration_ms, stop });
      }
    }
  }

  /** Breakpoints move with the lines above them, keystroke by keystroke: told once things are quiet. */
  #breakpointsChanged({ added, removed, changed }: vscode.BreakpointsChangeEvent): void {
    if (this.recording() === undefined) return;
    for (const one of added) this.#changed.added.set(one.id, one);
    for (const one of changed) if (!this.#changed.added.has(one.id)) this.#changed.changed.set(one.id, one);
    for (const one of removed) {
      this.#changed.changed.delete(one.id);
      if (!this.#changed.added.delete(one.id)) this.#changed.removed.set(one.id, one);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tellBreakpoints(), QUIET_MS);
  }

  #tellBreakpoints(): void {
    const told = (of: Map<string, vscode.Breakpoint>): SeenBreakpoint[] => [...of.values()].map(seen).filter((one) => one !== undefined);
    const { added, removed, changed } = this.#changed;
    const fact: BreakpointsFact = { kind: "breakpoints", added: told(added), removed: told(removed), changed: told(changed) };
    for (const kind of Object.values(this.#changed)) kind.clear();
    if (fact.added.length + fact.removed.length + fact.changed.length > 0) this.#tell(fact);
  }

  #tell(fact: Fact): void {
    if (this.recording() === undefined) return;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(fact);
    else this.#lost = "Reports of a debugger came faster than they could be recorded.";
    if (!this.#isDraining) this.#drained = this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    try {
      for (let fact = this.#waiting.shift(); fact !== undefined; fact = this.#waiting.shift()) {
        const isTold = await this.sidecar.request("patchtrail/debug/report", { fact }).then(() => true, () => false);
        if (!isTold) this.#lost ||= "A report of a debugger was not taken.";
        else if (this.#lost !== "") {
          const detail = this.#lost;
          this.#lost = "";
          await this.sidecar.request("patchtrail/debug/report", { fact: { kind: "lost", detail } }).catch(() => (this.#lost = detail));
        }
      }
    } finally {
      this.#isDraining = false;
    }
  }
}

function seen(breakpoint: vscode.Breakpoint): SeenBreakpoint | undefined {
  const shared = {
    condition: breakpoint.condition ?? null,
    hit_condition: breakpoint.hitCondition ?? null,
    log_message: breakpoint.logMessage ?? null,
    is_enabled: breakpoint.enabled,
  };
  if (breakpoint instanceof vscode.SourceBreakpoint) {
    const { uri, range } = breakpoint.location;
    return { kind: "source", path: uri.scheme === "file" ? uri.fsPath : null, line: range.start.line + 1, name: null, ...shared };
  }
  if (breakpoint instanceof vscode.FunctionBreakpoint) return { kind: "function", path: null, line: null, name: breakpoint.functionName, ...shared };
  return undefined;
}
