/*
 * What a function returns for whatever may happen. The numbers of the specification come first, a status word of the card with its sign turned
 * where it says more, and a few of our own for what no reader of before could say. Spec: LD/T 33, error codes.
 */
import type { FaultCode } from "../../base/fault.ts";
import type { AccessRefusal, NoAccess } from "../../card/social/card-files.ts";
import type { SocialRefused } from "../../card/social/types.ts";
import type { PinChangeOutcome } from "../../drivers/ports.ts";
import type { CardServiceOutcome } from "../../txn/card-services/acts.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import type { LibraryAnswer } from "./functions.ts";
import type { LibraryProvider } from "./providers.ts";

/** Numbers of the specification, by what they mean. */
export const RESULT = {
  done: 0,
  cardTypeWrong: -1,
  noCard: -2,
  cardNotPowered: -3,
  cardSilent: -4,
  readerConnection: -11,
  readerNotConnected: -12,
  notSupported: -13,
  parameterWrong: -14,
  checkFailed: -15,
  identifierMalformed: -20,
  notGenuine: -21,
  anotherCard: -22,
  dataNotLegal: -23,
  pinCancelled: -31,
  pinTimedOut: -32,
  pinLength: -33,
  pinEntriesDiffer: -34,
  initialPinMayNotTrade: -35,
  initialPinMayNotBeSet: -36,
  characterNotLegal: -41,
  lengthWrong: -42,
  pinWrong: -51,
  pinLocked: -52,
  noModule: -2201,
  moduleWithoutAlgorithm: -2202,
  moduleWithoutReadKey: -2203,
  hostNotNeeded: -2204,
} as const;

/** Numbers of our own, far from those of the specification and from status words. */
export const OWN_RESULT = {
  /** Somebody else is at the reader, or the same sale is under way: ask again. */
  busy: -9001,
  /** Whether the card was debited or changed is not known yet; the same call again finds out. */
  notDecided: -9002,
  /** A rule of this place says no: lists, limits, validity, permission. */
  refusedHere: -9003,
  /** The host that this needs was not reached, or has not said yes. */
  hostNeeded: -9004,
  /** A step without the one before it, or after its time. */
  noStep: -9005,
  /** The answer does not fit the caller's buffer, or is no text. */
  answerTooLong: -9006,
  /** The same sale was paid so long ago that its record is gone. Nothing was done now, and it is not unpaid. */
  spent: -9007,
  /** Something failed for which there is no better number. */
  failed: -9009,
} as const;

const PIN_TRIES_WORD = 0x63c0;
const LOCKED_WORD = 0x6983;
const NO_SUCH_FILE = 0x6a82;
const SECURITY_NOT_SATISFIED = 0x6982;
const APPLICATION_BLOCKED = 0x9303;
const CARD_BLOCKED = 0x6a81;
const FUNDS = 0x9401;

export function answerOf(result: number, output = ""): LibraryAnswer {
  return { result, output };
}

/** A status word, with its sign turned. */
export function statusResult(statusWord: number): number {
  return -statusWord;
}

const FAULT_RESULTS: Readonly<Partial<Record<FaultCode, number>>> = {
  timeout: RESULT.cardSilent,
  cancelled: RESULT.noCard,
  closed: RESULT.readerNotConnected,
  "reader-gone": RESULT.readerConnection,
  "reader-service-gone": RESULT.readerConnection,
  "reader-hung": RESULT.readerConnection,
  "reader-busy": OWN_RESULT.busy,
  "reader-refused": RESULT.checkFailed,
  "card-removed": RESULT.noCard,
  "card-mute": RESULT.cardSilent,
  "card-changed": RESULT.anotherCard,
  "card-collision": RESULT.cardNotPowered,
  "card-answer-malformed": RESULT.checkFailed,
  "card-chain-too-long": RESULT.checkFailed,
  "pad-gone": RESULT.notSupported,
  "key-missing": RESULT.moduleWithoutReadKey,
  "module-refused": RESULT.noModule,
  "link-down": OWN_RESULT.hostNeeded,
  "host-absent": OWN_RESULT.hostNeeded,
  // The host is behind the caller, who brings what it says as a parameter.
  "host-answer-malformed": RESULT.parameterWrong,
};

