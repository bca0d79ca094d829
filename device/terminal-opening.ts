/*
 * Goal: everything that one life of a terminal stands on is open, and what the last life left is settled, before anything is joined on top.
 * Method: journal, permission, times, ids, recovery, lease, rules and sync, each after what it reads. Nothing sends or sells yet.
 */
import { openPermission, type Permission } from "./permission.ts";
import { type CardRules, openCardRules } from "./services/local-rules.ts";
import { openSync, type Sync } from "./sync/sync.ts";
import type { TerminalParts } from "./terminal-parts.ts";
import { openJournal, type TerminalJournal } from "./txn/journal/journal.ts";
import { type MessageIds, openMessageIds } from "./txn/medical-host/message-id.ts";
import { recoverAtStart } from "./txn/recovery/recover.ts";
import { type OfflineLease, openOfflineLease } from "./txn/risk/lease.ts";
import { openSaleTimes, type SaleTimes } from "./txn/sale-time.ts";

export interface Opened {
  readonly journal: TerminalJournal;
  readonly saleTimes: SaleTimes;
  readonly messageIds: MessageIds;
  readonly lease: OfflineLease;
  readonly permission: Permission;
  readonly cardRules: CardRules;
  readonly sync: Sync;
}

/** Running time of the offline lease that is made durable ahead. */
const LEASE_RESERVE_MS = 300_000;

/** `isAccountListed`: what the acquirer refuses everywhere, asked at each sale. Faults: those of the journal. */
export async function openParts(parts: TerminalParts, isAccountListed: (account: string) => boolean): Promise<Opened> {
  const { settings, clock, randomness, suite, storageKey, store, log, documents } = parts;
  const journal = await openJournal({ store, clock, randomness, suite, storageKey, terminalId: settings.terminalId, log });
  let host: { readonly hostPresent: () => boolean } = { hostPresent: () => false };
  const permission = await openPermission({
    ...{ clock, journal, log, suite, storageKey, settings: settings.permission, places: documents, machine: parts.machine },
    localList: parts.services?.losses,
    isAccountListed,
    fares: parts.gate === undefined ? undefined : { book: parts.gate.fares, lanes: parts.gate.lanes.map(({ settings: lane }) => lane) },
    hostPresent: () => host.hostPresent(),
  });
  const { trust } = permission;
  const saleTimes = await openSaleTimes(journal);
  const messageIds = await openMessageIds(journal, { institution: settings.medical.profile.sender.institution, serialLane: settings.medical.serialLane });
  await recoverAtStart({ journal, log }, parts.rules?.recovery);
  const lease = await openOfflineLease({ clock, journal, log }, { leaseMs: settings.medical.offline?.leaseMs ?? 0, reserveMs: LEASE_RESERVE_MS });
  const cardRules = await openCardRules({ journal, clock: trust.clock, suite, storageKey, log }, settings);
  const sync = openSync({
    ...{ journal, link: parts.link, clock, randomness, suite, keys: parts.syncKeys, sealer: parts.sealer, log, onTurn: parts.onUplinkTurn },
    onHostHeard: (hostTimeMs) => {
      void lease.heard(hostTimeMs);
      void trust.heard(hostTimeMs);
    },
    ...(documents === undefined ? {} : { downlink: { storage: documents.fetching, region: documents.region } }),
    ...(settings.sync === undefined ? {} : { options: settings.sync }),
    ...(parts.state === undefined ? {} : { state: parts.state }),
    ...(parts.onReconnectWindow === undefined ? {} : { onReconnectWindow: parts.onReconnectWindow }),
  });
  host = sync.uplink;
  const takers = (await parts.takers?.({ journal, urge: () => sync.urge() })) ?? [];
  for (const taker of [...permission.takers, ...takers]) sync.downlink?.register(taker);
  return { journal, saleTimes, messageIds, lease, permission, cardRules, sync };
}
