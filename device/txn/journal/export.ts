/*
 * Goal: everything that a journal holds, in a file that anybody can read and check without this program: one line of canonical JSON for each
 * thing, each line chained to the one before it, and the last line says how many there are. Personal parts stay sealed.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import type { JournalStore, StoredEntry } from "../../base/ports.ts";
import { canonicalJson, isObject, parseJson } from "../../codec/json.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { type Anchor, leftProblem, MARK_ANCHOR, parseAnchor } from "./anchor.ts";
import { firstLink, linkProblem } from "./chain.ts";
import { MARK_JOURNAL_ID, MARK_RECEIPTED, MARK_TERMINAL } from "./opening.ts";

const PAGE = 200;
const START = "0".repeat(64);

type Members = Readonly<Record<string, unknown>>;

/** Lines of the export, without their line ends. Faults: those of the store. */
export async function* exportLines(store: JournalStore, suite: CipherSuite): AsyncGenerator<string, void, undefined> {
  const writer = new LineWriter(suite);
  yield writer.line(await headOf(store, suite));
  let entries = 0;
  for (let next = 1; ; ) {
    const page = await store.entries(next, PAGE);
    for (const entry of page) yield writer.line(membersOf(entry));
    entries += page.length;
    next = (page.at(-1)?.seq ?? next) + 1;
    if (page.length < PAGE) break;
  }
  const last = await store.lastBatch();
  let batches = 0;
  for (let batchSeq = (await store.firstBatch())?.batchSeq ?? 1; batchSeq <= (last?.batchSeq ?? 0); batchSeq += 1) {
    const batch = await store.batch(batchSeq);
    if (batch === undefined) continue;
    const { firstSeq, lastSeq, hash, receipted, detail } = batch;
    yield writer.line({ is: "batch", batchSeq, firstSeq, lastSeq, batchHash: hash, receipted, detail });
    batches += 1;
  }
  yield writer.line({ is: "end", entries, batches });
}

async function headOf(store: JournalStore, suite: CipherSuite): Promise<Members> {
  const terminalId = (await store.mark(MARK_TERMINAL)) ?? "";
  const journalId = (await store.mark(MARK_JOURNAL_ID)) ?? "";
  const anchored = await store.mark(MARK_ANCHOR);
  const anchor = (anchored === undefined ? undefined : parseAnchor(anchored)) ?? { seq: 0, hash: firstLink(suite, { terminalId, journalId }) };
  const receiptedThrough = Number((await store.mark(MARK_RECEIPTED)) ?? "0");
  return { is: "journal", v: 1, terminalId, journalId, takenThrough: anchor.seq, hashBefore: anchor.hash, receiptedThrough };
}

function membersOf({ seq, subject, kind, state, body, sealed, hash, before }: StoredEntry): Members {
  return {
    is: "entry",
    seq,
    subject,
    kind,
    state,
    body,
    hash,
    ...(sealed === undefined ? {} : { sealed: toHex(sealed) }),
    ...(before === undefined ? {} : { before }),
  };
}

/** Gives each line the hash of the one before it and itself, in its member `line`. */
class LineWriter {
  readonly #suite: CipherSuite;
  #hash = START;

  constructor(suite: CipherSuite) {
    this.#suite = suite;
  }

