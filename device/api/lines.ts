/*
 * The counter's way in, as lines: one JSON request a line, one JSON answer a line, in the order in which they end. What is not
 * understood gets an answer that says so and changes nothing.
 */
import * as z from "zod";
import { fromHex } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import { fen } from "../base/fen.ts";
import type { Terminal } from "../terminal.ts";
import { saleMark } from "../txn/quick-payment/record.ts";
import type { PurseChoice, SaleRequest } from "../txn/sale-request.ts";
import { BANK_REQUESTS, isBankLine, performBankLine } from "./bank-lines.ts";
import { EQUIPMENT_REQUESTS, isEquipmentRequest, performEquipment } from "./equipment.ts";
import { type Said, saidFor } from "./messages.ts";

const reference = z.string().regex(/^[\w.-]{1,64}$/);
const amountFen = z.int().min(1).max(0xffff_ffff);
const timeoutMs = z.int().min(100).max(600_000).default(30_000);
const id = z.union([z.string().max(64), z.int()]).optional();

/** Amount of a sale that may move no money: an entry at a gate. */
const anyAmountFen = z.int().min(0).max(0xffff_ffff);
const paid = { do: z.literal("quick-payment"), id, reference, timeoutMs };

/** What is paid: goods at a price that a discount of the merchant may lower, or a library's deposit. */
const pays = z.enum(["goods", "library-deposit"]).default("goods");

/** An industry record as the counter names it. */
const record = z.strictObject({
  file: z.int().min(1).max(0x1e),
  by: z.enum(["number", "identifier"]).default("number"),
  record: z.int().min(0).max(0xff),
  data: z.string().regex(/^(?:[0-9a-f]{2}){1,200}$/i),
});

/** One purse each: what another purse would need is refused, and so is what this one lacks. */
const quickPayment = z.discriminatedUnion("purse", [
  z.strictObject({ ...paid, purse: z.literal("e-purse"), amountFen, pays }),
  z.strictObject({ ...paid, purse: z.literal("compound"), amountFen: anyAmountFen, record }),
  z.strictObject({ ...paid, purse: z.literal("medical-purse"), amountFen, selfPayFen: anyAmountFen, pooledFen: anyAmountFen }),
  z.strictObject({ ...paid, purse: z.literal("electronic-cash"), amountFen, pays }),
]);

const otherRequest = z.discriminatedUnion("do", [
  z.strictObject({
    do: z.literal("medical-purchase"),
    id,
    reference,
    amountFen,
    timeoutMs,
    invoiceNumber: z.string().min(1).max(64),
    usesAccount: z.boolean().default(true),
    insuranceType: z
      .string()
      .regex(/^\d{3}$/)
      .exactOptional(),
    items: z
      .array(
        z.strictObject({
          nationalCode: z.string().min(1).max(50),
          ownCode: z.string().min(1).max(50),
          quantity: z.string().regex(/^\d{1,12}(?:\.\d{1,4})?$/),
          unitPrice: z.string().regex(/^\d{1,10}(?:\.\d{1,6})?$/),
          amountFen,
        }),
      )
      .min(1)
      .max(200),
  }),
  z.strictObject({ do: z.literal("status"), id }),
  z.strictObject({ do: z.literal("idle"), id, timeoutMs }),
  ...EQUIPMENT_REQUESTS,
  ...BANK_REQUESTS,
]);

type QuickPaymentLine = z.infer<typeof quickPayment>;
type Request = QuickPaymentLine | z.infer<typeof otherRequest>;

/** Longest line that is read: a basket of two hundred items. */
export const LINE_CHARACTERS_MAX = 64 * 1024;

export type RequestParse = { readonly ok: true; readonly request: Request } | { readonly ok: false; readonly reason: string };

/** Reads one line. Never throws. */
export function parseRequestLine(line: string): RequestParse {
  if (line.length > LINE_CHARACTERS_MAX) return { ok: false, reason: "line-too-long" };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // JSON.parse has one way to fail, and the answer says it.
    return { ok: false, reason: "not-json" };
  }
  const parsed = isQuickPayment(value) ? quickPayment.safeParse({ purse: "e-purse", ...value }) : otherRequest.safeParse(value);
  if (parsed.success) return { ok: true, request: parsed.data };
  const [issue] = parsed.error.issues;
  return { ok: false, reason: `${issue?.path.map(String).join(".") || "request"}: ${issue?.message ?? "not understood"}` };
}

