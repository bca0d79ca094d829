/* The card's log, and how one transaction is looked for in it. Spec: PBOC purse, EF18. */
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { LOG_FILE, readLogRecord } from "./commands.ts";
import type { CardRefusal, PurseLogEntry } from "./types.ts";

/** Records of EF18. */
export const LOG_RECORDS_MAX = 10;
const SEQUENCE_MAX = 0xffff;

export type LogReading = { readonly kind: "ok"; readonly entries: readonly PurseLogEntry[] } | CardRefusal;

/** All entries of the log, newest first, of every type: loads, purchases, unlocks. Faults: those of the channel, "card-answer-malformed". */
export async function readLog(channel: CardChannel, limits: Limits, file: number = LOG_FILE): Promise<LogReading> {
  const entries: PurseLogEntry[] = [];
  for (let number = 1; number <= LOG_RECORDS_MAX; number += 1) {
    const answer = await readLogRecord(channel, number, limits, file);
    if (answer.kind === "refused") return answer;
    if (answer.kind === "no-record") break;
    entries.push(answer.entry);
  }
  return { kind: "ok", entries };
}

/** What is looked for, and what the other entries say about it. */
export interface LogQuery {
  readonly isWanted: (entry: PurseLogEntry) => boolean;
  /** How to tell that the wanted entry cannot stand further down. Left out: nothing tells it, and the whole log is read. */
  readonly order?: {
    /** Whether an entry is surely numbered by the same counter as the wanted one. */
    readonly sharesCounter: (entry: PurseLogEntry) => boolean;
    /** Whether an entry of that counter is older than the wanted one, or has taken its number. */
    readonly predates: (entry: PurseLogEntry) => boolean;
  };
  /** Left out: EF18. */
  readonly file?: number | undefined;
}

export type LogSearch =
  | { readonly kind: "found"; readonly entry: PurseLogEntry; readonly newestOfCounter: boolean }
  /** The log goes back far enough to hold the entry, and does not. */
  | { readonly kind: "absent" }
  | { readonly kind: "undecidable"; readonly why: "log-overrun" | "log-unreadable"; readonly statusWord?: number };

/** Walks the log from its newest entry until the question is decided. At most 10 commands, each within `limits`. */
export async function searchLog(channel: CardChannel, query: LogQuery, limits: Limits): Promise<LogSearch> {
  // Only transactions that count with the same counter say anything by their sequence.
  let newestOfCounter = true;
  for (let number = 1; number <= LOG_RECORDS_MAX; number += 1) {
    const answer = await readLogRecord(channel, number, limits, query.file);
    if (answer.kind === "no-record") return { kind: "absent" };
    if (answer.kind === "refused") return { kind: "undecidable", why: "log-unreadable", statusWord: answer.statusWord };
    const { entry } = answer;
    if (query.isWanted(entry)) return { kind: "found", entry, newestOfCounter };
    if (query.order?.sharesCounter(entry) !== true) continue;
    // The log drops its oldest first, so that the wanted entry would still be above one that is older than it.
    if (query.order.predates(entry)) return { kind: "absent" };
    newestOfCounter = false;
  }
  return { kind: "undecidable", why: "log-overrun" };
}

/** Cards disagree about which number proves a transaction, so that all that are possible are tried, in the profile's order, each once. */
export function provableSequences(
  order: CardProfile["proveSeqOrder"],
  known: { readonly logged: number | undefined; readonly before: number | undefined },
): readonly number[] {
  const before = known.before ?? (known.logged === undefined ? undefined : known.logged - 1);
  const candidates = order.map((name) => {
    if (name === "log1") return known.logged;
    return before === undefined || name === "seq" ? before : before + 1;
  });
  return [...new Set(candidates)].filter((sequence) => sequence !== undefined && sequence >= 0 && sequence <= SEQUENCE_MAX) as number[];
}
