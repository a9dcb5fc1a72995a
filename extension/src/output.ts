// What a command wrote, kept up to a limit: the end matters most, and what was not seen is said.

import type { CommandReport } from "./contract.gen.ts";

const LIMIT_CHARS = 2_000_000;

/** The output of one command, as it comes in. */
export class Output {
  readonly #pieces: string[] = [];
  #length = 0;
  #isCut = false;
  #isClosed = false;

  constructor(private readonly limit = LIMIT_CHARS) {}

  /** Take the next piece; the oldest make room. */
  add(piece: string): void {
    if (this.#isClosed) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    while (this.#length > this.limit && this.#pieces.length > 1) {
      this.#length -= this.#pieces.shift()?.length ?? 0;
      this.#isCut = true;
    }
    const only = this.#pieces[0];
    if (this.#length > this.limit && only !== undefined) {
      this.#pieces[0] = only.slice(-this.limit);
      this.#length = this.limit;
      this.#isCut = true;
    }
  }

  /** Forget everything, and take nothing more: nobody may see it. */
  close(): void {
    this.#isClosed = true;
    this.#pieces.length = this.#length = 0;
  }

  /** What is held. */
  get text(): string {
    return this.#pieces.join("");
  }

  /** A stream can stay empty although the command wrote something, so an empty one tells nothing. */
  get coverage(): NonNullable<CommandReport["output_coverage"]> {
    if (this.#length === 0) return "unknown";
    return this.#isCut ? "tail" : "whole";
  }
}
