/*
 * Goal: a host that terminals can trust with their only copy: what it receipts is in its database, and it answers the same question
 * the same way any number of times.
 * Method: three topics, each with a core that knows no transport (intake, head-end, presence); the fault switches sit between them and the link.
 */
import { type Bytes, fromHex } from "../../device/base/bytes.ts";
import { type Log, SILENT } from "../../device/base/log.ts";
import type { Clock, MessageLink, Randomness } from "../../device/base/ports.ts";
import { FrameAssembler, parseFrame } from "../../device/codec/frames.ts";
import type { CipherSuite, SecretKey } from "../../device/crypto/face.ts";
import { CloneWatch } from "./claim/clone-watch.ts";
import type { DebitOracle } from "./debits.ts";
import type { ChargeDesk } from "./debts.ts";
import { DocumentDesk } from "./downlink.ts";
import { type HostFaults, happens, noHostFaults } from "./faults.ts";
import { GivenUpDesk, type GivingUp } from "./given-up.ts";
import { HeadEnd, type Service } from "./head-end.ts";
import { BatchIntake, type IntakeVerdict } from "./intake.ts";
import type { Ledger } from "./ledger.ts";
import { parseTerminalHeartbeat, parseUpTopic } from "./messages.ts";
import { Outbound } from "./outbound.ts";
import { buildPresence, buildReceipt, type ReceiptContext, type ReceiptOrder, swallowsReply } from "./receipts.ts";
import { type TerminalRegistration, TerminalRegistry } from "./registry.ts";
import { type HostKeys, Sealer } from "./sealing.ts";
import type { ToldState } from "./terminal-state.ts";

export interface SettlementHostOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly keys: HostKeys;
  readonly ledger: Ledger;
  readonly terminals: readonly TerminalRegistration[];
  readonly link: MessageLink;
  readonly debitOracle: DebitOracle;
  /** Charges rides that were taken on a card's signature; left out: they are booked as owed, and nobody does. */
  readonly charges?: ChargeDesk;
  /** Services of live requests by name, for example "fsi". */
  readonly services?: ReadonlyMap<string, Service>;
  readonly faults?: HostFaults;
  readonly log?: Log;
  /** Width of the window in which terminals spread their reconnects. */
  readonly reconnectWindowMs?: number;
  /** Messages of documents that leave in a second, to all terminals together. */
  readonly documentsPerSecond?: number;
  /** Two machines seem to be one terminal. */
  readonly onClone?: (why: "boot-went-back" | "equivocation", tid: string) => void;
}

export interface SettlementHost {
  readonly ledger: Ledger;
  /** May be changed at any time. */
  readonly faults: HostFaults;
  readonly terminals: TerminalRegistry;
  /** Lists, permissions and tables for terminals. */
  readonly documents: DocumentDesk;
  /** How often each verdict was reached, for example "batch-committed" or "batch-discarded: signature-wrong". */
  readonly counters: ReadonlyMap<string, number>;
  /** What each terminal last said of itself. */
  readonly states: ReadonlyMap<string, ToldState>;
  /** What terminals no longer have and this ledger lacks. */
  readonly givenUp: GivenUpDesk;
  /** People give up what a terminal no longer has; it is told at once from where to send. */
  giveUp(tid: string, batch: number): GivingUp;
  /** Puts the ledger back to its last backup; terminals are asked for what is missing. */
  restoreBackup(): void;
  /** Reads and answers nothing from now on. The ledger and the link stay open: they are the caller's. */
  stop(): void;
}

/** Frames of this many terminals are put together at once. */
const ASSEMBLERS_MAX = 1_000;
const DEFAULT_RECONNECT_WINDOW_MS = 10_000;

class Host implements SettlementHost {
  readonly ledger: Ledger;
  readonly faults: HostFaults;
  readonly terminals: TerminalRegistry;
  readonly documents: DocumentDesk;
  readonly givenUp: GivenUpDesk;
  readonly #counters = new Map<string, number>();
  readonly #options: SettlementHostOptions;
  readonly #log: Log;
  readonly #intake: BatchIntake;
  readonly #headEnd: HeadEnd;
  readonly #outbound: Outbound;
  readonly #context: ReceiptContext;
  readonly #assemblers = new Map<string, FrameAssembler>();
  readonly #clones = new CloneWatch();
  readonly #states = new Map<string, ToldState>();
  #stopped = false;

