// What only the editor knows and the sidecar's gate decides from. It is reported as it is; nothing is decided here.

import * as vscode from "vscode";
import type { ConsentRef, Facts } from "./contract.gen.ts";
import type { Enrolment } from "./deviceKey.ts";

const AGREEMENT = "patchtrail.agreement";

/** What the participant agreed to: one text, towards one collector, under one pseudonym. */
interface Agreement {
  consent: ConsentRef;
  collector: string;
  /** Whether the base snapshot may be sent, too; absent in agreements of earlier versions. */
  isBaseAgreed?: boolean;
}

/** The participant's agreement, kept by the editor. */
export class AgreementStore {
  constructor(private readonly memory: vscode.Memento) {}

  /** Return the text that was agreed to with this enrolment; null when there was none. */
  given(enrolment: Enrolment | undefined): ConsentRef | null {
    return this.#held(enrolment)?.consent ?? null;
  }

  /** Return whether the base snapshot was agreed to, which counts only under the consent that it was asked with. */
  isBaseAgreed(enrolment: Enrolment | undefined): boolean {
    return this.#held(enrolment)?.isBaseAgreed === true;
  }

  /** Keep an agreement, or the end of one. */
  async keep(consent: ConsentRef | null, isBaseAgreed: boolean, enrolment: Enrolment): Promise<void> {
    await this.memory.update(AGREEMENT, consent === null ? undefined : { consent, collector: named(enrolment), isBaseAgreed });
  }

  #held(enrolment: Enrolment | undefined): Agreement | undefined {
    const agreement = this.memory.get<Agreement>(AGREEMENT);
    return enrolment !== undefined && agreement?.collector === named(enrolment) ? agreement : undefined;
  }
}

/** Return the facts as they are now. */
export function facts(consent: ConsentRef | null, is_base_agreed: boolean, is_paused: boolean): Facts {
  return {
    is_telemetry_enabled: vscode.env.isTelemetryEnabled,
    is_workspace_trusted: vscode.workspace.isTrusted,
    consent,
    is_base_agreed,
    is_paused,
  };
}

/** Learn that a fact changed. */
export function onDidChangeFacts(changed: () => void): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.env.onDidChangeTelemetryEnabled(changed),
    vscode.workspace.onDidGrantWorkspaceTrust(changed),
  );
}

function named(enrolment: Enrolment): string {
  return `${enrolment.serverJkt} ${enrolment.participantId}`;
}
