/* One card that takes a load, whichever of its purses: what it must tell, do and prove. */
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import type { JsonObject } from "../journal/types.ts";
import type { CardAccess } from "../quick-payment/purses/dialogue.ts";
import type { SaleTime } from "../sale-time.ts";
import type { RecordedLoad } from "./load-record.ts";
import type { LoadWord } from "./load-types.ts";

export interface LoadUnusable {
  readonly kind: "unusable";
  readonly reason: string;
}

/** What the card says of a load, and what that adds to the record. */
export interface LoadFinding {
  readonly word: LoadWord;
  readonly detail: JsonObject;
  /** For the bank leg: its issuer's scripts, and the chip's certificate. */
  readonly leg?: { readonly detail: JsonObject; readonly sealed: JsonObject };
}

/** A presented card, named. Each step's faults: those of the channel. */
export interface LoadCard {
  readonly kind: "ok";
  /** The purse's own name on the card. */
  readonly name: string;
  /** Digits of the bank account. */
  readonly account: string;
  readonly personal: JsonObject;
  readonly business: "cash-load" | "purse-load";
  /** After the PIN: the code that the host needs, and what identifies this load on the card. Moves nothing. */
  open(saleTime: SaleTime): Promise<{ readonly kind: "opened"; readonly detail: JsonObject } | LoadUnusable>;
  /** For the message to the bank. */
  values(): Partial<RequestValues>;
  /** What the bank gave for the card; undefined: nothing by which the card would take the money. */
  accept(reply: IsoMessage): JsonObject | undefined;
  /** The one step that cannot be taken back. */
  credit(): Promise<LoadFinding>;
  /** The card's own word on an earlier load of its. */
  prove(load: RecordedLoad): Promise<LoadFinding>;
}

/** Names the card that lies there; for `load`, also whether it is that load's. */
export type IdentifyForLoad = (access: CardAccess, amount: RecordedLoad["amount"]) => Promise<LoadCard | LoadUnusable>;
