// The recorded texts of an edit as read-only documents, so that the editor's own diff shows them.

import * as vscode from "vscode";
import type { Sidecar } from "./sidecar.ts";

const SCHEME = "patchtrail-edit";

/** Name one side of an edit; its path ends in the file's name, which chooses the language. */
export function editUri(seq: number, side: "before" | "after", name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${seq}/${side}/${name}` });
}

/** Serve the texts that the sidecar still holds. */
export function serveEditTexts(sidecar: Sidecar): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
      const [, seq, side] = uri.path.split("/");
      const texts = await sidecar.request("patchtrail/edit/read", { seq: Number(seq) });
      return side === "before" ? texts.before : texts.after;
    },
  });
}
