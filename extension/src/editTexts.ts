// The recorded texts of an edit as read-only documents, so that the editor's own diff shows them.

import * as vscode from "vscode";
import type { Sidecar } from "./sidecar.ts";

const SCHEME = "patchtrail-edit";

/** Name one side of an edit; its path ends in the file's name, which chooses the language. */
export function editUri(traceId: string, seq: number, side: "before" | "after", name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${seq}/${side}/${name}`, query: traceId });
}

/** Serve the texts that the sidecar still holds. */
export function serveEditTexts(sidecar: Sidecar): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
      const [, seq, side] = uri.path.split("/");
      // A diff that stayed open from an earlier session must not show this one's texts.
      if (sidecar.state?.trace_id !== uri.query.split(" ")[0]) return "";
      const texts = await sidecar.request("patchtrail/edit/read", { seq: Number(seq) });
      return side === "before" ? texts.before : texts.after;
    },
  });
}
