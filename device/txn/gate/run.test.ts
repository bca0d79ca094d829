import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { openEntry } from "../../card/transit/trips.ts";
import { FakeCard } from "./testing/fake-sales.ts";
import { FARE, LONGEST_FARE, Station, type StationOptions } from "./testing/station.ts";

const TWO_LANES = [
  { name: "a", direction: "entry" },
  { name: "b", direction: "exit" },
] as const;

async function station(options: StationOptions = {}): Promise<Station> {
  const made = new Station(options);
  await made.switchOn();
  return made;
}

describe("one lane by itself", () => {
  test("lets somebody in for nothing and out for a fare, and says what it took", async () => {
    const at = await station({ lanes: TWO_LANES });
    const card = new FakeCard("A");
    await at.tap(card);
    expect(openEntry(card.trip)).toMatchObject({ place: "00010001", maximumFare: LONGEST_FARE, maximumTime: "0120", balance: 10_000 });
    await at.pass(120_000);
    await at.tap(card, { lane: "b" });
    expect(card.balance).toBe(10_000 - FARE);
    expect(card.trip).toMatchObject({ type: 4, amount: FARE, balance: 10_000 - FARE, terminalNumber: "0000112233445566" });
    expect(at.lane("a").gate.passages.map(({ direction, passage }) => [direction, passage])).toEqual([["entry", "passed"]]);
    expect(at.lane("b").gate.passages.map(({ direction, passage }) => [direction, passage])).toEqual([["exit", "passed"]]);
    expect(await at.passages()).toEqual(["prepared sale", "done sale passed", "prepared sale", "done sale passed"]);
    expect(at.gates.lanes).toEqual([
      { name: "a", state: "serving", taps: 1, passages: 1, refused: 0, fareFen: 0 },
      { name: "b", state: "serving", taps: 1, passages: 1, refused: 0, fareFen: FARE },
    ]);
    expect(at.events).toContainEqual({ lane: "b", event: { is: "prompt", prompt: { what: "go", fare: FARE, balanceAfter: fen(9_700) } } });
    expect(at.events).toContainEqual({ lane: "a", event: { is: "tap", outcome: "let-in" } });
    await at.clock.resolve(at.gates.stop());
    expect(at.gates.lanes.map(({ state }) => state)).toEqual(["stopped", "stopped"]);
  });

  test("never opens before the sale and its opening are durable", async () => {
    const at = await station({ lanes: [{ mode: "single" }] });
    await at.tap(new FakeCard("A"));
    const [opened] = at.lane().gate.passages;
    const prepared = (await at.entries("passage")).find(({ state }) => state === "prepared");
    const done = (await at.entries("quick-payment")).find(({ state }) => state === "done");
    expect(done?.seq).toBeLessThan(prepared?.seq ?? 0);
    // The power goes while the opening is on its way to the disk: the gate has not moved.
    const again = new FakeCard("B");
    at.lane().reader.insert(again);
    for (let ms = 0; ms < 1_000 && at.gates.lanes[0]?.state !== "passage"; ms += 1) await at.pass(1);
    expect(again.charges).toHaveLength(1);
    at.cutPower();
    await at.pass(5_000);
    expect(at.lane().gate.passages).toEqual([opened]);
  });

  test("a card that stays in the field is one tap", async () => {
    const at = await station({ lanes: [{ mode: "single" }], policy: { sameCardWindowMs: 0 } });
    const card = new FakeCard("A");
    await at.tap(card, { forMs: 200_000 });
    expect(card.charges).toHaveLength(1);
    expect(at.events.filter(({ event }) => event.is === "tap")).toHaveLength(1);
    // Out and back again is another one.
    await at.tap(card);
    expect(card.charges).toHaveLength(2);
  });

  test("says that it is ready when the last word was read and the last card is away", async () => {
    const at = await station();
    const card = new FakeCard("A");
    const said = () => at.events.flatMap(({ event }) => (event.is === "prompt" ? event.prompt.what : []));
    await at.pass(2_000);
    await at.tap(card, { forMs: 20_000, thenMs: 100 });
    expect(said()).toEqual(["ready", "go"]);
    await at.pass(2_000);
    expect(said()).toEqual(["ready", "go", "ready"]);
  });

  test("asks for one card where there are several", async () => {
    const at = await station();
    const { reader } = at.lane();
    reader.insert(new FakeCard("A"));
    reader.crowd([new FakeCard("B")]);
    await at.pass(1_000);
    expect(at.prompts()[0]).toBe("one-card");
    expect(await at.entries()).toEqual([]);
  });
});

