/*
 * The medical purse as the flow meets its card: named by the social application above it, opened by the holder's PIN where one is set.
 * The module may still hold the torn sale of a card that comes back, so that naming the card never needs the module; the card's own proof
 * of being genuine comes later, before it pays. Spec: LD/T 32.7, 14 (tear recovery).
 */
import { fromHex, toHex } from "../../../base/bytes.ts";
import { fen, ZERO_FEN } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import { selectByName } from "../../../card/dialogue.ts";
import { initializePurchase, medicalTypeByte, readMedicalLog, selectMedical } from "../../../card/medical-purse/commands.ts";
import { MEDICAL_LOG_RECORDS_MAX, proveMedicalSale } from "../../../card/medical-purse/prove-sale.ts";
import type { MedicalIntent, MedicalMode } from "../../../card/medical-purse/types.ts";
import { authenticateCard, INTERNAL_AUTHENTICATION_KEY } from "../../../card/social/authentication.ts";
import { type PinCondition, verifyPin } from "../../../card/social/pin.ts";
import { type NamedSocialCard, nameSocialCard, SOCIAL_ENVIRONMENT_NAME } from "../../../card/social/read-identity.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import type { DayRange } from "../../../codec/civil-time.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../../initial-pin.ts";
import { countMember, textMember } from "../../journal/members.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { MedicalPursePorts } from "../ports.ts";
import type { RecordedSale } from "../record.ts";
import type { Reason } from "../types.ts";
import type { CardAccess, IdentifiedCard, Proven, PurseSale, SaleTerms, Unusable } from "./dialogue.ts";
import { mayPayAlone } from "./medical-permission.ts";

export interface MedicalPurseParts extends MedicalPursePorts {
  readonly profile: CardProfile;
}

/** How far the card's log had come before this sale, and what its records hold. */
export interface MedicalBaseline {
  readonly logSequence: number | undefined;
  readonly mode: MedicalMode;
}

function unusable(reason: Reason, statusWord?: number): Unusable {
  return statusWord === undefined ? { kind: "unusable", reason } : { kind: "unusable", reason, statusWord };
}

/** Reads which card this is; what it cannot be used for is said in the flow's words. */
export async function nameMedicalCard({ channel, limits }: CardAccess, profile: CardProfile): Promise<NamedSocialCard | Unusable> {
  const named = await nameSocialCard(channel, { profile }, limits());
  if (named.kind === "ok") return named;
  if (named.reason === "not-a-social-card") return unusable("no-purse", named.statusWord);
  return unusable(named.reason === "card-blocked" ? "application-blocked" : "social-card-refused", named.statusWord);
}

const PIN_REASONS: { readonly [Kind in Exclude<PinCondition["kind"], "verified" | "none-set">]: Reason } = {
  "not-allowed": "pin-refused",
  wrong: "pin-wrong",
  locked: "pin-locked",
  cancelled: "pin-cancelled",
  "timed-out": "pin-timed-out",
  refused: "pin-refused",
};

/** The PIN stands in the way no more: it was verified, or there is none. */
interface PinOpen {
  readonly kind: "pin-open";
  readonly pin: "set" | "none";
}

/** How a settlement begins on an identified card. */
export type BeginMedical = (access: CardAccess, card: { readonly facts: NamedSocialCard; readonly baseline: MedicalBaseline }, terms: SaleTerms) => PurseSale;

export class MedicalCard implements IdentifiedCard {
  readonly name: string;
  readonly personal: JsonObject;
  readonly #access: CardAccess;
  readonly #parts: MedicalPurseParts;
  readonly #facts: NamedSocialCard;
  readonly #begin: BeginMedical;
  #baseline: MedicalBaseline | undefined;
  /** Once asked and answered in this presentation of the card. */
  #opened: PinOpen | Unusable | undefined;
  #inEnvironment = true;

  constructor(access: CardAccess, parts: MedicalPurseParts, found: { readonly facts: NamedSocialCard; readonly begin: BeginMedical }) {
    const { cardIdentifier, cardNumber, factors } = found.facts;
    const [cardFactor] = factors;
    this.name = cardIdentifier;
    this.personal = { cardIdentifier, cardNumber, ...(cardFactor === undefined ? {} : { cardFactor: toHex(cardFactor) }) };
    this.#access = access;
    this.#parts = parts;
    this.#facts = found.facts;
    this.#begin = found.begin;
  }

