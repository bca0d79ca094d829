/* Journeys that a tariff prices: what a gate asks the card, what is taken and written, and what the record says of it. */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { parseTripRecord } from "../../card/transit/records.ts";
import { isTripOf } from "../../card/transit/trip-file.ts";
import type { JournalEntry } from "../journal/types.ts";
import type { ReviewedCard, RiskGuard } from "../risk/guard.ts";
import { runQuickPayment } from "./run.ts";
import type { Tariff } from "./tariff.ts";
import { BALANCE, BUS_RECORD, FARE, filling, type GateScene, gateScene, listen, passage, tapGate, testGate } from "./testing/gates.ts";
import { TEST_LIMITS } from "./testing.ts";

const SELECT = "00a40400";
const LOG = "00b201c4";
const REGION = "00b09700";
const TRIP = "00b201f4";
const RIDER = "00b201d4";
const INITIALIZE = "80500302";
const WRITE_TRIP = "80dc00f0";
const WRITE_RIDER = "80dc01d4";
const DEBIT = "80540100";
const KNOWN_TAP = [SELECT, LOG, TRIP, INITIALIZE, WRITE_TRIP, DEBIT];

async function entriesOf({ place }: GateScene): Promise<readonly JournalEntry[]> {
  return place.clock.resolve(place.entries());
}

/** What a file of the card holds, newest first. */
function written({ card }: GateScene, file: string): readonly string[] {
  return card.toSnapshot().memory.purse?.written?.[file] ?? [];
}

function ofCard(sent: readonly string[]): readonly string[] {
  return sent.filter((each) => !each.startsWith("module"));
}

