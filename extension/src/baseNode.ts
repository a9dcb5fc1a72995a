// The row of the base snapshot in the session view, where the participant agreed to one.

import * as vscode from "vscode";
import type { BaseStanding } from "./contract.gen.ts";
import type { MadeNode } from "./episodeNodes.ts";
import { baseText } from "./status.ts";

/** Return the row; a click leads to the page on which it can be turned off. */
export function baseNode(base: BaseStanding): MadeNode {
  const item = new vscode.TreeItem(baseText(base));
  item.id = "base-snapshot";
  item.description = base.is_ready ? `${base.redacted ?? 0} redacted, ${base.left_out ?? 0} left out` : (base.problem ?? "");
  item.tooltip = "The files of the commit that the session started from. They go along with its end. A click lets you change your mind.";
  item.iconPath = new vscode.ThemeIcon("archive");
  item.command = { title: "Review Consent", command: "patchtrail.consent" };
  return { kind: "made", item, children: () => [] };
}
