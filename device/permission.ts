/*
 * Goal: what a terminal may do without its host, and what it knows about that: the time, the invalid lists, the host's permission with its
 * limits, and the fare tables that the host has published.
 * Method: all of it is opened over the journal before any lane, hears of documents from the host, and answers at once when a flow asks.
 */
import type { Log } from "./base/log.ts";
import type { Clock, Storage } from "./base/ports.ts";
import type { CipherSuite, SecretKey } from "./crypto/face.ts";
import { type ClockTrust, DEFAULT_CLOCK_TRUST, type MachineUptime, openClockTrust } from "./txn/clock-trust/clock-trust.ts";
import type { FareBook } from "./txn/fares/fares.ts";
import { type ConfiguredFares, openPublishedFares } from "./txn/fares/published.ts";
import type { DocumentTaker } from "./txn/hosts.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import type { InvalidLists, ListKey, ListState } from "./txn/lists/lists.ts";
import { type LocalInvalidList, openLocalList, withLocalList } from "./txn/lists/local.ts";
import { type InvalidListsParts, type LossRules, openInvalidLists } from "./txn/lists/open.ts";
import type { CardBlocking } from "./txn/quick-payment/ports.ts";
import type { ExposureView } from "./txn/risk/exposure-view.ts";
import { type LeaseView, openRiskGuard, type RiskPolicy, type TerminalRiskGuard } from "./txn/risk/open-guard.ts";

/** What is decided by configuration. */
export interface PermissionSettings {
  readonly policy: RiskPolicy;
  readonly lossRules: LossRules;
  /** The machine has a clock with a battery that nobody sets. */
  readonly batteryClock: boolean;
  /** How a card is blocked that a signed order of a list names; absent: none is. */
  readonly blocks?: CardBlocking["duration"];
}

/** Where documents of the host are kept: folders of their own, each of them. */
export interface DocumentPlaces {
  /** Parts of documents that are still being fetched. */
  readonly fetching: Storage;
  readonly lists: Storage;
  readonly fares: Storage;
  /** Region whose documents are for this terminal, six digits. */
  readonly region: string;
  /** Threads that make lists, or none where everything is one thread. */
  readonly openWorkshop: InvalidListsParts["openWorkshop"];
}

export interface PermissionParts {
  readonly clock: Clock;
  readonly journal: TerminalJournal;
  readonly log: Log;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  /** Absent: only the limits of the terminal count. */
  readonly settings: PermissionSettings | undefined;
  /** Absent: nothing is taken from the host. */
  readonly places: DocumentPlaces | undefined;
  /** Absent: a restart of the service counts as a power cut. */
  readonly machine: MachineUptime | undefined;
  /** Where losses that were reported here are kept, a folder of its own; absent: none are. */
  readonly localList?: Storage | undefined;
  /** Whether a bank account is refused everywhere by its acquirer's list; left out: none is. */
  readonly isAccountListed?: (account: string) => boolean;
  /** Fare tables of the configuration; those that the host publishes take their place. */
  readonly fares: ConfiguredFares | undefined;
  readonly hostPresent: () => boolean;
}

/** For people. */
export interface PermissionView {
  readonly exposure: ExposureView;
  readonly lease: LeaseView;
  readonly lists: readonly ListState[];
}

export interface Permission {
  readonly trust: ClockTrust;
  readonly guard: TerminalRiskGuard | undefined;
  readonly fares: FareBook | undefined;
  /** Lists of the hosts, without the local one. */
  readonly lists: InvalidLists;
  /** Losses that were reported here. */
  readonly localList: LocalInvalidList | undefined;
  /** Whether any list names this social security card. */
  readonly isListed: (card: { readonly cardIdentifier: string; readonly cardNumber: string }) => boolean;
  /** To be registered with the downlink. */
  readonly takers: readonly DocumentTaker[];
  view(): PermissionView | undefined;
  close(): Promise<void>;
}

/** Opened before the recovery: from now on the journal takes its time from here. Faults: those of the journal and of the storages. */
export async function openPermission(parts: PermissionParts): Promise<Permission> {
  const { clock, journal, log, settings, machine, places, hostPresent } = parts;
  const options = { ...DEFAULT_CLOCK_TRUST, batteryClock: settings?.batteryClock ?? false };
  const trust = await openClockTrust({ clock, journal, log, ...(machine === undefined ? {} : { machine }) }, options);
  journal.keepTimeBy(trust);
  const trustedTodayOrUndefined = () => trust.trustedDay()?.earliest;
  const listed =
    places === undefined || settings === undefined
      ? undefined
      : await openInvalidLists({ ...parts, ...places, storage: places.lists, rules: settings.lossRules, trustedTodayOrUndefined, hostPresent });
  const localList = await openLosses(parts, trust);
  const lists = listed?.lists ?? NO_LISTS;
  const known = knownLists(parts, lists, localList);
  const guard = settings === undefined ? undefined : await openGuard(parts, settings, { trust, lists: known });
  const published = places === undefined || parts.fares === undefined ? undefined : await openPublishedFares({ storage: places.fares, log }, parts.fares);
  return {
    trust,
    guard,
    fares: published?.book ?? parts.fares?.book,
    lists,
    localList,
    isListed: ({ cardIdentifier, cardNumber }) =>
      known.find([
        { number: "card-identifier", value: cardIdentifier },
        { number: "card-number", value: cardNumber },
      ]) !== undefined,
    takers: [...(listed?.takers ?? []), ...(guard === undefined ? [] : [guard.leaseTaker]), ...(published === undefined ? [] : [published.taker])],
    view: () => (guard === undefined ? undefined : { exposure: guard.exposure(), lease: guard.lease(), lists: listed?.lists.states() ?? [] }),
    close: async () => {
      await listed?.close();
    },
  };
}

/** A place to which no host gives lists. */
const NO_LISTS: InvalidLists = { find: () => undefined, states: () => [] };

/** Every list there is, as one question. */
function knownLists({ isAccountListed }: PermissionParts, lists: InvalidLists, localList: LocalInvalidList | undefined): InvalidLists {
  const withLosses = localList === undefined ? lists : withLocalList(lists, localList);
  if (isAccountListed === undefined) return withLosses;
  const hit = { level: "local", how: "exact", blockOrdered: false } as const;
  const byAcquirer = (keys: readonly ListKey[]) => (keys.some(({ number, value }) => number === "account-number" && isAccountListed(value)) ? hit : undefined);
  return { find: (keys) => withLosses.find(keys) ?? byAcquirer(keys), states: () => lists.states() };
}

async function openLosses(parts: PermissionParts, trust: ClockTrust): Promise<LocalInvalidList | undefined> {
  const { localList: storage, suite, storageKey, log, hostPresent, settings } = parts;
  if (storage === undefined) return undefined;
  const { lapseWhileOffline = false } = settings?.lossRules ?? {};
  return openLocalList({ storage, suite, storageKey, log, hostPresent, lapseWhileOffline, trustedMsOrUndefined: () => trust.bounds()?.earliestMs });
}

function openGuard(
  { clock, journal, log }: PermissionParts,
  { policy }: PermissionSettings,
  known: { readonly trust: ClockTrust; readonly lists: InvalidLists },
): Promise<TerminalRiskGuard> {
  const { trust, lists } = known;
  return openRiskGuard({ clock, journal, trust, policy, log, lists });
}