describe("a gate of T-Union", () => {
  test("lets in for nothing and out for the fare, and each record stands on the card and in the journal", async () => {
    const scene = await gateScene();
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "paid", verified: true, amount: 0, balanceAfter: BALANCE });
    expect(await tapGate(scene, passage("out", testGate("exit")))).toMatchObject({ kind: "paid", verified: true, amount: FARE, balanceAfter: BALANCE - FARE });
    const [exit, entry] = written(scene, "001e");
    const entries = await entriesOf(scene);
    expect(entries.map(({ state, amount }) => [state, amount])).toEqual([
      ["prepared", 0],
      ["done", 0],
      ["prepared", FARE],
      ["done", FARE],
    ]);
    expect(entries[1]?.detail).toMatchObject({
      industryFile: 0x1e,
      industryBy: "identifier",
      industryRecord: 0,
      industryData: entry,
      tariff: { ride: "entry", rows: ["flat"] },
    });
    expect(entries[3]?.detail).toMatchObject({ industryData: exit, tariff: { ride: "exit", rows: ["flat"] } });
    expect(parseTripRecord(fromHex(exit ?? ""))).toMatchObject({ type: 4, amount: FARE, balance: BALANCE - FARE });
  });

  test("the intent says what the tariff has said, and not yet what will be written", async () => {
    const scene = await gateScene();
    await tapGate(scene, passage("in", testGate("entry")));
    const [intent] = await entriesOf(scene);
    expect(intent?.detail).toMatchObject({ purse: "compound", type: "09", tariff: { ride: "entry" } });
    expect(intent?.detail).not.toHaveProperty("industryData");
  });

  test("a known card costs six commands to get in and six to get out, and its region is read once", async () => {
    const scene = await gateScene();
    const sent = listen(scene.place);
    await tapGate(scene, passage("in", testGate("entry")));
    expect(ofCard(sent)).toEqual([SELECT, LOG, REGION, TRIP, INITIALIZE, WRITE_TRIP, DEBIT]);
    for (const [reference, way] of [
      ["out", "exit"],
      ["in again", "entry"],
    ] as const) {
      sent.length = 0;
      await tapGate(scene, passage(reference.replace(" ", "-"), testGate(way)));
      expect(ofCard(sent)).toEqual(KNOWN_TAP);
    }
  });

  test("the operator's own record costs one command more to read and one to write, and is found again where it was", async () => {
    const scene = await gateScene();
    const sent = listen(scene.place);
    const gate = testGate("entry", { riderRecord: BUS_RECORD });
    await tapGate(scene, passage("in", gate));
    expect(gate.seen[0]?.riderRecord).toEqual(new Uint8Array(126));
    sent.length = 0;
    const out = testGate("exit", { riderRecord: BUS_RECORD });
    await tapGate(scene, passage("out", out));
    expect(ofCard(sent)).toEqual([SELECT, LOG, TRIP, RIDER, INITIALIZE, WRITE_TRIP, WRITE_RIDER, DEBIT]);
    expect(out.seen[0]?.riderRecord).toEqual(new Uint8Array(126).fill(filling("entry")));
    const record = `${BUS_RECORD}${toHex(new Uint8Array(126).fill(filling("exit")))}`;
    expect(written(scene, "001a")).toEqual([record]);
    const done = (await entriesOf(scene)).at(-1);
    expect(done?.detail["industryMore"]).toEqual([{ file: 0x1a, by: "number", record: 1, data: record }]);
  });

  test("a card without the operator's record travels without one", async () => {
    const scene = await gateScene();
    const gate = testGate("entry", { riderRecord: "2801" });
    expect(await tapGate(scene, passage("in", gate))).toMatchObject({ kind: "paid" });
    expect(gate.seen[0]?.riderRecord).toBeUndefined();
    expect((await entriesOf(scene)).at(-1)?.detail).not.toHaveProperty("industryMore");
  });

  test("the tariff is shown the card: its type, issuer, name and newest journey", async () => {
    const scene = await gateScene({ purse: { transitCardType: 3 } });
    const [entry, exit] = [testGate("entry"), testGate("exit")];
    await tapGate(scene, passage("in", entry));
    await tapGate(scene, passage("out", exit));
    const { serialHex, issuerHex } = scene.card.personalization.purse;
    expect(entry.seen).toEqual([{ scheme: "t-union", cardName: serialHex, issuer: issuerHex, cardType: 3, trip: undefined, riderRecord: undefined }]);
    expect(exit.seen[0]?.trip).toMatchObject({ type: 3, balance: BALANCE, amount: 0 });
  });

  test("what is written is told the holder's own money, without the overdraft", async () => {
    const scene = await gateScene({ purse: { overdraftLimitFen: 700 } });
    const gate = testGate("entry");
    await tapGate(scene, passage("in", gate));
    const [{ date, time, terminalNumber, balance } = { date: "", time: "", terminalNumber: "", balance: 0 }] = gate.written;
    expect(balance).toBe(BALANCE);
    const [entry] = written(scene, "001e");
    const trip = parseTripRecord(fromHex(entry ?? ""));
    expect(trip !== undefined && trip !== "unwritten" && isTripOf(trip, { date, time, terminalNumber })).toBe(true);
    const done = (await entriesOf(scene)).at(-1);
    expect(done?.detail).toMatchObject({ date, time, terminalNumber });
  });

  test.each([
    [BALANCE, "paid"],
    [BALANCE + 1, "refused"],
  ])("a journey that needs %i on the purse is %s", async (minimumBalance, kind) => {
    const scene = await gateScene();
    const outcome = await tapGate(scene, passage("in", testGate("entry", { minimumBalance })));
    expect(outcome).toMatchObject(kind === "paid" ? { kind } : { kind, reason: "balance-too-low" });
    const states = (await entriesOf(scene)).map(({ state }) => state);
    expect([states.at(-1), scene.card.debits.length]).toEqual(kind === "paid" ? ["done", 1] : ["refused", 0]);
  });

  test("a fare that the purse does not hold is refused by the card, and nothing is written", async () => {
    const scene = await gateScene({ card: { balanceFen: FARE - 1 } });
    await tapGate(scene, passage("in", testGate("entry")));
    expect(await tapGate(scene, passage("out", testGate("exit")))).toMatchObject({ kind: "refused", reason: "insufficient-funds" });
    expect([written(scene, "001e").length, scene.card.debits.length]).toEqual([1, 1]);
  });

  test.each([
    ["entry-twice", "entry", "entry"],
    ["exit-without-entry", "exit", undefined],
  ] as const)("%s: the tariff's word is the answer, and the card is asked for nothing more", async (reason, way, before) => {
    const scene = await gateScene();
    if (before !== undefined) await tapGate(scene, passage("before", testGate(before)));
    const sent = listen(scene.place);
    expect(await tapGate(scene, passage("now", testGate(way)))).toEqual({ kind: "refused", reason });
    expect(sent.at(-1)).toBe(TRIP);
    expect((await entriesOf(scene)).length).toBe(before === undefined ? 0 : 2);
  });
});

