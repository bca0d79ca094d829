/* For tests of sync only: a journal in memory, keys made up, and a receiver written from docs/protocol.md by hand. */
import { inflateRawSync } from "node:zlib";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { fen } from "../base/fen.ts";
import { type Log, SILENT } from "../base/log.ts";
import type { MessageLink, StoredBatch } from "../base/ports.ts";
import { canonicalJson } from "../codec/json.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import type { EntryDraft, JournalEntry, UploadJournal } from "../txn/journal/types.ts";
import type { SyncKeys } from "./sync.ts";

export const suite = openCipherSuite();
export const TID = "T100001";
export const JOURNAL_ID = "00112233445566778899aabbccddeeff";
export const KID = "test-data-key-1";
/** Published test keys: never used outside tests. */
export const TERMINAL_SCALAR = fromHex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");
export const HOST_SCALAR = fromHex("128b2fa8bd433c6c068c8d803dff79792a519a55171b1b650c23661d15897263");
export const DATA_KEY = fromHex("0123456789abcdeffedcba9876543210");

export const terminalKey = suite.sm2PrivateKey(TERMINAL_SCALAR);
export const hostKey = suite.sm2PrivateKey(HOST_SCALAR);
export const dataKey = suite.secretKey(DATA_KEY);
export const KEYS: SyncKeys = { signing: terminalKey, hostKey: hostKey.publicKey, dataKey, kid: KID };

/** Remembers what was logged, to see that problems have names. */
export function listeningLog(): { readonly log: Log; readonly events: string[]; readonly reasons: string[] } {
  const events: string[] = [];
  const reasons: string[] = [];
  const note: Log["warn"] = (event, fields) => {
    events.push(event);
    if (fields?.["reason"] !== undefined) reasons.push(String(fields["reason"]));
  };
  return { log: { ...SILENT, warn: note, error: note }, events, reasons };
}

export class MemoryJournal implements UploadJournal {
  readonly terminalId = TID;
  readonly journalId = JOURNAL_ID;
  readonly boot = 1;
  readonly all: JournalEntry[] = [];
  readonly batches: StoredBatch[] = [];
  receiptedThrough = 0;
  /** Everything from this entry on is held. */
  firstSeq = 1;
  /** Set to make every commit fail from now on. */
  broken = false;
  #listeners: (() => void)[] = [];

  get lastSeq(): number {
    return this.all.length;
  }

  /** The same durable contents after a power cut: nobody listens any more. */
  rebooted(): MemoryJournal {
    const next = new MemoryJournal();
    next.all.push(...this.all);
    next.batches.push(...this.batches);
    next.receiptedThrough = this.receiptedThrough;
    next.firstSeq = this.firstSeq;
    return next;
  }

  entries(fromSeq: number, limit: number): Promise<readonly JournalEntry[]> {
    const from = Math.max(fromSeq, this.firstSeq) - 1;
    return Promise.resolve(this.all.slice(from, from + limit));
  }

  openBatches(limit: number): Promise<readonly StoredBatch[]> {
    return Promise.resolve(this.batches.filter(({ receipted }) => !receipted).slice(0, limit));
  }

  batch(batchSeq: number): Promise<StoredBatch | undefined> {
    return Promise.resolve(this.batches.find((batch) => batch.batchSeq === batchSeq));
  }

  firstBatch(): Promise<StoredBatch | undefined> {
    return Promise.resolve(this.batches[0]);
  }

  lastBatch(): Promise<StoredBatch | undefined> {
    return Promise.resolve(this.batches.at(-1));
  }

  async commitBatches(batches: readonly StoredBatch[]): Promise<void> {
    this.#demandWhole();
    for (const batch of batches) {
      if (batch.batchSeq !== this.batches.length + 1) throw new Error("batches are contiguous");
      this.batches.push(batch);
    }
    await Promise.resolve();
  }

  async commitReceipted(batches: readonly StoredBatch[]): Promise<void> {
    this.#demandWhole();
    for (const batch of batches) {
      if (batch.firstSeq !== this.receiptedThrough + 1) throw new Error("receipts are contiguous");
      this.batches[batch.batchSeq - 1] = { ...batch, receipted: true };
      this.receiptedThrough = batch.lastSeq;
    }
    await Promise.resolve();
  }

