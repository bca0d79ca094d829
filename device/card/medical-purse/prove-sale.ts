/*
 * Goal: after a settlement or load whose answer was lost, learn from the card alone whether it took place.
 * Method: the log is searched for exactly this transaction, because a card goes on proving its previous one and a later command may have
 * dropped the proof; so the log decides, and the proof is fetched for what the log has confirmed. Where the log stays shut behind the
 * PIN, the proofs that the card gives are handed out as candidates, and never as an answer. Spec: LD/T 32.7, 14 (tear recovery).
 */
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { getMedicalProof, medicalTypeByte, readMedicalLog } from "./commands.ts";
import type { MedicalEvidence, MedicalIntent, MedicalLogEntry, MedicalProofCandidate, MedicalRefusal } from "./types.ts";

/** Records that DF04/08 holds at least. Spec: LD/T 32.5, DF04/08. */
export const MEDICAL_LOG_RECORDS_MAX = 30;
const SEQUENCE_MAX = 0xffff;

export interface ProveMedicalRequest {
  readonly intent: MedicalIntent;
  readonly profile: Pick<CardProfile, "proveSeqOrder" | "medicalTypeByte" | "medicalLogMode">;
}

/** Gathers the evidence of one transaction from the card, whose DF04 is selected. At most 33 commands, each within `limits`. */
export async function proveMedicalSale(channel: CardChannel, request: ProveMedicalRequest, limits: Limits): Promise<MedicalEvidence> {
  const { intent, profile } = request;
  // Only transactions that count with the same counter as this one say anything by their sequence.
  let newestOfCounter = true;
  for (let number = 1; number <= MEDICAL_LOG_RECORDS_MAX; number += 1) {
    const answer = await readMedicalLog(channel, { number, logMode: profile.medicalLogMode }, limits);
    if (answer.kind === "no-record") return { kind: "not-debited" };
    if (answer.kind === "refused") return withoutLog(channel, { ...request, refusal: answer }, limits);
    const { entry } = answer;
    if (isThisTransaction(entry, intent)) {
      if (!newestOfCounter) return { kind: "debited", proof: "log-only", logSequence: entry.sequence };
      return proofOf(channel, { ...request, entry }, limits);
    }
    if (entry.transaction !== intent.transaction) continue;
    if (predates(entry, intent)) return { kind: "not-debited" };
    newestOfCounter = false;
  }
  return { kind: "undecidable", why: "log-overrun", candidates: [] };
}

/** Whether a log entry is exactly this transaction's: every fact equal that the record holds, and a sequence that it can have. */
export function isThisTransaction(entry: MedicalLogEntry, intent: MedicalIntent): boolean {
  const { amounts } = intent;
  const equal =
    entry.transaction === intent.transaction &&
    entry.terminalNumber === intent.terminalNumber &&
    entry.date === intent.date &&
    entry.time === intent.time &&
    entry.account === amounts.account &&
    (entry.mode === "account-only" || (entry.selfPay === amounts.selfPay && entry.pooled === amounts.pooled));
  if (!equal || (intent.logSequenceBefore !== undefined && entry.sequence <= intent.logSequenceBefore)) return false;
  // Cards log the sequence from before or from after the increment.
  return intent.cardSequence === undefined || entry.sequence === intent.cardSequence || entry.sequence === intent.cardSequence + 1;
}

/**
 * Whether an entry that is not this transaction's is older than it, or has taken its sequence. The log drops its oldest first, so that
 * this transaction would still be above such an entry if it had happened.
 */
function predates(entry: MedicalLogEntry, intent: MedicalIntent): boolean {
  return entry.sequence <= Math.max(intent.cardSequence ?? -1, intent.logSequenceBefore ?? -1);
}

async function proofOf(channel: CardChannel, request: ProveMedicalRequest & { readonly entry: MedicalLogEntry }, limits: Limits): Promise<MedicalEvidence> {
  const logSequence = request.entry.sequence;
  const [proof] = await collectProofs(channel, { ...request, logSequence, proofsMax: 1 }, limits);
  return proof === undefined ? { kind: "debited", proof: "log-only", logSequence } : { kind: "debited", proof: "log", logSequence, ...proof };
}

/** No answer of a card whose log cannot be read decides anything: what it proves may be another sale, and what it does not, forgotten. */
async function withoutLog(channel: CardChannel, request: ProveMedicalRequest & { readonly refusal: MedicalRefusal }, limits: Limits): Promise<MedicalEvidence> {
  const { statusWord, reason } = request.refusal;
  const candidates = await collectProofs(channel, { ...request, logSequence: undefined, proofsMax: SEQUENCES_MAX }, limits);
  return { kind: "undecidable", why: reason === "pin-needed" ? "pin-needed" : "log-unreadable", statusWord, candidates };
}

/** Names in `proveSeqOrder` are three. */
const SEQUENCES_MAX = 3;

async function collectProofs(
  channel: CardChannel,
  request: ProveMedicalRequest & { readonly logSequence: number | undefined; readonly proofsMax: number },
  limits: Limits,
): Promise<readonly MedicalProofCandidate[]> {
  const { intent, profile } = request;
  const typeByte = medicalTypeByte(intent.transaction, profile);
  const found: MedicalProofCandidate[] = [];
  for (const sequence of provableSequences(request)) {
    const answer = await getMedicalProof(channel, { typeByte, sequence }, limits);
    if (answer.kind === "ok") found.push({ provedSequence: sequence, tac: answer.tac, mac2: answer.mac2 });
    if (found.length >= request.proofsMax) break;
  }
  return found;
}

/** Cards disagree about which number proves a transaction, so that all that are possible are tried, in the profile's order, each once. */
function provableSequences({ intent, profile, logSequence }: ProveMedicalRequest & { readonly logSequence: number | undefined }): readonly number[] {
  const before = intent.cardSequence ?? (logSequence === undefined ? undefined : logSequence - 1);
  const named = { log1: logSequence, seq: before, "seq+1": before === undefined ? undefined : before + 1 };
  const candidates = profile.proveSeqOrder.map((name) => named[name]).filter((sequence) => sequence !== undefined);
  return [...new Set(candidates)].filter((sequence) => sequence >= 0 && sequence <= SEQUENCE_MAX);
}
