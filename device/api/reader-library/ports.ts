/* What the reader library needs of the terminal: the place where the card lies, and the acts that move money or change the card. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { SocialKeyTable } from "../../card/social/keys.ts";
import type { SocialOptions } from "../../card/social/read-identity.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { CardReader, PinVerifier, SocialPsam } from "../../drivers/ports.ts";
import type { CardServiceActs } from "../../txn/card-services/acts.ts";
import type { InitialPinRule } from "../../txn/initial-pin.ts";
import type { Journal } from "../../txn/journal/types.ts";
import type { Lane } from "../../txn/lane.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import type { SaleRequest } from "../../txn/sale-request.ts";
import type { ProviderName } from "./providers.ts";

export interface ReaderLibraryBounds {
  /** How long a call waits for a card to be put in. */
  readonly cardTimeoutMs: number;
  /** One command to the card or module. */
  readonly commandTimeoutMs: number;
  /** The holder's time at the keypad. */
  readonly pinTimeoutMs: number;
  /** How long the card of a first step waits for the next one. */
  readonly stepTimeoutMs: number;
  /** A sale, up to its debit. */
  readonly saleTimeoutMs: number;
  /** A service that asks a host. */
  readonly serviceTimeoutMs: number;
}

export const DEFAULT_LIBRARY_BOUNDS: ReaderLibraryBounds = {
  cardTimeoutMs: 5_000,
  commandTimeoutMs: 2_000,
  pinTimeoutMs: 60_000,
  stepTimeoutMs: 60_000,
  saleTimeoutMs: 90_000,
  serviceTimeoutMs: 90_000,
};

export interface ReaderLibraryPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly randomness: Randomness;
  readonly suite: Pick<CipherSuite, "sm3">;
  /** The reader of the counter, shared with its sales and services: whoever has the lane has the card. */
  readonly reader: CardReader;
  readonly lane: Lane;
  /** The module of the counter, opened when it is first asked for. Faults: whatever keeps it from being opened. */
  readonly module: (limits: Limits) => Promise<SocialPsam>;
  /** Absent where nobody can type a PIN. */
  readonly pin?: PinVerifier;
  /** Left out: as everywhere. */
  readonly initialPin?: InitialPinRule;
  readonly cardProfile: CardProfile;
  /** Left out: the national list. */
  readonly keyTable?: SocialKeyTable;
  /** Lists and rules by which cards are judged; left out: none. */
  readonly social?: Omit<SocialOptions, "profile" | "randomness" | "today">;
  /** YYYYMMDD, by which cards are judged. */
  readonly today: () => string;
  /** Left out: nothing that they do is offered. */
  readonly services?: Pick<CardServiceActs, "perform">;
  /** One sale from a purse of the card: the terminal's own flow, with its journal and its limits. */
  readonly sell: (request: SaleRequest, limits: Limits) => Promise<QuickPaymentOutcome>;
  readonly journal: Pick<Journal, "mark" | "entriesOf">;
  /** Told as the number of the device. */
  readonly deviceNumber: string;
  readonly provider: ProviderName;
  readonly bounds?: ReaderLibraryBounds;
}