  line(members: Members): string {
    this.#hash = lineHash(this.#suite, this.#hash, members);
    return canonicalJson({ ...members, line: this.#hash });
  }
}

function lineHash(suite: CipherSuite, previous: string, members: Members): string {
  return toHex(suite.sm3(fromHex(previous), utf8(canonicalJson(members))));
}

export interface ExportReport {
  readonly terminalId: string;
  readonly journalId: string;
  readonly entries: number;
  readonly batches: number;
  readonly takenThrough: number;
  readonly lastSeq: number;
  readonly receiptedThrough: number;
  /** Number of the first line that is not what was written; absent where the export is whole. */
  readonly firstBreak?: { readonly line: number; readonly why: string };
}

/** Reads an export line by line. */
export class ExportCheck {
  readonly #suite: CipherSuite;
  #line = 0;
  #hash = START;
  #head: Members | undefined;
  #anchor: Anchor = { seq: 0, hash: START };
  #tail: Anchor = { seq: 0, hash: START };
  #entries = 0;
  #batches = 0;
  #ended = false;
  #break: ExportReport["firstBreak"];

  constructor(suite: CipherSuite) {
    this.#suite = suite;
  }

  /** Never throws for what a line holds; after the first break nothing more is looked at. */
  take(text: string): void {
    if (this.#break !== undefined) return;
    this.#line += 1;
    const why = this.#problem(text);
    if (why !== undefined) this.#break = { line: this.#line, why };
  }

  report(): ExportReport {
    const firstBreak = this.#break ?? (this.#ended ? undefined : { line: this.#line + 1, why: "the end is missing" });
    const text = (name: string) => {
      const value = this.#head?.[name];
      return typeof value === "string" ? value : "";
    };
    return {
      terminalId: text("terminalId"),
      journalId: text("journalId"),
      entries: this.#entries,
      batches: this.#batches,
      takenThrough: this.#anchor.seq,
      lastSeq: this.#tail.seq,
      receiptedThrough: Number(this.#head?.["receiptedThrough"] ?? 0),
      ...(firstBreak === undefined ? {} : { firstBreak }),
    };
  }

  #problem(text: string): string | undefined {
    const parsed = parseJson(text);
    if (!parsed.ok || !isObject(parsed.value)) return "it is no JSON object";
    if (this.#ended) return "it stands behind the end";
    const { line, ...members } = parsed.value;
    // What is not canonical any more was written by somebody else.
    if (canonicalJson(parsed.value) !== text) return "it is not written as it was";
    this.#hash = lineHash(this.#suite, this.#hash, members);
    if (line !== this.#hash) return "its hash does not follow from the line before it";
    if (this.#head === undefined) return this.#begin(members);
    if (members["is"] === "entry") return this.#entry(members);
    if (members["is"] === "batch") this.#batches += 1;
    else this.#ended = members["is"] === "end" && members["entries"] === this.#entries && members["batches"] === this.#batches;
    return members["is"] === "batch" || this.#ended ? undefined : "it is no end of what stands above it";
  }

  #begin(members: Members): string | undefined {
    const { is, v, takenThrough, hashBefore } = members;
    if (is !== "journal" || v !== 1 || typeof takenThrough !== "number" || typeof hashBefore !== "string") return "it does not begin a journal";
    this.#head = members;
    this.#anchor = { seq: takenThrough, hash: hashBefore };
    this.#tail = this.#anchor;
    return undefined;
  }

  #entry(members: Members): string | undefined {
    const entry = entryIn(members);
    if (entry === undefined) return "it is no entry";
    this.#entries += 1;
    if (entry.seq <= this.#anchor.seq) return leftProblem(this.#suite, entry);
    const why = linkProblem(this.#suite, this.#tail, entry);
    if (why === undefined) this.#tail = { seq: entry.seq, hash: entry.hash };
    return why;
  }
}

function entryIn({ seq, subject, kind, state, body, hash, sealed, before }: Members): StoredEntry | undefined {
  const texts = [subject, kind, state, body, hash];
  if (typeof seq !== "number" || texts.some((text) => typeof text !== "string")) return undefined;
  const hex = /^(?:[0-9a-f]{2})*$/;
  if (sealed !== undefined && !(typeof sealed === "string" && hex.test(sealed))) return undefined;
  if (before !== undefined && !(typeof before === "string" && /^[0-9a-f]{64}$/.test(before))) return undefined;
  const entry = { seq, subject: String(subject), kind: String(kind), state: String(state), body: String(body), hash: String(hash) };
  return { ...entry, ...(typeof sealed === "string" ? { sealed: fromHex(sealed) } : {}), ...(typeof before === "string" ? { before } : {}) };
}
