// What the sidecar runs on here: an interpreter that was probed, and libraries that fit it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { noteInstall } from "./installs.ts";
import { findInterpreter, type Interpreter } from "./interpreter.ts";
import type { Launcher } from "./launch.ts";
import { installLibraries, librariesFor, type Shelves } from "./libraries.ts";
import { chosenPython } from "./pythonExtension.ts";

/** Why the sidecar cannot run, in a sentence, and the command that helps. */
export interface Trouble {
  sentence: string;
  command: string;
}

/** Finds the runtime anew each time that it is asked: interpreters come and go. */
export class Runtime {
  readonly #shelves: Shelves;

  constructor(
    private readonly extensionPath: string,
    storage: vscode.Uri,
  ) {
    this.#shelves = { bundled: join(extensionPath, "bundled"), installed: storage.fsPath };
  }

  /** Where the package keeps its Python half. */
  get bundled(): string {
    return this.#shelves.bundled;
  }

  /** Return how to start the sidecar, or why that is not possible. */
  async find(): Promise<Launcher | Trouble> {
    const interpreter = await this.#interpreter();
    if (typeof interpreter === "string") return { sentence: interpreter, command: "patchtrail.openSettings" };
    mkdirSync(this.#shelves.installed, { recursive: true });
    const libraries = librariesFor(interpreter, this.#shelves);
    if (libraries !== undefined) {
      noteInstall(this.extensionPath, interpreter.path, libraries);
      return { interpreter, libraries, bundled: this.bundled, cache: this.#shelves.installed };
    }
    const sentence = `No libraries are bundled for CPython ${interpreter.version}: click to install them.`;
    return { sentence, command: "patchtrail.installLibraries" };
  }

  /** Install the libraries for an interpreter that the package is not built for. */
  async install(): Promise<void> {
    const interpreter = await this.#interpreter();
    if (typeof interpreter === "string") throw new Error(interpreter);
    const title = `Patchtrail: installing libraries for CPython ${interpreter.version}`;
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
      installLibraries(interpreter, this.#shelves),
    );
  }

  async #interpreter(): Promise<Interpreter | string> {
    const setting = vscode.workspace.getConfiguration("patchtrail").get<string>("interpreter") ?? "";
    return findInterpreter({ setting, chosen: chosenPython, searchPath: process.env["PATH"] ?? "" });
  }
}
