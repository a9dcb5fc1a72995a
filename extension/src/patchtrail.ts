// The client's parts, joined: what the editor tells goes to the sidecar, what the sidecar tells is shown.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { connect } from "./connect.ts";
import { askForConsent } from "./consent.ts";
import type { CommandReport, ConsentRef, InitializationOptions, SessionState } from "./contract.gen.ts";
import { type Enrolment, KeyStore } from "./deviceKey.ts";
import { AgreementStore, facts, onDidChangeFacts } from "./facts.ts";
import { findInterpreter, type Interpreter } from "./interpreter.ts";
import type { Launcher } from "./launch.ts";
import { installLibraries, librariesFor, type Shelves } from "./libraries.ts";
import { installPytestPlugin } from "./pytestPlugin.ts";
import { chosenPython } from "./pythonExtension.ts";
import { Session } from "./session.ts";
import { SessionView } from "./sessionView.ts";
import { settings } from "./settings.ts";
import { Sidecar } from "./sidecar.ts";
import type { Situation } from "./status.ts";
import { StatusBar } from "./statusBar.ts";
import { Tasks } from "./tasks.ts";
import { offer } from "./terminalEnvironment.ts";
import { Terminals } from "./terminals.ts";

const CONFIGURATION = "workspace/didChangeConfiguration";

