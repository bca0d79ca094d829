/*
 * Goal: what the terminal knows of an item without asking anybody: its class, the share its buyer bears first, and the price that counts.
 * Method: three lists of the insurer, fetched together by whoever has the time and held in memory with their version; a list that did not
 * come whole replaces nothing. Figures made of it are never final. Spec: FSI, 1301; FSI, 1312; FSI, 1318; FSI, 1319.
 */
import { utf8 } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { type FsiNode, nodeOf, textOf } from "../../codec/fsi.ts";
import { readZip } from "../../codec/zip.ts";
import { ask, type NoAnswer } from "./ask.ts";
import { listOf, type Served } from "./person-services.ts";
import type { HostPorts } from "./ports.ts";
import type { RegionSwitches } from "./profile.ts";

export interface CatalogueItem {
  readonly class: "A" | "B" | "C";
  /** First self-pay in 1e-4. */
  readonly selfPayE4: number;
  /** Highest unit price that counts, in yuan as decimal text. */
  readonly priceLimit?: string;
}

export interface CatalogueBook {
  /** The insurer's name of the state that is held; "" where nothing is. */
  readonly version: string;
  readonly size: number;
  /** By med_list_codg. */
  item(nationalCode: string): CatalogueItem | undefined;
  replace(version: string, items: ReadonlyMap<string, CatalogueItem>): void;
}

export function createCatalogueBook(): CatalogueBook {
  let held: { readonly version: string; readonly items: ReadonlyMap<string, CatalogueItem> } = { version: "", items: new Map() };
  return {
    get version() {
      return held.version;
    },
    get size() {
      return held.items.size;
    },
    item: (nationalCode) => held.items.get(nationalCode),
    replace: (version, items) => {
      held = { version, items };
    },
  };
}

/** Rows of one list: more than the national catalogue has. */
const LIST_ROWS_MAX = 400_000;
const PAGE_ROWS = 500;
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const FIRST_VERSION = "0";

/** Columns of the lists where they come as files; the order is that of the query's own answer. Unconfirmed. Spec: FSI, 1312; FSI, 1318; FSI, 1319. */
const COLUMNS: Readonly<Record<ListName, readonly string[]>> = {
  "1312": ["hilist_code", "hilist_name", "insu_admdvs", "begndate", "enddate", "med_chrgitm_type", "chrgitm_lv"],
  "1318": ["hilist_code", "hilist_lmtpric_type", "overlmt_dspo_way", "insu_admdvs", "begndate", "enddate", "hilist_pric_uplmt_amt", "vali_flag"],
  "1319": ["hilist_code", "selfpay_prop_psn_type", "selfpay_prop_type", "insu_admdvs", "begndate", "enddate", "selfpay_prop", "vali_flag"],
};

type ListName = "1312" | "1318" | "1319";

/** A member of a row by its name, "" where there is none. */
type Row = (name: string) => string;

export type CatalogueUpdate = Served<{ readonly changed: boolean; readonly items: number }>;

/** Brings the book up to date; `timeoutMs` bounds the whole of it, `questionMs` each message. Faults: those of the journal. */
export async function updateCatalogue(ports: HostPorts, book: CatalogueBook, limits: Limits & { readonly questionMs: number }): Promise<CatalogueUpdate> {
  const fetching = new Fetching(ports, limits);
  const version = await fetching.version(book.version);
  if (version.kind !== "done") return version;
  if (version.value === book.version && book.version !== "") return { kind: "done", value: { changed: false, items: book.size } };
  const lists: (readonly Row[])[] = [];
  for (const name of ["1312", "1318", "1319"] as const) {
    const list = await fetching.list(name);
    if (list.kind !== "done") return list;
    lists.push(list.value);
  }
  const [classes = [], limitsOfPrice = [], shares = []] = lists;
  const items = merged(ports, { classes, limitsOfPrice, shares });
  book.replace(version.value, items);
  return { kind: "done", value: { changed: true, items: items.size } };
}

const INCOMPLETE: NoAnswer = { kind: "undecided", reason: "reply-incomplete" };

class Fetching {
  readonly #ports: HostPorts;
  readonly #limits: Limits & { readonly questionMs: number };
  readonly #untilMs: number;

  constructor(ports: HostPorts, limits: Limits & { readonly questionMs: number }) {
    this.#ports = ports;
    this.#limits = limits;
    this.#untilMs = ports.clock.monotonicMs() + limits.timeoutMs;
  }

  async #ask(infno: string, input: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<Served<FsiNode>> {
    const leftMs = this.#untilMs - this.#ports.clock.monotonicMs();
    if (leftMs <= 0) return { kind: "undecided", reason: "timeout" };
    const answer = await ask(this.#ports, { infno, input }, { timeoutMs: Math.min(leftMs, this.#limits.questionMs), signal: this.#limits.signal });
    return answer.kind === "done" ? { kind: "done", value: answer.output } : answer;
  }

  /** What the insurer calls the newest state of its catalogue of drugs. */
  async version(held: string): Promise<Served<string>> {
    const answer = await this.#ask("1301", { data: { ver: held === "" ? FIRST_VERSION : held } });
    if (answer.kind !== "done") return answer;
    const name = textOf(answer.value, "filename").slice(0, 30);
    return name === "" ? INCOMPLETE : { kind: "done", value: name };
  }

