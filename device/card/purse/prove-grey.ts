/*
 * Goal: after a step of a grey lock whose answer was lost, learn from the card what it did.
 * Method: three voices. INITIALIZE FOR GREY LOCK tells whether the purse is free or locked; the log names debits and unlocks; PROVE gives
 * the codes of types 91 to 96. Another terminal may have locked or unlocked the card meanwhile, so codes alone prove nothing here: they go
 * to the module (MAC2) or the host (TAC), which can tell whose they are. INITIALIZE comes last, because it may take the proofs away.
 * Spec: PBOC purse, grey lock.
 */
import { type Bytes, fromHex } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { proveTransaction } from "./commands.ts";
import { type GreyStart, initializeGreyLock, initializeGreyUnlock } from "./grey-lock.ts";
import { TYPE_OF } from "./kinds.ts";
import { type LogSearch, provableSequences, searchLog } from "./log.ts";
import type { PurseLogEntry, PurseName } from "./types.ts";

/** What a locked purse answers to anything that would use it. */
const LOCKED = 0x6985;

/** What identifies one step of a grey lock on the card. */
export interface GreyIntent {
  readonly purse: PurseName;
  /** 12 hexadecimal digits, lower case. */
  readonly terminalNumber: string;
  /** YYYYMMDD of the step, as sent to the card. */
  readonly date: string;
  /** HHMMSS of the step, as sent to the card. */
  readonly time: string;
  /** The card's counter before the lock (for a lock and its debit: offline) or before the online unlock (online). */
  readonly sequence: number;
}

export interface ProveGreyRequest<Intent extends GreyIntent = GreyIntent> {
  readonly intent: Intent;
  /** Index of the grey-lock key, with which the state is asked for. */
  readonly keyIndex: number;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
}

/** Codes that the card gave for one number. */
export interface GreyCodes {
  readonly sequence: number;
  /** 4 bytes. */
  readonly mac: Bytes;
  /** 4 bytes: GTAC of a lock, TAC of a debit or an unlock. */
  readonly tac: Bytes;
}

/** Whether the purse is locked now. */
export type GreyState =
  | { readonly kind: "free"; readonly balance: Fen; readonly cardSequence: number }
  | { readonly kind: "locked" }
  | { readonly kind: "refused"; readonly statusWord: number };

export type Undecided = {
  readonly kind: "undecidable";
  /** "unlogged": the purse is free, and nothing says by whose debit or unlock; "state-unreadable": the card does not tell its state. */
  readonly why: "unlogged" | "state-unreadable";
  readonly statusWord?: number;
  readonly codes: readonly GreyCodes[];
};

/** What the card says about a lock. */
export type GreyLockEvidence =
  /** The purse is locked. Whose lock it is, the module tells by MAC2, or the host by GTAC: the first codes that either accepts are this lock's. */
  { readonly kind: "locked"; readonly codes: readonly GreyCodes[] } | { readonly kind: "not-locked" } | Undecided;

/** What the card says about a debit or an unlock. */
export type GreyEndEvidence =
  | { readonly kind: "done"; readonly logSequence: number; readonly codes: readonly GreyCodes[] }
  /** The purse is still locked: the same step may be sent again. */
  | { readonly kind: "still-locked" }
  | Undecided;

/** Asks whether the purse is locked, by opening a lock that is never made. */
export async function readGreyState(channel: CardChannel, start: GreyStart, limits: Limits): Promise<GreyState> {
  const answer = await initializeGreyLock(channel, start, limits);
  if (answer.kind === "ok") return { kind: "free", balance: answer.balance, cardSequence: answer.cardSequence };
  return answer.statusWord === LOCKED ? { kind: "locked" } : answer;
}

/** Evidence of GREY LOCK. At most 3 commands, each within `limits`. */
export async function proveGreyLock(channel: CardChannel, request: ProveGreyRequest, limits: Limits): Promise<GreyLockEvidence> {
  const { intent } = request;
  const codes = await collectCodes(channel, { ...request, type: TYPE_OF[intent.purse].greyLock, logged: undefined }, limits);
  const state = await readGreyState(channel, startOf(request), limits);
  if (state.kind === "locked") return { kind: "locked", codes };
  if (state.kind === "refused") return { kind: "undecidable", why: "state-unreadable", statusWord: state.statusWord, codes };
  // A counter that has not moved has numbered no lock.
  return state.cardSequence === intent.sequence ? { kind: "not-locked" } : { kind: "undecidable", why: "unlogged", codes };
}

