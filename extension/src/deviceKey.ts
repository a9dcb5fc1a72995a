// The device key's one line, where the editor keeps secrets. It leaves here only towards the sidecar's standard input.

import * as vscode from "vscode";
import type { DeviceKey } from "./contract.gen.ts";

const NAME = "patchtrail.deviceKey";

/** What may be shown of a device key. */
export interface Enrolment {
  collectorUrl: string;
  participantId: string;
  serverJkt: string;
}

/** The device key of this editor. */
export class KeyStore {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  /** The line for `--key-stdin`; undefined before this editor was connected. */
  async line(): Promise<string | undefined> {
    return this.secrets.get(NAME);
  }

  /** Keep a new key. */
  async keep(line: string): Promise<void> {
    await this.secrets.store(NAME, line);
  }

  /** Return what may be shown. */
  async enrolment(): Promise<Enrolment | undefined> {
    const line = await this.line();
    if (line === undefined) return undefined;
    try {
      const key = JSON.parse(line) as DeviceKey;
      return { collectorUrl: key.collector_url, participantId: key.participant_id, serverJkt: key.server_jkt ?? "" };
    } catch {
      // A key that cannot be read is none; connecting again makes another. The error would quote it.
      return undefined;
    }
  }

  /** Learn that another window connected, or forgot. */
  onDidChange(changed: () => void): vscode.Disposable {
    return this.secrets.onDidChange((event) => {
      if (event.key === NAME) changed();
    });
  }
}
