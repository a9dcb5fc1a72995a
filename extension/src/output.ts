// What a command wrote, kept up to a limit whatever it writes: its start and its end, and how much lies between them.

import type { CommandReport } from "./contract.gen.ts";

const HEAD_CHARS = 500_000;
const TAIL_CHARS = 1_500_000;
const BLOCK_CHARS = 64 * 1024;

/** The output of one command, as it comes in. Its memory has a bound, and a piece costs the same however many came. */
export class Output {
  #head: string[] = [];
  #headLength = 0;
  /** The end, in blocks: the oldest is dropped whole. */
  #blocks: string[] = [];
  #blocksLength = 0;
  #pieces: string[] = [];
  #piecesLength = 0;
  #omittedBytes = 0;
  #isClosed = false;

  constructor(
    private readonly headLimit = HEAD_CHARS,
    private readonly tailLimit = TAIL_CHARS,
    private readonly blockSize = BLOCK_CHARS,
  ) {}

  /** Take the next piece; the middle makes room. */
  add(piece: string): void {
    if (this.#isClosed) return;
    const room = this.headLimit - this.#headLength;
    if (room > 0) {
      this.#head.push(piece.slice(0, room));
      this.#headLength += Math.min(room, piece.length);
    }
    const rest = room > 0 ? piece.slice(room) : piece;
    for (let at = 0; at < rest.length; at += this.blockSize) this.#addToTail(rest.slice(at, at + this.blockSize));
  }

  /** Forget everything, and take nothing more: nobody may see it. */
  close(): void {
    this.#isClosed = true;
    this.#head = [];
    this.#blocks = [];
    this.#pieces = [];
    this.#headLength = this.#blocksLength = this.#piecesLength = this.#omittedBytes = 0;
  }

  /** What is held, as a report tells it: one text, or start and end with the number of bytes between them. */
  get told(): Pick<CommandReport, "output" | "output_coverage" | "output_head" | "output_omitted_bytes"> {
    const head = this.#head.join("");
    const tail = this.#blocks.join("") + this.#pieces.join("");
    if (this.#omittedBytes > 0) {
      return { output: tail, output_coverage: "tail", output_head: head, output_omitted_bytes: this.#omittedBytes };
    }
    const output = head + tail;
    // A stream can stay empty although the command wrote something, so an empty one tells nothing.
    return { output, output_coverage: output === "" ? "unknown" : "whole", output_head: "", output_omitted_bytes: 0 };
  }

  #addToTail(piece: string): void {
    this.#pieces.push(piece);
    this.#piecesLength += piece.length;
    if (this.#piecesLength < this.blockSize) return;
    // Joined, lest a million letters be a million texts.
    this.#blocks.push(this.#pieces.join(""));
    this.#blocksLength += this.#piecesLength;
    this.#pieces = [];
    this.#piecesLength = 0;
    while (this.#blocksLength > this.tailLimit) {
      const oldest = this.#blocks.shift() ?? "";
      this.#blocksLength -= oldest.length;
      this.#omittedBytes += Buffer.byteLength(oldest);
    }
  }
}

/**
 * Read a terminal's stream to its end, holding on to nothing.
 *
 * Editors up to now keep every piece of a stream until its command ends; of a gigabyte that would be a gigabyte here. So
 * what was read is emptied where it is kept; where an editor keeps nothing there is nothing to empty.
 */
export async function drain(stream: AsyncIterable<string>, take: (piece: string) => void): Promise<void> {
  const kept = (stream as { _results?: unknown })._results;
  let at = 0;
  try {
    for await (const piece of stream) {
      take(piece);
      if (Array.isArray(kept) && kept[at] === piece) kept[at] = "";
      at += 1;
    }
  } catch {
    // A terminal that is killed ends its stream so; what was read counts.
  }
}
