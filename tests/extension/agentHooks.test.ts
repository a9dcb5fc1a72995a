// What is written into the files of coding agents, and taken out again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { connected, disconnected, hookCommand, isConnected } from "../../extension/src/agentHooks.ts";

const COMMAND = hookCommand("/usr/bin/python3", "/home/dev/it's here/hook.py");
const THEIRS = `{
    "model": "some",
    "hooks": {
        "PostToolUse": [
            {
                "matcher": "Write",
                "hooks": [
                    {
                        "type": "command",
                        "command": "make format"
                    }
                ]
            }
        ]
    }
}
`;

test("what was there stays, and is all that is left afterwards", () => {
  const after = connected(THEIRS, "claude", COMMAND);
  const file = JSON.parse(after);

  assert.deepEqual(file.hooks.PostToolUse[0], JSON.parse(THEIRS).hooks.PostToolUse[0]);
  assert.equal(file.hooks.PostToolUse[1].hooks[0].command, COMMAND);
  assert.deepEqual([isConnected(THEIRS), isConnected(after)], [false, true]);
  assert.equal(disconnected(after), THEIRS);
});

test("a file that holds nothing else is given up", () => {
  for (const shape of ["claude", "hooks"] as const) assert.equal(disconnected(connected(undefined, shape, COMMAND)), undefined);
});

test("connected twice is connected once", () => {
  const once = connected(THEIRS, "hooks", COMMAND);

  assert.equal(connected(once, "hooks", COMMAND), once);
});

test("what is no JSON object is refused", () => {
  for (const text of ["[]", "// a comment\n{}", "{"]) assert.throws(() => connected(text, "claude", COMMAND));
});

test("the command ends well where nothing of ours is left", () => {
  assert.equal(execFileSync("/bin/sh", ["-c", COMMAND], { input: "{}" }).toString(), "");
});
