/* What a counter may ask of the bank and of the card's services by JSON lines; the local API has all of it. */
import * as z from "zod";
import { fen } from "../base/fen.ts";
import type { Terminal } from "../terminal.ts";

const reference = z.string().regex(/^[\w.-]{1,64}$/);
const amountFen = z.int().min(1).max(0xffff_ffff);
const timeoutMs = z.int().min(1_000).max(600_000).default(90_000);
const id = z.union([z.string().max(64), z.int()]).optional();
const operator = z.string().min(1).max(30).default("counter");

export const BANK_REQUESTS = [
  z.strictObject({ do: z.literal("bank-sign-in"), id, timeoutMs }),
  z.strictObject({ do: z.literal("bank-payment"), id, reference, amountFen, business: z.enum(["sale", "withdrawal"]).default("sale"), operator, timeoutMs }),
  z.strictObject({ do: z.literal("bank-void"), id, reference, original: reference, operator, timeoutMs }),
  z.strictObject({ do: z.literal("bank-refund"), id, reference, original: reference, amountFen: amountFen.exactOptional(), operator, timeoutMs }),
  z.strictObject({ do: z.literal("bank-balance"), id, operator, timeoutMs }),
  z.strictObject({ do: z.literal("bank-settle"), id, operator, timeoutMs }),
  z.strictObject({ do: z.literal("identify"), id, withPin: z.boolean().default(false), operator, timeoutMs }),
] as const;

type BankLine = z.infer<(typeof BANK_REQUESTS)[number]>;

const NAMES: ReadonlySet<string> = new Set(BANK_REQUESTS.map(({ shape }) => shape.do.value));

export function isBankLine<Line extends { readonly do: string }>(line: Line | BankLine): line is BankLine {
  return NAMES.has(line.do);
}

const NOT_OFFERED = { kind: "refused", reason: "not-offered" } as const;

/** Never rejects for what the world does. */
export async function performBankLine({ bank, services }: Pick<Terminal, "bank" | "services">, asked: BankLine, signal: AbortSignal): Promise<object> {
  const limits = { timeoutMs: asked.timeoutMs, signal };
  if (asked.do === "identify") return services?.perform({ service: "identify", withPin: asked.withPin, operator: asked.operator }, limits) ?? NOT_OFFERED;
  if (bank === undefined) return NOT_OFFERED;
  switch (asked.do) {
    case "bank-sign-in":
      return bank.signIn(limits);
    case "bank-payment":
      return bank.pay({ reference: asked.reference, business: asked.business, amount: fen(asked.amountFen), operator: asked.operator }, limits);
    case "bank-void":
      return bank.takeBack({ reference: asked.reference, business: "void", original: asked.original, operator: asked.operator }, limits);
    case "bank-refund": {
      const amount = asked.amountFen === undefined ? {} : { amount: fen(asked.amountFen) };
      return bank.takeBack({ reference: asked.reference, business: "refund", original: asked.original, operator: asked.operator, ...amount }, limits);
    }
    case "bank-balance":
      return bank.balance({ operator: asked.operator }, limits);
    case "bank-settle":
      return bank.settle({ operator: asked.operator }, limits);
  }
}
