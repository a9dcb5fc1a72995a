// An independent reading of the signed bytes in TypeScript: canonical JSON, DSSE, keys and chunks.
// It exists to show that the contract can be implemented from its description; the product's verifier is Python.
import { createHash, createPublicKey, verify } from "node:crypto";
import { decompress } from "fzstd";
import type { ChunkManifest, Envelope, PublicKey } from "../../extension/src/contract.gen.ts";

export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Whether a value fits one of the contract's types. */
export type Fits = (type: string, value: unknown) => boolean;

export const CHUNK_TYPE = "application/vnd.patchtrail.chunk.v1+json";
const FIELD_PRIME = 2n ** 255n - 19n;
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  littleEndian(Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex")),
  littleEndian(Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex")),
  FIELD_PRIME - 1n,
]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function sha256(...parts: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

export function eventHash(line: Uint8Array): string {
  return sha256("patchtrail/event/v1\n", line);
}

/** RFC 8785: sorting object keys by UTF-16 code unit is what JavaScript's own sort does. */
export function canonical(value: unknown, depth = 1): string {
  if (depth > 17) throw new Refused("not_canonical");
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one, depth + 1)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Refused("not_canonical");
  return JSON.stringify(value);
}

/** Parse canonical bytes strictly: what does not come out again byte for byte is refused. */
export function parseCanonical(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  let text: string;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new Refused("not_canonical");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Refused("not_canonical");
  // A lone surrogate comes out of JSON.stringify as an escape that the canonical form does not allow.
  if (canonical(value) !== text || /\\ud[89a-f]/.test(text)) throw new Refused("not_canonical");
  return value as Record<string, unknown>;
}

/** RFC 7638 thumbprint of a sound key; small-order and non-canonical points are refused. */
export function thumbprint(key: PublicKey): string {
  const raw = Buffer.from(key.x, "base64url");
  if (raw.length !== 32 || raw.toString("base64url") !== key.x) throw new Refused("bad_key");
  const y = littleEndian(raw) & (2n ** 255n - 1n);
  if (y >= FIELD_PRIME || SMALL_ORDER_Y.has(y)) throw new Refused("bad_key");
  return createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${key.x}"}`).digest("base64url");
}

/** Verify an envelope with a key, and only then read the bytes that were verified. */
export function open(envelope: unknown, type: string, model: string, key: PublicKey, fits: Fits): Uint8Array {
  if (!fits("Envelope", envelope)) throw new Refused("bad_envelope");
  const { payload, payloadType, signatures } = envelope as Envelope;
  if (payloadType !== type) throw new Refused("wrong_type");
  thumbprint(key);
  const body = base64(payload);
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]);
  const loaded = createPublicKey({ key: { ...key }, format: "jwk" });
  if (!signatures.some(({ sig }) => verify(null, pae, loaded, base64(sig)))) throw new Refused("bad_signature");
  if (!fits(model, parseCanonical(body))) throw new Refused("bad_statement");
  return body;
}

export interface Place {
  trace_id: string;
  n: number;
  public_key: PublicKey;
  prev_chunk: string;
  head_in: string;
  first: number;
}

/** Verify a chunk's request body in its place; return its id and the head that it leads to. */
export function openChunk(body: Uint8Array, place: Place, fits: Fits): { chunk_id: string; head_out: string } {
  const newline = body.indexOf(0x0a);
  if (newline < 0) throw new Refused("chunk.bad_chunk");
  const payload = inChunk(() => open(parseEnvelope(body.subarray(0, newline)), CHUNK_TYPE, "ChunkManifest", place.public_key, fits));
  const manifest = JSON.parse(utf8.decode(payload)) as ChunkManifest;
  checkManifest(manifest, place);
  const lines = rawLines(body.subarray(newline + 1), manifest);
  let head = manifest.head_in;
  lines.forEach((line, index) => {
    head = checkLine(line, manifest, manifest.first + index, head, index === lines.length - 1, fits);
  });
  refuse(head !== manifest.head_out, "chunk.head_out");
  return { chunk_id: sha256(payload), head_out: head };
}

function checkManifest(manifest: ChunkManifest, place: Place): void {
  refuse(manifest.trace_id !== place.trace_id, "chunk.trace_id");
  refuse(manifest.n !== place.n, "chunk.n");
  refuse(manifest.jkt !== thumbprint(place.public_key), "chunk.jkt");
  refuse(manifest.count === 0, "chunk.empty");
  refuse(manifest.last - manifest.first + 1 !== manifest.count, "chunk.count");
  refuse(manifest.prev_chunk !== place.prev_chunk, "chunk.prev_chunk");
  refuse(manifest.first !== place.first, "chunk.first");
  refuse(manifest.head_in !== place.head_in, "chunk.head_in");
}

function rawLines(payload: Uint8Array, manifest: ChunkManifest): Uint8Array[] {
  let raw: Uint8Array;
  try {
    raw = manifest.enc === "zstd" ? decompress(payload) : payload;
  } catch {
    throw new Refused("chunk.bad_payload");
  }
  refuse(manifest.enc === "zstd" && raw.length === 0, "chunk.bad_payload");
  refuse(raw.length !== manifest.raw_len, manifest.enc === "zstd" ? "chunk.frame_size" : "chunk.raw_len");
  refuse(sha256(raw) !== manifest.raw_sha256, "chunk.raw_sha256");
  refuse(raw.at(-1) !== 0x0a, "chunk.torn");
  const lines: Uint8Array[] = [];
  for (let start = 0, end = raw.indexOf(0x0a); end >= 0; start = end + 1, end = raw.indexOf(0x0a, start)) {
    lines.push(raw.subarray(start, end));
  }
  refuse(lines.length !== manifest.count, "chunk.count");
  return lines;
}

function checkLine(line: Uint8Array, manifest: ChunkManifest, seq: number, head: string, isLast: boolean, fits: Fits): string {
  const event = parseCanonical(line);
  refuse(!fits("Event", event), "event.malformed");
  refuse(event["trace_id"] !== manifest.trace_id, "event.trace_id");
  refuse(event["seq"] !== seq, "event.seq");
  refuse(event["prev"] !== head, "event.prev");
  const ended = event["type"] === "session_end" ? (event["data"] as { reason: string }).reason : null;
  refuse(ended !== (isLast ? manifest.end : null), "event.session_end");
  return eventHash(line);
}

function parseEnvelope(line: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    throw new Refused("bad_envelope");
  }
}

function inChunk<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof Refused ? new Refused(`chunk.${error.code}`) : error;
  }
}

function base64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Refused("bad_envelope");
  return bytes;
}

function refuse(isWrong: boolean, code: string): void {
  if (isWrong) throw new Refused(code);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
