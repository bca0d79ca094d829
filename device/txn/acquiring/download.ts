/*
 * Goal: what the acquirer gives for download is here whole or not at all, also after a power cut, and serves until a newer one is whole.
 * Method: all pages and pieces are fetched with the line held and checked, then written as one file. Accounts of an exception list are kept by the
 * journal's keyed hash, so that no disk shows them. Spec: UnionPay terminal, downloads.
 */
import { type Bytes, concat, EMPTY, parseHex, toHex, utf8 } from "../../base/bytes.ts";
import type { Limits, Storage } from "../../base/ports.ts";
import { parseJson } from "../../codec/json.ts";
import { type Business, DOWNLOADS, notOffered } from "../acquirer-host/messages.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import type { WatchedJournal } from "../journal/types.ts";
import type { DownloadReport } from "./acts.ts";
import type { BatchPorts } from "./batch-ports.ts";
import { authoritiesOf, type DownloadedAuthorities, type DownloadPage, isPiece, isWholePage, listedAccount, piecesOf, readPage } from "./download-sets.ts";
import type { HeldLine } from "./ports.ts";
import type { DownloadKind } from "./profile.ts";

/** Pages of one download, and pieces of a set: beyond them the acquirer is not believed. */
const PAGES_MAX = 2_000;
const PIECES_MAX = 50_000;

const KINDS: readonly DownloadKind[] = ["parameters", "ca-keys", "aid-parameters", "exception-list"];

export interface DownloadPorts extends Pick<BatchPorts, "clock" | "log" | "line" | "profile"> {
  readonly storage: Storage;
  readonly journal: Pick<WatchedJournal, "cardKey">;
  /** A new set is durable and serves from now on. */
  readonly onTaken?: (what: DownloadKind) => void;
}

export interface BankDownloads {
  /** Never rejects for what the world does. Faults: those of the storage. */
  download(what: DownloadKind, limits: Limits): Promise<DownloadReport>;
  /** Keys of authorities, for electronic cash. Empty before the first download. */
  authorities(): DownloadedAuthorities;
  /** Whether the acquirer refuses this account everywhere. Beside the lists of cards, and of nothing but bank accounts. */
  isListed(account: string): boolean;
  /** Entries of each set and when it was taken; nothing personal. */
  view(): Readonly<Record<DownloadKind, { readonly entries: number; readonly takenMs: number } | undefined>>;
}

interface KeptSet {
  readonly takenMs: number;
  /** Hexadecimal; of an exception list keyed hashes. */
  readonly pieces: readonly string[];
}

/** Reads what was kept. Faults: those of the storage. */
export async function openBankDownloads(ports: DownloadPorts): Promise<BankDownloads> {
  const downloads = new KeptDownloads(ports);
  await downloads.start();
  return downloads;
}

type Fetched = { readonly kind: "whole"; readonly pieces: readonly Bytes[] } | { readonly kind: "refused"; readonly reason: string };
type Asked = { readonly kind: "page"; readonly field: Bytes | undefined } | { readonly kind: "refused"; readonly reason: string };

class KeptDownloads implements BankDownloads {
  readonly #ports: DownloadPorts;
  readonly #sets = new Map<DownloadKind, KeptSet>();
  #listed: ReadonlySet<string> = new Set();

  constructor(ports: DownloadPorts) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    for (const kind of KINDS) {
      const set = readSet(await this.#ports.storage.read(fileOf(kind)));
      if (set !== undefined) this.#serve(kind, set);
    }
  }