export function resultOfFault(code: FaultCode): number {
  return FAULT_RESULTS[code] ?? OWN_RESULT.failed;
}

/** Why a card is not accepted, in numbers. */
export function resultOfRefusedCard({ reason, statusWord }: SocialRefused): number {
  switch (reason) {
    case "not-a-social-card":
      return RESULT.cardTypeWrong;
    case "card-blocked":
      return statusResult(statusWord ?? CARD_BLOCKED);
    case "algorithm-not-supported":
      return RESULT.moduleWithoutAlgorithm;
    case "data-malformed":
      return RESULT.dataNotLegal;
    case "not-genuine":
      return statusWord === undefined ? RESULT.notGenuine : statusResult(statusWord);
    case "holder-not-readable":
      return statusResult(statusWord ?? SECURITY_NOT_SATISFIED);
    case "contacts-needed":
    case "radio-type-not-accepted":
    case "contactless-not-activated":
      return RESULT.cardTypeWrong;
    case "on-invalid-list":
    case "organisation-not-accepted":
    case "category-not-accepted":
    case "version-not-accepted":
    case "not-yet-valid":
    case "expired":
    case "certificate-application-not-supported":
      return OWN_RESULT.refusedHere;
  }
}

const ACCESS_RESULTS: { readonly [Why in AccessRefusal]: number } = {
  "directory-not-there": statusResult(NO_SUCH_FILE),
  "directory-blocked": statusResult(APPLICATION_BLOCKED),
  "file-unknown": statusResult(NO_SUCH_FILE),
  "key-missing": RESULT.moduleWithoutReadKey,
  "proof-refused": statusResult(SECURITY_NOT_SATISFIED),
  "pin-not-allowed": statusResult(SECURITY_NOT_SATISFIED),
  "pin-wrong": RESULT.pinWrong,
  "pin-locked": RESULT.pinLocked,
  "pin-not-entered": RESULT.pinCancelled,
};

/** Why a file stays shut, in numbers. */
export function resultOfNoAccess({ why, statusWord }: NoAccess): number {
  return statusWord === undefined ? ACCESS_RESULTS[why] : statusResult(statusWord);
}

/** A PIN that was wrong: how often it may still be tried stands in the output too. */
export function wrongPin(triesLeft: number | undefined, { pinNumbers }: LibraryProvider): LibraryAnswer {
  if (triesLeft === undefined) return answerOf(RESULT.pinWrong);
  const result = pinNumbers === "own" ? RESULT.pinWrong : statusResult(PIN_TRIES_WORD + triesLeft);
  return answerOf(result, `${triesLeft}|`);
}

export function lockedPin({ pinNumbers }: LibraryProvider): LibraryAnswer {
  return answerOf(pinNumbers === "own" ? RESULT.pinLocked : statusResult(LOCKED_WORD), "0|");
}

/** What came of asking for the PIN, where it is not good. */
export function answerOfPin(
  outcome: Exclude<PinChangeOutcome, { kind: "verified" }> | { readonly kind: "not-allowed" },
  provider: LibraryProvider,
): LibraryAnswer {
  switch (outcome.kind) {
    case "wrong":
      return wrongPin(outcome.triesLeft, provider);
    case "locked":
      return lockedPin(provider);
    case "cancelled":
      return answerOf(RESULT.pinCancelled);
    case "timed-out":
      return answerOf(RESULT.pinTimedOut);
    case "entries-differ":
      return answerOf(RESULT.pinEntriesDiffer);
    case "initial-pin-again":
      return answerOf(RESULT.initialPinMayNotBeSet);
    case "not-allowed":
      return answerOf(RESULT.notSupported);
    case "refused":
      return answerOf(statusResult(outcome.statusWord));
  }
}