  async admit({ earliest, latest }: DayRange): Promise<{ readonly kind: "admitted" } | Unusable> {
    const { issueDate, expiryDate } = this.#facts;
    const { alone } = this.#parts;
    if (alone === "off") return unusable("offline-medical-not-allowed");
    if (issueDate !== "" && earliest < issueDate) return unusable("not-yet-valid");
    if (expiryDate !== "" && latest > expiryDate) return unusable("expired");
    if (!(await this.#isGenuine())) return unusable("social-card-refused");
    const opened = await this.#open();
    if (opened.kind === "unusable") return opened;
    // Only a new payment is refused for it: what the card paid before is still proved.
    const { initialPin = DEFAULT_INITIAL_PIN_RULE } = this.#parts;
    const reason = initialPinReason({ pin: opened.pin, cardIdentifier: this.name }, initialPin);
    if (reason !== undefined) return unusable(reason);
    return (await mayPayAlone(this.#access, this.#facts, this.#parts)) ? this.#noteBaseline() : unusable("offline-medical-not-allowed");
  }

  begin(terms: SaleTerms): PurseSale {
    const baseline = this.#baseline ?? { logSequence: undefined, mode: "full" };
    return this.#begin(this.#access, { facts: this.#facts, baseline }, terms);
  }

  async prove(sale: RecordedSale): Promise<Proven> {
    const opened = await this.#open();
    if (opened.kind === "unusable") return { evidence: { kind: "undecidable", why: "log-unreadable" }, detail: {} };
    const { channel, limits } = this.#access;
    const evidence = await proveMedicalSale(channel, { intent: intentOf(sale), profile: this.#parts.profile }, limits());
    switch (evidence.kind) {
      case "not-debited":
        return { evidence: { kind: "not-debited" }, detail: {} };
      case "undecidable":
        return { evidence: { kind: "undecidable", why: evidence.why === "log-overrun" ? "log-overrun" : "log-unreadable" }, detail: {} };
      case "debited":
        if (evidence.proof === "log-only") return { evidence: { kind: "debited", proof: "log-only" }, detail: {} };
        return { evidence: { kind: "debited", proof: "log" }, detail: { tac: toHex(evidence.tac), mac2: toHex(evidence.mac2) }, code: evidence.mac2 };
    }
  }

  lacksKey(detail: JsonObject): boolean {
    return detail["algorithm"] === undefined;
  }

  /** The key of the TAC is told by INITIALIZE only; the figures are zero, so that an empty account answers too. */
  async learnKey(sale: RecordedSale): Promise<JsonObject> {
    const terminalNumber = fromHex(textMember(sale.detail, "terminalNumber"));
    const start = { keyIndex: this.#parts.keyIndex, account: ZERO_FEN, selfPay: ZERO_FEN, pooled: ZERO_FEN, terminalNumber };
    const opening = await initializePurchase(this.#access.channel, start, this.#access.limits());
    return opening.kind === "ok" ? { keyVersion: opening.keyVersion, algorithm: opening.algorithm } : {};
  }

  /** Internal authentication stands before everything that a card may pay. Spec: LD/T 32.7, checks before a transaction. */
  async #isGenuine(): Promise<boolean> {
    const { psam, randomness } = this.#parts;
    const { channel, limits } = this.#access;
    if (!this.#inEnvironment) await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits());
    this.#inEnvironment = true;
    const { algorithm, factors } = this.#facts;
    return (await authenticateCard(channel, { psam, randomness, algorithm, factors, key: INTERNAL_AUTHENTICATION_KEY }, limits())) === "authentic";
  }

  /** Selects the purse and opens it by the PIN where one is set; the PIN is asked for once while the card lies there. */
  async #open(): Promise<PinOpen | Unusable> {
    this.#opened ??= await this.#askPin();
    const opened = this.#opened;
    if (opened.kind === "unusable" || !this.#inEnvironment) return opened;
    const selected = await selectMedical(this.#access.channel, this.#access.limits());
    if (selected.kind !== "ok") return unusable(selected.kind === "blocked" ? "application-blocked" : "no-purse");
    this.#inEnvironment = false;
    return opened;
  }

  async #askPin(): Promise<PinOpen | Unusable> {
    const { channel, limits } = this.#access;
    const { pin } = this.#parts;
    const ask = pin === undefined ? undefined : { verifier: pin.verifier, limits: { ...limits(), timeoutMs: pin.timeoutMs } };
    const condition = await verifyPin(channel, ask, limits());
    if (condition.kind === "none-set") return { kind: "pin-open", pin: "none" };
    return condition.kind === "verified" ? { kind: "pin-open", pin: "set" } : unusable(PIN_REASONS[condition.kind]);
  }

  /** Loads stand in the same log but count with another counter, so they are passed over. */
  async #noteBaseline(): Promise<{ readonly kind: "admitted" } | Unusable> {
    const { channel, limits } = this.#access;
    const bounds: Limits = limits();
    const { medicalLogMode: logMode } = this.#parts.profile;
    let mode: MedicalMode = logMode === "accountOnly20" ? "account-only" : "full";
    for (let number = 1; number <= MEDICAL_LOG_RECORDS_MAX; number += 1) {
      const answer = await readMedicalLog(channel, { number, logMode }, bounds);
      if (answer.kind === "refused") return unusable("card-refused", answer.statusWord);
      if (answer.kind === "no-record") break;
      mode = answer.entry.mode;
      if (answer.entry.transaction !== "purchase") continue;
      this.#baseline = { logSequence: answer.entry.sequence, mode };
      return { kind: "admitted" };
    }
    this.#baseline = { logSequence: undefined, mode };
    return { kind: "admitted" };
  }
}

/** A sale as the card's log would name it. */
function intentOf({ detail, amount }: RecordedSale): MedicalIntent {
  const cardSequence = countMember(detail, "cardSeq");
  const logSequenceBefore = countMember(detail, "logSeqBefore");
  return {
    transaction: "purchase",
    terminalNumber: textMember(detail, "terminalNumber"),
    date: textMember(detail, "date"),
    time: textMember(detail, "time"),
    amounts: { account: amount, selfPay: fen(countMember(detail, "selfPayFen") ?? 0), pooled: fen(countMember(detail, "pooledFen") ?? 0) },
    ...(cardSequence === undefined ? {} : { cardSequence }),
    ...(logSequenceBefore === undefined ? {} : { logSequenceBefore }),
  };
}

/** The type byte of a settlement under this profile. */
export function settlementType(profile: CardProfile): number {
  return medicalTypeByte("purchase", profile);
}