  async download(what: DownloadKind, limits: Limits): Promise<DownloadReport> {
    const withheld = notOffered(this.#ports.profile, DOWNLOADS[what].body);
    if (withheld !== undefined) return { kind: "refused", what, entries: 0, reason: withheld };
    const fetched = await this.#ports.line.hold("signed-in", (line) => new Fetch(this.#ports, { line, limits, what }).run(), limits);
    const set = fetched.kind === "whole" ? this.#setOf(what, fetched.pieces) : undefined;
    if (fetched.kind === "refused" || set === undefined) {
      const reason = fetched.kind === "refused" ? fetched.reason : "set-malformed";
      this.#ports.log.warn("bank-download-refused", { what, reason });
      return { kind: "refused", what, entries: 0, reason };
    }
    await this.#ports.storage.write(fileOf(what), utf8(JSON.stringify(set)));
    this.#serve(what, set);
    this.#ports.log.info("bank-download-taken", { what, entries: set.pieces.length });
    this.#ports.onTaken?.(what);
    return { kind: "taken", what, entries: set.pieces.length };
  }

  authorities(): DownloadedAuthorities {
    return authoritiesOf(this.#pieces("ca-keys"));
  }

  isListed(account: string): boolean {
    return this.#listed.size > 0 && this.#listed.has(this.#ports.journal.cardKey(account));
  }

  view(): ReturnType<BankDownloads["view"]> {
    const of = (kind: DownloadKind) => {
      const set = this.#sets.get(kind);
      return set === undefined ? undefined : { entries: set.pieces.length, takenMs: set.takenMs };
    };
    return { parameters: of("parameters"), "ca-keys": of("ca-keys"), "aid-parameters": of("aid-parameters"), "exception-list": of("exception-list") };
  }

  #pieces(kind: DownloadKind): readonly Bytes[] {
    return (this.#sets.get(kind)?.pieces ?? []).map((hex) => parseHex(hex) ?? EMPTY);
  }

  #serve(kind: DownloadKind, set: KeptSet): void {
    this.#sets.set(kind, set);
    if (kind === "exception-list") this.#listed = new Set(set.pieces);
  }

  /** Undefined where an account of the list is none: a list that cannot be read whole is not taken. */
  #setOf(what: DownloadKind, pieces: readonly Bytes[]): KeptSet | undefined {
    const takenMs = this.#ports.clock.wallMs();
    if (what !== "exception-list") return { takenMs, pieces: pieces.map(toHex) };
    const accounts = pieces.map(listedAccount);
    if (accounts.includes(undefined)) return undefined;
    return { takenMs, pieces: accounts.map((account) => this.#ports.journal.cardKey(account ?? "")) };
  }
}

interface FetchJob {
  readonly line: HeldLine;
  readonly limits: Limits;
  readonly what: DownloadKind;
}

/** One download, from its first question to the word that all of it was taken. */
class Fetch {
  readonly #ports: DownloadPorts;
  readonly #job: FetchJob;
  readonly #deadlineMs: number;

  constructor(ports: DownloadPorts, job: FetchJob) {
    this.#ports = ports;
    this.#job = job;
    this.#deadlineMs = ports.clock.monotonicMs() + job.limits.timeoutMs;
  }

  async run(): Promise<Fetched> {
    const { query, body, end } = DOWNLOADS[this.#job.what];
    // Keys and applications are named first and fetched one by one; of parameters only the acquirer's readiness is asked.
    const named = end !== undefined && query !== undefined;
    const asked = query === undefined || named ? undefined : await this.#ask(query, undefined);
    if (asked?.kind === "refused") return asked;
    const pages = await this.#pages(named ? query : body);
    if (pages.kind === "refused" || !named) return pages;
    const pieces = await this.#each(body, pages.pieces);
    if (pieces.kind === "refused") return pieces;
    const told = await this.#ask(end, undefined);
    // What the acquirer does not confirm at the end may have been changed meanwhile.
    return told.kind === "refused" ? told : pieces;
  }

  async #pages(business: Business): Promise<Fetched> {
    const pieces: Bytes[] = [];
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const asked = await this.#ask(business, page === 0 ? undefined : utf8(`1${String(pieces.length).padStart(2, "0")}`));
      if (asked.kind === "refused") return asked;
      const read = this.#readPage(asked.field);
      if (read === undefined) return { kind: "refused", reason: "page-malformed" };
      const found = piecesOf(this.#job.what, read.items);
      pieces.push(...found);
      if (read.mark === "only" || read.mark === "last" || read.mark === "none") return { kind: "whole", pieces };
      if (found.length === 0 || pieces.length > PIECES_MAX) return { kind: "refused", reason: "pages-endless" };
    }
    return { kind: "refused", reason: "pages-endless" };
  }

  #readPage(field: Bytes | undefined): DownloadPage | undefined {
    const page = field === undefined ? undefined : readPage(field);
    return page === undefined || !isWholePage(this.#job.what, page.items) ? undefined : page;
  }

  async #each(business: Business, names: readonly Bytes[]): Promise<Fetched> {
    const pieces: Bytes[] = [];
    for (const name of names) {
      const asked = await this.#ask(business, name);
      if (asked.kind === "refused") return asked;
      const page = asked.field === undefined ? undefined : readPage(asked.field);
      // A piece that has gone since it was named, or that is another one, ends the download: half a set is none.
      if (page?.mark !== "only" || !isPiece(this.#job.what, name, page.body)) return { kind: "refused", reason: "piece-missing" };
      pieces.push(page.body);
    }
    return { kind: "whole", pieces };
  }

  async #ask(business: Business, parameters: Bytes | undefined): Promise<Asked> {
    const { line, limits } = this.#job;
    const timeoutMs = Math.min(this.#ports.profile.replyTimeoutMs, this.#deadlineMs - this.#ports.clock.monotonicMs());
    if (timeoutMs <= 0 || limits.signal.aborted) return { kind: "refused", reason: "timeout" };
    const trace = await line.claimStan();
    // Only a reversal is built otherwise, and no download has one.
    const values = { trace, batch: line.batch, ...(parameters === undefined ? {} : { parameters: concat(parameters) }) };
    const message = buildRequest(this.#ports.profile, business as Exclude<Business, "reversal">, values);
    const reply = await line.exchange(message, { timeoutMs, signal: limits.signal }, { business });
    if (reply.kind === "declined") return { kind: "refused", reason: `acquirer-refused-${reply.responseCode}` };
    if (reply.kind !== "approved") return { kind: "refused", reason: reply.reason };
    const field = reply.message.fields.get(62);
    return { kind: "page", field: typeof field === "string" ? undefined : field };
  }
}

function fileOf(kind: DownloadKind): string {
  return `bank-${kind}.json`;
}

/** A file that cannot be read is as if it were not there: the next download makes it anew. */
function readSet(contents: Bytes | undefined): KeptSet | undefined {
  const parsed = contents === undefined ? undefined : parseJson(contents);
  const value = parsed?.ok === true ? parsed.value : undefined;
  if (typeof value !== "object" || value === null || !("takenMs" in value) || !("pieces" in value)) return undefined;
  const { takenMs, pieces } = value;
  if (typeof takenMs !== "number" || !Array.isArray(pieces) || !pieces.every((piece) => typeof piece === "string")) return undefined;
  return { takenMs, pieces };
}