  constructor(options: SettlementHostOptions) {
    const { clock, suite, ledger, randomness, keys, debitOracle, link } = options;
    this.#options = options;
    this.#log = options.log ?? SILENT;
    this.ledger = ledger;
    this.givenUp = new GivenUpDesk(ledger, () => clock.wallMs());
    this.faults = options.faults ?? noHostFaults();
    this.terminals = new TerminalRegistry(options.terminals);
    const sealer = new Sealer({ suite, keys, randomness });
    this.#context = { clock, randomness, sealer, ledger, faults: this.faults };
    this.#outbound = new Outbound({ clock, link, log: this.#log });
    this.documents = new DocumentDesk({
      suite,
      randomness,
      keys,
      sealer,
      clock,
      terminals: this.terminals,
      outbound: this.#outbound,
      faults: this.faults,
      count: (event) => this.#count(event),
      ...(options.documentsPerSecond === undefined ? {} : { perSecond: options.documentsPerSecond }),
    });
    const { charges } = options;
    this.#intake = new BatchIntake({ clock, suite, sealer, ledger, terminals: this.terminals, debitOracle, ...(charges === undefined ? {} : { charges }) });
    this.#headEnd = new HeadEnd({
      clock,
      randomness,
      sealer,
      ledger,
      terminals: this.terminals,
      services: options.services ?? new Map(),
      log: this.#log,
      reply: (tid, payloads) => this.#reply(tid, payloads),
    });
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  get states(): ReadonlyMap<string, ToldState> {
    return this.#states;
  }

  listen(): void {
    for (const what of ["txn", "req", "hb", "want"]) {
      this.#options.link.subscribe(`pos/v1/+/up/${what}`, ({ topic, payload }) => this.#receive(topic, payload));
    }
  }

  restoreBackup(): void {
    this.ledger.restoreBackup();
    this.#log.warn("backup-restored");
  }

  stop(): void {
    this.#stopped = true;
    this.documents.stop();
    this.#outbound.stop();
  }

  #count(event: string): void {
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
  }

  #receive(topic: string, payload: Bytes): void {
    if (this.#stopped || this.faults.vanished) return;
    const parsed = parseUpTopic(topic);
    if (parsed === undefined) return;
    if (parsed.what === "hb") {
      this.#heartbeat(parsed.tid, payload);
      return;
    }
    if (parsed.what === "want") {
      this.documents.receive(parsed.tid, payload);
      return;
    }
    const whole = this.#whole(topic, payload);
    if (whole === undefined) return;
    if (parsed.what === "txn") this.#batch(parsed.tid, whole);
    else if (parsed.what === "req") this.#count(`request-${this.#headEnd.receive(parsed.tid, whole)}`);
  }

  /** The payload itself, or what frames add up to; undefined while frames are missing. */
  #whole(topic: string, payload: Bytes): Bytes | undefined {
    const parsed = parseFrame(payload);
    if (!parsed.ok) {
      this.#count(`message-discarded: ${parsed.reason}`);
      return undefined;
    }
    if (parsed.message === undefined) return payload;
    const outcome = this.#assembler(topic).add(parsed.message, this.#options.clock.monotonicMs());
    if (outcome.kind === "wrong") this.#count(`frame-discarded: ${outcome.reason}`);
    return outcome.kind === "whole" ? outcome.payload : undefined;
  }

  #assembler(topic: string): FrameAssembler {
    const known = this.#assemblers.get(topic);
    if (known !== undefined) return known;
    if (this.#assemblers.size >= ASSEMBLERS_MAX) this.#assemblers.clear();
    const assembler = new FrameAssembler((bytes) => this.#options.suite.sm3(bytes));
    this.#assemblers.set(topic, assembler);
    return assembler;
  }

  #batch(tid: string, payload: Bytes): void {
    const verdict = this.#intake.receive(tid, payload);
    this.#count(describe(verdict));
    if ("reason" in verdict) {
      this.#log.warn(`batch-${verdict.kind}`, { tid, reason: verdict.reason });
      if (verdict.kind === "quarantined") this.#clone("equivocation", tid);
      return;
    }
    const { journalId, batchSeq } = verdict.envelope;
    const next = this.ledger.head(tid, journalId).upTo + 1;
    this.#receipt({ tid, journalId, answers: batchSeq, ...(verdict.kind === "gap" ? { need: next } : {}) });
  }

  #receipt(order: ReceiptOrder): void {
    const { faults } = this;
    const receipt = buildReceipt(this.#context, order);
    if (receipt === undefined) {
      this.#count("receipt-dropped");
      return;
    }
    const times = happens(this.#options.randomness, faults.duplicateReceiptProbability) ? 2 : 1;
    this.#outbound.send({ topic: `pos/v1/${order.tid}/dn/rcpt`, payloads: [receipt], lateMs: faults.receiptLateMs, times });
  }

  #reply(tid: string, payloads: readonly Bytes[]): void {
    const { faults } = this;
    if (this.#stopped || faults.vanished || swallowsReply(this.#context)) {
      this.#count("reply-dropped");
      return;
    }
    const times = happens(this.#options.randomness, faults.duplicateReplyProbability) ? 2 : 1;
    this.#outbound.send({ topic: `pos/v1/${tid}/dn/rsp`, payloads, lateMs: faults.replyLateMs, times });
  }

  #heartbeat(tid: string, payload: Bytes): void {
    const heartbeat = parseTerminalHeartbeat(payload);
    if (heartbeat?.tid !== tid || this.terminals.find(tid) === undefined) {
      this.#count("heartbeat-discarded");
      return;
    }
    if (this.#clones.wentBack(heartbeat)) this.#clone("boot-went-back", tid);
    if (heartbeat.state === "malformed") this.#count("state-discarded");
    else if (heartbeat.state !== undefined) this.#states.set(tid, heartbeat.state);
    this.givenUp.hear(heartbeat);
    const quarantined = this.ledger.quarantined(tid);
    const drain = this.faults.drain && !quarantined;
    const presence = buildPresence(this.#context, tid, { drain, reconnectWindowMs: this.#options.reconnectWindowMs ?? DEFAULT_RECONNECT_WINDOW_MS });
    this.#outbound.send({ topic: `pos/v1/${tid}/dn/hb`, payloads: [presence], lateMs: 0, times: 1 });
    if (!quarantined) this.#askForLost(tid, heartbeat);
  }

  giveUp(tid: string, batch: number): GivingUp {
    const outcome = this.givenUp.giveUp(tid, batch);
    if (!outcome.ok) return outcome;
    const { journalId, batches } = outcome.given;
    this.#log.warn("batches-given-up", { tid, from: batches.from, through: batches.through });
    this.#receipt({ tid, journalId, answers: batches.through, need: batches.through + 1 });
    return outcome;
  }

  #clone(why: "boot-went-back" | "equivocation", tid: string): void {
    this.#count(`clone-${why}`);
    this.#options.onClone?.(why, tid);
  }

  /** A terminal that holds a receipt for more than the ledger has met a restored backup: nothing else would make it send again. */
  #askForLost(tid: string, heartbeat: { readonly journalId: string; readonly receiptedThrough: number }): void {
    const { journalId } = heartbeat;
    const owner = this.ledger.ownerOf(journalId);
    if (owner !== undefined && owner !== tid) return;
    const head = this.ledger.head(tid, journalId);
    if (heartbeat.receiptedThrough > head.lastSeq) this.#receipt({ tid, journalId, answers: head.upTo, need: head.upTo + 1 });
  }
}

function describe(verdict: IntakeVerdict): string {
  return "reason" in verdict ? `batch-${verdict.kind}: ${verdict.reason}` : `batch-${verdict.kind}`;
}

/** Opens the settlement host with its head-end on a link. It works from messages alone: nothing has to be awaited. */
export function openSettlementHost(options: SettlementHostOptions): SettlementHost {
  const host = new Host(options);
  host.listen();
  return host;
}

/** Keys to which those of terminals are added that are claimed while the host runs. */
export type OpenHostKeys = HostKeys & { readonly dataKeys: Map<string, SecretKey>; signingFor?: NonNullable<HostKeys["signingFor"]> };

/** Keys of a host out of their bytes: a 32-byte signing scalar and 16-byte data keys by name. */
export function hostKeys(
  suite: CipherSuite,
  keys: { readonly signingScalarHex: string; readonly dataKeysHex: Readonly<Record<string, string>> },
): OpenHostKeys {
  const dataKeys = new Map(Object.entries(keys.dataKeysHex).map(([kid, hex]) => [kid, suite.secretKey(fromHex(hex))] as const));
  return { signing: suite.sm2PrivateKey(fromHex(keys.signingScalarHex)), dataKeys };
}
