// The contract's vectors, read by TypeScript: the same files and the same verdicts as tests/contract/test_vectors.py.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { PublicKey } from "../../extension/src/contract.gen.ts";
import { eventHash, type Fits, open, openChunk, parseCanonical, type Place, Refused, thumbprint } from "./evidence.ts";

interface Vector {
  about: string;
  value?: unknown;
  code?: string;
  envelope?: unknown;
  payload_type?: string;
  public_key?: PublicKey;
  line_base64?: string;
  hash?: string;
  body_base64?: string;
  chunk_id?: string;
  head_out?: string;
  jkt?: string;
  millis?: number;
  seconds?: number;
  microusd?: number;
  usd?: number;
}

const FOLDER = new URL("../../shared/vectors/", import.meta.url);
const schema = JSON.parse(readFileSync(new URL("../../shared/schema/v1.json", import.meta.url), "utf8"));
// Strict mode would refuse pydantic's discriminator mapping, which JSON Schema does not know.
const ajv = new Ajv2020({ strict: false }).addSchema(schema, "contract");
const fits: Fits = (type, value) => ajv.validate({ $ref: `contract#/$defs/${type}` }, value) === true;

const checks: Record<string, (vector: Vector) => void> = {
  Event(vector) {
    const line = Buffer.from(vector.line_base64 ?? "", "base64");
    const event = parseCanonical(line);
    if (!fits("Event", event)) throw new Refused("malformed");
    assert.equal(eventHash(line), vector.hash);
  },
  Chunk(vector) {
    const told = openChunk(Buffer.from(vector.body_base64 ?? "", "base64"), vector as unknown as Place, fits);
    assert.deepEqual(told, { chunk_id: vector.chunk_id, head_out: vector.head_out });
  },
  PublicKey(vector) {
    assert.equal(thumbprint(vector.value as PublicKey), vector.jkt);
  },
  Seconds(vector) {
    const [millis, seconds] = [vector.millis ?? Number.NaN, vector.seconds ?? Number.NaN];
    if (millis / 1000 !== seconds || Math.round(seconds * 1000) !== millis) throw new Refused("rounded");
  },
  Dollars(vector) {
    const [microusd, usd] = [vector.microusd ?? Number.NaN, vector.usd ?? Number.NaN];
    if (microusd / 1_000_000 !== usd || Math.round(usd * 1_000_000) !== microusd) throw new Refused("rounded");
  },
};

function check(type: string, vector: Vector): void {
  const special = checks[type];
  if (special) {
    special(vector);
  } else if (vector.envelope !== undefined && vector.payload_type && vector.public_key) {
    const payload = open(vector.envelope, vector.payload_type, type, vector.public_key, fits);
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), vector.value);
  } else if (!fits(type, vector.value)) {
    throw new Refused("refused");
  }
}

let files = 0;
for (const type of readdirSync(FOLDER, { withFileTypes: true }).filter((one) => one.isDirectory())) {
  const names = readdirSync(new URL(`${type.name}/`, FOLDER)).filter((name) => name.endsWith(".json"));
  test(`${type.name}: good vectors are accepted, bad ones refused for the stated reason`, () => {
    assert.ok(names.some((name) => name.endsWith(".bad.json")) && names.some((name) => !name.endsWith(".bad.json")));
    for (const name of names) {
      files += 1;
      const vector = JSON.parse(readFileSync(new URL(`${type.name}/${name}`, FOLDER), "utf8")) as Vector;
      const verdict = refusal(() => check(type.name, vector));
      assert.equal(verdict === null, !name.endsWith(".bad.json"), `${name}: ${verdict}`);
      if (vector.code !== undefined) assert.equal(verdict, vector.code, name);
    }
  });
}

test("every type of the contract that crosses a boundary has a folder, and none is empty", () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((one) => one.isDirectory());
  assert.deepEqual(folders.map((one) => one.name).sort(), [...schema["x-types"], "Chunk", "Dollars", "Seconds"].sort());
  assert.ok(files > 200, `${files} vectors were read`);
});

function refusal(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}
