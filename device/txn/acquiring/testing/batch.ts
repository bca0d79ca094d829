/*
 * For the tests of batch, uploads, downloads and loads: a terminal's journal on a disk that can lose its power, a line that is always there, and an
 * acquirer of few words that books by message number. What it says is decided by the test, message by message.
 */
import { SimulatedJournalDisk } from "../../../../simulators/disk/journal-store.ts";
import { Power, poweredClock } from "../../../../simulators/world/power.ts";
import { VirtualClock } from "../../../../simulators/world/virtual-clock.ts";
import { assert } from "../../../base/assert.ts";
import { fen } from "../../../base/fen.ts";
import { SILENT } from "../../../base/log.ts";
import type { Limits } from "../../../base/ports.ts";
import { type BatchTotals, buildTotals, NO_TOTALS, parseBatchRows, parseField60 } from "../../../codec/iso8583/private-fields.ts";
import type { IsoMessage, IsoValue } from "../../../codec/iso8583/types.ts";
import { opensslSuite } from "../../../crypto/openssl.ts";
import type { TerminalJournal } from "../../journal/journal.ts";
import { openTestJournal } from "../../journal/testing.ts";
import type { EntryDraft } from "../../journal/types.ts";
import { recoverAtStart } from "../../recovery/recover.ts";
import { openBatchBook, Stans } from "../batch-book.ts";
import type { BatchPorts } from "../batch-ports.ts";
import type { BankLine, BankReply, BatchBook, HeldLine } from "../ports.ts";
import type { AcquirerProfile } from "../profile.ts";
import { type BankSettlement, openBankSettlement } from "../settle.ts";
import type { SettlementRules } from "../settle-types.ts";
import { type BankUploads, openBankUploads } from "../upload.ts";

export const SUITE = opensslSuite();
/** 2026-01-05 12:00:00 in China. */
const NOON_MS = 1_767_585_600_000;
export const BATCH_LIMITS: Limits = { timeoutMs: 600_000, signal: new AbortController().signal };
export const JOURNAL_MS = 5_000;
const TERMINAL = { capabilities: "e008c8", terminalType: "25" };

export const TEST_PROFILE: AcquirerProfile = {
  keyScheme: "tdes-40",
  checkValueBytes: 4,
  keyOffset: 0,
  macMethod: "ecb",
  macAppliesTo: "approvals",
  offlineUpload: { type: "0200", accepted: ["00", "94"], tries: 3 },
  reversalTries: 3,
  reversalAfterSettlement: { do: "park" },
  field22: "left",
  originalDate: false,
  partialApproval: false,
  replyTimeoutMs: 60_000,
  pinDigits: { min: 4, max: 12 },
  pinFreeFen: 0,
  batchMax: 500,
  terminalNumber: "12345678",
  merchantNumber: "123456789012345",
  tpdu: { destination: "0001", source: "0000" },
  headerHex: "603100000000",
  downloads: ["parameters", "ca-keys", "aid-parameters", "exception-list"],
  electronicCashRoute: "acquirer",
};

/** What becomes of one message: "lost-before" never arrives, "lost-after" is taken and never answered. */
export type Fate = "take" | "lost-before" | "lost-after" | "not-sent" | "cut-before" | "cut-after" | { readonly code: string };

export interface HeardMessage {
  readonly type: string;
  readonly network: string;
  readonly message: IsoMessage;
  readonly sentBefore: boolean;
}

interface HostRow {
  readonly stan: string;
  readonly side: "debit" | "credit";
  readonly foreign: boolean;
  readonly fen: number;
}

/** The books of the acquirer; tests plant differences in them. */
export class TestAcquirer {
  readonly rows = new Map<string, HostRow>();
  readonly heard: HeardMessage[] = [];
  readonly uploadedStans: string[] = [];
  ends = 0;
  /** Answers field 48 with this result on the domestic half, once each. */
  readonly errors: number[] = [];
  /** Field 62 of the replies to downloads, and whatever else a test wants to say. */
  answer: (message: IsoMessage) => readonly (readonly [number, IsoValue])[] = () => [];

  totals(foreign: boolean): BatchTotals {
    const half = [...this.rows.values()].filter((row) => row.foreign === foreign);
    const sumOf = (side: HostRow["side"]) => half.filter((row) => row.side === side).reduce((sum, row) => sum + row.fen, 0);
    const countOf = (side: HostRow["side"]) => half.filter((row) => row.side === side).length;
    return { debits: countOf("debit"), debitFen: fen(sumOf("debit")), credits: countOf("credit"), creditFen: fen(sumOf("credit")) };
  }

