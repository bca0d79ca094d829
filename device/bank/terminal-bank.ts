/*
 * The bank of one terminal, joined: session, payments and what goes back of them, the batch, uploads, downloads and loads. All of it shares one line
 * to the acquirer, and one holder at the reader with whatever else is sold there.
 */
import { assert } from "../base/assert.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { neverAborted } from "../base/never.ts";
import type { Clock, Limits, Storage } from "../base/ports.ts";
import type { CertificationAuthority } from "../card/electronic-cash/authorities.ts";
import type { DayRange } from "../codec/civil-time.ts";
import type { CipherSuite } from "../crypto/face.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { PadKeyPlace } from "../drivers/peripherals.ts";
import type { CardReader } from "../drivers/ports.ts";
import type { SaleLane } from "../sale-lane.ts";
import { keyAlgorithm, openPadBankKeys } from "../txn/acquirer-host/pad-keys.ts";
import type { BankActs } from "../txn/acquiring/acts.ts";
import type { BankKeys } from "../txn/acquiring/bank-keys.ts";
import { type BankDownloads, openBankDownloads } from "../txn/acquiring/download.ts";
import { type BankLoads, type LoadBounds, openBankLoads } from "../txn/acquiring/load.ts";
import type { PurseLoadParts } from "../txn/acquiring/load-purse.ts";
import type { LoadRules } from "../txn/acquiring/load-types.ts";
import { openBank } from "../txn/acquiring/open.ts";
import { settleParked } from "../txn/acquiring/parked.ts";
import type { Bank, BankBounds, BankTenderPort, HeldLine } from "../txn/acquiring/ports.ts";
import type { AcquirerProfile, DownloadKind } from "../txn/acquiring/profile.ts";
import { type BankSettlement, openBankSettlement } from "../txn/acquiring/settle.ts";
import type { SettlementRules } from "../txn/acquiring/settle-types.ts";
import type { BankRules } from "../txn/acquiring/types.ts";
import { type BankUploads, openBankUploads } from "../txn/acquiring/upload.ts";
import { uploadFailureSlip } from "../txn/acquiring/upload-slip.ts";
import type { RecordedUpload } from "../txn/acquiring/upload-types.ts";
import type { AcquirerHost } from "../txn/hosts.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import type { JsonObject } from "../txn/journal/types.ts";
import type { SalesInFlight } from "../txn/lane.ts";
import type { ElectronicCashPorts } from "../txn/quick-payment/ports.ts";
import { printSlip } from "../txn/receipts/print.ts";
import type { SaleTimes } from "../txn/sale-time.ts";

/** What is decided by configuration. */
export interface BankSettings {
  readonly profile: AcquirerProfile;
  /** Where the pad takes its key for PIN blocks from. */
  readonly pinKey: PadKeyPlace;
}

export interface TerminalBankParts {
  readonly settings: BankSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: TerminalJournal;
  readonly host: AcquirerHost;
  readonly devices: Pick<Devices, "pinPad" | "printer">;
  readonly desk: SaleLane;
  readonly reader: CardReader;
  readonly sales: SalesInFlight;
  readonly saleTimes: SaleTimes;
  /** Absent: no bank card could prove itself. */
  readonly cash: ElectronicCashPorts | undefined;
  readonly hostPresent: () => boolean;
  readonly bounds: Pick<LoadBounds, "commandTimeoutMs" | "pinTimeoutMs" | "journalTimeoutMs" | "returnTimeoutMs">;
  /** How e-purses are loaded, without the number of the terminal's module. */
  readonly purse: Omit<PurseLoadParts, "terminalNumber">;
  readonly suite: Pick<CipherSuite, "sm3">;
  /** Where downloads of the acquirer are kept. */
  readonly storage: Storage;
  /** Stands at the head of slips. */
  readonly institution: string;
  /** Days that it may be, by which cards are judged. */
  readonly saleDays: () => DayRange;
  /** Something that orders may wait for was decided. */
  readonly onDecided: () => void;
  /** The acquirer has given keys of authorities. */
  readonly onAuthorities: (authorities: readonly CertificationAuthority[]) => void;
  /** Rules of the machines; left out: the real ones. */
  readonly rules?: BankTables;
}

