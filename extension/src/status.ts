// What the status bar says, worked out from what is known: one item, never a pop-up.

import type { BaseStanding, Coverage, CoverageGap, SessionState } from "./contract.gen.ts";

/** What the client knows beside the sidecar's own state. */
export interface Situation {
  /** Why there is no sidecar, in one sentence; undefined while there is one, or one is starting. */
  trouble?: { sentence: string; command: string } | undefined;
  isConnected: boolean;
  state?: SessionState | undefined;
  /** Why commands of an open terminal cannot be seen. */
  blindSpot?: string | undefined;
}

/** One status bar item. */
export interface Status {
  text: string;
  details: string[];
  command: string;
  isWarning: boolean;
  /** A note is suggested: a colour, and no more than that. */
  isSuggesting: boolean;
}

const MENU = "patchtrail.menu";
const MINUTE_MS = 60_000;
const LONGEST_REASON = 60;
const SPOOL_WARNING = 80;

/** Return a number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Return what share of a session was observed, in one line. */
export function shareText(coverage: Coverage): string {
  return `Observed ${(coverage.observed_milli / 10).toFixed(1)} % of ${counted(Math.round(coverage.duration_ms / MINUTE_MS), "minute")}`;
}

/** Return a gap in one line: what could not be seen, why, and for how long. */
export function gapText(gap: CoverageGap): string {
  const seconds = Math.round((gap.to_ms - gap.from_ms) / 1000);
  const what = gap.channel === "all" ? "" : `${gap.channel}: `;
  return `${what}${gap.reason.replaceAll("_", " ")}, ${counted(seconds, "second")}`;
}

/** Return how things stand with the base snapshot, in one line. */
export function baseText(base: BaseStanding): string {
  if (!base.is_ready) return base.problem ? "No base snapshot" : "The base snapshot is being made";
  return `Base snapshot: ${counted(base.files ?? 0, "file")}, ${Math.ceil((base.size_bytes ?? 0) / 1000)} kB`;
}

/** Return what the item shows. */
export function statusOf(situation: Situation, nowMs = Date.now()): Status {
  const { state, trouble } = situation;
  if (trouble !== undefined) return item("$(warning) Patchtrail: not running", [trouble.sentence], trouble.command, true);
  if (!situation.isConnected) return item("$(debug-disconnect) Patchtrail: not connected", ["Nothing is recorded. Connect to a collector to begin."]);
  if (state === undefined) return item("$(loading~spin) Patchtrail", ["The sidecar is starting."]);
  const details = [...state.reasons, ...deliveryOf(state), ...(situation.blindSpot === undefined ? [] : [situation.blindSpot])];
  switch (state.state) {
    case "recording":
      return recordingItem(state, details, situation.blindSpot !== undefined || isNearlyFull(state));
    case "paused":
      if (typeof state.off_record_until_ms === "number") {
        const left = Math.max(1, Math.ceil((state.off_record_until_ms - nowMs) / MINUTE_MS));
        return item(`$(eye-closed) Off the record: ${left} min left`, ["Nothing is recorded or sent. Recording goes on by itself.", ...details]);
      }
      return item(`$(debug-pause) Patchtrail paused: ${shortened(state.reasons[0] ?? "")}`, details);
    case "stopped":
      return item(`$(error) Patchtrail stopped: ${shortened(state.reasons[0] ?? "")}`, details, MENU, true);
    default:
      return state.reasons[0] === undefined
        ? item(`$(circle-large-outline) Patchtrail${pendingOf(state)}`, ["Ready; nothing is being recorded.", ...details])
        : item(`$(circle-slash) Patchtrail off: ${shortened(state.reasons[0])}`, details);
  }
}

function item(text: string, details: string[], command = MENU, isWarning = false): Status {
  return { text, details: details.filter((line) => line !== ""), command, isWarning, isSuggesting: false };
}

function recordingItem(state: SessionState, details: string[], isWarning: boolean): Status {
  const suggested = state.note_suggestion ? [state.note_suggestion.text] : [];
  const text = `$(record) Recording${pendingOf(state)}${spoolOf(state)}${draftsOf(state)}${suggested.length > 0 ? " · $(lightbulb) Say why?" : ""}`;
  return { ...item(text, [state.task_title ?? "", ...suggested, ...details], MENU, isWarning), isSuggesting: suggested.length > 0 };
}

function pendingOf(state: SessionState): string {
  if (state.is_online || !state.is_signed) return "";
  return state.pending_chunks > 0 ? ` · offline, ${state.pending_chunks} pending` : " · offline";
}

function isNearlyFull(state: SessionState): boolean {
  return (state.spool_percent ?? 0) >= SPOOL_WARNING;
}

function spoolOf(state: SessionState): string {
  return isNearlyFull(state) ? ` · spool ${state.spool_percent}% full` : "";
}

function draftsOf(state: SessionState): string {
  return state.drafts ? ` · $(edit) ${state.drafts} draft${state.drafts === 1 ? "" : "s"}` : "";
}

function deliveryOf(state: SessionState): string[] {
  return [
    ...(state.pending_chunks > 0 ? [`${state.pending_chunks} chunks wait to be uploaded; nothing unsent is ever deleted.`] : []),
    ...(state.undelivered.length > 0 ? [`${state.undelivered.length} ended sessions are still on their way.`] : []),
    ...(state.deletions ? [`${counted(state.deletions, "deletion request")} to be answered by the collector; asked until it does.`] : []),
    ...(state.stuck_traces > 0 ? [`${state.stuck_traces} sessions cannot be uploaded as they are; they are kept.`] : []),
    ...(isNearlyFull(state) ? [`The spool is ${state.spool_percent}% full; at 100% recording stops. Nothing is deleted.`] : []),
    ...baseOf(state),
    ...(state.notices ?? []),
    ...(state.damaged ?? []),
    ...(state.capture_errors > 0 ? [`${state.capture_errors} captures failed; each is declared as a gap.`] : []),
    ...(state.junit_withheld ? [`No per-test reports: ${state.junit_withheld}`] : []),
  ];
}

function baseOf(state: SessionState): string[] {
  const base = state.base_snapshot;
  if (!base) return [];
  return [base.is_ready ? `${baseText(base)}; it goes along with the session's end.` : `${baseText(base)}${base.problem ? `: ${base.problem}` : "."}`];
}

function shortened(sentence: string): string {
  const plain = sentence.replace(/\.$/, "");
  return plain.length <= LONGEST_REASON ? plain : `${plain.slice(0, LONGEST_REASON - 1)}…`;
}
