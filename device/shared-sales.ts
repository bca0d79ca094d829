/* What all lanes of a terminal have in common, out of its parts and what was opened of them. */
import { initialPinRule } from "./card-ports.ts";
import type { Permission } from "./permission.ts";
import type { SharedSales } from "./sale-lane.ts";
import type { RuledSales } from "./services/local-rules.ts";
import type { TerminalParts } from "./terminal-parts.ts";
import { openSeenCards } from "./txn/delayed-charge/seen-cards.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import type { SalesInFlight } from "./txn/lane.ts";
import type { ElectronicCashPorts } from "./txn/quick-payment/ports.ts";
import type { CardLinks } from "./txn/risk/card-links.ts";
import type { SaleTimes } from "./txn/sale-time.ts";
import type { TapTimelines } from "./txn/tap-timeline/timelines.ts";

export interface OpenedSales {
  readonly journal: TerminalJournal;
  readonly saleTimes: SaleTimes;
  readonly permission: Permission;
  readonly inFlight: SalesInFlight;
  readonly taps: TapTimelines;
  readonly electronicCash: ElectronicCashPorts | undefined;
  readonly localRules: RuledSales | undefined;
  readonly cardLinks: CardLinks;
}

export function sharedSales(parts: TerminalParts, opened: OpenedSales): SharedSales {
  const { settings, rules, clock, randomness, log, suite, storageKey } = parts;
  const { journal, saleTimes, permission, inFlight, taps, electronicCash, localRules, cardLinks } = opened;
  const { trust, guard } = permission;
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
    ...(localRules === undefined ? {} : { localRules: (sale) => localRules.rule(sale) }),
    cardLinks,
    ...(parts.door === undefined ? {} : { door: parts.door }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(electronicCash === undefined ? {} : { electronicCash }),
    ...(rules?.quickPayment === undefined ? {} : { rules: rules.quickPayment }),
  };
}
