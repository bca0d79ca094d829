/*
 * Goal: one closed day, agreed to the fen or every difference named, whatever is lost on the way; doing it again changes nothing more.
 * Method: totals of every group that is known (3201), and where one differs the statement row by row (3202). What a row means is worked out
 * without acting; where it leaves a doubt the settlement is asked for by its id (5203). Only two things are ever done, each journaled: a
 * booking that ended here without one is reversed by its own message, and a void that the insurer shows is taken over.
 */
import type { Limits } from "../../base/ports.ts";
import { signIn } from "../medical-host/ask.ts";
import { distanceOf } from "../medical-host/distance.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { DifferenceView, GroupName, GroupView, OpenView, StatementSums } from "./acts.ts";
import { BookIndex, type Booking, type Books, type VoidRecord } from "./books.ts";
import { type MessageScope, meaningOf, notAtHand, type RowMeaning, refundSums } from "./classes.ts";
import { differenceOf, type RowFacts } from "./differences.ts";
import { endEarlierReversals, importVoid, type Repairs, reverseOneSided } from "./repairs.ts";
import {
  askSettlement,
  askStatement,
  askTotals,
  type ClearingName,
  type SettlementAnswer,
  type StatementAnswer,
  sameSums,
  sumUp,
  type TotalsAnswer,
} from "./statement.ts";
import type { ResultRow, StatementRow } from "./statement-file.ts";

export interface DayPorts extends HostPorts {
  /** Settlements and voids that stand further back in the journal than what is at hand. */
  readonly findOlder: (wanted: { readonly settlements: ReadonlySet<string>; readonly messages: ReadonlySet<string> }) => Promise<Books>;
}

export interface DayOptions {
  readonly scope: MessageScope;
  readonly queryTimeoutMs: number;
  /** Groups that are asked about although nothing of this day belongs to them. */
  readonly groups: readonly GroupName[];
  readonly operator: string;
}

/** How long a day may take, and who may give it up. */
export interface DayBudget {
  /** The limits of the next message; undefined when the time is over. */
  next(): Limits | undefined;
}

export interface DayFindings {
  readonly groups: readonly GroupView[];
  readonly differences: readonly DifferenceView[];
  readonly open: readonly OpenView[];
  readonly unreadable: readonly string[];
  /** Subjects of settlements whose voids were taken over. */
  readonly imported: readonly string[];
  /** Why something could not be compared; stable words. */
  readonly reason: string | undefined;
  /** The host's clock as last heard, yyyyMMddHHmmssSSS; "" where it said nothing. */
  readonly hostTime: string;
}

/** Rows of one group here: bookings of the day, and refunds made on it. */
interface OwnRow extends StatementRow {
  readonly booking: Booking;
}

interface Group {
  readonly name: GroupName;
  readonly receiver: string | undefined;
  readonly rows: OwnRow[];
}

const UNREADABLE_MAX = 50;

export class DayRun {
  readonly #ports: DayPorts;
  readonly #options: DayOptions;
  readonly #day: string;
  readonly #budget: DayBudget;
  readonly #books: Books;
  #index: BookIndex;
  #reason: string | undefined;
  #hostTime = "";
  readonly #differences: DifferenceView[] = [];
  readonly #open: OpenView[] = [];
  readonly #unreadable: string[] = [];
  readonly #imported = new Map<string, string>();
  /** Rows that say why totals differ without being a difference: what is not decided here is booked there. */
  #undecidedRows = 0;

  constructor(ports: DayPorts, options: DayOptions, task: { readonly day: string; readonly books: Books; readonly budget: DayBudget }) {
    this.#ports = ports;
    this.#options = options;
    this.#day = task.day;
    this.#budget = task.budget;
    this.#books = task.books;
    this.#index = new BookIndex(task.books);
  }

