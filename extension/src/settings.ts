// The settings that the sidecar is told, read by the names that the contract gives them.

import * as vscode from "vscode";
import type { Settings } from "./contract.gen.ts";

const NAMES = {
  collector_url: "collector.url",
  upload_hold_seconds: "upload.holdSeconds",
  folders_allowed: "folders.allowed",
  redaction_denied_paths: "redaction.deniedPaths",
  files_exclude: "files.exclude",
  tests_junit: "tests.junit",
  agents_telemetry_file: "agents.telemetryFile",
  agents_receiver: "agents.receiver",
  debugger_values: "debugger.values",
  notes_hints: "notes.hints",
  fixes_enabled: "fixes.enabled",
  fixes_preview: "fixes.preview",
  patterns_hints: "patterns.hints",
  model_source: "model.source",
  model_url: "model.url",
  model_name: "model.name",
  model_kind: "model.kind",
  model_otlp_endpoint: "model.otlpEndpoint",
} as const satisfies Record<keyof Settings, string>;

/** Return what the user has set; what is not set is left to the sidecar's default. */
export function settings(): Settings {
  const section = vscode.workspace.getConfiguration("patchtrail");
  const entries = Object.entries(NAMES).map(([field, name]) => [field, section.get(name)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Settings;
}

/** Allow a folder, in the user's own settings: a workspace cannot allow itself. */
export async function allowFolder(path: string): Promise<void> {
  const section = vscode.workspace.getConfiguration("patchtrail");
  const allowed = section.get<string[]>(NAMES.folders_allowed) ?? [];
  if (allowed.includes(path)) return;
  await section.update(NAMES.folders_allowed, [...allowed, path], vscode.ConfigurationTarget.Global);
}
