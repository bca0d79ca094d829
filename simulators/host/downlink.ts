/*
 * Goal: terminals get the documents that the host has published for them, at their own pace and never in the way of receipts and replies.
 * Method: a want names what a terminal has and which parts it lacks; the answer is the head of the next document that it can use, or these parts. What
 * is owed waits in a bounded queue, heads and short documents first, and leaves a few messages a second; what is dropped is asked for again.
 * Documents live in memory: after a restart they are published anew. Spec: pos/v1, 7.
 */
import { type Bytes, utf8 } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";
import { canonicalText, type Json } from "./canonical.ts";
import { type Addressee, headMembers, type MadeDocument, makeDocument, partMembers, signedPayload, type Workshop } from "./downlink-document.ts";
import { parseWant, type TerminalWant, type WantRow } from "./downlink-want.ts";
import { type HostFaults, happens } from "./faults.ts";
import type { Outbound } from "./outbound.ts";
import type { TerminalRegistry } from "./registry.ts";
import { spoilSignature } from "./sealing.ts";

export interface Publication {
  readonly to: Addressee;
  readonly stream: string;
  readonly body: Bytes;
  /** The version that it continues; left out: it stands alone. */
  readonly base?: number;
  /** Left out: one more than whatever is known of the stream. */
  readonly sequence?: number;
  readonly issuedMs?: number;
  readonly validMs?: number;
  /** Left out: sealed. */
  readonly sealed?: boolean;
  readonly partBytes?: number;
}

export interface DeskOptions extends Workshop {
  readonly clock: Clock;
  readonly terminals: TerminalRegistry;
  readonly outbound: Outbound;
  readonly faults: HostFaults;
  readonly count: (event: string) => void;
  /** Messages of documents that leave in a second. */
  readonly perSecond?: number;
}

const DAY_MS = 86_400_000;
const DEFAULT_VALID_MS = 30 * DAY_MS;
const DEFAULT_PART_BYTES = 32_768;
const DEFAULT_PER_SECOND = 16;
/** Owed messages; a host that owes more drops them, because they are asked for again. */
const OWED_MAX = 1_000;
/** Documents that are kept of one stream. */
const KEPT_MAX = 32;
const TERMINALS_MAX = 10_000;

interface Owed {
  readonly tid: string;
  readonly document: MadeDocument;
  /** Undefined: the head. */
  readonly index: number | undefined;
}

