/* Each question as the simulated insurer answers it: written from the other side, it knows nothing of the field tables here. */
import { describe, expect, it } from "vitest";
import { openInsurer } from "../../../simulators/host/medical/insurer.ts";
import { InsurerLedger } from "../../../simulators/host/medical/insurer-ledger.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { utf8 } from "../../base/bytes.ts";
import { nodeOf, textOf } from "../../codec/fsi.ts";
import { ask, type Question, signIn, signOut } from "./ask.ts";
import { createCatalogueBook, updateCatalogue } from "./catalogue.ts";
import { checkEligibility, chronicFilings, cumulative, filingsElsewhere, findPerson, hasChronicFiling, hasFiling } from "./person-services.ts";
import { queryFees, querySettlement } from "./settlement-services.ts";
import { converse, LIMITS, NOON_MS } from "./testing.ts";

const AT = "2026-11-22 12:00:00";
const DAY = "2026-11-22";
const LOCAL = { personNumber: "53010000000000000001", insuranceType: "310", insuranceArea: "530102" };
const CHRONIC = { ...LOCAL, personNumber: "53010000000000000004" };
const ELSEWHERE = { personNumber: "53010000000000000006", insuranceType: "310", insuranceArea: "530302" };
const CARD = { kind: "card", number: "T00000001", identifier: `530100TEST${"1".padStart(22, "0")}` } as const;

async function conversation() {
  const clock = new VirtualClock(NOON_MS);
  const insurer = openInsurer({ clock, ledger: InsurerLedger.open(":memory:"), randomness: new SeededRandomness("insurer") });
  const talk = await converse((message) => insurer.exchange(utf8(JSON.stringify(message))));
  expect(await clock.resolve(signIn(talk.ports, LIMITS))).toBeUndefined();
  return { ...talk, run: <Value>(work: Promise<Value>) => clock.resolve(work) };
}

type Talk = Awaited<ReturnType<typeof conversation>>;

async function settle({ ports, run }: Talk) {
  const druginfo = {
    psn_no: LOCAL.personNumber,
    mdtrt_cert_type: "03",
    mdtrt_cert_no: CARD.number,
    begntime: AT,
    medfee_sumamt: "57.00",
    invono: "I1",
    insutype: "310",
    dise_codg: "",
    dise_name: "",
    acct_used_flag: "1",
    med_type: "41",
  };
  const line = {
    feedetl_sn: "D1",
    rx_circ_flag: "0",
    fee_ocur_time: AT,
    med_list_codg: "XTEST0000000000000A1",
    medins_list_codg: "O1",
    det_item_fee_sumamt: "57.00",
    cnt: "2",
    pric: "28.50",
  };
  const trace = { feedetl_sn: "D1", drug_trac_codg: "81234567890123456789", trdn_flag: "0", min_prcunt_type: "2" };
  const question: Question = { infno: "2102", insuranceArea: LOCAL.insuranceArea, input: { druginfo, drugdetail: [line], drug_trac_info: [trace] } };
  const answer = await run(ask(ports, question, LIMITS));
  const info = answer.kind === "done" ? (nodeOf(answer.output, "setlinfo") ?? {}) : {};
  return { answer, name: { ...LOCAL, settlementId: textOf(info, "setl_id"), visitId: textOf(info, "mdtrt_id") } };
}

describe("the simulated insurer", () => {
  it("knows persons by card and by number, and nobody by another's", async () => {
    const { ports, run } = await conversation();
    const found = await run(findPerson(ports, { credential: CARD, at: AT }, LIMITS));
    expect(found).toMatchObject({
      kind: "done",
      value: { personNumber: LOCAL.personNumber, insurances: [{ type: "310", area: "530102", status: "1", balance: 10_000 }] },
    });
    expect(await run(findPerson(ports, { credential: { ...CARD, identifier: "0" }, at: AT }, LIMITS))).toMatchObject({ kind: "refused" });
  });

  it("says who may be treated, for what, and where", async () => {
    const { ports, run } = await conversation();
    const eligible = (about: typeof LOCAL, medicalType: string, diseaseCode = "") =>
      run(checkEligibility(ports, { ...about, medicalType, at: AT, diseaseCode }, LIMITS));
    expect(await eligible(LOCAL, "41")).toEqual({ kind: "done", value: { eligible: true, why: "" } });
    expect(await eligible({ ...LOCAL, insuranceType: "390" }, "41")).toMatchObject({
      kind: "done",
      value: { eligible: false, why: expect.stringMatching(/./) },
    });
    const chronic = await run(chronicFilings(ports, CHRONIC, LIMITS));
    const filed = chronic.kind === "done" ? chronic.value : [];
    expect([hasChronicFiling(filed, { diseaseCode: "M03900", day: DAY }), hasChronicFiling(filed, { diseaseCode: "M01600", day: DAY })]).toEqual([true, false]);
    const elsewhere = await run(filingsElsewhere(ports, { ...ELSEWHERE, at: AT }, LIMITS));
    expect(elsewhere.kind === "done" && hasFiling(elsewhere.value, { treatmentArea: "530102", day: DAY })).toBe(true);
    const nowhere = await run(filingsElsewhere(ports, { ...LOCAL, at: AT }, LIMITS));
    expect(nowhere).toEqual({ kind: "done", value: [] });
  });

  it("books, and tells the settlement, its lines and the month's sum by the same names", async () => {
    const talk = await conversation();
    const { answer, name } = await settle(talk);
    expect(answer.kind).toBe("done");
    const { ports, run, sent } = talk;
    const booked = await run(querySettlement(ports, name, LIMITS));
    expect(booked).toMatchObject({ kind: "done", value: { takenBack: false, total: 5700, msgid: sent.find(({ infno }) => infno === "2102")?.msgid } });
    expect(await run(queryFees(ports, name, LIMITS))).toMatchObject({
      kind: "done",
      value: [{ lineNumber: "D1", nationalCode: "XTEST0000000000000A1", amount: 5700 }],
    });
    const sums = await run(cumulative(ports, { ...LOCAL, month: "202611" }, LIMITS));
    expect(sums.kind === "done" && sums.value.length).toBeGreaterThan(0);
    const taken: Question = {
      infno: "2103",
      insuranceArea: name.insuranceArea,
      input: { data: { psn_no: name.personNumber, setl_id: name.settlementId, mdtrt_id: name.visitId } },
    };
    expect(await run(ask(ports, taken, LIMITS))).toMatchObject({ kind: "done" });
    expect(await run(querySettlement(ports, name, LIMITS))).toMatchObject({ kind: "done", value: { takenBack: true } });
    expect(talk.logged.filter((line) => line.includes("host-reply"))).toEqual([]);
  });

  it("hands out its catalogue: classes as a file, limits and shares page by page", async () => {
    const { ports, run } = await conversation();
    const book = createCatalogueBook();
    const update = () => run(updateCatalogue(ports, book, { ...LIMITS, timeoutMs: 60_000, questionMs: 5_000 }));
    expect(await update()).toEqual({ kind: "done", value: { changed: true, items: 8 } });
    expect(book.item("XTEST0000000000000B1")).toEqual({ class: "B", selfPayE4: 1000 });
    expect(book.item("XTEST0000000000000A2")).toEqual({ class: "A", selfPayE4: 0, priceLimit: "25.000000" });
    expect(await update()).toEqual({ kind: "done", value: { changed: false, items: 8 } });
  });

  it("takes the sign-out of its own number", async () => {
    const { ports, run } = await conversation();
    expect(await run(signOut(ports, LIMITS))).toBeUndefined();
  });
});
