// The output channel for traced messages: it passes on what `masked` leaves of them.

import type * as vscode from "vscode";
import { masked } from "./masking.ts";

/** An output channel in which no text of a message appears. */
export class MaskedChannel implements vscode.OutputChannel {
  constructor(private readonly channel: vscode.OutputChannel) {}

  get name(): string {
    return this.channel.name;
  }

  append(value: string): void {
    this.channel.append(masked(value));
  }

  appendLine(value: string): void {
    this.channel.appendLine(masked(value));
  }

  replace(value: string): void {
    this.channel.replace(masked(value));
  }

  clear(): void {
    this.channel.clear();
  }

  show(): void {
    this.channel.show(true);
  }

  hide(): void {
    this.channel.hide();
  }

  // The channel belongs to whoever made it.
  dispose(): void {}
}
