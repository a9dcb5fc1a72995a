// Generated from shared/schema/v1.json by `make gen`. Do not edit.

export type JsonValue = unknown;
export type Event =
  | SessionStartEvent
  | FileEditEvent
  | CmdRunEvent
  | TestRunEvent
  | CommitEvent
  | RationaleNoteEvent
  | PauseEvent
  | ResumeEvent
  | GapEvent
  | ClockStepEvent
  | HeartbeatEvent
  | RecoveredEvent
  | RedactorEvent
  | SessionEndEvent
  | BreakpointsEvent
  | CellRunEvent
  | AgentActEvent
  | DebugSessionEvent
  | DebugStopEvent
  | FileCreateEvent
  | FileDeleteEvent
  | FileRenameEvent
  | PatchAttemptEvent
  | PatchOutcomeEvent;
/**
 * Stated reasons: one field per kind, several at once if the client likes, or our `kind` and `text`.
 */
export type OpenRationaleNote = OpenRationaleNote1 & OpenRationaleNote2;
export type OpenRationaleNote1 =
  | {
      plan: string;
    }
  | {
      hypothesis: string;
    }
  | {
      observation: string;
    }
  | {
      decision: string;
    }
  | {
      next_step: string;
    }
  | {
      text: string;
    };

/**
 * What a coding agent said of itself, through its hooks or its telemetry.
 */
export interface AgentAct {
  agent: string;
  told_by: "hook" | "telemetry";
  act: "prompt" | "edit" | "command" | "other";
  tool: string | null;
  outcome: "applied" | "accepted" | "rejected" | "unknown";
  file_path: string | null;
  root?: string;
  /**
   * Unix time of the act, by the agent's clock.
   */
  at_ms: number;
}
/**
 * Event line of a `AgentAct`.
 */
export interface AgentActEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "agent_act";
  data: AgentAct;
}
/**
 * A blob that is stored beside the events, by the SHA-256 of its (redacted) bytes.
 */
export interface ArtifactRef {
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  size_bytes: number;
  media_type: string;
}
/**
 * An artifact is on disk.
 */
export interface ArtifactStored {
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  size_bytes: number;
}
/**
 * How far a trace can be trusted, and what keeps it from the next level.
 */
export interface Assurance {
  level: "L0" | "L1" | "L2" | "L3" | "L4";
  reasons: string[];
}
/**
 * One try. `finding` is the first of a batch; `findings` holds all of them.
 */
export interface AttemptRecord {
  attempt_id: string;
  /**
   * The recorded session, where one was running.
   */
  trace_id: string | null;
  /**
   * ISO 8601, UTC, when the request was made.
   */
  timestamp: string;
  finding: FindingRecord;
  findings?: FindingRecord[];
  prompt: string;
  llm_response: string;
  patch_generated: string | null;
  validation_result: boolean;
  validation_errors: string[];
  /**
   * From 1.
   */
  retry_attempt: number;
  strategy: "batch" | "single";
  tokens_used: number;
  latency_ms: number;
  cost_usd: number;
  file_type: string;
  finding_complexity: "simple" | "moderate" | "complex";
  rule_category: string;
  rule_id: string;
  file: string;
  line: number;
  status: "offered" | "accepted" | "rejected" | "undone" | "refused" | "failed" | "cancelled";
  failure_mode?:
    | (
        | "empty_answer"
        | "no_change_in_answer"
        | "unreadable_answer"
        | "cut_off"
        | "too_large"
        | "outside_workspace"
        | "not_located"
        | "ambiguous"
        | "no_op"
        | "syntax_error"
        | "finding_remains"
        | "new_findings"
        | "tests_failed"
        | "check_failed"
        | "stale_document"
        | "model_unavailable"
        | "timeout"
        | "spending_cap"
        | "cancelled"
      )
    | null;
  human_labeled?: boolean;
  model?: string;
  template_version?: string;
  context_parts?: ContextPart[];
  /**
   * The error that this retry was told.
   */
  retry_told?: string | null;
  hunks?: HunkRecord[];
  /**
   * The tool that reported the finding was run on the result.
   */
  is_rechecked?: boolean;
  /**
   * Shared by all tries for one finding or batch.
   */
  group_id?: string;
  /**
   * Learned patterns that the prompt showed; what its budget left out is not among them.
   */
  pattern_ids?: string[];
}
/**
 * The finding as it stood when it was asked about; lines count from 1, characters are UTF-16 units from 0.
 */
export interface FindingRecord {
  tool: string;
  rule_id: string;
  message: string;
  file_path: string;
  line: number;
  character: number;
  end_line: number;
  end_character: number;
  severity?: "error" | "warning" | "information" | "hint";
  test_id?: string | null;
}
/**
 * One part of a prompt, and what it cost.
 */
export interface ContextPart {
  name: string;
  tokens: number;
}
/**
 * How one hunk of an answer was located, and how sure that was, in thousandths.
 */
export interface HunkRecord {
  file_path: string;
  line: number;
  old_lines: number;
  new_lines: number;
  located_by:
    | "exact"
    | "near_line"
    | "whitespace"
    | "indentation"
    | "typography"
    | "skipped_lines"
    | "elision"
    | "approximate"
    | "fix_as_context"
    | "whole_file"
    | "whole_definition"
    | "new_file";
  certainty_milli: number;
}
/**
 * A finding as an event tells it; `file_path` is relative to its root, and `line` counts from 1.
 */
export interface AttemptedFinding {
  tool: string;
  rule_id: string;
  file_path: string;
  line: number;
  message: string;
  root?: string;
}
/**
 * How much of an edit probably has one source, and why: evidence, never a verdict.
 */
export interface AuthorShare {
  source: "typing" | "paste" | "undo" | "format_on_save" | "quick_fix" | "patch" | "ai" | "external" | "unknown";
  /**
   * Characters inserted and deleted.
   */
  chars: number;
  probability_milli: number;
  reasons: string[];
  /**
   * The agent, as its own telemetry names it.
   */
  agent?: string | null;
}
/**
 * The running session's base snapshot, in numbers: it goes along with the session's end.
 */
export interface BaseStanding {
  is_ready: boolean;
  files?: number;
  size_bytes?: number;
  redacted?: number;
  left_out?: number;
  /**
   * Why there is none, in a sentence; empty while it is being made.
   */
  problem?: string;
}
/**
 * A base snapshot is on disk, redacted.
 */
export interface BaseStored {
  /**
   * Id of one trace.
   */
  trace_id: string;
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  files: number;
  /**
   * Of the archive.
   */
  size_bytes: number;
  /**
   * Files in which redaction replaced something.
   */
  redacted?: string[];
  /**
   * Files of the start commit that it does not hold.
   */
  left_out?: string[];
}
/**
 * One breakpoint; `file_path` is relative to its root, or null outside of the session's roots.
 */
export interface Breakpoint {
  kind: "source" | "function" | "exception" | "data" | "instruction";
  file_path: string | null;
  /**
   * From 1.
   */
  line: number | null;
  /**
   * Function name, or the exception filter.
   */
  name?: string | null;
  condition?: string | null;
  hit_condition?: string | null;
  log_message?: string | null;
  is_enabled?: boolean;
  root?: string;
}
/**
 * Breakpoints changed, whether a debugger runs or not.
 */
export interface Breakpoints {
  added: Breakpoint[];
  removed: Breakpoint[];
  changed: Breakpoint[];
}
/**
 * Event line of a `Breakpoints`.
 */
export interface BreakpointsEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "breakpoints";
  data: Breakpoints;
}
/**
 * Breakpoints changed, whether a debugger runs or not.
 */
export interface BreakpointsFact {
  kind: "breakpoints";
  added: SeenBreakpoint[];
  removed: SeenBreakpoint[];
  changed: SeenBreakpoint[];
}
/**
 * A breakpoint as the editor has it.
 */
export interface SeenBreakpoint {
  kind: "source" | "function" | "exception" | "data" | "instruction";
  path?: string | null;
  line?: number | null;
  name?: string | null;
  condition?: string | null;
  hit_condition?: string | null;
  log_message?: string | null;
  is_enabled?: boolean;
}
/**
 * A bug that follows a pattern; the same bug again raises `count`.
 */
export interface BugEntry {
  pattern: string;
  error: string;
  code: string;
  file_path: string;
  line: number;
  stack_trace?: string | null;
  timestamp: string;
  count?: number;
  /**
   * The rule of the tool that reported it, where one did.
   */
  rule_id?: string | null;
  /**
   * When it happened before `timestamp`, the newest last.
   */
  earlier?: string[];
  /**
   * The sessions in which it happened, where it was recorded.
   */
  traces?: string[];
  /**
   * The same lines after they were fixed, where that is known.
   */
  fixed_code?: string | null;
}
/**
 * One output: its media types, in order, and the SHA-256 over their names and bytes.
 */
export interface CellOutput {
  /**
   * @maxItems 50
   */
  media_types: string[];
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  size_bytes: number;
}
/**
 * A cell's execution that ended. `cell_id` is the file's own id of the cell, empty where the editor has none.
 */
export interface CellRan {
  notebook_uri: string;
  index: number;
  cell_id?: string;
  kind?: "code" | "markdown";
  language?: string;
  execution_order: number | null;
  is_success: boolean | null;
  duration_ms: number | null;
  /**
   * @maxItems 1000
   */
  outputs: CellOutput[];
  error_name?: string | null;
}
/**
 * One execution of a notebook's cell. Outputs stay on the machine; their keyed hash tells whether they changed.
 */
export interface CellRun {
  file_path: string;
  cell: NotebookCell;
  execution_order: number | null;
  is_success: boolean | null;
  duration_ms: number | null;
  /**
   * HMAC-SHA-256 of the outputs under the session's local key.
   */
  outputs_hash: string | null;
  /**
   * Media types of the outputs, in order.
   */
  output_types: string[];
  error_name?: string | null;
  root?: string;
}
/**
 * A cell of a notebook; `cell_id` is the notebook format's own id, or one that the recorder gave it.
 */
export interface NotebookCell {
  cell_id: string;
  index: number;
  kind: "code" | "markdown";
  language: string;
}
/**
 * Event line of a `CellRun`.
 */
export interface CellRunEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "cell_run";
  data: CellRun;
}
/**
 * Neighbouring changes of one document that look alike, and how they look.
 */
export interface ChangeGroup {
  /**
   * Unix time of its first change.
   */
  started_ms: number;
  /**
   * Integer milliseconds.
   */
  ended_ms: number;
  events: number;
  /**
   * The most places that one event changed.
   */
  ranges?: number;
  /**
   * UTF-16 units.
   */
  inserted: number;
  deleted: number;
  /**
   * The longest text that one event put into one place.
   */
  largest_insert?: number;
  largest_delete?: number;
  reason?: "none" | "undo" | "redo";
  /**
   * What the editor says moved the cursor to the end of the change; program: the editor names none.
   */
  moved_by?: "keyboard" | "mouse" | "command" | "program" | "none";
  /**
   * Of the first change after a save: whether the editor told first that the cursor moved, as it does when a program changes the text, or that the document changed, as it does when somebody works in the editor.
   */
  told_first?: "cursor" | "change" | "unknown";
  /**
   * It touches a cursor of the active editor.
   */
  is_at_cursor?: boolean;
  /**
   * It replaces what was selected, and nothing else.
   */
  is_over_selection?: boolean;
  /**
   * How soon the editor began to save, where something acts on saving; 0 while it was being saved.
   */
  saved_after_ms?: number | null;
  /**
   * The document equals its file afterwards: it was read anew.
   */
  is_clean?: boolean;
  /**
   * The document is in the active editor.
   */
  is_active?: boolean;
  /**
   * The window has the focus.
   */
  is_focused?: boolean;
  /**
   * Only white space was inserted.
   */
  is_blank?: boolean;
  /**
   * It puts one line in place of the beginning of a word that was being typed.
   */
  is_completing?: boolean;
  /**
   * It touches the range of a diagnostic.
   */
  is_on_diagnostic?: boolean;
  /**
   * Fixes had been asked for there by hand, in this document.
   */
  is_fix_asked?: boolean;
  /**
   * The client applied a patch of Patchtrail's.
   */
  is_patch?: boolean;
  /**
   * A command was running in a terminal.
   */
  is_command_running?: boolean;
  /**
   * Whether it inserts what the clipboard holds; compared by the client alone.
   */
  clipboard?: "same" | "other" | "unknown";
  /**
   * The most documents that changed together.
   */
  documents?: number;
}
/**
 * Line coverage of the lines that the session changed.
 */
