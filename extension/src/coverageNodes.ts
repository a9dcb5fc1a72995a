// The coverage ledger in the session view: the share that was observed, and below it every gap.

import * as vscode from "vscode";
import type { Coverage, CoverageGap } from "./contract.gen.ts";
import { gapText, shareText } from "./status.ts";

/** The row of the share. */
export function coverageItem(coverage: Coverage): vscode.TreeItem {
  const hasGaps = coverage.gaps.length > 0;
  const item = new vscode.TreeItem(shareText(coverage), hasGaps ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
  item.id = "coverage";
  item.description = hasGaps ? `${coverage.gaps.length} gap${coverage.gaps.length === 1 ? "" : "s"}` : "no gaps";
  item.tooltip = "What share of the session was observed. Every gap is in the trace too, with its reason.";
  item.iconPath = new vscode.ThemeIcon("eye");
  return item;
}

/** The row of a gap. */
export function gapItem(gap: CoverageGap): vscode.TreeItem {
  const item = new vscode.TreeItem(gapText(gap));
  item.description = gap.detail ?? "";
  item.iconPath = new vscode.ThemeIcon("warning");
  return item;
}