/** The machines of the bank. */
export interface BankTables {
  readonly bank?: BankRules;
  readonly load?: LoadRules;
  readonly settlement?: SettlementRules;
}

const PAD_TIMEOUT_MS = 10_000;
const PAUSE_MIN_MS = 2_000;
const PAUSE_MAX_MS = 300_000;
const PRINT_TIMEOUT_MS = 30_000;

export interface TerminalBank {
  readonly acts: BankActs;
  /** Whether the acquirer refuses this account everywhere. */
  readonly isListed: (account: string) => boolean;
  /** For orders. */
  readonly tender: BankTenderPort;
  start(): void;
  /** Every record that owes the bank a message is an open one from now on; false where more is left for a further look. Faults: those of the journal. */
  gatherOwed(): Promise<boolean>;
  stop(): Promise<void>;
}

/** After recovery at start, before any lane opens. Faults: those of the journal and the storage, "config-invalid" (no pad that makes MACs, no authorities). */
export async function openTerminalBank(parts: TerminalBankParts): Promise<TerminalBank> {
  const { settings, cash, clock, log, journal, host, desk, reader, sales, saleTimes, saleDays, hostPresent, onDecided, rules = {} } = parts;
  const keys = keysOf(parts);
  if (cash === undefined) throw invalid("no bank card could prove itself without the authorities of electronicCash");
  const bounds: BankBounds = { ...parts.bounds, padTimeoutMs: PAD_TIMEOUT_MS, pauseMinMs: PAUSE_MIN_MS, pauseMaxMs: PAUSE_MAX_MS };
  const { profile } = settings;
  // What is due goes out over the line that is opened here first.
  let uploads: BankUploads | undefined;
  let downloads: BankDownloads | undefined;
  const isListed = (account: string) => downloads?.isListed(account) === true;
  const sendOffline = async (line: HeldLine, limits: Limits) => uploads?.sendDue(line, limits);
  const shared = { clock, journal, log, profile };
  const bank = await openBank(
    { ...shared, host, keys, reader, lane: desk.lane, sales, saleTimes, saleDays, cash, isListed, hostPresent, sendOffline, onReversed: onDecided },
    bounds,
    rules.bank,
  );
  const batch = { ...shared, line: bank.line, book: bank.book };
  const dueUploads = async () => (await uploads?.due()) ?? 0;
  const settlement = await openBankSettlement(
    { ...batch, dueUploads, ...(rules.settlement === undefined ? {} : { rules: rules.settlement }) },
    { journalTimeoutMs: bounds.journalTimeoutMs },
  );
  const { terminal } = cash;
  uploads = openBankUploads({ ...batch, suite: parts.suite, terminal, paused: () => settlement.halfDone, onParked: (upload) => printFailure(parts, upload) });
  downloads = await openDownloads(parts, bank);
  const purse: PurseLoadParts = { ...parts.purse, terminalNumber: async (limits) => (await desk.module(limits)).terminalNumber };
  const loads = await openBankLoads(
    { ...batch, keys, reader, lane: desk.lane, sales, saleTimes, saleDays, cash, isListed, purse, ...(rules.load === undefined ? {} : { rules: rules.load }) },
    parts.bounds,
  );
  const side: Side = { journal, bank, settlement, uploads, downloads, loads };
  return {
    acts: actsOf(side, desk),
    isListed,
    tender: {
      pay: (request, limits) => desk.served(request.amount, () => bank.tender.pay(request, limits)),
      known: (reference) => bank.tender.known(reference),
      giveBack: (request, limits) => bank.tender.giveBack(request, limits),
      givenBack: (original) => bank.tender.givenBack(original),
    },
    start: () => bank.background.start(),
    gatherOwed: () => uploads.gather(),
    stop: async () => {
      await bank.background.stop();
      // Whoever opens the journal next sees what is owed. The next life gathers what this one cannot any more.
      await uploads.gather().catch((fault: unknown) => {
        if (!isFault(fault)) throw fault;
        log.warn("bank-uploads-not-gathered", { code: fault.code });
      });
    },
  };
}

interface Side {
  readonly journal: TerminalJournal;
  readonly bank: Bank;
  readonly settlement: BankSettlement;
  readonly uploads: BankUploads;
  readonly downloads: BankDownloads;
  readonly loads: BankLoads;
}

