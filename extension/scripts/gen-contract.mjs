// Write the contract's TypeScript types from shared/schema/v1.json. With --check, fail if they are not fresh.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../../shared/schema/v1.json", import.meta.url);
const TARGET = new URL("../src/contract.gen.ts", import.meta.url);

const schema = JSON.parse(readFileSync(SCHEMA, "utf8"));
const methods = schema["x-methods"];
const { "x-types": _types, "x-methods": _methods, "x-client-methods": asked, "x-notifications": notifications, ...types } = schema;

// Without a root type of its own the generator would invent one; every definition is emitted instead.
const compiled = await compile({ ...types, title: "PatchtrailContract", type: "object" }, "PatchtrailContract", {
  additionalProperties: false,
  bannerComment: "// Generated from shared/schema/v1.json by `make gen`. Do not edit.",
  format: true,
  unreachableDefinitions: true,
});

// The generator's notes on who refers to what say nothing that the schema does not, and its empty root is no type.
const cleaned = compiled
  .replace(/\/\*\*\n \* This interface was referenced by[^\n]*\n[^\n]*\n \*\/\n/g, "")
  .replace(/ \*\n \* This interface was referenced by[^\n]*\n[^\n]*\n/g, "")
  .replace(/export interface PatchtrailContract \{\}\n/, "");
const told = (of) => Object.entries(of).map(([name, one]) => `  ${JSON.stringify(name)}: { params: ${one.params}; result: ${one.result} };`);
const sent = Object.entries(notifications).map(([name, params]) => `  ${JSON.stringify(name)}: ${params};`);
const content = `${cleaned.trimEnd()}

/** Requests from the client to the sidecar. */
export interface Requests {
${told(methods).join("\n")}
}

/** Requests from the sidecar to the client. */
export interface ClientRequests {
${told(asked).join("\n")}
}

/** Notifications from the sidecar to the client. */
export interface Notifications {
${sent.join("\n")}
}
`;

if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== content) {
    console.error("extension/src/contract.gen.ts is not fresh: run `make gen`.");
    process.exit(1);
  }
} else {
  writeFileSync(TARGET, content);
}