  async list(name: ListName): Promise<Served<readonly Row[]>> {
    const found: Row[] = [];
    for (let page = 1; found.length < LIST_ROWS_MAX; page += 1) {
      const answer = await this.#ask(name, { data: { page_num: String(page), page_size: String(PAGE_ROWS) } });
      if (answer.kind !== "done") return answer;
      const fileNumber = textOf(answer.value, "file_qury_no");
      if (fileNumber !== "") return this.#file(name, { fileNumber, filename: textOf(answer.value, "filename") });
      const rows = listOf(answer.value, "data");
      for (const row of rows) found.push((member) => textOf(row, member));
      if (rows.length < PAGE_ROWS) return { kind: "done", value: found };
    }
    return INCOMPLETE;
  }

  async #file(name: ListName, { fileNumber, filename }: { readonly fileNumber: string; readonly filename: string }): Promise<Served<readonly Row[]>> {
    const { institution } = this.#ports.medical.sender;
    const answer = await this.#ask("9102", { fsDownloadIn: { file_qury_no: fileNumber, filename, fixmedins_code: institution } });
    if (answer.kind !== "done") return answer;
    const rows = readFile(nodeOf(answer.value, "fsDownloadOut") ?? {}, COLUMNS[name]);
    if (rows !== undefined) return { kind: "done", value: rows };
    this.#ports.log.warn("catalogue-file-unreadable", { infno: name });
    return INCOMPLETE;
  }
}

/** Tab-separated lines of the one text in the zip; undefined when it is none. */
function readFile(node: FsiNode, columns: readonly string[]): readonly Row[] | undefined {
  const zip = readZip(bytesOf(node), { maxFiles: 4, maxBytes: FILE_BYTES_MAX });
  const [file] = zip.ok ? zip.files : [];
  if (file === undefined) return undefined;
  const lines = new TextDecoder().decode(file.contents).split(/\r?\n/);
  if (lines.length > LIST_ROWS_MAX) return undefined;
  return lines.filter((line) => line !== "").map((line) => rowOf(line.split("\t"), columns));
}

function rowOf(cells: readonly string[], columns: readonly string[]): Row {
  return (member) => {
    const cell = cells[columns.indexOf(member)] ?? "";
    return cell === "null" ? "" : cell;
  };
}

/** Base64 text, or a list of numbers. */
function bytesOf(node: FsiNode): Uint8Array {
  const out = Object.hasOwn(node, "out") ? node["out"] : undefined;
  if (Array.isArray(out)) return Uint8Array.from(out.map(Number));
  return typeof out === "string" ? new Uint8Array(Buffer.from(out, "base64")) : utf8("");
}

interface Lists {
  readonly classes: readonly Row[];
  readonly limitsOfPrice: readonly Row[];
  readonly shares: readonly Row[];
}

/** One item for each code whose class is known; where rows disagree, the one that makes the holder pay more. */
function merged({ clock, medical }: HostPorts, lists: Lists): ReadonlyMap<string, CatalogueItem> {
  const holds = standing(clock, medical.sender.treatmentArea);
  const shares = dearest(lists.shares.filter(holds), {
    read: (row) => ratioE4(row("selfpay_prop")),
    dearer: (one, other) => one > other,
  });
  const limits = dearest(lists.limitsOfPrice.filter(holds), {
    read: (row) => priceText(row("hilist_pric_uplmt_amt")),
    dearer: (one, other) => priceE6(one) < priceE6(other),
  });
  const classes = dearest(lists.classes.filter(holds), {
    read: (row) => classOf(row("chrgitm_lv"), medical.region),
    dearer: (one, other) => one > other,
  });
  const items = new Map<string, CatalogueItem>();
  for (const [code, itemClass] of classes) {
    const priceLimit = limits.get(code);
    items.set(code, { class: itemClass, selfPayE4: shares.get(code) ?? 0, ...(priceLimit === undefined ? {} : { priceLimit }) });
  }
  return items;
}

/** The value of each code that costs its holder most; rows that say nothing readable say nothing. */
function dearest<Value>(
  rows: readonly Row[],
  rule: { readonly read: (row: Row) => Value | undefined; readonly dearer: (one: Value, other: Value) => boolean },
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const row of rows) {
    const [code, value] = [row("hilist_code"), rule.read(row)];
    if (value === undefined || code === "") continue;
    const known = found.get(code);
    if (known === undefined || rule.dearer(value, known)) found.set(code, value);
  }
  return found;
}

/** Rows of this place that hold today. */
function standing(clock: Clock, area: string): (row: Row) => boolean {
  const today = civilTime(clock.wallMs()).iso.slice(0, 10);
  return (row) => {
    const [from, to, place] = [row("begndate").slice(0, 10), row("enddate").slice(0, 10), row("insu_admdvs")];
    const here = place === "" || area.startsWith(place.replace(/(?:00){1,3}$/, ""));
    return here && row("vali_flag") !== "0" && (from === "" || from <= today) && (to === "" || today <= to);
  };
}

function classOf(code: string, { classCodes }: RegionSwitches): CatalogueItem["class"] | undefined {
  if (classCodes.a.includes(code)) return "A";
  if (classCodes.b.includes(code)) return "B";
  return classCodes.c.includes(code) ? "C" : undefined;
}

/** 0 to 1 with at most four places, in 1e-4. */
function ratioE4(text: string): number | undefined {
  const shape = /^(\d)(?:\.(\d{1,4})0*)?$/.exec(text.trim());
  const value = shape === null ? Number.NaN : Number(`${shape[1]}${(shape[2] ?? "").padEnd(4, "0")}`);
  return value <= 10_000 ? value : undefined;
}

const PRICE = /^(\d{1,10})(?:\.(\d{1,6}))?$/;

function priceText(text: string): string | undefined {
  return PRICE.test(text.trim()) ? text.trim() : undefined;
}

function priceE6(text: string): bigint {
  const [, whole = "0", fraction = ""] = PRICE.exec(text) ?? [];
  return BigInt(`${whole}${fraction.padEnd(6, "0")}`);
}
