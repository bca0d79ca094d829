/*
 * The single source of what travels: every request is checked by these schemas, every answer has its form from them, and the OpenAPI
 * document is generated from them. Money is in fen and says so in its name; a member that nobody knows is refused.
 */
import * as z from "zod";
import { API_ROLES } from "../../config/api.ts";
import { day, fenAmount, named, orderNumber, paidAmount, signedFen, text, timeoutMs, word } from "./schema-words.ts";

export const waitQuery = z.strictObject({
  waitMs: z
    .string()
    .regex(/^\d{1,6}$/)
    .exactOptional(),
});

// ---- refusals

export const said = named("Said", z.strictObject({ en: z.string(), zh: z.string() }), "Words for people.");

export const errorBody = named(
  "Error",
  z.strictObject({
    error: z.string().meta({ description: "A stable word (docs/json.md)." }),
    message: said,
    problems: z.array(z.string()).meta({ description: "Place and rule of each thing that is wrong; never the value." }),
  }),
  "The one shape of every refusal.",
);

export const slip = named(
  "Slip",
  z.strictObject({ printed: z.boolean(), reason: z.string().exactOptional(), says: said.exactOptional() }),
  "What became of a slip. One that was not printed changes nothing; it can be printed later.",
);

// ---- operators

export const signInBody = named("SignIn", z.strictObject({ operator: word(30), password: z.string().min(1).max(200) }));

export const signedIn = named(
  "SignedIn",
  z.strictObject({ session: z.string(), operator: z.string(), role: z.enum(API_ROLES), expiresInMs: z.int(), idleMs: z.int() }),
  "`session` goes into the header Operator-Session of every further request; it is good for the client that signed in, and for no other.",
);

export const done = named("Done", z.strictObject({ done: z.literal(true) }));

// ---- orders

export const tenderKind = named("TenderKind", z.enum(["cash", "e-purse", "electronic-cash", "medical-purse", "bank-card"]));
export const offlineChoice = named("OfflineChoice", z.enum(["settle-later", "reimbursement-slip"]));
const receiptKind = z.enum(["sale", "void", "offline", "reimbursement"]);

export const credential = named(
  "Credential",
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("card") }),
    z.strictObject({ kind: z.literal("resident-id"), number: z.string().regex(/^\d{17}[\dX]$/), name: text(50) }),
    z.strictObject({
      kind: z.literal("e-code"),
      code: z
        .string()
        .regex(/^[\x21-\x7e]{8,50}$/)
        .exactOptional(),
    }),
  ]),
  "Who says who the holder is. An e-code that is left out is scanned by the terminal.",
);

const traceCode = z.strictObject({ code: z.string().regex(/^[\x21-\x7e]{1,100}$/), splitPack: z.boolean().default(false) });

const goods = z.strictObject({
  batchNumber: text(30).exactOptional(),
  makerLot: text(30).exactOptional(),
  madeOn: day.exactOptional(),
  expiresOn: day.exactOptional(),
  documentNumber: text(40).exactOptional(),
});

export const orderItem = named(
  "OrderItem",
  z.strictObject({
    nationalCode: z.string().regex(/^[\x21-\x7e]{1,50}$/),
    ownCode: text(50),
    name: text(100),
    quantity: z.string().regex(/^\d{1,12}(?:\.\d{1,4})?$/),
    unitPrice: z.string().regex(/^\d{1,10}(?:\.\d{1,6})?$/),
    amountFen: paidAmount,
    traceCodes: z.array(traceCode).max(100).exactOptional(),
    traceExempt: z.enum(["herbal-slices", "granules", "hospital-split-dose", "not-a-drug"]).exactOptional(),
    prescriptionDrug: z.boolean().exactOptional(),
    goods: goods.exactOptional(),
    extra: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.string().max(200)).exactOptional(),
  }),
  "One line of a basket. Quantity and price are decimal text, so that nothing is rounded on the way.",
);

const prescription = z.strictObject({
  number: text(40),
  doctorCode: text(30),
  doctorName: text(50),
  pharmacistName: text(50),
  pharmacistLicence: text(50),
  circulated: z.boolean(),
});

const clinic = z.strictObject({
  doctorCode: text(30),
  doctorName: text(50),
  departmentCode: text(30),
  departmentName: text(100),
  departmentCategory: text(6).exactOptional(),
});

