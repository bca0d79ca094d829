/* What stands between the card and the booking: which insurance, how far from home, what the insurer has on file, the counter's yes, the PIN. */
import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import type { OrderAnswer } from "../medical-desk/desk.ts";
import type { MedicalPurchaseLimits, MedicalPurchaseRequest, RawCardRead } from "./ports.ts";
import { runMedicalPurchase } from "./run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PIN, RESIDENT, ScriptedDesk, SimulatedCounter, testCard } from "./testing.ts";
import type { MedicalOutcome } from "./types.ts";

const EVER = { from: "2020-01-01", to: "2099-12-31" };
const TWO_INSURANCES = [
  { type: "310", personType: "1101", status: "1", area: "530102" },
  { type: "390", personType: "1501", status: "1", area: "530103" },
] as const;

async function counterWith(options: CounterOptions = {}): Promise<SimulatedCounter> {
  const counter = new SimulatedCounter(options);
  await counter.clock.resolve(counter.switchOn());
  return counter;
}

function buy(counter: SimulatedCounter, request: MedicalPurchaseRequest, limits: Partial<MedicalPurchaseLimits> = {}): Promise<MedicalOutcome> {
  return counter.clock.resolve(runMedicalPurchase(counter.ports, request, { ...MEDICAL_LIMITS, ...limits }));
}

function insuredIn(area: string, type = "310"): CounterOptions["insurances"] {
  return [{ type, personType: "1101", status: "1", area }];
}

/** The one message of a code that the insurer has seen last. */
function bodyOf(counter: SimulatedCounter, infno: string): string {
  const at = counter.sent.lastIndexOf(infno);
  return counter.bodies[at] ?? "";
}

async function nothingBooked(counter: SimulatedCounter): Promise<void> {
  expect([await counter.states(), counter.standing(), counter.sent.includes("2102")]).toEqual([[], [], false]);
}

test("the counter hears each step of a card", async () => {
  const counter = await counterWith();
  const desk = new ScriptedDesk();
  await buy(counter, { ...basket("r1"), desk });
  expect(desk.steps).toEqual(["present-card", "card-read", "pre-settled", "enter-pin", "settling", "settled"]);
  expect(desk.told.at(-1)).toMatchObject({ figures: { settlementId: counter.standing()[0]?.settlementId, cash: 3990 } });
  const before = desk.told.length;
  expect(await buy(counter, { ...basket("r1"), desk })).toMatchObject({ kind: "paid" });
  expect(desk.told.length).toBe(before);
});

describe("several insurances", () => {
  test("the counter's word decides", async () => {
    const counter = await counterWith({ insurances: TWO_INSURANCES });
    const desk = new ScriptedDesk([{ answer: "insurance", insuranceType: "390" }]);
    expect(await buy(counter, { ...basket("r1"), desk })).toMatchObject({ kind: "paid" });
    expect(desk.asked).toEqual([{ ask: "insurance", choices: ["310", "390"] }]);
    expect(counter.standing()[0]?.insuranceType).toBe("390");
  });

  test.each<[string, readonly OrderAnswer[], string]>([
    ["nobody answers", [], "insurance-choice-needed"],
    ["an insurance that was not offered", [{ answer: "insurance", insuranceType: "510" }], "insurance-choice-needed"],
    ["an answer to another question", [{ answer: "confirm" }], "insurance-choice-needed"],
    ["the counter gives up", [{ answer: "cancel" }], "cancelled"],
  ])("%s", async (_, answers, reason) => {
    const counter = await counterWith({ insurances: TWO_INSURANCES });
    expect(await buy(counter, { ...basket("r1"), desk: new ScriptedDesk(answers) })).toMatchObject({ kind: "refused", reason });
    await nothingBooked(counter);
  });

  test("the same kind in two places is refused with both", async () => {
    const counter = await counterWith({ insurances: [TWO_INSURANCES[0], { ...TWO_INSURANCES[0], area: "530103" }] });
    const desk = new ScriptedDesk([{ answer: "insurance", insuranceType: "310" }]);
    expect(await buy(counter, { ...basket("r1"), desk })).toEqual({ kind: "refused", reason: "insurance-choice-needed", choices: ["310", "310"] });
  });
});

