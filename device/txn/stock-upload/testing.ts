/* A terminal that tells an insurer of goods, under virtual time, with power that can be cut. The insurer here takes rows or does not. */
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { Power, poweredClock } from "../../../simulators/world/power.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { assert } from "../../base/assert.ts";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import { sumFen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Limits } from "../../base/ports.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { item } from "../goods-rules/testing.ts";
import type { HostReply, MedicalHost } from "../hosts.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import { openTestJournal } from "../journal/testing.ts";
import type { OrderItem } from "../medical-desk/basket.ts";
import { openMessageIds } from "../medical-host/message-id.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { DEFAULT_REGION, type MedicalProfile } from "../medical-host/profile.ts";
import { createSignInBook } from "../medical-host/sign-in.ts";
import type { Rounds } from "../rounds.ts";
import { openStockBackground } from "./background.ts";
import type { StockRunOptions } from "./runner.ts";
import type { StockUploadRequest, StockUploads } from "./types.ts";
import { createStockUploads, type StockUploadOptions } from "./uploads.ts";

/** 2026-01-05 12:00:00 in China. */
export const NOON_MS = Date.UTC(2026, 0, 5, 4);
export const SUITE = opensslSuite();

export const RUN_OPTIONS: Omit<StockRunOptions, "signal"> = {
  queryTimeoutMs: 5000,
  journalTimeoutMs: 5000,
  pauseMinMs: 1000,
  pauseMaxMs: 60_000,
  inBatches: false,
};

export const PROFILE: MedicalProfile = {
  region: DEFAULT_REGION,
  signsIn: true,
  sender: {
    institution: "P53010000001",
    institutionName: "Test Pharmacy",
    treatmentArea: "530102",
    receiverSystem: "FSI",
    interfaceVersion: "V1.0",
    operatorType: "1",
    operator: "op1",
    operatorName: "Operator One",
    deviceNumber: "T1",
  },
};

/** Goods of which everything is known. */
export function goods(more: Partial<OrderItem> = {}): OrderItem {
  return item({ goods: { makerLot: "L2501", madeOn: "2025-11-01" }, ...more });
}

export function sale(number: number, more: Partial<StockUploadRequest> = {}): StockUploadRequest {
  const items = more.items ?? [goods()];
  return {
    reference: `c1.A${number}.u1`,
    act: "sale",
    order: `c1.A${number}`,
    items,
    amount: sumFen(items.map(({ amount }) => amount)),
    settlement: { settlementId: `S${number}`, visitId: `V${number}`, insuranceArea: "530102" },
    person: { personNumber: "53010000000000000009", certificateType: "01" },
    operator: "op1",
    invoiceNumber: "",
    soldAtMs: NOON_MS,
    ...more,
  };
}

/** The same goods, taken back. */
export function returned(number: number, more: Partial<StockUploadRequest> = {}): StockUploadRequest {
  return { ...sale(number, more), act: "return", reference: `c1.A${number}.u2` };
}

type Row = Readonly<Record<string, unknown>>;

/** What becomes of one message about goods. "refuse": the envelope's level; "decline": the inner one; "mute": no inner word. */
export type Fate = "take" | "refuse" | "decline" | "mute" | "system-error" | "lost-before" | "lost-after" | "not-sent" | "power-cut-before" | "power-cut-after";

interface Message {
  readonly infno: string;
  readonly insuranceArea: string;
  readonly rows: readonly Row[];
}

interface Parts {
  readonly journal: TerminalJournal;
  readonly uploads: StockUploads;
  readonly background: Rounds;
  readonly queue: Omit<StockUploadOptions, "wake">;
}

