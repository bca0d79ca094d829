/* What a quick payment needs of the world, and how long it may take. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { PurseApplication } from "../../card/purse/types.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardReader, Psam } from "../../drivers/ports.ts";
import type { Journal } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { RiskLimits } from "../risk/limits.ts";
import type { SaleTimes } from "../sale-time.ts";

/** How this region's purses are spoken to. */
export interface PurseProfile {
  /** Applications in the order of trying. */
  readonly applications: readonly PurseApplication[];
  /** Key index of INITIALIZE FOR PURCHASE. */
  readonly keyIndex: number;
  readonly proveSeqOrder: CardProfile["proveSeqOrder"];
}

/** What it takes to decide an open sale from its card. */
export interface ResolvingPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly purse: PurseProfile;
  readonly log: Log;
}

export interface QuickPaymentPorts extends ResolvingPorts {
  readonly psam: Psam;
  readonly reader: CardReader;
  readonly lane: Lane;
  /** Shared by all lanes of the terminal. */
  readonly sales: SalesInFlight;
  /** Shared by all lanes of the terminal. */
  readonly saleTimes: SaleTimes;
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
