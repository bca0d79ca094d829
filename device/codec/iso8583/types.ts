/* A message of the UnionPay terminal dialect of ISO 8583, as everybody above the codec sees it. Spec: ISO 8583. */
import type { Bytes } from "../../base/bytes.ts";

/** Digits or characters for the formats n, a, an and z (without padding), bytes for b. Field 62 is bytes too. */
export type IsoValue = string | Bytes;

export interface IsoMessage {
  /** MTI, four digits. */
  readonly type: string;
  /** By field number, 2 to 64; whoever builds a message needs no order. */
  readonly fields: ReadonlyMap<number, IsoValue>;
}