describe("another city's card", () => {
  const foreign = { card: { regionCode: "990200" } } as const;

  test("travels where it is open to others", async () => {
    expect(await tapGate(await gateScene(foreign), passage("in", testGate("entry")))).toMatchObject({ kind: "paid" });
  });

  test("is refused where it is not, and at its next tap without reading its region again", async () => {
    const scene = await gateScene({ ...foreign, purse: { interoperable: false } });
    const sent = listen(scene.place);
    const gate = testGate("entry");
    for (const reference of ["a", "b"]) expect(await tapGate(scene, passage(reference, gate))).toEqual({ kind: "refused", reason: "not-interoperable" });
    expect(sent).toEqual([SELECT, LOG, REGION, SELECT, LOG]);
    expect([gate.seen, await entriesOf(scene)]).toEqual([[], []]);
  });

  test("of its own city travels whatever it says of others", async () => {
    expect(await tapGate(await gateScene({ purse: { interoperable: false } }), passage("in", testGate("entry")))).toMatchObject({ kind: "paid" });
  });
});

describe("the housing ministry's card", () => {
  test.each(["withoutMaximumTime", "shortAcquirer"] as const)("keeps its journey in the rail record (%s)", async (housingTripLayout) => {
    const scene = await gateScene({ purse: { transit: "housing" }, place: { profile: { housingTripLayout } } });
    const sent = listen(scene.place);
    const entry = testGate("entry", { riderRecord: BUS_RECORD });
    expect(await tapGate(scene, passage("in", entry))).toMatchObject({ kind: "paid", verified: true, amount: 0 });
    const housingTap = [SELECT, SELECT, SELECT, LOG, "80ca0000", "00b202b8", INITIALIZE, "80dc02b8", DEBIT];
    expect(ofCard(sent)).toEqual(housingTap);
    expect(entry.seen[0]).toMatchObject({ scheme: "housing", cardType: 0, trip: undefined, riderRecord: undefined });
    sent.length = 0;
    const exit = testGate("exit");
    expect(await tapGate(scene, passage("out", exit))).toMatchObject({ kind: "paid", amount: FARE });
    expect(ofCard(sent)).toEqual(housingTap);
    expect(exit.seen[0]?.trip).toMatchObject({ type: 3, place: "00120034", city: "9901", balance: BALANCE });
    expect((await entriesOf(scene)).at(-1)?.detail).toMatchObject({ industryFile: 0x17, industryBy: "identifier", industryRecord: 2 });
  });

  test("a rail record of another form is told to its holder, who is not asked for the card again", async () => {
    const scene = await gateScene({ purse: { transit: "housing" } });
    const bad = `0211${"5a".repeat(46)}`;
    const { purse: _, ...request } = passage("fixed", testGate("entry"));
    const record = { file: 0x17, by: "identifier", record: 0x02, data: fromHex(bad) } as const;
    expect(await tapGate(scene, { ...request, purse: { kind: "compound", record } })).toMatchObject({ kind: "paid" });
    expect(await tapGate(scene, passage("in", testGate("entry")))).toEqual({ kind: "refused", reason: "trip-unreadable" });
  });
});

test("a place that prices no journeys offers none", async () => {
  const scene = await gateScene();
  const bare = await tapGate(scene, passage("in", testGate("entry")), ({ transit: _, ...ports }) => ports);
  expect(bare).toEqual({ kind: "refused", reason: "purse-not-offered" });
});