  /** Faults: those of the journal. */
  async run(): Promise<DayFindings> {
    this.#listOpen();
    const groups = await this.#groups();
    const limits = this.#next();
    const unsigned = limits === undefined ? undefined : await signIn(this.#ports, limits);
    if (unsigned !== undefined) this.#reason ??= "host-silent";
    const views = this.#reason === undefined ? await this.#compareAll(groups) : [];
    const { length } = this.#unreadable;
    const unreadable = length <= UNREADABLE_MAX ? this.#unreadable : [...this.#unreadable.slice(0, UNREADABLE_MAX), `and ${length - UNREADABLE_MAX} more`];
    return {
      groups: views,
      differences: this.#differences,
      open: this.#open,
      unreadable,
      imported: [...this.#imported.values()],
      reason: this.#reason,
      hostTime: this.#hostTime,
    };
  }

  async #compareAll(groups: readonly Group[]): Promise<readonly GroupView[]> {
    for (const { msgid, settlementId, original } of await endEarlierReversals(this.#repairs(), { day: this.#day, next: () => this.#next() })) {
      const booking = this.#index.bySubject(original);
      const view = differenceOf({ kind: "one-sided-at-insurer", act: "reversed", ...(booking === undefined ? {} : { booking }) });
      this.#differences.push({ ...view, msgid, settlementId });
    }
    const [named, nameless] = [groups.filter(isNamed), groups.filter((group) => !isNamed(group))];
    const views = await this.#compare(named);
    // Without agency and kind of clearing no total can be asked for: each settlement is asked for by its id.
    for (const { booking, refund } of nameless.flatMap(({ rows }) => rows)) {
      await this.#askAbout(booking, { row: undefined, about: refund ? "refund" : "booking" });
    }
    return views;
  }

  #next(): Limits | undefined {
    const limits = this.#budget.next();
    if (limits === undefined) this.#reason ??= "time-over";
    return limits;
  }

  #listOpen(): void {
    for (const { state, reference, msgid, time, sums } of this.#books.bookings) {
      if (state === "open" && time.slice(0, 10) <= this.#day) this.#open.push({ kind: "settlement", reference, msgid, time, amountFen: sums.totalFen });
    }
    for (const { state, reference, msgid, time, amountFen } of this.#books.voids) {
      if (state === "open" && time.slice(0, 10) <= this.#day) this.#open.push({ kind: "void", reference, msgid, time, amountFen });
    }
  }

  async #groups(): Promise<readonly Group[]> {
    const refunds = this.#books.voids.filter(({ state, time }) => state === "voided" && time.startsWith(this.#day));
    await this.#widen({ settlements: new Set(refunds.map(({ settlementId }) => settlementId).filter((id) => this.#index.bySettlement(id) === undefined)) });
    const groups = new Map<string, Group>();
    for (const name of this.#options.groups) groupAt(groups, name, undefined);
    for (const booking of this.#books.bookings) {
      if (booking.state === "booked" && booking.time.startsWith(this.#day)) this.#ownGroup(groups, booking).rows.push(bookingRow(booking));
    }
    for (const refund of refunds) this.#addRefund(groups, refund);
    return [...groups.values()];
  }

  #addRefund(groups: Map<string, Group>, { settlementId }: VoidRecord): void {
    const booking = this.#index.bySettlement(settlementId);
    if (booking !== undefined) this.#ownGroup(groups, booking).rows.push(refundRow(booking));
  }

  #ownGroup(groups: Map<string, Group>, { insuranceType, insuranceArea, clearingType, agency, receiver }: Booking): Group {
    const { sender, region } = this.#ports.medical;
    const locality = distanceOf(sender.treatmentArea, insuranceArea, region.municipalities);
    return groupAt(groups, { insuranceType, clearingType, locality, agency }, receiver);
  }

  /** Looks further back in the journal for what nobody has at hand. */
  async #widen({
    settlements = new Set(),
    messages = new Set(),
  }: {
    readonly settlements?: ReadonlySet<string>;
    readonly messages?: ReadonlySet<string>;
  }): Promise<void> {
    if (settlements.size + messages.size === 0) return;
    this.#index = new BookIndex(this.#books, await this.#ports.findOlder({ settlements, messages }));
  }

