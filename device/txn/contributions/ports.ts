/* What contributions need of the world, and how long each part may take. */
import type { Log } from "../../base/log.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { Printer } from "../../drivers/peripherals.ts";
import type { CardReader, PinVerifier, Psam } from "../../drivers/ports.ts";
import type { BankActs } from "../acquiring/acts.ts";
import type { OpenedAgency } from "../agency/open.ts";
import type { Journal } from "../journal/types.ts";
import type { Lane, SalesInFlight } from "../lane.ts";
import type { ContributionRules } from "./types.ts";

export interface ContributionPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly randomness: Randomness;
  readonly agency: OpenedAgency;
  /** Its `pay` waits for the bank card itself and takes the lane for it. */
  readonly bank: Pick<BankActs, "pay" | "takeBack" | "known">;
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly social: Omit<SocialOptions, "randomness" | "today">;
  /** Left out: nobody is asked for the card's PIN. */
  readonly pin?: PinVerifier;
  readonly lane: Lane;
  readonly sales: SalesInFlight;
  /** Left out: slips are printed by whoever asks for them. */
  readonly printer?: Printer;
  /** Where it stands; at the head of slips. */
  readonly place: { readonly institution: string; readonly terminal: string };
  /** Left out: the real ones. */
  readonly rules?: ContributionRules;
}

export interface ContributionBounds {
  /** One command to card or module. */
  readonly commandTimeoutMs: number;
  /** The holder's time at the keypad. */
  readonly pinTimeoutMs: number;
  /** One request to the agency, with the questions about its outcome. */
  readonly agencyTimeoutMs: number;
  /** One act of the bank, with the wait for the card. */
  readonly bankTimeoutMs: number;
  readonly journalTimeoutMs: number;
  readonly printTimeoutMs: number;
  /** First and longest pause between two looks at one open contribution. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
}

export const DEFAULT_CONTRIBUTION_BOUNDS: ContributionBounds = {
  commandTimeoutMs: 2_000,
  pinTimeoutMs: 60_000,
  agencyTimeoutMs: 20_000,
  bankTimeoutMs: 90_000,
  journalTimeoutMs: 10_000,
  printTimeoutMs: 30_000,
  pauseMinMs: 2_000,
  pauseMaxMs: 600_000,
};