export class DocumentDesk {
  readonly #options: DeskOptions;
  readonly #documents = new Map<string, MadeDocument[]>();
  readonly #wants = new Map<string, TerminalWant>();
  readonly #owed = new Map<string, Owed>();
  readonly #stop = new AbortController();
  #heldBack: { readonly topic: string; readonly payload: Bytes } | undefined;
  #sending = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** What is published, oldest first. */
  get documents(): readonly MadeDocument[] {
    return [...this.#documents.values()].flat();
  }

  /** The last want of each terminal. */
  get wants(): ReadonlyMap<string, TerminalWant> {
    return this.#wants;
  }

  /** Makes a document and tells the terminals that are known to want its stream. */
  publish(publication: Publication): MadeDocument {
    const { to, stream, body, base = 0, sealed = true, partBytes = DEFAULT_PART_BYTES, validMs = DEFAULT_VALID_MS } = publication;
    const nowMs = this.#options.clock.wallMs();
    const sequence = publication.sequence ?? this.#newest(stream) + 1;
    const { issuedMs = nowMs } = publication;
    const made = makeDocument(this.#options, { to, stream, sequence, base, issuedMs, notAfterMs: nowMs + validMs, sealed, partBytes, body });
    const kept = [...(this.#documents.get(stream) ?? []), made].sort((one, other) => one.sequence - other.sequence);
    this.#documents.set(stream, kept.slice(-KEPT_MAX));
    for (const want of this.#wants.values()) this.#answer(want);
    return made;
  }

  receive(tid: string, payload: Bytes): void {
    const { terminals, count } = this.#options;
    const want = parseWant(payload);
    if (want?.tid !== tid || terminals.find(tid) === undefined || this.#wants.size >= TERMINALS_MAX) {
      count("want-discarded");
      return;
    }
    count("want");
    this.#wants.set(tid, want);
    this.#answer(want);
  }

  stop(): void {
    this.#stop.abort();
    this.#owed.clear();
  }

  #newest(stream: string): number {
    const published = (this.#documents.get(stream) ?? []).map(({ sequence }) => sequence);
    const rows = [...this.#wants.values()].flatMap(({ streams }) => streams).filter((row) => row.stream === stream);
    return Math.max(0, ...published, ...rows.flatMap(({ have, taking = 0, refused = 0 }) => [have, taking, refused]));
  }

  #answer(want: TerminalWant): void {
    for (const row of want.streams) this.#answerRow(want, row);
  }

  #answerRow({ tid, region }: TerminalWant, row: WantRow): void {
    const mine = (this.#documents.get(row.stream) ?? []).filter(({ to }) => ("tid" in to ? to.tid === tid : to.region === region));
    const next = this.#next(mine, row);
    const taking = mine.find(({ sequence }) => sequence === row.taking);
    if (next !== undefined && next !== taking) this.#owe({ tid, document: next, index: undefined });
    else if (taking !== undefined && row.parts === undefined) this.#owe({ tid, document: taking, index: undefined });
    else if (taking !== undefined) for (const index of row.parts ?? []) this.#owe({ tid, document: taking, index });
  }

  /** The next document that a terminal can use: a continuation of what it has, or else the newest that stands alone. */
  #next(mine: readonly MadeDocument[], row: WantRow): MadeDocument | undefined {
    const nowMs = this.#options.clock.wallMs();
    const usable = mine.filter(({ sequence, notAfterMs }) => {
      // What is refused for its age alone may be right by the host's own clock.
      const refused = row.refused === sequence && row.reason !== "expired";
      return sequence > Math.max(row.have, (row.taking ?? 1) - 1) && notAfterMs >= nowMs && !refused;
    });
    const continuing = row.whole ? undefined : usable.findLast(({ base }) => base !== 0 && base === row.have);
    return continuing ?? usable.findLast(({ base }) => base === 0);
  }

  #owe(owed: Owed): void {
    const { tid, document, index } = owed;
    const name = `${tid} ${document.stream} ${document.sequence} ${index ?? "head"}`;
    if (this.#stop.signal.aborted || this.#owed.size >= OWED_MAX) return;
    this.#owed.set(name, owed);
    if (!this.#sending) void this.#send();
  }

  /** Heads first, then parts of the document with the fewest of them. */
  #nextOwed(): readonly [string, Owed] | undefined {
    let best: readonly [string, Owed] | undefined;
    const weight = ({ document, index }: Owed) => (index === undefined ? 0 : document.parts.length);
    for (const entry of this.#owed) if (best === undefined || weight(entry[1]) < weight(best[1])) best = entry;
    return best;
  }

  async #send(): Promise<void> {
    const { clock, perSecond = DEFAULT_PER_SECOND } = this.#options;
    this.#sending = true;
    try {
      for (let next = this.#nextOwed(); next !== undefined; next = this.#nextOwed()) {
        this.#owed.delete(next[0]);
        this.#deliver(next[1]);
        await clock.sleep(1_000 / perSecond, this.#stop.signal);
      }
      this.#releaseHeldBack();
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
    this.#sending = false;
  }

  #deliver({ tid, document, index }: Owed): void {
    const topic = `pos/v1/${tid}/dn/${document.stream.startsWith("list/") ? "list" : "cfg"}`;
    const payloads = index === undefined ? this.#heads(tid, document) : [this.#part(document, index)];
    for (const payload of payloads) if (payload !== undefined) this.#publish(topic, payload);
  }

  #heads(tid: string, document: MadeDocument): readonly (Bytes | undefined)[] {
    const { sealer, terminals } = this.#options;
    const kid = terminals.find(tid)?.kids[0] ?? "";
    const members = headMembers(this.#options, document, kid);
    if (members === undefined) return [];
    const bent = {
      ...members,
      ...(this.#countDown("otherTerminalNextHeads") ? { tid: `${tid}-x`.slice(-32), region: undefined } : {}),
      ...(this.#countDown("expiredNextHeads") ? { notAfterMs: Math.max(0, this.#options.clock.wallMs() - DAY_MS) } : {}),
    };
    const wrong = this.#countDown("wrongSignatureNextHeads");
    const head = signedPayload(sealer, bent, { to: tid, ...(wrong ? { spoil: spoilSignature } : {}) });
    if (!this.#countDown("twinNextHeads")) return [head];
    const twin: { readonly [name: string]: Json | undefined } = { ...members, root: sealer.hash(utf8(document.root)) };
    return [head, signedPayload(sealer, twin, { to: tid })];
  }

  #part(document: MadeDocument, index: number): Bytes | undefined {
    const members = partMembers(document, index);
    if (members === undefined) return undefined;
    const { data } = members;
    if (this.#countDown("truncateNextParts")) return utf8(canonicalText({ ...members, data: data.slice(0, 4 * Math.floor(data.length / 8)) }));
    if (this.#countDown("foreignNextParts")) return utf8(canonicalText({ ...members, index: index + 1 }));
    return utf8(canonicalText(members));
  }

  #publish(topic: string, payload: Bytes): void {
    const { faults, randomness, outbound, count } = this.#options;
    if (faults.vanished || happens(randomness, faults.dropDocumentProbability)) {
      count("document-message-dropped");
      return;
    }
    if (this.#heldBack === undefined && happens(randomness, faults.swapDocumentProbability)) {
      this.#heldBack = { topic, payload };
      return;
    }
    const times = happens(randomness, faults.duplicateDocumentProbability) ? 2 : 1;
    outbound.send({ topic, payloads: [payload], lateMs: 0, times });
    this.#releaseHeldBack();
  }

  /** What was held back leaves after the next one: the two are swapped. */
  #releaseHeldBack(): void {
    const held = this.#heldBack;
    this.#heldBack = undefined;
    if (held !== undefined) this.#options.outbound.send({ topic: held.topic, payloads: [held.payload], lateMs: 0, times: 1 });
  }

  #countDown(
    name: "otherTerminalNextHeads" | "expiredNextHeads" | "wrongSignatureNextHeads" | "twinNextHeads" | "truncateNextParts" | "foreignNextParts",
  ): boolean {
    const { faults } = this.#options;
    if (faults[name] <= 0) return false;
    faults[name] -= 1;
    return true;
  }
}