const basketMembers = {
  credential,
  amountFen: paidAmount,
  items: z.array(orderItem).min(1).max(200),
  invoiceNumber: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  usesAccount: z.boolean().default(true),
  visit: z.enum(["pharmacy", "outpatient"]).default("pharmacy"),
  medicalType: z
    .string()
    .regex(/^\d{2,6}$/)
    .default("41"),
  disease: z.strictObject({ code: text(30), name: text(200) }).exactOptional(),
  clinic: clinic.exactOptional(),
  insuranceType: z
    .string()
    .regex(/^\d{3,6}$/)
    .exactOptional(),
  prescription: prescription.exactOptional(),
  tenders: z.array(tenderKind).max(5).default([]),
  confirms: z.boolean().default(true),
  prints: z.boolean().default(true),
};

type Summed = { readonly amountFen: number; readonly items: readonly { readonly amountFen: number }[] };

function sumIsRight({ amountFen, items }: Summed): boolean {
  return items.reduce((sum, item) => sum + item.amountFen, 0) === amountFen;
}

const SUM = { path: ["amountFen"], message: "is not the sum of the items" };

export const orderBody = named("OrderBody", z.strictObject(basketMembers).refine(sumIsRight, SUM), "A basket. `amountFen` is the sum of its items.");

export const returnBody = named(
  "ReturnBody",
  z.strictObject({ newOrderNumber: orderNumber, basket: orderBody }),
  "What the customer keeps, as an order of its own; the earlier order is given back as a whole.",
);

const provisional = named(
  "ProvisionalFigures",
  z.strictObject({
    final: z.boolean().meta({ description: "False where the terminal worked the figures out by itself, without the insurer." }),
    totalFen: fenAmount,
    fundFen: fenAmount,
    accountFen: fenAmount,
    mutualAidFen: fenAmount,
    cashFen: fenAmount,
  }),
);

const settled = named(
  "SettledFigures",
  z.strictObject({
    settlementId: z.string(),
    totalFen: fenAmount,
    fundFen: fenAmount,
    accountFen: fenAmount,
    mutualAidFen: fenAmount,
    cashFen: fenAmount,
    flags: z.array(z.string()),
  }),
  "Money of the settlement as the insurer has booked it.",
);

const questionId = z.string().regex(/^[a-z0-9-]{1,40}$/);

export const question = named(
  "Question",
  z.discriminatedUnion("ask", [
    z.strictObject({ id: questionId, ask: z.literal("insurance"), choices: z.array(z.string()) }),
    z.strictObject({ id: questionId, ask: z.literal("confirm"), figures: provisional }),
    z.strictObject({ id: questionId, ask: z.literal("offline"), figures: provisional, choices: z.array(offlineChoice) }),
    z.strictObject({ id: questionId, ask: z.literal("tender"), restFen: fenAmount, choices: z.array(tenderKind) }),
  ]),
);

export const answerBody = named(
  "Answer",
  z.discriminatedUnion("answer", [
    z.strictObject({ question: questionId, answer: z.literal("insurance"), insuranceType: z.string().regex(/^\d{3,6}$/) }),
    z.strictObject({ question: questionId, answer: z.literal("confirm") }),
    z.strictObject({ question: questionId, answer: z.literal("offline"), choice: offlineChoice }),
    z.strictObject({ question: questionId, answer: z.literal("tender"), tender: tenderKind, amountFen: paidAmount }),
    z.strictObject({ question: questionId, answer: z.literal("cancel") }),
  ]),
  "The answer to the open question of this id.",
);

export const order = named(
  "Order",
  z.strictObject({
    orderNumber: z.string(),
    state: z.enum(["open", "done", "refused", "void", "unknown", "offline"]),
    underWay: z.boolean().meta({ description: "Whether the terminal is at work on it now, or waits for the answer to `question`." }),
    amountFen: fenAmount,
    operator: z.string(),
    reason: z.string().exactOptional(),
    says: said.exactOptional(),
    message: z.string().exactOptional(),
    triesLeft: z.int().exactOptional(),
    choices: z.array(z.string()).exactOptional(),
    figures: settled.exactOptional(),
    settlementId: z.string().exactOptional(),
    visitId: z.string().exactOptional(),
    tenders: z.array(
      z.strictObject({
        tender: tenderKind,
        amountFen: fenAmount,
        state: z.enum(["paid", "unknown", "failed", "refunded"]),
        subject: z.string().exactOptional(),
        reason: z.string().exactOptional(),
      }),
    ),
    restFen: fenAmount,
    offline: z.strictObject({ choice: offlineChoice, settledLater: z.boolean(), refundDueFen: fenAmount }).exactOptional(),
    receipts: z.array(receiptKind),
    question: question.exactOptional(),
    replaces: z.string().exactOptional(),
  }),
  "What is known of an order, and nothing else. Goods may go at `done` and `offline` alone.",
);