describe("kinds of treatment", () => {
  test("maternity is paid by its own insurance, without being asked", async () => {
    const counter = await counterWith({ insurances: [TWO_INSURANCES[0], { ...TWO_INSURANCES[0], type: "510" }] });
    expect(await buy(counter, { ...basket("r1"), medicalType: "51" })).toMatchObject({ kind: "paid" });
    expect(counter.standing()[0]).toMatchObject({ insuranceType: "510", medicalType: "51" });
  });

  test("an injury at work goes to a receiver of its own, with all its messages", async () => {
    const options = { region: { medicalTypes: ["22"], receivers: { "22": "GSXT" } }, variants: { receivers: { "22": "GSXT" } }, person: { workInjury: true } };
    const counter = await counterWith(options);
    expect(await buy(counter, { ...basket("r1"), medicalType: "22" })).toMatchObject({ kind: "paid" });
    const receivers = counter.bodies.map((body) => (JSON.parse(body) as { readonly recer_sys_code: string }).recer_sys_code);
    expect(receivers).toEqual(["FSI", "FSI", "GSXT", "GSXT"]);
    expect((await counter.entries()).at(-1)?.detail).toMatchObject({ receiver: "GSXT", medType: "22" });
  });

  test.each<[string, CounterOptions, Partial<MedicalPurchaseRequest>, string]>([
    ["not offered here", {}, { medicalType: "22" }, "medical-type-not-offered"],
    ["an injury at work without a receiver", { region: { medicalTypes: ["22"] } }, { medicalType: "22" }, "receiver-not-connected"],
    ["an insurance whose receiver is not connected", { region: { receivers: { "310": "" } } }, {}, "receiver-not-connected"],
    ["maternity without its insurance", {}, { medicalType: "51" }, "insurance-inactive"],
    ["a chronic disease that nobody names", {}, { medicalType: "9929" }, "disease-missing"],
    ["a chronic disease that is not filed", {}, { medicalType: "9929", disease: { code: "M03900", name: "高血压" } }, "chronic-filing-missing"],
  ])("%s", async (_, options, change, reason) => {
    const counter = await counterWith(options);
    expect(await buy(counter, { ...basket("r1"), ...change })).toMatchObject({ kind: "refused", reason });
    await nothingBooked(counter);
  });

  test("a chronic disease that is filed", async () => {
    const counter = await counterWith({ person: { chronicFilings: [{ code: "M03900", name: "高血压", ...EVER }] } });
    expect(await buy(counter, { ...basket("r1"), medicalType: "9929", disease: { code: "M03900", name: "高血压" } })).toMatchObject({ kind: "paid" });
    expect(counter.sent).toEqual(["9001", "1101", "5301", "2101", "2102"]);
  });

  test("where the region checks it, what the insurer grants is asked first", async () => {
    const counter = await counterWith({ region: { checksEligibility: true } });
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
    expect(counter.sent).toEqual(["9001", "1101", "2001", "2101", "2102"]);
  });
});

const RAW: RawCardRead = { read: () => Promise.resolve({ info: "530102|TEST", sign: "00FF" }) };
const ELSEWHERE = { person: { regionalFilings: [{ area: "53", kind: "referral", ...EVER }] } } as const;

