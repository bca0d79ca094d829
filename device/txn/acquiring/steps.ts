/* Steps that every act with a bank card takes in the same way: what the journal, the pad and a reply give, as an event of its machine. */
import type { Bytes } from "../../base/bytes.ts";
import { type FaultCode, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { type ChipData, parseChipData } from "../../codec/iso8583/chip-data.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { BankKeys } from "./bank-keys.ts";

const CHIP_FIELD = 55;

interface JournalFailed {
  readonly is: "journal-failed";
  readonly code: FaultCode;
  readonly effectUnknown: boolean;
}

/** What the work gives, or that the journal failed. */
export async function journalStep<Event>(work: () => Promise<Event>): Promise<Event | JournalFailed> {
  try {
    return await work();
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { is: "journal-failed", code: fault.code, effectUnknown: fault.effectUnknown };
  }
}

type PinStep =
  | { readonly block: Bytes; readonly event: { readonly is: "pin-entered" } }
  | { readonly block?: never; readonly event: { readonly is: "pin-refused"; readonly reason: string } };

/** The holder's PIN for an account, or why there is none. */
export async function pinStep(keys: BankKeys, account: string, limits: Limits): Promise<PinStep> {
  try {
    const entered = await keys.pinBlock(account, limits);
    if (entered.kind !== "entered") return { event: { is: "pin-refused", reason: `pin-${entered.kind}` } };
    return { block: entered.block, event: { is: "pin-entered" } };
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { event: { is: "pin-refused", reason: fault.code } };
  }
}

/** A field of characters; "" where it is not there. */
export function textOf({ fields }: IsoMessage, field: number): string {
  const value = fields.get(field);
  return typeof value === "string" ? value : "";
}

/** What the issuer says to the chip; undefined where it says nothing that can be read. */
export function chipDataOf({ fields }: IsoMessage): ChipData | undefined {
  const field = fields.get(CHIP_FIELD);
  const parsed = field instanceof Uint8Array ? parseChipData(field) : undefined;
  return parsed?.ok === true ? parsed.data : undefined;
}
