// Executions of notebook cells. Outputs stay in the editor: what is told is a digest of each.

import { createHash } from "node:crypto";
import * as vscode from "vscode";
import type { CellRan } from "./contract.gen.ts";

const ERROR_TYPE = "application/vnd.code.notebook.error";
const OUTPUT_GRACE_MS = 200;
const MAX_OUTPUTS = 1_000;

/** Tells of every cell that ended running, while `isRecording` says so. */
export function watchNotebooks(isRecording: () => boolean, ended: (report: CellRan) => void): vscode.Disposable {
  const told = new WeakMap<vscode.NotebookCell, string>();
  return vscode.workspace.onDidChangeNotebookDocument(({ notebook, cellChanges }) => {
    if (!isRecording() || notebook.uri.scheme !== "file") return;
    for (const { cell, executionSummary } of cellChanges) {
      if (executionSummary?.success === undefined) continue;
      const run = `${executionSummary.executionOrder} ${executionSummary.timing?.endTime}`;
      if (told.get(cell) === run) continue;
      told.set(cell, run);
      // The last output may come after the news that the cell has ended.
      setTimeout(() => ended(reportOf(notebook, cell, executionSummary)), OUTPUT_GRACE_MS);
    }
  });
}

function reportOf(notebook: vscode.NotebookDocument, cell: vscode.NotebookCell, summary: vscode.NotebookCellExecutionSummary): CellRan {
  const id: unknown = cell.metadata["id"];
  return {
    notebook_uri: notebook.uri.toString(),
    index: cell.index,
    cell_id: typeof id === "string" ? id.slice(0, 200) : "",
    kind: cell.kind === vscode.NotebookCellKind.Code ? "code" : "markdown",
    language: cell.document.languageId.slice(0, 100),
    execution_order: summary.executionOrder ?? null,
    is_success: summary.success ?? null,
    duration_ms: summary.timing === undefined ? null : Math.max(0, Math.round(summary.timing.endTime - summary.timing.startTime)),
    outputs: cell.outputs.slice(0, MAX_OUTPUTS).map((output) => digestOf(output)),
    error_name: errorOf(cell),
  };
}

function digestOf(output: vscode.NotebookCellOutput): CellRan["outputs"][number] {
  const items = output.items.slice(0, 50);
  const hash = createHash("sha256");
  for (const { mime, data } of items) hash.update(`${mime}\n${data.length}\n`).update(data);
  return {
    media_types: items.map(({ mime }) => mime.slice(0, 200)),
    sha256: hash.digest("hex"),
    size_bytes: items.reduce((sum, { data }) => sum + data.length, 0),
  };
}

function errorOf(cell: vscode.NotebookCell): string | null {
  const item = cell.outputs.flatMap((output) => output.items).find(({ mime }) => mime === ERROR_TYPE);
  if (item === undefined) return null;
  try {
    const { name } = JSON.parse(new TextDecoder().decode(item.data)) as { name?: unknown };
    return typeof name === "string" ? name.slice(0, 200) : null;
  } catch {
    return null;
  }
}
