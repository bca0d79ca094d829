/*
 * The bank of one terminal, joined: session, payments and what goes back of them, the batch, uploads, downloads and loads. All of it shares one line
 * to the acquirer, and one holder at the reader with whatever else is sold there.
 */
import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { PadKeyPlace } from "../drivers/peripherals.ts";
import type { CardReader } from "../drivers/ports.ts";
import type { SaleLane } from "../sale-lane.ts";
import { openPadBankKeys } from "../txn/acquirer-host/pad-keys.ts";
import type { BankActs } from "../txn/acquiring/acts.ts";
import type { BankKeys } from "../txn/acquiring/bank-keys.ts";
import { openBank } from "../txn/acquiring/open.ts";
import type { Bank, BankBounds, BankTenderPort } from "../txn/acquiring/ports.ts";
import type { AcquirerProfile } from "../txn/acquiring/profile.ts";
import { openBankSettlement } from "../txn/acquiring/settle.ts";
import type { AcquirerHost } from "../txn/hosts.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import type { SalesInFlight } from "../txn/lane.ts";
import type { ElectronicCashPorts } from "../txn/quick-payment/ports.ts";
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
  readonly devices: Pick<Devices, "pinPad">;
  readonly desk: SaleLane;
  readonly reader: CardReader;
  readonly sales: SalesInFlight;
  readonly saleTimes: SaleTimes;
  /** Absent: no bank card could prove itself. */
  readonly cash: ElectronicCashPorts | undefined;
  readonly hostPresent: () => boolean;
  readonly bounds: Pick<BankBounds, "commandTimeoutMs" | "pinTimeoutMs" | "journalTimeoutMs">;
}

const PAD_TIMEOUT_MS = 10_000;
const PAUSE_MIN_MS = 2_000;
const PAUSE_MAX_MS = 300_000;

export interface TerminalBank {
  readonly acts: BankActs;
  /** For orders. */
  readonly tender: BankTenderPort;
  start(): void;
  stop(): Promise<void>;
}

/** After recovery at start, before any lane opens. Faults: those of the journal, "config-invalid" (no pad that makes MACs, no authorities). */
export async function openTerminalBank(parts: TerminalBankParts): Promise<TerminalBank> {
  const { settings, cash, clock, log, journal, host, desk, reader, sales, saleTimes, hostPresent } = parts;
  const keys = keysOf(parts);
  if (cash === undefined) throw invalid("no bank card could prove itself without the authorities of electronicCash");
  const bounds: BankBounds = { ...parts.bounds, padTimeoutMs: PAD_TIMEOUT_MS, pauseMinMs: PAUSE_MIN_MS, pauseMaxMs: PAUSE_MAX_MS };
  const { profile } = settings;
  const bank = await openBank({ clock, journal, log, host, keys, profile, reader, lane: desk.lane, sales, saleTimes, cash, hostPresent }, bounds);
  const batch = { clock, journal, log, line: bank.line, book: bank.book, profile };
  const settlement = await openBankSettlement({ ...batch, dueUploads: async () => 0 }, { journalTimeoutMs: bounds.journalTimeoutMs });
  const acts: BankActs = {
    ...servedActs(bank, desk),
    settle: (request, limits) => settlement.settle(request, limits),
    load: async () => ({ kind: "refused", reason: "load-not-offered" }),
    download: async (what) => ({ kind: "refused", what, entries: 0, reason: "download-not-offered" }),
  };
  return {
    acts,
    tender: bank.tender,
    start: () => bank.background.start(),
    stop: () => bank.background.stop(),
  };
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

function keysOf({ settings, devices }: TerminalBankParts): BankKeys {
  if (devices.pinPad === undefined) throw invalid("the bank's keys lie in a PIN pad, and there is none");
  const opening = openPadBankKeys(devices.pinPad, { pinKey: settings.pinKey, pinDigits: settings.profile.pinDigits });
  if (!opening.ok) throw invalid("the PIN pad makes no MAC, without which no message to the bank is believed");
  return opening.keys;
}

function invalid(message: string): Fault {
  return new Fault("config-invalid", `acquirer: ${message}`, { effectUnknown: false });
}

/** The holder sees and hears of each act. */
function servedActs({ acts }: Bank, desk: SaleLane): Bank["acts"] {
  return {
    signIn: (limits) => acts.signIn(limits),
    signOff: (limits) => acts.signOff(limits),
    pay: (request, limits) => desk.served(request.amount, () => acts.pay(request, limits)),
    takeBack: (request, limits) => desk.served(request.amount, () => acts.takeBack(request, limits)),
    balance: (request, limits) => desk.served(undefined, () => acts.balance(request, limits)),
    known: (reference) => acts.known(reference),
    parked: (limit) => acts.parked(limit),
    view: () => acts.view(),
  };
}
