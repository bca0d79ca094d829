/*
 * Goal: the way out of the terminal. Every durable entry reaches the settlement host once, in order; live requests pass beside.
 * Method: this file joins the parts: outbox (what goes up next), receipts, live requests, presence, heartbeat. Nothing here decides about money.
 */
import type { Bytes } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits, MessageLink, Randomness } from "../base/ports.ts";
import { documentTopicsOf } from "../codec/downlink.ts";
import { encodeHeartbeat, type Heartbeat, parsePresence, type TerminalState, topicsOf, ZERO_HASH } from "../codec/upload.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey, Sm2PublicKey } from "../crypto/face.ts";
import type { AcquirerHost, AgencyHost, Downlink, MedicalHost, Uplink } from "../txn/hosts.ts";
import type { UploadJournal } from "../txn/journal/types.ts";
import { type BatchLimits, DEFAULT_BATCH_LIMITS } from "./batch/plan.ts";
import type { BatchSealer } from "./batch/seal.ts";
import { DocumentDownlink, type DownlinkPlace, type DownlinkStatus } from "./downlink/downlink.ts";
import { HostTime } from "./host-time.ts";
import { LiveRequests } from "./live/live.ts";
import { firstHeld } from "./outbox/held.ts";
import type { HaltReason, OutboxRules, State } from "./outbox/machine.ts";
import { OUTBOX_TIMES, Outbox, type OutboxTimes } from "./outbox/run.ts";
import { BatchSupply, previousHashOf } from "./outbox/supply.ts";
import { Pacer } from "./pacer.ts";
import { HostPresence } from "./presence.ts";
import { Publisher } from "./publisher.ts";
import { checkReceipt, type ReceiptRefusal } from "./receipts/accept.ts";

/** Messages of the host that wait for their check; more are dropped, which a lost receipt survives. */
const INBOUND_MAX = 32;

/** Heartbeats from one that tells how the terminal is to the next. */
const STATE_EVERY = 6;

export interface SyncKeys {
  readonly signing: Sm2PrivateKey;
  readonly hostKey: Sm2PublicKey;
  readonly dataKey: SecretKey;
  /** Name of the data key, as the host knows it. */
  readonly kid: string;
}

export interface SyncOptions {
  readonly batch: BatchLimits;
  readonly times: OutboxTimes;
  readonly heartbeatMs: number;
  /** Bound of the operator of the broker. Spec: pos/v1, 1. */
  readonly messagesPerSecondMax: number;
  /** Of these, so many are kept free for live requests and heartbeats. */
  readonly messagesReserve: number;
  readonly liveResendMs: number;
}

export const DEFAULT_SYNC_OPTIONS: SyncOptions = {
  batch: DEFAULT_BATCH_LIMITS,
  times: OUTBOX_TIMES,
  heartbeatMs: 10_000,
  messagesPerSecondMax: 20,
  messagesReserve: 4,
  liveResendMs: 4_000,
};

export interface SyncParts {
  readonly journal: UploadJournal;
  readonly link: MessageLink;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly keys: SyncKeys;
  readonly sealer: BatchSealer;
  readonly log: Log;
  readonly options?: Partial<SyncOptions>;
  /** Where documents of the host are kept while they come; without it none are taken. */
  readonly downlink?: DownlinkPlace;
  /** The host says over how long a fleet spreads its reconnects; the link's owner passes it on. */
  readonly onReconnectWindow?: (windowMs: number) => void;
  /** The settlement host was heard by a message whose signature was verified; its time by that message. */
  readonly onHostHeard?: (hostTimeMs: number) => void;
  /** Called in each turn of the loop that speaks to the host, whatever the network does. It never throws. */
  readonly onTurn?: (() => void) | undefined;
  /** How the terminal is, for whoever looks after a fleet; undefined, or left out: nobody knows. */
  readonly state?: () => TerminalState | undefined;
  /** The outbox's table; a simulated world exchanges a rule here to plant a bug. */
  readonly outboxRules?: OutboxRules;
}

