/* The agency's own books: persons, cards, bills, losses, authorisations, and every id with its reply. SQLite, synchronous; an act and its reply in one transaction. */
import { type Row, SqlStore } from "../sql-store.ts";
import { prepareAgency } from "./schema.ts";
import type { AgencyBill, AgencyCard, AgencyPerson, CardStatus, Enrolment, LapseRule, Loss, PersonFacts } from "./words.ts";

/** An id that was seen: its content, and what was said to it. */
export interface SeenRequest {
  readonly content: string;
  readonly state: "done" | "pending" | "given-up";
  /** The reply's text, with "done". */
  readonly reply: string;
}

export interface Authorization {
  readonly authorization: string;
  readonly cardNumber: string;
  /** What it allows, as canonical JSON. */
  readonly facts: string;
  readonly untilMs: number;
  readonly uses: number;
  readonly result: string | undefined;
}

const text = (row: Row, name: string): string => String(row[name]);
const optional = (row: Row, name: string): string | undefined => (row[name] === null ? undefined : text(row, name));
const optionalCount = (row: Row, name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]));

function toCard(row: Row): AgencyCard {
  return {
    cardNumber: text(row, "card_number"),
    cardIdentifier: text(row, "card_identifier"),
    status: row["status"] as CardStatus,
    sinceMs: Number(row["since_ms"]),
    identityNumber: text(row, "identity"),
    production: text(row, "production"),
  };
}

function toBill(row: Row): AgencyBill {
  return {
    billId: text(row, "bill_id"),
    identityNumber: text(row, "identity"),
    kind: row["kind"] as AgencyBill["kind"],
    insurance: text(row, "insurance"),
    period: text(row, "period"),
    amountFen: Number(row["amount_fen"]),
    due: text(row, "due"),
    mandate: row["mandate"] === 1,
    state: row["state"] as AgencyBill["state"],
    receiptNumber: optional(row, "receipt"),
    payment: optional(row, "payment"),
  };
}

function toLoss(row: Row): Loss {
  return {
    report: text(row, "report"),
    cardNumber: text(row, "card_number"),
    loss: row["loss"] as Loss["loss"],
    reportedMs: Number(row["reported_ms"]),
    lapsesMs: optionalCount(row, "lapses_ms"),
    rule: row["rule"] as LapseRule,
    state: row["state"] as Loss["state"],
    statusBefore: row["status_before"] as CardStatus,
  };
}

export class AgencyLedger {
  readonly #store: SqlStore;

  private constructor(store: SqlStore) {
    this.#store = store;
  }

  /** A file, durable at every commit, or ":memory:". */
  static open(path: string): AgencyLedger {
    return new AgencyLedger(SqlStore.open(path, prepareAgency));
  }

  close(): void {
    this.#store.close();
  }

  /** All of the work or none of it. */
  atomically<Result>(work: () => Result): Result {
    return this.#store.atomically(work);
  }

  next(name: string): number {
    return this.#store.next(name);
  }

  /** Takes up a person with cards and bills; whatever is there already stays as it is. */
  enrol({ person, cards, bills }: Enrolment, atMs: number): void {
    const { identityNumber, name, telephone, address, account, facts } = person;
    this.atomically(() => {
      this.#store.run("INSERT OR IGNORE INTO persons VALUES (?, ?, ?, ?, ?, ?)", identityNumber, name, telephone, address, account, JSON.stringify(facts));
      for (const { cardNumber, cardIdentifier, status } of cards)
        this.#store.run("INSERT OR IGNORE INTO cards VALUES (?, ?, ?, ?, ?, '')", cardNumber, cardIdentifier, identityNumber, status, atMs);
      for (const bill of bills) this.owe({ ...bill, identityNumber });
    });
  }