  /** Groups that the insurer cannot tell apart are asked about together: 3201 has no member for where somebody is insured. */
  async #compare(groups: readonly Group[]): Promise<readonly GroupView[]> {
    const views: GroupView[] = [];
    const differing = new Map<string, Group[]>();
    for (const together of partsOf(groups, ({ name }) => `${name.insuranceType} ${name.clearingType} ${name.agency}`)) {
      const answer = await this.#totals(together);
      views.push(...together.map((group) => groupView(group, answer)));
      if (answer.kind !== "compared" || answer.verdict !== "equal") for (const group of together) push(differing, clearingKey(group), group);
    }
    for (const key of differing.keys()) await this.#compareRows(groups.filter((group) => clearingKey(group) === key));
    return views;
  }

  async #totals(together: readonly Group[]): Promise<TotalsAnswer> {
    const limits = this.#next();
    const [first] = together;
    if (limits === undefined || first === undefined) return { kind: "silent" };
    const rows = together.flatMap(({ rows: own }) => own);
    // Deviation: whether a refund counts or takes away is written nowhere; it takes away, as its sums do. Spec: FSI, 3201.
    const count = Math.max(0, netCount(rows));
    const { insuranceType } = first.name;
    const question = { ...clearingOf(first), insuranceType, period: this.#period(), sums: sumUp(rows.map(({ sums }) => sums)), count };
    const answer = await askTotals(this.#ports, question, limits);
    if (answer.kind === "compared") this.#hostTime = answer.hostTime || this.#hostTime;
    if (answer.kind === "silent") this.#reason ??= "host-silent";
    return answer;
  }

  #period() {
    return { from: this.#day, to: this.#day };
  }

  async #compareRows(groups: readonly Group[]): Promise<void> {
    const [first] = groups;
    const limits = this.#next();
    if (limits === undefined || first === undefined) return;
    const own = groups.flatMap(({ rows }) => rows);
    // A row without all of its names would make the whole file be refused; it is asked for by what it has.
    const rows = own.filter(({ settlementId, visitId, personNumber }) => settlementId !== "" && visitId !== "" && personNumber !== "");
    const answer = await askStatement(this.#ports, { ...clearingOf(first), period: this.#period(), rows }, limits);
    if (answer.kind !== "read") return this.#notGiven(answer);
    this.#hostTime = answer.hostTime || this.#hostTime;
    for (const { place, why, msgid } of answer.unreadable) this.#unreadable.push([place, why, msgid].filter((word) => word !== "").join(" "));
    if (answer.unreadable.length > 0) this.#reason ??= "statement-unreadable";
    const before = this.#differences.length + this.#undecidedRows;
    await this.#judgeRows(answer.rows);
    await this.#judgeSilence(own, answer.rows);
    const isExplained = this.#differences.length + this.#undecidedRows > before;
    // Deviation: a count below zero cannot be said, so a group with more refunds than bookings never has equal totals. Spec: FSI, 3201.
    const isUnsayable = groups.some((group) => netCount(group.rows) < 0);
    if (this.#reason === undefined && !isExplained && !isUnsayable) this.#unexplained(first);
  }

  #notGiven(answer: Exclude<StatementAnswer, { readonly kind: "read" }>): void {
    // Without the insurer's words, which may name a person.
    if (answer.kind === "refused") this.#ports.log.warn("statement-refused", { day: this.#day });
    this.#reason ??= answer.kind === "silent" ? "host-silent" : answer.kind === "refused" ? "statement-refused" : "statement-unreadable";
  }

  #unexplained({ name }: Group): void {
    this.#differences.push(
      differenceOf({ kind: "totals-only", act: "left-to-people", note: `insutype ${name.insuranceType}, clr_type ${name.clearingType}, ${name.agency}` }),
    );
  }

  async #judgeRows(rows: readonly ResultRow[]): Promise<void> {
    const far = notAtHand(rows, { index: this.#index, scope: this.#options.scope });
    await this.#widen({ settlements: new Set(far.map(({ settlementId }) => settlementId)), messages: new Set(far.map(({ msgid }) => msgid)) });
    const refunded = new Set(rows.filter(({ refund, verdict }) => refund && verdict !== "institution-more").map(({ settlementId }) => settlementId));
    const context = { index: this.#index, scope: this.#options.scope, day: this.#day, refunded };
    for (const row of rows) await this.#act(row, meaningOf(row, context));
  }

  async #act(row: ResultRow, meaning: RowMeaning): Promise<void> {
    switch (meaning.is) {
      case "equal":
        return;
      case "open":
        this.#undecidedRows += 1;
        return;
      case "difference": {
        const { kind, booking, note } = meaning;
        this.#differences.push(differenceOf({ kind, row, ...(booking === undefined ? {} : { booking }), ...(note === undefined ? {} : { note }) }));
        return;
      }
      case "ask":
        return this.#askAbout(meaning.booking, { row, about: meaning.about });
      case "one-sided":
        return this.#takeBack(row, meaning.booking);
    }
  }

  /** Rows of ours of which a statement that lists equal rows too says nothing. */
  async #judgeSilence(own: readonly OwnRow[], rows: readonly ResultRow[]): Promise<void> {
    const told = new Set(rows.map(({ settlementId, refund }) => `${settlementId} ${refund}`));
    const listsEqualRows = rows.some(({ verdict }) => verdict === "equal");
    for (const { booking, refund, settlementId } of own) {
      const isSilent = !told.has(`${settlementId} ${refund}`) && (listsEqualRows || booking.visitId === "");
      if (isSilent) await this.#askAbout(booking, { row: undefined, about: refund ? "refund" : "booking" });
    }
  }

  async #askAbout(booking: Booking, { row, about }: { readonly row: ResultRow | undefined; readonly about: "booking" | "refund" }): Promise<void> {
    const limits = this.#next();
    if (limits === undefined) return;
    const answer = await askSettlement(this.#ports, booking, limits);
    const facts = { booking, ...(row === undefined ? {} : { row }) };
    if (answer.kind === "silent") {
      this.#reason ??= "host-silent";
      this.#differences.push(differenceOf({ ...facts, kind: "not-compared" }));
      return;
    }
    const known = this.#index.voidOf(booking.settlementId)?.state;
    // Its void is under way here: what the insurer says of it is not yet anybody's difference.
    if (known === "open") this.#undecidedRows += 1;
    if (known === "open") return;
    if (known === "voided") this.#differences.push(...voidedHere(facts, answer));
    else await this.#standingHere(facts, answer, about);
  }

  async #standingHere(facts: RowFacts & { readonly booking: Booking }, answer: SettlementAnswer, about: "booking" | "refund"): Promise<void> {
    // The statement's own refund is proof where the query no longer knows the settlement.
    const isVoided = answer.kind === "voided" || (answer.kind === "refused" && about === "refund");
    if (!isVoided) {
      this.#differences.push(...heldHere(facts, answer));
      return;
    }
    if (this.#imported.has(facts.booking.settlementId)) return;
    this.#imported.set(facts.booking.settlementId, facts.booking.subject);
    const time = about === "refund" ? `${this.#day} 23:59:59` : undefined;
    await importVoid(this.#repairs(), facts.booking, { day: this.#day, ...(time === undefined ? {} : { time }) });
    this.#differences.push(differenceOf({ ...facts, kind: "voided-at-insurer", act: "void-imported" }));
  }

  async #takeBack(row: ResultRow, booking: Booking): Promise<void> {
    const outcome = await reverseOneSided(this.#repairs(), booking, { row, day: this.#day, next: () => this.#next() });
    if (outcome === "gone") return;
    if (outcome === "open") this.#reason ??= "reversal-open";
    this.#differences.push(differenceOf({ kind: "one-sided-at-insurer", act: outcome === "reversed" ? "reversed" : "reversal-open", row, booking }));
  }

  #repairs(): Repairs {
    return { ports: this.#ports, operator: this.#options.operator };
  }
}