/** Words of services and sales that have a number of their own. */
const REASON_RESULTS: ReadonlyMap<string, number> = new Map([
  ["no-purse", RESULT.cardTypeWrong],
  ["not-a-social-card", RESULT.cardTypeWrong],
  ["storage-card", RESULT.cardTypeWrong],
  ["identity-card", RESULT.cardTypeWrong],
  ["foreign-card", RESULT.cardTypeWrong],
  ["another-card", RESULT.anotherCard],
  ["card-blocked", statusResult(CARD_BLOCKED)],
  ["application-blocked", statusResult(APPLICATION_BLOCKED)],
  ["insufficient-funds", statusResult(FUNDS)],
  ["social-card-refused", RESULT.notGenuine],
  ["not-genuine", RESULT.notGenuine],
  ["authentication-failed", RESULT.notGenuine],
  ["pin-cancelled", RESULT.pinCancelled],
  ["pin-timed-out", RESULT.pinTimedOut],
  ["pin-length", RESULT.pinLength],
  ["entries-differ", RESULT.pinEntriesDiffer],
  ["initial-pin", RESULT.initialPinMayNotTrade],
  ["initial-pin-unknown", RESULT.initialPinMayNotTrade],
  ["initial-pin-again", RESULT.initialPinMayNotBeSet],
  ["key-missing", RESULT.moduleWithoutReadKey],
  ["lane-busy", OWN_RESULT.busy],
  ["in-progress", OWN_RESULT.busy],
  ["reference-conflict", RESULT.parameterWrong],
  ["number-spent", OWN_RESULT.spent],
  ["pin-refused", RESULT.notSupported],
  ["no-pin-entry", RESULT.notSupported],
  ["purse-not-offered", RESULT.notSupported],
  ["offline-medical-not-allowed", RESULT.notSupported],
  ["no-security-module", RESULT.noModule],
  ["no-read-key", RESULT.moduleWithoutReadKey],
  ["file-unknown", statusResult(NO_SUCH_FILE)],
  ["pin-needed", statusResult(SECURITY_NOT_SATISFIED)],
  ["puk-locked", statusResult(LOCKED_WORD)],
  ["algorithm-not-supported", RESULT.moduleWithoutAlgorithm],
  ["data-malformed", RESULT.dataNotLegal],
  ["reference-in-flight", OWN_RESULT.busy],
  ["agency-not-connected", OWN_RESULT.hostNeeded],
  ["agency-not-reached", OWN_RESULT.hostNeeded],
  ["host-absent", OWN_RESULT.hostNeeded],
]);

interface RefusedWord {
  readonly reason: string;
  readonly statusWord?: number;
  readonly triesLeft?: number;
}

function answerOfWord({ reason, statusWord, triesLeft }: RefusedWord, provider: LibraryProvider): LibraryAnswer {
  if (reason === "pin-wrong") return wrongPin(triesLeft, provider);
  if (reason === "pin-locked") return lockedPin(provider);
  if (statusWord !== undefined) return answerOf(statusResult(statusWord));
  return answerOf(REASON_RESULTS.get(reason) ?? OWN_RESULT.refusedHere);
}

/** What came of a service of the card; what it tells beside that is not for these functions. */
export function answerOfService(outcome: CardServiceOutcome, provider: LibraryProvider): LibraryAnswer {
  switch (outcome.kind) {
    case "done":
      return answerOf(RESULT.done);
    case "refused":
      return answerOfWord(outcome, provider);
    case "unknown":
      return answerOf(OWN_RESULT.notDecided);
    case "no-card":
      return answerOf(RESULT.noCard);
  }
}

/** What came of a sale that did not end with goods. */
export function answerOfUnpaid(outcome: Exclude<QuickPaymentOutcome, { kind: "paid" }>, provider: LibraryProvider): LibraryAnswer {
  switch (outcome.kind) {
    case "refused":
      return answerOfWord(outcome, provider);
    case "unverified":
    case "unknown":
      return answerOf(OWN_RESULT.notDecided);
    case "no-card":
      return answerOf(RESULT.noCard);
  }
}