export interface ChangedCoverage {
  tool: string;
  changed_lines: number;
  covered_lines: number;
  files: {
    [k: string]: FileCoverage;
  };
}
/**
 * A changed file's executable changed lines, and those of them that the tests reached; from 1.
 */
export interface FileCoverage {
  changed: number[];
  covered: number[];
}
/**
 * The changes of a document since its last save, sent at a save, before `textDocument/didSave`.
 */
export interface ChangesReport {
  uri: string;
  /**
   * @maxItems 256
   */
  groups: ChangeGroup[];
  /**
   * No change since the last save is missing.
   */
  is_whole?: boolean;
}
/**
 * Whether the facts are kept for the save that follows.
 */
export interface ChangesTaken {
  is_taken: boolean;
}
/**
 * A sealed, numbered run of events; `raw_*` describe the uncompressed event lines.
 */
export interface ChunkManifest {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  n: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev_chunk: string;
  first: number;
  last: number;
  count: number;
  /**
   * SHA-256, lower-case hex.
   */
  head_in: string;
  /**
   * SHA-256, lower-case hex.
   */
  head_out: string;
  raw_len: number;
  /**
   * SHA-256, lower-case hex.
   */
  raw_sha256: string;
  enc: "identity" | "zstd";
  end: ("participant" | "abandoned" | "withdrawn") | null;
  lost: number;
  /**
   * Integer milliseconds.
   */
  made_ms: number;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
}
/**
 * One chunk of a trace, by its number and its id.
 */
export interface ChunkRef {
  n: number;
  /**
   * SHA-256, lower-case hex.
   */
  chunk_id: string;
}
/**
 * The wall clock moved against the monotonic clock by `delta_ms`.
 */
export interface ClockStep {
  /**
   * Integer milliseconds.
   */
  delta_ms: number;
}
/**
 * Event line of a `ClockStep`.
 */
export interface ClockStepEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "clock_step";
  data: ClockStep;
}
/**
 * One command that ended; `output_tail` is the end of its output, the whole of it `output_artifact`.
 */
export interface CmdRun {
  command_line: string;
  confidence: "low" | "medium" | "high" | "unknown";
  cwd: string;
  exit_code: number | null;
  duration_ms: number;
  output_tail: string;
  output_size_bytes: number;
  output_artifact: ArtifactRef | null;
  /**
   * Whether the output was seen whole; an empty one that was not seen is unknown.
   */
  output_coverage?: "whole" | "tail" | "unknown";
  /**
   * Whether the shell vouches that the command line comes from itself.
   */
  is_trusted?: boolean | null;
  origin?: "terminal" | "task";
  task_name?: string | null;
  /**
   * bash, zsh, fish, pwsh, …, where it is known.
   */
  shell?: string | null;
  /**
   * Bytes of output that the artifact leaves out.
   */
  output_omitted_bytes?: number;
  /**
   * False: it was still running when recording stopped; what is told is as far as seen.
   */
  has_ended?: boolean;
}
/**
 * Event line of a `CmdRun`.
 */
export interface CmdRunEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "cmd_run";
  data: CmdRun;
}
/**
 * A collector as it shows itself before anything is sent to it.
 */
export interface CollectorShown {
  url: string;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  server_jkt: string;
}
/**
 * A command, what it printed, and where it ran.
 */
export interface CommandDetails {
  command: string;
  output?: string;
  working_directory?: string;
  [k: string]: JsonValue;
}
/**
 * A terminal command that ended, as the client saw it.
 */
export interface CommandReport {
  command_line: string;
  confidence: "low" | "medium" | "high" | "unknown";
  cwd: string;
  exit_code: number | null;
  duration_ms: number;
  /**
   * All of it, or its end.
   */
  output: string;
  output_coverage?: "whole" | "tail" | "unknown";
  is_trusted?: boolean | null;
  origin?: "terminal" | "task";
  task_name?: string | null;
  /**
   * Unix time; test reports that are older are not its.
   */
  started_ms?: number | null;
  shell?: string | null;
  /**
   * The start of an output of which the middle is left out.
   */
  output_head?: string;
  /**
   * UTF-8 bytes between `output_head` and `output`.
   */
  output_omitted_bytes?: number;
  /**
   * False: still running when recording stops.
   */
  has_ended?: boolean;
}
/**
 * One commit that appeared on HEAD, whoever made it.
 */
export interface Commit {
  sha: string;
  parents: string[];
  message: string;
  kind: "commit" | "initial" | "amend" | "merge" | "rebase" | "cherry_pick" | "revert" | "apply";
  diff_unified: string;
  diff_artifact: ArtifactRef | null;
  root?: string;
}
/**
 * Event line of a `Commit`.
 */
export interface CommitEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "commit";
  data: Commit;
}
/**
 * The one immutable consent text that the participant agreed to.
 */
export interface ConsentRef {
  version: string;
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
}
/**
 * The consent text in force, to be shown word for word, and the reference that agreeing to it reports.
 */
export interface ConsentText {
  consent: ConsentRef;
  text: string;
}
/**
 * Hashes that show that the tree of `to_size` leaves begins with the one of `from_size` (RFC 9162, 2.1.4).
 */
export interface ConsistencyProof {
  from_size: number;
  to_size: number;
  /**
   * @maxItems 128
   *
   * Items: SHA-256, lower-case hex.
   */
  hashes: string[];
}
/**
 * The ledger of one session; `observed_milli` is the observed share of its time, in thousandths.
 */
export interface Coverage {
  duration_ms: number;
  /**
   * Time in which no gap of the channel `all` lies.
   */
  observed_ms: number;
  observed_milli: number;
  gaps: CoverageGap[];
}
/**
 * A stretch of the session's monotonic clock in which a channel was not observed.
 */
export interface CoverageGap {
  channel: "all" | "edits" | "commands" | "tests" | "debugger";
  /**
   * Integer milliseconds.
   */
  from_ms: number;
  /**
   * Integer milliseconds.
   */
  to_ms: number;
  reason: string;
  detail?: string;
}
/**
 * An expression that the participant had evaluated: in the console, as a watch, or by hovering.
 */
export interface DebugEvaluation {
  expression: string;
  context: string;
  is_error: boolean;
  type_name?: string | null;
  value?: string | null;
}
/**
 * The exception at which a program stopped, as `exceptionInfo` and the stop itself tell it.
 */
export interface DebugException {
  type_name: string;
  message: string;
  break_mode?: string | null;
}
/**
 * A stack frame, innermost first.
 */
export interface DebugFrame {
  name: string;
  /**
   * Relative to its root; null outside of the session's roots.
   */
  file_path: string | null;
  line: number | null;
  root?: string;
}
/**
 * Something of a debugger was missed.
 */
export interface DebugLostFact {
  kind: "lost";
  detail: string;
}
/**
 * One fact of a debugger.
 */
export interface DebugReport {
  fact: DebugSessionFact | DebugStopFact | DebugStandingFact | BreakpointsFact | DebugLostFact;
}
/**
 * A debug session began or ended.
 */
export interface DebugSessionFact {
  kind: "session";
  debug_id: string;
  phase: "started" | "ended";
  debug_type: string;
  request: "launch" | "attach" | "unknown";
  name: string;
  breakpoints: SeenBreakpoint[];
  stops?: number;
  steps?: DebugSteps;
  exit_code?: number | null;
  duration_ms?: number | null;
}
/**
 * How a debugged program was moved on.
 */
export interface DebugSteps {
  next?: number;
  step_in?: number;
  step_out?: number;
  step_back?: number;
  continues?: number;
  pauses?: number;
}
/**
 * A stop that was left.
 */
export interface DebugStopFact {
  kind: "stop";
  debug_id: string;
  debug_type: string;
  reason: string;
  exception: DebugException | null;
  frames: SeenFrame[];
  frames_omitted?: number;
  variables: DebugVariable[];
  evaluations: DebugEvaluation[];
  steps_before: DebugSteps1;
  duration_ms: number;
}
/**
 * A stack frame as the adapter named it, innermost first.
 */
export interface SeenFrame {
  name: string;
  path: string | null;
  line: number | null;
}
/**
 * A variable that was looked at; `value` is null unless recording values is switched on.
 */
export interface DebugVariable {
  scope: string;
  name: string;
  type_name: string | null;
  value?: string | null;
}
/**
 * How a debugged program was moved on.
 */
export interface DebugSteps1 {
  next?: number;
  step_in?: number;
  step_out?: number;
  step_back?: number;
  continues?: number;
  pauses?: number;
}
/**
 * A stop that lasts: a natural pause. It is recorded when it is left, or as `stop` when nobody can say so.
 */
export interface DebugStandingFact {
  kind: "standing";
  duration_ms: number;
  stop?: DebugStopFact | null;
}
/**
 * A debug session began or ended; `debug_id` is the same in its stops.
 */
export interface DebugSession {
  debug_id: string;
  phase: "started" | "ended";
  debug_type: string;
  request: "launch" | "attach" | "unknown";
  name: string;
  breakpoints: Breakpoint[];
  stops?: number;
  steps?: DebugSteps2;
  exit_code?: number | null;
  duration_ms?: number | null;
}
/**
 * How a debugged program was moved on.
 */
export interface DebugSteps2 {
  next?: number;
  step_in?: number;
  step_out?: number;
  step_back?: number;
  continues?: number;
  pauses?: number;
}
/**
 * Event line of a `DebugSession`.
 */
export interface DebugSessionEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "debug_session";
  data: DebugSession;
}
/**
 * One stop of a debugged program, told when it is left; `steps_before` led to it.
 */
export interface DebugStop {
  debug_id: string;
  debug_type: string;
  /**
   * As the adapter names it: breakpoint, exception, step, pause, entry, …
   */
  reason: string;
  exception: DebugException | null;
  frames: DebugFrame[];
  frames_omitted?: number;
  variables: DebugVariable[];
  evaluations: DebugEvaluation[];
  steps_before: DebugSteps1;
  /**
   * How long the program stood.
   */
  duration_ms: number;
}
/**
 * Event line of a `DebugStop`.
 */
export interface DebugStopEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "debug_stop";
  data: DebugStop;
}
/**
 * A request and its answer, as they are kept as proof.
 */
export interface Deletion {
  request: Envelope;
  forgotten: Envelope;
}
/**
 * A DSSE envelope: the signature covers the pre-authentication encoding of type and payload.
 */
export interface Envelope {
  /**
   * Standard base64, padded.
   */
  payload: string;
  payloadType: string;
  /**
   * @minItems 1
   * @maxItems 16
   */
  signatures:
    | [Signature]
    | [Signature, Signature]
    | [Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature]
    | [Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature, Signature]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ]
    | [
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature,
        Signature
      ];
}
/**
 * One signature of an envelope; `keyid` is a hint and decides nothing.
 */
export interface Signature {
  keyid: string;
  /**
   * Standard base64, padded.
   */
  sig: string;
}
/**
 * Something that broke when it was deployed.
 */