  act(message: IsoMessage): { readonly code: string; readonly fields: readonly (readonly [number, IsoValue])[] } {
    const { type, fields } = message;
    if (type === "0500") return { code: "00", fields: [[48, this.#compare(String(fields.get(48)))]] };
    if (type === "0320") return { code: this.#upload(message), fields: [] };
    const stan = String(fields.get(11));
    if (networkOf(message) === "" && type === "0200") {
      if (this.rows.has(stan)) return { code: "94", fields: [] };
      this.rows.set(stan, { stan, side: "debit", foreign: false, fen: Number(fields.get(4)) });
    }
    return { code: "00", fields: this.answer(message) };
  }

  #compare(sent: string): string {
    const result = this.errors.shift();
    const halves = [
      buildTotals({ domestic: this.totals(false), foreign: NO_TOTALS }).slice(0, 30),
      buildTotals({ domestic: NO_TOTALS, foreign: this.totals(true) }).slice(31, 61),
    ];
    const [domestic, foreign] = [sent.slice(0, 30) === halves[0] ? 1 : 2, sent.slice(31, 61) === halves[1] ? 1 : 2];
    return `${halves[0]}${result ?? domestic}${halves[1]}${foreign}`;
  }

  #upload(message: IsoMessage): string {
    const network = networkOf(message);
    if (network === "202" || network === "207") {
      this.ends += 1;
      this.rows.clear();
      return "00";
    }
    const rows = network === "201" ? (parseBatchRows(String(message.fields.get(48))) ?? []) : [{ trace: String(message.fields.get(61)).slice(6, 12) }];
    this.uploadedStans.push(...rows.map(({ trace }) => trace));
    return rows.length === 0 ? "30" : "00";
  }
}

export function networkOf({ fields }: IsoMessage): string {
  return parseField60(String(fields.get(60)))?.network ?? "";
}

interface Life {
  readonly journal: TerminalJournal;
  readonly book: BatchBook;
  readonly stans: Stans;
  readonly ports: BatchPorts;
  readonly uploads: BankUploads;
  readonly settlement: BankSettlement;
}

export class BatchBench {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 2 });
  readonly acquirer = new TestAcquirer();
  profile = TEST_PROFILE;
  rules: SettlementRules | undefined;
  /** Failure slips that were asked for. */
  readonly slips: string[] = [];
  #fates: Fate[] = [];
  #power = new Power();
  #life: Life | undefined;

