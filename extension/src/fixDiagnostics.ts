// Diagnostics of any tool as the sidecar is told them. Knows the editor's types, and no more of it.

import type * as vscode from "vscode";
import type { DiagnosticEdit, DocumentDiagnostics, FixDiagnostic } from "./contract.gen.ts";

const SEVERITIES = ["error", "warning", "information", "hint"] as const;
const MOST = 5_000;

/** Return a document's diagnostics. */
export function documentDiagnostics(uri: string, version: number, diagnostics: readonly vscode.Diagnostic[]): DocumentDiagnostics {
  return { uri, version, diagnostics: diagnostics.slice(0, MOST).map(told) };
}

function told(diagnostic: vscode.Diagnostic): FixDiagnostic {
  const { message, source, code, severity, range } = diagnostic;
  const value = typeof code === "object" ? code.value : code;
  return { message, source: source ?? "", code: value === undefined ? "" : String(value), severity: SEVERITIES[severity] ?? "warning", ...placed(range), ...ownFix(diagnostic) };
}

function placed(range: Place): Omit<DiagnosticEdit, "text"> {
  return { start_line: range.start.line, start_character: range.start.character, end_line: range.end.line, end_character: range.end.character };
}

/** What Ruff's server sends along: the edits of its own fix. Whatever looks otherwise is left out. */
function ownFix(diagnostic: object): Pick<FixDiagnostic, "fix_title" | "fix_edits"> {
  const data = "data" in diagnostic ? diagnostic.data : undefined;
  if (typeof data !== "object" || data === null || !("edits" in data) || !Array.isArray(data.edits)) return {};
  const edits = data.edits.filter(isEdit).map((one) => ({ ...placed(one.range), text: one.newText }));
  if (edits.length === 0 || edits.length !== data.edits.length) return {};
  return { fix_title: "title" in data && typeof data.title === "string" ? data.title : "", fix_edits: edits };
}

interface Place {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

function isEdit(one: unknown): one is { range: Place; newText: string } {
  if (typeof one !== "object" || one === null || !("range" in one) || !("newText" in one) || typeof one.newText !== "string") return false;
  const { range } = one as { range: Partial<Place> | null };
  return [range?.start, range?.end].every((place) => Number.isSafeInteger(place?.line) && Number.isSafeInteger(place?.character));
}
