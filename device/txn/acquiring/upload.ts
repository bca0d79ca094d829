/*
 * Goal: what happened offline reaches the acquirer once, or waits where people see it.
 * Method: an upload is a record of its own. Its message is fixed and durable before its first try and the same in all later ones, so that the
 * acquirer's word that it has it already means something. None of them is ever reversed. Spec: UnionPay terminal, offline upload.
 */

import { assert } from "../../base/assert.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import { WorkRow } from "../../base/work-row.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { JournalEntry } from "../journal/types.ts";
import type { ParkedItem } from "./acts.ts";
import type { BatchPorts } from "./batch-ports.ts";
import type { HeldLine } from "./ports.ts";
import { describeScriptResult } from "./script-results.ts";
import { OwedUploads } from "./upload-gather.ts";
import { judgeUpload } from "./upload-judge.ts";
import { type LaterStep, readUpload, readValues, tryState, uploadDraft, valuesMember } from "./upload-record.ts";
import { describeSale, type OfflineTerminal } from "./upload-sale.ts";
import type { DescribeUpload, FixedValues, RecordedUpload, UploadKind, UploadVerdict } from "./upload-types.ts";

/** Uploads of one go: the others wait for the next, so that nobody waits for a whole day's sales at once. */
const UPLOADS_MAX = 200;

export interface UploadPorts extends BatchPorts {
  readonly suite: Pick<CipherSuite, "sm3">;
  /** Who this terminal is to cards with electronic cash. */
  readonly terminal: OfflineTerminal;
  /** A batch that is being settled takes nothing more. */
  readonly paused: () => boolean;
  /** Told each upload that was parked, to print its failure slip. */
  readonly onParked?: (upload: RecordedUpload) => void;
}

export interface BankUploads {
  /**
   * Sends what is due, least tried first, with the line held; stops at the first that cannot be sent. What it leaves waits and stops nobody.
   * For `sendOffline` of the bank's ports: answers why nothing new may be asked of the bank. Faults: those of the journal.
   */
  sendDue(line: HeldLine, limits: Limits): Promise<string | undefined>;
  /** Every record that owes a message has its upload from now on; false where more is left for a further look. Faults: those of the journal. */
  gather(): Promise<boolean>;
  /** How many offline sales still have to go before the batch may be compared. Faults: those of the journal. */
  due(): Promise<number>;
  /** Oldest first. Faults: those of the journal. */
  parked(limit: number): Promise<readonly ParkedItem[]>;
  /** A person lets a parked upload be tried again; said twice, it is done once. Faults: those of the journal. */
  retry(subject: string, act: PeoplesWord): Promise<"settled" | "not-parked">;
  /** A person has dealt with it otherwise; said twice, it is done once. Faults: those of the journal. */
  dismiss(subject: string, act: PeoplesWord): Promise<"settled" | "not-parked">;
}

interface PeoplesWord {
  readonly operator: string;
  readonly note?: string;
}

export function openBankUploads(ports: UploadPorts): BankUploads {
  return new DurableUploads(ports);
}

interface Prepared {
  readonly upload: RecordedUpload;
  readonly values: FixedValues;
  readonly sent: NonNullable<RecordedUpload["sent"]>;
  /** Whether these very bytes may have arrived in an earlier try. */
  readonly sentBefore: boolean;
}

class DurableUploads implements BankUploads {
  readonly #ports: UploadPorts;
  readonly #owed: OwedUploads;
  readonly #describe: Readonly<Record<UploadKind, DescribeUpload>>;
  /** One act at a time: what an act has read still holds when it writes. */
  readonly #row = new WorkRow("uploads to the acquirer");

  constructor(ports: UploadPorts) {
    this.#ports = ports;
    this.#owed = new OwedUploads(ports.journal);
    this.#describe = { "offline-upload": describeSale(ports.terminal), "script-result": describeScriptResult };
  }