  constructor() {
    this.disk.onCut(() => this.#power.cut());
  }

  get on(): boolean {
    return this.#power.on;
  }

  get life(): Life {
    assert(this.#life !== undefined, "the terminal is switched on first");
    return this.#life;
  }

  /** The next messages meet these fates; all later ones are taken. */
  plan(...fates: readonly Fate[]): void {
    this.#fates = [...fates];
  }

  async switchOn(): Promise<Life> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    const randomness = { bytes: (length: number) => new Uint8Array(length).fill(this.disk.incarnation) };
    const journal = await openTestJournal({ store: this.disk.open(), clock, randomness, suite: SUITE });
    await recoverAtStart({ journal, log: SILENT });
    const book = await openBatchBook(journal);
    const stans = await Stans.open(journal);
    let uploads: BankUploads | undefined;
    const line = this.#line(power, { book, stans, sendDue: async (held, limits) => uploads?.sendDue(held, limits) });
    const ports: BatchPorts = { clock, journal, log: SILENT, line, book, profile: this.profile };
    const settlement = await openBankSettlement(
      { ...ports, dueUploads: async () => (await uploads?.due()) ?? 0, ...(this.rules === undefined ? {} : { rules: this.rules }) },
      { journalTimeoutMs: JOURNAL_MS },
    );
    uploads = openBankUploads({
      ...ports,
      suite: SUITE,
      terminal: TERMINAL,
      paused: () => settlement.halfDone,
      onParked: ({ subject }) => this.slips.push(subject),
    });
    this.#life = { journal, book, stans, ports, uploads, settlement };
    return this.#life;
  }

  /** Starts anew on the same disk. */
  nextLife(): Promise<Life> {
    this.#power.cut();
    this.disk.crash();
    return this.run(this.switchOn());
  }

  run<Value>(work: Promise<Value>): Promise<Value> {
    return this.clock.resolve(work);
  }

  /** Runs until the answer or the power cut. */
  async untilCut<Value>(work: Promise<Value>): Promise<Value | undefined> {
    let answer: Value | undefined;
    let told = false;
    void work.then((value) => {
      answer = value;
      told = true;
    });
    await this.clock.runUntil(this.clock.monotonicMs() + 3_600_000, () => told || !this.on);
    return answer;
  }

  /** A transaction that both sides have booked. */
  async booked(amount: number, more: { readonly credit?: boolean; readonly chip?: "certificate" | "failed" } = {}): Promise<string> {
    const { journal, book, stans } = this.life;
    const kind = more.credit === true ? ("bank-return" as const) : ("bank-payment" as const);
    const stan = await this.run(stans.claim());
    const detail = { business: "sale", batch: book.batch, stan, date: "20260105", interface: "contact" };
    const chip = more.chip === undefined ? {} : { chipCertificate: "9f2608112233445566778" + "8" };
    const personal = { pan: "6228480000000000017", ...chip };
    const failed = more.chip === "failed" ? { chipFailed: true } : {};
    const draft: EntryDraft = { kind, state: "prepared", amount: fen(amount), detail: { ...detail, ...failed }, personal };
    const { subject } = await this.run(journal.append(draft));
    await this.run(journal.append({ ...draft, subject, state: "done", marks: book.add(subject) }));
    this.acquirer.rows.set(stan, { stan, side: more.credit === true ? "credit" : "debit", foreign: false, fen: amount });
    return stan;
  }

  settle() {
    return this.life.settlement.settle({ operator: "op1" }, BATCH_LIMITS);
  }

  #line(power: Power, parts: { readonly book: BatchBook; readonly stans: Stans; readonly sendDue: BankUploads["sendDue"] }): BankLine {
    const { book, stans } = parts;
    const held: HeldLine = {
      get batch() {
        return book.batch;
      },
      nextStan: () => stans.next(),
      claimStan: () => stans.claim(),
      exchange: (message, _limits, options = {}) => power.guard(this.#exchange(power, message, options.sentBefore === true)),
    };
    return {
      get batch() {
        return book.batch;
      },
      signedIn: true,
      hold: async (wish, work, limits) => {
        const reason = wish === "clear" ? await parts.sendDue(held, limits) : undefined;
        return reason === undefined ? work(held) : { kind: "refused", reason };
      },
    };
  }

  async #exchange(power: Power, message: IsoMessage, sentBefore: boolean): Promise<BankReply> {
    const fate = this.#fates.shift() ?? "take";
    await this.clock.sleep(100);
    if (!power.on || fate === "cut-before") return this.#cut(power);
    if (fate === "not-sent") return { kind: "not-sent", reason: "link-down" };
    if (fate === "lost-before") return { kind: "unknown", cause: "98", reason: "timeout" };
    this.acquirer.heard.push({ type: message.type, network: networkOf(message), message, sentBefore });
    // A refusal of the comparison still tells the totals.
    const refusedFields = () => (message.type === "0500" ? this.acquirer.act(message).fields : []);
    const { code, fields } = typeof fate === "object" ? { code: fate.code, fields: refusedFields() } : this.acquirer.act(message);
    if (fate === "lost-after") return { kind: "unknown", cause: "98", reason: "timeout" };
    if (fate === "cut-after") return this.#cut(power);
    return replyOf(message, { code, fields, sentBefore });
  }

  #cut(power: Power): Promise<never> {
    power.cut();
    return Power.never();
  }
}

/** As the checks of a reply leave it: 94 is a success of what was sent before only. */
function replyOf(
  request: IsoMessage,
  { code, fields, sentBefore }: { readonly code: string; readonly fields: readonly (readonly [number, IsoValue])[]; readonly sentBefore: boolean },
): BankReply {
  const type = String(Number(request.type) + 10).padStart(4, "0");
  const message: IsoMessage = { type, fields: new Map<number, IsoValue>([...request.fields, [39, code], ...fields]) };
  if (code === "00" || (code === "94" && sentBefore)) return { kind: "approved", responseCode: code, message };
  if (code === "94") return { kind: "unknown", cause: "06", reason: "sent-twice" };
  return { kind: "declined", responseCode: code, message, reason: "declined", ...(code === "A0" ? { signIn: true } : {}) };
}
