/*
 * The doors through which time, chance, disk, network and child processes enter. Everything else in device/
 * takes these as parameters, so that the whole terminal runs under virtual time in simulators/world.
 */
import type { Bytes } from "./bytes.ts";

/** Bounds of one wait. Whoever waits for the world is told how long by its caller: a gate waits 300 ms, a counter 10 s. */
export interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Time. Two clocks, because only one of them is never set: waits count on the monotonic one, records name the other. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never runs back. Deadlines use this. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC as far as the terminal knows; may jump. Only records use this. */
  wallMs(): number;
  /** Resolves after `durationMs`. Rejects with the fault "cancelled" as soon as `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Chance, for keys, initialization vectors, identities and spread waits. In a simulated world it is drawn from a seed, so that a run repeats. */
export interface Randomness {
  /** `length` unpredictable bytes (in a simulated world: bytes drawn from its seed). */
  bytes(length: number): Bytes;
}

/**
 * Small named files that must survive a power cut. A write has happened, file and folder flushed, when its promise resolves.
 * Faults of every method: "store-full", "store-broken"; of a failed write the old or the new contents are there.
 */
export interface Storage {
  /** Contents of the file, or undefined when there is none. */
  read(name: string): Promise<Bytes | undefined>;
  /** Replaces the file at once: after a power cut either the old or the new contents are there, never a mixture. */
  write(name: string, contents: Bytes): Promise<void>;
  /** Removes the file; one that is not there is no fault. */
  remove(name: string): Promise<void>;
  /** Names of all files, sorted. */
  list(): Promise<readonly string[]>;
}

/** One journal entry as the store keeps it. The store does not understand bodies; the journal does. */
export interface StoredEntry {
  /** 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** What the entry is about: the identity of a sale, shared by all its entries. */
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  /** Canonical JSON of the entry, exactly as hashed. */
  readonly body: string;
  /** Personal fields, sealed; undefined when there are none or when they were erased by rule. */
  readonly sealed?: Bytes;
  /** SM3 chain value after this entry, 64 hexadecimal digits. */
  readonly hash: string;
  /** Chain value before this entry, kept where the entry in front of it was taken away and this one stays. */
  readonly before?: string;
}

/** Current state of one subject, kept beside its entries so that open work is found without reading the journal. */
export interface StoredSubject {
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly amountFen: number;
  /** Keyed hash of the card, so that its open subjects are found when it returns; "" where there is no card. */
  readonly cardKey: string;
}

/** A durable batch boundary: which entries travel together, decided once and never again. */
export interface StoredBatch {
  /** 1, 2, 3, … without gaps. */
  readonly batchSeq: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** SM3 of the batch's plaintext, 64 hexadecimal digits. */
  readonly hash: string;
  /** Whether the host's receipt for it is durable. */
  readonly receipted: boolean;
  /** Canonical JSON of what else the batch must keep (its previous hash, sums); the store does not understand it. */
  readonly detail: string;
}

/** What leaves the store for good: the oldest entries, as far as their subjects have ended. */
export interface StorePrune {
  /** Entries after this one stay. Receipted batches that end here or before go, but for the newest of them. */
  readonly throughSeq: number;
  /** Subjects that go: all their entries, and the marks that were set to their names together with an entry of theirs and still say so. */
  readonly subjects: readonly string[];
  /** Further marks that go, by name. */
  readonly marks?: readonly string[];
  /** Entries up to `throughSeq` that stay because their subject does, with the chain value before each. */
  readonly left: readonly { readonly seq: number; readonly before: string }[];
}

/** Everything that one commit changes; all of it or nothing of it is durable. */
export interface StoreWrite {
  /** Done before the rest. */
  readonly prune?: StorePrune;
  /** Subjects whose entries lose their sealed parts. */
  readonly erase?: readonly string[];
  readonly entries?: readonly StoredEntry[];
  readonly subjects?: readonly StoredSubject[];
  readonly batches?: readonly StoredBatch[];
  readonly marks?: readonly { readonly name: string; readonly value: string }[];
}

/** How full a journal is, in bytes on its medium; sales are refused before the limit, so that those under way can still be ended. */
export interface StoreUsage {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** What the file takes on top of that and could give back; a prune gives some of it back, even one that takes nothing away. */
  readonly spareBytes: number;
}

/**
 * The store below the journal. Adapters: the real one (worker thread, SQLite) and a simulated one that forgets
 * what was not flushed. A commit is durable when its promise resolves; commits become durable in the order of the calls;
 * after a failed commit every later one fails too, until the store is opened again; only a clean refusal ("store-full") lets others go on,
 * and then not those whose entries were numbered behind the refused ones. A question is answered with exactly the commits called before it.
 * The subject of every entry stands among the subjects of the same or an earlier commit.
 * Faults of every question: "store-broken", "store-corrupt", and "closed" after `close`.
 */