  append(draft: EntryDraft): Promise<JournalEntry> {
    this.#demandWhole();
    const seq = this.all.length + 1;
    const { kind, state, amount, detail, personal } = draft;
    const entry: JournalEntry = {
      seq,
      subject: draft.subject ?? `${JOURNAL_ID}-${seq}`,
      kind,
      state,
      amount,
      boot: 1,
      wallMs: 1_790_000_000_000 + seq,
      monotonicMs: seq,
      detail,
      hash: "",
      ...(personal === undefined ? {} : { personal }),
      ...(draft.resolves === undefined ? {} : { resolves: draft.resolves }),
    };
    this.all.push(entry);
    for (const listener of this.#listeners) listener();
    return Promise.resolve(entry);
  }

  onAppended(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #demandWhole(): void {
    if (this.broken) throw new Fault("store-broken", "broken by the test", { effectUnknown: true });
  }
}

/** A sale as the flows write it, with made-up numbers. */
export function saleDraft(index: number): EntryDraft {
  return {
    kind: "quick-payment",
    state: "done",
    amount: fen(100 + (index % 900)),
    detail: {
      terminalNumber: "112233445566",
      terminalSeq: index,
      date: "20260921",
      time: "081530",
      type: "06",
      tac: toHex(suite.sm3(utf8(String(index))).subarray(0, 4)),
      proof: "psam",
    },
    personal: { cardSerial: String(index).padStart(20, "0"), issuer: "0011223344556677" },
  };
}

export async function appendSales(journal: MemoryJournal, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await journal.append(saleDraft(journal.lastSeq + 1));
}

type Json = Record<string, unknown>;

interface HeldBatch {
  readonly hash: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly records: readonly Json[];
}

/** What a receiver does with one batch, by section 3 and 4 of the page. */
export type Intake = "committed" | "repeated" | "gap" | "equivocation" | "refused";

const unpad = (padded: Bytes): Bytes => padded.subarray(0, padded.length - (padded.at(-1) ?? 0));

/** A settlement host by the page alone: it uses none of the code under test but canonical JSON and primitives. */
export class ModelHost {
  readonly batches: HeldBatch[] = [];
  readonly intakes: Intake[] = [];
  readonly problems: string[] = [];
  quarantined = false;

  get records(): readonly Json[] {
    return this.batches.flatMap(({ records }) => records);
  }

  /** Goes back to a backup: the last `count` batches are gone. */
  forgetLast(count: number): void {
    this.batches.length = Math.max(0, this.batches.length - count);
  }

  take(payload: Bytes): Intake {
    const intake = this.#judge(payload);
    this.intakes.push(intake);
    return intake;
  }

  receipt(intake: Intake, hostTimeMs: number, extra: Json = {}): Bytes | undefined {
    if (intake === "equivocation" || intake === "refused") return undefined;
    const upTo = this.batches.length;
    return this.signed({
      v: 1,
      tid: TID,
      journalId: JOURNAL_ID,
      upTo,
      hash: this.batches.at(-1)?.hash ?? "0".repeat(64),
      rejects: [],
      slowMs: 0,
      hostTimeMs,
      ...(intake === "gap" ? { need: upTo + 1 } : {}),
      ...extra,
    });
  }

  signed(message: Json): Bytes {
    return utf8(canonicalJson({ ...message, sig: toHex(suite.sm2Sign(hostKey, utf8(canonicalJson(message)))) }));
  }

  #judge(payload: Bytes): Intake {
    if (this.quarantined) return "refused";
    const envelope = JSON.parse(Buffer.from(payload).toString("utf8")) as Json;
    const batchSeq = Number(envelope["batchSeq"]);
    const problem = this.#verify(envelope);
    if (typeof problem === "string") {
      this.problems.push(problem);
      return "refused";
    }
    const held = this.batches[batchSeq - 1];
    if (held !== undefined) {
      if (held.hash === envelope["hash"]) return "repeated";
      this.quarantined = true;
      return "equivocation";
    }
    if (batchSeq !== this.batches.length + 1) return "gap";
    const last = this.batches.at(-1);
    if (envelope["prevHash"] !== (last?.hash ?? "0".repeat(64)) || envelope["firstSeq"] !== (last?.lastSeq ?? 0) + 1) {
      this.quarantined = true;
      return "equivocation";
    }
    this.batches.push(problem);
    return "committed";
  }

