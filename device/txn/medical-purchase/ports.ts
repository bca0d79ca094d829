/* What a medical purchase needs of the world, and how long it may take. */
import type { Limits, Randomness } from "../../base/ports.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { CardReader, PinVerifier, Psam } from "../../drivers/ports.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { MedicalItem } from "../medical-desk/basket.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { SaleRequest } from "../sale-request.ts";

export interface MedicalPurchasePorts extends HostPorts {
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly pin: PinVerifier;
  /** Left out: a card pays unless its PIN is known to be the initial one, and nobody has said so of any. */
  readonly initialPin?: InitialPinRule;
  readonly randomness: Randomness;
  readonly social: Omit<SocialOptions, "randomness" | "today">;
  readonly lane: Lane;
  readonly sales: SalesInFlight;
}

/** `timeoutMs` bounds the wait for the card; `signal` gives the purchase up until the settlement is sent. */
export interface MedicalPurchaseLimits extends Limits {
  readonly commandTimeoutMs: number;
  readonly pinTimeoutMs: number;
  /** One question to the host (1101, 2101). */
  readonly queryTimeoutMs: number;
  /** The settlement: after this time the request no longer reaches the host. */
  readonly settleTimeoutMs: number;
  readonly journalTimeoutMs: number;
}

/** `amount` is the total fee that the holder was told. */
export interface MedicalPurchaseRequest extends SaleRequest {
  readonly items: readonly MedicalItem[];
  readonly invoiceNumber: string;
  /** Whether the personal account may pay. */
  readonly usesAccount: boolean;
  /** insutype, where the holder has more than one insurance in force. */
  readonly insuranceType?: string;
}
