/* What a medical purchase needs of the world, and how long it may take. */
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { FsiSender } from "../../codec/fsi.ts";
import type { CardReader, PinVerifier, Psam } from "../../drivers/ports.ts";
import type { MedicalHost } from "../hosts.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Journal } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { SaleRequest } from "../sale-request.ts";
import type { MessageIds } from "./message-id.ts";
import type { SignInBook } from "./sign-in.ts";

/** How this region's medical host is spoken to. */
export interface MedicalProfile {
  /** The envelope's sender; the sign-in number is added by the flow. */
  readonly sender: Omit<FsiSender, "signInNumber">;
  /** Whether the region asks for a sign-in before a settlement. */
  readonly signsIn: boolean;
}

/** What it takes to ask the host anything. */
export interface HostPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly host: MedicalHost;
  /** Shared by all lanes of the terminal. */
  readonly messageIds: MessageIds;
  readonly medical: MedicalProfile;
  /** Shared by all lanes of the terminal. */
  readonly signIns: SignInBook;
  readonly log: Log;
}

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

/** One line of the basket. Spec: FSI, drugdetail. */
export interface MedicalItem {
  /** med_list_codg, the national code. */
  readonly nationalCode: string;
  /** medins_list_codg, the institution's own code. */
  readonly ownCode: string;
  /** Decimal text, up to four places. */
  readonly quantity: string;
  /** Unit price in yuan as decimal text, up to six places. */
  readonly unitPrice: string;
  readonly amount: Fen;
  /** Further members of the line, as the region asks for them. */
  readonly extra?: Readonly<Record<string, string>>;
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
