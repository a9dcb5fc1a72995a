// The client's parts, joined: what the editor tells goes to the sidecar, what the sidecar tells is shown.

import * as vscode from "vscode";
import { Agents } from "./agents.ts";
import { Changes } from "./changes.ts";
import { connect } from "./connect.ts";
import { askForConsent } from "./consent.ts";
import type { CommandReport, ConsentRef, Facts, InitializationOptions, SessionState } from "./contract.gen.ts";
import { Debugging } from "./debugging.ts";
import { type Enrolment, KeyStore } from "./deviceKey.ts";
import { AgreementStore, facts, onDidChangeFacts } from "./facts.ts";
import { ModelKeys } from "./modelKey.ts";
import { watchNotebooks } from "./notebooks.ts";
import { OtherDocuments } from "./otherDocuments.ts";
import { Pending } from "./pending.ts";
import { installPytestPlugin } from "./pytestPlugin.ts";
import { abilities, QuickFixes } from "./quickFixes.ts";
import { Runtime, type Trouble } from "./runtime.ts";
import { Session } from "./session.ts";
import { SessionView } from "./sessionView.ts";
import { settings } from "./settings.ts";
import { type Gone, Sidecar } from "./sidecar.ts";
import { StatusBar } from "./statusBar.ts";
import { Tasks } from "./tasks.ts";
import { describe, offer } from "./terminalEnvironment.ts";
import { type Blind, type EndedCommand, Terminals } from "./terminals.ts";
import { activeTestExplorers } from "./testExplorers.ts";

const CONFIGURATION = "workspace/didChangeConfiguration";
const LOOK_AGAIN_MS = 2_000;
const START_AGAIN_MS = 60_000;
const LAST_REPORTS_MS = 2_000;