export const returned = named("Returned", z.strictObject({ given: order, kept: order.exactOptional() }), "`given`: the earlier order; `kept`: the new one.");

const tenderTold = { tender: tenderKind, amountFen: fenAmount };
const tenderTrouble = { tender: tenderKind, reason: z.string() };

export const orderEvent = named(
  "OrderEvent",
  z.discriminatedUnion("is", [
    z.strictObject({ is: z.enum(["started", "present-card", "card-read", "enter-pin", "settling", "voiding", "printed"]) }),
    z.strictObject({ is: z.literal("pre-settled"), figures: provisional }),
    z.strictObject({ is: z.literal("settled"), figures: settled }),
    z.strictObject({ is: z.literal("tender-started"), ...tenderTold }),
    z.strictObject({ is: z.literal("tender-paid"), ...tenderTold }),
    z.strictObject({ is: z.literal("tender-failed"), ...tenderTrouble }),
    z.strictObject({ is: z.literal("tender-unknown"), ...tenderTrouble }),
    z.strictObject({ is: z.literal("print-failed"), reason: z.string() }),
    z.strictObject({ is: z.literal("offline"), why: z.string() }),
    z.strictObject({ is: z.literal("ended"), state: z.string() }),
  ]),
);

export const streamItem = named(
  "StreamItem",
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("event"), event: orderEvent }),
    z.strictObject({ type: z.literal("question"), question }),
    z.strictObject({ type: z.literal("answered"), question: questionId, by: z.enum(["counter", "nobody"]) }),
    z.strictObject({ type: z.literal("result"), order }),
    z.strictObject({ type: z.literal("failed"), error: errorBody }),
    z.strictObject({ type: z.literal("gap") }),
  ]),
  "Data of one server-sent event; its `type` is the event's name too. `gap`: earlier events are no longer kept, or were another start's.",
);

export const voidBody = named("Act", z.strictObject({}));
export const reprintBody = named("Reprint", z.strictObject({ receipt: receiptKind }));
export const reprinted = named("Reprinted", z.strictObject({ printed: z.boolean(), reason: z.string().exactOptional(), says: said.exactOptional() }));
export const settleLaterBody = named(
  "SettleLater",
  z.strictObject({ credential: credential.exactOptional() }),
  "Left out: the card as it was read at the sale, where the region settles without its holder.",
);

// ---- what waits for people

/** Name of a journal's subject. */
export const subject = z.string().regex(/^[0-9a-f]{32}-\d{1,16}$/);

export const parkedUploads = named(
  "ParkedUploads",
  z.strictObject({
    uploads: z.array(
      z.strictObject({
        subject: z.string(),
        client: z.string(),
        orderNumber: z.string(),
        act: z.enum(["sale", "return"]),
        rowsTaken: z.int(),
        rows: z.int(),
        message: z.string().meta({ description: "The insurer's own words, or what is missing." }),
        parkedAtMs: z.int(),
      }),
    ),
  }),
  "Goods that the insurer did not take note of, oldest first.",
);

export const uploadAct = named("UploadAct", z.strictObject({ subject: z.string(), state: z.enum(["waiting", "dismissed"]) }));

export const offlineSales = named(
  "OfflineSales",
  z.strictObject({
    sales: z.array(
      z.strictObject({
        client: z.string(),
        orderNumber: z.string(),
        amountFen: fenAmount,
        stage: z.enum(["paying", "settlement-due", "refund-due", "give-back-due", "ended", "void"]),
        choice: offlineChoice,
        figures: provisional,
        refundDueFen: fenAmount,
      }),
    ),
  }),
  "Sales without the insurer for which something is still to be done, oldest first. `ended` and `void`: only the record's last entry is missing.",
);

// ---- quick payments