function isQuickPayment(value: unknown): value is object {
  return typeof value === "object" && value !== null && "do" in value && value.do === "quick-payment";
}

/** The purse that a line names, in the flow's words. */
function purseOf(line: QuickPaymentLine): PurseChoice {
  switch (line.purse) {
    case "compound":
      return { kind: "compound", record: { ...line.record, data: fromHex(line.record.data) } };
    case "medical-purse":
      return { kind: "medical-purse", selfPay: fen(line.selfPayFen), pooled: fen(line.pooledFen) };
    case "e-purse":
    case "electronic-cash":
      return { kind: line.purse };
  }
}

function saleOf(line: QuickPaymentLine): SaleRequest {
  return { reference: line.reference, amount: fen(line.amountFen), purse: purseOf(line), ...("pays" in line ? { pays: line.pays } : {}) };
}

/** Answers one line with one line. Never rejects for what the world does. */
export async function answerLine(terminal: Terminal, line: string, signal: AbortSignal): Promise<string> {
  const parsed = parseRequestLine(line);
  if (!parsed.ok) return JSON.stringify({ kind: "not-understood", reason: parsed.reason });
  const answer = await perform(terminal, parsed.request, signal);
  return JSON.stringify({ ...(parsed.request.id === undefined ? {} : { id: parsed.request.id }), ...answer, ...wordsFor(answer) });
}

/** The reason in words for the holder, where the answer has one. */
function wordsFor(answer: object): { readonly says?: Said } {
  const says = "reason" in answer && typeof answer.reason === "string" ? saidFor(answer.reason) : undefined;
  return says === undefined ? {} : { says };
}

async function perform(terminal: Terminal, asked: Request, signal: AbortSignal): Promise<object> {
  if (isBankLine(asked)) return ("reference" in asked ? await spentAnswer(terminal, asked.reference) : undefined) ?? performBankLine(terminal, asked, signal);
  if (isEquipmentRequest(asked)) return performEquipment(terminal.devices, asked, signal);
  const spent = "reference" in asked ? await spentAnswer(terminal, asked.reference) : undefined;
  if (spent !== undefined) return spent;
  switch (asked.do) {
    case "quick-payment":
      return terminal.quickPayment(saleOf(asked), { timeoutMs: asked.timeoutMs, signal });
    case "medical-purchase": {
      const { id: _id, do: _do, timeoutMs: limitMs, amountFen: totalFen, items, insuranceType, ...rest } = asked;
      const basket = items.map(({ amountFen: lineFen, ...item }) => ({ ...item, amount: fen(lineFen) }));
      const purchase = { ...rest, amount: fen(totalFen), items: basket, ...(insuranceType === undefined ? {} : { insuranceType }) };
      return terminal.medicalPurchase(purchase, { timeoutMs: limitMs, signal });
    }
    case "status":
      return { kind: "status", ...terminal.status() };
    case "idle":
      return idle(terminal, asked.timeoutMs, signal);
  }
}

/** Money moved under this reference, and its record has left the journal: nothing is begun, and nobody reads it as unpaid. */
async function spentAnswer({ journal }: Pick<Terminal, "journal">, name: string): Promise<object | undefined> {
  try {
    const amount = await journal.spentUnder(saleMark(name));
    return amount === undefined ? undefined : { kind: "spent", reason: "number-spent", amount };
  } catch (error) {
    // A journal that does not answer says so to the act itself, which knows what that means for it.
    if (!isFault(error)) throw error;
    return undefined;
  }
}

async function idle(terminal: Terminal, limitMs: number, signal: AbortSignal): Promise<object> {
  try {
    await terminal.idle({ timeoutMs: limitMs, signal });
    return { kind: "idle" };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind: "not-idle", reason: error.code };
  }
}

/** Where lines come from and go to. */
export interface LineEnds {
  readonly lines: AsyncIterable<string>;
  readonly write: (line: string) => void;
}

/** Requests that may run at once; a counter has one holder in front of it. */
const UNDER_WAY_MAX = 16;

/** Serves lines until they end or `signal` aborts. */
export async function serveLines(terminal: Terminal, ends: LineEnds, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for await (const line of ends.lines) {
    if (signal.aborted) break;
    if (line.trim() === "") continue;
    if (underWay.size >= UNDER_WAY_MAX) {
      ends.write(JSON.stringify({ kind: "not-understood", reason: "too-many-requests" }));
      continue;
    }
    const work: Promise<void> = answerLine(terminal, line, signal)
      .then(ends.write)
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }
  await Promise.all(underWay);
}