async function openDownloads({ clock, log, journal, settings, storage, onAuthorities }: TerminalBankParts, { line }: Bank): Promise<BankDownloads> {
  const serve = () => onAuthorities(downloads.authorities().authorities);
  const onTaken = (what: DownloadKind) => {
    if (what === "ca-keys") serve();
  };
  const downloads = await openBankDownloads({ clock, log, line, journal, profile: settings.profile, storage, onTaken });
  serve();
  return downloads;
}

/** The shop's own paper of what the acquirer has not taken. It changes nothing that it does not come out. */
function printFailure({ devices, institution, journal, log }: TerminalBankParts, upload: RecordedUpload): void {
  const { printer } = devices;
  if (printer === undefined) return;
  const slip = uploadFailureSlip(upload, { institution, terminal: journal.terminalId, operator: "", atMs: upload.last.wallMs });
  void printSlip(printer, slip, { timeoutMs: PRINT_TIMEOUT_MS, signal: neverAborted() }).then((outcome) => {
    if (outcome !== "printed") log.warn("failure-slip-not-printed", { outcome });
  });
}

/** The bank of a terminal that is still being opened: nobody asks before it is. */
export function lateTender(bank: () => TerminalBank | undefined): BankTenderPort {
  const tender = (): BankTenderPort => {
    const opened = bank();
    assert(opened !== undefined, "a terminal serves when it is open");
    return opened.tender;
  };
  return {
    pay: (request, limits) => tender().pay(request, limits),
    known: (reference) => tender().known(reference),
    giveBack: (request, limits) => tender().giveBack(request, limits),
    givenBack: (original) => tender().givenBack(original),
  };
}

const UNFIT_PAD = {
  "pad-makes-no-mac": "the PIN pad makes no MAC, without which no message to the bank is believed",
  "pad-has-another-cipher": "the PIN pad, as it is set, takes no keys of the acquirer's cipher",
} as const;

function keysOf({ settings, devices }: TerminalBankParts): BankKeys {
  if (devices.pinPad === undefined) throw invalid("the bank's keys lie in a PIN pad, and there is none");
  const { pinKey, profile } = settings;
  const opening = openPadBankKeys(devices.pinPad, { pinKey, pinDigits: profile.pinDigits, algorithm: keyAlgorithm(profile) });
  if (!opening.ok) throw invalid(UNFIT_PAD[opening.reason]);
  return opening.keys;
}

function invalid(message: string): Fault {
  return new Fault("config-invalid", `acquirer: ${message}`, { effectUnknown: false });
}

/** The holder sees and hears of each act. */
function actsOf(side: Side, desk: SaleLane): BankActs {
  const { bank, settlement, uploads, downloads, loads } = side;
  const { acts } = bank;
  return {
    signIn: (limits) => acts.signIn(limits),
    signOff: (limits) => acts.signOff(limits),
    pay: (request, limits) => desk.served(request.amount, () => acts.pay(request, limits)),
    takeBack: (request, limits) => desk.served(request.amount, () => acts.takeBack(request, limits)),
    balance: (request, limits) => desk.served(undefined, () => acts.balance(request, limits)),
    known: (reference) => acts.known(reference),
    settle: (request, limits) => settlement.settle(request, limits),
    settlementDealtWith: (word, limits) => settlement.dealtWith(word, limits),
    load: (request, limits) => desk.served(request.amount, () => loads.load(request, limits)),
    download: (what, limits) => downloads.download(what, limits),
    parked: async (limit) => {
      const all = [...(await acts.parked(limit)), ...(await uploads.parked(limit)), ...(await loads.parked(limit))];
      return all.sort((left, right) => left.sinceMs - right.sinceMs).slice(0, limit);
    },
    settleParked: (subject, said) => settleParked(side, subject, said),
    view: () => ({ ...acts.view(), settlementHalfDone: settlement.halfDone, downloads: downloadsView(downloads) }),
  };
}

function downloadsView(downloads: BankDownloads): JsonObject {
  const taken = Object.entries(downloads.view()).filter(([, set]) => set !== undefined);
  return Object.fromEntries(taken.map(([kind, set]) => [kind, { entries: set?.entries ?? 0, takenMs: set?.takenMs ?? 0 }]));
}