export interface DeploymentEntry {
  issue_type: string;
  pattern: string;
  environment?: string;
  details?: {
    [k: string]: JsonValue;
  };
  timestamp: string;
  count?: number;
  /**
   * When it happened before `timestamp`, the newest last.
   */
  earlier?: string[];
}
/**
 * What the device must sign, as a `DeviceRegistration`, to prove that it holds the private key.
 */
export interface DeviceChallenge {
  device_id: string;
  /**
   * SHA-256, lower-case hex.
   */
  challenge: string;
  participant_id: string;
  study_id: string;
  /**
   * Integer milliseconds.
   */
  expires_ms: number;
}
/**
 * The device's bearer token; it is shown once and stored only as a hash.
 */
export interface DeviceEnrolled {
  device_id: string;
  device_token: string;
  participant_id: string;
  study_id: string;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
}
/**
 * The one line that `--key-stdin` reads: an RFC 8037 private JWK and the device's token.
 *
 * It never stands in arguments, environment, settings or logs.
 */
export interface DeviceKey {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
  d: string;
  device_token: string;
  participant_id: string;
  collector_url: string;
  /**
   * Fingerprint of the collector's key, pinned at enrolment: of its root or a receipt key.
   */
  server_jkt?: string | null;
}
/**
 * Step two of enrolment: the signed `DeviceRegistration`.
 */
export interface DeviceProof {
  registration: Envelope;
}
/**
 * The device's proof that it holds the private key it enrols.
 */
export interface DeviceRegistration {
  v: 1;
  /**
   * SHA-256, lower-case hex.
   */
  challenge: string;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
  participant_id: string;
  study_id: string;
  host_hint: string;
}
/**
 * Step one of enrolment: the code and the public key.
 */
export interface DeviceRequest {
  code: string;
  public_key: PublicKey;
  host_hint: string;
}
/**
 * An Ed25519 public key as an RFC 8037 JWK.
 */
export interface PublicKey {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
}
/**
 * One edit of the reporting tool's own fix.
 */
export interface DiagnosticEdit {
  start_line: number;
  start_character: number;
  end_line: number;
  end_character: number;
  text: string;
}
/**
 * Whether they are kept.
 */
export interface DiagnosticsTaken {
  is_taken: boolean;
}
/**
 * Where a replay first led to something else than what was recorded.
 */
export interface Divergence {
  /**
   * The event; null where none is to blame.
   */
  seq: number | null;
  file_path: string;
  message: string;
}
/**
 * A blob by reference.
 */
export interface DocumentArtifact {
  uri: string;
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  size_bytes: number;
  media_type: string;
}
/**
 * Every diagnostic of a document, sent right before fixes are asked for in it.
 */
export interface DocumentDiagnostics {
  uri: string;
  version: number;
  /**
   * @maxItems 5000
   */
  diagnostics: FixDiagnostic[];
}
/**
 * A diagnostic of any tool, with what tells it from the others of its document.
 */
export interface FixDiagnostic {
  message: string;
  source?: string;
  code?: string;
  severity?: "error" | "warning" | "information" | "hint";
  start_line: number;
  start_character: number;
  end_line: number;
  end_character: number;
  /**
   * The tool's own fix, where it sent one along.
   */
  fix_title?: string;
  fix_edits?: DiagnosticEdit[];
}
/**
 * Where it was recorded.
 */
export interface DocumentEnvironment {
  os: string;
  python_version: string;
}
/**
 * One event: the published fields, and its data's own fields beside them.
 */
export interface DocumentEvent {
  id: string;
  seq: number;
  ts_client_s: number;
  ts_server_s: number | null;
  type: string;
  [k: string]: JsonValue;
}
/**
 * The hash of every event in order, and how far the chain can be trusted.
 */
export interface DocumentIntegrity {
  /**
   * Items: SHA-256, lower-case hex.
   */
  event_hash_chain: string[];
  assurance: Assurance;
  /**
   * Chunks whose bytes were dropped on the participant's signed request.
   */
  forgotten_chunks?: number[];
}
/**
 * Counts over the events; `duration_s` by the session's own monotonic clock.
 */
export interface DocumentMetrics {
  duration_s: number;
  num_events: number;
  num_file_edits: number;
  num_commands: number;
  num_test_runs: number;
  num_commits: number;
  num_notes: number;
  num_patch_attempts?: number;
  /**
   * Attempts whose patch was accepted.
   */
  num_patches_accepted?: number;
}
/**
 * Where replay starts.
 */
export interface DocumentRepo {
  origin: string;
  start_commit: string;
}
/**
 * Who took part, under which consent.
 */
export interface DocumentSession {
  participant_id: string | null;
  consent: ConsentRef | null;
}
/**
 * What was to be done.
 */
export interface DocumentTask {
  id: string;
  title: string;
  description: string;
}
/**
 * One draft.
 */
export interface DraftRef {
  draft_id: string;
}
/**
 * Whether a draft is kept, and how long it can still be changed.
 */
export interface Drafted {
  is_drafted: boolean;
  confirms_in_ms: number;
  reasons: string[];
}
/**
 * One file per edit.
 */
export interface EditDetails {
  file: string;
  change?: string;
  diff?: string;
  [k: string]: JsonValue;
}
/**
 * Ask for the texts of a recorded edit.
 */
export interface EditRequest {
  seq: number;
}
/**
 * An edit's recorded (redacted) texts.
 */
export interface EditTexts {
  file_path: string;
  before: string;
  after: string;
}
/**
 * The one line that `patchtrail enrol --stdin` reads. Without a code the collector is only asked who it is.
 */
export interface EnrolRequest {
  url: string;
  /**
   * The one-time code; a secret until it is used.
   */
  code?: string | null;
  /**
   * The fingerprint that the participant agreed to pin.
   */
  server_jkt?: string | null;
  host_hint?: string;
}
/**
 * Ask for the entries from one event on.
 */
export interface EntriesRequest {
  since_seq?: number;
}
/**
 * One event of the running session, as the session view shows it.
 */
export interface Entry {
  seq: number;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  type: string;
  summary: string;
  details: string[];
  /**
   * The edited file on this machine.
   */
  path: string | null;
  has_diff: boolean;
  failed_tests: FailedTest[];
  /**
   * Of a debugger's stop, innermost first.
   */
  frames?: ShownFrame[];
  note_kind?: ("plan" | "hypothesis" | "observation" | "decision" | "next_step") | null;
  /**
   * An agent wrote the note.
   */
  is_agent?: boolean;
}
/**
 * A test that failed, and where it stands on this machine.
 */
export interface FailedTest {
  test_id: string;
  message: string;
  path: string | null;
  line: number | null;
}
/**
 * A stack frame, and where it stands on this machine.
 */
export interface ShownFrame {
  name: string;
  path: string | null;
  line: number | null;
}
/**
 * One failing test, from its first red run on; numbers are the `seq` of events.
 */
export interface Episode {
  /**
   * As its last run names it; empty where a run told of no test.
   */
  test_id: string;
  /**
   * What it was called before it was renamed.
   */
  former_ids?: string[];
  /**
   * The first line of its first failure.
   */
  message: string;
  command_line?: string;
  /**
   * The runs in which it failed, the latest ones when there are many.
   */
  red: number[];
  red_runs: number;
  /**
   * The first red run, on the session's clock.
   */
  red_ms: number;
  /**
   * The first run in which it passed; null while the episode is open.
   */
  green: number | null;
  green_ms: number | null;
  stops: number[];
  notes: number[];
  edits: number[];
  /**
   * What changed between the last red and the first green run.
   */
  fixing_edits: number[];
  /**
   * The earliest edit since which it can have been green.
   */
  first_fixing_edit: number | null;
  /**
   * It turned green though nothing changed, or within one run.
   */
  is_flaky: boolean;
}
/**
 * Event line of a `SessionStart`.
 */
export interface SessionStartEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "session_start";
  data: SessionStart;
}
/**
 * The task and the place: always event 0.
 */
export interface SessionStart {
  kind: "online" | "offline_open" | "local";
  participant_id: string | null;
  task_id: string;
  task_title: string;
  task_description: string;
  repo_origin: string;
  start_commit: string;
  consent: ConsentRef | null;
  os: string;
  python_version: string;
  sidecar_version: string;
  client_name: string;
  client_version: string;
  roots?: SessionRoot[];
}
/**
 * A further root of a session, beside the first: another folder of the same workspace.
 */
export interface SessionRoot {
  /**
   * What `root` of an event says; unique in the session, never empty.
   */
  name: string;
  repo_origin: string;
  start_commit: string;
}
/**
 * Event line of a `FileEdit`.
 */
export interface FileEditEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "file_edit";
  data: FileEdit;
}
/**
 * One save of one file, or one change that was found on disk.
 */
export interface FileEdit {
  file_path: string;
  diff_unified: string;
  diff_artifact: ArtifactRef | null;
  base_artifact: ArtifactRef | null;
  buffer_hash_after: string | null;
  is_replayable: boolean;
  /**
   * Why the content was not captured, or null when it was.
   */
  withheld: ("denied_path" | "too_large" | "binary" | "undecodable") | null;
  size_bytes: number;
  evidence:
    "manual" | "format_on_save" | "quick_fix" | "ai" | "external" | "unknown" | "paste" | "patch" | "undo" | "mixed";
  root?: string;
  cell?: NotebookCell | null;
  /**
   * How it became known: a save, the editor's own act, or disk.
   */
  seen_by?: "save" | "editor" | "disk";
  /**
   * The file's encoding on disk; a byte order mark is text.
   */
  encoding?: string;
  /**
   * HMAC-SHA-256 of a withheld content under the session's local key.
   */
  keyed_hash?: string | null;
  authorship?: AuthorShare[];
  /**
   * Why the editor saved, as LSP's willSave tells it.
   */
  save_reason?: "manual" | "after_delay" | "focus_out" | "unknown";
  /**
   * Undo steps since the save before.
   */
  undos?: number;
  redos?: number;
}
/**
 * Event line of a `TestRun`.
 */
export interface TestRunEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "test_run";
  data: TestRun;
}
/**
 * One run of a test command, known at the tier that `evidence` names.
 */
export interface TestRun {
  command_line: string;
  evidence: "plugin" | "junit" | "ctrf" | "output" | "exit";
  exit_code: number | null;
  duration_ms: number;
  totals: TestTotals | null;
  cases: TestCase[];
  /**
   * All cases, one JSON object per line, when they are too many.
   */
  cases_artifact: ArtifactRef | null;
  origin?: "terminal" | "task" | "test_explorer" | "unknown";
  /**
   * The `cmd_run` that ran it.
   */
  command_seq?: number | null;
  /**
   * pytest, unittest, jest, vitest, go, …, where it is known.
   */
  framework?: string | null;
  /**
   * The report file that it was read from, in the project.
   */
  report_path?: string | null;
}
/**
 * Counts over all cases of a run.
 */
export interface TestTotals {
  tests: number;
  passed: number;
  failed: number;
  errors: number;
  skipped: number;
}
/**
 * One test's outcome; `message` is the assertion of a failure.
 */
export interface TestCase {
  test_id: string;
  outcome: "passed" | "failed" | "error" | "skipped";
  duration_ms: number;
  message: string;
  /**
   * Relative to the run's root directory.
   */
  file_path?: string | null;
  /**
   * Where the test is defined, from 1.
   */
  line?: number | null;
  suite?: string | null;
  /**
   * Attempts before the one that `outcome` tells of.
   */
  retries?: number;
  /**
   * It failed and passed within this run.
   */
  is_flaky?: boolean;
}
/**
 * Event line of a `RationaleNote`.
 */
