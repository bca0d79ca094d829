/* What services of the card need of the world, and how long each part of them may take. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness, Storage } from "../../base/ports.ts";
import type { CardSignatureAnswer } from "../../card/social/card-signature.ts";
import type { SocialKeyTable } from "../../card/social/keys.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey } from "../../crypto/face.ts";
import type { CardChannel, CardReader, PinChanger, PinPad, PinVerifier, SocialPsam } from "../../drivers/ports.ts";
import type { OpenedAgency } from "../agency/open.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Journal, JournalEntry, Movement, Timekeeper } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { InvalidLists } from "../lists/lists.ts";
import type { LocalInvalidList } from "../lists/local.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { SocialCardName } from "../risk/card-links.ts";
import type { ServiceProfile } from "./profile.ts";

/** The agency as services of the card ask it: what became of an earlier request too. */
export type ServiceAgency = Pick<OpenedAgency, "ask" | "outcomeOf">;

/** A card's own SM2 signature over a challenge of the terminal, with the certificates that say whose it is. */
export interface CardSignatureProof {
  /** Has the card sign while its social application is selected. Faults: those of the channel. */
  prove(channel: CardChannel, card: { readonly cardIdentifier: string; readonly today: string }, limits: Limits): Promise<CardSignatureAnswer>;
}

/** The journal, read back: for statements of what was done here. The terminal's own journal has all of it. */
export interface ServiceHistory {
  readonly lastSeq: number;
  movements(fromSeq: number, limit: number): Promise<readonly Movement[]>;
  entries(fromSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  /** Keyed hash by which movements name this card. */
  cardKey(card: string): string;
}

/** What this terminal is, and what else is joined to it: the table of services says by this what is served. */
export interface ServicePlace {
  readonly kind: "counter" | "gate";
  readonly institutionName: string;
  /** Whether medical orders are settled here. */
  readonly medical: boolean;
  /** Whether a bank's acquirer is reached from here. */
  readonly bank: boolean;
  /** Whether purses of the card pay here. */
  readonly quickPayment: boolean;
  /** Whether holders of the card pay less here by an agreement of the merchant; left out: they do not. */
  readonly merchantAgreement?: boolean;
}

export interface CardServiceBounds {
  /** One command to the card or module. */
  readonly commandTimeoutMs: number;
  /** The holder's time at the keypad. */
  readonly pinTimeoutMs: number;
  /** One question to the agency or the insurer. */
  readonly hostTimeoutMs: number;
  readonly journalTimeoutMs: number;
}

export const DEFAULT_SERVICE_BOUNDS: CardServiceBounds = { commandTimeoutMs: 2_000, pinTimeoutMs: 60_000, hostTimeoutMs: 15_000, journalTimeoutMs: 10_000 };

export interface CardServicePorts {
  readonly clock: Clock;
  readonly timekeeper: Timekeeper;
  readonly log: Log;
  readonly journal: Journal;
  readonly history: ServiceHistory;
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
  /** A folder of its own: last known values. */
  readonly storage: Storage;
  /** Keeps last known values from readers of the disk, and makes the keyed hash by which a statement names a card. */
  readonly storageKey: SecretKey;
  /** Signs identity statements. */
  readonly signing: Sm2PrivateKey;
  readonly lane: Lane;
  /** References in flight, shared with sales. */
  readonly sales: SalesInFlight;
  readonly reader: CardReader;
  /** Absent: there is no security module (-2201), so that no card is known to be genuine and nothing of it is served. */
  readonly psam?: SocialPsam;
  /** Cards that sign with a key of their own (SM2); left out: the profile does not assume how, and internal authentication is the proof. */
  readonly cardSignature?: CardSignatureProof;
  readonly pin?: PinVerifier;
  readonly pinChanger?: PinChanger;
  /** Takes a new PIN for whoever sets it: only an encrypted block comes out. */
  readonly pinPad?: PinPad;
  readonly initialPin?: InitialPinRule;
  readonly cardProfile: CardProfile;
  readonly social: Omit<SocialOptions, "profile" | "randomness" | "today" | "isListed">;
  /** Left out: the national list. */
  readonly keyTable?: SocialKeyTable;
  /** Lists of the hosts, without the local one. */
  readonly lists: InvalidLists;
  readonly localList: LocalInvalidList;
  /** Absent: no agency is connected. */
  readonly agency?: ServiceAgency;
  /** Absent: no insurer is connected. */
  readonly medical?: HostPorts;
  readonly profile: ServiceProfile;
  readonly place: ServicePlace;
  /** The keyed hashes by which movements name this card and its purses; left out: that of its number alone. */
  readonly cardKeys?: (card: SocialCardName) => readonly string[];
  /** Told that the issuer's statement of a card was handed out, which ends a stop of its purses; left out: none is ever stopped. Faults: those of the journal. */
  readonly onStatementPrinted?: (cardNumber: string) => Promise<void>;
  /** Whether this operator may activate, reset and unlock; left out: nobody may. */
  readonly isAuthorised?: (operator: string) => boolean;
  readonly bounds?: CardServiceBounds;
}