export class StockDesk {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 3 });
  /** Rows that the insurer has taken, by their own number. */
  readonly taken = new Map<string, Row>();
  /** Every message about goods that reached the insurer. */
  readonly heard: Message[] = [];
  /** Moments at which messages about goods were sent. */
  readonly sentAtMs: number[] = [];
  signIns = 0;
  options: Omit<StockRunOptions, "signal"> = RUN_OPTIONS;
  profile = PROFILE;
  /** An insurer with books of its own, in place of the one here that takes every row. */
  insurer: ((body: Bytes) => Promise<Bytes | undefined>) | undefined;
  /** Where the inner word of the answer stands; "" is the output itself. */
  innerNode = "result";
  #fates: Fate[] = [];
  #standing: Fate = "take";
  #power = new Power();
  #parts: Parts | undefined;

  constructor() {
    this.disk.onCut(() => this.#power.cut());
  }

  get on(): boolean {
    return this.#power.on;
  }

  get uploads(): StockUploads {
    return this.#running().uploads;
  }

  get background(): Rounds {
    return this.#running().background;
  }

  /** The next messages meet these fates, all later ones the standing fate. */
  plan(...fates: readonly Fate[]): void {
    this.#fates = [...fates];
  }

  from(standing: Fate): void {
    this.#standing = standing;
  }

  async switchOn(): Promise<void> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    const randomness = { bytes: (length: number) => new Uint8Array(length).fill(this.disk.incarnation) };
    const journal = await openTestJournal({ store: this.disk.open(), clock, randomness, suite: SUITE });
    const ports: HostPorts = {
      clock,
      journal,
      log: SILENT,
      host: this.#host(power),
      messageIds: await openMessageIds(journal, { institution: this.profile.sender.institution, serialLane: "1" }),
      medical: this.profile,
      signIns: createSignInBook(),
    };
    const background = openStockBackground(ports, this.options);
    const queue = { ports: { journal, clock, suite: SUITE, medical: this.profile }, journalTimeoutMs: 5000 };
    const uploads = createStockUploads({ ...queue, wake: () => background.wake() });
    this.#parts = { journal, uploads, background, queue };
    background.start();
  }

  /** For another queue on the same journal. */
  queueOptions(): Omit<StockUploadOptions, "wake"> {
    return this.#running().queue;
  }

  cutPower(): void {
    this.#power.cut();
    this.disk.crash();
  }

  async later(durationMs: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + durationMs);
  }

  /** States of one upload, oldest first. */
  async states(subject: string): Promise<readonly string[]> {
    return (await this.clock.resolve(this.#running().journal.entriesOf(subject))).map(({ state }) => state);
  }

  /** All that the journal holds, as text. */
  async everything(): Promise<readonly { readonly detail: string; readonly personal: string }[]> {
    const entries = await this.clock.resolve(this.#running().journal.entries(1, 1000));
    return entries.map(({ detail, personal }) => ({ detail: JSON.stringify(detail), personal: JSON.stringify(personal) }));
  }

  #running() {
    assert(this.#parts !== undefined, "the terminal is switched on first");
    return this.#parts;
  }

  #host(power: Power): MedicalHost {
    return {
      exchange: async (body, limits) => {
        if (!power.on) return Power.never();
        const message = JSON.parse(new TextDecoder().decode(body)) as { infno: string; insuplc_admdvs: string; input: Record<string, unknown> };
        if (message.infno === "9001") return this.#signIn(body);
        this.sentAtMs.push(this.clock.monotonicMs());
        return this.#send(body, toMessage(message), { limits, power });
      },
    };
  }

  #signIn(body: Bytes): Promise<HostReply> {
    this.signIns += 1;
    return this.insurer === undefined ? Promise.resolve(answered({ signinoutb: { sign_no: String(this.signIns) } })) : this.#carry(body, this.insurer);
  }

  /** A message about goods meets its fate: here, or at an insurer with books of its own. */
  async #send(body: Bytes, message: Message, wait: { readonly limits: Limits; readonly power: Power }): Promise<HostReply> {
    const fate = this.#fates.shift() ?? this.#standing;
    if (this.insurer !== undefined && fate === "take") return this.#carry(body, this.insurer);
    if (this.insurer !== undefined && fate === "lost-after") await this.#carry(body, this.insurer);
    return this.#meet(fate, message, wait);
  }

  async #carry(body: Bytes, insurer: NonNullable<StockDesk["insurer"]>): Promise<HostReply> {
    const reply = await insurer(body);
    return reply === undefined ? { kind: "unknown", reason: "timeout" } : { kind: "answered", body: reply };
  }

  async #meet(fate: Fate, message: Message, { limits, power }: { readonly limits: Limits; readonly power: Power }): Promise<HostReply> {
    if (fate === "power-cut-before") return this.#die();
    if (fate === "not-sent") return { kind: "not-sent", reason: "expired" };
    if (fate === "lost-before") return this.#silence(limits, power);
    this.heard.push(message);
    const takes = fate === "take" || fate === "lost-after" || fate === "power-cut-after" || fate === "mute";
    if (takes) for (const row of message.rows) this.#take(row);
    if (fate === "power-cut-after") return this.#die();
    if (fate === "lost-after") return this.#silence(limits, power);
    await power.guard(this.clock.sleep(100));
    return this.#answer(fate);
  }

  #answer(fate: Fate): HostReply {
    if (fate === "system-error") return { kind: "answered", body: utf8(JSON.stringify({ infcode: -1, err_msg: "database", output: {} })) };
    if (fate === "refuse")
      return { kind: "answered", body: utf8(JSON.stringify({ infcode: -2, err_msg: "目录编码不存在\n  at com.host.Stock.java", output: {} })) };
    if (fate === "mute") return answered({});
    const word = fate === "decline" ? { retRslt: "0", msgRslt: "追溯码已销售\u0007" } : { retRslt: 1, msgRslt: "" };
    return answered(this.innerNode === "" ? word : { [this.innerNode]: word });
  }

  /** A row that is told again is told in the same words. */
  #take(row: Row): void {
    const number = String(row["fixmedins_bchno"]);
    const known = this.taken.get(number);
    assert(known === undefined || JSON.stringify(known) === JSON.stringify(row), "an own number belongs to one row");
    this.taken.set(number, row);
  }

  async #silence(limits: Limits, power: Power): Promise<HostReply> {
    try {
      return await power.guard(
        withDeadline(new Promise<never>(() => undefined), { ...limits, clock: poweredClock(this.clock, power), what: "reply", effectUnknown: true }),
      );
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "unknown", reason: fault.code };
    }
  }

  #die(): Promise<never> {
    this.cutPower();
    return Power.never();
  }
}

function answered(output: unknown): HostReply {
  return { kind: "answered", body: utf8(JSON.stringify({ infcode: 0, inf_refmsgid: "1", respond_time: "20260105120000000", err_msg: "", output })) };
}

function toMessage({ infno, insuplc_admdvs, input }: { infno: string; insuplc_admdvs: string; input: Record<string, unknown> }): Message {
  const rows = (infno === "3505A" ? input["selinfoDetail"] : [input["selinfo"]]) as readonly Row[];
  return { infno, insuranceArea: insuplc_admdvs, rows };
}
