/*
 * What the entries of an order say, written and read back. An order that was refused may be placed again, and one that is done may be given
 * back, but nothing follows an end in the journal: it then goes on as another subject that names the one before. Spec: pos/v1, 3.
 */
import { assert } from "../../base/assert.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import { canonicalJson } from "../../codec/json.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { countMember, textMember } from "../journal/members.ts";
import { type EntryDraft, type Journal, type JournalEntry, type JsonObject, type JsonValue, OPEN_STATES, type RecordState } from "../journal/types.ts";
import type { OrderItem, Prescription } from "../medical-desk/basket.ts";
import type { TenderKind } from "../medical-desk/desk.ts";
import type { Clinic } from "../medical-purchase/ports.ts";
import { saleMark } from "./names.ts";
import type { OrderName, OrderRequest, OrderView } from "./order.ts";

/** What an order is about; never changes while it has its name. */
export interface OrderBasket {
  readonly amount: Fen;
  readonly items: readonly OrderItem[];
  readonly prescription?: Prescription;
  readonly invoiceNumber: string;
  readonly usesAccount: boolean;
  readonly visit: "pharmacy" | "outpatient";
  readonly medicalType: string;
  readonly disease?: { readonly code: string; readonly name: string };
  readonly clinic?: Clinic;
}

/** What was begun for an order, one entry each. How it ended stands elsewhere, but for what leaves no record of its own. */
export type OrderAct =
  | { readonly act: "settle"; readonly attempt: number }
  | { readonly act: "tender"; readonly number: number; readonly tender: TenderKind; readonly tenderFen: Fen }
  /** It failed before anything was written of it. */
  | { readonly act: "tender-failed"; readonly number: number; readonly reason: string }
  | { readonly act: "give-back"; readonly why: "cancelled" | "requested" }
  | { readonly act: "void"; readonly number: number }
  /** The insurer has cancelled the visit of a settlement that was taken back, or has nothing to cancel. */
  | { readonly act: "visit-undone"; readonly how: "undone" | "refused" }
  /** The insurer keeps the settlement. */
  | { readonly act: "kept"; readonly reason: string }
  | { readonly act: "offline"; readonly number: number; readonly settlement: number; readonly why: string }
  | { readonly act: "offline-ended"; readonly reason: string };

/** How a stretch of an order ended. */
export interface OrderEnd {
  readonly as: "done" | "offline" | "refused" | "void";
  readonly reason?: OrderView["reason"];
  readonly message?: string;
  readonly triesLeft?: number;
  readonly choices?: readonly string[];
}

export interface RecordedTender {
  readonly number: number;
  readonly tender: TenderKind;
  readonly amount: Fen;
  /** Why it failed, where no record of its own says so. */
  readonly failed?: string;
}

/** An order as its durable entries tell it, through all its subjects. */
export interface OrderHistory {
  /** All its goods are written down. One that is not whole was cut off as it began: nothing was claimed or sent for it. */
  readonly whole: boolean;
  readonly name: OrderName;
  readonly operator: string;
  readonly basketHash: string;
  readonly basket: OrderBasket;
  readonly prints: boolean;
  readonly replaces?: string;
  /** The subject that tells how it stands now, and its last entry. */
  readonly last: JournalEntry;
  readonly open: boolean;
  /** The subject that holds its goods. */
  readonly first: string;
  /** Whether it may go on after another end. */
  readonly mayGoOn: boolean;
  /** Whether it was ever done. */
  readonly sold: boolean;
  readonly soldAtMs: number;
  /** Who sold it; empty until it was. */
  readonly soldBy: string;
  readonly attempt: number;
  readonly tenders: readonly RecordedTender[];
  readonly givingBack: boolean;
  readonly voids: number;
  /** How many voids had been begun before everything was to be given back now. */
  readonly voidsBefore: number;
  readonly visitUndone: boolean;
  readonly offlines: number;
  /** The sale without the insurer that is under way or was made. */
  readonly offline?: { readonly number: number; readonly settlement: number; readonly why: string };
  readonly end?: OrderEnd;
  readonly kept?: string;
}

