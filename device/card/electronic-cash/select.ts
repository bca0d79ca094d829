/*
 * Which application of the card takes part: the card's own directory first, then the list of names that the terminal knows.
 * Spec: JR/T 0025, application selection. Spec: ISO/IEC 7816-4, SELECT (clause number from memory: 7.1.1).
 */
import { type Bytes, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk, type ResponseApdu } from "../../codec/apdu.ts";
import { parseDol } from "../../codec/dol.ts";
import { findTlv, parseTlv, type Tlv } from "../../codec/tlv.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchange, malformed } from "../dialogue.ts";
import type { CashInterface, LogPlace, SelectCashAnswer, SelectedCash } from "./types.ts";

/** Names of electronic cash in the order of trying: electronic cash itself, debit, credit, quasi-credit. */
export const DEFAULT_CASH_APPLICATIONS: readonly string[] = ["a000000333010106", "a000000333010101", "a000000333010102", "a000000333010103"];

const CONTACTLESS_DIRECTORY = utf8("2PAY.SYS.DDF01");
const CONTACT_DIRECTORY = utf8("1PAY.SYS.DDF01");
/** Entries of a directory that are looked at, records of a directory file, and occurrences of one partial name. */
export const CANDIDATES_MAX = 16;
const DIRECTORY_RECORDS_MAX = 10;
const OCCURRENCES_MAX = 8;
const APPLICATION_BLOCKED = 0x6283;
const CARD_BLOCKED = 0x6a81;
const LABEL_SHAPE = /^[\x20-\x7e]{1,16}$/;

export interface SelectCashRequest {
  readonly interface: CashInterface;
  /** Names that the terminal knows, hexadecimal, in the order of trying; a card's longer name that begins with one of them counts too. */
  readonly applicationIds?: readonly string[];
  /** Full names that were tried in this dialogue and gave up. */
  readonly excluded?: readonly string[];
}

/** Selects the application for electronic cash. Faults: those of the channel, "card-answer-malformed". Nothing is debited here. */
export async function selectElectronicCash(channel: CardChannel, request: SelectCashRequest, limits: Limits): Promise<SelectCashAnswer> {
  const known = (request.applicationIds ?? DEFAULT_CASH_APPLICATIONS).map((name) => name.toLowerCase());
  const excluded = new Set((request.excluded ?? []).map((name) => name.toLowerCase()));
  const listed = await readDirectory(channel, request.interface, limits);
  if (listed === "card-blocked") return { kind: "blocked", what: "card" };
  const names = listed.filter((name) => known.some((prefix) => name.startsWith(prefix)));
  let blocked = false;
  for (const name of names.length > 0 ? names : known) {
    const answer = await selectNamed(channel, { name, interface: request.interface, excluded }, limits);
    if (answer.kind === "ok" || (answer.kind === "blocked" && answer.what === "card")) return answer;
    blocked ||= answer.kind === "blocked";
  }
  return blocked ? { kind: "blocked", what: "application" } : { kind: "no-application" };
}

/** Selects an application whose full name is known, as after a tear. */
export function selectAgain(channel: CardChannel, which: Pick<SelectedCash, "applicationId" | "interface">, limits: Limits): Promise<SelectCashAnswer> {
  return selectNamed(channel, { name: which.applicationId, interface: which.interface, excluded: new Set() }, limits);
}

interface NamedRequest {
  readonly name: string;
  readonly interface: CashInterface;
  readonly excluded: ReadonlySet<string>;
}

/** Goes through the applications whose names begin with `name`, until one is not excluded. */
async function selectNamed(channel: CardChannel, request: NamedRequest, limits: Limits): Promise<SelectCashAnswer> {
  for (let occurrence = 0; occurrence < OCCURRENCES_MAX; occurrence += 1) {
    const response = await select(channel, fromHex(request.name), { next: occurrence > 0, limits });
    if (response.sw === CARD_BLOCKED) return { kind: "blocked", what: "card" };
    if (response.sw === APPLICATION_BLOCKED) return { kind: "blocked", what: "application" };
    if (!isOk(response.sw)) return { kind: "no-application" };
    const selected = parseSelected(response.data, request.interface);
    if (selected === undefined) throw malformed("SELECT");
    // A card that answers with another name than asked for is left alone.
    if (!selected.applicationId.startsWith(request.name)) return { kind: "no-application" };
    if (!request.excluded.has(selected.applicationId)) return selected;
    // A full name has one occurrence only.
    if (selected.applicationId === request.name) return { kind: "no-application" };
  }
  return { kind: "no-application" };
}