  sendDue(line: HeldLine, limits: Limits): Promise<string | undefined> {
    return this.#row.run(async () => {
      if (this.#ports.paused()) return "settlement-half-done";
      await this.#sendAll(line, limits);
      return undefined;
    });
  }

  async #sendAll(line: HeldLine, limits: Limits): Promise<void> {
    await this.#owed.gather();
    const deadlineMs = this.#ports.clock.monotonicMs() + limits.timeoutMs;
    const waiting = (await this.#open()).filter(({ parked }) => !parked);
    for (const upload of byTries(waiting).slice(0, UPLOADS_MAX)) {
      // None is begun for somebody whose time is over; what was begun takes the time that a reply may take, else a try is used up by impatience.
      if (limits.signal.aborted || this.#ports.clock.monotonicMs() >= deadlineMs) return;
      if (upload.kind === "offline-upload" && this.#batchIsFull()) continue;
      if (!(await this.#try(upload, line))) return;
    }
  }

  gather(): Promise<boolean> {
    return this.#row.run(() => this.#owed.gather());
  }

  due(): Promise<number> {
    return this.#row.run(async () => {
      const whole = await this.#owed.gather();
      // The totals of a batch have room for so many: what waits goes into the next.
      if (this.#batchIsFull()) return 0;
      const open = await this.#open();
      const count = open.filter(({ kind, parked }) => kind === "offline-upload" && !parked).length;
      return whole ? count : Math.max(1, count);
    });
  }

  #batchIsFull(): boolean {
    const { book, profile } = this.#ports;
    return book.count >= profile.batchMax;
  }

  async parked(limit: number): Promise<readonly ParkedItem[]> {
    const parked = (await this.#open()).filter((upload) => upload.parked);
    return parked.slice(0, limit).map(({ subject, kind, amount, reason, last, tries }) => ({
      subject,
      what: kind,
      amount,
      reason,
      sinceMs: last.wallMs,
      tries,
    }));
  }

  retry(subject: string, word: PeoplesWord): Promise<"settled" | "not-parked"> {
    return this.#ofPeople(subject, word, { state: "resolving", more: { settledAs: "try-again", tries: 0 } });
  }

  dismiss(subject: string, word: PeoplesWord): Promise<"settled" | "not-parked"> {
    return this.#ofPeople(subject, word, { state: "refused", more: { settledAs: "dismiss", dismissed: true } });
  }

  #ofPeople(subject: string, { operator, note }: PeoplesWord, { state, more }: Pick<LaterStep, "state" | "more">): Promise<"settled" | "not-parked"> {
    return this.#row.run(async () => {
      const upload = readUpload(await this.#ports.journal.entriesOf(subject));
      if (upload === undefined) return "not-parked";
      if (!upload.parked) return upload.last.detail["settledAs"] === more["settledAs"] ? "settled" : "not-parked";
      const said = { operator, parked: false, ...(note === undefined ? {} : { note }) };
      await this.#ports.journal.append(uploadDraft(upload, { state, more: { ...more, ...said } }));
      return "settled";
    });
  }

  async #open(): Promise<readonly RecordedUpload[]> {
    const found: RecordedUpload[] = [];
    for await (const { subject } of eachOpenSubject(this.#ports.journal, "operation")) {
      const upload = readUpload(await this.#ports.journal.entriesOf(subject));
      if (upload !== undefined) found.push(upload);
    }
    return found;
  }

  /** False when the line carries nothing: the others wait too. */
  async #try(upload: RecordedUpload, line: HeldLine): Promise<boolean> {
    const prepared = await this.#prepare(upload, line);
    if (prepared === undefined) return true;
    const { kind } = upload;
    const { stan: trace, batch } = prepared.sent;
    const message = buildRequest(this.#ports.profile, kind, { ...prepared.values, trace, batch });
    const limits = { timeoutMs: this.#ports.profile.replyTimeoutMs, signal: neverAborted() };
    const reply = await line.exchange(message, limits, { business: kind, sentBefore: prepared.sentBefore });
    const { offlineUpload } = this.#ports.profile;
    const verdict = judgeUpload({ tries: prepared.upload.tries, triesMax: offlineUpload.tries, sentBefore: prepared.sentBefore, reply });
    await this.#note(prepared, verdict);
    return reply.kind === "approved" || reply.kind === "declined" || verdict.kind === "parked";
  }

  /** The message, durable with its number before it is sent; undefined where the record says too little. */
  async #prepare(upload: RecordedUpload, line: HeldLine): Promise<Prepared | undefined> {
    const { journal, suite } = this.#ports;
    const known = upload.sent?.batch === line.batch ? readValues(upload.personal["message"]) : undefined;
    const described = known === undefined ? this.#describe[upload.kind](await journal.entriesOf(upload.of)) : { values: known, personal: {} };
    if (described === undefined) {
      await this.#park(upload, { reason: "record-unreadable", mayHaveArrived: upload.mayHaveArrived, tries: upload.tries });
      return undefined;
    }
    const number = known === undefined ? line.nextStan() : undefined;
    const stan = number?.stan ?? upload.sent?.stan;
    assert(stan !== undefined, "a message that was fixed has its number");
    const message = valuesMember(described.values);
    const hash = toHex(suite.sm3(utf8(JSON.stringify([line.batch, stan, message]))));
    const sentBefore = upload.mayHaveArrived && upload.sent?.hash === hash;
    // From here on nobody can say that it was not sent, unless the line itself says so afterwards.
    const more = { stan, batch: line.batch, hash, mayHaveArrived: true };
    const step = { state: tryState(upload), more, personal: { ...described.personal, message } } as const;
    const entry = await journal.append(uploadDraft(upload, { ...step, ...(number === undefined ? {} : { marks: [number.mark] }) }));
    return { upload: reread(entry), values: described.values, sent: { stan, batch: line.batch, hash }, sentBefore };
  }

  async #note({ upload }: Prepared, verdict: UploadVerdict): Promise<void> {
    const { journal, book, log } = this.#ports;
    switch (verdict.kind) {
      case "taken": {
        const marks = upload.kind === "offline-upload" ? book.add(upload.subject) : [];
        const reason = verdict.reason === undefined ? {} : { reason: verdict.reason };
        await journal.append(uploadDraft(upload, { state: "done", more: { tries: upload.tries + 1, ...reason }, marks }));
        log.info("bank-upload-taken", { subject: upload.of, what: upload.kind });
        return;
      }
      case "again": {
        const { counts, mayHaveArrived, reason } = verdict;
        await journal.append(uploadDraft(upload, { state: "unknown", more: { tries: upload.tries + (counts ? 1 : 0), mayHaveArrived, reason } }));
        return;
      }
      case "parked":
        return this.#park(upload, { ...verdict, tries: upload.tries + 1 });
    }
  }

  async #park(upload: RecordedUpload, { reason, mayHaveArrived, tries }: { reason: string; mayHaveArrived: boolean; tries: number }): Promise<void> {
    const entry = await this.#ports.journal.append(uploadDraft(upload, { state: "unknown", more: { parked: true, tries, mayHaveArrived, reason } }));
    this.#ports.log.warn("bank-upload-parked", { subject: upload.of, what: upload.kind, reason });
    this.#ports.onParked?.(reread(entry));
  }
}

function reread(entry: JournalEntry): RecordedUpload {
  const upload = readUpload([entry]);
  assert(upload !== undefined, "each entry of an upload says all that is known of it");
  return upload;
}

/** Least tried first, oldest first among those; what an issuer waits for comes behind what is owed to the shop. */
function byTries(uploads: readonly RecordedUpload[]): readonly RecordedUpload[] {
  const rank = ({ kind, tries }: RecordedUpload) => tries * 2 + (kind === "offline-upload" ? 0 : 1);
  return uploads.toSorted((left, right) => rank(left) - rank(right));
}
