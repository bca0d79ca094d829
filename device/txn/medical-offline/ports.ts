/*
 * The sale without the insurer, as an order calls it.
 *
 * 1. {@link RunOfflineSale} after an online settlement has ended without an answer *and without having been sent*: an unknown settlement
 *    blocks its order. It reads the card, verifies the PIN on it, works out figures that are not final, asks the desk which way it is settled
 *    afterwards, writes the intent, takes the whole amount through {@link Tenders}, and ends. Asked again with the same reference it takes up
 *    what rests and tells what has ended; it never takes more than the amount.
 * 2. {@link SettleLater} when the insurer answers again: a new online settlement under the reference that was fixed at the sale, then what
 *    the insurer pays is due to the holder.
 * 3. {@link PayRefund} hands it out.
 * 4. {@link GiveBackOffline} takes the whole sale back before it was settled. After that an order voids the settlement itself.
 *
 * One subject of kind "offline-medical" tells all of it: "prepared" while it is being paid, "acting" while something is owed (the later
 * settlement, a refund), "done" when nothing is, "void" when all was given back. Tenders are `<order>.t<n>`, from the first number that
 * `Tenders.known` has never heard of; what is handed out is `<reference>.r1`, and its own record, not a note about it, says that it was.
 * Where the order as a whole is given back (its refund `<order>.r1` is there), nothing is due here any more.
 */
import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { CardReader, PinVerifier, Psam } from "../../drivers/ports.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Journal, JournalEntry } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { Credential, OrderItem, Prescription } from "../medical-desk/basket.ts";
import type { CounterDesk, OfflineChoice, ProvisionalFigures, TenderKind } from "../medical-desk/desk.ts";
import type { RegionSwitches } from "../medical-host/profile.ts";
import type { MedicalPurchaseRequest } from "../medical-purchase/ports.ts";
import type { MedicalOutcome, MedicalReason } from "../medical-purchase/types.ts";
import type { Tenders } from "../tender/tender.ts";

/** What the terminal knows of an item by itself; an item that it does not know counts as class C. */
export interface CatalogueItem {
  readonly class: "A" | "B" | "C";
  /** First self-pay in 1e-4. */
  readonly selfPayE4: number;
  /** Highest unit price that counts, in yuan as decimal text. */
  readonly priceLimit?: string;
}

export interface ItemCatalogue {
  item(nationalCode: string): CatalogueItem | undefined;
}

/** Whether the settlement host's word to sell offline still holds; see device/txn/risk/lease.ts. */
export interface OfflinePermission {
  /** Undefined: it holds. Faults: none. */
  refusal(): "lease-expired" | undefined;
}

/** Limits of all sales without the insurer that the settlement host has not receipted, this one included. */
export interface OfflineExposureLimits {
  readonly amountPerSaleFen: Fen;
  readonly unreceiptedCount: number;
  readonly unreceiptedSumFen: Fen;
}

export interface OfflinePorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly pin: PinVerifier;
  readonly initialPin?: InitialPinRule;
  readonly randomness: Randomness;
  readonly social: Omit<SocialOptions, "randomness" | "today">;
  /** Held while the card is identified and its PIN verified, not while tenders are taken: those take it themselves. */
  readonly lane: Lane;
  readonly sales: SalesInFlight;
  readonly tenders: Tenders;
  readonly region: Pick<RegionSwitches, "offline" | "password">;
  readonly exposure: OfflineExposureLimits;
  readonly permission: OfflinePermission;
  /** What the holder is shown as the insurer's part; never final. */
  readonly estimate: (request: OfflineSaleRequest) => ProvisionalFigures;
}

/** `timeoutMs` bounds the wait for the card. */
export interface OfflineLimits extends Limits {
  readonly commandTimeoutMs: number;
  readonly pinTimeoutMs: number;
  /** One question to the counter. */
  readonly answerTimeoutMs: number;
  /** One tender. */
  readonly tenderTimeoutMs: number;
  readonly journalTimeoutMs: number;
}

export interface OfflineSaleRequest {
  /** Reference of this sale: `<order reference>.o1`. What has ended under it stays ended; another attempt is `.o2`. */
  readonly reference: string;
  /** Reference of the order. */
  readonly order: string;
  /** Reference that the later settlement will have, fixed now, so that it can never be settled under two names: the next free `<order reference>.s<n>`. */
  readonly settlementReference: string;
  readonly operator: string;
  /** Only a card tells without the insurer who its holder is. */
  readonly credential: Credential;
  readonly amount: Fen;
  readonly items: readonly OrderItem[];
  readonly invoiceNumber: string;
  readonly usesAccount: boolean;
  readonly visit: "pharmacy" | "outpatient";
  readonly medicalType: string;
  readonly disease?: { readonly code: string; readonly name: string };
  readonly insuranceType?: string;
  readonly prescription?: Prescription;
  readonly clinic?: MedicalPurchaseRequest["clinic"];
  /** What pays without asking, in this order, each once in a run and whole; then the desk is asked. */
  readonly tenders: readonly TenderKind[];
  /** Why the insurer could not be asked, for the record; whoever calls has told the desk. */
  readonly why: string;
}

export type OfflineReason = MedicalReason | "offline-not-allowed" | "offline-needs-card" | "offline-limit" | "lease-expired" | "tender-failed";

