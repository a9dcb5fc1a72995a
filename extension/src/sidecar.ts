// The sidecar as the rest of the client sees it: requests, news of its state, and a restart whenever it is gone.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as vscode from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  LanguageClient,
  type Middleware,
  RevealOutputChannelOn,
  State,
} from "vscode-languageclient/node.js";
import type { InitializationOptions, Notifications, Requests, SessionState } from "./contract.gen.ts";
import { exitCodeOf, type Launcher, launch, lastWordsOf } from "./launch.ts";
import { MaskedChannel } from "./maskedChannel.ts";
import { passChange } from "./watchedFiles.ts";

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 6_000;
const KILL_AFTER_MS = 3_000;
const FAILED_STARTS = 5;
const REFUSED = 2;
const STATE: keyof Notifications = "patchtrail/session/state";

/** Why there is no sidecar any more, and whether another one may do better later. */
export interface Gone {
  sentence: string;
  isFinal: boolean;
}

/** A feature that the protocol has messages of its own for. */
export interface Feature {
  readonly middleware: Middleware;
  attach(client: LanguageClient): void;
}

/** The protocol's own client would tell every failure in a pop-up. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** One sidecar process after another, spoken to as one. */
export class Sidecar {
  readonly #ready = new vscode.EventEmitter<void>();
  readonly #changed = new vscode.EventEmitter<SessionState>();
  readonly #gone = new vscode.EventEmitter<Gone | undefined>();
  #client: LanguageClient | undefined;
  #child: ChildProcessWithoutNullStreams | undefined;
  #failedStarts = 0;
  #state: SessionState | undefined;
  #settled = unsettled();
  #isSettled = false;

  /** It answers, for the first time or again, and went on with what it recorded before. */
  readonly onReady = this.#ready.event;
  /** Its state changed. */
  readonly onState = this.#changed.event;
  /** It is gone; undefined while it is being restarted. */
  readonly onGone = this.#gone.event;

  constructor(
    private readonly log: vscode.OutputChannel,
    private readonly beforeSaved: (document: vscode.TextDocument) => void,
    private readonly feature: Feature,
  ) {}

  /** The last state that it told; undefined while there is no sidecar. */
  get state(): SessionState | undefined {
    return this.#state;
  }

  /** Whether there is one, or one is starting. */
  get isThere(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Start it; `keyLine` goes to its standard input and to nothing else, and without one it signs and sends nothing. Each time that it answers anew `goOn` is
   * called; what is asked meanwhile waits, lest it be answered before the session is there again.
   */
  async start(launcher: Launcher, keyLine: string | undefined, options: () => InitializationOptions, goOn: () => Promise<void>): Promise<void> {
    const client: LanguageClient = new QuietClient("patchtrail", "Patchtrail", () => this.#launch(launcher, keyLine), {
      documentSelector: [{ scheme: "file" }],
      initializationOptions: options,
      outputChannel: this.log,
      traceOutputChannel: new MaskedChannel(this.log),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      // What is sent in here reaches the sidecar before the save does.
      middleware: {
        ...this.feature.middleware,
        didSave: async (document, next) => (this.beforeSaved(document), next(document)),
        workspace: { didChangeWatchedFile: passChange },
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.#closed(client),
      },
    });
    this.#client = client;
    this.#failedStarts = 0;
    this.feature.attach(client);
    client.onNotification(STATE, (state: SessionState) => this.#tell(client, state));
    client.onDidChangeState((event) => {
      if (event.newState === State.Running) void this.#running(client, goOn);
    });
    // One that never answers must not keep anything else waiting.
    await Promise.race([client.start().catch(() => undefined), pause(READY_TIMEOUT_MS)]);
  }

  /** End it; what it recorded is sealed, and a session can be gone on with. */
  async stop(): Promise<void> {
    const [client, child] = [this.#client, this.#child];
    this.#client = this.#child = this.#state = undefined;
    this.#unsettle();
    if (client === undefined) return;
    await client.stop(STOP_TIMEOUT_MS).catch(() => undefined);
    await client.dispose(STOP_TIMEOUT_MS).catch(() => undefined);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // It would hold its trace, and the next one could not go on with it.
    child.stdin.end();
    setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
  }

  /** Ask it; while it is being restarted the request waits. */
  async request<Method extends keyof Requests>(method: Method, params: Requests[Method]["params"]): Promise<Requests[Method]["result"]> {
    const isThere = await Promise.race([this.#settled.promise.then(() => true), pause(READY_TIMEOUT_MS).then(() => false)]);
    if (!isThere) throw new Error("The sidecar is not running.");
    return this.requestAtOnce(method, params);
  }

  /** Ask it now, also while it goes on with what it recorded before. */
  async requestAtOnce<Method extends keyof Requests>(method: Method, params: Requests[Method]["params"]): Promise<Requests[Method]["result"]> {
    if (this.#client?.state !== State.Running) throw new Error("The sidecar is not running.");
    return this.#client.sendRequest<Requests[Method]["result"]>(method, params);
  }

  /** Tell it something that has no answer, if it is there. */
  async notify(method: string, params: unknown): Promise<void> {
    if (this.#client?.state === State.Running) await this.#client.sendNotification(method, params);
  }

  async #running(client: LanguageClient, goOn: () => Promise<void>): Promise<void> {
    const child = this.#child;
    await goOn().catch(() => undefined);
    // Killed in the meantime, it is the next one that has to go on.
    if (this.#client === client && this.#child === child && client.state === State.Running) this.#settle();
  }

  #tell(client: LanguageClient, state: SessionState): void {
    if (this.#client !== client) return;
    this.#state = state;
    // While it goes on with a session it seems idle for a moment; keys that mean a note would be typed into a file.
    if (this.#isSettled) this.#changed.fire(state);
  }

  async #launch(launcher: Launcher, keyLine: string | undefined): Promise<ChildProcessWithoutNullStreams> {
    // One that dies before it answers is started ever more slowly.
    if (this.#failedStarts > 0) await pause(2 ** this.#failedStarts * 100);
    this.#child = launch(launcher, keyLine === undefined ? ["serve"] : ["serve", "--key-stdin"], keyLine);
    return this.#child;
  }

  async #closed(client: LanguageClient): Promise<CloseHandlerResult> {
    const child = this.#child;
    const isOurs = this.#client === client;
    if (!isOurs || child === undefined) return { action: CloseAction.DoNotRestart, handled: true };
    this.#failedStarts = this.#isSettled ? 0 : this.#failedStarts + 1;
    this.#state = undefined;
    this.#unsettle();
    const isRefused = (await exitCodeOf(child)) === REFUSED;
    const isGivenUp = isRefused || this.#failedStarts >= FAILED_STARTS;
    if (this.#client !== client) return { action: CloseAction.DoNotRestart, handled: true };
    if (isGivenUp) this.#client = undefined;
    const sentence = lastWordsOf(child) || "The sidecar does not start.";
    this.#gone.fire(isGivenUp ? { sentence, isFinal: isRefused } : undefined);
    return { action: isGivenUp ? CloseAction.DoNotRestart : CloseAction.Restart, handled: true };
  }

  #unsettle(): void {
    if (this.#isSettled) this.#settled = unsettled();
    this.#isSettled = false;
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled.settle();
    if (this.#state !== undefined) this.#changed.fire(this.#state);
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