export interface RationaleNoteEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "rationale_note";
  data: RationaleNote;
}
/**
 * A structured rationale, linked to the events (by `seq`) that it is about.
 */
export interface RationaleNote {
  kind: "plan" | "hypothesis" | "observation" | "decision" | "next_step";
  text: string;
  confidence: ("low" | "medium" | "high") | null;
  links: number[];
  /**
   * When it was first written, on the session's clock; it may be confirmed later.
   */
  drafted_ms?: number | null;
  author?: "participant" | "agent";
  /**
   * Who wrote it, when an agent did.
   */
  agent?: string | null;
  source?: "keyboard" | "selection" | "hint" | "tool" | "editor_model";
  /**
   * The pause in the work at which a note was suggested.
   */
  hint?: ("third_red_run" | "revert" | "long_stop") | null;
  location?: NoteLocation | null;
  /**
   * What a model had drafted, before the participant's own.
   */
  draft_text?: string | null;
}
/**
 * The lines of a file that a note is about, from 1, both included.
 */
export interface NoteLocation {
  file_path: string;
  start_line: number;
  end_line: number;
  root?: string;
}
/**
 * Event line of a `Pause`.
 */
export interface PauseEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "pause";
  data: Pause;
}
/**
 * Recording stopped: on the participant's word, for a while off the record, or because the gate said no.
 */
export interface Pause {
  reason: "participant" | "gate" | "off_record";
  gate_reasons: string[];
}
/**
 * Event line of a `Resume`.
 */
export interface ResumeEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "resume";
  data: Resume;
}
/**
 * Recording went on.
 */
export interface Resume {
  reason: "participant" | "gate" | "off_record";
}
/**
 * Event line of a `Gap`.
 */
export interface GapEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "gap";
  data: Gap;
}
/**
 * Recording was not possible between two instants of the session's monotonic clock.
 */
export interface Gap {
  /**
   * Integer milliseconds.
   */
  from_ms: number;
  /**
   * Integer milliseconds.
   */
  to_ms: number;
  reason:
    | "restart"
    | "reboot"
    | "suspended"
    | "capture_error"
    | "no_shell_integration"
    | "junit_refused"
    | "test_explorer"
    | "too_many_changes"
    | "not_a_file"
    | "nested_repository"
    | "off_record"
    | "forgotten"
    | "spool_full"
    | "disk_full"
    | "debugger"
    | "other_terminal";
  /**
   * What could not be seen: a terminal's name, a number of files.
   */
  detail?: string;
}
/**
 * Event line of a `Heartbeat`.
 */
export interface HeartbeatEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "heartbeat";
  data: Heartbeat;
}
/**
 * Silence, sealed: written when nothing else was for 30 seconds.
 */
export interface Heartbeat {}
/**
 * Event line of a `Recovered`.
 */
export interface RecoveredEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "recovered";
  data: Recovered;
}
/**
 * The sidecar went on with a trace after it was killed; `torn_bytes` of an unfinished line were cut.
 */
export interface Recovered {
  torn_bytes: number;
  /**
   * Events behind damage before the tail, which had to be left out.
   */
  lost_events: number;
}
/**
 * Event line of a `Redactor`.
 */
export interface RedactorEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "redactor";
  data: Redactor;
}
/**
 * The redaction rules in force from here on.
 */
export interface Redactor {
  rules_version: string;
  /**
   * SHA-256, lower-case hex.
   */
  rules_sha256: string;
  literal_count: number;
}
/**
 * Event line of a `SessionEnd`.
 */
export interface SessionEndEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "session_end";
  data: SessionEnd;
}
/**
 * Always the last event.
 */
export interface SessionEnd {
  reason: "participant" | "abandoned" | "withdrawn";
  /**
   * The coverage ledger, as the recorder kept it.
   */
  coverage?: Coverage | null;
  /**
   * The files of the start commit, redacted, as an archive; only where that was agreed to by itself.
   */
  base_snapshot?: ArtifactRef | null;
}
/**
 * Event line of a `FileCreate`.
 */
export interface FileCreateEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "file_create";
  data: FileCreate;
}
/**
 * A file appeared; its diff leads from nothing to what it held.
 */
export interface FileCreate {
  file_path: string;
  diff_unified: string;
  diff_artifact: ArtifactRef | null;
  base_artifact: ArtifactRef | null;
  buffer_hash_after: string | null;
  is_replayable: boolean;
  /**
   * Why the content was not captured, or null when it was.
   */
  withheld: ("denied_path" | "too_large" | "binary" | "undecodable") | null;
  size_bytes: number;
  evidence:
    "manual" | "format_on_save" | "quick_fix" | "ai" | "external" | "unknown" | "paste" | "patch" | "undo" | "mixed";
  root?: string;
  cell?: NotebookCell | null;
  /**
   * How it became known: a save, the editor's own act, or disk.
   */
  seen_by?: "save" | "editor" | "disk";
  /**
   * The file's encoding on disk; a byte order mark is text.
   */
  encoding?: string;
  /**
   * HMAC-SHA-256 of a withheld content under the session's local key.
   */
  keyed_hash?: string | null;
  authorship?: AuthorShare[];
}
/**
 * Event line of a `FileDelete`.
 */
export interface FileDeleteEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "file_delete";
  data: FileDelete;
}
/**
 * A file disappeared; of a folder, everything below it.
 */
export interface FileDelete {
  file_path: string;
  evidence:
    "manual" | "format_on_save" | "quick_fix" | "ai" | "external" | "unknown" | "paste" | "patch" | "undo" | "mixed";
  is_folder?: boolean;
  root?: string;
  cell?: NotebookCell | null;
  seen_by?: "save" | "editor" | "disk";
}
/**
 * Event line of a `FileRename`.
 */
export interface FileRenameEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "file_rename";
  data: FileRename;
}
/**
 * A file, or a folder with everything below it, has another path.
 */
export interface FileRename {
  file_path: string;
  new_path: string;
  evidence:
    "manual" | "format_on_save" | "quick_fix" | "ai" | "external" | "unknown" | "paste" | "patch" | "undo" | "mixed";
  is_folder?: boolean;
  root?: string;
  new_root?: string;
  seen_by?: "save" | "editor" | "disk";
}
/**
 * Event line of a `PatchAttempt`.
 */
export interface PatchAttemptEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "patch_attempt";
  data: PatchAttempt;
}
/**
 * One request to a model, or to the rules, for one finding or for several of one file.
 */
export interface PatchAttempt {
  /**
   * Id of one attempt.
   */
  attempt_id: string;
  /**
   * Shared by all tries for one finding or batch.
   */
  group_id: string;
  /**
   * @maxItems 50
   */
  findings: AttemptedFinding[];
  /**
   * Too many, or in files that are left out.
   */
  findings_omitted?: number;
  strategy: "batch" | "single";
  /**
   * From 1.
   */
  retry_attempt: number;
  status: "offered" | "accepted" | "rejected" | "undone" | "refused" | "failed" | "cancelled";
  failure_mode:
    | (
        | "empty_answer"
        | "no_change_in_answer"
        | "unreadable_answer"
        | "cut_off"
        | "too_large"
        | "outside_workspace"
        | "not_located"
        | "ambiguous"
        | "no_op"
        | "syntax_error"
        | "finding_remains"
        | "new_findings"
        | "tests_failed"
        | "check_failed"
        | "stale_document"
        | "model_unavailable"
        | "timeout"
        | "spending_cap"
        | "cancelled"
      )
    | null;
  model: string;
  template_version: string;
  tokens_used: number;
  latency_ms: number;
  cost_microusd: number;
  /**
   * The tool that reported the finding was run on the result.
   */
  is_rechecked: boolean;
  hunks: number;
  /**
   * Of the hunk whose place was least sure.
   */
  least_certainty_milli: number | null;
  rule_category: string;
  finding_complexity: "simple" | "moderate" | "complex";
  /**
   * What the patch does, from redacted texts; empty when there is none.
   */
  diff_unified: string;
  diff_artifact: ArtifactRef | null;
  prompt_artifact: ArtifactRef | null;
  response_artifact: ArtifactRef | null;
  prompt_size_bytes: number;
  response_size_bytes: number;
  /**
   * HMAC-SHA-256 of the redacted prompt under the session's local key.
   */
  prompt_hash?: string | null;
  response_hash?: string | null;
  /**
   * Files of the patch whose content is never recorded.
   */
  files_withheld?: number;
}
/**
 * Event line of a `PatchOutcome`.
 */
export interface PatchOutcomeEvent {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  seq: number;
  /**
   * SHA-256, lower-case hex.
   */
  prev: string;
  /**
   * Integer milliseconds.
   */
  ts_ms: number;
  mono_ms: number;
  type: "patch_outcome";
  data: PatchOutcome;
}
/**
 * What became of a patch that was offered; `lines_*` say how much of it stood when that was looked at.
 */
export interface PatchOutcome {
  /**
   * Id of one attempt.
   */
  attempt_id: string;
  outcome: "accepted" | "rejected" | "undone" | "survived" | "changed" | "gone";
  /**
   * @maxItems 100
   */
  file_paths: string[];
  /**
   * Since it was offered; of later survival, since it was accepted.
   */
  after_ms: number;
  evidence: "client" | "undo" | "saves" | "unknown";
  /**
   * Lines that the patch inserted and removed.
   */
  lines_changed?: number | null;
  lines_standing?: number | null;
  root?: string;
}
/**
 * A fixture of a pattern: code in which it must be found, or must not.
 */
export interface Example {
  code: string;
  /**
   * A finding's message or a failure's, where one belongs to it.
   */
  message?: string;
  file_path?: string;
}
/**
 * What the client knows and the gate decides from; whatever is not reported counts as no.
 */
export interface Facts {
  is_telemetry_enabled: boolean;
  is_workspace_trusted: boolean;
  consent: ConsentRef | null;
  /**
   * A session that is still to be gone on with was paused: nothing may be sent before.
   */
  is_paused?: boolean;
  /**
   * The participant agreed, beside the consent, that the base snapshot is sent.
   */
  is_base_agreed?: boolean;
}
/**
 * What was chosen; closing the preview is no.
 */
export interface FixChoice {
  is_applied: boolean;
}
/**
 * What became of a command; a person was told already, unless `explanation` is theirs to read.
 */
export interface FixDone {
  is_applied: boolean;
  message: string;
  fix_id?: string | null;
  explanation?: string;
}
/**
 * What a person did with a patch that was applied: the client noticed it.
 */
export interface FixOutcome {
  fix_id: string;
  outcome: "accepted" | "rejected" | "undone";
}
/**
 * Ask the client to show a patch as a diff, and whether to apply it.
 */
export interface FixPreview {
  fix_id: string;
  title: string;
  is_rechecked: boolean;
  files: PreviewFile[];
}
/**
 * One file of a patch; `before` is absent for a new file.
 */
export interface PreviewFile {
  uri: string;
  file_path: string;
  before: string | null;
  after: string;
}
/**
 * The one argument of both commands: which diagnostic, or all of the document, in which version of it.
 */
export interface FixTarget {
  uri: string;
  version?: number | null;
  /**
   * Absent: every one that is known there.
   */
  diagnostic?: FixDiagnostic | null;
}
/**
 * The device's signed request: drop the bytes of these chunks, and what nothing else refers to.
 */
export interface Forget {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  /**
   * @minItems 1
   * @maxItems 100
   */
  chunks: [ChunkRef, ...ChunkRef[]];
  /**
   * Integer milliseconds.
   */
  made_ms: number;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
}
/**
 * The deletion receipt, and the receipts of the chunks in the request's order.
 */
export interface ForgetAnswer {
  forgotten: Envelope;
  receipts: Envelope[];
}
/**
 * Forget what was recorded in the last minutes.
 */
