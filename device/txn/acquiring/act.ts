/* One bank act with money as its runner sees it: what the machine has to know of it, what is asked of the bank, what its record says. */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { Business } from "../acquirer-host/messages.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import type { JsonObject } from "../journal/types.ts";
import type { ChipAccount, ChipCard } from "./chip.ts";
import type { BankRecordKind } from "./record.ts";
import type { BankPlan, KnownAct } from "./types.ts";

/** What is known when the message is made. */
export interface MessageParts {
  readonly stan: string;
  readonly batch: string;
  readonly card?: ChipCard;
  readonly pinBlock?: Bytes;
  readonly chipData?: Bytes;
}

export interface BankAct {
  readonly reference: string;
  readonly kind: BankRecordKind;
  readonly business: Business;
  readonly plan: BankPlan;
  /** Once it was looked up. */
  readonly amount: Fen;
  /** 9C of the chip. */
  readonly transactionType: string;
  /** Faults: those of the journal. */
  lookUp(): Promise<KnownAct>;
  /** Why this card cannot be the one; undefined: it may. */
  refusal(account: ChipAccount): string | undefined;
  /** Asked with the line held, just before the intent; why nothing may be begun. Faults: those of the journal. */
  admit(batch: string): Promise<string | undefined>;
  message(parts: MessageParts): IsoMessage;
  /** The caller's words, for the record. */
  detail(): JsonObject;
  /** The account, sealed in the record; its number is how the journal finds the card again. */
  personal(card: ChipCard | undefined): { readonly account: string; readonly members: JsonObject };
  /** Marks that become durable with the intent. */
  marks(): readonly { readonly name: string; readonly value: string }[];
}

/** How the account of this card came here, for a message. */
export function cardValues({ card, pinBlock, chipData }: MessageParts): Partial<RequestValues> {
  if (card === undefined) return {};
  const { number, expiry, sequence, track2 } = card.account;
  return {
    account: number,
    entry: card.interface === "contact" ? "chip" : "chip-by-radio",
    ...(expiry === undefined ? {} : { expiry }),
    ...(sequence === undefined ? {} : { cardSequence: sequence }),
    ...(track2 === undefined ? {} : { track2 }),
    ...(pinBlock === undefined ? {} : { pinBlock }),
    ...(chipData === undefined ? {} : { chipData }),
  };
}