/** More subjects than any order needs: each of them is a giving back that the insurer refused. */
const SUBJECTS_MAX = 200;
/** Goods in one entry, so that a record fits a message to the settlement host. */
const GOODS_BYTES_MAX = 16_000;

/** Tells two baskets apart; the credential, the operator and the way of paying may change while the order stays the same. */
export function basketHash(suite: Pick<CipherSuite, "sm3">, request: OrderRequest): string {
  return toHex(suite.sm3(utf8(canonicalJson(basketOf(request)))));
}

export function basketOf(request: OrderRequest): OrderBasket {
  const { amount, items, prescription, invoiceNumber, usesAccount, visit, medicalType, disease, clinic } = request;
  return {
    amount,
    items,
    invoiceNumber,
    usesAccount,
    visit,
    medicalType,
    ...(prescription === undefined ? {} : { prescription }),
    ...(disease === undefined ? {} : { disease }),
    ...(clinic === undefined ? {} : { clinic }),
  };
}

/** Whoever writes an entry, and for what. */
export interface OrderWriter {
  readonly name: OrderName;
  readonly reference: string;
  readonly amount: Fen;
  readonly operator: string;
}

function headOf({ name, reference, operator }: OrderWriter): { readonly [key: string]: JsonValue } {
  return { reference, client: name.client, orderNumber: name.orderNumber, operator };
}

type Marks = EntryDraft["marks"];

/**
 * The entries that begin an order, in their order: all of one subject, all durable before anything may be sent. The last of them claims the
 * packs, so that an order that was cut off here has claimed none. Goods are sealed: they tell of an illness.
 */
export function beginDrafts(request: OrderRequest, facts: { readonly reference: string; readonly hash: string; readonly marks: Marks }): readonly EntryDraft[] {
  const { prescription, invoiceNumber, usesAccount, visit, medicalType, disease, clinic, prints, replaces, amount } = request;
  const writer = { name: request, reference: facts.reference, amount, operator: request.operator };
  const parts = goodsParts(request.items);
  const detail = {
    ...headOf(writer),
    basketHash: facts.hash,
    invoiceNumber,
    usesAccount,
    visit,
    medicalType,
    prints,
    goodsParts: parts.length,
    ...(replaces === undefined ? {} : { replaces }),
  };
  const sealed = json({ prescription, disease, clinic });
  return parts.map((goods, index) => ({
    kind: "medical-order",
    state: index === 0 ? "prepared" : "acting",
    amount,
    detail: index === 0 ? detail : { ...headOf(writer), act: "goods" },
    personal: { ...(index === 0 ? { about: sealed } : {}), goods: json(goods) },
    ...(index === 0 ? { subjectMark: saleMark(facts.reference) } : {}),
    ...(index === parts.length - 1 && facts.marks !== undefined ? { marks: facts.marks } : {}),
  }));
}

/**
 * The order goes on after an end, as another subject. What was refused left nothing but its numbers, so that the subject that begins it anew
 * stands right behind the one that holds its goods, however often it was refused.
 */
export function continueDraft(writer: OrderWriter, history: OrderHistory, more: { readonly marks?: Marks; readonly act?: OrderAct }): EntryDraft {
  const { marks, act } = more;
  const again = history.end?.as === "refused";
  const numbers = again ? { attempts: history.attempt, offlines: history.offlines } : {};
  return {
    kind: "medical-order",
    state: "prepared",
    amount: writer.amount,
    detail: { ...headOf(writer), continues: again ? history.first : history.last.subject, ...numbers, ...(act === undefined ? {} : act) },
    subjectMark: saleMark(writer.reference),
    ...(marks === undefined ? {} : { marks }),
  };
}

export function actDraft(writer: OrderWriter, subject: string, act: OrderAct): EntryDraft {
  return { subject, kind: "medical-order", state: "acting", amount: writer.amount, detail: { ...headOf(writer), ...act } };
}

const END_STATES: { readonly [As in OrderEnd["as"]]: RecordState } = { done: "done", offline: "done", refused: "refused", void: "void" };