export interface SyncStatus {
  readonly linkUp: boolean;
  readonly hostPresent: boolean;
  readonly outbox: State["at"];
  readonly haltReason: HaltReason | undefined;
  readonly lastSeq: number;
  readonly receiptedThrough: number;
  /** Last batch with durable boundaries, and the last that the host holds. */
  readonly lastBatch: number;
  readonly acknowledgedBatch: number;
  /** How many more batches may be sent now, and how many are under way. */
  readonly windowOpen: number;
  readonly inFlight: number;
  /** The host's clock as estimated, if it was ever heard. */
  readonly hostTimeMs: number | undefined;
  /** Documents of the host; undefined where none are taken. */
  readonly documents: DownlinkStatus | undefined;
}

export interface Sync {
  readonly medicalHost: MedicalHost;
  readonly acquirerHost: AcquirerHost;
  readonly agencyHost: AgencyHost;
  readonly uplink: Uplink;
  /** Documents of the host; takers are registered before `start`. Undefined where no place for them was given. */
  readonly downlink: Downlink | undefined;
  /** Reads the journal's position and begins to send. Faults: those of the journal. */
  start(): Promise<void>;
  /** Ends sending at once. What was not receipted is sent again after the next start. The link stays with its owner. */
  stop(): void;
  status(): SyncStatus;
  /** Sends now what may be sent: a pause that was agreed ends, a silent host is asked at once. */
  urge(): void;
  /** Resolves when every durable entry is receipted. Faults: "timeout", "cancelled". */
  idle(limits: Limits): Promise<void>;
}

/** Joins the parts; nothing is sent before `start`. */
export function openSync(parts: SyncParts): Sync {
  return new TerminalSync(parts);
}

class TerminalSync implements Sync {
  readonly uplink: Uplink;
  readonly medicalHost: MedicalHost;
  readonly acquirerHost: AcquirerHost;
  readonly agencyHost: AgencyHost;
  readonly #parts: SyncParts;
  readonly #options: SyncOptions;
  readonly #topics: ReturnType<typeof topicsOf>;
  readonly #publisher: Publisher;
  readonly #outbox: Outbox;
  readonly #live: LiveRequests;
  readonly #documents: DocumentDownlink | undefined;
  readonly #hostTime: HostTime;
  readonly #presence: HostPresence;
  readonly #stop = new AbortController();
  #inbound = 0;
  #saidGone = false;
  #beats = 0;
  #checking: Promise<void> = Promise.resolve();
  #beat: AbortController | undefined;