const prints = z.boolean().default(false);
const quick = { saleNumber: orderNumber, timeoutMs, prints };
const industryRecord = z.strictObject({
  file: z.int().min(1).max(0x1e),
  by: z.enum(["number", "identifier"]).default("number"),
  record: z.int().min(0).max(0xff),
  data: z.string().regex(/^(?:[0-9a-f]{2}){1,200}$/i),
});

/** What is paid: goods at a price that a discount of the merchant may lower, or a library's deposit. */
const pays = z.enum(["goods", "library-deposit"]).default("goods");

export const quickPaymentBody = named(
  "QuickPaymentBody",
  z.discriminatedUnion("purse", [
    z.strictObject({ ...quick, purse: z.literal("e-purse"), amountFen: paidAmount, pays }),
    z.strictObject({ ...quick, purse: z.literal("electronic-cash"), amountFen: paidAmount, pays }),
    z.strictObject({ ...quick, purse: z.literal("medical-purse"), amountFen: paidAmount, selfPayFen: fenAmount, pooledFen: fenAmount }),
    z.strictObject({ ...quick, purse: z.literal("compound"), amountFen: fenAmount, record: industryRecord }),
  ]),
);

export const quickPayment = named(
  "QuickPayment",
  z.strictObject({
    saleNumber: z.string(),
    kind: z.enum(["paid", "unverified", "refused", "unknown", "no-card"]),
    subject: z.string().exactOptional(),
    amountFen: fenAmount.exactOptional(),
    heldFen: fenAmount.exactOptional().meta({ description: "What a pre-authorisation has set aside on the card; `amountFen` is 0 there." }),
    verified: z.boolean().exactOptional(),
    proof: z.string().exactOptional(),
    balanceAfterFen: fenAmount.exactOptional(),
    discount: z
      .strictObject({ fullAmountFen: fenAmount, discountFen: fenAmount, rule: z.string() })
      .exactOptional()
      .meta({ description: "What the merchant leaves to the holder; `amountFen` is what was debited." }),
    salesLeft: z.int().min(0).exactOptional().meta({ description: "So many more sales before the card's statement must be printed, where that will be soon." }),
    statusWord: z.int().exactOptional(),
    reason: z.string().exactOptional(),
    says: said.exactOptional(),
    slip: slip.exactOptional(),
  }),
  "Goods may go at `paid` alone. `slip`: where one was asked for and the sale is paid.",
);

// ---- reconciliation

const sums = z.strictObject({ totalFen: signedFen, fundFen: signedFen, accountFen: signedFen });

export const dayView = named(
  "ReconciledDay",
  z.strictObject({
    day: z.string(),
    state: z.enum(["equal", "settled", "differs", "incomplete"]),
    groups: z.array(
      z.strictObject({
        insuranceType: z.string(),
        clearingType: z.string(),
        locality: z.enum(["local", "same-province", "cross-province"]),
        agency: z.string(),
        own: sums,
        ownCount: z.int(),
        verdict: z.enum(["equal", "insurer-more", "institution-more", "differs", "refused", "silent"]),
        message: z.string().exactOptional(),
      }),
    ),
    differences: z.array(
      z.strictObject({
        kind: z.enum([
          ...(["amount-differs", "ours-only", "other-day", "held-by-insurer", "voided-at-insurer", "void-not-at-insurer", "booked-twice"] as const),
          ...(["one-sided-at-insurer", "unknown-message", "other-terminal", "foreign", "totals-only", "not-compared"] as const),
        ]),
        act: z.enum(["none", "reversed", "reversal-open", "void-imported", "left-to-people"]),
        msgid: z.string(),
        settlementId: z.string(),
        person: z.string(),
        time: z.string(),
        reference: z.string().exactOptional(),
        own: sums.exactOptional(),
        insurer: sums.exactOptional(),
        note: z.string().exactOptional(),
      }),
    ),
    open: z.array(z.strictObject({ reference: z.string(), msgid: z.string(), kind: z.enum(["settlement", "void"]), time: z.string(), amountFen: fenAmount })),
    unreadable: z.array(z.string()),
    operator: z.string(),
    at: z.string(),
    reason: z.string().exactOptional(),
  }),
  "One day, compared with the insurer's books row by row.",
);

export const report = named("ReconciliationReport", z.strictObject({ from: z.string(), to: z.string(), days: z.array(dayView), missing: z.array(z.string()) }));
export const reportQuery = z.strictObject({ from: day, to: day });
export const dayParam = day;
