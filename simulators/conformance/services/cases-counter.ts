/* Rows that the acts at the counter serve: identity, records, questions, details, activation, PIN and loss. */
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { openCardSignatures } from "../../../device/services/card-authorities.ts";
import type { CardQuery, CardServiceOutcome, CardServiceRequest } from "../../../device/txn/card-services/acts.ts";
import { verifyStatement } from "../../../device/txn/card-services/statement.ts";
import {
  type CounterOptions,
  cardNumbers,
  counter,
  OPERATOR,
  person,
  type ServiceCounter,
  SUITE,
  TERMINAL_KEY,
} from "../../../device/txn/card-services/testing.ts";
import { textMember } from "../../../device/txn/journal/members.ts";
import { type SocialCertificateFault, testSocialAuthority } from "../../crypto/social-certificates.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { expectEqual, expectMatch, expectTrue } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

const operator = OPERATOR;
const IDENTIFY = { service: "identify", withPin: true, challenge: "c-1", operator } as const;

interface Shows {
  readonly title: string;
  readonly request: CardServiceRequest;
  readonly expects: Readonly<Record<string, unknown>>;
  readonly options?: CounterOptions;
  readonly before?: (at: ServiceCounter) => Promise<void> | void;
  readonly after?: (at: ServiceCounter) => Promise<void> | void;
  /** What the members cannot say. */
  readonly told?: (outcome: CardServiceOutcome) => void;
}

/** One act of one row, from request to answer. */
function act(row: number, { title, request, expects, options = {}, before, after, told }: Shows): ServiceCase {
  return {
    row,
    title,
    shows: expects["kind"] === "refused" ? "refused" : "served",
    run: async () => {
      const at = await counter(options);
      await before?.(at);
      const outcome = await at.perform(request);
      expectMatch(outcome, expects, title);
      told?.(outcome);
      await after?.(at);
    },
  };
}

const DONE = { kind: "done" };
const WITHOUT_INSURER = { kind: "counter", institutionName: "测试服务点", medical: false, bank: true, quickPayment: true } as const;
const query = (what: CardQuery, withPin = false): CardServiceRequest => ({ service: "query", what, withPin, operator });
const loss = (kind: "temporary" | "formal"): CardServiceRequest => ({
  service: "report-loss",
  reference: "L1",
  loss: kind,
  operator,
  cardNumber: cardNumbers().cardNumber,
  person: person(),
});
const withdrawal = { service: "withdraw-loss", reference: "W1", operator, cardNumber: cardNumbers().cardNumber, person: person() } as const;
const isStopped = async (at: ServiceCounter) =>
  expectMatch(await at.perform({ ...IDENTIFY, withPin: false }), { reason: "on-invalid-list" }, "the card is stopped");

/** A statement that its checker takes; row 1, 2, 48 and 62 ask for no more than that. */
function identity(row: number, title: string): ServiceCase {
  return {
    row,
    title,
    shows: "served",
    run: async () => {
      const at = await counter();
      const outcome = await at.perform(IDENTIFY);
      expectTrue(outcome.kind === "done", `${title}: a statement is given`);
      const signed = { statement: textMember(outcome.output, "statement"), signature: textMember(outcome.output, "signature") };
      const checked = verifyStatement(signed, { suite: SUITE, terminalKey: TERMINAL_KEY, challenge: "c-1" });
      expectTrue(checked.ok && checked.statement.methods.includes("card-pin"), "the statement is the terminal's and names the PIN");
    },
  };
}

/** A counter that has cards sign with their own keys, and a card with one fault or none. */
function signing(socialCertificate?: SocialCertificateFault): CounterOptions {
  const profile = { ...DEFAULT_CARD_PROFILE, acse: "assumed" } as const;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const parts = { suite: SUITE, randomness: new SeededRandomness("signatures"), log, profile, authorities: [testSocialAuthority(SUITE)] };
  const cardSignature = openCardSignatures(parts);
  expectTrue(cardSignature !== undefined, "the profile assumes how cards sign");
  return { card: { profile, faults: { socialCertificate } }, more: { cardProfile: profile, cardSignature } };
}

const IDENTITY: readonly ServiceCase[] = [
  act(1, {
    title: "a card with a key of its own signs, and the statement names it",
    request: IDENTIFY,
    options: signing(),
    expects: { kind: "done", output: { methods: ["internal-authentication", "sm2-card-signature", "holder-file-by-terminal-proof", "card-pin"] } },
  }),
  act(60, {
    title: "a card with the certificate of another is refused",
    request: IDENTIFY,
    options: signing("other-card"),
    expects: { kind: "refused", reason: "not-genuine", office: "agency" },
  }),
  identity(1, "an authentic card and its holder become a signed statement"),
  identity(2, "the holder's identity for a registration elsewhere"),
  identity(48, "the holder's PIN is verified"),
  identity(62, "a library knows its reader without money"),
  act(48, {
    title: "a wrong PIN is refused with the tries left",
    request: IDENTIFY,
    options: { holder: [{ kind: "enters", digits: "111111" }] },
    expects: { kind: "refused", reason: "pin-wrong", triesLeft: 2 },
  }),
  act(65, {
    title: "a card of another category is refused by what it says of itself",
    request: { ...IDENTIFY, withPin: false },
    options: { more: { social: { acceptsCategory: (category) => category === "9" } } },
    expects: { kind: "refused", reason: "category-not-accepted", office: "agency" },
  }),
  act(60, {
    title: "somebody else's document is refused",
    request: { service: "reset-pin", reference: "R1", operator, person: person(8) },
    expects: { kind: "refused", reason: "person-not-holder", office: "agency" },
  }),
];