describe("where the holder is, by the card", () => {
  test.each([
    ["entry twice is refused", {}, 0, "entry-twice"],
    ["entry twice is paid at the highest fare", { entryTwice: "charge-maximum" }, LONGEST_FARE, undefined],
    ["entry twice is let in", { entryTwice: "allow" }, 0, undefined],
  ] as const)("%s", async (_, policy, taken, reason) => {
    const at = await station({ policy });
    const card = new FakeCard("A");
    await at.tap(card);
    await at.pass(120_000);
    await at.tap(card);
    expect(card.charges.reduce((sum, { amount }) => sum + amount, 0)).toBe(taken);
    const refusals = at.events.flatMap(({ event }) => (event.is === "tap" && event.outcome === "refused" ? event.reason : []));
    expect(refusals).toEqual(reason === undefined ? [] : [reason]);
    expect(at.lane().gate.passages).toHaveLength(reason === undefined ? 2 : 1);
  });

  test.each([
    ["refuse", 0, 0],
    ["charge-table", LONGEST_FARE, 1],
  ] as const)("exit without entry: %s", async (exitWithoutEntry, taken, opened) => {
    const at = await station({ lanes: [{ direction: "exit" }], policy: { exitWithoutEntry } });
    const card = new FakeCard("A");
    await at.tap(card);
    expect(10_000 - card.balance).toBe(taken);
    expect(at.lane().gate.passages).toHaveLength(opened);
  });

  test("less than a journey needs is refused at its beginning", async () => {
    const at = await station();
    const card = new FakeCard("A", 199);
    await at.tap(card);
    expect(at.events).toContainEqual({ lane: "a", event: { is: "tap", outcome: "refused", reason: "balance-too-low" } });
    card.balance = 200;
    await at.tap(card);
    expect(at.lane().gate.passages).toHaveLength(1);
  });
});

describe("the same card a moment later", () => {
  test("does not pay again, and does not pass again where it has passed", async () => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    await at.tap(card);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts()).toEqual(["go", "refused"]);
    expect(at.lane().gate.passages).toHaveLength(1);
    expect(at.alarms()).toEqual([]);
    await at.pass(60_000);
    await at.tap(card);
    expect(card.charges).toHaveLength(2);
  });

  test("raises the alarm where the policy wants it", async () => {
    const at = await station({ lanes: [{ mode: "single" }], policy: { passBack: "refuse-and-alarm" } });
    const card = new FakeCard("A");
    await at.tap(card);
    await at.tap(card);
    expect(at.alarms()).toEqual(["pass-back"]);
  });

  test.each(["stays", "turns-back"] as const)("passes once more for the same money when nobody passed: %s", async (walk) => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    at.lane().walker.walk = walk;
    await at.tap(card, { thenMs: 9_000 });
    at.lane().walker.walk = "passes";
    await at.tap(card);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts()).toEqual(["go", "go-again", "refused"]);
    const [first] = await at.entries("quick-payment");
    const opened = await at.entries("passage");
    expect(opened.map(({ detail }) => detail["sale"])).toEqual(Array.from({ length: 4 }, () => first?.subject));
    expect(await at.passages()).toEqual(["prepared sale", `void sale ${walk === "stays" ? "timeout" : "reversed"}`, "prepared again", "done again passed"]);
  });

  test.each([
    ["stays", { unusedPassage: "staff" }],
    ["turns-back", { reversedPassage: "staff" }],
  ] as const)("is left to people where the policy says so: %s", async (walk, policy) => {
    const at = await station({ lanes: [{ mode: "single" }], policy });
    const card = new FakeCard("A");
    at.lane().walker.walk = walk;
    await at.tap(card, { thenMs: 9_000 });
    await at.tap(card);
    expect(at.lane().gate.passages).toHaveLength(1);
    expect(at.events.at(-2)?.event).toEqual({ is: "prompt", prompt: { what: "refused", reason: "paid-already" } });
  });

  test.each([
    ["used", 1],
    ["keep", 2],
  ] as const)("at a gate that sees nobody: %s", async (unreportedPassage, openings) => {
    const at = await station({ lanes: [{ mode: "single" }], policy: { unreportedPassage }, reportsPassage: false });
    const card = new FakeCard("A");
    await at.tap(card);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(openings);
  });

  test("does not pass at another lane while its gate still stands open", async () => {
    const at = await station({ lanes: [{ name: "a" }, { name: "b" }] });
    const card = new FakeCard("A");
    at.lane("a").walker.afterMs = 5_000;
    await at.tap(card, { thenMs: 100 });
    await at.tap(card, { lane: "b" });
    expect(at.lane("b").gate.passages).toEqual([]);
    expect(at.events).toContainEqual({ lane: "b", event: { is: "tap", outcome: "refused", reason: "paid-already" } });
  });

  test("is known at every lane of the terminal", async () => {
    const at = await station({
      lanes: [
        { name: "a", mode: "single" },
        { name: "b", mode: "single", direction: "exit" },
      ],
    });
    const card = new FakeCard("A");
    await at.tap(card, { lane: "a" });
    await at.tap(card, { lane: "b" });
    expect(card.charges).toHaveLength(1);
    expect(at.lane("b").gate.passages).toEqual([]);
  });
});

