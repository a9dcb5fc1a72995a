// The trace of messages, without what was written in them: a log at any level holds no document, output, note or key.

const SHOWN_STRINGS = new Set(["jsonrpc", "method", "kind", "state", "type", "confidence", "origin", "reason", "languageId"]);
const SHOWN_METHOD = /^[$a-zA-Z/]+$/;

/** Return a traced message with every text in it replaced by its length. */
export function masked(traced: string): string {
  const told = traced.replace(/ Request failed: [^]* \((-?\d+)\)\.(?=\s*$)/, " Request failed ($1).");
  if (isHarmless(told)) return told;
  const start = told.search(/[[{"]/);
  const head = told.slice(0, start);
  if (start < 0 || !isHarmless(head)) return withheld(traced);
  try {
    return head + JSON.stringify(maskedValue(JSON.parse(told.slice(start)), ""), undefined, 2);
  } catch {
    return `${head}${withheld(told.slice(start))}`;
  }
}

/** The line that stands above a traced body: time, direction, method, number, duration. */
const HEADING =
  /^\[Trace +- [0-9:. APM]+\] (Sending|Received) (request|response|notification) '[\w/$. ()-]{1,80}'(\.| in \d+ms\.( Request failed \(-?\d+\)\.)?|\. Processing request took \d+ms)?$/;

function isHarmless(text: string): boolean {
  return /^\s*(Params|Result|Error data|No parameters provided\.|No result returned\.)?:?\s*$/.test(text) || HEADING.test(text.trim());
}

function maskedValue(value: unknown, name: string): unknown {
  if (typeof value === "string") return SHOWN_STRINGS.has(name) && isWord(value) ? value : withheld(value);
  if (Array.isArray(value)) return value.map((one) => maskedValue(one, name));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [isWord(key) ? key : withheld(key), maskedValue(one, key)]));
}

function isWord(text: string): boolean {
  return text.length <= 40 && (SHOWN_METHOD.test(text) || /^[a-z0-9_.]+$/i.test(text)) && !/[0-9]{6}/.test(text);
}

function withheld(text: string): string {
  return `‹${text.length} characters›`;
}
