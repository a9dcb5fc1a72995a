// What will be sent, word for word: every chunk that waits, as a read-only document.

import * as vscode from "vscode";
import type { PendingArtifact, PendingChunk, PendingChunks, PendingSnapshot } from "./contract.gen.ts";
import { counted } from "./status.ts";
import type { Sidecar } from "./sidecar.ts";

const SCHEME = "patchtrail-pending";
const URI = vscode.Uri.from({ scheme: SCHEME, path: "/What Will Be Sent" });
const LONGEST_CHARS = 4_000_000;

/** Serves the document; it is written anew each time that it is asked for. */
export class Pending implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly sidecar: Sidecar) {}

  /** Show what waits now. */
  async show(): Promise<void> {
    this.#changed.fire(URI);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(URI), { preview: true });
  }

  async provideTextDocumentContent(): Promise<string> {
    const told = await this.sidecar.request("patchtrail/pending/read", {});
    const parts = [heading(told), ...(told.snapshots ?? []).map(snapshotText)];
    let [page, size]: [PendingChunks, number] = [told, 0];
    for (;;) {
      for (const chunk of page.chunks) {
        const text = await this.#textOf(chunk, LONGEST_CHARS - size);
        parts.push(text);
        size += text.length;
      }
      if (page.next_skip === null || size >= LONGEST_CHARS) break;
      page = await this.sidecar.request("patchtrail/pending/read", { skip: page.next_skip });
    }
    if (size >= LONGEST_CHARS) parts.push("… there is more: `patchtrail device pending` shows all of it.");
    return parts.join("\n");
  }

  dispose(): void {
    vscode.Disposable.from(this.#registration, this.#changed).dispose();
  }

  async #textOf(first: PendingChunk, room: number): Promise<string> {
    const lines = [title(first)];
    let chunk = first;
    for (;;) {
      lines.push(...chunk.events.map((event) => event.line + (event.is_cut ? " … (cut here)" : "")), ...chunk.artifacts.flatMap(blob));
      if (chunk.next_seq === null || lines.reduce((sum, line) => sum + line.length, 0) > room) return [...lines, ""].join("\n");
      const { trace_id, n } = chunk;
      const [more] = (await this.sidecar.request("patchtrail/pending/read", { trace_id, n, since_seq: chunk.next_seq })).chunks;
      if (more === undefined) return [...lines, ""].join("\n");
      chunk = more;
    }
  }
}

function heading(told: PendingChunks): string {
  return [
    "What will be sent to the collector: these redacted lines, and the blobs that they name.",
    told.total === 0 ? "Nothing waits." : `${counted(told.total, "chunk")} wait${told.total === 1 ? "s" : ""} on this machine.`,
    ...(told.deletions > 0 ? [`${counted(told.deletions, "deletion request")} go before all of it.`] : []),
    ...(told.reasons.length > 0 ? [`Nothing leaves at present: ${told.reasons.join(" ")}`] : []),
    "",
  ].join("\n");
}

function snapshotText(snapshot: PendingSnapshot): string {
  const named = snapshot.task_title === "" ? snapshot.trace_id : `${snapshot.task_title} (${snapshot.trace_id})`;
  return [
    `── ${named}, base snapshot: ${counted(snapshot.files, "file")}, ${snapshot.size_bytes} bytes, goes along with the session's end`,
    `   look into it: tar -tzf '${snapshot.path}'`,
    ...(snapshot.redacted ?? []).map((path) => `   redacted ${path}`),
    ...(snapshot.left_out ?? []).map((path) => `   left out ${path}`),
    "",
  ].join("\n");
}

function title(chunk: PendingChunk): string {
  const state = chunk.is_begun ? "may be on its way already" : chunk.is_sealed ? "sealed" : "being written";
  const leaves = chunk.earliest_ms === null ? "stays on this machine" : `leaves at ${new Date(chunk.earliest_ms).toLocaleTimeString()} at the earliest`;
  const named = chunk.task_title === "" ? chunk.trace_id : `${chunk.task_title} (${chunk.trace_id})`;
  return `── ${named}, chunk ${chunk.n}: ${counted(chunk.count, "event")}, ${chunk.size_bytes} bytes, ${state}, ${leaves}`;
}

function blob(artifact: PendingArtifact): string[] {
  if (artifact.text === "") return [`   blob ${artifact.sha256}, ${artifact.media_type}, ${artifact.size_bytes} bytes`];
  const cut = artifact.is_cut ? ["   … (cut here)"] : [];
  return [`   blob ${artifact.sha256}, ${artifact.media_type}, ${artifact.size_bytes} bytes:`, ...artifact.text.split("\n").map((line) => `   │ ${line}`), ...cut];
}
