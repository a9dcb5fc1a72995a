// The opt-in pytest plugin: installed from the package, without network, into the Python that the tests run with.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { chosenPython } from "./pythonExtension.ts";
import { run } from "./run.ts";

/** Ask for the interpreter, install the plugin there, and say what came of it. */
export async function installPytestPlugin(bundled: string): Promise<void> {
  const python = await vscode.window.showInputBox({
    title: "Install the pytest Plugin",
    prompt: "The Python that your tests run with. The plugin is installed there from this extension, without network.",
    value: (await chosenPython()) ?? "python3",
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === "" ? "A path, or a name on the PATH" : undefined),
  });
  if (python === undefined) return;
  const folder = join(bundled, "pytest_plugin");
  const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error("The plugin is missing from this package.");
  await run(python.trim(), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", join(folder, wheel)]);
  // It counts only where that interpreter can import it by itself.
  await run(python.trim(), ["-I", "-c", "import patchtrail_pytest"]);
  void vscode.window.setStatusBarMessage("$(check) The pytest plugin is installed", 5000);
}