describe("lists and limits", () => {
  const guard = (answers: Partial<RiskGuard>, asked: unknown[] = []): RiskGuard => ({
    review: (card) => {
      asked.push(card);
      return answers.review?.(card) ?? { kind: "clear" };
    },
    take: (card, amount) => {
      asked.push([card, amount]);
      return answers.take?.(card, amount) ?? { kind: "taken", became: () => undefined };
    },
  });

  test("know the card by name and issuer, and the sale by the amount that the tariff has said", async () => {
    const scene = await gateScene();
    const asked: unknown[] = [];
    const change = (ports: Parameters<typeof runQuickPayment>[0]) => ({ ...ports, guard: guard({}, asked) });
    await tapGate(scene, passage("in", testGate("entry")), change);
    await tapGate(scene, passage("out", testGate("exit")), change);
    const { serialHex: name, issuerHex: issuer } = scene.card.personalization.purse;
    const card: ReviewedCard = { purse: "compound", name, issuer };
    expect(asked).toEqual([card, [card, 0], card, [card, FARE]]);
  });

  test("do not stand against what is owed: an exit is charged whatever they say, and an entry is not begun under them", async () => {
    const scene = await gateScene();
    const full = guard({ review: () => ({ kind: "refused", reason: "lease-expired" }), take: () => ({ kind: "refused", reason: "card-sum-limit" }) });
    const localRules = async () => ({ kind: "refused", reason: "statement-due" }) as const;
    const strict = (ports: Parameters<typeof runQuickPayment>[0]) => ({ ...ports, guard: full, localRules });
    expect(await tapGate(scene, passage("in", testGate("entry")), strict)).toEqual({ kind: "refused", reason: "lease-expired" });
    expect(await tapGate(scene, passage("in", testGate("entry")), (ports) => ({ ...ports, localRules }))).toEqual({ kind: "refused", reason: "statement-due" });
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "paid" });
    const exit = testGate("exit");
    expect(await tapGate(scene, passage("out", exit), strict)).toEqual({ kind: "refused", reason: "lease-expired" });
    const quote: Tariff["quote"] = (view) => {
      const quoted = exit.quote(view);
      return quoted.kind === "charge" ? { ...quoted, isOwed: true } : quoted;
    };
    expect(await tapGate(scene, passage("out", { ...exit, quote }), strict)).toMatchObject({ kind: "paid", amount: FARE });
  });

  test("a listed card is told no price", async () => {
    const scene = await gateScene();
    const gate = testGate("entry");
    const refusing = guard({ review: () => ({ kind: "refused", reason: "card-listed" }) });
    expect(await tapGate(scene, passage("in", gate), (ports) => ({ ...ports, guard: refusing }))).toEqual({ kind: "refused", reason: "card-listed" });
    expect([gate.seen, await entriesOf(scene)]).toEqual([[], []]);
  });

  test.each([
    [FARE, "paid"],
    [FARE - 1, "refused"],
  ])("a place that sells up to %i: an exit is %s, an entry is let in", async (amountPerSaleFen, kind) => {
    const scene = await gateScene();
    const limits = { ...TEST_LIMITS, risk: { ...TEST_LIMITS.risk, amountPerSaleFen: fen(amountPerSaleFen) } };
    const tap = (reference: string, way: "entry" | "exit") =>
      scene.place.clock.resolve(runQuickPayment(scene.place.ports, passage(reference, testGate(way)), limits));
    expect(await tap("in", "entry")).toMatchObject({ kind: "paid" });
    expect(await tap("out", "exit")).toMatchObject(kind === "paid" ? { kind } : { kind, reason: "amount-limit" });
    expect(scene.card.debits.length).toBe(kind === "paid" ? 2 : 1);
  });
});

