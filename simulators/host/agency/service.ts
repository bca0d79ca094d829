/* What every service of the agency has at hand, and how it reads what it was sent. Spec: agency/v1, 4. */
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { isFields, type JsonFields, textField } from "../canonical.ts";
import type { Request, ServiceAnswer } from "./envelope.ts";
import type { AgencyLedger } from "./ledger.ts";
import type { AgencyCard, AgencyPerson, LapseRule } from "./words.ts";

/** Where an item of the holder's data stands on cards of the region. */
export interface CardItemPlace {
  readonly directory: "ssse" | "df01" | "df02" | "df03" | "df04" | "df07";
  readonly file: number;
  readonly tag: number;
  /** Of the whole field; text is filled with zeros. */
  readonly length: number;
  readonly controlKey: string;
  readonly macKey: string;
}

/** What regions differ in. */
export interface AgencyVariants {
  readonly lapseRule: LapseRule;
  readonly formalLoss: "offered" | "not-offered";
  /** Who lifts a formal loss. */
  readonly formalWithdrawal: "agency" | "offered";
  readonly activation: readonly ("operator" | "initial-pin-changed")[];
  readonly pinVariants: readonly ("module" | "key-machine")[];
  readonly newPin: "initial" | "pad-block";
  /** Digits. */
  readonly initialPin: string;
  /** No public text names these places; a member that is left out does not stand on cards. */
  readonly cardItems: { readonly telephone?: CardItemPlace; readonly address?: CardItemPlace };
  /** Whether a printed statement of this agency lifts a stop by the statement rule. */
  readonly statementLiftsBlock: boolean;
}

/** Where simulated cards keep them: records of the whole field's length. */
const TEST_CARD_ITEMS: AgencyVariants["cardItems"] = {
  address: { directory: "df01", file: 0x06, tag: 0x20, length: 0x18, controlKey: "uk2-df01", macKey: "stk-df01" },
  telephone: { directory: "df01", file: 0x07, tag: 0x20, length: 0x18, controlKey: "uk3-df01", macKey: "stk-df01" },
};

export const DEFAULT_AGENCY_VARIANTS: AgencyVariants = {
  lapseRule: "168-hours",
  formalLoss: "offered",
  formalWithdrawal: "agency",
  activation: ["operator", "initial-pin-changed"],
  pinVariants: ["module", "key-machine"],
  newPin: "initial",
  initialPin: "123456",
  cardItems: TEST_CARD_ITEMS,
  statementLiftsBlock: false,
};

export interface ServiceContext {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly ledger: AgencyLedger;
  readonly variants: AgencyVariants;
}

export type ServiceHandler = (context: ServiceContext, request: Request) => ServiceAnswer;

export const MALFORMED: ServiceAnswer = { ok: false, reason: "request-malformed" };

export function refuse(reason: string, office?: string): ServiceAnswer {
  return { ok: false, reason, ...(office === undefined ? {} : { office }) };
}

export function done(output: JsonFields): ServiceAnswer {
  return { ok: true, output };
}

/** A member that is an object. */
export function part(fields: JsonFields, name: string): JsonFields | undefined {
  const value = fields[name];
  return isFields(value) ? value : undefined;
}

/** One of some words. */
export function wordOf<Word extends string>(fields: JsonFields, name: string, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === fields[name]);
}

export type Found<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly answer: ServiceAnswer };

/** The card that a request names by both its numbers, after whatever has lapsed meanwhile. */
export function cardOf(context: ServiceContext, input: JsonFields): Found<AgencyCard> {
  const card = part(input, "card");
  const [cardNumber, cardIdentifier] = ["cardNumber", "cardIdentifier"].map((name) => (card === undefined ? undefined : textField(card, name)));
  if (cardNumber === undefined || cardIdentifier === undefined) return { ok: false, answer: MALFORMED };
  const found = cardByNumber(context, cardNumber);
  if (found?.cardIdentifier.toLowerCase() !== cardIdentifier.toLowerCase()) return { ok: false, answer: refuse("card-unknown", "agency") };
  return { ok: true, value: found };
}

/** A card as it stands now: a temporary loss whose time is over has lapsed. */
export function cardByNumber({ ledger, clock }: ServiceContext, cardNumber: string): AgencyCard | undefined {
  const loss = ledger.standingLoss(cardNumber);
  if (loss?.lapsesMs !== undefined && loss.lapsesMs <= clock.wallMs()) {
    ledger.endLoss(loss.report, "lapsed");
    ledger.setStatus(cardNumber, loss.statusBefore, loss.lapsesMs);
  }
  return ledger.card(cardNumber);
}

/** The holder of a card. */
export function holderOf({ ledger }: ServiceContext, card: AgencyCard): AgencyPerson | undefined {
  return ledger.person(card.identityNumber);
}

/** Whether the request names the holder: undefined where it does, otherwise why not. */
export function refusalOfPerson(context: ServiceContext, card: AgencyCard, input: JsonFields): ServiceAnswer | undefined {
  const claim = part(input, "person");
  if (claim === undefined || textField(claim, "name") === undefined || textField(claim, "identityNumber") === undefined) return MALFORMED;
  const person = holderOf(context, card);
  const same = person?.name === claim["name"] && person?.identityNumber === claim["identityNumber"];
  return same ? undefined : refuse("person-differs", "agency");
}