describe("holders from elsewhere", () => {
  test.each([
    ["the same city", "530103", ["9001", "1101", "2101", "2102"], true],
    ["the same province", "530302", ["9001", "1101", "2501", "2101", "2102"], true],
    ["another province", "440103", ["9001", "1101", "2501", "2101", "2102"], false],
  ])("%s", async (_, area, sent, pin) => {
    const counter = await counterWith({ ...ELSEWHERE, insurances: insuredIn(area), rawRead: RAW });
    const desk = new ScriptedDesk();
    expect(await buy(counter, { ...basket("r1"), desk })).toMatchObject({ kind: "paid" });
    expect(counter.sent).toEqual(sent);
    expect(desk.steps.includes("enter-pin")).toBe(pin);
  });

  test("a wrong PIN is no matter where none is asked for", async () => {
    const counter = await counterWith({ ...ELSEWHERE, insurances: insuredIn("440103"), rawRead: RAW, holder: [{ kind: "enters", digits: "000000" }] });
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
  });

  test("another province is shown the card's own record; nobody else is", async () => {
    const far = await counterWith({ ...ELSEWHERE, insurances: insuredIn("440103"), rawRead: RAW, cardRegion: "440103" });
    await buy(far, basket("r1"));
    expect(bodyOf(far, "1101")).toContain(`"orgin_card_info":"530102|TEST","sign":"00FF"`);
    const near = await counterWith({ rawRead: RAW, cardRegion: "530102" });
    await buy(near, basket("r1"));
    expect(bodyOf(near, "1101")).not.toContain("orgin_card_info");
    expect(JSON.stringify([await far.entries(), await near.entries()])).not.toContain("530102|TEST");
  });

  test("a holder who has moved away with an old card is asked for once more, with the record", async () => {
    const options = { ...ELSEWHERE, insurances: insuredIn("440103"), rawRead: RAW, cardRegion: "530102", variants: { crossProvinceRawRead: false } };
    const counter = await counterWith(options);
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
    expect(counter.sent.filter((infno) => infno === "1101").length).toBe(2);
    expect(bodyOf(counter, "1101")).toContain("orgin_card_info");
  });

  test("a certified reader's word needs no card record", async () => {
    const counter = await counterWith({ ...ELSEWHERE, insurances: insuredIn("440103") });
    expect(await buy(counter, { ...basket("r1"), credential: RESIDENT })).toMatchObject({ kind: "paid" });
  });

  test.each<[string, CounterOptions, Partial<MedicalPurchaseRequest>, string]>([
    ["without a filing", { insurances: insuredIn("530302") }, {}, "filing-missing"],
    [
      "with a filing for another place",
      { insurances: insuredIn("530302"), person: { regionalFilings: [{ area: "5325", kind: "resident", ...EVER }] } },
      {},
      "filing-missing",
    ],
    ["farther than this place serves", { ...ELSEWHERE, insurances: insuredIn("530302"), region: { farthest: "local" } }, {}, "too-far"],
    [
      "with a disease that is settled at home only",
      { ...ELSEWHERE, insurances: insuredIn("530302"), region: { diseasesExcludedElsewhere: ["M05"] } },
      { disease: { code: "M05300", name: "测试" } },
      "disease-excluded",
    ],
    [
      "by a card whose record nothing can read",
      { ...ELSEWHERE, insurances: insuredIn("440103"), variants: { crossProvinceRawRead: false } },
      {},
      "card-data-missing",
    ],
  ])("%s", async (_, options, change, reason) => {
    const counter = await counterWith(options);
    expect(await buy(counter, { ...basket("r1"), ...change })).toMatchObject({ kind: "refused", reason });
    await nothingBooked(counter);
  });

  test("a region that wants no record of the card serves it without", async () => {
    const options = {
      ...ELSEWHERE,
      insurances: insuredIn("440103"),
      variants: { crossProvinceRawRead: false },
      region: { crossProvinceCard: "plain" },
    } as const;
    expect(await buy(await counterWith(options), basket("r1"))).toMatchObject({ kind: "paid" });
  });
});

