/* A bus door where bank cards ride on their signature: real cards, real lists, and a host that charges, lists and takes back. */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { SimulatedGate } from "../../../simulators/gate/in-process.ts";
import type { Walk } from "../../../simulators/gate/walker.ts";
import { DebtList } from "../../../simulators/host/debt-list.ts";
import { ChargeDesk } from "../../../simulators/host/debts.ts";
import type { Publication } from "../../../simulators/host/downlink.ts";
import { Ledger } from "../../../simulators/host/ledger.ts";
import { ListBook } from "../../../simulators/host/lists.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { type GateLaneSetup, openGates } from "../../gate/lanes.ts";
import { runDelayedCharge } from "../delayed-charge/run.ts";
import { openSeenCards } from "../delayed-charge/seen-cards.ts";
import { DEFAULT_DELAYED_CHARGE } from "../delayed-charge/settings.ts";
import { panOf, postAll } from "../delayed-charge/testing.ts";
import { reviewByLists } from "../lists/review.ts";
import { openTestLists, type TestLists } from "../lists/testing.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { RiskGuard } from "../risk/guard.ts";
import { DEFAULT_GATE_POLICY, type GateService, type LaneEvent, type LaneSettings } from "./lane.ts";
import { openLaneReader } from "./reader.ts";
import { FARE, FLAT_FARES, laneSettings } from "./testing/station.ts";

const SUITE = opensslSuite();
const PROFILE = { ...DEFAULT_DELAYED_CHARGE, odaDelayedCharge: "on", firstUse: "accept", firstRideLimitFen: fen(600) } as const;
const MINUTE_MS = 60_000;

/** Asks the lists, and has no limits of its own. */
function guardOf({ lists }: TestLists): RiskGuard {
  return { review: (card) => reviewByLists(lists, card), take: () => ({ kind: "taken", became: () => undefined }) };
}

class Bus {
  readonly place = new SimulatedPlace();
  readonly walker: { walk: Walk; afterMs: number } = { walk: "passes", afterMs: 800 };
  readonly gate = new SimulatedGate({ clock: this.place.clock, walker: this.walker });
  readonly events: LaneEvent[] = [];
  readonly #settings: LaneSettings;
  readonly lists: TestLists;
  #service: GateService | undefined;

  constructor(lists: TestLists, settings: Partial<LaneSettings> = {}) {
    this.lists = lists;
    this.#settings = laneSettings({ mode: "single", ...settings });
  }

  async open(): Promise<void> {
    const { place } = this;
    const ports = await place.clock.resolve(place.switchOn());
    const { journal, psam, electronicCash: cash } = ports;
    if (cash === undefined) throw new Error("a test place knows bank cards");
    await place.clock.resolve(recoverAtStart({ journal, log: SILENT }));
    const reader = openLaneReader(ports.reader);
    const seen = openSeenCards({ journal, suite: SUITE, key: SUITE.secretKey(new Uint8Array(16).fill(9)) });
    const own = { ...ports, reader, guard: guardOf(this.lists) };
    const lane: GateLaneSetup = {
      settings: this.#settings,
      reader,
      gate: this.gate,
      sale: (request, limits) => runQuickPayment(own, request, { ...TEST_LIMITS, ...limits }),
      ride: (request, limits) =>
        runDelayedCharge({ ...own, cash, seen, profile: PROFILE, terminalNumber: psam.terminalNumber }, request, { ...TEST_LIMITS, ...limits }),
    };
    this.#service = await place.clock.resolve(
      openGates({
        clock: ports.clock,
        log: SILENT,
        journal: place.journal,
        fares: FLAT_FARES,
        policy: DEFAULT_GATE_POLICY,
        purses: [{ kind: "compound" }, { kind: "delayed-charge" }],
        lanes: [lane],
        onEvent: (_, event) => void this.events.push(event),
      }),
    );
    this.#service.start();
    await this.pass(10);
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.place;
    await clock.runUntil(clock.monotonicMs() + ms);
  }

  async tap(card: SimulatedCard, thenMs = MINUTE_MS): Promise<void> {
    const { reader } = this.place;
    reader.insert(card);
    await this.pass(1_200);
    if (reader.card !== undefined) reader.remove();
    await this.pass(thenMs);
  }

  taps(): readonly string[] {
    return this.events.flatMap((event) => (event.is === "tap" ? `${event.outcome} ${event.reason ?? event.fare ?? ""}`.trim() : []));
  }

  entries() {
    return this.place.clock.resolve(this.place.entries());
  }
}

