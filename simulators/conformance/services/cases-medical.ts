/* Rows that medical purchases, visits and voids serve, each against an insurer of its own. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { findPerson } from "../../../device/txn/medical-host/person-services.ts";
import type { MedicalPurchaseRequest, RawCardRead } from "../../../device/txn/medical-purchase/ports.ts";
import { runMedicalPurchase } from "../../../device/txn/medical-purchase/run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PERSON, SimulatedCounter, visitBasket } from "../../../device/txn/medical-purchase/testing.ts";
import type { MedicalOutcome } from "../../../device/txn/medical-purchase/types.ts";
import { runMedicalVoid } from "../../../device/txn/medical-void/run.ts";
import { expectEqual, expectMatch, expectTrue, fail } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

const EVER = { from: "2020-01-01", to: "2099-12-31" };
const CHRONIC = { code: "M03900", name: "高血压" } as const;
const HOME = { personType: "1101", status: "1" } as const;
const insuredIn = (area: string): CounterOptions["insurances"] => [{ type: "310", area, ...HOME }];
const FILED = { regionalFilings: [{ area: "53", kind: "referral", ...EVER }] } as const;
const RAW: RawCardRead = { read: () => Promise.resolve({ info: "530102|TEST", sign: "00FF" }) };

interface Purchase {
  readonly title: string;
  readonly options?: CounterOptions;
  readonly request?: Partial<MedicalPurchaseRequest>;
  readonly visit?: boolean;
  /** Messages that the insurer must have seen. */
  readonly messages?: readonly string[];
  readonly after?: (counter: SimulatedCounter, outcome: MedicalOutcome) => Promise<void> | void;
  readonly refused?: string;
}

async function switchedOn(options: CounterOptions = {}): Promise<SimulatedCounter> {
  const at = new SimulatedCounter(options);
  await at.clock.resolve(at.switchOn());
  return at;
}

function buy(at: SimulatedCounter, request: MedicalPurchaseRequest): Promise<MedicalOutcome> {
  return at.clock.resolve(runMedicalPurchase(at.ports, request, MEDICAL_LIMITS));
}

function purchase(row: number, { title, options, request, visit = false, messages = [], after, refused }: Purchase): ServiceCase {
  return {
    row,
    title,
    shows: refused === undefined ? "served" : "refused",
    run: async () => {
      const at = await switchedOn(options);
      const outcome = await buy(at, { ...(visit ? visitBasket("r1") : basket("r1")), ...request });
      if (refused === undefined) expectMatch(outcome, { kind: "paid" }, title);
      else expectMatch(outcome, { kind: "refused", reason: refused }, title);
      expectTrue(
        messages.every((message) => at.sent.includes(message)),
        `${title}: the insurer was asked ${messages.join(", ")}, and saw ${at.sent.join(", ")}`,
      );
      expectEqual(at.standing().length, refused === undefined ? 1 : 0, "settlements at the insurer");
      await after?.(at, outcome);
    },
  };
}