test.each(["2001", "5301", "2501"])("a check %s that is refused or not answered settles nothing", async (infno) => {
  const options: CounterOptions = {
    insurances: insuredIn("530302"),
    region: { checksEligibility: true },
    person: { ...ELSEWHERE.person, chronicFilings: [{ code: "M03900", name: "高血压", ...EVER }] },
  };
  const request = { ...basket("r1"), medicalType: "9929", disease: { code: "M03900", name: "高血压" } };
  for (const [fault, reason] of [
    ["refusal", "host-refused"],
    ["no-reply-booked", "host-unreachable"],
    ["unparsable-booked", "host-unreachable"],
    ["empty-infcode-booked", "host-unreachable"],
  ] as const) {
    const counter = await counterWith(options);
    planInsurerFault(counter.insurer.faults, infno, INSURER_FAULTS[fault]);
    expect(await buy(counter, request)).toMatchObject({ kind: "refused", reason });
    await nothingBooked(counter);
    expect(await buy(counter, request)).toMatchObject({ kind: "paid" });
  }
});

describe("the split is confirmed before it is booked", () => {
  test("and before the PIN is asked for", async () => {
    const counter = await counterWith();
    const desk = new ScriptedDesk([{ answer: "confirm" }]);
    expect(await buy(counter, { ...basket("r1"), confirms: true, desk })).toMatchObject({ kind: "paid", provisional: { final: true, cash: 3990 } });
    expect(desk.asked).toMatchObject([{ ask: "confirm", figures: { final: true, total: 16_490, fund: 5892, account: 6608, cash: 3990 } }]);
    expect(desk.steps).toEqual(["present-card", "card-read", "pre-settled", "enter-pin", "settling", "settled"]);
  });

  test.each<[string, readonly OrderAnswer[], string]>([
    ["nobody answers", [], "no-answer"],
    ["another answer", [{ answer: "insurance", insuranceType: "310" }], "no-answer"],
    ["the counter gives up", [{ answer: "cancel" }], "cancelled"],
  ])("%s", async (_, answers, reason) => {
    const counter = await counterWith();
    const desk = new ScriptedDesk(answers);
    expect(await buy(counter, { ...basket("r1"), confirms: true, desk })).toEqual({ kind: "refused", reason });
    expect(desk.steps).not.toContain("enter-pin");
    await nothingBooked(counter);
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
  });

  test("without a counter that could answer nothing is confirmed", async () => {
    const counter = await counterWith();
    expect(await buy(counter, { ...basket("r1"), confirms: true })).toEqual({ kind: "refused", reason: "no-answer" });
    await nothingBooked(counter);
  });
});

describe.each(["contact", "contactless"] as const)("a card by %s that leaves before its PIN", (by) => {
  const confirming = (counter: SimulatedCounter, act: () => void) => ({
    ...basket("r1"),
    confirms: true,
    desk: new ScriptedDesk([{ answer: "confirm" }], () => {
      act();
      void counter;
    }),
  });

  test("comes back and pays", async () => {
    const counter = await counterWith({ interface: by, holder: Array.from({ length: 3 }, () => ({ kind: "enters", digits: PIN })) });
    const request = confirming(counter, () => {
      counter.reader.remove();
      void counter.clock.sleep(2000).then(() => counter.reader.insert(counter.card));
    });
    expect(await buy(counter, request)).toMatchObject({ kind: "paid" });
    expect(request.desk.steps).toEqual([
      "present-card",
      "card-read",
      "pre-settled",
      "enter-pin",
      "present-card",
      "card-read",
      "enter-pin",
      "settling",
      "settled",
    ]);
    expect(counter.standing().length).toBe(1);
  });

  test("is replaced by another card: nothing is booked", async () => {
    const counter = await counterWith({ interface: by, holder: Array.from({ length: 3 }, () => ({ kind: "enters", digits: PIN })) });
    const request = confirming(counter, () => counter.reader.swap(testCard({ serial: 10, interface: by })));
    expect(await buy(counter, request)).toEqual({ kind: "refused", reason: "card-swapped" });
    await nothingBooked(counter);
  });

  test("never comes back: nothing is booked", async () => {
    const counter = await counterWith({ interface: by, holder: Array.from({ length: 3 }, () => ({ kind: "enters", digits: PIN })) });
    const request = confirming(counter, () => counter.reader.remove());
    expect(await buy(counter, request)).toEqual({ kind: "refused", reason: "card-removed" });
    await nothingBooked(counter);
  });
});

