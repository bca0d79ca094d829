/*
 * A terminal made by hand from the page of the protocol, and a link that only remembers: for the host's own tests.
 * Nothing here is shared with the device's sync, so that both sides are judged by the page and not by each other.
 */
import { deflateRawSync } from "node:zlib";
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, toHex, u32be, utf8 } from "../../device/base/bytes.ts";
import type { LinkMessage, LinkState, MessageLink } from "../../device/base/ports.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey } from "../../device/crypto/face.ts";
import { purseTac } from "../crypto/purse.ts";
import { testPurseCardKey } from "../crypto/test-keys.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { noHostFaults } from "./faults.ts";
import type { Service } from "./head-end.ts";
import { Ledger } from "./ledger.ts";
import { hostKeys, openSettlementHost, type SettlementHost } from "./settlement.ts";
import { testDebitOracle } from "./tac-oracle.ts";

export const START_MS = 1_790_000_000_000;
export const KID = "data-1";
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const HOST_SCALAR_HEX = "11".repeat(32);
export const CARD = { serial: "00000000000000004711", issuer: "5301000000000001" };
export const TERMINAL_NUMBER = "530100000001";

export type Members = Record<string, unknown>;

/** Canonical JSON the slow and obvious way. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** A link that keeps what is published and lets a test speak for the broker. */
export class FakeLink implements MessageLink {
  state: LinkState = "up";
  readonly published: LinkMessage[] = [];
  readonly #subscriptions: { readonly shape: RegExp; readonly listener: (message: LinkMessage) => void }[] = [];

  publish(topic: string, payload: Bytes): Promise<void> {
    this.published.push({ topic, payload });
    return Promise.resolve();
  }

  subscribe(topic: string, listener: (message: LinkMessage) => void): void {
    this.#subscriptions.push({ shape: new RegExp(`^${topic.replaceAll("+", "[^/]+")}$`), listener });
  }

  onState(): void {
    // Stays up for ever.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  inject(topic: string, payload: Bytes): void {
    for (const { shape, listener } of this.#subscriptions) if (shape.test(topic)) listener({ topic, payload });
  }

  /** Takes what was published on topics that end with `suffix`, as JSON. */
  take(suffix: string): Members[] {
    const taken = this.published.filter(({ topic }) => topic.endsWith(suffix));
    const kept = this.published.filter(({ topic }) => !topic.endsWith(suffix));
    this.published.splice(0, this.published.length, ...kept);
    return taken.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)) as Members);
  }
}

export interface MadeBatch {
  readonly batchSeq: number;
  readonly hash: string;
  readonly payload: Bytes;
  readonly records: readonly Members[];
}

export interface BatchTwist {
  /** Replaces fields of the plaintext header before hashing. */
  readonly header?: Members;
  /** Replaces fields of the envelope after signing. */
  readonly envelope?: Members;
  /** Replaces the records that are sealed, after hashing. */
  readonly sealedRecords?: readonly unknown[];
  readonly signer?: Sm2PrivateKey;
}

function sumsOf(records: readonly Members[]): Members[] {
  const keys = [...new Set(records.map(({ kind, state }) => `${String(kind)}|${String(state)}`))].sort();
  return keys.map((key) => {
    const [kind, state] = key.split("|");
    const rows = records.filter((record) => record["kind"] === kind && record["state"] === state);
    return { kind, state, count: rows.length, fen: rows.reduce((total, row) => total + Number(row["amountFen"]), 0) };
  });
}

export class HandTerminal {
  readonly tid: string;
  readonly journalId: string;
  readonly key: Sm2PrivateKey;
  readonly #suite: CipherSuite;
  readonly #dataKey: SecretKey;
  readonly #randomness: SeededRandomness;
  seq = 0;
  batchSeq = 0;
  prevHash = "0".repeat(64);

  constructor(suite: CipherSuite, identity: { readonly tid: string; readonly journalId: string; readonly scalarHex: string }) {
    this.#suite = suite;
    this.tid = identity.tid;
    this.journalId = identity.journalId;
    this.key = suite.sm2PrivateKey(fromHex(identity.scalarHex));
    this.#dataKey = suite.secretKey(fromHex(DATA_KEY_HEX));
    this.#randomness = new SeededRandomness(identity.tid);
  }