export type OfflineStage =
  /** Being paid; resumed by asking for the sale again. */
  | "paying"
  /** Paid in full; the terminal still has to settle it with the insurer. */
  | "settlement-due"
  /** The insurer has paid its part: that much is due to the holder. */
  | "refund-due"
  /** Given up: what was paid is due to the holder. */
  | "give-back-due"
  /** Nothing is owed any more. */
  | "ended"
  /** All was given back, or nothing was ever taken. */
  | "void";

/** An offline sale as its durable entries tell it. */
export interface OfflineView {
  readonly subject: string;
  readonly reference: string;
  readonly order: string;
  readonly amount: Fen;
  readonly stage: OfflineStage;
  /** Exactly one, and the same for ever. */
  readonly choice: OfflineChoice;
  readonly figures: ProvisionalFigures;
  readonly settlementReference: string;
  /** First number of a tender of this sale. */
  readonly firstTender: number;
  /** The later settlement, once the insurer has booked it. `cash` is what it leaves to its holder. */
  readonly settlement?: { readonly subject: string; readonly settlementId: string; readonly cash: Fen };
  /** What the counter still has to hand out; zero in every other stage than "refund-due" and "give-back-due". */
  readonly refundDue: Fen;
  /** What the counter has handed out. */
  readonly refunded: Fen;
  /** Its subject still awaits an entry. */
  readonly open: boolean;
}

export type OfflineOutcome =
  /** Paid in full, now or earlier: goods may go. */
  | { readonly kind: "paid"; readonly sale: OfflineView }
  /** Nothing was written and nothing was taken. */
  | { readonly kind: "refused"; readonly reason: OfflineReason; readonly triesLeft?: number }
  /** Given up by the counter; nothing is held of it, unless `sale.refundDue` says what could not be handed out yet. */
  | { readonly kind: "cancelled"; readonly sale: OfflineView }
  /** Nobody answered, or a tender could not be written: asking again takes it up. */
  | { readonly kind: "resting"; readonly subject: string; readonly paid: Fen; readonly rest: Fen; readonly reason: OfflineReason }
  /** A tender is not decided: nothing further is taken until it is. */
  | { readonly kind: "unknown"; readonly subject: string; readonly reason: string }
  | { readonly kind: "no-card"; readonly reason?: string };

/**
 * What the online settlement of such a sale is asked for: the basket of the sale, the credential of now. `asRead` is the card that was read
 * at the sale, where the region settles without the holder.
 */
export type LaterSettlementRequest = MedicalPurchaseRequest;

export interface LaterPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly sales: SalesInFlight;
  readonly tenders: Tenders;
  readonly region: Pick<RegionSwitches, "offline">;
  /** runMedicalPurchase with its ports. */
  readonly settle: (request: LaterSettlementRequest, limits: Limits) => Promise<MedicalOutcome>;
}

export interface LaterLimits extends Limits {
  readonly journalTimeoutMs: number;
}

export interface LaterRequest {
  /** Reference of the offline sale. */
  readonly reference: string;
  readonly operator: string;
  /** The holder's credential; left out only where the region settles with what was read at the sale. */
  readonly credential?: Credential;
  readonly desk?: CounterDesk;
}

export type LaterReason =
  | MedicalReason
  | "sale-unknown"
  /** It is not paid in full yet, or was given up. */
  | "sale-not-paid"
  /** Its holder has a slip: it is settled by hand, never here. */
  | "left-to-holder"
  | "credential-missing"
  | "nothing-due"
  | "already-settled"
  | "settlement-unknown"
  | "tender-unknown";

export type LaterOutcome =
  /** `sale.refundDue` is what the counter owes now; zero when nothing is. */
  | { readonly kind: "settled"; readonly sale: OfflineView; readonly outcome?: MedicalOutcome }
  | { readonly kind: "refused"; readonly reason: LaterReason; readonly message?: string; readonly triesLeft?: number; readonly choices?: readonly string[] }
  /** The insurer may have booked; it is resolved in the background, then asked for again. */
  | { readonly kind: "unknown"; readonly reason: LaterReason }
  | { readonly kind: "no-card"; readonly reason?: string };

export type RefundOutcome = { readonly kind: "paid"; readonly sale: OfflineView } | { readonly kind: "refused"; readonly reason: LaterReason };

/** Sells without the insurer, once for each reference. Never rejects for what the world does. */
export type RunOfflineSale = (
  ports: OfflinePorts,
  request: OfflineSaleRequest,
  act: { readonly desk: CounterDesk; readonly limits: OfflineLimits },
) => Promise<OfflineOutcome>;
/** Settles with the insurer what was sold without it. Asking again is the same settlement. Never rejects for what the world does. */
export type SettleLater = (ports: LaterPorts, request: LaterRequest, limits: LaterLimits) => Promise<LaterOutcome>;
/** The counter hands out what is due. Asking again is the same refund. Never rejects for what the world does. */
export type PayRefund = (
  ports: Omit<LaterPorts, "settle">,
  request: Pick<LaterRequest, "reference" | "operator">,
  limits: LaterLimits,
) => Promise<RefundOutcome>;
/** Takes a paid sale back that was not settled yet: all that was paid is due, and handed out. */
export type GiveBackOffline = PayRefund;
/** How an offline sale stands, from the entries of its subject; undefined where they tell of none. */
export type ReadOffline = (entries: readonly JournalEntry[]) => OfflineView | undefined;
/** The same by its reference. Faults: those of the journal. */
export type FindOffline = (journal: Journal, reference: string) => Promise<OfflineView | undefined>;
