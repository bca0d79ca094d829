/*
 * Goal: an entry or an exit that is torn anywhere, by its card or by a power cut, ends as one durable journey or as none.
 * Method: a passage is run once to count its commands; then again for each of them, torn before, during and after what the card does. The
 * card's own memory is the truth: its debits, its money, and the record of the journey.
 */
import { describe, expect, test } from "vitest";
import type { PurseOptions } from "../../../simulators/card/purse/make.ts";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { parseHousingRecord, parseTripRecord } from "../../card/transit/records.ts";
import { isTripOf, parseHousingTrip } from "../../card/transit/trip-file.ts";
import type { TripRecord } from "../../card/transit/types.ts";
import type { JournalEntry } from "../journal/types.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { runQuickPayment } from "./run.ts";
import { BALANCE, BUS_RECORD, FARE, type GateOptions, type GateScene, gateScene, passage, tapGate, testGate } from "./testing/gates.ts";
import { type CommandFate, type CommandInfo, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

type Way = "entry" | "exit";

interface Setting {
  readonly purse: PurseOptions;
  readonly gate: GateOptions;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  "T-Union": { purse: { transit: "t-union" }, gate: {} },
  "T-Union, entries not logged": { purse: { transit: "t-union", entriesUnlogged: true }, gate: {} },
  "T-Union with the operator's record": { purse: { transit: "t-union" }, gate: { riderRecord: BUS_RECORD } },
  "the housing ministry": { purse: { transit: "housing" }, gate: {} },
  "the housing ministry, entries not logged": { purse: { transit: "housing", entriesUnlogged: true }, gate: {} },
};

const TABLE = Object.entries(SETTINGS).flatMap(([name, setting]) => (["entry", "exit"] as const).map((way) => [`${way}, ${name}`, way, setting] as const));

/** A card on its way in or out, whose earlier passage the place has seen: it still proves that one. */
async function scene(way: Way, { purse, gate }: Setting): Promise<GateScene> {
  const made = await gateScene({ purse });
  await tapGate(made, passage("in0", testGate("entry", gate)));
  if (way === "entry") await tapGate(made, passage("out0", testGate("exit", gate)));
  return made;
}

function request(way: Way, { gate }: Setting, reference = "now") {
  return passage(reference, testGate(way, gate));
}

/** Starts a passage, and tells what became of it as far as it has. */
function begin({ place }: GateScene, way: Way, setting: Setting, options: { readonly reference?: string; readonly returnTimeoutMs?: number } = {}) {
  const ended: { outcome?: QuickPaymentOutcome } = {};
  const { reference, returnTimeoutMs = TEST_LIMITS.returnTimeoutMs } = options;
  void runQuickPayment(place.ports, request(way, setting, reference), { ...TEST_LIMITS, returnTimeoutMs }).then((outcome) => {
    ended.outcome = outcome;
  });
  return ended;
}

/** Runs until the answer; a card that has left comes back a moment later. */
async function finish({ place, card }: GateScene, ended: { readonly outcome?: QuickPaymentOutcome }): Promise<QuickPaymentOutcome | undefined> {
  for (let returns = 0; returns < 4 && ended.outcome === undefined; returns += 1) {
    await place.clock.runUntil(place.clock.monotonicMs() + 120_000, () => ended.outcome !== undefined || place.reader.card === undefined);
    if (place.reader.card === undefined) {
      await place.clock.runUntil(place.clock.monotonicMs() + 300);
      place.reader.insert(card);
    }
  }
  return ended.outcome;
}

/** How many commands a passage has, to card and module, and which of them go to the card. */
async function countCommands(way: Way, setting: Setting): Promise<{ readonly all: number; readonly card: number }> {
  const made = await scene(way, setting);
  let card = 0;
  const before = made.place.commands;
  made.place.plan(({ to }) => {
    if (to === "card") card += 1;
    return { kind: "ok" };
  });
  await tapGate(made, request(way, setting));
  return { all: made.place.commands - before, card };
}

/** Befalls one command of those that `isCounted`, counted from now. */
function befall({ place }: GateScene, index: number, fate: CommandFate, isCounted: (info: CommandInfo) => boolean): void {
  let at = 0;
  place.plan((info) => {
    if (!isCounted(info)) return { kind: "ok" };
    at += 1;
    return at - 1 === index ? fate : { kind: "ok" };
  });
}

/** The newest journey as it stands on the card. */
function newestTrip({ card }: GateScene): { readonly hex: string; readonly trip: TripRecord } {
  const written = card.toSnapshot().memory.purse?.written ?? {};
  const hex = written["001e"]?.[0] ?? written["0017"]?.[1] ?? "";
  const housing = parseHousingRecord(fromHex(hex));
  const trip =
    written["001e"] === undefined && housing !== undefined && housing !== "unwritten"
      ? parseHousingTrip(housing, "withoutMaximumTime")
      : parseTripRecord(fromHex(hex));
  if (trip === undefined || trip === "unwritten") throw new Error("the card holds a journey");
  return { hex, trip };
}

async function subjects({ place }: GateScene): Promise<readonly (readonly JournalEntry[])[]> {
  const bySubject = new Map<string, JournalEntry[]>();
  for (const entry of await place.clock.resolve(place.entries())) bySubject.set(entry.subject, [...(bySubject.get(entry.subject) ?? []), entry]);
  return [...bySubject.values()];
}

/** Passages that every scene begins with, and the money they took. */
function earlier(way: Way): { readonly count: number; readonly fen: number } {
  return way === "entry" ? { count: 2, fen: FARE } : { count: 1, fen: 0 };
}

/** One more journey than before: on the card, in its money, and in the journal, which knows the card's own record of it. */
async function expectOneJourney(made: GateScene, way: Way): Promise<void> {
  const { place, card } = made;
  const before = earlier(way);
  const all = await subjects(made);
  const done = all.filter((entries) => entries.at(-1)?.state === "done");
  expect(all.filter((entries) => !["done", "void", "refused"].includes(entries.at(-1)?.state ?? ""))).toEqual([]);
  expect([done.length, card.debits.length]).toEqual([before.count + 1, before.count + 1]);
  expect(card.balanceFen).toBe(BALANCE - before.fen - (way === "exit" ? FARE : 0));
  const last = done.at(-1)?.at(-1);
  const { hex, trip } = newestTrip(made);
  expect(isTripOf(trip, pick(last))).toBe(true);
  expect(last?.detail).toMatchObject({ industryData: hex, tariff: { ride: way } });
  expect(await place.clock.resolve(place.journal.openSubjects({ limit: 10 }))).toEqual([]);
}

function pick(entry: JournalEntry | undefined): { readonly date: string; readonly time: string; readonly terminalNumber: string } {
  const { date, time, terminalNumber } = entry?.detail ?? {};
  return { date: String(date), time: String(time), terminalNumber: String(terminalNumber) };
}

const onCard = ({ to }: CommandInfo) => to === "card";
const POINTS = ["before", "during", "after"] as const;

describe.each(TABLE)("%s", (_, way, setting) => {
  test.each(POINTS)("torn %s each command of the card, which comes back: one journey, proved", async (at) => {
    const { card } = await countCommands(way, setting);
    expect(card).toBeGreaterThanOrEqual(6);
    for (let index = 0; index < card; index += 1) {
      const made = await scene(way, setting);
      befall(made, index, { kind: "tear", at }, onCard);
      expect(await finish(made, begin(made, way, setting))).toMatchObject({ kind: "paid", verified: true, proof: "psam", amount: way === "exit" ? FARE : 0 });
      await expectOneJourney(made, way);
    }
  });

  test.each(POINTS)("the debit torn %s, and its holder comes back under another name: one journey or none is open", async (at) => {
    const made = await scene(way, setting);
    const { place, card } = made;
    place.tearDebit(at, "compound");
    const torn = begin(made, way, setting, { returnTimeoutMs: 400 });
    await place.clock.runUntil(place.clock.monotonicMs() + 60_000, () => torn.outcome !== undefined);
    expect(torn.outcome).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
    place.reader.insert(card);
    const next = await finish(made, begin(made, way, setting, { reference: "next" }));
    // The tariff sees what the card says: whoever got through is told so, and nobody pays twice.
    const through = way === "entry" ? "entry-twice" : "exit-without-entry";
    expect(next).toMatchObject(at === "after" ? { kind: "refused", reason: through } : { kind: "paid", verified: true });
    await expectOneJourney(made, way);
  });

  test.each(["before", "after"] as const)("power cut %s each command to card and module: one journey after the restart", async (when) => {
    const { all } = await countCommands(way, setting);
    for (let index = 0; index < all; index += 1) {
      const made = await scene(way, setting);
      befall(made, index, { kind: "power-cut", when }, () => true);
      await expectHealed(made, way, setting);
    }
  });

  test.each(POINTS)("power cut %s each commit: one journey after the restart", async (when) => {
    const counted = await scene(way, setting);
    let commits = 0;
    counted.place.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await tapGate(counted, request(way, setting));
    expect(commits).toBe(2);
    for (let at = 1; at <= commits; at += 1) {
      const made = await scene(way, setting);
      let seen = 0;
      made.place.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await expectHealed(made, way, setting);
    }
  });
});

/** The cut comes; the same passage is taken up by a new life and ends paid, once. */
async function expectHealed(made: GateScene, way: Way, setting: Setting): Promise<void> {
  const { place } = made;
  const cut = begin(made, way, setting);
  await place.clock.runUntil(place.clock.monotonicMs() + 120_000, () => cut.outcome !== undefined || !place.on);
  // What was sent before the cut reaches card or module all the same.
  await place.clock.runUntil(place.clock.monotonicMs() + 500);
  expect(place.on).toBe(false);
  place.cutPower();
  place.plan(() => ({ kind: "ok" }));
  place.disk.onCommit(() => ({ kind: "go" }));
  const ports = await place.clock.resolve(place.switchOn());
  await place.clock.resolve(recoverAtStart(ports));
  expect(await finish(made, begin(made, way, setting))).toMatchObject({ kind: "paid", amount: way === "exit" ? FARE : 0 });
  await expectOneJourney(made, way);
}

describe("a witness that is needed", () => {
  test("an entry that the card does not log is proved by its record alone, with the codes where its number is known", async () => {
    const setting: Setting = { purse: { transit: "t-union", entriesUnlogged: true }, gate: {} };
    const made = await scene("entry", setting);
    made.place.tearDebit("after", "compound");
    await finish(made, begin(made, "entry", setting));
    const done = (await subjects(made)).at(-1)?.at(-1);
    expect(done?.detail).toMatchObject({ proof: "psam", tac: made.card.debits.at(-1)?.tac });
  });

  test("after a power cut its number is not known: the record stands on the card's word, and the trip is read back from it", async () => {
    const setting: Setting = { purse: { transit: "t-union", entriesUnlogged: true }, gate: {} };
    const made = await scene("entry", setting);
    befall(made, 0, { kind: "power-cut", when: "after" }, ({ to, instruction }) => to === "card" && instruction === 0x54);
    await expectHealed(made, "entry", setting);
    const done = (await subjects(made)).at(-1)?.at(-1);
    expect(done?.detail).toMatchObject({ proof: "log-only", unverified: true, industryFile: 0x1e });
    expect(done?.detail).not.toHaveProperty("tac");
  });

  test("an exit after a power cut has its proof from the log and its trip from the card", async () => {
    const setting: Setting = { purse: { transit: "housing" }, gate: {} };
    const made = await scene("exit", setting);
    befall(made, 0, { kind: "power-cut", when: "after" }, ({ to, instruction }) => to === "card" && instruction === 0x54);
    await expectHealed(made, "exit", setting);
    const done = (await subjects(made)).at(-1)?.at(-1);
    expect(done?.detail).toMatchObject({ proof: "log", tac: made.card.debits.at(-1)?.tac, industryFile: 0x17 });
  });

  test("a tap of the e-purse proves a torn entry too", async () => {
    const setting: Setting = { purse: { transit: "t-union", entriesUnlogged: true }, gate: {} };
    const made = await scene("entry", setting);
    const { place, card } = made;
    place.tearDebit("after", "compound");
    const torn = begin(made, "entry", setting, { returnTimeoutMs: 400 });
    await place.clock.runUntil(place.clock.monotonicMs() + 60_000, () => torn.outcome !== undefined);
    place.reader.insert(card);
    expect(await tapGate(made, { reference: "shop", amount: fen(100) })).toMatchObject({ kind: "paid", verified: true });
    const states = (await subjects(made)).map((entries) => entries.map(({ state }) => state).join(" "));
    expect(states.slice(2)).toEqual(["prepared unknown done", "prepared done"]);
  });
});