  /** The opened batch, or what is wrong with it. */
  #verify(envelope: Json): HeldBatch | string {
    const { tid, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash } = envelope;
    const hash = String(envelope["hash"]);
    if (tid !== TID || journalId !== JOURNAL_ID) return "identity";
    if (!suite.sm2Verify(terminalKey.publicKey, concat(fromHex(hash), utf8(TID)), fromHex(String(envelope["sig"])))) return "signature";
    const padded = suite.sm4CbcDecrypt(dataKey, fromHex(String(envelope["iv"])), new Uint8Array(Buffer.from(String(envelope["body"]), "base64")));
    const text = inflateRawSync(unpad(padded)).toString("utf8");
    const records = JSON.parse(text) as Json[];
    const plaintext = canonicalJson({ tid, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash, records });
    if (toHex(suite.sm3(utf8(plaintext))) !== hash) return "hash";
    if (records.length !== count || records.some((record, index) => record["seq"] !== Number(firstSeq) + index)) return "sequence";
    return { hash, firstSeq: Number(firstSeq), lastSeq: Number(lastSeq), records };
  }
}

export interface ServedHost {
  readonly model: ModelHost;
  /** Silent hosts read nothing and say nothing. */
  present: boolean;
  drain: boolean;
  slowMs: number;
  /** Gives the plaintext of the answer, "expired", or undefined for silence. */
  answer: (plain: Bytes) => Bytes | "expired" | undefined;
  readonly forwarded: string[];
}

/** Serves one terminal over a link: batches, heartbeats, live requests without frames. */
export function serveHost(link: MessageLink, hostTimeMs: () => number, model = new ModelHost()): ServedHost {
  const host: ServedHost = { model, present: true, drain: true, slowMs: 0, answer: () => undefined, forwarded: [] };
  const say = (topic: string, payload: Bytes | undefined) => {
    if (payload === undefined) return;
    link.publish(`pos/v1/${TID}/${topic}`, payload, { qos: 0, timeoutMs: 1_000, signal: new AbortController().signal }).catch(() => undefined);
  };
  link.subscribe(`pos/v1/${TID}/up/txn`, ({ payload }) => {
    if (host.present) say("dn/rcpt", model.receipt(model.take(payload), hostTimeMs(), { slowMs: host.slowMs }));
  });
  link.subscribe(`pos/v1/${TID}/up/hb`, () => {
    if (host.present) say("dn/hb", model.signed({ v: 1, tid: TID, hostTimeMs: hostTimeMs(), drain: host.drain, reconnectWindowMs: 5_000 }));
  });
  const replies = new Map<string, Bytes>();
  link.subscribe(`pos/v1/${TID}/up/req`, ({ payload }) => {
    if (!host.present) return;
    const request = JSON.parse(Buffer.from(payload).toString("utf8")) as Json;
    if (request["frame"] !== undefined) return;
    const reqId = String(request["reqId"]);
    const known = replies.get(reqId);
    if (known !== undefined) return say("dn/rsp", known);
    const late = hostTimeMs() > Number(request["notAfterMs"]);
    const padded = suite.sm4CbcDecrypt(dataKey, fromHex(String(request["iv"])), new Uint8Array(Buffer.from(String(request["body"]), "base64")));
    if (!late) host.forwarded.push(reqId);
    const answer = late ? "expired" : host.answer(unpad(padded));
    if (answer === undefined) return;
    const reply = modelReply(model, { reqId, hostTimeMs: hostTimeMs() }, answer);
    replies.set(reqId, reply);
    say("dn/rsp", reply);
  });
  return host;
}

/** A reply by docs/protocol.md, section 5. */
export function modelReply(model: ModelHost, head: { readonly reqId: string; readonly hostTimeMs: number }, answer: Bytes | "expired"): Bytes {
  const plain = answer === "expired" ? new Uint8Array(0) : answer;
  const open = {
    v: 1,
    tid: TID,
    ...head,
    outcome: answer === "expired" ? "expired" : "answered",
    hash: toHex(suite.sm3(plain)),
    alg: "SM4-CBC/SM2-SM3",
    kid: KID,
  };
  const signed = JSON.parse(Buffer.from(model.signed(open)).toString("utf8")) as Json;
  const iv = new Uint8Array(16).fill(9);
  const padLength = 16 - (plain.length % 16);
  const body = suite.sm4CbcEncrypt(dataKey, iv, concat(plain, new Uint8Array(padLength).fill(padLength)));
  return utf8(canonicalJson({ ...signed, iv: toHex(iv), body: Buffer.from(body).toString("base64") }));
}