/** The host's own words may name a person: they are sealed. */
export function endDraft(writer: OrderWriter, subject: string, options: { readonly end: OrderEnd; readonly marks?: Marks }): EntryDraft {
  const { end, marks } = options;
  const { as, reason, message, triesLeft, choices } = end;
  return {
    subject,
    kind: "medical-order",
    state: END_STATES[as],
    amount: writer.amount,
    detail: {
      ...headOf(writer),
      end: as,
      ...(reason === undefined ? {} : { reason }),
      ...(triesLeft === undefined ? {} : { triesLeft }),
      ...(choices === undefined ? {} : { choices }),
    },
    ...(message === undefined ? {} : { personal: { message } }),
    ...(marks === undefined ? {} : { marks }),
  };
}

function goodsParts(items: readonly OrderItem[]): readonly (readonly OrderItem[])[] {
  const parts: OrderItem[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = utf8(canonicalJson(item)).length;
    if (bytes > 0 && bytes + size > GOODS_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(item);
    bytes += size;
  }
  return parts;
}

/** Values of ours are JSON: without functions and without members that are undefined. */
function json(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

/** The order of this name; undefined where it was never begun, or not wholly. Faults: those of the journal. */
export async function readHistory(journal: Journal, reference: string): Promise<OrderHistory | undefined> {
  const subject = await journal.mark(saleMark(reference));
  return subject === undefined ? undefined : historyOf(await allStretches(journal, subject));
}

/** Entries of all subjects of the order that matter, oldest first. */
async function allStretches(journal: Journal, newest: string): Promise<readonly (readonly JournalEntry[])[]> {
  const stretches: (readonly JournalEntry[])[] = [];
  for (let subject = newest; subject !== ""; ) {
    assert(stretches.length < SUBJECTS_MAX, "an order has few subjects");
    const entries = await journal.entriesOf(subject);
    stretches.unshift(entries);
    subject = textMember(entries[0]?.detail, "continues");
  }
  return stretches;
}

function historyOf(stretches: readonly (readonly JournalEntry[])[]): OrderHistory | undefined {
  const entries = stretches.flat();
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined || last.kind !== "medical-order") return undefined;
  const reader = new HistoryReader();
  for (const entry of entries) reader.add(entry);
  const { detail } = first;
  const replaces = textMember(detail, "replaces");
  return {
    ...reader.told(),
    whole: reader.parts === countMember(detail, "goodsParts"),
    name: { client: textMember(detail, "client"), orderNumber: textMember(detail, "orderNumber") },
    operator: textMember(last.detail, "operator"),
    basketHash: textMember(detail, "basketHash"),
    basket: basketFrom(first, reader.goods),
    prints: detail["prints"] === true,
    ...(replaces === "" ? {} : { replaces }),
    last,
    open: OPEN_STATES.includes(last.state),
    first: first.subject,
    mayGoOn: stretches.length < SUBJECTS_MAX,
  };
}

/** Entries of our own, sealed and chained: what they hold is what {@link beginDrafts} wrote. */
function basketFrom({ detail, personal, amount }: JournalEntry, items: readonly OrderItem[]): OrderBasket {
  return {
    ...((personal?.["about"] ?? {}) as unknown as Pick<OrderBasket, "prescription" | "disease" | "clinic">),
    amount,
    items,
    invoiceNumber: textMember(detail, "invoiceNumber"),
    usesAccount: detail["usesAccount"] === true,
    visit: detail["visit"] === "outpatient" ? "outpatient" : "pharmacy",
    medicalType: textMember(detail, "medicalType"),
  };
}

type Told = Pick<
  OrderHistory,
  "sold" | "soldAtMs" | "soldBy" | "attempt" | "tenders" | "givingBack" | "voids" | "voidsBefore" | "visitUndone" | "offlines" | "offline" | "end" | "kept"
>;

class HistoryReader {
  readonly goods: OrderItem[] = [];
  parts = 0;
  readonly #tenders = new Map<number, RecordedTender>();
  #told: Omit<Told, "tenders"> = {
    sold: false,
    soldAtMs: 0,
    soldBy: "",
    attempt: 0,
    givingBack: false,
    voids: 0,
    voidsBefore: 0,
    visitUndone: false,
    offlines: 0,
  };

  told(): Told {
    return { ...this.#told, tenders: [...this.#tenders.values()] };
  }

  add(entry: JournalEntry): void {
    const goods = entry.personal?.["goods"];
    if (Array.isArray(goods)) {
      this.parts += 1;
      this.goods.push(...(goods as unknown as readonly OrderItem[]));
    }
    if (entry.state === "prepared") this.#begin(entry);
    if (!OPEN_STATES.includes(entry.state)) this.#end(entry);
    // Where an order goes on, its first entry may say with what. Only this module writes entries of orders.
    else if (entry.detail["act"] !== undefined) this.#act(entry.detail as unknown as OrderAct | { readonly act: "goods" });
  }

  #begin({ detail }: JournalEntry): void {
    const { end: _, kept: __, ...rest } = this.#told;
    const [attempt = rest.attempt, offlines = rest.offlines] = [countMember(detail, "attempts"), countMember(detail, "offlines")];
    this.#told = { ...rest, attempt, offlines };
  }

  #end({ detail, personal, wallMs }: JournalEntry): void {
    const as = endOf(detail);
    const { offline, ...rest } = this.#told;
    const sold = as === "done" || as === "offline";
    this.#told = {
      ...rest,
      ...(offline === undefined || as === "refused" ? {} : { offline }),
      givingBack: false,
      ...(sold && !rest.sold ? { sold, soldAtMs: wallMs, soldBy: textMember(detail, "operator") } : {}),
      end: readEnd(as, detail, personal),
    };
  }

  #act(act: OrderAct | { readonly act: "goods" }): void {
    switch (act.act) {
      case "goods":
        return;
      case "settle":
        this.#note({ attempt: act.attempt });
        return;
      case "tender":
        this.#tenders.set(act.number, { number: act.number, tender: act.tender, amount: act.tenderFen });
        return;
      case "tender-failed":
        this.#fail(act);
        return;
      case "give-back":
        this.#note({ givingBack: true, voidsBefore: this.#told.voids });
        return;
      case "void":
        this.#note({ voids: act.number });
        return;
      case "visit-undone":
        this.#note({ visitUndone: true });
        return;
      case "kept":
        this.#note({ givingBack: false, kept: act.reason });
        return;
      case "offline":
        this.#note({ offlines: act.number, offline: { number: act.number, settlement: act.settlement, why: act.why } });
        return;
      case "offline-ended": {
        const { offline: _, ...rest } = this.#told;
        this.#told = rest;
      }
    }
  }

  #note(more: Partial<Told>): void {
    this.#told = { ...this.#told, ...more };
  }

  #fail({ number, reason }: { readonly number: number; readonly reason: string }): void {
    const tender = this.#tenders.get(number);
    assert(tender !== undefined, "a tender that failed was begun");
    this.#tenders.set(number, { ...tender, failed: reason });
  }
}

function endOf(detail: JsonObject): OrderEnd["as"] {
  const as = textMember(detail, "end");
  assert(as === "done" || as === "offline" || as === "refused" || as === "void", "an order ends in one of four ways");
  return as;
}

function readEnd(as: OrderEnd["as"], detail: JsonObject, personal: JsonObject | undefined): OrderEnd {
  const [reason, message, triesLeft, choices] = [
    textMember(detail, "reason"),
    textMember(personal, "message"),
    countMember(detail, "triesLeft"),
    detail["choices"],
  ];
  return {
    as,
    // Only this module writes reasons of orders.
    ...(reason === "" ? {} : { reason: reason as NonNullable<OrderEnd["reason"]> }),
    ...(message === "" ? {} : { message }),
    ...(triesLeft === undefined ? {} : { triesLeft }),
    ...(Array.isArray(choices) ? { choices: choices.filter((choice) => typeof choice === "string") } : {}),
  };
}