/** Everything that one window has of Patchtrail. */
export class Patchtrail implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel("Patchtrail");
  readonly keys: KeyStore;
  readonly sidecar = new Sidecar(this.log);
  readonly session: Session;
  readonly view = new SessionView(this.sidecar);
  readonly #agreement: AgreementStore;
  readonly #statusBar = new StatusBar();
  readonly #terminals = new Terminals(() => this.#isRecording);
  readonly #tasks = new Tasks(() => this.#isRecording);
  readonly #shelves: Shelves;
  readonly #subscriptions: vscode.Disposable[];
  #enrolment: Enrolment | undefined;
  #trouble: Situation["trouble"];
  #isRecording = false;
  #toldBlind = 0;
  #reports: Promise<unknown> = Promise.resolve();
  #bringing: Promise<void> = Promise.resolve();

  constructor(private readonly context: vscode.ExtensionContext) {
    this.keys = new KeyStore(context.secrets);
    this.#agreement = new AgreementStore(context.globalState);
    this.session = new Session(this.sidecar, context.workspaceState);
    const installed = context.globalStorageUri.fsPath;
    this.#shelves = { bundled: join(context.extensionPath, "bundled"), installed };
    mkdirSync(installed, { recursive: true });
    this.#subscriptions = [
      this.sidecar.onState((state) => this.#took(state)),
      this.sidecar.onGone((sentence) => this.#lost(sentence)),
      this.sidecar.onReady(() => this.#show()),
      this.#terminals.onEnded((ended) => void this.#tasks.takes(ended).then((isTask) => isTask || this.#report(ended.report))),
      this.#terminals.onBlind(() => void this.#tellBlindSpot()),
      this.#tasks.onEnded((report) => this.#report(report)),
      onDidChangeFacts(() => void this.#tellFacts()),
      vscode.workspace.onDidChangeConfiguration((event) => this.#configured(event)),
      this.keys.onDidChange(() => void this.bringUp()),
    ];
  }

  /** Whether this editor has a device key. */
  get isConnected(): boolean {
    return this.#enrolment !== undefined;
  }

  /** Start the sidecar, or a new one in place of it; without a device key there is none. */
  async bringUp(): Promise<void> {
    // One after the other: a key that changes while one is starting would leave two.
    const bringing = this.#bringing.then(() => this.#bringUp());
    this.#bringing = bringing.catch(() => undefined);
    return bringing;
  }

  /** Connect, then ask for consent; true when both are there. */
  async connect(): Promise<boolean> {
    const launcher = await this.#launcher();
    if (launcher === undefined) throw new Error(this.#trouble?.sentence ?? "The sidecar cannot be started.");
    if (!(await connect(launcher, this.keys))) return false;
    await this.bringUp();
    return this.consent();
  }

  /** Show the consent page; true when the text in force is agreed to afterwards. */
  async consent(): Promise<boolean> {
    const enrolment = this.#enrolment;
    if (enrolment === undefined) return this.connect();
    const text = await this.sidecar.request("patchtrail/consent/read", {});
    const agreed = await askForConsent(text, enrolment, this.#given());
    if (agreed !== undefined) {
      await this.#agreement.keep(agreed ? text.consent : null, enrolment.serverJkt);
      await this.#tellFacts();
    }
    return this.#given()?.sha256 === text.consent.sha256;
  }

  /** Ask for whatever is missing, then start a session. */
  async start(): Promise<void> {
    if (!this.isConnected && !(await this.connect())) return;
    if (this.#given() === null && !(await this.consent())) return;
    if (await this.session.start()) this.#terminals.watchAll();
  }

  /** Install the libraries for an interpreter that is not bundled for. */
  async installLibraries(): Promise<void> {
    const interpreter = await this.#interpreter();
    if (interpreter === undefined) return;
    const title = `Patchtrail: installing libraries for CPython ${interpreter.version}`;
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
      installLibraries(interpreter, this.#shelves),
    );
    await this.bringUp();
  }

  /** Install the opt-in pytest plugin where the user's tests run. */
  async installPytestPlugin(): Promise<void> {
    await installPytestPlugin(this.#shelves.bundled);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#terminals, this.#tasks, this.view, this.#statusBar, this.log).dispose();
  }

  async #bringUp(): Promise<void> {
    await this.sidecar.stop();
    this.#enrolment = await this.keys.enrolment();
    this.#show();
    const line = await this.keys.line();
    if (line === undefined) return;
    const launcher = await this.#launcher();
    if (launcher === undefined) return;
    await this.sidecar.start(launcher, line, () => this.#options(), () => this.#goOn());
  }

  async #goOn(): Promise<void> {
    await this.session.goOn();
    this.#terminals.watchAll();
  }

  #options(): InitializationOptions {
    return { settings: settings(), facts: facts(this.#given()) };
  }

  #given(): ConsentRef | null {
    return this.#agreement.given(this.#enrolment?.serverJkt);
  }

  async #interpreter(): Promise<Interpreter | undefined> {
    const setting = vscode.workspace.getConfiguration("patchtrail").get<string>("interpreter") ?? "";
    const found = await findInterpreter({ setting, chosen: chosenPython, searchPath: process.env["PATH"] ?? "" });
    if (typeof found !== "string") return found;
    this.#trouble = { sentence: found, command: "patchtrail.openSettings" };
    this.#show();
    return undefined;
  }

  async #launcher(): Promise<Launcher | undefined> {
    const interpreter = await this.#interpreter();
    if (interpreter === undefined) return undefined;
    const libraries = librariesFor(interpreter, this.#shelves);
    this.#trouble = undefined;
    if (libraries === undefined) {
      const sentence = `No libraries are bundled for CPython ${interpreter.version}: click to install them.`;
      this.#trouble = { sentence, command: "patchtrail.installLibraries" };
    }
    this.#show();
    return libraries && { interpreter, libraries, bundled: this.#shelves.bundled, cache: this.#shelves.installed };
  }

  #took(state: SessionState): void {
    this.#isRecording = state.state === "recording";
    this.#trouble = undefined;
    offer(this.context.environmentVariableCollection, state.terminal_variables ?? []);
    void vscode.commands.executeCommand("setContext", "patchtrail.state", state.state);
    this.view.follow(state);
    this.#show();
  }

  /** While it is being restarted, commands go on being read: they are reported when it is back. */
  #lost(sentence: string | undefined): void {
    if (sentence !== undefined) {
      this.#isRecording = false;
      this.#trouble = { sentence, command: "patchtrail.showLog" };
    }
    this.#show();
  }

  #report(report: CommandReport): void {
    // In the order in which they ended; one that is lost with its sidecar never holds up the next.
    this.#reports = this.#reports.then(() => this.sidecar.request("patchtrail/command/report", report)).catch(() => undefined);
  }

  async #tellFacts(): Promise<void> {
    const told = facts(this.#given());
    // Nothing is read from terminals any more, whatever the sidecar is doing now.
    if (!told.is_telemetry_enabled || !told.is_workspace_trusted || told.consent === null) this.#isRecording = false;
    if (this.isConnected && this.#trouble === undefined) await this.sidecar.request("patchtrail/facts/report", told);
    await this.session.goOn();
  }

  async #tellBlindSpot(): Promise<void> {
    const blind = this.#terminals.blind;
    const isNew = blind > this.#toldBlind;
    this.#toldBlind = blind;
    if (isNew) await this.sidecar.request("patchtrail/gap/report", { reason: "no_shell_integration" });
    this.#show();
  }

  #configured(event: vscode.ConfigurationChangeEvent): void {
    if (event.affectsConfiguration("patchtrail.interpreter")) void this.bringUp();
    else if (event.affectsConfiguration("patchtrail")) void this.sidecar.notify(CONFIGURATION, { settings: settings() });
  }

  #show(): void {
    void vscode.commands.executeCommand("setContext", "patchtrail.isConnected", this.isConnected);
    const blind = this.#terminals.blind;
    const blindSpot =
      blind === 0 ? undefined : `${blind} open terminal${blind === 1 ? " has" : "s have"} no shell integration: commands there are not recorded.`;
    this.#statusBar.show({ trouble: this.#trouble, isConnected: this.isConnected, state: this.sidecar.state, blindSpot });
  }
}