  owe({ billId, identityNumber, kind, insurance, period, amountFen, due, mandate }: Omit<AgencyBill, "state" | "receiptNumber" | "payment">): boolean {
    return (
      this.#store.run(
        "INSERT OR IGNORE INTO bills VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', NULL, NULL, NULL)",
        billId,
        identityNumber,
        kind,
        insurance,
        period,
        amountFen,
        due,
        mandate ? 1 : 0,
      ) === 1
    );
  }

  person(identityNumber: string): AgencyPerson | undefined {
    const row = this.#store.one("SELECT * FROM persons WHERE identity = ?", identityNumber);
    if (row === undefined) return undefined;
    return {
      identityNumber,
      name: text(row, "name"),
      telephone: text(row, "telephone"),
      address: text(row, "address"),
      account: row["account"] as AgencyPerson["account"],
      facts: JSON.parse(text(row, "facts")) as PersonFacts,
    };
  }

  changePerson(identityNumber: string, changes: { readonly telephone?: string; readonly address?: string; readonly account?: AgencyPerson["account"] }): void {
    for (const [column, value] of Object.entries(changes)) this.#store.run(`UPDATE persons SET ${column} = ? WHERE identity = ?`, value, identityNumber);
  }

  card(cardNumber: string): AgencyCard | undefined {
    const row = this.#store.one("SELECT * FROM cards WHERE card_number = ?", cardNumber);
    return row === undefined ? undefined : toCard(row);
  }

  setStatus(cardNumber: string, status: CardStatus, atMs: number): void {
    this.#store.run("UPDATE cards SET status = ?, since_ms = ? WHERE card_number = ?", status, atMs, cardNumber);
  }

  bill(billId: string): AgencyBill | undefined {
    const row = this.#store.one("SELECT * FROM bills WHERE bill_id = ?", billId);
    return row === undefined ? undefined : toBill(row);
  }

  openBills(identityNumber: string, kind: AgencyBill["kind"]): AgencyBill[] {
    return this.#store.all("SELECT * FROM bills WHERE identity = ? AND kind = ? AND state = 'open' ORDER BY bill_id", identityNumber, kind).map(toBill);
  }

  paidBills(): AgencyBill[] {
    return this.#store.all("SELECT * FROM bills WHERE state = 'paid' ORDER BY receipt").map(toBill);
  }

  paymentUsed(payment: string): boolean {
    return this.#store.one("SELECT 1 AS yes FROM bills WHERE payment = ?", payment) !== undefined;
  }

  confirm(billId: string, how: { readonly receiptNumber: string; readonly payment: string | null; readonly atMs: number }): boolean {
    const { receiptNumber, payment, atMs } = how;
    const sql = "UPDATE bills SET state = 'paid', receipt = ?, payment = ?, confirmed_ms = ? WHERE bill_id = ? AND state = 'open'";
    return this.#store.run(sql, receiptNumber, payment, atMs, billId) === 1;
  }

  withdrawBill(billId: string): boolean {
    return this.#store.run("UPDATE bills SET state = 'withdrawn' WHERE bill_id = ? AND state = 'open'", billId) === 1;
  }

  report({ report, cardNumber, loss, reportedMs, lapsesMs, rule, statusBefore }: Omit<Loss, "state">): void {
    this.#store.run("UPDATE losses SET state = 'replaced' WHERE card_number = ? AND state = 'standing'", cardNumber);
    const sql = "INSERT INTO losses VALUES (?, ?, ?, ?, ?, ?, 'standing', ?)";
    this.#store.run(sql, report, cardNumber, loss, reportedMs, lapsesMs ?? null, rule, statusBefore);
  }

  standingLoss(cardNumber: string): Loss | undefined {
    const row = this.#store.one("SELECT * FROM losses WHERE card_number = ? AND state = 'standing'", cardNumber);
    return row === undefined ? undefined : toLoss(row);
  }

  standingLosses(): Loss[] {
    return this.#store.all("SELECT * FROM losses WHERE state = 'standing' ORDER BY report").map(toLoss);
  }

  endLoss(report: string, state: "lapsed" | "withdrawn"): void {
    this.#store.run("UPDATE losses SET state = ? WHERE report = ?", state, report);
  }

  orderBlock(cardNumber: string, level: string, sequence: number): void {
    this.#store.run("INSERT OR REPLACE INTO block_orders VALUES (?, ?, ?)", cardNumber, level, sequence);
  }

  blockOrders(): { readonly cardNumber: string; readonly level: string; readonly sequence: number }[] {
    const rows = this.#store.all("SELECT * FROM block_orders ORDER BY card_number, level");
    return rows.map((row) => ({ cardNumber: text(row, "card_number"), level: text(row, "level"), sequence: Number(row["sequence"]) }));
  }

  authorize({ authorization, cardNumber, facts, untilMs }: Pick<Authorization, "authorization" | "cardNumber" | "facts" | "untilMs">): void {
    this.#store.run("INSERT INTO authorizations VALUES (?, ?, ?, ?, 0, NULL)", authorization, cardNumber, facts, untilMs);
  }

  authorization(authorization: string): Authorization | undefined {
    const row = this.#store.one("SELECT * FROM authorizations WHERE authorization = ?", authorization);
    if (row === undefined) return undefined;
    return {
      authorization,
      cardNumber: text(row, "card_number"),
      facts: text(row, "facts"),
      untilMs: Number(row["until_ms"]),
      uses: Number(row["uses"]),
      result: optional(row, "result"),
    };
  }

  countUse(authorization: string): void {
    this.#store.run("UPDATE authorizations SET uses = uses + 1 WHERE authorization = ?", authorization);
  }

  endAuthorization(authorization: string, result: string): void {
    this.#store.run("UPDATE authorizations SET result = ? WHERE authorization = ?", result, authorization);
  }

  seen(id: string): SeenRequest | undefined {
    const row = this.#store.one("SELECT * FROM requests WHERE id = ?", id);
    if (row === undefined) return undefined;
    return { content: text(row, "content"), state: row["state"] as SeenRequest["state"], reply: optional(row, "reply") ?? "" };
  }

  remember(id: string, { content, state, reply }: SeenRequest, atMs: number): void {
    const sql = "INSERT INTO requests VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, reply = excluded.reply";
    this.#store.run(sql, id, content, state, state === "done" ? reply : null, atMs);
  }

  /** Counts and sums: the agency's side of every comparison. */
  totals(): { readonly paid: number; readonly paidFen: number; readonly open: number; readonly losses: number } {
    const paid = this.paidBills();
    const open = Number(this.#store.one("SELECT COUNT(*) AS count FROM bills WHERE state = 'open'")?.["count"]);
    return { paid: paid.length, paidFen: paid.reduce((sum, { amountFen }) => sum + amountFen, 0), open, losses: this.standingLosses().length };
  }
}
