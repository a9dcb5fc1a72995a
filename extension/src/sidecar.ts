// The sidecar as the rest of the client sees it: requests, news of its state, and a restart whenever it is gone.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as vscode from "vscode";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, State } from "vscode-languageclient/node.js";
import type { InitializationOptions, Notifications, Requests, SessionState } from "./contract.gen.ts";
import { type Launcher, launch } from "./launch.ts";
import { MaskedChannel } from "./maskedChannel.ts";

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 8_000;
const SHORT_LIFE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
const STATE: keyof Notifications = "patchtrail/session/state";
const REFUSED = 2;

/** One sidecar process after another, spoken to as one. */
export class Sidecar implements vscode.Disposable {
  readonly #ready = new vscode.EventEmitter<void>();
  readonly #changed = new vscode.EventEmitter<SessionState>();
  readonly #gone = new vscode.EventEmitter<string | undefined>();
  #client: LanguageClient | undefined;
  #process: ChildProcessWithoutNullStreams | undefined;
  #startedMs = 0;
  #shortLives = 0;
  #lastWords = "";
  #state: SessionState | undefined;
  #settled = unsettled();

  /** It answers, for the first time or again, and went on with what it recorded before. */
  readonly onReady = this.#ready.event;
  /** Its state changed. */
  readonly onState = this.#changed.event;
  /** It is gone; with a sentence it stays so. */
  readonly onGone = this.#gone.event;

  constructor(private readonly log: vscode.OutputChannel) {}

  /** The last state that it told; undefined while there is no sidecar. */
  get state(): SessionState | undefined {
    return this.#state;
  }

  /**
   * Start it; `keyLine` goes to its standard input and to nothing else. Each time that it answers anew `goOn` is
   * called; what is asked meanwhile waits, lest it be answered before the session is there again.
   */
  async start(launcher: Launcher, keyLine: string, options: () => InitializationOptions, goOn: () => Promise<void>): Promise<void> {
    const client = new LanguageClient("patchtrail", "Patchtrail", () => this.#launch(launcher, keyLine), {
      documentSelector: [{ scheme: "file" }],
      initializationOptions: options,
      outputChannel: this.log,
      traceOutputChannel: new MaskedChannel(this.log),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.#closed(),
      },
    });
    this.#client = client;
    client.onNotification(STATE, (state: SessionState) => this.#tell(state));
    client.onDidChangeState((event) => {
      if (event.newState === State.Running) void goOn().finally(() => this.#settle());
    });
    await client.start();
  }

  /** End it; what it recorded is sealed, and a session can be gone on with. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = this.#state = undefined;
    this.#settled = unsettled();
    if (client === undefined) return;
    try {
      await client.stop(STOP_TIMEOUT_MS);
    } catch {
      // It was gone already, or is not to be waited for.
    }
    await client.dispose().catch(() => undefined);
  }

  /** Ask it; while it is being restarted the request waits. */
  async request<Method extends keyof Requests>(method: Method, params: Requests[Method]["params"]): Promise<Requests[Method]["result"]> {
    const isThere = await Promise.race([this.#settled.promise.then(() => true), pause(READY_TIMEOUT_MS).then(() => false)]);
    if (!isThere) throw new Error("The sidecar is not running.");
    return this.requestAtOnce(method, params);
  }

  /** Ask it while it goes on with what it recorded before. */
  async requestAtOnce<Method extends keyof Requests>(method: Method, params: Requests[Method]["params"]): Promise<Requests[Method]["result"]> {
    if (this.#client?.state !== State.Running) throw new Error("The sidecar is not running.");
    return this.#client.sendRequest<Requests[Method]["result"]>(method, params);
  }

  /** Tell it something that has no answer, if it is there. */
  async notify(method: string, params: unknown): Promise<void> {
    if (this.#client?.state === State.Running) await this.#client.sendNotification(method, params);
  }

  dispose(): void {
    void this.stop();
    for (const emitter of [this.#ready, this.#changed, this.#gone]) emitter.dispose();
  }

  #tell(state: SessionState): void {
    this.#state = state;
    this.#changed.fire(state);
  }

  async #launch(launcher: Launcher, keyLine: string): Promise<ChildProcessWithoutNullStreams> {
    // One that dies again and again is started ever more slowly, but never given up.
    if (this.#shortLives > 0) await pause(Math.min(2 ** this.#shortLives * 100, LONGEST_PAUSE_MS));
    this.#startedMs = Date.now();
    this.#lastWords = "";
    const child = launch(launcher, ["serve", "--key-stdin"], keyLine);
    child.stderr.on("data", (words: Buffer) => (this.#lastWords = words.toString("utf8")));
    this.#process = child;
    return child;
  }

  #closed(): { action: CloseAction; handled: true } {
    this.#state = undefined;
    this.#settled = unsettled();
    this.#shortLives = Date.now() - this.#startedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    const isRefused = this.#process?.exitCode === REFUSED;
    this.#gone.fire(isRefused ? this.#lastWords.trim() : undefined);
    const goesOn = this.#client !== undefined && !isRefused;
    return { action: goesOn ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }

  #settle(): void {
    this.#settled.settle();
    this.#ready.fire();
  }
}

/** A promise that is kept from outside. */
function unsettled(): { promise: Promise<void>; settle: () => void } {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => (settle = resolve));
  return { promise, settle };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