describe("a debit that nobody vouches for", () => {
  test.each([
    ["staff", 0],
    ["open", 1],
  ] as const)("opens only by the policy: %s", async (unverifiedSale, openings) => {
    const at = await station({ lanes: [{ mode: "single" }], policy: { unverifiedSale } });
    const card = new FakeCard("A");
    at.sales.planDebit("unverified");
    await at.tap(card);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(openings);
  });
});

describe("a torn tap", () => {
  test.each(["torn-before", "torn-after"] as const)("asks for the same card, and charges it once: %s", async (fate) => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    at.sales.planDebit(fate);
    await at.tap(card, { thenMs: 1_000 });
    expect(at.gates.lanes[0]?.state).toBe("awaiting-return");
    expect(at.prompts()).toEqual(["present-again"]);
    expect(at.lane().gate.passages).toEqual([]);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts()).toEqual(["present-again", "go"]);
    expect(new Set((await at.entries("quick-payment")).map(({ detail }) => detail["reference"])).size).toBe(1);
  });

  test.each(["torn-before", "torn-after"] as const)("serves another card as itself, and takes the first one up again by its name: %s", async (fate) => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const [torn, other] = [new FakeCard("A"), new FakeCard("B")];
    at.sales.planDebit(fate);
    await at.tap(torn, { thenMs: 500 });
    await at.tap(other);
    expect([torn.charges.length, other.charges.length, at.lane().gate.passages.length]).toEqual([fate === "torn-after" ? 1 : 0, 1, 1]);
    await at.tap(torn);
    expect([torn.charges.length, other.charges.length, at.lane().gate.passages.length]).toEqual([1, 1, 2]);
    const names = (await at.entries("quick-payment")).map(({ detail }) => detail["reference"]);
    expect(new Set(names).size).toBe(2);
  });

  test("waits no longer than it should, and pays once when its card comes much later", async () => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    at.sales.planDebit("torn-after");
    await at.tap(card, { thenMs: 15_000 });
    expect(at.gates.lanes[0]).toMatchObject({ state: "serving", taps: 1 });
    expect(at.events).toContainEqual({ lane: "a", event: { is: "tap", outcome: "unknown", reason: "card-never-returned" } });
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(1);
  });

  test("is given up at its lane when its card comes to another one", async () => {
    const at = await station({ lanes: [{ name: "a" }, { name: "b" }] });
    const card = new FakeCard("A");
    at.sales.planDebit("torn-after");
    await at.tap(card, { lane: "a", thenMs: 500 });
    await at.tap(card, { lane: "b" });
    expect(at.lane("b").gate.passages).toHaveLength(1);
    expect(at.gates.lanes.map(({ state }) => state)).toEqual(["serving", "serving"]);
    expect(card.charges).toHaveLength(1);
  });
});