export interface ForgetMinutes {
  minutes: number;
}
/**
 * Ask for the deletion; `manifests` are those of chunks for which the device holds no receipt.
 */
export interface ForgetRequest {
  request: Envelope;
  /**
   * @maxItems 100
   */
  manifests?: Envelope[];
}
/**
 * The collector's signed answer: the bytes are gone from its database and its blobs.
 */
export interface Forgotten {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  /**
   * SHA-256 of the request's payload bytes.
   */
  request_sha256: string;
  /**
   * @minItems 1
   * @maxItems 100
   */
  chunks: [ForgottenChunk, ...ForgottenChunk[]];
  /**
   * How many artifacts of the trace were dropped with them.
   */
  artifacts: number;
  /**
   * Integer milliseconds.
   */
  forgotten_ms: number;
}
/**
 * A chunk whose bytes are gone; the collector never read an unread one, and has its manifest alone.
 */
export interface ForgottenChunk {
  n: number;
  /**
   * SHA-256, lower-case hex.
   */
  chunk_id: string;
  /**
   * SHA-256, lower-case hex.
   */
  head_out: string;
  is_unread: boolean;
}
/**
 * What was forgotten on this machine, and what the collector is asked to drop.
 *
 * A chunk that was sent, or on its way, is dropped whole: it can reach back a little further.
 */
export interface ForgottenHere {
  /**
   * Events that are gone from this machine, those of chunks to be dropped included.
   */
  events: number;
  /**
   * Chunks that were never sent, and are gone or shortened.
   */
  chunks_rewritten: number;
  /**
   * Chunks that the collector is asked to drop; kept asking until it answers.
   */
  chunks_asked: number;
  /**
   * What the participant should know beside the counts.
   */
  reasons: string[];
}
/**
 * Something that the client could not see, and why.
 */
export interface GapReport {
  reason: "no_shell_integration" | "other_terminal" | "test_explorer" | "not_a_file";
  detail?: string;
}
/**
 * Whether anything may be recorded and sent, and each reason why not.
 */
export interface GateDecision {
  is_allowed: boolean;
  reasons: string[];
}
/**
 * One arrow of a pattern's life: why it went from one state to another, with the figures that decided.
 */
export interface GateDecisionRecord {
  decided_at: string;
  before: "draft" | "shadow" | "canary" | "active" | "probation" | "archived" | "quarantined";
  after: "draft" | "shadow" | "canary" | "active" | "probation" | "archived" | "quarantined";
  reason: string;
  figures?: {
    [k: string]: JsonValue;
  };
  decided_by?: "gate" | "person";
}
/**
 * Code that was generated, and the patterns that were applied to it.
 */
export interface GenerationEntry {
  prompt: string;
  patterns_applied?: string[];
  confidence?: number;
  success: boolean;
  code_length?: number;
  metadata?: {
    [k: string]: JsonValue;
  };
  timestamp: string;
  count?: number;
}
/**
 * The collector's signed permission to record one trace; its payload bytes are the chain's genesis.
 */
export interface Grant {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  study_id: string;
  participant_id: string;
  consent: ConsentRef | null;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
  /**
   * SHA-256, lower-case hex.
   */
  nonce: string;
  /**
   * Integer milliseconds.
   */
  issued_ms: number;
  log_size?: number | null;
  log_root?: string | null;
}
/**
 * Hashes that lead from leaf `index` to the root of the tree of `size` leaves (RFC 9162, 2.1.3).
 */
export interface InclusionProof {
  index: number;
  size: number;
  /**
   * @maxItems 128
   *
   * Items: SHA-256, lower-case hex.
   */
  hashes: string[];
}
/**
 * `initializationOptions` of the `initialize` request.
 */
export interface InitializationOptions {
  settings?: Settings;
  facts?: Facts | null;
  /**
   * Requests to the client that it answers: patchtrail/fix/preview, patchtrail/model/ask.
   */
  abilities?: string[];
}
/**
 * What the sidecar is told of the settings under `patchtrail.`; a dot in the setting's name is `_` here.
 */
export interface Settings {
  /**
   * The collector to enrol with. Sessions go to the one that this device did enrol with.
   */
  collector_url?: string;
  /**
   * How long a sealed chunk stays here before it is uploaded. Ending a session uploads at once.
   */
  upload_hold_seconds?: number;
  /**
   * Absolute paths of the folders that may be recorded, with all that is below them. Empty: none.
   */
  folders_allowed?: string[];
  /**
   * More glob patterns of files whose content is never captured, beside the built-in ones.
   */
  redaction_denied_paths?: string[];
  /**
   * Glob patterns of files that are left out altogether, beside those that git ignores. A pattern with `/` matches whole paths, one without matches the name of a file or of a folder.
   */
  files_exclude?: string[];
  /**
   * Ask pytest in new terminals for a JUnit report, to record results per test. Without it only what the terminal shows is recorded.
   */
  tests_junit?: boolean;
  /**
   * Absolute path of the file that a coding agent writes its own telemetry to, such as Copilot's `github.copilot.chat.otel.outfile`. Read only while a session is recorded; empty: none.
   */
  agents_telemetry_file?: string;
  /**
   * Listen on this machine alone, at a port that is drawn, for the telemetry of coding agents (OTLP over HTTP). They need the address that Copy the Agents' Address gives.
   */
  agents_receiver?: boolean;
  /**
   * Record the values of variables and expressions that the debugger shows, redacted. Off: their names and types alone.
   */
  debugger_values?: boolean;
  /**
   * Suggest a note at a natural pause, in the status bar and the session view: a third red run of a test, a revert, a long stop in the debugger. At most one in ten minutes, never a pop-up.
   */
  notes_hints?: boolean;
  /**
   * Offer patches as quick fixes for diagnostics of any tool and for failing tests.
   */
  fixes_enabled?: boolean;
  /**
   * When a patch is shown as a diff before it is applied. One that the reporting tool could not check again is always shown.
   */
  fixes_preview?: "always" | "notRechecked" | "never";
  /**
   * Show a hint where code matches an active pattern of the folder's `patterns.json`.
   */
  patterns_hints?: boolean;
  /**
   * Who makes patches: `endpoint` asks the model at `model.url`, `editor` the editor's own, `rules` no model at all. `auto` takes the endpoint where one is set, and the rules otherwise.
   */
  model_source?: "auto" | "endpoint" | "editor" | "rules";
  /**
   * Base address of a model's API, such as `http://localhost:11434/v1`. Empty: none.
   */
  model_url?: string;
  /**
   * The model's name at that address, or the id of the editor's own.
   */
  model_name?: string;
  /**
   * The API that is spoken at that address: OpenAI's, as most do, or Anthropic's.
   */
  model_kind?: "openai" | "anthropic";
  /**
   * Address of an OpenTelemetry collector that gets a span of each request to a model, without its texts. Empty: none.
   */
  model_otlp_endpoint?: string;
}
/**
 * A one-time enrolment code: 10 Crockford characters, stored only as a hash.
 */
export interface Invitation {
  code: string;
  participant_id: string;
  /**
   * Integer milliseconds.
   */
  expires_ms: number;
}
/**
 * Ask for a one-time enrolment code; without a participant id a pseudonym is drawn.
 */
export interface InvitationRequest {
  participant_id?: string | null;
}
/**
 * How far a judge agrees with people: what has to stand wherever its score does.
 */
export interface JudgeAlignment {
  is_aligned: boolean;
  /**
   * The verdict in a sentence, with what it rests on, or why it is not given.
   */
  badge: string;
  /**
   * How many of its judgements people labelled.
   */
  labelled?: number;
  /**
   * Share of judgements on which it agrees with people.
   */
  agreement?: number | null;
  /**
   * Lower bound of its 95 % interval.
   */
  agreement_low?: number | null;
  /**
   * Dimensions whose points pass a gate of their own.
   */
  aligned_dimensions?: (
    | "problem_understanding"
    | "causal_linking"
    | "experiment_design"
    | "efficiency"
    | "reproducibility"
    | "safety_hygiene"
  )[];
}
/**
 * One reason for a score, with the events that it rests on.
 */
export interface JudgeReason {
  dimension:
    | "problem_understanding"
    | "causal_linking"
    | "experiment_design"
    | "efficiency"
    | "reproducibility"
    | "safety_hygiene";
  /**
   * The rubric's check that it answers.
   */
  check: string;
  is_met: boolean;
  /**
   * It counts half; `is_met` is false then.
   */
  is_met_in_part?: boolean;
  text: string;
  event_seqs?: number[];
  /**
   * Verbatim words of the cited events.
   */
  quotes?: string[];
  /**
   * Why this reason counts for nothing; empty where it counts.
   */
  struck_out?: string;
}
/**
 * Scores from 0 to 5 per dimension of the rubric, and their weighted mean.
 */
export interface JudgeResult {
  scores: {
    [k: string]: number;
  };
  overall: number;
  kind?: ("heuristic" | "model") | null;
  rubric_version?: string;
  reasons?: JudgeReason[];
  /**
   * The models that were asked; empty for the heuristic judge.
   */
  models?: string[];
  /**
   * The scores of each sample of a model judge.
   */
  samples?: {
    [k: string]: number;
  }[];
  /**
   * Highest less lowest sample, per dimension.
   */
  spread?: {
    [k: string]: number;
  };
  /**
   * Dimensions on which the samples disagree too much; the heuristic's score stands there.
   */
  abstained?: (
    | "problem_understanding"
    | "causal_linking"
    | "experiment_design"
    | "efficiency"
    | "reproducibility"
    | "safety_hygiene"
  )[];
  needs_human?: boolean;
  cost_usd?: number | null;
  /**
   * Why the configured model did not judge, where it did not.
   */
  fallback?: string;
  /**
   * The heuristic judge's, beside a model's.
   */
  heuristic_overall?: number | null;
  /**
   * By the newest report that its collector has; null: nobody has looked.
   */
  alignment?: JudgeAlignment | null;
}
/**
 * The keys that sign grants, receipts and the log, newest last; `root` is the one whose fingerprint clients pin.
 *
 * `signed` is the `KeyStatement` that says the same, signed by the root key and vouched for by the receipt keys; what
 * stands beside it is for readers that know no root key.
 */
export interface KeySet {
  version: number;
  /**
   * @minItems 1
   */
  receipt: [ServerKey, ...ServerKey[]];
  log?: ServerKey[];
  log_origin?: string | null;
  expires_ms?: number | null;
  root?: ServerKey | null;
  signed?: Envelope | null;
}
/**
 * One of the collector's public keys; old ones are kept to verify old receipts.
 */
export interface ServerKey {
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
  public_key: PublicKey;
  /**
   * Integer milliseconds.
   */
  created_ms: number;
}
/**
 * The collector's keys, newest last, as its root key signs them. A reader never goes back to a lower `version`.
 */
export interface KeyStatement {
  v: 1;
  version: number;
  /**
   * Integer milliseconds.
   */
  expires_ms: number;
  log_origin: string;
  root: ServerKey;
  /**
   * @minItems 1
   * @maxItems 100
   */
  receipt: [ServerKey, ...ServerKey[]];
  /**
   * @minItems 1
   * @maxItems 100
   */
  log: [ServerKey, ...ServerKey[]];
}
/**
 * What a linter says at the end that it did not say at the start, and the other way round.
 */
export interface LintDelta {
  tool: string;
  before: number;
  after: number;
  new: LintFinding[];
  gone: LintFinding[];
}
/**
 * What a linter says of one place.
 */
export interface LintFinding {
  rule: string;
  file_path: string;
  line: number;
  message: string;
}
/**
 * A metrics file.
 */