test("a card by radio that has gone is asked for before its holder types", async () => {
  const counter = await counterWith({ interface: "contactless", holder: [{ kind: "enters", digits: PIN }] });
  const desk = new ScriptedDesk([{ answer: "confirm" }], () => {
    counter.reader.remove();
    void counter.clock.sleep(2000).then(() => counter.reader.insert(counter.card));
  });
  // One entry is all that this holder makes.
  expect(await buy(counter, { ...basket("r1"), confirms: true, desk })).toMatchObject({ kind: "paid" });
});

test("a region whose insurer asks for no PIN", async () => {
  const counter = await counterWith({ region: { password: "none" }, holder: [{ kind: "enters", digits: "000000" }] });
  expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
});

describe("what a line says", () => {
  const [first, ...rest] = basket("r1").items;
  const codes = [
    { code: "81234567890123456789", splitPack: false },
    { code: "81234567890123456790", splitPack: true },
  ];
  const request: MedicalPurchaseRequest = {
    ...basket("r1"),
    items: first === undefined ? rest : [{ ...first, traceCodes: codes, prescriptionDrug: true }, ...rest],
    prescription: { number: "RX1", doctorCode: "D9", doctorName: "测试医师", pharmacistName: "测试药师", pharmacistLicence: "L1", circulated: true },
  };
  const node = (body: string) => (JSON.parse(body) as { readonly input: Record<string, readonly Record<string, string>[]> }).input;

  test("trace codes go with the booking, each with its line", async () => {
    const counter = await counterWith();
    expect(await buy(counter, request)).toMatchObject({ kind: "paid" });
    expect(node(bodyOf(counter, "2101"))["drug_trac_info"]).toBeUndefined();
    const line = node(bodyOf(counter, "2102"))["drugdetail"]?.[0]?.["feedetl_sn"];
    expect(node(bodyOf(counter, "2102"))["drug_trac_info"]).toEqual([
      { feedetl_sn: line, drug_trac_codg: codes[0]?.code, trdn_flag: "0", min_prcunt_type: expect.any(String) },
      { feedetl_sn: line, drug_trac_codg: codes[1]?.code, trdn_flag: "1", min_prcunt_type: expect.any(String) },
    ]);
  });

  test("or not, where the region does not ask for them", async () => {
    const counter = await counterWith({ region: { trace: { lengthMax: 100, inSettlement: false } } });
    expect(await buy(counter, request)).toMatchObject({ kind: "paid" });
    expect(bodyOf(counter, "2102")).not.toContain("drug_trac_info");
  });

  test("a prescription stands in the lines that need it", async () => {
    const counter = await counterWith();
    await buy(counter, request);
    const lines = node(bodyOf(counter, "2102"))["drugdetail"] ?? [];
    expect(lines[0]).toMatchObject({
      rxno: "RX1",
      rx_circ_flag: "1",
      bilg_dr_codg: "D9",
      bilg_dr_name: "测试医师",
      phar_name: "测试药师",
      phar_prac_cert_no: "L1",
    });
    expect(lines[1]).toMatchObject({ rx_circ_flag: "0" });
    expect(lines[1]).not.toHaveProperty("rxno");
  });
});

test("the region's further members of druginfo", async () => {
  const counter = await counterWith({ region: { druginfoExtras: ["card_sn", "psn_cert_type", "certno", "psn_name"] } });
  expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
  expect(bodyOf(counter, "2102")).toMatch(/"card_sn":"[0-9a-fA-F]{32}","psn_cert_type":"01","certno":"\w{18}","psn_name":/);
});