  constructor(parts: SyncParts) {
    const options = { ...DEFAULT_SYNC_OPTIONS, ...parts.options };
    const { journal, clock, randomness, suite, log } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#topics = topicsOf(journal.terminalId);
    this.#hostTime = new HostTime(clock);
    this.#presence = new HostPresence(clock, () => this.#outbox.dispatch({ is: "host-silent" }));
    this.#publisher = new Publisher({ ...parts, pacer: new Pacer(clock, options.messagesPerSecondMax, options.messagesReserve) });
    const supply = new BatchSupply({ journal, sealer: parts.sealer, randomness, limits: options.batch });
    this.#outbox = new Outbox({
      journal,
      supply,
      publisher: this.#publisher,
      topic: this.#topics.batch,
      clock,
      randomness,
      log,
      times: options.times,
      recordsMax: options.batch.recordsMax,
      ...(parts.outboxRules === undefined ? {} : { rules: parts.outboxRules }),
    });
    const hostPresent = () => parts.link.state === "up" && this.#presence.present;
    this.#live = new LiveRequests({
      terminalId: journal.terminalId,
      keys: parts.keys,
      suite,
      publisher: this.#publisher,
      topic: this.#topics.request,
      clock,
      randomness,
      hostTime: this.#hostTime,
      hostPresent,
      onHeard: (hostTimeMs) => this.#heard(hostTimeMs, undefined),
      log,
      resendMs: options.liveResendMs,
    });
    this.medicalHost = this.#live.service("fsi");
    this.acquirerHost = this.#live.service("acquirer");
    this.agencyHost = this.#live.service("agency");
    this.uplink = { hostPresent };
    this.#documents = this.#openDocuments(hostPresent);
  }

  get downlink(): Downlink | undefined {
    return this.#documents;
  }

  async start(): Promise<void> {
    const { link } = this.#parts;
    link.subscribe(this.#topics.receipt, ({ payload }) => this.#take(() => this.#receipt(payload)));
    link.subscribe(this.#topics.presence, ({ payload }) => this.#take(() => this.#hostBeat(payload)));
    link.subscribe(this.#topics.reply, ({ payload }) => this.#take(() => this.#live.receive(payload)));
    link.onState((state) => {
      if (this.#stop.signal.aborted) return;
      this.#outbox.dispatch({ is: state === "up" ? "link-up" : "link-down" });
      // At once after each connect: the host's answer opens the drain.
      if (state === "up") this.#beat?.abort();
      if (state === "up") this.#documents?.linkUp();
    });
    this.#listenForDocuments();
    await this.#outbox.start(() => link.state === "up");
    void this.#heartbeats();
  }

  stop(): void {
    this.#stop.abort();
    this.#beat?.abort();
    this.#presence.stop();
    this.#live.stop();
    this.#documents?.stop();
    this.#outbox.stop();
  }

  status(): SyncStatus {
    const { journal, link } = this.#parts;
    const { state } = this.#outbox;
    const { ledger } = state;
    const inFlight = ledger.sentThrough - ledger.acknowledged;
    return {
      linkUp: link.state === "up",
      hostPresent: this.uplink.hostPresent(),
      outbox: state.at,
      haltReason: state.at === "halted" ? state.reason : undefined,
      lastSeq: journal.lastSeq,
      receiptedThrough: journal.receiptedThrough,
      lastBatch: ledger.lastBatch,
      acknowledgedBatch: ledger.acknowledged,
      windowOpen: Math.max(0, (ledger.slow ? 1 : ledger.window) - inFlight),
      inFlight,
      hostTimeMs: this.#hostTime.nowMs(),
      documents: this.#documents?.status(),
    };
  }

  urge(): void {
    this.#outbox.dispatch({ is: "pause-over" });
    this.#outbox.dispatch({ is: "probe-due" });
    this.#beat?.abort();
  }

  idle(limits: Limits): Promise<void> {
    return this.#outbox.idle(limits);
  }

  #openDocuments(hostPresent: () => boolean): DocumentDownlink | undefined {
    const { downlink, journal, keys, suite, clock, log } = this.#parts;
    if (downlink === undefined) return undefined;
    const tid = journal.terminalId;
    return new DocumentDownlink({
      ...downlink,
      addressee: { ...keys, tid, region: downlink.region },
      suite,
      publisher: this.#publisher,
      topic: documentTopicsOf(tid).want,
      clock,
      hostNowMs: () => this.#hostTime.nowMs(),
      hostPresent,
      liveBusy: () => this.#live.busy,
      log,
    });
  }

  /** Documents have a queue of their own: a receipt never waits behind them. */
  #listenForDocuments(): void {
    const documents = this.#documents;
    if (documents === undefined) return;
    const { lists, settings } = documentTopicsOf(this.#parts.journal.terminalId);
    for (const topic of [settings, lists]) this.#parts.link.subscribe(topic, ({ payload }) => documents.receive(payload));
    documents.start();
  }

  /** Messages of the host are checked one after another; what arrives faster than that is dropped. */
  #take(check: () => void | Promise<void>): void {
    if (this.#stop.signal.aborted) return;
    if (this.#inbound >= INBOUND_MAX) {
      this.#parts.log.warn("inbound-dropped");
      return;
    }
    this.#inbound += 1;
    this.#checking = this.#checking.then(async () => {
      this.#inbound -= 1;
      if (!this.#stop.signal.aborted) await check();
    });
  }

  async #receipt(payload: Bytes): Promise<void> {
    const { suite, keys, journal, log } = this.#parts;
    try {
      const { hostHeard, hostTimeMs, outcome } = await checkReceipt({ suite, hostKey: keys.hostKey, journal }, payload);
      if (hostHeard) this.#heard(hostTimeMs, undefined);
      if (outcome.ok) this.#outbox.receipt(outcome.receipt);
      else this.#refused(outcome.reason);
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn("receipt-not-checked", { code: error.code });
    }
  }

  /** Records that were taken away by rule cannot be sent: said once, for people, because no repetition helps. */
  #refused(reason: ReceiptRefusal): void {
    const { log, journal } = this.#parts;
    if (reason !== "no-longer-held") log.warn("receipt-refused", { reason });
    else if (!this.#saidGone) log.error("host-wants-what-is-gone", { firstSeq: journal.firstSeq });
    this.#saidGone ||= reason === "no-longer-held";
  }

  #hostBeat(payload: Bytes): void {
    const { suite, keys, journal, log, onReconnectWindow } = this.#parts;
    const parsed = parsePresence(payload);
    if (!parsed.ok) {
      log.warn("presence-refused", { reason: parsed.reason });
      return;
    }
    const { tid, signedBytes, signature, hostTimeMs, drain, reconnectWindowMs } = parsed.message;
    if (tid !== journal.terminalId || !suite.sm2Verify(keys.hostKey, signedBytes, signature)) {
      log.warn("presence-refused", { reason: tid === journal.terminalId ? "signature-wrong" : "other-terminal" });
      return;
    }
    onReconnectWindow?.(reconnectWindowMs);
    this.#heard(hostTimeMs, drain);
  }

  #heard(hostTimeMs: number, drain: boolean | undefined): void {
    this.#hostTime.heard(hostTimeMs);
    this.#parts.onHostHeard?.(hostTimeMs);
    this.#presence.heard();
    this.#outbox.dispatch({ is: "host-heard", drain });
    this.#documents?.heard();
  }

  async #heartbeats(): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const beat = new AbortController();
      this.#beat = beat;
      this.#parts.onTurn?.();
      if (this.#parts.link.state === "up") await this.#heartbeat();
      try {
        await clock.sleep(this.#options.heartbeatMs, AbortSignal.any([beat.signal, this.#stop.signal]));
      } catch (error) {
        if (!isFault(error, "cancelled")) throw error;
      }
    }
  }

  /** What is no longer held, where something is not. */
  async #held(): Promise<Pick<Heartbeat, "held">> {
    try {
      const first = await firstHeld(this.#parts.journal);
      return first === undefined ? {} : { held: { batch: first.batchSeq, seq: first.firstSeq, prevHash: previousHashOf(first) ?? ZERO_HASH } };
    } catch (error) {
      // A heartbeat goes out whatever the disk does.
      if (!isFault(error)) throw error;
      return {};
    }
  }

  async #heartbeat(): Promise<void> {
    const { journal, clock, log } = this.#parts;
    const { terminalId: tid, journalId, boot, lastSeq, receiptedThrough } = journal;
    const state = this.#beats % STATE_EVERY === 0 ? this.#parts.state?.() : undefined;
    // What is not known yet is told with the next one.
    if (state !== undefined || this.#beats % STATE_EVERY !== 0) this.#beats += 1;
    const own = { tid, journalId, boot, lastSeq, receiptedThrough, wallMs: Math.floor(clock.wallMs()), ...(await this.#held()) };
    const payload = encodeHeartbeat({ ...own, ...(state === undefined ? {} : { state }) });
    try {
      await this.#publisher.send(
        { topic: this.#topics.heartbeat, lane: "live", qos: 0, messages: [payload] },
        { timeoutMs: this.#options.heartbeatMs, signal: this.#stop.signal },
      );
    } catch (error) {
      if (!isFault(error)) throw error;
      if (!this.#stop.signal.aborted) log.warn("heartbeat-not-sent", { code: error.code });
    }
  }
}
