// Changes on disk on their way to the sidecar, without the folders that tools fill: there they come by the thousand.

import type { FileEvent } from "vscode-languageclient/node.js";

const TOOL_FOLDERS = /\/(?:\.git|\.hg|\.svn|node_modules|\.venv|venv|__pycache__|\.tox|\.nox|\.mypy_cache|\.pytest_cache|\.ruff_cache)(?:\/|$)/;

/** Pass a change on, unless nobody would read it. */
export async function passChange(event: FileEvent, next: (event: FileEvent) => Promise<void>): Promise<void> {
  if (!TOOL_FOLDERS.test(event.uri)) await next(event);
}
