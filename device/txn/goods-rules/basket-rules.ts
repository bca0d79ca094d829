/* Whether a basket may be sold as it stands: sums, prescriptions, trace codes. Pure; what other sales say is asked of the trace book. */
import type { OrderItem, Prescription } from "../medical-desk/basket.ts";
import type { OrderRequest } from "../medical-order/order.ts";
import { lineAmount, packsOf, quantityOf } from "./line-amount.ts";
import type { GoodsReason, GoodsRefusal, GoodsRules, GoodsVerdict, GoodsWarning } from "./types.ts";

export type GoodsRequest = Pick<OrderRequest, "items" | "amount" | "prescription">;

/** Neither blanks nor a scanner's control characters. */
const PRINTABLE = /^[\x21-\x7e]+$/;
/** The bar code of a product, the same on all its packs: it names no pack. */
const PRODUCT_CODE = /^69\d{11}$/;
const USUAL_CODE = /^\d{20}$/;

/** The first thing that stops the sale, in the order of the lines, or what a person should look at. Never throws. */
export function checkGoods(request: GoodsRequest, rules: GoodsRules): GoodsVerdict {
  const { items, amount, prescription } = request;
  if (items.length === 0) return refusal("line-malformed");
  const seen = new SeenCodes();
  let sum = 0;
  for (const [index, item] of items.entries()) {
    const reason = sumProblem(item) ?? prescriptionProblem(item, prescription) ?? codesProblem(item, rules) ?? seen.add(item);
    if (reason !== undefined) return refusal(reason, index + 1);
    sum += item.amount;
  }
  return sum === amount ? { kind: "accepted", warnings: warningsOf(items) } : refusal("total-wrong");
}

function refusal(reason: GoodsReason, line?: number): GoodsRefusal {
  return { kind: "refused", reason, ...(line === undefined ? {} : { line }) };
}

function sumProblem(item: OrderItem): GoodsReason | undefined {
  const amount = lineAmount(item);
  if (amount === undefined) return "line-malformed";
  return amount === item.amount ? undefined : "line-amount-wrong";
}

function prescriptionProblem({ prescriptionDrug }: OrderItem, prescription: Prescription | undefined): GoodsReason | undefined {
  if (prescriptionDrug !== true) return undefined;
  if (prescription === undefined || anyBlank(prescription.number, prescription.doctorCode, prescription.doctorName)) return "prescription-missing";
  return anyBlank(prescription.pharmacistName, prescription.pharmacistLicence) ? "pharmacist-missing" : undefined;
}

function anyBlank(...texts: readonly string[]): boolean {
  return texts.some((text) => text.trim() === "");
}

/** Each pack has its code: as many codes as whole packs, and one of an opened pack for what is less or is sold by the piece. */
function codesProblem(item: OrderItem, { trace, today }: GoodsRules): GoodsReason | undefined {
  const codes = item.traceCodes ?? [];
  if (codes.some(({ code }) => !wellFormed(code, trace.lengthMax))) return "trace-code-malformed";
  // A herbal slice has no code that could be too many.
  if (item.traceExempt !== undefined) return undefined;
  const required = trace.requiredFrom !== undefined && today >= trace.requiredFrom;
  const whole = BigInt(codes.filter(({ splitPack }) => !splitPack).length);
  const opened = BigInt(codes.length) - whole;
  const packs = packsOf(quantityOf(item.quantity) ?? 0n);
  if (whole > packs.whole || (opened > 0n && whole === packs.whole && !packs.part)) return "trace-code-surplus";
  const enough = opened > 0n || (whole === packs.whole && !packs.part);
  return required && !enough ? "trace-code-missing" : undefined;
}

function wellFormed(code: string, lengthMax: number): boolean {
  return code.length <= lengthMax && PRINTABLE.test(code) && !PRODUCT_CODE.test(code);
}

/** Codes of one basket: a pack stands there once, or is opened and shared among its lines. */
class SeenCodes {
  readonly #seen = new Map<string, boolean>();

  add(item: OrderItem): GoodsReason | undefined {
    for (const { code, splitPack } of item.traceCodes ?? []) {
      const earlier = this.#seen.get(code);
      if (earlier !== undefined && !(earlier && splitPack)) return "trace-code-twice";
      this.#seen.set(code, splitPack);
    }
    return undefined;
  }
}

function warningsOf(items: readonly OrderItem[]): readonly GoodsWarning[] {
  return items.flatMap((item, index) =>
    (item.traceCodes ?? []).some(({ code }) => !USUAL_CODE.test(code)) ? [{ warning: "trace-code-unusual" as const, line: index + 1 }] : [],
  );
}