export interface MetricsDocument {
  bugs?: BugEntry[];
  test_failures?: TestFailureEntry[];
  code_reviews?: ReviewEntry[];
  performance_metrics?: PerformanceEntry[];
  deployment_issues?: DeploymentEntry[];
  code_generation?: GenerationEntry[];
}
/**
 * A test that failed, and the pattern that its code violated.
 */
export interface TestFailureEntry {
  test_name: string;
  failure_reason: string;
  pattern_violated?: string | null;
  code_snippet?: string | null;
  timestamp: string;
  count?: number;
  /**
   * When it happened before `timestamp`, the newest last.
   */
  earlier?: string[];
  /**
   * The sessions in which it happened, where it was recorded.
   */
  traces?: string[];
  /**
   * The same lines after they were fixed, where that is known.
   */
  fixed_code?: string | null;
}
/**
 * What a review found.
 */
export interface ReviewEntry {
  issue_type: string;
  pattern: string;
  severity: "low" | "medium" | "high" | "critical";
  file_path: string;
  line: number;
  suggestion?: string | null;
  timestamp: string;
  count?: number;
  /**
   * The rule of the tool that reported it, where one did.
   */
  rule_id?: string | null;
  /**
   * When it happened before `timestamp`, the newest last.
   */
  earlier?: string[];
}
/**
 * A measured figure, with whatever describes it.
 */
export interface PerformanceEntry {
  metric_type: string;
  details?: {
    [k: string]: JsonValue;
  };
  timestamp: string;
  count?: number;
  /**
   * When it happened before `timestamp`, the newest last.
   */
  earlier?: string[];
}
/**
 * Ask the editor's own model; `model` is the one that the user chose, or empty.
 */
export interface ModelAsk {
  messages: ModelMessage[];
  max_output_tokens: number;
  model?: string;
}
/**
 * One message to a model.
 */
export interface ModelMessage {
  role: "system" | "user" | "assistant";
  content: string;
}
/**
 * A model's key from where the editor keeps secrets, and the one address that it may be sent to.
 */
export interface ModelKey {
  url: string;
  /**
   * Empty: there is none any more.
   */
  key: string;
}
/**
 * Whether it is for the address that the settings name.
 */
export interface ModelKeyTaken {
  is_taken: boolean;
}
/**
 * What it answered, and what it is called.
 */
export interface ModelSaid {
  text: string;
  model: string;
}
/**
 * A request without parameters.
 */
export interface NoParams {}
/**
 * A structured rationale; `links` are the `seq` of the events it is about.
 */
export interface NoteAdd {
  author?: "participant" | "agent";
  agent?: string | null;
  source?: "keyboard" | "selection" | "hint" | "tool" | "editor_model";
  hint?: ("third_red_run" | "revert" | "long_stop") | null;
  place?: NotePlace | null;
  draft_text?: string | null;
  kind: "plan" | "hypothesis" | "observation" | "decision" | "next_step";
  text: string;
  confidence?: ("low" | "medium" | "high") | null;
  /**
   * @maxItems 200
   */
  links?: number[];
}
/**
 * The lines that were selected, from 1, in a file on this machine.
 */
export interface NotePlace {
  path: string;
  start_line: number;
  end_line: number;
}
/**
 * A note that is recorded after 30 seconds or when it is confirmed; sent again with its id it is replaced.
 */
export interface NoteDraft {
  author?: "participant" | "agent";
  agent?: string | null;
  source?: "keyboard" | "selection" | "hint" | "tool" | "editor_model";
  hint?: ("third_red_run" | "revert" | "long_stop") | null;
  place?: NotePlace | null;
  draft_text?: string | null;
  kind: "plan" | "hypothesis" | "observation" | "decision" | "next_step";
  text: string;
  confidence?: ("low" | "medium" | "high") | null;
  /**
   * @maxItems 200
   */
  links?: number[];
  /**
   * Drawn by the client.
   */
  draft_id: string;
}
/**
 * An event that a note is probably about.
 */
export interface NoteLink {
  seq: number;
  summary: string;
}
/**
 * A natural pause at which a note would cost little: shown quietly, never a pop-up.
 */
export interface NoteSuggestion {
  hint: "third_red_run" | "revert" | "long_stop";
  /**
   * The event that it is about.
   */
  seq: number;
  text: string;
}
/**
 * Record and send nothing for so many minutes, then go on by itself.
 */
export interface OffRecord {
  minutes?: number;
}
/**
 * A command that was run.
 */
export interface OneShotCommand {
  type: "command";
  /**
   * ISO 8601; without an offset it is UTC.
   */
  timestamp: string;
  details: CommandDetails;
}
/**
 * The trace is stored; the token adds to it, for 24 hours.
 */
export interface OneShotCreated {
  /**
   * A UUID.
   */
  trace_id: string;
  status: "pending" | "complete";
  created_at: string;
  updated_at: string;
  events: number;
  qa_state?: "waiting" | "queued" | "running" | "done" | "failed";
  qa_results?: OneShotQa | null;
  status_url?: string;
  upload_token: string;
}
/**
 * What the collector found out by itself.
 */
export interface OneShotQa {
  tests_passed: boolean | null;
  /**
   * From 1 to 5: 1 + 0.8 times the judgement's weighted mean.
   */
  reasoning_score: number | null;
  judge_comments: string | null;
  test_output?: string | null;
  qa_timestamp?: string | null;
}
/**
 * An edit of one file.
 */
export interface OneShotEdit {
  type: "edit";
  /**
   * ISO 8601; without an offset it is UTC.
   */
  timestamp: string;
  details: EditDetails;
}
/**
 * More events of a trace, in any order; a list or a single event is taken for such a body.
 */
export interface OneShotEvents {
  /**
   * @minItems 1
   * @maxItems 10000
   */
  events: [OneShotEdit | OneShotCommand | OneShotReasoning, ...(OneShotEdit | OneShotCommand | OneShotReasoning)[]];
}
/**
 * A hypothesis, an alternative, a reason for a change, what worked or failed.
 */
export interface OneShotReasoning {
  type: "reasoning";
  /**
   * ISO 8601; without an offset it is UTC.
   */
  timestamp: string;
  details: ReasoningDetails;
}
/**
 * A stated reason; `reasoning_type` is the client's own word and stays as it is.
 */
export interface ReasoningDetails {
  text: string;
  reasoning_type?: string;
  confidence?: ("low" | "medium" | "high") | null;
  [k: string]: JsonValue;
}
/**
 * Where a trace stands, and what the collector found out about it; `status_url` says it again, later.
 */
export interface OneShotOutcome {
  /**
   * A UUID.
   */
  trace_id: string;
  status: "pending" | "complete";
  created_at: string;
  updated_at: string;
  events: number;
  qa_state?: "waiting" | "queued" | "running" | "done" | "failed";
  qa_results?: OneShotQa | null;
  status_url?: string;
}
/**
 * A whole trace at once, or its beginning; a client may bring an id of its own.
 */
export interface OneShotRequest {
  trace_id?: string | null;
  developer_id: string;
  repo_url: string;
  bug_description: string;
  /**
   * @maxItems 10000
   */
  events?: (OneShotEdit | OneShotCommand | OneShotReasoning)[];
  /**
   * The trace is whole: as if it were finalized right away.
   */
  finalize?: boolean;
}
/**
 * Where a trace stands: `pending` until it is finalized; `events` counts what is stored.
 */
export interface OneShotStanding {
  /**
   * A UUID.
   */
  trace_id: string;
  status: "pending" | "complete";
  created_at: string;
  updated_at: string;
  events: number;
}
/**
 * A whole trace, its events in order of time.
 */
export interface OneShotTrace {
  /**
   * A UUID.
   */
  trace_id: string;
  developer_id: string;
  repo_url: string;
  bug_description: string;
  events: (OneShotEdit | OneShotCommand | OneShotReasoning)[];
  status: "pending" | "complete";
  created_at: string;
  updated_at: string;
  qa_results: OneShotQa | null;
}
/**
 * The body of `events:ingest`.
 */
export interface OpenChunk {
  chunk_id: string;
  chunk_seq: number;
  /**
   * @minItems 1
   * @maxItems 10000
   */
  events: [
    OpenFileEdit | OpenCmdRun | OpenTestRun | OpenCommit | OpenRationaleNote,
    ...(OpenFileEdit | OpenCmdRun | OpenTestRun | OpenCommit | OpenRationaleNote)[]
  ];
}
/**
 * A unified diff of one save; the hash is the client's own and is not checked.
 */
export interface OpenFileEdit {
  id: string;
  seq: number;
  /**
   * Unix time in decimal seconds.
   */
  ts_client_s: number;
  ts_server_s?: number | null;
  type: "file_edit";
  file_path: string;
  diff_unified?: string;
  buffer_hash_after?: string | null;
  [k: string]: JsonValue;
}
/**
 * A command that ended, under the published name or ours.
 */
export interface OpenCmdRun {
  id: string;
  seq: number;
  /**
   * Unix time in decimal seconds.
   */
  ts_client_s: number;
  ts_server_s?: number | null;
  type: "cmd_run";
  command?: string | null;
  command_line?: string | null;
  exit_code?: number | null;
  [k: string]: JsonValue;
}
/**
 * A test run, in whatever structure the client has.
 */
export interface OpenTestRun {
  id: string;
  seq: number;
  /**
   * Unix time in decimal seconds.
   */
  ts_client_s: number;
  ts_server_s?: number | null;
  type: "test_run";
  command_line?: string | null;
  exit_code?: number | null;
  [k: string]: JsonValue;
}
/**
 * A commit, with its diff.
 */
export interface OpenCommit {
  id: string;
  seq: number;
  /**
   * Unix time in decimal seconds.
   */
  ts_client_s: number;
  ts_server_s?: number | null;
  type: "commit";
  sha?: string | null;
  message?: string | null;
  diff_unified?: string;
  [k: string]: JsonValue;
}
export interface OpenRationaleNote2 {
  id: string;
  seq: number;
  /**
   * Unix time in decimal seconds.
   */
  ts_client_s: number;
  ts_server_s?: number | null;
  type: "rationale_note";
  plan?: string | null;
  hypothesis?: string | null;
  observation?: string | null;
  decision?: string | null;
  next_step?: string | null;
  kind?: ("plan" | "hypothesis" | "observation" | "decision" | "next_step") | null;
  text?: string | null;
  [k: string]: JsonValue;
}
/**
 * A chunk is on disk; the same chunk again gets the same answer.
 */
export interface OpenChunkStored {
  /**
   * Id of one trace.
   */
  trace_id: string;
  chunk_id: string;
  chunk_seq: number;
  /**
   * How many events the chunk holds.
   */
  events: number;
  /**
   * Integer milliseconds.
   */
  received_ms: number;
}
/**
 * The published answer; the token uploads to this one trace, for 24 hours.
 */
export interface OpenTraceCreated {
  /**
   * Id of one trace.
   */
  trace_id: string;
  upload_token: string;
  message: string;
}
/**
 * Open a trace without a device: the published body, and nothing that proves it.
 */
export interface OpenTraceRequest {
  participant_id: string;
  task_id: string;
  task_title?: string;
  repo_origin?: string;
  start_commit?: string;
  /**
   * What is signed is opened with its device's token.
   */
  proof?: null;
}
/**
 * The device's statement that it opens a trace: the proof behind `POST /v1/traces`.
 *
 * `kind` `online` asks the collector for a trace id; `offline_open` brings its own and names the newest
 * receipt (by chunk id) and the newest tree of the log that the device held, or none: they bound its start from below.
 */
