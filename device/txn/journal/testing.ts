/* For tests of the journal and of what stands on it: a journal on a simulated disk. */

import { fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock, JournalStore, Randomness } from "../../base/ports.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { openJournal, type TerminalJournal } from "./journal.ts";
import type { EntryDraft, RecordState } from "./types.ts";

export const TEST_TERMINAL = "T-0001";

export interface JournalParts {
  readonly store: JournalStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite?: CipherSuite;
  readonly terminalId?: string;
  readonly storageKeyByte?: number;
  readonly reservedBytes?: number;
  readonly log?: Log;
}

export function openTestJournal(parts: JournalParts): Promise<TerminalJournal> {
  const suite = parts.suite ?? openCipherSuite();
  return openJournal({
    store: parts.store,
    clock: parts.clock,
    randomness: parts.randomness,
    suite,
    storageKey: suite.secretKey(new Uint8Array(16).fill(parts.storageKeyByte ?? 7)),
    terminalId: parts.terminalId ?? TEST_TERMINAL,
    ...(parts.reservedBytes === undefined ? {} : { reservedBytes: parts.reservedBytes }),
    log: parts.log ?? SILENT,
  });
}

/** A step of a quick payment. */
export function step(state: RecordState, more: Partial<EntryDraft> = {}): EntryDraft {
  return { kind: "quick-payment", state, amount: fen(450), detail: { terminalNumber: "112233445566", terminalSeq: 9 }, ...more };
}
