// The files in which coding agents look for hooks: what is put in, and how exactly that is taken out again. No editor here.

/** Files of two shapes: Claude Code's settings, and a file of hooks alone, as VS Code and Copilot read it. */
export type Shape = "claude" | "hooks";

/** By this word in its command an entry is known for ours. */
const OURS = "PATCHTRAIL_HOOK=1";
const TIMEOUT_S = 5;
const TOOLS = "Edit|Write|MultiEdit|NotebookEdit|Bash";

type Json = Record<string, unknown>;

/** Return the command that an agent runs: silent, and well ended even when nothing of ours is there any more. */
export function hookCommand(python: string, script: string): string {
  return `${OURS} ${quoted(python)} -I -S ${quoted(script)} >/dev/null 2>&1 || true`;
}

/** Return the entries that a file gets. */
export function entries(shape: Shape, command: string): Json {
  const hook = { type: "command", command, timeout: TIMEOUT_S };
  if (shape === "hooks") return { PostToolUse: [hook], UserPromptSubmit: [hook] };
  return { PostToolUse: [{ matcher: TOOLS, hooks: [hook] }], UserPromptSubmit: [{ hooks: [hook] }] };
}

/** Return the file with our entries in it; anything else stays as it is. Throws when it is no JSON object. */
export function connected(text: string | undefined, shape: Shape, command: string): string {
  const file = parsed(text === undefined ? undefined : (disconnected(text) ?? "{}"));
  const hooks = isObject(file["hooks"]) ? { ...file["hooks"] } : {};
  for (const [event, added] of Object.entries(entries(shape, command))) {
    hooks[event] = [...(Array.isArray(hooks[event]) ? hooks[event] : []), ...(added as unknown[])];
  }
  return written({ ...file, hooks }, text);
}

/** Return the file without our entries; undefined when nothing else was in it. */
export function disconnected(text: string): string | undefined {
  if (!isConnected(text)) return text;
  const file = parsed(text);
  const hooks = isObject(file["hooks"]) ? file["hooks"] : {};
  const left = Object.entries(hooks).map(([event, list]) => [event, Array.isArray(list) ? list.flatMap(withoutOurs) : list] as const);
  const kept = left.filter(([event, list]) => !Array.isArray(list) || list.length > 0 || (hooks[event] as unknown[]).length === 0);
  const { hooks: _, ...rest } = file;
  if (kept.length === 0 && Object.keys(rest).length === 0) return undefined;
  return written(kept.length === 0 ? rest : { ...file, hooks: Object.fromEntries(kept) }, text);
}

/** Whether our entries are in a file. */
export function isConnected(text: string | undefined): boolean {
  return text?.includes(OURS) ?? false;
}

function withoutOurs(entry: unknown): unknown[] {
  if (!isObject(entry)) return [entry];
  if (isOurs(entry)) return [];
  if (!Array.isArray(entry["hooks"])) return [entry];
  const kept = entry["hooks"].filter((one) => !isObject(one) || !isOurs(one));
  if (kept.length === entry["hooks"].length) return [entry];
  return kept.length === 0 ? [] : [{ ...entry, hooks: kept }];
}

function isOurs(hook: Json): boolean {
  return typeof hook["command"] === "string" && hook["command"].includes(OURS);
}

function parsed(text: string | undefined): Json {
  const file: unknown = text === undefined || text.trim() === "" ? {} : JSON.parse(text);
  if (!isObject(file)) throw new Error("It holds no JSON object.");
  return file;
}

/** As the file was indented before. */
function written(file: Json, before: string | undefined): string {
  const indent = /^[ \t]+(?=")/m.exec(before ?? "")?.[0] ?? "  ";
  return `${JSON.stringify(file, undefined, indent)}\n`;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