  topic(what: "txn" | "req" | "hb"): string {
    return `pos/v1/${this.tid}/up/${what}`;
  }

  subject(firstSeq: number): string {
    return `${this.journalId}-${firstSeq}`;
  }

  /** The next record of the journal; `subject` is its own when it opens one. */
  record(members: Members): Members {
    this.seq += 1;
    return {
      seq: this.seq,
      subject: this.subject(this.seq),
      kind: "quick-payment",
      state: "prepared",
      amountFen: 450,
      boot: 1,
      wallMs: START_MS,
      monotonicMs: 5_000,
      detail: {},
      ...members,
    };
  }

  /** Cuts the next batch and moves the chain on. */
  batch(records: readonly Members[], twist: BatchTwist = {}): MadeBatch {
    this.batchSeq += 1;
    const first = Number(records[0]?.["seq"]);
    const header = {
      tid: this.tid,
      journalId: this.journalId,
      batchSeq: this.batchSeq,
      firstSeq: first,
      lastSeq: first + records.length - 1,
      count: records.length,
      sums: sumsOf(records),
      prevHash: this.prevHash,
      ...twist.header,
    };
    const hash = toHex(this.#suite.sm3(utf8(sortedJson({ ...header, records }))));
    this.prevHash = hash;
    return { batchSeq: this.batchSeq, hash, records, payload: this.#envelope(header, { hash, records, twist }) };
  }

  #envelope(header: Members, made: { readonly hash: string; readonly records: readonly Members[]; readonly twist: BatchTwist }): Bytes {
    const { hash, records, twist } = made;
    const sealed = this.seal(new Uint8Array(deflateRawSync(utf8(sortedJson(twist.sealedRecords ?? records)))));
    const sig = toHex(this.#suite.sm2Sign(twist.signer ?? this.key, concat(fromHex(hash), utf8(this.tid))));
    return utf8(sortedJson({ v: 1, ...header, hash, boot: 1, ...sealed, sig, ...twist.envelope }));
  }

  seal(plain: Bytes): { readonly alg: string; readonly kid: string; readonly iv: string; readonly body: string } {
    const fill = 16 - (plain.length % 16);
    const iv = this.#randomness.bytes(16);
    const sealed = this.#suite.sm4CbcEncrypt(this.#dataKey, iv, concat(plain, new Uint8Array(fill).fill(fill)));
    return { alg: "SM4-CBC/SM2-SM3", kid: KID, iv: toHex(iv), body: Buffer.from(sealed).toString("base64") };
  }

  open(message: Members): Bytes {
    const plain = this.#suite.sm4CbcDecrypt(this.#dataKey, fromHex(String(message["iv"])), new Uint8Array(Buffer.from(String(message["body"]), "base64")));
    return plain.subarray(0, plain.length - (plain.at(-1) ?? 0));
  }

  request(body: Bytes, members: { readonly notAfterMs: number } & Members): Bytes {
    const sealed = this.seal(body);
    const covered = {
      v: 1,
      tid: this.tid,
      reqId: toHex(this.#randomness.bytes(16)),
      service: "fsi",
      hash: toHex(this.#suite.sm3(body)),
      alg: sealed.alg,
      kid: sealed.kid,
      ...members,
    };
    const sig = toHex(this.#suite.sm2Sign(this.key, utf8(sortedJson(covered))));
    return utf8(sortedJson({ ...covered, iv: sealed.iv, body: sealed.body, sig }));
  }

  heartbeat(members: Members = {}): Bytes {
    return utf8(sortedJson({ v: 1, tid: this.tid, journalId: this.journalId, boot: 1, lastSeq: this.seq, receiptedThrough: 0, wallMs: START_MS, ...members }));
  }

  /** Whether the host's signature over all members but `leftOut` holds. */
  hostSigned(message: Members, leftOut: readonly string[] = ["sig"]): boolean {
    const covered = Object.fromEntries(Object.entries(message).filter(([name]) => !leftOut.includes(name)));
    const hostKey = this.#suite.sm2PrivateKey(fromHex(HOST_SCALAR_HEX)).publicKey;
    return this.#suite.sm2Verify(hostKey, utf8(sortedJson(covered)), fromHex(String(message["sig"])));
  }
}

/** Detail and personal fields of a debit that the card with {@link CARD}'s numbers really made. */
export function provedDebit(
  suite: CipherSuite,
  debit: { readonly amountFen: number; readonly terminalSeq: number; readonly algorithm?: number },
): { readonly detail: Members; readonly personal: Members } {
  const algorithm = debit.algorithm ?? 0;
  const rules = { suite, profile: DEFAULT_CARD_PROFILE, algorithm: algorithm === 3 ? ("sm4" as const) : ("3des" as const) };
  const dtk = testPurseCardKey(rules, "purse-dtk", { serial: fromHex(CARD.serial), issuer: fromHex(CARD.issuer) });
  const input = concat(u32be(debit.amountFen), fromHex("06"), fromHex(TERMINAL_NUMBER), u32be(debit.terminalSeq), fromHex("20260920"), fromHex("221320"));
  const detail = {
    terminalNumber: TERMINAL_NUMBER,
    terminalSeq: debit.terminalSeq,
    date: "20260920",
    time: "221320",
    type: "06",
    cardSeq: debit.terminalSeq,
    algorithm,
    keyVersion: 1,
    tac: toHex(purseTac(rules, dtk, input)),
    proof: "psam",
  };
  return { detail, personal: { cardSerial: CARD.serial, issuer: CARD.issuer } };
}

export interface Bench {
  readonly suite: CipherSuite;
  readonly clock: VirtualClock;
  readonly link: FakeLink;
  readonly ledger: Ledger;
  readonly host: SettlementHost;
  readonly terminal: HandTerminal;
  /** A second registered terminal. */
  readonly neighbour: HandTerminal;
  /** Lets everything run that is due within `ms` of virtual time. */
  run(ms?: number): Promise<void>;
  /** Sends a batch and gives the receipts that came of it. */
  send(batch: MadeBatch): Promise<Members[]>;
  /** The intent and the end of one quick payment. */
  sale(members?: Members): Members[];
}

export function openBench(suite: CipherSuite, options: { readonly service?: Service } = {}): Bench {
  const clock = new VirtualClock(START_MS);
  const link = new FakeLink();
  const ledger = Ledger.open(":memory:");
  const terminal = new HandTerminal(suite, { tid: "T001", journalId: "a1".repeat(16), scalarHex: "22".repeat(32) });
  const neighbour = new HandTerminal(suite, { tid: "T002", journalId: "b2".repeat(16), scalarHex: "33".repeat(32) });
  const host = openSettlementHost({
    clock,
    link,
    ledger,
    suite,
    randomness: new SeededRandomness("host"),
    faults: noHostFaults(),
    keys: hostKeys(suite, { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } }),
    terminals: [terminal, neighbour].map(({ tid, key }) => ({ tid, publicKey: key.publicKey, kids: [KID] })),
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
    services: new Map(options.service === undefined ? [] : [["fsi", options.service]]),
  });
  let terminalSeq = 0;
  const run = async (ms = 0) => {
    await clock.runUntil(clock.monotonicMs() + ms);
  };
  return {
    suite,
    clock,
    link,
    ledger,
    host,
    terminal,
    neighbour,
    run,
    send: async (batch) => {
      link.inject(terminal.topic("txn"), batch.payload);
      await run();
      return link.take("dn/rcpt");
    },
    sale: (members = {}) => {
      terminalSeq += 1;
      const amountFen = 450;
      const intent = terminal.record({ amountFen });
      const end = terminal.record({ subject: intent["subject"], state: "done", amountFen, ...provedDebit(suite, { amountFen, terminalSeq }), ...members });
      return [intent, end];
    },
  };
}

/** The only element of a list. */
export function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  assert(items.length === 1 && item !== undefined, `there is exactly one, not ${items.length}`);
  return item;
}
