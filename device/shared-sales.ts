/* What all lanes of a terminal have in common, out of its parts and what was opened of them. */
import { initialPinRule } from "./card-ports.ts";
import type { Permission } from "./permission.ts";
import type { SharedSales } from "./sale-lane.ts";
import type { CardRules } from "./services/local-rules.ts";
import type { TerminalParts } from "./terminal-parts.ts";
import { openSeenCards } from "./txn/delayed-charge/seen-cards.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import type { SalesInFlight } from "./txn/lane.ts";
import type { ElectronicCashPorts } from "./txn/quick-payment/ports.ts";
import type { SaleTimes } from "./txn/sale-time.ts";
import type { TapTimelines } from "./txn/tap-timeline/timelines.ts";

export interface OpenedSales {
  readonly journal: TerminalJournal;
  readonly saleTimes: SaleTimes;
  readonly permission: Permission;
  readonly inFlight: SalesInFlight;
  readonly taps: TapTimelines;
  readonly electronicCash: ElectronicCashPorts | undefined;
  readonly cardRules: CardRules;
}

export function sharedSales(parts: TerminalParts, opened: OpenedSales): SharedSales {
  const { settings, rules, clock, randomness, log, suite, storageKey } = parts;
  const { journal, saleTimes, permission, inFlight, taps, electronicCash, cardRules } = opened;
  const { trust, guard } = permission;
  const { links: cardLinks, sales } = cardRules;
  const { blocks } = settings.permission ?? {};
  const { purse, cardProfile, returnTimeoutMs, commandTimeoutMs, journalTimeoutMs, risk, medical } = settings;
  return {
    ...{ clock, randomness, log, journal, inFlight, saleTimes, purse, cardProfile, taps },
    initialPin: initialPinRule(parts),
    bounds: { returnTimeoutMs, commandTimeoutMs, journalTimeoutMs, risk },
    pinTimeoutMs: medical.pinTimeoutMs,
    chargedCards: openSeenCards({ journal, suite, key: storageKey }),
    saleDays: () => trust.saleDays(),
    provedMs: () => trust.provedMs(),
    ...(guard === undefined ? {} : { guard }),
    ...(sales === undefined ? {} : { localRules: (sale) => sales.rule(sale) }),
    cardLinks,
    offlineMedicalCard: settings.services?.profile.offlineMedicalCard ?? "off",
    ...(parts.door === undefined ? {} : { door: parts.door }),
    ...(parts.moduleOpening === undefined ? {} : { moduleOpening: parts.moduleOpening }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(electronicCash === undefined ? {} : { electronicCash }),
    ...(rules?.quickPayment === undefined ? {} : { rules: rules.quickPayment }),
    ...(rules?.delayedCharge === undefined ? {} : { rideRules: rules.delayedCharge }),
  };
}
