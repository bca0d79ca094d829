/*
 * Goal: after a load whose answer was lost, learn from the card whether the money is on it, so that host and card agree to the fen.
 * Method: the log is searched for exactly this load. Cards are free not to log loads, so an absent entry alone says nothing; the online
 * counter does: it moves with every load and with nothing else that a terminal can do, and its value before this one is always known,
 * because the host needed it for MAC2. What neither decides is handed to the host with every proof that the card gave: it checks the TAC.
 * Spec: PBOC purse, GET TRANSACTION PROVE.
 */
import { type Bytes, fromHex } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { proveTransaction } from "./commands.ts";
import { TYPE_OF } from "./kinds.ts";
import { initializeLoad } from "./load.ts";
import { provableSequences, searchLog } from "./log.ts";
import type { PurseLogEntry, PurseName } from "./types.ts";

/** What identifies one load on the card. */
export interface LoadIntent {
  readonly purse: PurseName;
  /** 12 hexadecimal digits, lower case. */
  readonly terminalNumber: string;
  /** YYYYMMDD, as sent to the card. */
  readonly date: string;
  /** HHMMSS, as sent to the card. */
  readonly time: string;
  readonly amount: Fen;
  /** The card's online sequence before the load, from INITIALIZE FOR LOAD. */
  readonly onlineSequence: number;
}

export interface ProveLoadRequest {
  readonly intent: LoadIntent;
  /** Index of the load key, with which the counter is asked for. */
  readonly keyIndex: number;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
  /** Short identifier of the file that holds the loads. Left out: EF18. The housing ministry's card has EF1A for them. */
  readonly logFile?: number;
}

/** A proof that the card gave for one number; whose load it proves, only the host can tell by its TAC. */
export interface UncheckedProof {
  readonly sequence: number;
  /** 4 bytes. */
  readonly tac: Bytes;
}

/** What the card's own evidence says about one load. */
export type LoadEvidence =
  /** The log entry is this load's, and the card still gives its proof. */
  | { readonly kind: "loaded"; readonly proof: "log"; readonly logSequence: number; readonly provedSequence: number; readonly tac: Bytes }
  /** The log entry is this load's, the proof is gone. */
  | { readonly kind: "loaded"; readonly proof: "log-only"; readonly logSequence: number }
  /** The online counter stands where it stood before. */
  | { readonly kind: "not-loaded" }
  /** The counter has moved, and the log does not say by whom ("another-load"), or the card does not tell its counter ("counter-unreadable"). */
  | {
      readonly kind: "undecidable";
      readonly why: "another-load" | "counter-unreadable";
      readonly statusWord?: number;
      readonly proofs: readonly UncheckedProof[];
    };

/**
 * Gathers the evidence of one load from the card, whose purse is selected. Asking for the counter opens a load that is never ended; it
 * comes last, because it may take the proofs away. At most 14 commands, each within `limits`. Faults: those of the channel.
 */
export async function proveLoad(channel: CardChannel, request: ProveLoadRequest, limits: Limits): Promise<LoadEvidence> {
  const { intent, logFile } = request;
  const type = TYPE_OF[intent.purse].load;
  const search = await searchLog(
    channel,
    {
      isWanted: (entry) => isThisLoad(entry, intent),
      order: { sharesCounter: (entry) => entry.type === type, predates: (entry) => entry.sequence <= intent.onlineSequence },
      file: logFile,
    },
    limits,
  );
  const known = { type, logged: search.kind === "found" ? search.entry.sequence : undefined };
  if (search.kind !== "found") return askCounter(channel, { ...request, proofs: await collectProofs(channel, { ...request, ...known }, limits) }, limits);
  const logSequence = search.entry.sequence;
  const [proof] = search.newestOfCounter ? await collectProofs(channel, { ...request, ...known, first: true }, limits) : [];
  if (proof === undefined) return { kind: "loaded", proof: "log-only", logSequence };
  return { kind: "loaded", proof: "log", logSequence, provedSequence: proof.sequence, tac: proof.tac };
}

/** Whether a log entry is exactly this load's. Cards log the sequence from before or from after the increment. */
export function isThisLoad(entry: PurseLogEntry, intent: LoadIntent): boolean {
  return (
    entry.type === TYPE_OF[intent.purse].load &&
    entry.terminalNumber === intent.terminalNumber &&
    entry.date === intent.date &&
    entry.time === intent.time &&
    entry.amount === intent.amount &&
    (entry.sequence === intent.onlineSequence || entry.sequence === intent.onlineSequence + 1)
  );
}

async function collectProofs(
  channel: CardChannel,
  request: ProveLoadRequest & { readonly type: number; readonly logged: number | undefined; readonly first?: boolean },
  limits: Limits,
): Promise<readonly UncheckedProof[]> {
  const proofs: UncheckedProof[] = [];
  for (const sequence of provableSequences(request.proveSeqOrder, { logged: request.logged, before: request.intent.onlineSequence })) {
    const answer = await proveTransaction(channel, { type: request.type, sequence }, limits);
    if (answer.kind !== "ok") continue;
    proofs.push({ sequence, tac: answer.tac });
    if (request.first === true) break;
  }
  return proofs;
}

async function askCounter(
  channel: CardChannel,
  { intent, keyIndex, proofs }: ProveLoadRequest & { readonly proofs: readonly UncheckedProof[] },
  limits: Limits,
): Promise<LoadEvidence> {
  const { purse, amount } = intent;
  const opening = await initializeLoad(channel, { purse, keyIndex, amount, terminalNumber: fromHex(intent.terminalNumber) }, limits);
  if (opening.kind === "refused") return { kind: "undecidable", why: "counter-unreadable", statusWord: opening.statusWord, proofs };
  if (opening.onlineSequence === intent.onlineSequence) return { kind: "not-loaded" };
  return { kind: "undecidable", why: "another-load", proofs };
}
