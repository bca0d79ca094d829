/* Two lanes with simulated cards as the specifications have them, two modules, the real flow and a real fare table. */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { SimulatedGate } from "../../../simulators/gate/in-process.ts";
import type { Walk } from "../../../simulators/gate/walker.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { SILENT } from "../../base/log.ts";
import { moduleRecordSigner } from "../../card/electronic-cash/record-signer.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { CardReader, RecordPsam, SocialPsam } from "../../drivers/ports.ts";
import { type GateLaneSetup, type GateParts, openGates } from "../../gate/lanes.ts";
import { openFareBook } from "../fares/book.ts";
import { RIDER_RECORD } from "../fares/rider-record.ts";
import { checkedTables, shippedTable } from "../fares/testing.ts";
import { textMember } from "../journal/members.ts";
import { createLane } from "../lane.ts";
import { extendedCard, PLACE } from "../quick-payment/purses/testing.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { balanceOf, SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { DEFAULT_GATE_POLICY, type GateService, type LaneEvent, type LaneSettings } from "./lane.ts";
import { openLaneReader } from "./reader.ts";
import { FLAT_FARES, FARE as RIDE } from "./testing/station.ts";

const CITY = { mode: "journey", industry: 1, city: "9901", acquirer: "9901000000000001" } as const;
const IN: LaneSettings = { ...CITY, name: "in", direction: "entry", place: "00010001" };
const OUT: LaneSettings = { ...CITY, name: "out", direction: "exit", place: "00010006" };
/** 19,000 metres. */
const FARE = 500;
const BUS_RECORD = "2702";
/** Key of the record in test modules. */
const RECORD_KEY = { keyId: 5, algorithm: "sm4" } as const;
/** A transit card without a bank. */
const PLAIN = { balanceFen: 10_000, algorithm: "3des", interface: "contactless", purse: { transit: "t-union" } } as const;

class Hall {
  readonly place = new SimulatedPlace();
  readonly walker: { walk: Walk; afterMs: number } = { walk: "passes", afterMs: 800 };
  readonly events: { readonly lane: string; readonly event: LaneEvent }[] = [];
  readonly #secondModule = makeTestPsam(opensslSuite(), { terminalNumber: "112233445577" });
  readonly readers = { in: this.place.reader, out: new SimulatedReader({ name: "out", interface: "contactless", clock: this.place.clock }) };
  readonly gates = {
    in: new SimulatedGate({ clock: this.place.clock, walker: this.walker }),
    out: new SimulatedGate({ clock: this.place.clock, walker: this.walker }),
  };
  readonly #purses: GateParts["purses"];
  readonly #mode: LaneSettings["mode"];
  #service: GateService | undefined;

  constructor(purses?: GateParts["purses"], mode: LaneSettings["mode"] = "journey") {
    this.#purses = purses;
    this.#mode = mode;
  }