function select(channel: CardChannel, name: Bytes, how: { readonly next: boolean; readonly limits: Limits }): Promise<ResponseApdu> {
  return exchange(channel, command(how.next ? "00 A4 04 02" : "00 A4 04 00", { data: name, le: 256 }), how.limits);
}

/** Reads the FCI of an application; undefined when it has not the form of one. Never throws. */
export function parseSelected(fci: Bytes, cardInterface: CashInterface): SelectedCash | undefined {
  const parsed = parseTlv(fci);
  if (!parsed.ok) return undefined;
  const name = findTlv(parsed.items, 0x6f, 0x84)?.value;
  if (name === undefined || name.length < 5 || name.length > 16) return undefined;
  const wanted = parseDol(findTlv(parsed.items, 0x6f, 0xa5, 0x9f38)?.value ?? new Uint8Array(0));
  if (!wanted.ok) return undefined;
  const label = labelOf(findTlv(parsed.items, 0x6f, 0xa5, 0x50)?.value);
  const log = logPlaceOf(findTlv(parsed.items, 0x6f, 0xa5, 0xbf0c, 0x9f4d)?.value ?? findTlv(parsed.items, 0x6f, 0xa5, 0x9f4d)?.value);
  return {
    kind: "ok",
    applicationId: toHex(name),
    interface: cardInterface,
    dataWanted: wanted.entries,
    fci: fci.slice(),
    ...(label === undefined ? {} : { label }),
    ...(log === undefined ? {} : { log }),
  };
}

function labelOf(value: Bytes | undefined): string | undefined {
  const text = value === undefined ? "" : Buffer.from(value).toString("latin1");
  return LABEL_SHAPE.test(text) ? text : undefined;
}

function logPlaceOf(value: Bytes | undefined): LogPlace | undefined {
  const [sfi = 0, records = 0] = value ?? [];
  return value?.length === 2 && sfi >= 1 && sfi <= 30 && records >= 1 ? { sfi, records } : undefined;
}

/** Full names in the order of the card's own priorities; empty when the card has no directory. */
async function readDirectory(channel: CardChannel, cardInterface: CashInterface, limits: Limits): Promise<readonly string[] | "card-blocked"> {
  const contactless = cardInterface === "contactless";
  const { data, sw } = await select(channel, contactless ? CONTACTLESS_DIRECTORY : CONTACT_DIRECTORY, { next: false, limits });
  if (sw === CARD_BLOCKED) return "card-blocked";
  const parsed = isOk(sw) ? parseTlv(data) : undefined;
  if (parsed?.ok !== true) return [];
  if (contactless) return namesByPriority(findTlv(parsed.items, 0x6f, 0xa5, 0xbf0c)?.children ?? []);
  const file = findTlv(parsed.items, 0x6f, 0xa5, 0x88)?.value[0] ?? 0;
  return file >= 1 && file <= 10 ? readDirectoryFile(channel, file, limits) : [];
}

async function readDirectoryFile(channel: CardChannel, sfi: number, limits: Limits): Promise<readonly string[]> {
  const entries: Tlv[] = [];
  for (let number = 1; number <= DIRECTORY_RECORDS_MAX; number += 1) {
    const { data, sw } = await exchange(channel, { cla: 0x00, ins: 0xb2, p1: number, p2: (sfi << 3) | 0x04, data: new Uint8Array(0), le: 256 }, limits);
    if (!isOk(sw)) break;
    const parsed = parseTlv(data);
    if (parsed.ok) entries.push(...(findTlv(parsed.items, 0x70)?.children ?? []));
  }
  return namesByPriority(entries);
}

/** Entries 61 by their priority 87: 1 first, none or 0 last. Exported for tests of cards with odd directories. */
export function namesByPriority(items: readonly Tlv[]): readonly string[] {
  const entries: { readonly name: string; readonly priority: number }[] = [];
  for (const item of items) {
    if (item.tag !== 0x61 || entries.length >= CANDIDATES_MAX) continue;
    const name = findTlv(item.children ?? [], 0x4f)?.value;
    if (name === undefined || name.length < 5 || name.length > 16) continue;
    const priority = (findTlv(item.children ?? [], 0x87)?.value[0] ?? 0) & 0x0f;
    entries.push({ name: toHex(name), priority: priority === 0 ? 0x10 : priority });
  }
  return entries.sort((left, right) => left.priority - right.priority).map(({ name }) => name);
}
