/* What is decided by configuration, in the terminal's own words. */
import type { BankSettings, BankTables } from "./bank/terminal-bank.ts";
import type { InitialPinPolicy } from "./card/social/initial-pin.ts";
import type { CardProfile } from "./codec/card-profile.ts";
import type { ElectronicCashSettings } from "./config/electronic-cash.ts";
import type { CounterBounds } from "./medical/counter.ts";
import type { OfflineSettings } from "./medical/offline.ts";
import type { ReconciliationSettings } from "./medical/reconciliation.ts";
import type { PermissionSettings } from "./permission.ts";
import type { RetentionSettings } from "./retention.ts";
import type { ServiceSettings } from "./services/terminal-services.ts";
import type { ShopSettings } from "./shop/terminal-shop.ts";
import type { SyncOptions } from "./sync/sync.ts";
import type { ContributionRules } from "./txn/contributions/types.ts";
import type { DelayedChargeRules } from "./txn/delayed-charge/types.ts";
import type { MedicalProfile } from "./txn/medical-host/profile.ts";
import type { ResolverOptions } from "./txn/medical-purchase/resolver.ts";
import type { MedicalPurchaseRules } from "./txn/medical-purchase/types.ts";
import type { PurseProfile } from "./txn/quick-payment/ports.ts";
import type { QuickPaymentTables } from "./txn/quick-payment/run.ts";
import type { RecoveryRules } from "./txn/recovery/recover.ts";
import type { RiskLimits } from "./txn/risk/limits.ts";

/** How this terminal settles with the medical host. */
export interface MedicalSettings {
  readonly profile: MedicalProfile;
  /** Leading digits of this terminal's message serials; no other terminal of the institution may have them. */
  readonly serialLane: string;
  readonly pinTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly settleTimeoutMs: number;
  /** How long a counter's people and devices may take; left out: those of the counter. */
  readonly counter?: CounterBounds;
  /** Absent: nothing is sold without the insurer, whatever the region allows. */
  readonly offline?: OfflineSettings;
  readonly reconciliation?: ReconciliationSettings;
  /** How open settlements are driven to their end. */
  readonly resolver: Omit<ResolverOptions, "signal" | "rules" | "journalTimeoutMs" | "queryTimeoutMs" | "onResolved">;
}

/** What is decided by configuration. */
export interface TerminalSettings {
  readonly terminalId: string;
  /** How long the journal keeps what is receipted; left out: for ever. */
  readonly retention?: RetentionSettings;
  readonly purse: PurseProfile;
  readonly cardProfile: CardProfile;
  /** Left out: "refuse-initial". */
  readonly initialPinPolicy?: InitialPinPolicy;
  readonly risk: RiskLimits;
  /** Absent: only the limits above count, and no list is kept. */
  readonly permission?: PermissionSettings;
  readonly medical: MedicalSettings;
  /** Absent: this terminal does not offer electronic cash. */
  readonly electronicCash?: ElectronicCashSettings;
  /** Absent: no acquirer is behind this terminal. */
  readonly bank?: BankSettings;
  /** Absent: as everywhere, with no agency. */
  readonly services?: ServiceSettings;
  /** Absent: refunds by the usual rules, and nothing is sold at a keypad. */
  readonly shop?: ShopSettings;
  readonly returnTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly journalTimeoutMs: number;
  readonly sync?: Partial<SyncOptions>;
}

/** Rules of the machines; left out: the real ones. A simulated world exchanges one of them to plant a bug. */
export interface TerminalRules {
  readonly quickPayment?: QuickPaymentTables;
  readonly delayedCharge?: DelayedChargeRules;
  readonly medicalPurchase?: MedicalPurchaseRules;
  readonly recovery?: RecoveryRules;
  readonly bank?: BankTables;
  readonly contribution?: ContributionRules;
}