/** What the insurer says of a settlement that was taken back here. */
function voidedHere(facts: RowFacts, answer: SettlementAnswer): readonly DifferenceView[] {
  if (answer.kind === "voided") return [differenceOf({ ...facts, kind: "other-day" })];
  // A query that no longer knows a settlement which both have taken back says nothing new.
  return answer.kind === "standing" ? [differenceOf({ ...facts, kind: "void-not-at-insurer" })] : [];
}

/** What the insurer says of a settlement that stands here. */
function heldHere(facts: RowFacts & { readonly booking: Booking }, answer: SettlementAnswer): readonly DifferenceView[] {
  if (answer.kind === "refused") return [differenceOf({ ...facts, kind: "ours-only", note: answer.message })];
  if (answer.kind === "silent") return [];
  const { sums } = answer;
  if (sums !== undefined && !sameSums(sums, facts.booking.sums)) return [differenceOf({ ...facts, kind: "amount-differs", insurer: sums })];
  return [differenceOf({ ...facts, kind: "held-by-insurer" })];
}

function groupAt(groups: Map<string, Group>, name: GroupName, receiver: string | undefined): Group {
  const key = [name.insuranceType, name.clearingType, name.locality, name.agency].join(" ");
  const known = groups.get(key);
  if (known !== undefined && (known.receiver !== undefined || receiver === undefined)) return known;
  const made = { name, receiver, rows: known?.rows ?? [] };
  groups.set(key, made);
  return made;
}

function isNamed({ name }: Group): boolean {
  return name.agency !== "" && name.clearingType !== "" && name.insuranceType !== "";
}

function clearingOf({ name, receiver }: Group): ClearingName {
  const { agency, clearingType } = name;
  return { agency, clearingType, ...(receiver === undefined ? {} : { receiver }) };
}

function clearingKey({ name }: Group): string {
  return `${name.agency} ${name.clearingType}`;
}

function push<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [item]);
  else known.push(item);
}

function partsOf(groups: readonly Group[], keyOf: (group: Group) => string): readonly (readonly Group[])[] {
  const parts = new Map<string, Group[]>();
  for (const group of groups) push(parts, keyOf(group), group);
  return [...parts.values()];
}

function bookingRow(booking: Booking): OwnRow {
  const { settlementId, visitId, personNumber, sums } = booking;
  return { booking, settlementId, visitId, personNumber, sums, refund: false };
}

function refundRow(booking: Booking): OwnRow {
  return { ...bookingRow(booking), sums: refundSums(booking), refund: true };
}

function netCount(rows: readonly OwnRow[]): number {
  return rows.reduce((sum, { refund }) => sum + (refund ? -1 : 1), 0);
}

function groupView({ name, rows }: Group, answer: TotalsAnswer): GroupView {
  const own: StatementSums = sumUp(rows.map(({ sums }) => sums));
  const ownCount = netCount(rows);
  if (answer.kind === "compared") return { ...name, own, ownCount, verdict: answer.verdict, ...(answer.message === "" ? {} : { message: answer.message }) };
  if (answer.kind === "refused") return { ...name, own, ownCount, verdict: "refused", message: answer.message };
  return { ...name, own, ownCount, verdict: "silent" };
}
