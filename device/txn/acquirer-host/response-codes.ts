/*
 * What field 39 means, as data. A code says for certain that nothing was booked, or it does not: whatever leaves a doubt counts as unknown, and what
 * is unknown is reversed, which harms nobody where nothing was booked. Spec: UnionPay terminal, reply checks; ISO 8583, response codes.
 */

/**
 * "approved": booked. "partial": booked for less. "declined": surely not booked. "sign-in": surely not booked, because the terminal's keys are not
 * the acquirer's any more. "uncertain": perhaps booked.
 */
export type CodeKind = "approved" | "partial" | "declined" | "sign-in" | "uncertain";

export interface CodeMeaning {
  readonly kind: CodeKind;
  /** For messages and reports, in kebab-case. */
  readonly reason: string;
}

const declined = (reason: string): CodeMeaning => ({ kind: "declined", reason });
const uncertain = (reason: string): CodeMeaning => ({ kind: "uncertain", reason });
const signIn = (reason: string): CodeMeaning => ({ kind: "sign-in", reason });

export const RESPONSE_CODES: ReadonlyMap<string, CodeMeaning> = new Map<string, CodeMeaning>([
  ["00", { kind: "approved", reason: "approved" }],
  ["10", { kind: "partial", reason: "approved-in-part" }],
  ["01", declined("ask-the-issuer")],
  ["03", declined("merchant-invalid")],
  ["04", declined("card-withheld")],
  ["05", declined("not-honoured")],
  ["06", uncertain("host-error")],
  ["09", uncertain("under-way")],
  // Other words for an approval, with something left undone: the account may have been booked.
  ["08", uncertain("approved-otherwise")],
  ["11", uncertain("approved-otherwise")],
  ["16", uncertain("approved-otherwise")],
  ["A2", uncertain("approved-otherwise")],
  ["A4", uncertain("approved-otherwise")],
  ["A5", uncertain("approved-otherwise")],
  ["A6", uncertain("approved-otherwise")],
  ["12", declined("transaction-invalid")],
  ["13", declined("amount-invalid")],
  ["14", declined("card-number-invalid")],
  ["15", declined("issuer-unknown")],
  ["21", declined("card-not-opened")],
  ["22", uncertain("host-out-of-step")],
  ["25", declined("original-not-found")],
  ["30", declined("message-malformed")],
  ["34", declined("card-withheld")],
  ["38", declined("pin-tries-used-up")],
  ["40", declined("function-not-offered")],
  ["41", declined("card-reported-lost")],
  ["43", declined("card-reported-stolen")],
  ["45", declined("chip-required")],
  ["51", declined("funds-short")],
  ["54", declined("card-expired")],
  ["55", declined("pin-wrong")],
  ["57", declined("not-permitted-to-holder")],
  ["58", declined("not-permitted-to-terminal")],
  ["59", declined("fraud-suspected")],
  ["61", declined("amount-beyond-limit")],
  ["62", declined("card-restricted")],
  ["64", declined("original-differs")],
  ["65", declined("count-beyond-limit")],
  ["68", uncertain("issuer-late")],
  ["75", declined("pin-tries-used-up")],
  ["77", signIn("sign-in-required")],
  ["90", declined("host-closes-its-day")],
  ["91", uncertain("issuer-silent")],
  ["92", declined("issuer-out-of-reach")],
  ["93", declined("against-the-law")],
  ["94", uncertain("sent-twice")],
  ["95", declined("totals-differ")],
  ["96", uncertain("host-broken")],
  ["97", declined("terminal-unknown")],
  ["98", uncertain("issuer-silent")],
  ["99", signIn("pin-block-wrong")],
  ["A0", signIn("mac-wrong-at-host")],
]);