export interface Opening {
  v: 1;
  kind: "online" | "offline_open";
  trace_id: string | null;
  participant_id: string;
  task_id: string;
  task_title: string;
  repo_origin: string;
  start_commit: string;
  consent: ConsentRef | null;
  newest_receipt: string | null;
  /**
   * RFC 7638 thumbprint of a public key.
   */
  jkt: string;
  /**
   * SHA-256, lower-case hex.
   */
  nonce: string;
  /**
   * Integer milliseconds.
   */
  made_ms: number;
  log_size?: number | null;
  log_root?: string | null;
}
/**
 * Whether that patch is still remembered.
 */
export interface OutcomeTaken {
  is_taken: boolean;
}
/**
 * A reusable lesson.
 */
export interface Pattern {
  pattern_id: string;
  name: string;
  description: string;
  bad_example: string;
  good_example: string;
  test_coverage: string;
  occurrence_frequency: number;
  last_occurrence: string | null;
  severity: "low" | "medium" | "high" | "critical";
  effectiveness_score: number;
  state?: "draft" | "shadow" | "canary" | "active" | "probation" | "archived" | "quarantined";
  /**
   * When a person, or a setting, let the gate try it; nothing: it waits.
   */
  approved_at?: string | null;
  /**
   * Repository, language or path it holds for; empty: everywhere.
   */
  scope?: string;
  /**
   * Rules of tools, and exception types, that it answers.
   */
  rule_ids?: string[];
  /**
   * Where it does not hold, in words.
   */
  exceptions?: string[];
  provenance?: Provenance;
  positive?: Example[];
  negative?: Example[];
  helpful?: number;
  harmful?: number;
  retrieved?: number;
  /**
   * The counts above by the working copy that told them; each replaces its own.
   */
  uses?: {
    [k: string]: UseCounts;
  };
  /**
   * When a prompt showed it last.
   */
  last_used?: string | null;
  decisions?: GateDecisionRecord[];
}
/**
 * What taught a pattern.
 */
export interface Provenance {
  traces?: string[];
  attempts?: string[];
  /**
   * traces, ci, review, ai_patterns_md, plan_file or by_hand.
   */
  source?: string;
}
/**
 * How often one working copy used a pattern since it became active, and how often that helped or did harm.
 */
export interface UseCounts {
  retrieved?: number;
  helpful?: number;
  harmful?: number;
}
/**
 * `patterns.json`.
 */
export interface PatternFile {
  version?: 1;
  patterns: Pattern[];
}
/**
 * One accepted version of a library that is shared through a collector; revisions count from 1.
 */
export interface PatternRevision {
  library: string;
  revision: number;
  /**
   * Integer milliseconds.
   */
  made_ms: number;
  /**
   * Whose token it came with: `server`, the only one that writes.
   */
  written_by: string;
  /**
   * Digest of the version's bytes, which is its ETag, too.
   */
  sha256: string;
  patterns: number;
  size_bytes: number;
}
/**
 * Versions, the newest first: of one library, or the newest of each.
 */
export interface PatternRevisions {
  revisions: PatternRevision[];
}
/**
 * A blob that goes along, and the start of it where it is text.
 */
export interface PendingArtifact {
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  size_bytes: number;
  media_type: string;
  text: string;
  is_cut: boolean;
}
/**
 * A chunk that waits, or is still being written; `earliest_ms` is null when nothing says when it goes.
 */
export interface PendingChunk {
  /**
   * Id of one trace.
   */
  trace_id: string;
  task_title: string;
  n: number;
  is_sealed: boolean;
  /**
   * Its upload was begun: it may have left this machine already.
   */
  is_begun: boolean;
  size_bytes: number;
  count: number;
  earliest_ms: number | null;
  events: PendingEvent[];
  artifacts: PendingArtifact[];
  /**
   * Where the next page of its events begins; null when there is none.
   */
  next_seq: number | null;
}
/**
 * One event line as it will be sent, cut where it is long.
 */
export interface PendingEvent {
  seq: number;
  line: string;
  is_cut: boolean;
}
/**
 * A page of the chunks that wait, oldest first; `deletions` are requests that go before all of them.
 */
export interface PendingChunks {
  chunks: PendingChunk[];
  total: number;
  next_skip: number | null;
  deletions: number;
  /**
   * Why nothing leaves this machine at present; empty when it may.
   */
  reasons: string[];
  /**
   * Of sessions whose end is not on its way yet.
   */
  snapshots?: PendingSnapshot[];
}
/**
 * A base snapshot that goes along with the end of its session, unless the participant changes their mind.
 */
export interface PendingSnapshot {
  /**
   * Id of one trace.
   */
  trace_id: string;
  /**
   * SHA-256, lower-case hex.
   */
  sha256: string;
  files: number;
  /**
   * Of the archive.
   */
  size_bytes: number;
  /**
   * Files in which redaction replaced something.
   */
  redacted?: string[];
  /**
   * Files of the start commit that it does not hold.
   */
  left_out?: string[];
  task_title: string;
  /**
   * Where it lies on this machine: a gzipped tar archive, to be looked into.
   */
  path: string;
}
/**
 * A draft as it is kept, redacted; redaction can lengthen a text.
 */
export interface PendingDraft {
  draft_id: string;
  kind: "plan" | "hypothesis" | "observation" | "decision" | "next_step";
  text: string;
  confidence: ("low" | "medium" | "high") | null;
  links: number[];
  confirms_in_ms: number;
}
/**
 * Ask for a page of chunks that wait, or, with `trace_id` and `n`, for further events of one of them.
 */
export interface PendingRequest {
  skip?: number;
  trace_id?: string | null;
  n?: number | null;
  since_seq?: number;
}
/**
 * What was wrong (`code`, `message`) and where (`detail`), for a program and for a person.
 */
export interface Problem {
  code: string;
  message: string;
  detail: {
    [k: string]: string | number | string[];
  };
}
/**
 * What taught a pattern.
 */
export interface Provenance1 {
  traces?: string[];
  attempts?: string[];
  /**
   * traces, ci, review, ai_patterns_md, plan_file or by_hand.
   */
  source?: string;
}
/**
 * How much work waits, and for how long.
 */
export interface QaQueue {
  queued: number;
  running: number;
  failed: number;
  done: number;
  /**
   * Age of the oldest job that waits; null when none does.
   */
  oldest_queued_ms: number | null;
  /**
   * Over the last jobs that started: how long they had waited.
   */
  age_p95_ms: number | null;
}
/**
 * Ask for a trace to be assessed again: all of it, or the judgement alone, on the validation that there is.
 */
export interface QaRerun {
  judge_only?: boolean;
}
/**
 * What the collector found out by itself; null until it has.
 */
export interface QaResults {
  validation: ValidationResult | null;
  judge: JudgeResult | null;
}
/**
 * What came of replaying a trace and running its tests in the sandbox.
 */
export interface ValidationResult {
  /**
   * Whether all tests passed at the end; null when nothing ran.
   */
  tests_passed: boolean | null;
  /**
   * Null in a document that tells no more than the above.
   */
  verdict?:
    ("verified_fix" | "not_fixed" | "regression" | "flaky" | "not_reproducible" | "no_tests" | "not_run") | null;
  /**
   * Why the verdict is what it is, in plain words.
   */
  reason?: string;
  replay?: ReplayResult | null;
  /**
   * Tests that failed at the start and pass at the end.
   */
  fail_to_pass?: string[];
  /**
   * Tests that passed at the start and pass at the end.
   */
  pass_to_pass?: string[];
  /**
   * Tests that failed at the start and still fail.
   */
  fail_to_fail?: string[];
  /**
   * Tests that passed at the start and fail at the end.
   */
  pass_to_fail?: string[];
  /**
   * Tests with different outcomes on the same files.
   */
  flaky?: string[];
  /**
   * Tests, conftest files and plugins that the session changed; pristine ones decide.
   */
  changed_test_files?: string[];
  /**
   * What was found that would have bent the verdict, in words.
   */
  cheats?: string[];
  recorded_runs?: RecordedRun[];
  /**
   * Share of compared tests that agree; null when none.
   */
  agreement?: number | null;
  coverage?: ChangedCoverage | null;
  lint?: LintDelta | null;
  /**
   * pytest, unittest, jest, vitest, go or junit.
   */
  runner?: string;
  /**
   * The back end that ran the tests, and the Python it gave them.
   */
  sandbox?: string;
  /**
   * What the sandbox could not limit on this machine.
   */
  missing_limits?: string[];
  network?: "none";
  /**
   * The end of the last run's output.
   */
  test_output?: string;
  /**
   * Integer milliseconds.
   */
  duration_ms?: number;
}
/**
 * Whether the recorded edits lead, on the start commit, to the contents that were recorded.
 */
export interface ReplayResult {
  agrees: boolean;
  /**
   * Where the files of the start commit came from.
   */
  start: "snapshot" | "origin" | "none";
  edits: number;
  divergence: Divergence | null;
  /**
   * Files that changed and whose content is not recorded.
   */
  withheld_files?: string[];
  /**
   * Files whose text was redacted, in the start commit or in an edit.
   */
  redacted_files?: string[];
  /**
   * Why it does not agree, or could not be done, in a sentence.
   */
  reason?: string;
}
/**
 * A recorded `test_run`, run again on the files as they stood then, and compared test by test.
 */
export interface RecordedRun {
  seq: number;
  /**
   * Null where nothing could be compared; `problem` says why.
   */
  agrees: boolean | null;
  /**
   * How many tests both runs tell of.
   */
  compared: number;
  disagreements?: TestDisagreement[];
  problem?: string;
}
/**
 * A test whose outcome was another when the collector ran it.
 */
export interface TestDisagreement {
  test_id: string;
  recorded: "passed" | "failed" | "error" | "skipped" | "absent";
  rerun: "passed" | "failed" | "error" | "skipped" | "absent";
}
/**
 * Where the work on a trace stands: `waiting` until the trace is complete.
 */
export interface QaStanding {
  /**
   * Id of one trace.
   */
  trace_id: string;
  state: "waiting" | "queued" | "running" | "done" | "failed";
  queued_ms?: number | null;
  started_ms?: number | null;
  ended_ms?: number | null;
  tries?: number;
  /**
   * Why the last try failed, where it did.
   */
  problem?: string;
  results: QaResults;
}
/**
 * The collector's signed answer to a chunk: it is verified, stored and on disk.
 */
export interface Receipt {
  v: 1;
  /**
   * Id of one trace.
   */
  trace_id: string;
  n: number;
  /**
   * SHA-256, lower-case hex.
   */
  chunk_id: string;
  /**
   * SHA-256, lower-case hex.
   */
  head_out: string;
  /**
   * Integer milliseconds.
   */
  received_ms: number;
  leaf_index?: number | null;
  commit?: string | null;
  log_size?: number | null;
  log_root?: string | null;
}
/**
 * The event is appended (`seq`), or was not recorded for the given reasons.
 */
export interface Recorded {
  is_recorded: boolean;
  seq: number | null;
  reasons: string[];
}
/**
 * Entries in order, and the drafts; `first_seq` is the oldest that this sidecar still remembers.
 */
export interface SessionEntries {
  trace_id: string | null;
  first_seq: number;
  entries: Entry[];
  drafts: PendingDraft[];
  /**
   * Fault episodes, the newest last; the oldest make room.
   */
  episodes?: Episode[];
  /**
   * Counts forgettings: with another one, read everything anew.
   */
  generation?: number;
  coverage?: Coverage | null;
}
/**
 * The session as the status bar shows it.
 */