export interface JournalStore {
  /** Resolves when `write` is durable. Faults: "store-full", "queue-full" and "closed" (nothing written), "store-broken" (effect unknown). */
  commit(write: StoreWrite): Promise<void>;
  /** Entries with `fromSeq <= seq`, in order, at most `limit`. Where some were taken away, those that are there. */
  entries(fromSeq: number, limit: number): Promise<readonly StoredEntry[]>;
  /** All entries of one subject, in order, at most `limit`. */
  entriesOf(subject: string, limit: number): Promise<readonly StoredEntry[]>;
  /** The newest entry; undefined in an empty journal. */
  lastEntry(): Promise<StoredEntry | undefined>;
  /** The current state of one subject; undefined when it has no entry. */
  subject(subject: string): Promise<StoredSubject | undefined>;
  /** Subjects in one of `states`, by first sequence, after `afterFirstSeq` and before `beforeFirstSeq`, at most `limit`: the oldest, or from the newest on. */
  subjects(query: {
    readonly states: readonly string[];
    readonly cardKey?: string;
    readonly afterFirstSeq?: number;
    readonly beforeFirstSeq?: number;
    readonly newestFirst?: boolean;
    readonly limit: number;
  }): Promise<readonly StoredSubject[]>;
  /**
   * Count, sum and oldest first sequence of the subjects of `kind` in one of `states` whose last entry stands after `lastSeqAfter`
   * and, where `lastSeqThrough` is given, not after that. With it only the entries between are read.
   */
  subjectTotals(query: {
    readonly kind: string;
    readonly states: readonly string[];
    readonly lastSeqAfter: number;
    readonly lastSeqThrough?: number;
  }): Promise<{ readonly count: number; readonly sumFen: number; readonly oldestFirstSeq: number | undefined }>;
  /** Batches not yet receipted, oldest first, at most `limit`. */
  openBatches(limit: number): Promise<readonly StoredBatch[]>;
  batch(batchSeq: number): Promise<StoredBatch | undefined>;
  firstBatch(): Promise<StoredBatch | undefined>;
  lastBatch(): Promise<StoredBatch | undefined>;
  /** The value last committed under a name, such as a counter or a sale's reference. */
  mark(name: string): Promise<string | undefined>;
  usage(): Promise<StoreUsage>;
  close(): Promise<void>;
}

/** A child process that speaks in messages (structured clones). Used for what may hang, such as native card reader calls. */
export interface ChildProcess {
  readonly pid: number;
  /** Sends a message; one to a process that has ended is lost in silence, because `onExit` says it. */
  send(message: unknown): void;
  /** Calls `listener` for every message, which comes from outside and has to be checked. */
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, when the process has ended for whatever reason. */
  onExit(listener: (how: { readonly code: number | null; readonly signal: string | null }) => void): void;
  /** Ends the process without asking it. */
  kill(): void;
}

/** How other programs are started: modules of ours that may hang, and programs of the system. */
export interface Processes {
  /** Starts a module of this project in its own process. */
  fork(module: URL, options: { readonly env?: Readonly<Record<string, string>> }): ChildProcess;
  /**
   * Runs a program to its end, whatever its exit code. Faults: "process-failed" (not started, killed, or more output than the adapter takes),
   * "timeout" and "cancelled"; the program is killed then, and what it did so far stands.
   */
  run(
    program: string,
    args: readonly string[],
    limits: Limits & { readonly input?: Bytes },
  ): Promise<{ readonly code: number; readonly stdout: Bytes; readonly stderr: Bytes }>;
}

/** Plain connections, for hosts that are reached without a broker. */
export interface Network {
  post(
    url: string,
    body: Bytes,
    options: Limits & { readonly headers: Readonly<Record<string, string>> },
  ): Promise<{ readonly status: number; readonly body: Bytes }>;
}

/** Whether the transport is connected. It says nothing about the host behind the broker. */
export type LinkState = "up" | "down";

/** A message as it came from the transport: outside bytes, not yet checked by anybody. */
export interface LinkMessage {
  readonly topic: string;
  readonly payload: Bytes;
}

/**
 * The transport below sync: publish and subscribe, nothing else. Adapters: mqtt and simulated.
 * It keeps no queue of its own: publishing while down fails at once. It reconnects by itself and subscribes again.
 */
export interface MessageLink {
  readonly state: LinkState;
  /**
   * Resolves when the transport has taken the message over (QoS 1: the broker's PUBACK), which is no receipt.
   * Faults: "link-down" and "timeout" (effect unknown once the message was on its way), "cancelled" (the same: the caller stopped waiting,
   * the message may still arrive), "link-not-allowed", "payload-too-large" and "queue-full" (too many unanswered messages; nothing was sent).
   */
  publish(topic: string, payload: Bytes, options: Limits & { readonly qos: 0 | 1 }): Promise<void>;
  /** Subscribes at QoS 0 on every connection from now on. */
  subscribe(topic: string, listener: (message: LinkMessage) => void): void;
  onState(listener: (state: LinkState) => void): void;
  close(): Promise<void>;
}