/** Evidence of DEBIT FOR UNLOCK. At most 13 commands, each within `limits`. */
export async function proveGreyDebit(
  channel: CardChannel,
  request: ProveGreyRequest<GreyIntent & { readonly amount: Fen }>,
  limits: Limits,
): Promise<GreyEndEvidence> {
  const type = TYPE_OF[request.intent.purse].greyDebit;
  const { search, codes } = await searchEnd(channel, { ...request, type }, limits);
  if (search.kind === "found") return { kind: "done", logSequence: search.entry.sequence, codes };
  return endOf(await readGreyState(channel, startOf(request), limits), codes);
}

/** Evidence of GREY UNLOCK, whose sequence is the online one. At most 13 commands, each within `limits`. */
export async function proveGreyUnlock(
  channel: CardChannel,
  request: ProveGreyRequest<GreyIntent & { readonly amount: Fen }>,
  limits: Limits,
): Promise<GreyEndEvidence> {
  const { intent } = request;
  const { search, codes } = await searchEnd(channel, { ...request, type: TYPE_OF[intent.purse].greyUnlock }, limits);
  if (search.kind === "found") return { kind: "done", logSequence: search.entry.sequence, codes };
  // Only a locked purse opens for an unlock, and its online counter says whether one has been done since.
  const opening = await initializeGreyUnlock(channel, startOf(request), limits);
  if (opening.kind === "ok" && opening.onlineSequence === intent.sequence) return { kind: "still-locked" };
  if (opening.kind === "ok") return { kind: "undecidable", why: "unlogged", codes };
  return endOf(await readGreyState(channel, startOf(request), limits), codes, opening.statusWord);
}

function startOf({ intent, keyIndex }: ProveGreyRequest): GreyStart {
  return { purse: intent.purse, keyIndex, terminalNumber: fromHex(intent.terminalNumber) };
}

/** A step that the log does not name: the state says whether it can still be ahead. `refusal` speaks against "still locked". */
function endOf(state: GreyState, codes: readonly GreyCodes[], refusal?: number): GreyEndEvidence {
  if (state.kind === "free") return { kind: "undecidable", why: "unlogged", codes };
  if (state.kind === "refused") return { kind: "undecidable", why: "state-unreadable", statusWord: state.statusWord, codes };
  return refusal === undefined ? { kind: "still-locked" } : { kind: "undecidable", why: "state-unreadable", statusWord: refusal, codes };
}

interface EndRequest extends ProveGreyRequest<GreyIntent & { readonly amount: Fen }> {
  readonly type: number;
}

async function searchEnd(
  channel: CardChannel,
  request: EndRequest,
  limits: Limits,
): Promise<{ readonly search: LogSearch; readonly codes: readonly GreyCodes[] }> {
  const { intent, type } = request;
  const search = await searchLog(
    channel,
    {
      isWanted: (entry) => entry.type === type && entry.sequence >= intent.sequence && isThisStep(entry, intent),
    },
    limits,
  );
  const logged = search.kind === "found" ? search.entry.sequence : undefined;
  return { search, codes: await collectCodes(channel, { ...request, logged }, limits) };
}

function isThisStep(entry: PurseLogEntry, intent: GreyIntent & { readonly amount: Fen }): boolean {
  return entry.terminalNumber === intent.terminalNumber && entry.date === intent.date && entry.time === intent.time && entry.amount === intent.amount;
}

async function collectCodes(
  channel: CardChannel,
  request: ProveGreyRequest & { readonly type: number; readonly logged: number | undefined },
  limits: Limits,
): Promise<readonly GreyCodes[]> {
  const codes: GreyCodes[] = [];
  const { type, intent } = request;
  for (const sequence of provableSequences(request.proveSeqOrder, { logged: request.logged, before: intent.sequence })) {
    const answer = await proveTransaction(channel, { type, sequence }, limits);
    if (answer.kind === "ok") codes.push({ sequence, mac: answer.mac2, tac: answer.tac });
  }
  return codes;
}