const INFORMATION: readonly ServiceCase[] = [
  act(3, {
    title: "basic data are read with the module's key",
    request: { service: "read-basic", operator },
    expects: { kind: "done", output: { version: "3.0" } },
  }),
  act(3, {
    title: "a protected file stays shut without key and PIN",
    request: { service: "read-record", file: "DF02/EF06", withPin: false, operator },
    expects: { kind: "refused", reason: "no-read-key", office: "counter-terminal" },
  }),
  act(4, {
    title: "insured places come from the agency",
    request: query("insured-places"),
    expects: DONE,
    told: (outcome) => expectTrue(outcome.kind === "done" && Array.isArray(outcome.output["insurances"]), "places are told"),
  }),
  act(4, {
    title: "insured places where neither agency nor insurer is connected: refused at the door",
    request: query("insured-places"),
    options: { agency: false, more: { place: WITHOUT_INSURER } },
    expects: { kind: "refused", reason: "agency-not-connected", office: "agency" },
  }),
  act(5, { title: "contributions come from the agency", request: query("contributions", true), expects: DONE }),
  act(5, {
    title: "contributions while the agency is away: the last known ones with their time",
    request: query("contributions"),
    before: async (at) => {
      await at.perform(query("contributions"));
      at.agency.faults.absent = true;
    },
    expects: DONE,
    told: (outcome) => expectTrue(outcome.kind === "done" && outcome.asOf !== undefined, "the time of what is told"),
  }),
  act(6, {
    title: "no balance without the insurer, and never from the card",
    request: query("medical-balance"),
    options: { card: { medicalPurse: { accountFen: 9_900 } } },
    expects: { kind: "refused", reason: "insurer-not-reached", office: "insurer" },
  }),
  act(7, { title: "settlements of this terminal, marked as a part", request: query("settlements"), expects: { kind: "done", output: { partial: true } } }),
  act(7, {
    title: "settlements where none is made: refused at the door",
    request: query("settlements"),
    options: { more: { place: WITHOUT_INSURER } },
    expects: { kind: "refused", reason: "insurer-not-connected", office: "insurer" },
  }),
  act(9, { title: "the card's state comes from the agency", request: query("status"), expects: { kind: "done", output: { status: "active", listed: false } } }),
  act(11, { title: "a statement of the agency", request: query("statement"), expects: { kind: "done", output: { partial: false } } }),
  act(11, {
    title: "while the agency is away, this terminal's own records, marked as a part",
    request: query("statement"),
    before: (at) => {
      at.agency.faults.absent = true;
    },
    expects: { kind: "done", output: { partial: true, liftsBlock: false } },
  }),
  act(11, {
    title: "a statement where no agency is connected: refused at the door",
    request: query("statement"),
    options: { agency: false },
    expects: { kind: "refused", reason: "agency-not-connected", office: "agency" },
  }),
];

const CHANGES: readonly ServiceCase[] = [
  ...[10, 56].map((row) =>
    act(row, {
      title: "telephone and address change at the agency and on the card",
      request: { service: "change-details", reference: "D1", operator, changes: { telephone: "13911112222", address: "新路2号" } },
      expects: { kind: "done", output: { agency: "changed", card: "updated" } },
    }),
  ),
  act(46, {
    title: "an operator activates with the holder's document",
    options: { status: "inactive" },
    request: { service: "activate", reference: "A1", operator, person: person() },
    expects: { kind: "done", output: { activated: true, by: "operator" } },
  }),
  act(46, {
    title: "the changed initial PIN activates",
    options: { status: "inactive", profile: { activationMode: "initial-pin" } },
    request: { service: "activate", reference: "A1", operator },
    expects: { kind: "done", output: { activated: true, by: "initial-pin-changed" } },
  }),
  act(49, {
    title: "the holder changes the PIN",
    request: { service: "change-pin", reference: "C1", operator },
    expects: { kind: "done", output: { changed: true } },
  }),
  act(50, {
    title: "a PIN is set anew by the agency's key machine",
    request: { service: "reset-pin", reference: "R1", operator, person: person() },
    expects: { kind: "done", output: { reset: true } },
  }),
  act(50, {
    title: "a PIN gets its tries back",
    request: { service: "unlock-pin", reference: "U1", operator, person: person() },
    expects: { kind: "done", output: { unlocked: true } },
  }),
  act(51, {
    title: "a temporary loss stops the card at once",
    request: loss("temporary"),
    expects: { kind: "done", output: { rule: "168-hours" } },
    after: isStopped,
  }),
  act(51, {
    title: "a temporary loss counts here while the agency is away, and is told later",
    request: loss("temporary"),
    before: (at) => {
      at.agency.faults.absent = true;
    },
    expects: { kind: "done", output: { agency: "queued" } },
    after: async (at) => {
      await isStopped(at);
      at.agency.faults.absent = false;
      expectEqual(await at.takeUp(), 0, "what still waits");
    },
  }),
  act(52, { title: "a formal loss stops the card", request: loss("formal"), expects: { kind: "done", output: { agency: "told" } }, after: isStopped }),
  act(53, {
    title: "a withdrawn report serves the card again",
    request: withdrawal,
    before: async (at) => {
      await at.perform(loss("temporary"));
    },
    expects: { kind: "done", output: { withdrawn: true } },
    after: async (at) => expectMatch(await at.perform({ ...IDENTIFY, withPin: false }), DONE, "the card is served"),
  }),
];

export const COUNTER_CASES: readonly ServiceCase[] = [...IDENTITY, ...INFORMATION, ...CHANGES];
