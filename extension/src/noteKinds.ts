// The kinds of notes, in the order in which a debugging session needs them.

import type { NoteDraft, NoteSuggestion } from "./contract.gen.ts";

export type Kind = NoteDraft["kind"];

/** What a kind is called, what it holds, and its icon. */
export const KINDS: readonly { kind: Kind; label: string; hint: string; icon: string }[] = [
  { kind: "hypothesis", label: "Hypothesis", hint: "what is probably wrong", icon: "lightbulb" },
  { kind: "observation", label: "Observation", hint: "what was seen", icon: "eye" },
  { kind: "plan", label: "Plan", hint: "how to go about it", icon: "list-ordered" },
  { kind: "decision", label: "Decision", hint: "what was chosen, and why", icon: "milestone" },
  { kind: "next_step", label: "Next Step", hint: "what comes now", icon: "arrow-right" },
];

/** What a person most probably has to say at a pause. */
export const KIND_AT: Record<NoteSuggestion["hint"], Kind> = {
  third_red_run: "hypothesis",
  revert: "observation",
  long_stop: "observation",
};
