/* What a delayed charge needs of the world, and how long it may take. */

import type { Fen } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { DayRange } from "../../codec/civil-time.ts";
import type { CardReader } from "../../drivers/ports.ts";
import type { Journal, JsonObject } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { ElectronicCashPorts } from "../quick-payment/ports.ts";
import type { Tariff } from "../quick-payment/tariff.ts";
import type { RiskGuard } from "../risk/guard.ts";
import type { RiskLimits } from "../risk/limits.ts";
import type { SaleTimes } from "../sale-time.ts";
import type { SeenCards } from "./seen-cards.ts";
import type { DelayedChargeProfile } from "./settings.ts";

export interface DelayedChargePorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly reader: CardReader;
  readonly lane: Lane;
  /** Shared by all lanes of the terminal, and with quick payments: a reference names one thing. */
  readonly sales: SalesInFlight;
  /** Shared by all lanes of the terminal. */
  readonly saleTimes: SaleTimes;
  /** Lists and limits of this place; left out: only the limits of the terminal count. */
  readonly guard?: RiskGuard;
  /** Days that it may be, by which cards are judged; left out: the one that the wall clock shows. */
  readonly saleDays?: () => DayRange;
  /** Keys of the authorities, and who this terminal is to bank cards. */
  readonly cash: ElectronicCashPorts;
  /** 6 bytes: the module's terminal number. */
  readonly terminalNumber: Uint8Array;
  readonly seen: SeenCards;
  readonly profile: DelayedChargeProfile;
}

export interface DelayedChargeRequest {
  /** As of a quick payment: the same reference is the same ride and is owed once. */
  readonly reference: string;
  /** Zero where nothing is owed yet, as at an entry, and where a tariff says it. */
  readonly amount: Fen;
  /**
   * Asked about the card once it is known and nothing speaks against it. The card holds no journey, so that it can only price rides that begin
   * and end with this tap; what it would write on a card is not written.
   */
  readonly tariff?: Tariff;
  /** Where and how the holder travels, for the host. No personal data. */
  readonly trip?: JsonObject;
}

/** `timeoutMs` bounds the wait for a card and everything up to the record. */
export interface DelayedChargeLimits extends Limits {
  /** One command to the card. */
  readonly commandTimeoutMs: number;
  /** One durable entry. */
  readonly journalTimeoutMs: number;
  readonly risk: RiskLimits;
}
