/* What a card decides about a quick payment, as one pure function in the order of the specification. Spec: JR/T 0025, card risk management of qPBOC. */

/** What the terminal can do and wants, by its qualifiers (9F66). */
export interface TerminalAbilities {
  readonly offlineOnly: boolean;
  readonly onlinePin: boolean;
  readonly signature: boolean;
  readonly onlineRequired: boolean;
  readonly verificationRequired: boolean;
  /** It checks a signature itself although it will ask the issuer, later perhaps. */
  readonly authenticatesOnline: boolean;
}

export function terminalAbilities(qualifiers: Uint8Array): TerminalAbilities {
  const [first = 0, second = 0] = qualifiers;
  return {
    offlineOnly: (first & 0x08) !== 0,
    onlinePin: (first & 0x04) !== 0,
    signature: (first & 0x02) !== 0,
    authenticatesOnline: (first & 0x01) !== 0,
    onlineRequired: (second & 0x80) !== 0,
    verificationRequired: (second & 0x40) !== 0,
  };
}

/** Which path the card takes: with both bits set the full one wins. */
export function pathOf(qualifiers: Uint8Array): "full" | "quick" | undefined {
  const first = qualifiers[0] ?? 0;
  if ((first & 0x40) !== 0) return "full";
  return (first & 0x20) !== 0 ? "quick" : undefined;
}

export interface QuickQuestion {
  readonly terminal: TerminalAbilities;
  readonly amountFen: number;
  /** Undefined: the card does not mind. */
  readonly foreignCurrency: "decline" | "online" | undefined;
  readonly newCard: boolean;
  readonly pinTriesLeft: number;
  readonly supportsOnlinePin: boolean;
  readonly supportsSignature: boolean;
  /** What may be spent. */
  readonly availableFen: number;
  readonly singleLimitFen: number;
  readonly resetThresholdFen: number;
}

export type Verification = "none" | "signature" | "online-pin";

export type QuickDecision =
  | { readonly kind: "refused"; readonly sw: number }
  | { readonly kind: "decided"; readonly outcome: "approved" | "declined" | "online"; readonly verification: Verification; readonly velocity: boolean };

const REFUSED: QuickDecision = { kind: "refused", sw: 0x6985 };

function decided(outcome: "approved" | "declined" | "online", verification: Verification = "none", velocity = false): QuickDecision {
  return { kind: "decided", outcome, verification, velocity };
}

export function decideQuick(question: QuickQuestion): QuickDecision {
  const { terminal, foreignCurrency } = question;
  if (foreignCurrency === "decline") return decided("declined");
  if (terminal.offlineOnly) return decideOffline(question);
  if (foreignCurrency === "online") return decided("online");
  return decideWithHost(question);
}

function decideOffline(question: QuickQuestion): QuickDecision {
  const { terminal, amountFen } = question;
  // Nobody can be asked: what would go online with a host is declined here.
  if (question.foreignCurrency === "online" || question.newCard || question.pinTriesLeft === 0) return decided("declined");
  if (terminal.verificationRequired && !(terminal.signature && question.supportsSignature)) return REFUSED;
  const verification = terminal.verificationRequired ? "signature" : "none";
  if (amountFen > question.availableFen || amountFen > question.singleLimitFen) return decided("declined", verification);
  return decided("approved", verification);
}

function decideWithHost(question: QuickQuestion): QuickDecision {
  const { terminal, amountFen } = question;
  if (terminal.verificationRequired && terminal.onlinePin && question.supportsOnlinePin) return decided("online", "online-pin");
  if (terminal.verificationRequired && !(terminal.signature && question.supportsSignature)) return REFUSED;
  const verification = terminal.verificationRequired ? "signature" : "none";
  if (terminal.onlineRequired || question.newCard || question.pinTriesLeft === 0) return decided("online", verification);
  const above = amountFen > question.singleLimitFen || amountFen + question.resetThresholdFen > question.availableFen;
  return above ? decided("online", verification, true) : decided("approved", verification);
}

/** 9F6C of one payment: what the card was made with, and how the holder is to be verified. */
export function paymentQualifiers(personalized: Uint8Array, verification: Verification): Uint8Array {
  const [first = 0, second = 0] = personalized;
  const bit = { none: 0x00, signature: 0x40, "online-pin": 0x80 }[verification];
  return Uint8Array.of(first | bit, second);
}
