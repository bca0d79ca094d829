/* What a quick payment needs of the world, and how long it may take. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { AuthenticationPorts } from "../../card/electronic-cash/authentication.ts";
import type { IndustrySigner } from "../../card/electronic-cash/industry.ts";
import type { KnownCashCards } from "../../card/electronic-cash/known-cards.ts";
import type { RecordKey } from "../../card/electronic-cash/record-signer.ts";
import type { CashTerminal } from "../../card/electronic-cash/types.ts";
import type { PurseApplication } from "../../card/purse/types.ts";
import type { StaticTransitCache } from "../../card/transit/static-cache.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import type { CardReader, PinVerifier, Psam, SocialPsam, TransitPsam } from "../../drivers/ports.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { Journal } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { CardLinks } from "../risk/card-links.ts";
import type { LocalRuling, RiskGuard, RuledByPlace } from "../risk/guard.ts";
import type { RiskLimits } from "../risk/limits.ts";
import type { SaleTimes } from "../sale-time.ts";
import type { OpenSales } from "./open-sales.ts";

/** How this region's purses are spoken to. */
export interface PurseProfile {
  /** Applications in the order of trying. */
  readonly applications: readonly PurseApplication[];
  /** Key index of INITIALIZE FOR PURCHASE. */
  readonly keyIndex: number;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
}

/** Takes the card's PIN without showing it, within its own time. */
export interface PinEntry {
  readonly verifier: PinVerifier;
  readonly timeoutMs: number;
}

/** What the medical purse needs besides card and module. */
export interface MedicalPursePorts {
  /** The module of the place, where it keeps the keys of this purse too. */
  readonly psam: SocialPsam;
  readonly randomness: Randomness;
  /** Key index of INITIALIZE FOR PURCHASE. */
  readonly keyIndex: number;
  /** "off": the region lets nobody pay by the card alone; what was paid before is still proved. "card-flags": each card says whether it may. */
  readonly alone: "off" | "card-flags";
  /** Absent where this place has no way to take the card's PIN: cards that have one set are then refused. */
  readonly pin?: PinEntry;
  /** Left out: a card pays unless its PIN is known to be the initial one, and nobody has said so of any. */
  readonly initialPin?: InitialPinRule;
}

/** How this place blocks a card that a signed order names. */
export interface CardBlocking {
  /** The module that has the key of such commands. */
  readonly psam: TransitPsam;
  /** "temporary": its issuer can lift the block again. */
  readonly duration: "temporary" | "permanent";
}

/** What transit accounts need besides card and module. */
export interface TransitPorts {
  /** City of the place, 4 hexadecimal digits: a card of another city travels here where it is open to others. */
  readonly city: string;
  /** What never changes on a card, read once; all lanes of a terminal share it. */
  readonly cache: StaticTransitCache;
}

/** What electronic cash needs besides the card: keys of the authorities to verify cards with, and who this terminal is to them. */
export interface ElectronicCashPorts extends AuthenticationPorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly profile: CardProfile;
  readonly terminal: CashTerminal;
  /** Names in the order of trying, hexadecimal; left out: those of the specification. */
  readonly applicationIds?: readonly string[];
  /** Makes the MACs of industry records; left out: this place takes no sales that change one. */
  readonly industrySigner?: IndustrySigner;
  /** The key of industry records in each place's own module, which makes {@link industrySigner} of it. */
  readonly recordKey?: RecordKey;
  /** What is remembered of cards, shared by all lanes of the terminal; left out: nothing is. */
  readonly knownCards?: KnownCashCards;
  /** Open sales of electronic cash, shared in the same way. */
  readonly openSales?: OpenSales;
  /** Who clears these sales; left out: the settlement host. What the acquirer clears is told to it by uploads, and is information for everybody else. */
  readonly clearing?: "acquirer";
}

/** How a purse is known as a part of its social card. */
export interface SocialCardPorts {
  readonly links: Pick<CardLinks, "of" | "learn">;
  /** Whether a purse that nobody has asked yet is asked: it costs some commands once. Where it is not, known purses are known all the same. */
  readonly asks: boolean;
  readonly profile: Pick<CardProfile, "purseSocialCard">;
}

export interface QuickPaymentPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly psam: Psam;
  readonly reader: CardReader;
  readonly lane: Lane;
  /** Shared by all lanes of the terminal. */
  readonly sales: SalesInFlight;
  /** Shared by all lanes of the terminal. */
  readonly saleTimes: SaleTimes;
  /** Lists and limits of this place; left out: only the limits of the terminal count. */
  readonly guard?: RiskGuard;
  /** What rules of the region or city make of a sale; left out: there are none. Faults: those of the journal. */
  readonly localRules?: (sale: RuledByPlace) => Promise<LocalRuling>;
  /** Whose card a purse is on; left out: known of cards alone that say it with their purse. */
  readonly socialCard?: SocialCardPorts;
  /** Days that it may be, by which cards are judged; left out: the one that the wall clock shows. */
  readonly saleDays?: () => DayRange;
  /** The PBOC purse application. */
  readonly purse: PurseProfile;
  /** Answers to what the specifications leave open; left out: the most likely ones. */
  readonly cardProfile?: CardProfile;
  /** Absent where no journey is priced here. */
  readonly transit?: TransitPorts;
  /** Left out: this place blocks no card, whatever a list asks for. */
  readonly blocksListedCards?: CardBlocking;
  /** Absent where this place does not offer the medical purse. */
  readonly medicalPurse?: MedicalPursePorts;
  /** Absent where this place does not offer electronic cash. */
  readonly electronicCash?: ElectronicCashPorts;
}

/** `timeoutMs` bounds the wait for the first card and everything up to the debit; `signal` gives the sale up until then. */
export interface QuickPaymentLimits extends Limits {
  /** How long the card of a torn debit is waited for, from the moment it is known to be torn. */
  readonly returnTimeoutMs: number;
  /** One command to card or module. */
  readonly commandTimeoutMs: number;
  /** One durable entry. */
  readonly journalTimeoutMs: number;
  readonly risk: RiskLimits;
}