export interface SessionState {
  state: "idle" | "recording" | "paused" | "stopped";
  reasons: string[];
  trace_id: string | null;
  next_seq: number;
  is_signed: boolean;
  is_online: boolean;
  pending_chunks: number;
  /**
   * Traces that the collector will not take as they are; nothing is deleted.
   */
  stuck_traces: number;
  capture_errors: number;
  /**
   * Unfinished traces that a killed sidecar left.
   *
   * Items: Id of one trace.
   */
  resumable: string[];
  /**
   * Ended traces that the collector has not called complete yet.
   *
   * Items: Id of one trace.
   */
  undelivered: string[];
  /**
   * Traces that cannot be read here, and why.
   */
  damaged?: string[];
  task_title?: string;
  /**
   * Notes that are not confirmed yet.
   */
  drafts?: number;
  /**
   * The last failing test run or edit.
   */
  note_link?: NoteLink | null;
  /**
   * What new terminals should have; nothing while the gate is closed.
   */
  terminal_variables?: TerminalVariable[];
  /**
   * Wall time at which recording goes on by itself, while off the record.
   */
  off_record_until_ms?: number | null;
  /**
   * Deletion requests that the collector has not answered yet.
   */
  deletions?: number;
  /**
   * Why pytest is not asked for a JUnit report in this workspace.
   */
  junit_withheld?: string | null;
  /**
   * How full the spool is; at 80 a person should know, at 100 nothing more is recorded.
   */
  spool_percent?: number;
  /**
   * What a person should know of delivery.
   */
  notices?: string[];
  /**
   * Where agents may send their telemetry; whoever has the address may.
   */
  agents_address?: string | null;
  note_suggestion?: NoteSuggestion | null;
  /**
   * Null while nothing is recorded, or the participant did not agree to one.
   */
  base_snapshot?: BaseStanding | null;
}
/**
 * An environment variable that new terminals should have; `prepend` keeps what the user set behind it.
 */
export interface TerminalVariable {
  name: string;
  value: string;
  mode: "prepend" | "replace";
}
/**
 * What the sidecar is told of the settings under `patchtrail.`; a dot in the setting's name is `_` here.
 */
export interface Settings1 {
  /**
   * The collector to enrol with. Sessions go to the one that this device did enrol with.
   */
  collector_url?: string;
  /**
   * How long a sealed chunk stays here before it is uploaded. Ending a session uploads at once.
   */
  upload_hold_seconds?: number;
  /**
   * Absolute paths of the folders that may be recorded, with all that is below them. Empty: none.
   */
  folders_allowed?: string[];
  /**
   * More glob patterns of files whose content is never captured, beside the built-in ones.
   */
  redaction_denied_paths?: string[];
  /**
   * Glob patterns of files that are left out altogether, beside those that git ignores. A pattern with `/` matches whole paths, one without matches the name of a file or of a folder.
   */
  files_exclude?: string[];
  /**
   * Ask pytest in new terminals for a JUnit report, to record results per test. Without it only what the terminal shows is recorded.
   */
  tests_junit?: boolean;
  /**
   * Absolute path of the file that a coding agent writes its own telemetry to, such as Copilot's `github.copilot.chat.otel.outfile`. Read only while a session is recorded; empty: none.
   */
  agents_telemetry_file?: string;
  /**
   * Listen on this machine alone, at a port that is drawn, for the telemetry of coding agents (OTLP over HTTP). They need the address that Copy the Agents' Address gives.
   */
  agents_receiver?: boolean;
  /**
   * Record the values of variables and expressions that the debugger shows, redacted. Off: their names and types alone.
   */
  debugger_values?: boolean;
  /**
   * Suggest a note at a natural pause, in the status bar and the session view: a third red run of a test, a revert, a long stop in the debugger. At most one in ten minutes, never a pop-up.
   */
  notes_hints?: boolean;
  /**
   * Offer patches as quick fixes for diagnostics of any tool and for failing tests.
   */
  fixes_enabled?: boolean;
  /**
   * When a patch is shown as a diff before it is applied. One that the reporting tool could not check again is always shown.
   */
  fixes_preview?: "always" | "notRechecked" | "never";
  /**
   * Show a hint where code matches an active pattern of the folder's `patterns.json`.
   */
  patterns_hints?: boolean;
  /**
   * Who makes patches: `endpoint` asks the model at `model.url`, `editor` the editor's own, `rules` no model at all. `auto` takes the endpoint where one is set, and the rules otherwise.
   */
  model_source?: "auto" | "endpoint" | "editor" | "rules";
  /**
   * Base address of a model's API, such as `http://localhost:11434/v1`. Empty: none.
   */
  model_url?: string;
  /**
   * The model's name at that address, or the id of the editor's own.
   */
  model_name?: string;
  /**
   * The API that is spoken at that address: OpenAI's, as most do, or Anthropic's.
   */
  model_kind?: "openai" | "anthropic";
  /**
   * Address of an OpenTelemetry collector that gets a span of each request to a model, without its texts. Empty: none.
   */
  model_otlp_endpoint?: string;
}
/**
 * Start recording in one folder; `trace_id` goes on with a trace that a killed sidecar left behind.
 */
export interface StartSession {
  root_uri: string;
  task_id: string;
  task_title?: string;
  task_description?: string;
  trace_id?: string | null;
  /**
   * Go on with the participant's pause: record nothing yet.
   */
  is_paused?: boolean;
}
/**
 * Where the next test run should write its JUnit file: a private folder, read once, then deleted.
 */
export interface TestsPrepared {
  junit_path: string;
}
/**
 * A test command that ended; without a readable JUnit file only the exit code counts.
 */
export interface TestsReport {
  command_line: string;
  exit_code: number | null;
  duration_ms: number;
  junit_path: string | null;
}
/**
 * A trace is whole; `assurance` is what can be said before its replay.
 */
export interface TraceCompleted {
  /**
   * Id of one trace.
   */
  trace_id: string;
  status: "complete";
  chunks: number;
  events: number;
  assurance: Assurance;
}
/**
 * The published answer, and the signed grant.
 */
export interface TraceCreated {
  /**
   * Id of one trace.
   */
  trace_id: string;
  upload_token: string;
  message: string;
  grant: Envelope;
}
/**
 * A whole trace, in the published shape.
 */
export interface TraceDocument {
  trace_version: "1.0";
  /**
   * Id of one trace.
   */
  trace_id: string;
  session: DocumentSession;
  task: DocumentTask;
  repo: DocumentRepo;
  environment: DocumentEnvironment;
  events: DocumentEvent[];
  artifacts: {
    [k: string]: DocumentArtifact;
  };
  metrics: DocumentMetrics;
  qa: QaResults1;
  integrity: DocumentIntegrity;
  /**
   * Fault episodes, worked out from the verified events.
   */
  episodes?: Episode[];
  /**
   * What share was observed, and every gap; worked out from the verified events.
   */
  coverage?: Coverage | null;
}
/**
 * What the collector found out by itself; null until it has.
 */
export interface QaResults1 {
  validation: ValidationResult | null;
  judge: JudgeResult | null;
}
/**
 * The newest traces first; `next_before` asks for older ones.
 */
export interface TraceList {
  traces: TraceSummary[];
  next_before: string | null;
}
/**
 * A trace in a list.
 */
export interface TraceSummary {
  /**
   * Id of one trace.
   */
  trace_id: string;
  participant_id: string;
  task_id: string;
  task_title: string;
  status: "open" | "complete";
  /**
   * Integer milliseconds.
   */
  created_ms: number;
  chunks: number;
  events: number;
  is_forked: boolean;
  assurance: Assurance;
}
/**
 * Open a trace: the published body, and the device's signed `Opening` of the same facts.
 */
export interface TraceRequest {
  participant_id: string;
  task_id: string;
  task_title: string;
  repo_origin: string;
  start_commit: string;
  proof: Envelope;
}
/**
 * A fresh token for one trace's uploads.
 */
export interface UploadToken {
  /**
   * Id of one trace.
   */
  trace_id: string;
  upload_token: string;
  /**
   * Integer milliseconds.
   */
  expires_ms: number;
}
/**
 * The newest deliveries first.
 */
export interface WebhookDeliveries {
  deliveries: WebhookDelivery[];
}
/**
 * A message to one address, and what became of it so far.
 */
export interface WebhookDelivery {
  message_id: string;
  url: string;
  type: "trace.completed" | "qa.done";
  state: "waiting" | "delivered" | "given_up";
  tries: number;
  /**
   * Integer milliseconds.
   */
  created_ms: number;
  /**
   * Integer milliseconds.
   */
  due_ms: number;
  ended_ms: number | null;
  /**
   * What came of the last try; empty when it was taken.
   */
  problem: string;
}
/**
 * The body of a request to a webhook.
 */
export interface WebhookMessage {
  type: "trace.completed" | "qa.done";
  /**
   * When it happened, ISO 8601.
   */
  timestamp: string;
  data: WebhookNews;
}
/**
 * What happened to which trace: facts without texts and persons. Whoever wants to know more reads the trace.
 */
export interface WebhookNews {
  /**
   * Id of one trace.
   */
  trace_id: string;
  qa_state: "waiting" | "queued" | "running" | "done" | "failed";
  verdict?:
    ("verified_fix" | "not_fixed" | "regression" | "flaky" | "not_reproducible" | "no_tests" | "not_run") | null;
  tests_passed?: boolean | null;
  /**
   * The judgement's weighted mean, 0 to 5.
   */
  overall?: number | null;
  /**
   * Whose judgement that is.
   */
  judge?: ("heuristic" | "model") | null;
  /**
   * How far that judge agrees with people.
   */
  alignment?: JudgeAlignment | null;
}

/** Requests from the client to the sidecar. */
export interface Requests {
  "patchtrail/consent/read": { params: NoParams; result: ConsentText };
  "patchtrail/facts/report": { params: Facts; result: GateDecision };
  "patchtrail/session/start": { params: StartSession; result: SessionState };
  "patchtrail/session/pause": { params: NoParams; result: SessionState };
  "patchtrail/session/resume": { params: NoParams; result: SessionState };
  "patchtrail/session/end": { params: NoParams; result: SessionState };
  "patchtrail/session/status": { params: NoParams; result: SessionState };
  "patchtrail/command/report": { params: CommandReport; result: Recorded };
  "patchtrail/tests/prepare": { params: NoParams; result: TestsPrepared };
  "patchtrail/tests/report": { params: TestsReport; result: Recorded };
  "patchtrail/note/add": { params: NoteAdd; result: Recorded };
  "patchtrail/note/draft": { params: NoteDraft; result: Drafted };
  "patchtrail/note/confirm": { params: DraftRef; result: Recorded };
  "patchtrail/note/discard": { params: DraftRef; result: Drafted };
  "patchtrail/gap/report": { params: GapReport; result: Recorded };
  "patchtrail/session/entries": { params: EntriesRequest; result: SessionEntries };
  "patchtrail/edit/read": { params: EditRequest; result: EditTexts };
  "patchtrail/changes/report": { params: ChangesReport; result: ChangesTaken };
  "patchtrail/notebook/cellRan": { params: CellRan; result: Recorded };
  "patchtrail/debug/report": { params: DebugReport; result: Recorded };
  "patchtrail/hint/dismiss": { params: NoParams; result: SessionState };
  "patchtrail/session/offRecord": { params: OffRecord; result: SessionState };
  "patchtrail/session/forget": { params: ForgetMinutes; result: ForgottenHere };
  "patchtrail/pending/read": { params: PendingRequest; result: PendingChunks };
  "patchtrail/fix/diagnostics": { params: DocumentDiagnostics; result: DiagnosticsTaken };
  "patchtrail/fix/outcome": { params: FixOutcome; result: OutcomeTaken };
  "patchtrail/model/configure": { params: ModelKey; result: ModelKeyTaken };
}

/** Requests from the sidecar to the client. */
export interface ClientRequests {
  "patchtrail/fix/preview": { params: FixPreview; result: FixChoice };
  "patchtrail/model/ask": { params: ModelAsk; result: ModelSaid };
}

/** Notifications from the sidecar to the client. */
export interface Notifications {
  "patchtrail/session/state": SessionState;
}