  get service(): GateService {
    if (this.#service === undefined) throw new Error("the hall is open first");
    return this.#service;
  }

  async open(): Promise<void> {
    const { place } = this;
    const { clock } = place;
    const ports = await clock.resolve(place.switchOn());
    await clock.resolve(recoverAtStart({ journal: place.journal, log: SILENT }));
    const second = makeSamReader(this.#secondModule, { name: "second module", clock });
    const psam = await clock.resolve(openPsam(second, { clock, profile: DEFAULT_CARD_PROFILE }, { timeoutMs: 1_000, signal: TEST_LIMITS.signal }));
    const mode = this.#mode;
    const lanes = [
      this.#lane({ ...IN, mode }, ports.reader, { psam: place.recordPsam, gate: this.gates.in }),
      this.#lane({ ...OUT, mode }, this.readers.out, { psam, gate: this.gates.out }),
    ];
    this.#service = await clock.resolve(
      openGates({
        clock: ports.clock,
        log: SILENT,
        journal: place.journal,
        fares: mode === "single" ? FLAT_FARES : openFareBook(checkedTables(shippedTable("example-metro"))),
        rider: { id: BUS_RECORD, codec: RIDER_RECORD },
        policy: DEFAULT_GATE_POLICY,
        ...(this.#purses === undefined ? {} : { purses: this.#purses }),
        lanes,
        onEvent: (lane, event) => void this.events.push({ lane, event }),
      }),
    );
    this.#service.start();
    await this.pass(10);
  }

  #lane(settings: LaneSettings, real: CardReader, { psam, gate }: { readonly psam: SocialPsam & RecordPsam; readonly gate: SimulatedGate }): GateLaneSetup {
    const reader = openLaneReader(real);
    const { electronicCash } = this.place.ports;
    const industrySigner = moduleRecordSigner(psam, RECORD_KEY, DEFAULT_CARD_PROFILE);
    const cash = electronicCash === undefined ? {} : { electronicCash: { ...electronicCash, industrySigner } };
    const ports = { ...this.place.ports, ...cash, psam, reader, lane: createLane() };
    const bounds = { ...TEST_LIMITS, returnTimeoutMs: DEFAULT_GATE_POLICY.returnTimeoutMs };
    return { settings, reader, gate, sale: (request, limits) => runQuickPayment(ports, request, { ...bounds, ...limits }) };
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.place;
    await clock.runUntil(clock.monotonicMs() + ms);
  }

  async tap(card: SimulatedCard, lane: "in" | "out", thenMs = 1_500): Promise<void> {
    this.readers[lane].insert(card);
    await this.pass(600);
    if (this.readers[lane].card !== undefined) this.readers[lane].remove();
    await this.pass(thenMs);
  }

  taps(): readonly string[] {
    return this.events.flatMap(({ lane, event }) => (event.is === "tap" ? `${lane} ${event.outcome} ${event.reason ?? event.fare ?? ""}`.trim() : []));
  }

  async opened(): Promise<readonly string[]> {
    const entries = await this.place.clock.resolve(this.place.entries());
    return entries.flatMap(({ kind, state, detail }) => (kind === "passage" ? `${textMember(detail, "lane")} ${state}` : []));
  }
}

describe("two lanes with a reader and a module each", () => {
  test("two cards in and out, swapping lanes at the same moment: each pays its own ride once", async () => {
    const hall = new Hall();
    await hall.open();
    const [one, two] = [hall.place.card(), hall.place.card()];
    await hall.tap(one, "in", 120_000);
    hall.readers.in.insert(two);
    hall.readers.out.insert(one);
    await hall.pass(600);
    hall.readers.in.remove();
    hall.readers.out.remove();
    await hall.pass(120_000);
    hall.readers.in.insert(one);
    hall.readers.out.insert(two);
    await hall.pass(600);
    expect([one.balanceFen, two.balanceFen]).toEqual([10_000 - FARE, 10_000 - FARE]);
    expect([...hall.taps()].sort()).toEqual(["in let-in", "in let-in", "in let-in", `out paid ${FARE}`, `out paid ${FARE}`]);
    const sales = (await hall.place.clock.resolve(hall.place.entries())).filter(({ kind, state }) => kind === "quick-payment" && state === "done");
    expect(sales.map(({ amount }) => amount).toSorted((left, right) => left - right)).toEqual([0, 0, 0, FARE, FARE]);
    expect(new Set(sales.map(({ detail }) => detail["terminalNumber"])).size).toBe(2);
  });

  test("a second tap of a real card never charges, and passes where nobody has passed", async () => {
    const hall = new Hall();
    await hall.open();
    const card = hall.place.card();
    await hall.tap(card, "in", 120_000);
    hall.walker.walk = "stays";
    await hall.tap(card, "out", 9_000);
    hall.walker.walk = "passes";
    await hall.tap(card, "out");
    await hall.tap(card, "out");
    expect(hall.taps()).toEqual(["in let-in", `out paid ${FARE}`, "out again", "out refused pass-back"]);
    expect(card.balanceFen).toBe(10_000 - FARE);
    expect(await hall.opened()).toEqual(["in prepared", "in done", "out prepared", "out void", "out prepared", "out done"]);
  });

  test.each(["before", "during", "after"] as const)("a debit torn %s the card's commit is settled by the card itself, also behind another one", async (at) => {
    const hall = new Hall();
    await hall.open();
    const [torn, other] = [hall.place.card(), hall.place.card()];
    hall.place.plan(tearOnce(at));
    hall.readers.in.insert(torn);
    await hall.pass(1_000);
    expect(hall.service.lanes[0]?.state).toBe("awaiting-return");
    expect(hall.gates.in.passages).toEqual([]);
    await hall.tap(other, "in");
    expect(hall.gates.in.passages).toHaveLength(1);
    await hall.tap(torn, "in");
    expect(hall.gates.in.passages).toHaveLength(2);
    expect(hall.taps()).toEqual(["in let-in", "in let-in"]);
    const names = (await hall.place.clock.resolve(hall.place.entries())).flatMap(({ detail }) => detail["reference"] ?? []);
    expect(new Set(names).size).toBe(2);
  });

  test("a ride that was paid before a power cut is not paid again behind it", async () => {
    const hall = new Hall();
    await hall.open();
    const card = hall.place.card();
    await hall.tap(card, "in", 120_000);
    hall.walker.walk = "stays";
    await hall.tap(card, "out", 500);
    hall.place.cutPower();
    await hall.pass(10_000);
    hall.walker.walk = "passes";
    await hall.open();
    await hall.tap(card, "out");
    expect(card.balanceFen).toBe(10_000 - FARE);
    expect(hall.taps().slice(-1)).toEqual(["out again"]);
  });
});

describe("which purse pays", () => {
  const CASH = { kind: "electronic-cash", journeys: PLACE } as const;

  test("is the first one of the configured order that the card has", async () => {
    const hall = new Hall([CASH, { kind: "compound" }]);
    await hall.open();
    const [cash, transit] = [extendedCard(hall.place), makeTestCard(opensslSuite(), { ...PLAIN, serial: 77 })];
    for (const card of [cash, transit]) {
      await hall.tap(card, "in", 60_000);
      await hall.tap(card, "out", 60_000);
    }
    expect(hall.taps()).toEqual(["in let-in", `out paid ${FARE}`, "in let-in", `out paid ${FARE}`]);
    expect([balanceOf(cash, "electronic-cash"), cash.balanceFen]).toEqual([10_000 - FARE, 10_000]);
    expect(transit.balanceFen).toBe(10_000 - FARE);
  });

  test("a ride that was begun with electronic cash and torn is taken up again with it", async () => {
    const hall = new Hall([CASH, { kind: "compound" }]);
    await hall.open();
    const card = extendedCard(hall.place);
    hall.place.tearDebit("after", "electronic-cash");
    await hall.tap(card, "in", 500);
    await hall.tap(extendedCard(hall.place), "in");
    await hall.tap(card, "in", 60_000);
    expect(hall.gates.in.passages).toHaveLength(2);
    await hall.tap(card, "out");
    expect(balanceOf(card, "electronic-cash")).toBe(10_000 - FARE);
  });

  test("without either of them nobody passes", async () => {
    const hall = new Hall();
    await hall.open();
    await hall.tap(makeTestCard(opensslSuite(), { serial: 78, balanceFen: 10_000, algorithm: "3des", interface: "contactless" }), "in");
    expect(hall.gates.in.passages).toEqual([]);
    expect(hall.taps()).toEqual([expect.stringMatching(/^in refused /)]);
  });
});

describe("single rides with electronic cash", () => {
  const PURCHASE = { kind: "electronic-cash" } as const;
  const RECORDED = { kind: "electronic-cash", journeys: PLACE, rides: "segment-fare" } as const;
  const bankCard = (hall: Hall) => hall.place.card({ electronicCash: { balanceFen: 10_000, algorithms: "sm" } });

  test("are purchases of a card that keeps no journeys, at the price of the table", async () => {
    const hall = new Hall([PURCHASE], "single");
    await hall.open();
    const card = bankCard(hall);
    await hall.tap(card, "in", 500);
    await hall.tap(card, "in");
    expect(hall.taps()).toEqual([`in paid ${RIDE}`, "in refused pass-back"]);
    expect(balanceOf(card, "electronic-cash")).toBe(10_000 - RIDE);
    const done = (await hall.place.clock.resolve(hall.place.entries())).find(({ kind, state }) => kind === "quick-payment" && state === "done");
    expect(done?.detail).toMatchObject({ purse: "electronic-cash", fare: { lane: "in", use: "ride", place: IN.place }, type: "00" });
    expect(done?.detail).not.toHaveProperty("industryUse");
    expect(done?.detail["tc"]).toMatch(/^[0-9a-f]{16}$/);
  });

  test("are segment fares where the operator wants the ride on the card", async () => {
    const hall = new Hall([RECORDED], "single");
    await hall.open();
    const card = extendedCard(hall.place);
    await hall.tap(card, "in");
    expect(hall.taps()).toEqual([`in paid ${RIDE}`]);
    const done = (await hall.place.clock.resolve(hall.place.entries())).find(({ kind, state }) => kind === "quick-payment" && state === "done");
    expect(done?.detail).toMatchObject({ industryUse: "segment-fare", industryRecord: 0x2701 });
  });

  test.each(["before", "during", "after"] as const)("are taken once when the card is torn %s its commit, also behind another card", async (at) => {
    const hall = new Hall([PURCHASE], "single");
    await hall.open();
    const [torn, other] = [bankCard(hall), bankCard(hall)];
    hall.place.tearDebit(at, "electronic-cash");
    await hall.tap(torn, "in", 500);
    await hall.tap(other, "in");
    await hall.tap(torn, "in");
    expect([torn, other].map((card) => balanceOf(card, "electronic-cash"))).toEqual([10_000 - RIDE, 10_000 - RIDE]);
    expect(hall.gates.in.passages).toHaveLength(2);
  });

  test("that were paid before a power cut are not paid again behind it", async () => {
    const hall = new Hall([PURCHASE], "single");
    await hall.open();
    const card = bankCard(hall);
    hall.walker.walk = "stays";
    await hall.tap(card, "in", 500);
    hall.place.cutPower();
    await hall.pass(10_000);
    hall.walker.walk = "passes";
    await hall.open();
    await hall.tap(card, "in");
    expect(balanceOf(card, "electronic-cash")).toBe(10_000 - RIDE);
    expect(hall.taps().slice(-1)).toEqual(["in again"]);
  });

  test("are no journeys: where those are sold, the next purse is asked, and without one nobody pays", async () => {
    const [with_, without] = [new Hall([PURCHASE, { kind: "compound" }]), new Hall([PURCHASE])];
    for (const hall of [with_, without]) {
      await hall.open();
      await hall.tap(hall.place.card(), "in");
    }
    expect([with_.taps(), without.taps()]).toEqual([["in let-in"], ["in refused journey-not-offered"]]);
  });

  test("of a card that keeps no journeys are not taken for one: its transit purse pays", async () => {
    const hall = new Hall([{ kind: "electronic-cash", journeys: PLACE }, { kind: "compound" }]);
    await hall.open();
    const card = hall.place.card();
    await hall.tap(card, "in", 60_000);
    await hall.tap(card, "out");
    expect(hall.taps()).toEqual(["in let-in", `out paid ${FARE}`]);
    expect([card.balanceFen, balanceOf(card, "electronic-cash")]).toEqual([10_000 - FARE, 10_000]);
  });
});

/** The next debit of a card leaves the field there. */
function tearOnce(at: "before" | "during" | "after"): Parameters<SimulatedPlace["plan"]>[0] {
  let done = false;
  return ({ to, instruction }) => {
    if (done || to !== "card" || instruction !== 0x54) return { kind: "ok" };
    done = true;
    return { kind: "tear", at };
  };
}
