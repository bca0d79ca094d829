/* What travels of bank cards: payments and what goes back of them, loads, the batch, downloads; schemas.ts has the rules that all follow. */
import * as z from "zod";
import { fenAmount, fenSum, longTimeoutMs, named, orderNumber, paidAmount, text } from "./schema-words.ts";
import { said } from "./schemas.ts";

const told = { subject: z.string().exactOptional(), reason: z.string().exactOptional(), says: said.exactOptional() };
const responseCode = z.string().exactOptional().meta({ description: "The acquirer's own code, where it said no." });

const note = text(200).exactOptional().meta({ description: "Kept with the record: nothing of a person." });

export const patienceBody = named(
  "Patience",
  z.strictObject({ timeoutMs: longTimeoutMs }),
  "How long the whole act may take, the wait for card and PIN included.",
);

export const bankSession = named(
  "BankSession",
  z.strictObject({ kind: z.enum(["signed-in", "signed-off", "refused"]), batch: z.string().exactOptional(), ...told }),
  "The terminal's own session with its acquirer; `batch`: the batch that counts now.",
);

export const bankPaymentBody = named(
  "BankPaymentBody",
  z.strictObject({
    paymentNumber: orderNumber,
    business: z.enum(["sale", "withdrawal"]).default("sale"),
    amountFen: paidAmount,
    timeoutMs: longTimeoutMs,
  }),
  "The same `paymentNumber` is the same payment.",
);

export const bankReturnBody = named(
  "BankReturnBody",
  z
    .strictObject({
      returnNumber: orderNumber,
      business: z.enum(["void", "refund"]),
      paymentNumber: orderNumber.meta({ description: "The payment that it takes back." }),
      amountFen: paidAmount.exactOptional(),
      timeoutMs: longTimeoutMs,
    })
    .refine(({ business, amountFen }) => business === "refund" || amountFen === undefined, "a void takes back the whole, and names no amount"),
  "`void`: the whole, within its batch, without `amountFen`. `refund`: any day, up to what is left; `amountFen` left out: the whole. The same `returnNumber` is the same return.",
);

export const bankAct = named(
  "BankAct",
  z.strictObject({
    number: z.string(),
    kind: z.enum(["approved", "refused", "unknown", "no-card"]),
    amountFen: fenAmount.exactOptional(),
    retrievalReference: z.string().exactOptional(),
    authorization: z.string().exactOptional(),
    responseCode,
    ...told,
  }),
  "Money has moved at `approved` alone, by the acquirer's own word. `unknown`: it is reversed; ask again how it stands.",
);

export const bankBalance = named(
  "BankBalance",
  z.strictObject({ kind: z.enum(["balance", "refused", "unknown", "no-card"]), availableFen: fenSum.exactOptional(), responseCode, ...told }),
);

export const loadBody = named(
  "LoadBody",
  z.strictObject({ loadNumber: orderNumber, purse: z.enum(["e-purse", "electronic-cash"]), amountFen: paidAmount, timeoutMs: longTimeoutMs }),
  "The same `loadNumber` is the same load.",
);

export const load = named(
  "Load",
  z.strictObject({
    loadNumber: z.string(),
    kind: z.enum(["loaded", "refused", "unknown", "no-card"]),
    amountFen: fenAmount.exactOptional(),
    balanceAfterFen: fenAmount.exactOptional(),
    responseCode,
    ...told,
  }),
  "From the bank account into a purse of the card. `unknown`: the card that comes back decides, or the bank's side is reversed.",
);

const batchTotals = z.strictObject({ debits: z.int(), debitFen: fenSum, credits: z.int(), creditFen: fenSum });

export const bankSettlement = named(
  "BankSettlement",
  z.strictObject({
    kind: z.enum(["equal", "unequal", "half-done", "dealt-with", "refused"]),
    batch: z.string().exactOptional(),
    terminal: batchTotals.exactOptional(),
    uploaded: z.int().exactOptional(),
    differing: z.array(z.enum(["domestic", "foreign"])).exactOptional(),
    acquirer: batchTotals.exactOptional(),
    refusedRows: z.array(z.strictObject({ stan: z.string(), amountFen: fenAmount, responseCode: z.string() })).exactOptional(),
    ...told,
  }),
  "The batch against the acquirer's books. `uploaded`: rows that were sent because the totals differed; `differing`: halves that did; `acquirer`: its own figures, where it tells any; `refusedRows`: rows that it would not take. `half-done`: ask again, it goes on. `dealt-with`: closed by a person's word, with what was known.",
);

export const settlementWordBody = named(
  "SettlementWordBody",
  z.strictObject({
    batch: z
      .string()
      .regex(/^\d{6}$/)
      .meta({ description: "Of the settlement that is half done." }),
    note,
    timeoutMs: longTimeoutMs,
  }),
);

export const downloadBody = named(
  "DownloadBody",
  z.strictObject({ what: z.enum(["parameters", "ca-keys", "aid-parameters", "exception-list"]), timeoutMs: longTimeoutMs }),
);

export const download = named("Download", z.strictObject({ kind: z.enum(["taken", "refused"]), what: z.string(), entries: z.int(), ...told }));

export const parkedActBody = named(
  "ParkedActBody",
  z
    .strictObject({
      act: z.enum(["try-again", "dismiss", "loaded", "not-loaded", "dealt-with"]),
      stands: z.boolean().exactOptional().meta({ description: "Of `dealt-with`: whether what was to be taken back stands after all." }),
      retrievalReference: z
        .string()
        .regex(/^[0-9A-Za-z]{12}$/, "twelve letters and digits")
        .exactOptional()
        .meta({ description: "Of what stands: the acquirer's own reference of it, as it says; without it a void or a refund of it is refused." }),
      note,
    })
    .refine(({ act, stands }) => (act === "dealt-with") === (stands !== undefined), "`stands` belongs to `dealt-with`, and to nothing else")
    .refine(({ stands, retrievalReference }) => retrievalReference === undefined || stands === true, "`retrievalReference` belongs to what stands"),
  "`try-again`: of a reversal or an upload, its tries begin anew. `dismiss`: an upload was dealt with otherwise. `loaded`, `not-loaded`: of a load that its card never decides. `dealt-with`: a reversal was settled at the acquirer.",
);

export const parkedAct = named("ParkedAct", z.strictObject({ subject: z.string(), state: z.literal("settled") }));

export const parked = named(
  "Parked",
  z.strictObject({
    items: z.array(
      z.strictObject({
        subject: z.string(),
        what: z.enum(["reversal", "offline-upload", "batch-row", "script-result", "load"]),
        amountFen: fenAmount,
        reason: z.string(),
        sinceMs: z.int(),
        tries: z.int(),
      }),
    ),
  }),
  "Messages to the bank that a person has to deal with, oldest first.",
);