describe("a gate that fails", () => {
  test.each([
    ["fault", "unknown sale fault"],
    ["lost", "unknown sale device-gone"],
    ["refused", "void sale device-refused"],
  ] as const)("%s: the lane is out of order until its gate is well, and the money is kept for the passage", async (how, record) => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    const { gate } = at.lane();
    gate.failNext(how);
    gate.setHealth({ kind: "broken", why: "jammed" });
    await at.tap(card);
    expect(at.alarms()).toEqual(["gate-fault"]);
    expect(await at.passages()).toEqual(["prepared sale", record]);
    await at.tap(new FakeCard("B"), { thenMs: 10_000 });
    expect(at.gates.lanes[0]?.state).toBe("out-of-order");
    expect(at.prompts().at(-1)).toBe("closed");
    expect((await at.entries("quick-payment")).every(({ subject }, _, [first]) => subject === first?.subject)).toBe(true);
    gate.setHealth({ kind: "well" });
    await at.pass(20_000);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts().at(-1)).toBe("go-again");
  });
});

describe("people and fires", () => {
  test("somebody is let pass on a person's word, who stands in the record", async () => {
    const at = await station();
    expect(await at.clock.resolve(at.gates.staffRelease("a", "op-7"))).toEqual({ kind: "opened" });
    await at.pass(2_000);
    expect((await at.entries("passage")).map(({ state, detail }) => [state, detail["why"], detail["operator"], detail["sale"]])).toEqual([
      ["prepared", "staff", "op-7", undefined],
      ["done", "staff", "op-7", undefined],
    ]);
    expect(at.alarms()).toEqual(["staff-release"]);
    expect(await at.clock.resolve(at.gates.staffRelease("nowhere", "op-7"))).toEqual({ kind: "refused" });
    // Somebody is being served.
    at.lane().reader.insert(new FakeCard("A"));
    await at.pass(50);
    expect(await at.clock.resolve(at.gates.staffRelease("a", "op-7"))).toEqual({ kind: "refused" });
  });

  test("a fire opens every lane while the service is dead, before anything is recorded", async () => {
    const at = await station({ lanes: TWO_LANES });
    at.cutPower();
    for (const { gate } of at.lanes) gate.fireLoop.set(true);
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([true, true]);
  });

  test("a fire that the hardware sees releases every lane, is told and recorded, and charges nobody", async () => {
    const at = await station({ lanes: TWO_LANES });
    at.lane("b").gate.fireLoop.set(true);
    await at.pass(1_000);
    expect(at.gates.lanes.map(({ state }) => state)).toEqual(["released", "released"]);
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([true, true]);
    expect(at.lane("a").gate.passages[0]?.direction).toBe("exit");
    expect(at.alarms()).toEqual(["fire", "fire"]);
    const card = new FakeCard("A");
    await at.tap(card);
    expect(await at.entries("quick-payment")).toEqual([]);
    // Nobody can take the release back while it burns.
    await at.clock.resolve(at.gates.serve());
    await at.pass(2_000);
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([true, true]);
    at.lane("b").gate.fireLoop.set(false);
    await at.pass(1_000);
    await at.clock.resolve(at.gates.serve());
    await at.pass(2_000);
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([false, false]);
    expect((await at.entries("operation")).map(({ detail }) => [detail["operation"], detail["why"]])).toEqual([
      ["gate-release", "fire"],
      ["gate-serve", undefined],
    ]);
    await at.tap(card);
    expect(at.lane("a").gate.passages.at(-1)?.passage).toBe("passed");
  });

  test("a release that is told over the service names who told it", async () => {
    const at = await station({ lanes: TWO_LANES });
    await at.clock.resolve(at.gates.release("staff", "op-7"));
    await at.pass(500);
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([true, true]);
    expect((await at.entries("operation"))[0]?.detail).toEqual({ operation: "gate-release", why: "staff", lanes: ["a", "b"], operator: "op-7" });
    await at.clock.resolve(at.gates.stop());
    expect(at.lanes.map(({ gate }) => gate.isOpen)).toEqual([false, false]);
  });

  test("a debit under way when it burns is finished, and its holder keeps the right to pass", async () => {
    const at = await station({ lanes: [{ mode: "single" }] });
    const card = new FakeCard("A");
    at.lane().reader.insert(card);
    for (let ms = 0; ms < 300 && card.charges.length === 0; ms += 1) await at.pass(1);
    await at.clock.resolve(at.gates.release("fire"));
    await at.pass(1_000);
    at.lane().reader.remove();
    expect(at.gates.lanes[0]?.state).toBe("released");
    await at.clock.resolve(at.gates.serve());
    await at.pass(1_000);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts().at(-1)).toBe("go-again");
  });
});