describe("the module works while the card takes the records", () => {
  /** A gate whose module has found the level of its keys. */
  async function warm(): Promise<GateScene> {
    const scene = await gateScene();
    await tapGate(scene, passage("warm-up", testGate("entry")));
    return scene;
  }

  test("INIT SAM FOR PURCHASE is sent before the card has answered UPDATE CAPP DATA CACHE", async () => {
    const scene = await warm();
    const sent = listen(scene.place);
    await tapGate(scene, passage("out", testGate("exit")));
    const at = sent.indexOf(INITIALIZE);
    expect(new Set(sent.slice(at + 1, at + 3))).toEqual(new Set([WRITE_TRIP, "module 80700000"]));
    expect(sent.slice(at + 3)).toEqual([DEBIT, "module 80720000"]);
  });

  test("a slow card costs less than it is slow, because the module did not wait for it", async () => {
    const slowMs = 40;
    const times: number[] = [];
    for (const faults of [{}, { slowInstruction: { ins: 0xdc, extraMs: slowMs } }]) {
      const scene = await warm();
      scene.card.setFaults(faults);
      const before = scene.place.clock.monotonicMs();
      await tapGate(scene, passage("out", testGate("exit")));
      times.push(scene.place.clock.monotonicMs() - before);
    }
    const [plain = 0, slow = 0] = times;
    expect(slow).toBeGreaterThan(plain);
    expect(slow - plain).toBeLessThan(slowMs);
  });

  test("a card that leaves while it takes the record gives the module back for its return", async () => {
    const scene = await gateScene();
    const { place, card } = scene;
    let torn = false;
    place.plan(({ to, instruction }) => {
      if (torn || to !== "card" || instruction !== 0xdc) return { kind: "ok" };
      torn = true;
      return { kind: "tear", at: "during" };
    });
    const tapping = tapGate(scene, passage("in", testGate("entry")));
    await place.clock.runUntil(place.clock.monotonicMs() + 5_000, () => place.reader.card === undefined);
    place.reader.insert(card);
    expect(await tapping).toMatchObject({ kind: "paid", verified: true });
    expect((await entriesOf(scene)).map(({ state }) => state)).toEqual(["prepared", "void", "prepared", "done"]);
  });

  test("a record that the card does not take ends the sale, and the module serves the next", async () => {
    const scene = await gateScene();
    const { purse: _, ...request } = passage("fixed", testGate("entry"));
    const record = { file: 0x1e, by: "identifier", record: 0x00, data: new Uint8Array(47) } as const;
    expect(await tapGate(scene, { ...request, purse: { kind: "compound", record } })).toMatchObject({ kind: "refused", statusWord: 0x6700 });
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "paid", verified: true });
  });

  test("a module that does not answer ends the sale before the debit", async () => {
    const scene = await gateScene();
    scene.place.plan(({ to, instruction }) => (to === "module" && instruction === 0x70 ? { kind: "hang" } : { kind: "ok" }));
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "refused", reason: "reader-hung" });
    expect(scene.card.debits).toEqual([]);
    scene.place.plan(() => ({ kind: "ok" }));
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "paid", verified: true });
  });

  test("a sale that a limit ends uses up no number of the module", async () => {
    const scene = await warm();
    const sent = listen(scene.place);
    const full: RiskGuard = { review: () => ({ kind: "clear" }), take: () => ({ kind: "refused", reason: "card-sum-limit" }) };
    const outcome = await tapGate(scene, passage("out", testGate("exit")), (ports) => ({ ...ports, guard: full }));
    expect(outcome).toEqual({ kind: "refused", reason: "card-sum-limit" });
    expect(sent.filter((each) => each.startsWith("module"))).toEqual([]);
    expect(await tapGate(scene, passage("out", testGate("exit")))).toMatchObject({ kind: "paid", verified: true });
  });

  test("the card may leave as soon as it has answered the debit", async () => {
    const scene = await gateScene();
    const { place } = scene;
    place.plan(({ to, instruction }) => {
      if (to === "module" && instruction === 0x72) place.reader.remove();
      return { kind: "ok" };
    });
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
    expect(place.reader.card).toBeUndefined();
  });
});