/** Everything that one window has of Patchtrail. */
export class Patchtrail implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel("Patchtrail");
  readonly keys: KeyStore;
  readonly modelKeys: ModelKeys;
  readonly fixes = new QuickFixes((edit) => this.#changes.patch(edit));
  readonly sidecar = new Sidecar(this.log, (document) => this.#tellChanges(document), this.fixes);
  readonly session: Session;
  readonly agents: Agents;
  readonly view = new SessionView(this.sidecar);
  readonly debugging = new Debugging(this.sidecar, () => (this.#isRecording ? this.#traceId : undefined));
  readonly pending = new Pending(this.sidecar);
  readonly #agreement: AgreementStore;
  readonly #runtime: Runtime;
  readonly #statusBar = new StatusBar();
  readonly #terminals = new Terminals(() => this.#isRecording);
  readonly #tasks = new Tasks(() => this.#isRecording);
  readonly #changes = new Changes(() => this.#isRecording, () => this.#terminals.isBusy);
  readonly #others = new OtherDocuments(() => this.#isRecording, (scheme) => this.#quietly(this.#tellOther(scheme)));
  readonly #subscriptions: vscode.Disposable[];
  #enrolment: Enrolment | undefined;
  #line: string | undefined;
  #trouble: Trouble | undefined;
  #isRecording = false;
  #traceId: string | undefined;
  #isDisposed = false;
  #toldFacts = "";
  #hasToldExplorers = false;
  #reports: Promise<unknown> = Promise.resolve();
  #bringing: Promise<void> = Promise.resolve();

  constructor(private readonly context: vscode.ExtensionContext) {
    this.keys = new KeyStore(context.secrets);
    this.modelKeys = new ModelKeys(context.secrets);
    this.#agreement = new AgreementStore(context.globalState);
    this.#runtime = new Runtime(context.extensionPath, context.globalStorageUri);
    this.agents = new Agents(this.#runtime.bundled, context.globalStorageUri, context.globalState);
    this.agents.refresh();
    this.session = new Session(this.sidecar, context.workspaceState);
    describe(context.environmentVariableCollection);
    // Consent may be withdrawn in another window, of which no event tells.
    const looking = setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS);
    this.#subscriptions = [
      this.sidecar.onState((state) => this.#took(state)),
      this.sidecar.onGone((gone) => this.#lost(gone)),
      this.sidecar.onReady(() => this.#show()),
      this.#terminals.onEnded((ended) => this.#report(this.#ofTerminal(ended))),
      this.#terminals.onBlind((blind) => this.#quietly(this.#tellBlindSpot(blind))),
      this.#tasks.onEnded((report) => this.#report(report)),
      watchNotebooks(() => this.#isRecording, (ran) => this.#quietly(this.sidecar.request("patchtrail/notebook/cellRan", ran))),
      this.#others,
      onDidChangeFacts(() => this.#quietly(this.#tellFacts().then(() => this.bringUp()))),
      this.modelKeys.onDidChange(() => this.#quietly(this.#tellModelKey())),
      vscode.workspace.onDidChangeConfiguration((event) => this.#configured(event)),
      this.keys.onDidChange(() => this.#quietly(this.bringUp())),
      { dispose: () => clearInterval(looking) },
    ];
  }

  /** Whether this editor has a device key. */
  get isConnected(): boolean {
    return this.#enrolment !== undefined;
  }

  /** Start the sidecar where there is none for the present key; without a key there is none. */
  async bringUp(isAnew = false): Promise<void> {
    // One after the other: a key that changes while one is starting would leave two.
    const bringing = this.#bringing.then(() => this.#bringUp(isAnew));
    this.#bringing = bringing.catch(() => undefined);
    return bringing;
  }

  /** Connect, then ask for consent; true when both are there. */
  async connect(): Promise<boolean> {
    const found = await this.#runtime.find();
    if ("sentence" in found) throw new Error(found.sentence);
    if (!(await connect(found, this.keys))) return false;
    await this.bringUp();
    return this.consent();
  }

  /** Show the consent page, and what is agreed to apart from it; true when the text in force is agreed to afterwards. */
  async consent(): Promise<boolean> {
    const enrolment = this.#enrolment;
    if (enrolment === undefined) return this.connect();
    const text = await this.sidecar.request("patchtrail/consent/read", {});
    const answer = await askForConsent(text, { ...enrolment, given: this.#given(), isBaseAgreed: this.#agreement.isBaseAgreed(enrolment) });
    if (answer !== undefined) {
      await this.#agreement.keep(answer.isAgreed ? text.consent : null, answer.isBaseAgreed, enrolment);
      await this.#tellFacts();
    }
    return this.#given()?.sha256 === text.consent.sha256;
  }

  /** Ask for whatever is missing, then start a session. */
  async start(): Promise<void> {
    if (!this.isConnected && !(await this.connect())) return;
    const { consent } = await this.sidecar.request("patchtrail/consent/read", {});
    if (this.#given()?.sha256 !== consent.sha256 && !(await this.consent())) return;
    // Whatever else stands against it is said before anything is asked.
    const gate = await this.sidecar.request("patchtrail/facts/report", this.#facts());
    if (!gate.is_allowed) throw new Error(["Recording is not allowed.", ...gate.reasons].join(" "));
    if (await this.session.start()) this.#terminals.watchAll();
  }

  /** End the session, once it is told what still runs. */
  async end(): Promise<void> {
    await this.#tellCommands();
    await this.debugging.settle();
    await this.session.end();
  }

  /** Install the libraries for an interpreter that is not bundled for. */
  async installLibraries(): Promise<void> {
    await this.#runtime.install();
    await this.bringUp(true);
  }

  /** Let a coding agent tell what it edits. */
  async connectAgent(): Promise<void> {
    const found = await this.#runtime.find();
    if ("sentence" in found) throw new Error(found.sentence);
    await this.agents.connect(found.interpreter.path);
  }

  /** Install the opt-in pytest plugin where the user's tests run. */
  async installPytestPlugin(): Promise<void> {
    await installPytestPlugin(this.#runtime.bundled);
  }

  /** End the sidecar for good: no other one may be started. */
  async shutDown(): Promise<void> {
    this.#isDisposed = true;
    await this.#tellCommands();
    await this.debugging.settle();
    await this.sidecar.stop();
  }

  dispose(): void {
    this.#isDisposed = true;
    vscode.Disposable.from(...this.#subscriptions, this.fixes, this.#terminals, this.#tasks, this.#changes, this.debugging, this.view, this.pending, this.#statusBar, this.log).dispose();
  }

  async #bringUp(isAnew: boolean): Promise<void> {
    const line = await this.keys.line();
    if (!isAnew && line === this.#line && this.sidecar.isThere) return;
    await this.sidecar.stop();
    this.#line = line;
    this.#enrolment = await this.keys.enrolment();
    this.#stopped(undefined);
    const isConnected = line !== undefined && this.#enrolment !== undefined;
    if (!(isConnected || isFixing()) || this.#isDisposed) return;
    const found = await this.#runtime.find();
    // Who is not connected, and never asked for a fix, is told of no trouble.
    if ("sentence" in found) return isConnected ? this.#stopped(found) : this.log.appendLine(found.sentence);
    if (this.#isDisposed) return;
    await this.sidecar.start(found, isConnected ? line : undefined, () => this.#options(), () => this.#goOn());
  }

  /** What was reported while it was starting may be missing: it is told once more before it records. */
  async #goOn(): Promise<void> {
    await this.sidecar.notify(CONFIGURATION, { settings: settings() });
    await this.sidecar.requestAtOnce("patchtrail/facts/report", this.#facts());
    await this.#tellModelKey();
    await this.session.goOn();
    this.#terminals.watchAll();
  }

  async #tellModelKey(): Promise<void> {
    const held = await this.modelKeys.held();
    const key = held ?? { url: vscode.workspace.getConfiguration("patchtrail").get<string>("model.url") ?? "", key: "" };
    await this.sidecar.requestAtOnce("patchtrail/model/configure", key).catch(() => undefined);
  }

  #options(): InitializationOptions {
    return { settings: settings(), facts: this.#facts(), abilities: abilities() };
  }

  #facts(): Facts {
    return facts(this.#given(), this.#agreement.isBaseAgreed(this.#enrolment), this.session.isPaused);
  }

  #given(): ConsentRef | null {
    return this.#agreement.given(this.#enrolment);
  }

  #took(state: SessionState): void {
    if (state.trace_id === null) {
      this.#hasToldExplorers = false;
      this.#others.forget();
    }
    this.#traceId = state.trace_id ?? undefined;
    this.#record(state.state === "recording");
    this.#trouble = undefined;
    offer(this.context.environmentVariableCollection, state.terminal_variables ?? []);
    void vscode.commands.executeCommand("setContext", "patchtrail.state", state.state);
    this.view.follow(state);
    this.#show();
  }

  /** While it is being restarted, commands go on being read: they are reported when it is back. */
  #lost(gone: Gone | undefined): void {
    if (gone === undefined) return this.#show();
    this.#stopped({ sentence: gone.sentence, command: "patchtrail.showLog" });
    if (!gone.isFinal) setTimeout(() => this.#isDisposed || this.#quietly(this.bringUp()), START_AGAIN_MS);
  }

  /** There is no sidecar: nothing is read, new terminals get nothing, and the view is empty. */
  #stopped(trouble: Trouble | undefined): void {
    this.#trouble = trouble;
    this.#record(false);
    offer(this.context.environmentVariableCollection, []);
    void vscode.commands.executeCommand("setContext", "patchtrail.state", "idle");
    this.view.clear();
    this.#show();
  }

  #record(isRecording: boolean): void {
    if (this.#isRecording && !isRecording) {
      this.#terminals.forgetRunning();
      this.debugging.forget();
    }
    this.#isRecording = isRecording;
    this.#changes.follow(isRecording);
  }

  /** The facts of a document's changes, right before the sidecar is told that it was saved. */
  #tellChanges(document: vscode.TextDocument): void {
    const report = this.#changes.take(document);
    if (report !== undefined) this.#quietly(this.sidecar.requestAtOnce("patchtrail/changes/report", report));
  }

  /** In the order in which they ended; one that is lost with its sidecar never holds up the next. */
  #report(ending: Promise<CommandReport | undefined>): void {
    this.#reports = this.#reports
      .then(() => ending)
      .then((report) => report && this.sidecar.request("patchtrail/command/report", report))
      .catch(() => undefined);
  }

  async #ofTerminal(ending: Promise<EndedCommand>): Promise<CommandReport | undefined> {
    const ended = await ending;
    return (await this.#tasks.takes(ended)) ? undefined : ended.report;
  }

  async #tellFacts(): Promise<void> {
    const told = this.#facts();
    this.#toldFacts = JSON.stringify(told);
    // Nothing is read from terminals any more, whatever the sidecar is doing now; one that starts asks again.
    if (!told.is_telemetry_enabled || !told.is_workspace_trusted || told.consent === null) this.#record(false);
    await this.sidecar.requestAtOnce("patchtrail/facts/report", told).catch(() => undefined);
    await this.session.goOn();
  }

  #lookAgain(): void {
    this.#quietly(this.#tellTestExplorers());
    if (this.isConnected && JSON.stringify(this.#facts()) !== this.#toldFacts) this.#quietly(this.#tellFacts());
  }

  async #tellBlindSpot(blind: Blind | undefined): Promise<void> {
    this.#show();
    if (blind !== undefined) await this.sidecar.request("patchtrail/gap/report", blind);
  }

  /** Once a session: whether tests ran there, nobody can tell. */
  async #tellTestExplorers(): Promise<void> {
    const [first, ...others] = this.#hasToldExplorers || !this.#isRecording ? [] : activeTestExplorers();
    if (first === undefined) return;
    this.#hasToldExplorers = true;
    const detail = [first, ...others].join(", ").slice(0, 200);
    await this.sidecar.request("patchtrail/gap/report", { reason: "test_explorer", detail });
  }

  /** Tell of the commands that ended just now, and of those that run on. */
  async #tellCommands(): Promise<void> {
    if (this.#isRecording) for (const running of this.#terminals.takeRunning()) this.#report(this.#ofTerminal(Promise.resolve(running)));
    await Promise.race([this.#reports, new Promise((resolve) => setTimeout(resolve, LAST_REPORTS_MS))]);
  }

  async #tellOther(scheme: string): Promise<void> {
    await this.sidecar.request("patchtrail/gap/report", { reason: "not_a_file", detail: scheme.slice(0, 200) });
  }

  #configured(event: vscode.ConfigurationChangeEvent): void {
    if (event.affectsConfiguration("patchtrail.fixes.enabled")) this.#quietly(this.#tellSettings().then(() => this.bringUp()));
    else if (event.affectsConfiguration("patchtrail.interpreter")) this.#quietly(this.bringUp(true));
    else if (event.affectsConfiguration("patchtrail")) this.#quietly(this.#tellSettings());
  }

  async #tellSettings(): Promise<void> {
    await this.sidecar.notify(CONFIGURATION, { settings: settings() });
    await this.session.goOn();
  }

  /** What nobody asked for never pops up; its kind is in the log. */
  #quietly(doing: Promise<unknown>): void {
    doing.catch((error: unknown) => this.log.appendLine(`not done: ${error instanceof Error ? error.name : "unknown"}`));
  }

  #show(): void {
    void vscode.commands.executeCommand("setContext", "patchtrail.isConnected", this.isConnected);
    void vscode.commands.executeCommand("setContext", "patchtrail.hasConsented", this.#given() !== null);
    const blind = this.#terminals.blind;
    const have = blind === 1 ? "1 open terminal has" : `${blind} open terminals have`;
    const blindSpot = blind === 0 ? undefined : `${have} no shell integration: commands there are not recorded.`;
    this.#statusBar.show({ trouble: this.#trouble, isConnected: this.isConnected, state: this.sidecar.state, blindSpot });
  }
}

/** Whether fixes may be asked for here, which needs no collector. */
function isFixing(): boolean {
  return vscode.workspace.isTrusted && settings().fixes_enabled !== false;
}
