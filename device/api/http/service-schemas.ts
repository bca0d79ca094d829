/* What travels of contributions, benefits and the services of the card; schemas.ts has the rules that all of them follow. */
import * as z from "zod";
import { SHOWN_DOCUMENTS } from "../../txn/card-services/acts.ts";
import { fenAmount, longTimeoutMs, named, orderNumber, paidAmount, text, word } from "./schema-words.ts";
import { said } from "./schemas.ts";

const told = { subject: z.string().exactOptional(), reason: z.string().exactOptional(), says: said.exactOptional() };
const office = z.string().exactOptional().meta({ description: "Where the holder is sent." });

// ---- contributions and benefits

export const bills = named(
  "Bills",
  z.strictObject({
    kind: z.enum(["bills", "refused", "no-card"]),
    bills: z.array(z.strictObject({ billId: z.string(), insurance: z.string(), period: z.string(), amountFen: fenAmount })).exactOptional(),
    office,
    ...told,
  }),
  "What the holder of the card owes the agency.",
);

/** Short enough that names of its payments and returns can be made of it. */
export const contributionNumber = z.string().regex(/^[A-Za-z0-9_-]{1,28}$/);

export const contributionBody = named(
  "ContributionBody",
  z.strictObject({ contributionNumber, billId: word(64), amountFen: paidAmount, timeoutMs: longTimeoutMs }),
  "`amountFen`: what the counter showed; another amount at the agency ends it before money moves. The same `contributionNumber` is the same contribution.",
);

export const contribution = named(
  "Contribution",
  z.strictObject({
    contributionNumber: z.string(),
    kind: z.enum(["confirmed", "refused", "refunded", "open-case", "no-card"]),
    amountFen: fenAmount.exactOptional(),
    receiptNumber: z.string().exactOptional(),
    office,
    ...told,
  }),
  "`refunded`: the bank had paid, the agency said no, the money went back. `open-case`: it is listed for a person until it is decided.",
);

export const contributionCases = named(
  "ContributionCases",
  z.strictObject({ cases: z.array(z.strictObject({ subject: z.string(), amountFen: fenAmount, reason: z.string(), sinceMs: z.int() })) }),
  "Contributions that wait for the agency, the bank or a person, oldest first.",
);

export const caseAct = named("CaseAct", z.strictObject({ subject: z.string(), state: z.literal("settled") }));

export const caseConfirmedBody = named("CaseConfirmedBody", z.strictObject({ receiptNumber: z.string().regex(/^[\w.-]{1,40}$/) }));

const rows = z.array(z.record(z.string(), z.unknown())).exactOptional();

export const benefits = named(
  "Benefits",
  z.strictObject({
    kind: z.enum(["benefits", "refused", "no-card"]),
    asOfMs: z.int().exactOptional(),
    financialAccount: z.string().exactOptional().meta({ description: "Benefits are paid to an activated account only." }),
    entitlements: rows,
    payments: rows,
    office,
    ...told,
  }),
  "What the holder is entitled to and what was paid, in the agency's own members.",
);

// ---- services of the card

const patient = { timeoutMs: longTimeoutMs };
const withPin = z.boolean().default(false);
const numbered = { serviceNumber: orderNumber };
const cardNumber = z.string().regex(/^[0-9A-Z]{9}$/);
const documentShown = z
  .enum(SHOWN_DOCUMENTS)
  .meta({ description: "What the operator was shown; `none`, as when somebody calls. Only a temporary loss needs no document." });
const person = z.strictObject({ name: text(30), identityNumber: z.string().regex(/^\d{17}[\dX]$/), documentShown });
/** The person whom the document names; what the agency does by an operator's word is refused without both. */
const shown = { person: person.exactOptional() };

export const serviceBody = named(
  "ServiceBody",
  z.discriminatedUnion("service", [
    z.strictObject({ service: z.literal("identify"), withPin, challenge: word(64).exactOptional(), ...patient }),
    z.strictObject({ service: z.literal("read-basic"), ...patient }),
    z.strictObject({ service: z.literal("read-record"), file: z.string().regex(/^(?:[A-Z0-9]{2,8}\/)?EF[0-9A-F]{2}$/), withPin, ...patient }),
    z.strictObject({
      service: z.literal("query"),
      what: z.enum(["status", "insured-places", "medical-balance", "purse-balances", "purse-log", "card-log", "contributions", "settlements", "statement"]),
      withPin,
      ...patient,
    }),
    z.strictObject({
      service: z.literal("change-details"),
      ...numbered,
      changes: z.strictObject({
        telephone: z
          .string()
          .regex(/^\+?[\d-]{5,20}$/)
          .exactOptional(),
        address: text(80).exactOptional(),
      }),
      ...patient,
    }),
    z.strictObject({ service: z.literal("activate"), ...numbered, ...shown, ...patient }),
    z.strictObject({ service: z.literal("change-pin"), ...patient }),
    z.strictObject({ service: z.literal("reset-pin"), ...numbered, ...shown, ...patient }),
    z.strictObject({ service: z.literal("unlock-pin"), ...numbered, ...shown, ...patient }),
    z.strictObject({ service: z.literal("report-loss"), ...numbered, loss: z.enum(["temporary", "formal"]), cardNumber, person, ...patient }),
    z.strictObject({ service: z.literal("withdraw-loss"), ...numbered, cardNumber, person, ...patient }),
    z.strictObject({ service: z.literal("block-application"), ...numbered, ...patient }),
    z.strictObject({ service: z.literal("other"), row: z.int().min(1).max(999), ...patient }),
  ]),
  "One service at the card, or with the agency about it. The same `serviceNumber` is the same act. No PIN travels here: it is typed at the terminal.",
);

export const serviceAct = named(
  "ServiceAct",
  z.strictObject({
    kind: z.enum(["done", "refused", "unknown", "no-card"]),
    output: z.record(z.string(), z.unknown()).exactOptional(),
    asOf: z.string().exactOptional().meta({ description: "When what is told was true, where it is not now." }),
    triesLeft: z.int().exactOptional(),
    office,
    ...told,
  }),
  "`output` has the members of the service (docs/api.md). What is not done here is refused with its reason and the office that does it.",
);

export const serviceTable = named(
  "ServiceTable",
  z.strictObject({ rows: z.array(z.strictObject({ row: z.int(), name: said, answer: z.enum(["works", "refused"]), how: z.string() })) }),
  "Every service of the card as it stands at this terminal.",
);
