// The interpreter that the Python extension has chosen, asked through its public interface.

import * as vscode from "vscode";

const PATIENCE_MS = 5_000;

/** The part of the extension's interface that is used here. */
interface PythonExtension {
  ready?: Promise<void>;
  environments: {
    getActiveEnvironmentPath(): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri: vscode.Uri | undefined } } | undefined>;
  };
}

/** Return its path; in a folder that is not trusted none is asked for, because the folder may have chosen it. */
export async function chosenPython(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (extension === undefined || !vscode.workspace.isTrusted) return undefined;
  try {
    return await Promise.race([asked(extension), new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS, undefined))]);
  } catch {
    return undefined;
  }
}

async function asked(extension: vscode.Extension<PythonExtension>): Promise<string | undefined> {
  const { ready, environments } = await extension.activate();
  await ready;
  const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  return environment?.executable.uri?.fsPath;
}