const PURCHASES: readonly ServiceCase[] = [
  purchase(13, { title: "medicine is split, confirmed by PIN and settled", messages: ["1101", "2101", "2102"] }),
  purchase(13, {
    title: "no valid insurance: refused",
    options: { insurances: [{ type: "310", personType: "1101", status: "3", area: "530102" }] },
    refused: "insurance-inactive",
  }),
  purchase(14, { title: "a visit is registered, told and settled", visit: true, messages: ["2201", "2203", "2204", "2206", "2207"] }),
  purchase(15, {
    title: "the contracted clinic's pool is asked for before the split",
    visit: true,
    options: { region: { checksEligibility: true }, person: { contractedWith: ["P53010000001"], chronicFilings: [{ ...CHRONIC, ...EVER }] } },
    request: { medicalType: "14", disease: CHRONIC },
    messages: ["2001", "2206", "2207"],
  }),
  purchase(15, { title: "what the insurer does not grant: refused", visit: true, options: { region: { checksEligibility: true } }, refused: "not-eligible" }),
  purchase(17, {
    title: "medicine for a filed chronic disease",
    options: { person: { chronicFilings: [{ ...CHRONIC, ...EVER }] } },
    request: { medicalType: "9929", disease: CHRONIC },
    messages: ["5301", "2102"],
  }),
  purchase(17, {
    title: "a chronic disease that is not filed: refused",
    request: { medicalType: "9929", disease: CHRONIC },
    refused: "chronic-filing-missing",
  }),
  purchase(18, { title: "a holder of another city, with a filing", options: { insurances: insuredIn("530302"), person: FILED }, messages: ["2501", "2102"] }),
  purchase(18, { title: "a holder of another city without a filing: refused", options: { insurances: insuredIn("530302") }, refused: "filing-missing" }),
  purchase(19, {
    title: "a holder of another province, with the card's own record",
    options: { insurances: insuredIn("440103"), person: FILED, rawRead: RAW, cardRegion: "440103" },
    messages: ["1101", "2102"],
    after: (at) =>
      expectTrue(
        at.bodies.some((body) => body.includes("orgin_card_info")),
        "the record goes along",
      ),
  }),
  purchase(20, {
    title: "an injury at work goes to its own receiver",
    options: { region: { medicalTypes: ["22"], receivers: { "22": "GSXT" } }, variants: { receivers: { "22": "GSXT" } }, person: { workInjury: true } },
    request: { medicalType: "22" },
    messages: ["2102"],
  }),
  purchase(20, {
    title: "without the receiver: refused",
    options: { region: { medicalTypes: ["22"] } },
    request: { medicalType: "22" },
    refused: "receiver-not-connected",
  }),
  purchase(21, {
    title: "maternity is paid by its own insurance",
    options: {
      insurances: [
        { type: "310", area: "530102", ...HOME },
        { type: "510", area: "530102", ...HOME },
      ],
    },
    request: { medicalType: "51" },
    messages: ["2102"],
  }),
  purchase(21, { title: "maternity without its insurance: refused", request: { medicalType: "51" }, refused: "insurance-inactive" }),
  purchase(22, {
    title: "a relative's account pays what the own one does not hold",
    options: { person: { accountFen: 0n, mutualAidFen: 5_000n } },
    after: (_, outcome) => expectTrue(outcome.kind === "paid" && outcome.mutualAid > 0, "the relative's account has paid a part"),
  }),
];

const VOID: ServiceCase = {
  row: 23,
  title: "a settlement is taken back, once",
  shows: "served",
  run: async () => {
    const at = await switchedOn();
    const paid = await buy(at, basket("c1.A1.s1"));
    if (paid.kind !== "paid") fail("the basket is settled");
    const request = { reference: "c1.A1.v1", order: "c1.A1", operator: "op1", original: paid.subject };
    expectMatch(await at.clock.resolve(runMedicalVoid(at.ports, request, MEDICAL_LIMITS)), { kind: "done" }, "the void");
    expectEqual([at.standing().length, at.sent.includes("2103")], [0, true], "what stands at the insurer");
  },
};

const E_CODE: ServiceCase = {
  row: 25,
  title: "an e-certificate pays without a card",
  shows: "served",
  run: async () => {
    const at = await switchedOn();
    at.reader.remove();
    const code = at.insurer.issueECode(PERSON) ?? fail("the insurer issues a code");
    expectMatch(await buy(at, { ...basket("r1"), credential: { kind: "e-code", code } }), { kind: "paid" }, "the purchase");
  },
};

const BALANCE: ServiceCase = {
  row: 6,
  title: "the insurer tells the balance of the account",
  shows: "served",
  run: async () => {
    const at = await switchedOn();
    const credential = { kind: "resident-id", number: "530102198001010019", name: "测试人员" } as const;
    const asked = findPerson(at.ports, { credential, at: civilTime(at.clock.wallMs()).iso }, MEDICAL_LIMITS);
    const answer = await at.clock.resolve(asked);
    expectTrue(answer.kind === "done" && answer.value.insurances[0]?.balance === 10_000, "the balance is the insurer's");
  },
};

export const MEDICAL_CASES: readonly ServiceCase[] = [BALANCE, ...PURCHASES, VOID, E_CODE];
