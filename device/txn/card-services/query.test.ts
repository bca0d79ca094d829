/* What a holder can ask: files by their right, the agency's and the insurer's answers, the last known ones with their time, purses and logs. */
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import type { HostReply } from "../hosts.ts";
import { openMessageIds } from "../medical-host/message-id.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { createSignInBook } from "../medical-host/sign-in.ts";
import { testProfile } from "../medical-host/testing.ts";
import type { CardQuery, CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { openCardServices } from "./open.ts";
import { type CounterOptions, cardNumbers, counter, LIMITS, OPERATOR, person, type ServiceCounter } from "./testing.ts";

const ask = (what: CardQuery, withPin = false): CardServiceRequest => ({ service: "query", what, withPin, operator: OPERATOR });
const read = (file: string, withPin = false): CardServiceRequest => ({ service: "read-record", file, withPin, operator: OPERATOR });
const outputOf = (outcome: CardServiceOutcome) => (outcome.kind === "done" ? outcome.output : outcome);
const WRONG_PIN: CounterOptions = { holder: [{ kind: "enters", digits: "111111" }] };

/** An insurer that says this of any person, or nothing while `away` says so. */
async function withInsurer(bench: ServiceCounter, say: () => HostReply | undefined) {
  const { journal, clock, log } = bench.ports;
  const output = {
    baseinfo: { psn_no: "P1", psn_cert_type: "01", certno: person().identityNumber, psn_name: person().name },
    insuinfo: [{ insutype: "310", psn_type: "11", psn_insu_stas: "1", insuplc_admdvs: "990100", balc: "123.45", cvlserv_flag: "0" }],
    idetinfo: [],
  };
  const answer = { infcode: 0, inf_refmsgid: "990100000000202601051200000001", respond_time: "20260105120000000", err_msg: "", output };
  const medical: HostPorts = {
    clock,
    journal,
    log,
    host: { exchange: async () => say() ?? { kind: "answered", body: new TextEncoder().encode(JSON.stringify(answer)) } },
    messageIds: await bench.run(openMessageIds(journal, { institution: "P53010000001", serialLane: "1" })),
    medical: { ...testProfile(), signsIn: false },
    signIns: createSignInBook(),
  };
  const services = openCardServices({ ...bench.ports, medical });
  return (request: CardServiceRequest) => bench.run(services.perform(request, LIMITS));
}

describe("basic data", () => {
  it("are read from the card with the module's key", async () => {
    const bench = await counter();
    const { cardNumber } = cardNumbers();
    expect(outputOf(await bench.perform({ service: "read-basic", operator: OPERATOR }))).toMatchObject({
      cardNumber,
      name: person().name,
      socialSecurityNumber: person().identityNumber,
      version: "3.0",
      expiryDate: "20401231",
    });
  });
});

describe("a file", () => {
  it.each([
    ["EF05", false, { title: "issuer", items: { version: "3.0", issueDate: "20200101" } }],
    ["SSSE/EF06", false, { items: { socialSecurityNumber: person().identityNumber } }],
    ["DF04/EF05", true, { title: "medical basics", items: { insuredPlace: "990100", cardUse: "1" } }],
    ["DF04/EF06", true, { items: { offlineAllowed: "1", offlineAmount: "00000000" } }],
    ["DF02/EF07", true, { title: "employment history" }],
    ["EF08", false, { title: "photo" }],
    ["DF02/EF06", true, { items: { tag21: "20200101" } }],
  ] as const)("%s opens by its right", async (file, withPin, expected) => {
    const bench = await counter();
    expect(outputOf(await bench.perform(read(file, withPin)))).toMatchObject(expected);
  });

  it.each([
    ["DF02/EF06", {}, false, "no-read-key"],
    ["DF07/EF05", {}, true, "no-read-key"],
    ["DF02/EF06", WRONG_PIN, true, "pin-wrong"],
    ["DF02/EF06", { holder: [{ kind: "cancels" }] }, true, "pin-cancelled"],
    ["DF04/EF08", {}, false, "pin-needed"],
    ["DF05/EF05", {}, true, "file-unknown"],
    ["EF99", {}, true, "file-unknown"],
  ] as readonly (readonly [string, CounterOptions, boolean, string])[])("%s with %o (PIN asked: %s) stays shut: %s", async (file, options, withPin, reason) => {
    const bench = await counter(options);
    expect(await bench.perform(read(file, withPin))).toMatchObject({ kind: "refused", reason });
  });
});

describe("the status of a card", () => {
  it("comes from the agency, with the dates of the lists beside it", async () => {
    const bench = await counter();
    expect(await bench.perform(ask("status"))).toMatchObject({
      kind: "done",
      output: { status: "active", financialAccount: "active", lists: [{ level: "city" }] },
    });
  });

  it("is the last known one with its time while the agency is away", async () => {
    const bench = await counter();
    await bench.perform(ask("status"));
    bench.agency.faults.absent = true;
    await bench.pass(86_400_000);
    const outcome = await bench.perform(ask("status"));
    expect(outcome).toMatchObject({ kind: "done", output: { status: "active" }, asOf: expect.stringContaining("2026-01-05T12:00") });
  });

  it("without anybody's word is what the lists say", async () => {
    const bench = await counter({ agency: false });
    const outcome = await bench.perform(ask("status"));
    expect(outputOf(outcome)).toMatchObject({ listed: false });
    expect(outputOf(outcome)).not.toHaveProperty("status");
  });
});

describe("the medical balance", () => {
  it("comes from the insurer, and later with the time at which it was true", async () => {
    const bench = await counter();
    let away = false;
    const perform = await withInsurer(bench, () => (away ? { kind: "not-sent", reason: "expired" } : undefined));
    expect(await perform(ask("medical-balance"))).toMatchObject({ kind: "done", output: { accounts: [{ insurance: "310", balanceFen: 12_345 }] } });
    expect(await perform(ask("insured-places"))).toMatchObject({ kind: "done", output: { insurances: [{ insurance: "310", area: "990100" }] } });
    away = true;
    await bench.pass(3_600_000);
    expect(await perform(ask("medical-balance"))).toMatchObject({
      output: { accounts: [{ balanceFen: 12_345 }] },
      asOf: expect.stringContaining("2026-01-05T12:0"),
    });
    expect(bench.onDisks()).not.toContain("12345");
  });

  it("outlives a restart", async () => {
    const bench = await counter();
    await (await withInsurer(bench, () => undefined))(ask("medical-balance"));
    bench.cutPower();
    await bench.switchOn();
    expect(await bench.perform(ask("medical-balance"))).toMatchObject({ kind: "done", asOf: expect.any(String) });
  });

  it("is never the card's own word", async () => {
    const bench = await counter({ card: { medicalPurse: { accountFen: 9_900 } } });
    expect(await bench.perform(ask("medical-balance"))).toMatchObject({ kind: "refused", reason: "insurer-not-reached", office: "insurer" });
  });
});

describe("purses and logs", () => {
  it("are the card's, each by its name", async () => {
    const bench = await counter({ card: { electronicCash: { balanceFen: 2_500 } } });
    expect(outputOf(await bench.perform(ask("purse-balances")))).toEqual({
      purses: [
        { purse: "e-purse", balanceFen: 10_000, overdrawnFen: 0 },
        { purse: "electronic-cash", balanceFen: 2_500 },
      ],
    });
    bench.present();
    expect(outputOf(await bench.perform(ask("purse-log")))).toEqual({ rows: [] });
  });

  it("of the medical log opens by the PIN", async () => {
    const bench = await counter({ card: { medicalPurse: { accountFen: 9_900 } } });
    expect(await bench.perform(ask("card-log"))).toMatchObject({ kind: "refused", reason: "pin-needed" });
    bench.present();
    expect(outputOf(await bench.perform(ask("card-log", true)))).toEqual({ rows: [] });
  });
});

describe("what the agency has on record", () => {
  it("contributions, and the last known ones while it is away", async () => {
    const bench = await counter();
    expect(outputOf(await bench.perform(ask("contributions", true)))).toMatchObject({
      rows: [{ insurance: "medical", amountFen: 24_000 }, { insurance: "pension" }],
    });
    bench.agency.faults.absent = true;
    expect(await bench.perform(ask("contributions"))).toMatchObject({ kind: "done", asOf: expect.any(String) });
  });

  it("nothing where it is away and was never asked, or is not connected", async () => {
    const bench = await counter();
    bench.agency.faults.absent = true;
    expect(await bench.perform(ask("contributions"))).toMatchObject({ kind: "refused", reason: "agency-not-reached", office: "agency" });
    const alone = await counter({ agency: false });
    for (const what of ["contributions", "statement"] as const)
      expect(await alone.perform(ask(what))).toMatchObject({ kind: "refused", reason: "agency-not-connected", office: "agency" });
  });

  it("a statement; without the agency the terminal's own records, marked as a part", async () => {
    const bench = await counter();
    expect(outputOf(await bench.perform(ask("statement")))).toMatchObject({ partial: false, rows: [], liftsBlock: false });
    bench.agency.faults.absent = true;
    const { cardNumber } = cardNumbers();
    const sale = { kind: "medical-purchase", amount: fen(5_700), card: cardNumber, detail: {} } as const;
    const { subject } = await bench.run(bench.journal.append({ ...sale, state: "prepared" }));
    await bench.run(bench.journal.append({ ...sale, subject, state: "done" }));
    await bench.run(bench.journal.append({ ...sale, card: "T00000083", state: "prepared" }));
    const rows = [{ what: "medical-purchase", state: "done", amountFen: 5_700, at: expect.stringContaining("2026-01-05") }];
    expect(outputOf(await bench.perform(ask("statement")))).toEqual({ partial: true, liftsBlock: false, rows });
    expect(outputOf(await bench.perform(ask("settlements")))).toEqual({ partial: true, rows });
  });

  it("the terminal's own records have what every known purse of the card has paid", async () => {
    let keys: readonly string[] = [];
    const bench = await counter({ more: { cardKeys: () => keys } });
    keys = [bench.journal.cardKey("purse-1")];
    const sale = { kind: "quick-payment", amount: fen(300), card: "purse-1", detail: {} } as const;
    const { subject } = await bench.run(bench.journal.append({ ...sale, state: "prepared" }));
    await bench.run(bench.journal.append({ ...sale, subject, state: "done" }));
    await bench.run(bench.journal.append({ ...sale, card: "purse-2", state: "prepared" }));
    expect(outputOf(await bench.perform(ask("settlements")))).toMatchObject({ rows: [{ what: "quick-payment", state: "done", amountFen: 300 }] });
  });

  it.each([true, false])("a statement with the agency's word on a stop of the card (%s)", async (statementLiftsBlock) => {
    const printed: string[] = [];
    const onStatementPrinted = async (cardNumber: string) => void printed.push(cardNumber);
    const bench = await counter({ variants: { statementLiftsBlock }, more: { onStatementPrinted } });
    expect(outputOf(await bench.perform(ask("statement")))).toMatchObject({ partial: false, liftsBlock: statementLiftsBlock });
    bench.agency.faults.absent = true;
    await bench.perform(ask("statement"));
    // The terminal's own records end no stop.
    expect(printed).toEqual(statementLiftsBlock ? [cardNumbers().cardNumber] : []);
  });

  it("a wrong PIN gets no answer", async () => {
    const bench = await counter(WRONG_PIN);
    expect(await bench.perform(ask("contributions", true))).toMatchObject({ kind: "refused", reason: "pin-wrong" });
  });
});

describe("rows that are only refused", () => {
  it.each([
    [12, "official-app"],
    [16, "hospital"],
    [26, "insurer"],
    [45, "agency"],
    [54, "agency"],
    [60, "agency"],
  ])("%i → %s", async (row, office) => {
    const bench = await counter();
    expect(await bench.perform({ service: "other", row, operator: OPERATOR })).toMatchObject({ kind: "refused", office });
  });

  it("a row that is served elsewhere here says so, and one that is none too", async () => {
    const bench = await counter();
    expect(await bench.perform({ service: "other", row: 13, operator: OPERATOR })).toMatchObject({ reason: "decided-elsewhere" });
    expect(await bench.perform({ service: "other", row: 66, operator: OPERATOR })).toMatchObject({ reason: "row-unknown" });
    expect(bench.services.table()).toHaveLength(65);
  });

  it("a gate does none of it", async () => {
    const bench = await counter();
    const services = openCardServices({ ...bench.ports, place: { ...bench.ports.place, kind: "gate" } });
    expect(await bench.run(services.perform(ask("status"), LIMITS))).toMatchObject({ reason: "use-a-counter-terminal", office: "counter-terminal" });
  });
});
