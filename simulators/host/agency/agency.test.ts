/* The agency by the page: once for each id, what it serves and refuses, and its faults. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { utf8 } from "../../../device/base/bytes.ts";
import { ListBook } from "../lists.ts";
import { actAtAgency } from "./commands.ts";
import { AGENCY_FAULTS, type AgencyFaultName, applyAgencyFault, clearAgencyFaults, noAgencyFaults, planAgencyFault } from "./faults.ts";
import { LossList, LossLists } from "./loss-list.ts";
import { lapsesAt } from "./moments.ts";
import { CARD, HandTerminalOfAgency, MONDAY_NOON_MS, PAID_AT, PERSON, SERIAL } from "./testing.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LOSS = { cardNumber: CARD.cardNumber, person: PERSON, loss: "temporary", reportedAt: PAID_AT, identityShown: false };
const BILL = `B${SERIAL}-2026-M`;

describe("once", () => {
  it("a repeated id is answered with the same words and acted on once", async () => {
    const at = new HandTerminalOfAgency();
    const id = at.id();
    const first = await at.raw("contribution-confirm", at.confirmation(), id);
    expect(await at.raw("contribution-confirm", at.confirmation(), id)).toBe(first);
    expect(JSON.parse(first ?? "")).toMatchObject({ v: 1, id, result: "ok", output: { receiptNumber: "R000000000001", amountFen: 40_000 } });
    expect(at.agency.ledger.totals()).toMatchObject({ paid: 1, paidFen: 40_000 });
  });

  it("an id with other content is refused, and what was done stays", async () => {
    const at = new HandTerminalOfAgency();
    const id = at.id();
    await at.ask("contribution-confirm", at.confirmation(), id);
    expect(await at.ask("contribution-confirm", at.confirmation("p2"), id)).toMatchObject({ result: "refused", reason: "id-reused" });
    expect(await at.say("outcome", { of: id })).toMatchObject({ state: "done", reply: { result: "ok" } });
  });

  it("a refusal is remembered too", async () => {
    const at = new HandTerminalOfAgency();
    const id = at.id();
    await at.ask("contribution-confirm", { ...at.confirmation(), billId: "B0" }, id);
    expect(await at.say("outcome", { of: id })).toEqual({ state: "done", reply: { result: "refused", reason: "bill-unknown", office: "agency", output: {} } });
  });

  it("an unknown id is given up for ever, also after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "agency-"));
    try {
      const file = join(folder, "agency.db");
      const first = new HandTerminalOfAgency({ file });
      const id = "f".repeat(32);
      expect(await first.say("outcome", { of: id })).toEqual({ state: "unknown-id" });
      first.agency.ledger.close();
      const second = new HandTerminalOfAgency({ file });
      expect(await second.say("contribution-confirm", second.confirmation(), id)).toEqual({ reason: "id-given-up" });
      expect(await second.say("outcome", { of: id })).toEqual({ state: "unknown-id" });
      expect(second.agency.ledger.totals().paid).toBe(0);
      second.agency.ledger.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([{ of: "x" }, {}])("asked for %j it knows no outcome", async (input) => {
    expect(await new HandTerminalOfAgency().say("outcome", input)).toEqual({ reason: "request-malformed" });
  });
});

describe("what is no request", () => {
  it.each(["{", "[]", '{"v":1}', '{"v":2,"id":"00000000000000000000000000000001"}'])("%s is refused", async (text) => {
    const at = new HandTerminalOfAgency();
    const reply = await at.agency.exchange(utf8(text));
    expect(JSON.parse(new TextDecoder().decode(reply))).toMatchObject({ result: "refused", reason: "request-malformed", output: {} });
  });

  it("any bytes are answered and change nothing", async () => {
    const at = new HandTerminalOfAgency();
    const before = at.agency.ledger.totals();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        expect(await at.agency.exchange(bytes)).toBeDefined();
      }),
    );
    expect(at.agency.ledger.totals()).toEqual(before);
  });

  it("any input of any service is answered by name", async () => {
    const at = new HandTerminalOfAgency();
    const services = [
      "card-status",
      "records",
      "statement",
      "activate",
      "loss-report",
      "loss-withdraw",
      "person-update",
      "pin-authorization",
      "key-use",
      "contribution-confirm",
    ];
    const part = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.dictionary(fc.string(), fc.string()));
    const names = ["card", "person", "changes", "cardKeys", "amountFen", "what", "loss", "authorization", "cardNumber"];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...services), fc.dictionary(fc.constantFrom(...names), part), async (service, input) => {
        expect((await at.ask(service, input)).result).toBe("refused");
      }),
    );
  });

  it("a service that there is not is refused", async () => {
    expect(await new HandTerminalOfAgency().say("dance", {})).toEqual({ reason: "service-unknown" });
  });
});

describe("questions", () => {
  it("the state of a card", async () => {
    const at = new HandTerminalOfAgency();
    expect(await at.say("card-status", { card: CARD })).toMatchObject({ status: "active", financialAccount: "active" });
    expect(await at.say("card-status", { cardNumber: CARD.cardNumber, person: PERSON })).toMatchObject({ status: "active" });
    expect(await at.say("card-status", { cardNumber: CARD.cardNumber, person: { ...PERSON, name: "甲" } })).toEqual({ reason: "person-differs" });
    expect(await at.say("card-status", { card: { ...CARD, cardIdentifier: "0".repeat(32) } })).toEqual({ reason: "card-unknown" });
    expect(await at.say("card-status", { cardNumber: "none", person: PERSON })).toEqual({ reason: "card-unknown" });
  });

  it("details are starred", async () => {
    const { name, identityNumber, telephone } = (await new HandTerminalOfAgency().say("person-details", { card: CARD })) as Record<string, string>;
    expect(telephone).toBe("13000000000");
    expect(`${name} ${identityNumber}`).not.toContain(PERSON.identityNumber.slice(4, 12));
    expect(identityNumber).toHaveLength(18);
  });

  it.each([
    [{ what: "contributions" }, 2],
    [{ what: "contributions", from: "20261101" }, 0],
    [{ what: "employment" }, 1],
    [{ what: "labour" }, 1],
    [{ what: "yearly-bill", from: "20250101", to: "20251231" }, 1],
  ])("records %j", async (asked, count) => {
    const told = await new HandTerminalOfAgency().say("records", { card: CARD, ...asked });
    expect(told["rows"]).toHaveLength(count);
  });

  it("bills by kind, benefits, a statement", async () => {
    const at = new HandTerminalOfAgency();
    const bills = async (kind?: string) => (await at.say("contribution-bills", { card: CARD, ...(kind === undefined ? {} : { kind }) }))["bills"];
    expect(await bills()).toHaveLength(3);
    expect(await bills("examination")).toEqual([{ billId: `B${SERIAL}-2026-E`, insurance: "examination", period: "202612", amountFen: 6_500 }]);
    expect(await at.say("contribution-bills", { card: CARD, kind: "gift" })).toEqual({ reason: "request-malformed" });
    expect(await at.say("benefits", { card: CARD })).toMatchObject({ financialAccount: "active", payments: [{ amountFen: 171_000 }] });
    expect(await at.say("statement", { card: CARD, from: "20261101", to: "20261130" })).toMatchObject({ rows: [{ amountFen: 5_700 }], liftsBlock: false });
  });
});

describe("a confirmation", () => {
  it.each([
    ["another amount", { amountFen: 1 }, "amount-differs"],
    ["somebody else's bill", { billId: `B${SERIAL + 1}-2026-M` }, "bill-unknown"],
    ["no proof", { payment: {} }, "request-malformed"],
  ])("with %s is refused", async (_, change, reason) => {
    const at = new HandTerminalOfAgency();
    expect(await at.say("contribution-confirm", { ...at.confirmation(), ...change })).toEqual({ reason });
    expect(at.agency.ledger.totals().paid).toBe(0);
  });

  it("comes once for a bill, and once for a payment", async () => {
    const at = new HandTerminalOfAgency();
    await at.ask("contribution-confirm", at.confirmation("p1"));
    expect(await at.say("contribution-confirm", at.confirmation("p2"))).toEqual({ reason: "bill-already-paid" });
    const other = { ...at.confirmation("p1"), billId: `B${SERIAL}-2026-P`, amountFen: 100_000 };
    expect(await at.say("contribution-confirm", other)).toEqual({ reason: "payment-already-used" });
    expect(actAtAgency(at.agency, { act: "withdraw-bill", bill: `B${SERIAL}-2026-P` })).toEqual({ ok: true });
    expect(await at.say("contribution-confirm", { ...other, payment: { ...(at.confirmation("p3")["payment"] as object) } })).toEqual({
      reason: "bill-withdrawn",
    });
  });
});

describe("activation", () => {
  const input = { card: CARD, person: PERSON, method: "operator" };

  it("happens once", async () => {
    const at = new HandTerminalOfAgency({ status: "inactive" });
    expect(await at.say("activate", { ...input, person: { ...PERSON, identityNumber: "x" } })).toEqual({ reason: "person-differs" });
    expect(await at.say("activate", input)).toMatchObject({ status: "active" });
    expect(await at.say("activate", input)).toEqual({ reason: "not-inactive" });
    expect(await at.say("card-status", { card: CARD })).toMatchObject({ status: "active" });
  });

  it("is refused by a method that the region does not have", async () => {
    const at = new HandTerminalOfAgency({ status: "inactive", variants: { activation: ["initial-pin-changed"] } });
    expect(await at.say("activate", input)).toEqual({ reason: "method-not-accepted" });
  });
});

describe("losses", () => {
  const status = async (at: HandTerminalOfAgency) => (await at.say("card-status", { card: CARD }))["status"];

  it("a temporary one is listed with its day and lapses after seven days", async () => {
    const at = new HandTerminalOfAgency();
    const told = await at.say("loss-report", LOSS);
    expect(told).toMatchObject({
      status: "temporary-loss",
      rule: "168-hours",
      lapsesAt: "2026-01-12T12:00:00.000+08:00",
      listed: [{ level: "city", entry: "loss", number: "card-number", value: CARD.cardNumber, date: "20260105" }],
    });
    expect(await at.say("loss-report", LOSS)).toEqual({ reason: "already-reported" });
    await at.later(7 * DAY_MS - 1);
    expect(await status(at)).toBe("temporary-loss");
    await at.later(1);
    expect(await status(at)).toBe("active");
  });

  it.each([
    ["Monday noon", MONDAY_NOON_MS, "2026-01-08"],
    ["Thursday noon", MONDAY_NOON_MS + 3 * DAY_MS, "2026-01-13"],
    ["Saturday noon", MONDAY_NOON_MS + 5 * DAY_MS, "2026-01-14"],
    ["Monday, a second before midnight", MONDAY_NOON_MS + 12 * HOUR_MS - 1000, "2026-01-08"],
  ])("two working days after %s end as the day begins that follows them", (_, reportedMs, day) => {
    expect(new Date((lapsesAt("2-working-days", reportedMs) ?? 0) + 8 * HOUR_MS).toISOString()).toBe(`${day}T00:00:00.000Z`);
  });

  it("a report that waited keeps its hour, and none comes from the future", async () => {
    const at = new HandTerminalOfAgency();
    await at.later(2 * DAY_MS);
    expect(await at.say("loss-report", LOSS)).toMatchObject({ reportedAt: PAID_AT, lapsesAt: "2026-01-12T12:00:00.000+08:00" });
    const ahead = new HandTerminalOfAgency();
    expect(await ahead.say("loss-report", { ...LOSS, reportedAt: "2030-01-01T00:00:00.000+08:00" })).toMatchObject({ reportedAt: PAID_AT });
  });

  it("a formal one makes it permanent and is not lifted here", async () => {
    const at = new HandTerminalOfAgency();
    await at.say("loss-report", LOSS);
    expect(await at.say("loss-report", { ...LOSS, loss: "formal" })).toEqual({ reason: "identity-not-shown" });
    const told = await at.say("loss-report", { ...LOSS, loss: "formal", identityShown: true });
    expect(told).toMatchObject({ status: "formal-loss", rule: "none", listed: [{ entry: "number" }] });
    expect("lapsesAt" in told).toBe(false);
    await at.later(30 * DAY_MS);
    expect(await status(at)).toBe("formal-loss");
    const withdraw = { cardNumber: CARD.cardNumber, person: PERSON, identityShown: true };
    expect(await at.ask("loss-withdraw", withdraw)).toMatchObject({ result: "refused", reason: "formal-loss-at-agency", office: "agency" });
  });

  it("where the region does not take formal ones, and never lets temporary ones lapse", async () => {
    const at = new HandTerminalOfAgency({ variants: { formalLoss: "not-offered", lapseRule: "none" } });
    expect(await at.say("loss-report", { ...LOSS, loss: "formal", identityShown: true })).toEqual({ reason: "not-offered" });
    expect("lapsesAt" in (await at.say("loss-report", LOSS))).toBe(false);
  });

  it("is withdrawn with a document, and the card is what it was", async () => {
    const at = new HandTerminalOfAgency({ status: "inactive" });
    const withdraw = { cardNumber: CARD.cardNumber, person: PERSON, identityShown: true };
    expect(await at.say("loss-withdraw", withdraw)).toEqual({ reason: "not-reported" });
    await at.say("loss-report", LOSS);
    expect(await at.say("loss-withdraw", { ...withdraw, identityShown: false })).toEqual({ reason: "identity-not-shown" });
    expect(await at.say("loss-withdraw", withdraw)).toMatchObject({ status: "inactive", unlisted: [{ entry: "loss" }] });
    actAtAgency(at.agency, { act: "status", card: CARD.cardNumber, status: "reissuing" });
    expect(await at.say("loss-withdraw", withdraw)).toEqual({ reason: "card-reissuing" });
    expect(await at.say("loss-report", LOSS)).toEqual({ reason: "already-reported" });
    actAtAgency(at.agency, { act: "status", card: CARD.cardNumber, status: "cancelled" });
    expect(await at.say("loss-report", LOSS)).toEqual({ reason: "card-cancelled" });
  });

  it("stand on the city's list, with block orders, and leave it", async () => {
    const at = new HandTerminalOfAgency();
    const published: { readonly sequence: number; readonly base: number | undefined }[] = [];
    const book = new ListBook("city");
    const list = new LossList({
      agency: at.agency,
      book,
      to: { region: "990100" },
      publish: ({ sequence = 0, base }) => void published.push({ sequence, base }),
    });
    expect(list.publish()).toBe(false);
    await at.say("loss-report", LOSS);
    actAtAgency(at.agency, { act: "order-block", card: CARD.cardNumber });
    expect(list.publish()).toBe(true);
    expect([...book.entries].map(({ entry }) => entry).sort()).toEqual(["block", "loss"]);
    expect(list.publish()).toBe(false);
    await at.say("loss-report", { ...LOSS, loss: "formal", identityShown: true });
    list.publish();
    expect([...book.entries].map(({ entry }) => entry).sort()).toEqual(["block", "number"]);
    expect(published).toEqual([
      { sequence: 1, base: 0 },
      { sequence: 2, base: 1 },
    ]);
    expect(new LossLists({ agency: at.agency, publish: () => undefined }).publish("990100")).toBe(true);
  });
});

describe("faults", () => {
  const REPLIES: readonly (readonly [fault: AgencyFaultName, paid: number, reply: RegExp | undefined])[] = [
    ["request-lost", 0, undefined],
    ["reply-lost", 1, undefined],
    ["refuse", 0, /"reason":"maintenance"/],
    ["slow", 1, /"result":"ok"/],
    ["late", 0, undefined],
    ["pending", 0, undefined],
    ["delivered-twice", 1, /"receiptNumber":"R000000000001"/],
    ["wrong-id", 1, /"id":"f{32}"/],
    ["malformed", 1, /^<html>/],
    ["half-reply", 1, /^\{"v":1,"id"[^}]*$/],
    ["output-missing", 1, /"output":\{\}/],
  ];

  test.each(REPLIES)("%s leaves %i bills paid at once", async (fault, paid, reply) => {
    const at = new HandTerminalOfAgency();
    planAgencyFault(at.agency.faults, "contribution-confirm", AGENCY_FAULTS[fault]);
    const text = await at.raw("contribution-confirm", at.confirmation());
    if (reply === undefined) expect(text).toBeUndefined();
    else expect(text).toMatch(reply);
    expect(at.agency.ledger.totals().paid).toBe(paid);
  });

  it("a late request is acted on late, unless its id was given up", async () => {
    for (const [asks, paid] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const at = new HandTerminalOfAgency();
      planAgencyFault(at.agency.faults, "*", AGENCY_FAULTS.late);
      const id = at.id();
      await at.raw("contribution-confirm", at.confirmation(), id);
      expect(at.agency.late()).toBe(1);
      if (asks) await at.say("outcome", { of: id });
      await at.later(60_000);
      expect([at.agency.ledger.totals().paid, at.agency.late()]).toEqual([paid, 0]);
    }
  });

  it("what is pending is so until it is decided, and repeated meanwhile it is silent", async () => {
    const at = new HandTerminalOfAgency();
    planAgencyFault(at.agency.faults, "contribution-confirm", AGENCY_FAULTS.pending);
    const id = at.id();
    await at.raw("contribution-confirm", at.confirmation(), id);
    expect(await at.say("outcome", { of: id })).toEqual({ state: "pending" });
    expect(await at.raw("contribution-confirm", at.confirmation(), id)).toBeUndefined();
    await at.later(20_000);
    expect(await at.say("outcome", { of: id })).toMatchObject({ state: "done", reply: { output: { receiptNumber: "R000000000001" } } });
  });

  it("stopped, it answers nobody and does nothing late", async () => {
    const at = new HandTerminalOfAgency();
    planAgencyFault(at.agency.faults, "contribution-confirm", AGENCY_FAULTS.late);
    await at.raw("contribution-confirm", at.confirmation());
    at.agency.stop();
    await at.later(60_000);
    expect(await at.raw("card-status", { card: CARD })).toBeUndefined();
    expect(at.agency.ledger.totals().paid).toBe(0);
  });

  it("are set from outside by name, by chance, and taken away", async () => {
    const faults = noAgencyFaults();
    expect(applyAgencyFault(faults, 1)).toBe("not-an-object");
    expect(applyAgencyFault(faults, {})).toBe("nothing to set");
    expect(applyAgencyFault(faults, { service: "activate", fault: "dance" })).toMatch(/faults are request-lost/);
    expect(applyAgencyFault(faults, { absent: true })).toBeUndefined();
    expect(applyAgencyFault(faults, { service: "activate", fault: "refuse", reason: "bill-withdrawn", slowMs: 5, lateMs: 6 })).toBeUndefined();
    expect(applyAgencyFault(faults, { service: "*", fault: "slow", probability: 1 })).toBeUndefined();
    expect(faults).toMatchObject({ absent: true, planned: [{ service: "activate", fault: { reason: "bill-withdrawn", slowMs: 5, lateMs: 6 } }] });
    expect(faults.chances).toHaveLength(1);
    clearAgencyFaults(faults);
    expect(faults).toEqual(noAgencyFaults());
    const at = new HandTerminalOfAgency();
    applyAgencyFault(at.agency.faults, { service: "*", fault: "reply-lost", probability: 1 });
    expect(await at.raw("card-status", { card: CARD })).toBeUndefined();
    applyAgencyFault(at.agency.faults, { absent: true });
    expect(await at.raw("card-status", { card: CARD })).toBeUndefined();
  });
});

describe("what people do there", () => {
  it.each([
    [{ act: "enrol", serial: 40 }, { ok: true }],
    [{ act: "enrol", serial: 41, region: "530100", status: "inactive" }, { ok: true }],
    [{ act: "enrol", serial: -1 }, { ok: false }],
    [{ act: "enrol", serial: 1, region: "5" }, { ok: false }],
    [{ act: "bill", card: CARD.cardNumber, bill: "X1", amountFen: 100 }, { ok: true }],
    [
      { act: "bill", card: CARD.cardNumber, bill: BILL, amountFen: 100 },
      { ok: false, reason: "there is such a bill already" },
    ],
    [{ act: "bill", card: CARD.cardNumber, bill: "X 1", amountFen: 100 }, { ok: false }],
    [{ act: "bill", card: CARD.cardNumber, bill: "X1", amountFen: 0 }, { ok: false }],
    [{ act: "withdraw-bill", bill: "none" }, { ok: false }],
    [
      { act: "pay-elsewhere", bill: BILL },
      { ok: true, receiptNumber: "W000000000001" },
    ],
    [{ act: "pay-elsewhere", bill: "none" }, { ok: false }],
    [{ act: "status", card: CARD.cardNumber, status: "cancelled" }, { ok: true }],
    [{ act: "status", card: CARD.cardNumber, status: "dancing" }, { ok: false }],
    [{ act: "status", card: "none", status: "active" }, { ok: false }],
    [{ act: "account", card: CARD.cardNumber, account: "inactive" }, { ok: true }],
    [{ act: "account", card: CARD.cardNumber, account: "full" }, { ok: false }],
    [{ act: "order-block", card: CARD.cardNumber, level: "province", sequence: 3 }, { ok: true }],
    [{ act: "totals" }, { ok: true, paid: 0, late: 0 }],
    [{ act: "paid" }, { ok: true, paid: [] }],
    [{ act: "losses" }, { ok: true, entries: [] }],
    [{ act: "publish-losses", region: "5" }, { ok: false }],
    [{ act: "dance" }, { ok: false }],
    [1, { ok: false, reason: "not-an-object" }],
  ])("%j", (instruction, reply) => {
    const at = new HandTerminalOfAgency();
    expect(actAtAgency(at.agency, instruction, new LossLists({ agency: at.agency, publish: () => undefined }))).toMatchObject(reply);
  });
});
