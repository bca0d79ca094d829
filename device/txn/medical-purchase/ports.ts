/* What a medical purchase needs of the world, and how long it may take. */
import type { Limits, Randomness } from "../../base/ports.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { Scanner } from "../../drivers/peripherals.ts";
import type { CardChannel, CardReader, PinVerifier, Psam } from "../../drivers/ports.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { Credential, MedicalItem, OrderItem, Prescription } from "../medical-desk/basket.ts";
import type { CounterDesk } from "../medical-desk/desk.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { SaleRequest } from "../sale-request.ts";

/** A card's own record with the proof that a certified reader has read it, both in the insurer's form. Spec: FSI, 1101, orgin_card_info. */
export interface RawCard {
  readonly info: string;
  readonly sign: string;
}

/** Hardware that gives a card's record in that form; readers without such a module have none. */
export interface RawCardRead {
  /** undefined: this card does not give it. Faults: those of the channel. */
  read(channel: CardChannel, limits: Limits): Promise<RawCard | undefined>;
}

export interface MedicalPurchasePorts extends HostPorts {
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly pin: PinVerifier;
  /** Left out: a card pays unless its PIN is known to be the initial one, and nobody has said so of any. */
  readonly initialPin?: InitialPinRule;
  readonly randomness: Randomness;
  readonly social: Omit<SocialOptions, "randomness" | "today">;
  /** Left out: a card of another province is served only where the region does not ask for its raw record. */
  readonly rawRead?: RawCardRead;
  /** Left out: an e-code is scanned by the counter's own program. */
  readonly scanner?: Scanner;
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
  /** One question to the counter; left out: as long as the wait for the card. */
  readonly answerTimeoutMs?: number;
}

/** A line of the basket; what only an order knows of it may be missing. */
export type PurchaseItem = MedicalItem & Partial<Omit<OrderItem, keyof MedicalItem>>;

/** Who treats the holder, and where. Spec: FSI, 2201. */
export interface Clinic {
  readonly doctorCode: string;
  readonly doctorName: string;
  readonly departmentCode: string;
  readonly departmentName: string;
  /** caty, at most six characters; left out: the code of the department. */
  readonly departmentCategory?: string;
}

/** A card as it was read when something was sold without the insurer. */
export interface CardAsRead {
  readonly cardNumber: string;
  readonly cardIdentifier: string;
  readonly name: string;
  readonly certificateNumber: string;
}

/** `amount` is the total fee that the holder was told. */
export interface MedicalPurchaseRequest extends SaleRequest {
  readonly items: readonly PurchaseItem[];
  readonly invoiceNumber: string;
  /** Whether the personal account may pay. */
  readonly usesAccount: boolean;
  /** insutype, where the holder has more than one insurance in force. */
  readonly insuranceType?: string;
  /** Left out: the holder's card. */
  readonly credential?: Credential;
  /** Instead of a credential, where the region settles later without the holder: no reader, no lane, no PIN. Only a later settlement has it. */
  readonly asRead?: CardAsRead;
  /** med_type; left out: 41, a purchase at a pharmacy. */
  readonly medicalType?: string;
  /** Left out: "pharmacy". */
  readonly visit?: "pharmacy" | "outpatient";
  readonly disease?: { readonly code: string; readonly name: string };
  readonly prescription?: Prescription;
  /** An outpatient visit cannot be registered without it. */
  readonly clinic?: Clinic;
  /** Whether the split is shown and confirmed before it is booked; needs a desk. */
  readonly confirms?: boolean;
  /** Hears how far the purchase is, and answers its questions. */
  readonly desk?: CounterDesk;
  /** Who serves; left out: the sender of the profile. */
  readonly operator?: string;
}