function bankCard(serial = 81): SimulatedCard {
  const electronicCash = { balanceFen: 1_000, algorithms: "sm", applications: ["01"], signsOnline: true } as const;
  return makeTestCard(SUITE, { serial, balanceFen: 0, algorithm: "3des", interface: "contactless", purseAidHex: "a000000003000000", electronicCash });
}

async function bus(settings: Partial<LaneSettings> = {}): Promise<Bus> {
  const opened = new Bus(await openTestLists(), settings);
  await opened.open();
  return opened;
}

describe("a bank card without a transit account", () => {
  test("rides on its signature for the table's fare, once for each passage", async () => {
    const at = await bus();
    const card = bankCard();
    await at.tap(card, 1_500);
    await at.tap(card);
    expect(at.taps()).toEqual([`paid ${FARE}`, "refused pass-back"]);
    expect([card.debits, at.gate.passages.length]).toEqual([[], 1]);
    const rides = (await at.entries()).filter(({ kind }) => kind === "delayed-charge");
    expect(rides.map(({ amount, detail }) => [amount, detail["trip"]])).toEqual([[FARE, { lane: "a", use: "ride", place: "00010001", rows: ["flat"] }]]);
    await at.tap(card);
    expect(at.taps().at(-1)).toBe(`paid ${FARE}`);
  });

  test("leaves the purse of a transit card in its place: that one pays first", async () => {
    const at = await bus();
    const card = at.place.card({ electronicCash: { balanceFen: 1_000, algorithms: "sm", applications: ["01"], signsOnline: true } });
    await at.tap(card);
    expect(at.taps()).toEqual([`paid ${FARE}`]);
    expect(card.balanceFen).toBe(10_000 - FARE);
  });

  test("passes once more for a passage that nobody used, also behind a power cut, and owes one ride", async () => {
    const at = await bus();
    const card = bankCard();
    at.walker.walk = "stays";
    await at.tap(card, 9_000);
    await at.tap(card, 500);
    at.place.cutPower();
    await at.pass(5_000);
    at.walker.walk = "passes";
    await at.open();
    await at.tap(card, 1_500);
    expect(at.taps()).toEqual([`paid ${FARE}`, "again", "again"]);
    expect((await at.entries()).filter(({ kind }) => kind === "delayed-charge").length).toBe(1);
  });

  test("is refused by name where a journey has two taps", async () => {
    const at = await bus({ mode: "journey" });
    const card = bankCard();
    await at.tap(card);
    expect(at.taps()).toEqual(["refused journey-not-offered"]);
    expect([await at.entries(), at.gate.passages]).toEqual([[], []]);
  });
});

describe("a ride that is declined", () => {
  async function host(at: Bus) {
    const charges = ChargeDesk.open(":memory:");
    const ledger = Ledger.open(":memory:");
    const published: Publication[] = [];
    const list = new DebtList({ charges, book: new ListBook("city"), to: { tid: "T1" }, publish: (publication) => void published.push(publication) });
    /** Everything that the terminal has, to the host; what the host publishes, to the terminal. */
    const exchange = async () => {
      postAll(await at.entries(), charges, ledger);
      charges.chargeWaiting();
      list.publish();
      for (const { stream, sequence = 0, base = 0, body } of published.splice(0)) await at.lists.take({ stream, sequence, base, body });
    };
    return { charges, list, exchange };
  }

  test.each(["pay", "resubmit"] as const)("lists its card at the next gate until its debt is gone by a delta: %s", async (how) => {
    const at = await bus();
    const { charges, list, exchange } = await host(at);
    const [card, other] = [bankCard(), bankCard(82)];
    charges.fund(panOf(other), fen(10_000));
    await at.tap(other);
    await at.tap(card);
    await exchange();
    expect(charges.debts(panOf(card)).length).toBe(1);
    await at.tap(card);
    await at.tap(other);
    expect(at.taps()).toEqual([`paid ${FARE}`, `paid ${FARE}`, "refused debt-open", `paid ${FARE}`]);
    expect(list.publish()).toBe(false);
    if (how === "pay") charges.pay(panOf(card), FARE);
    else {
      charges.fund(panOf(card), fen(1_000));
      charges.resubmit();
    }
    await exchange();
    expect(at.lists.lists.states().find(({ level }) => level === "city")).toMatchObject({ sequence: 2 });
    await at.tap(card);
    expect(at.taps().at(-1)).toBe(`paid ${FARE}`);
    expect(at.gate.passages.length).toBe(4);
  });
});
