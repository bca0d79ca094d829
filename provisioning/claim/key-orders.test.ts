/* What becomes of key-loading orders, first as words, then with modules that are asked. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import { SILENT } from "../../device/base/log.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { testKeyGuard } from "../../device/config/test-key-guard.ts";
import { makeTestPsam, type TestPsamOptions } from "../../simulators/psam/make.ts";
import { makeSamReader, type SimulatedReader } from "../../simulators/reader/in-process.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { compareKeyLoads, KEY_STATES, keyName, keyPlaceOf, type Seen, type ToldModule, whyRefused } from "./key-orders.ts";
import { KeyWatch } from "./key-watch.ts";
import { type KeyLoad, keyLoadsOf } from "./messages.ts";
import { suite } from "./testing.ts";

const GUARD = testKeyGuard(suite);
const OWN = "330100000042";
const OTHER = "330100000043";
const IRK: KeyLoad = { place: "psam", name: "irk-sm4", check: undefined };
const IRK_AT = keyName(keyPlaceOf(IRK) ?? { algorithm: "sm4", type: 0, keyId: 0 });

const module = (change: Partial<ToldModule> = {}): ToldModule => ({
  number: OWN,
  applications: ["purse", "social-sm4"],
  keys: new Map([[IRK_AT, { level: 3, sample: fromHex("0a0b0c0d0e0f") }]]),
  ...change,
});
const seen = (change: Partial<Seen> = {}): Seen => ({ modules: [module()], absent: false, padMasterCheck: undefined, ...change });
const order = (change: object): KeyLoad => ({ place: "psam", name: "module", check: undefined, ...change });

/** What becomes of one order. */
function state(load: KeyLoad, what: Partial<Seen> = {}, judging: { readonly nowMs?: number; readonly production?: true } = {}) {
  const [row] = compareKeyLoads([load], seen(what), { nowMs: judging.nowMs, guard: judging.production === true ? GUARD : undefined });
  return row?.state;
}

describe("an order for a module", () => {
  test("is carried out when the module with its number is there", () => {
    expect(state(order({ module: OWN }))).toBe("as-ordered");
    expect(state(order({ module: OTHER }))).toBe("other-module");
    expect(state(order({ module: OWN }), { modules: [], absent: true })).toBe("module-absent");
    expect(state(order({ module: OWN }), { modules: [] })).toBe("not-told");
    expect(state(order({}), {})).toBe("as-ordered");
  });

  test("names as many of the modules that are there instead as a status has room for", () => {
    const many = Array.from({ length: 64 }, (_, at) => module({ number: String(330_100_000_100 + at) }));
    const [row] = compareKeyLoads([order({ module: OWN })], seen({ modules: many }), { nowMs: undefined, guard: undefined });
    expect(row).toMatchObject({ state: "other-module", detail: expect.stringMatching(/^(?:\d{12} ){9}\d{12}$/) });
  });

  test("of which one is there and a stranger beside it names the stranger", () => {
    const both = [module(), module({ number: OTHER })];
    const rows = compareKeyLoads([order({ module: OWN })], seen({ modules: both }), { nowMs: undefined, guard: undefined });
    expect(rows.map((row) => [row.name, row.state, row.detail])).toEqual([
      ["module", "as-ordered", undefined],
      ["module", "other-module", OTHER],
    ]);
    // Two lanes with a module each that were both ordered are no strangers.
    const orders = [order({ module: OWN }), order({ module: OTHER })];
    expect(compareKeyLoads(orders, seen({ modules: both }), { nowMs: undefined, guard: undefined }).map((row) => row.state)).toEqual([
      "as-ordered",
      "as-ordered",
    ]);
  });
});

describe("an order for a key", () => {
  test.each<[object, string]>([
    [{ name: "purse" }, "as-ordered"],
    [{ name: "social-3des" }, "not-loaded"],
    [{ name: "purse", check: "0a0b0c" }, "not-told"],
    [{ name: "irk-sm4" }, "as-ordered"],
    [{ name: "irk-sm4", level: 3 }, "as-ordered"],
    [{ name: "irk-sm4", level: 2 }, "wrong-level"],
    [{ name: "irk-sm4", index: 8 }, "as-ordered"],
    [{ name: "irk-sm4", index: 9 }, "not-loaded"],
    [{ name: "irk-sm4", check: "0A0B0C" }, "as-ordered"],
    [{ name: "irk-sm4", check: "0a0b0c0d0e0f1011" }, "as-ordered"],
    [{ name: "irk-sm4", check: "0a0b0d" }, "wrong-check"],
    [{ name: "irk-sm4", check: "0a0b0d", module: OTHER }, "other-module"],
    [{ name: "irk-3des" }, "not-loaded"],
    [{ name: "dpk-sm4" }, "not-told"],
    [{ name: "something" }, "not-told"],
    [{ place: "pin-pad", name: "master" }, "not-told"],
    [{ place: "pin-pad", name: "pin", check: "0a0b0c" }, "not-told"],
  ])("%j: %s", (change, wanted) => expect(state(order(change))).toBe(wanted));

  test("whose check value nobody can ask for is not told of, and not right", () => {
    const silent = module({ keys: new Map([[IRK_AT, { level: 3 }]]) });
    expect(state({ ...IRK, check: "0a0b0c" }, { modules: [silent] })).toBe("not-told");
  });

  test("runs out when it is not carried out in its time, by a clock that may be believed alone", () => {
    const late = order({ name: "social-3des", notAfterMs: 1_000 });
    expect(state(late, {}, { nowMs: 1_000 })).toBe("not-loaded");
    expect(state(late, {}, { nowMs: 1_001 })).toBe("expired");
    expect(state(late)).toBe("not-loaded");
    expect(state(order({ module: OWN, notAfterMs: 1_000 }), { modules: [], absent: true }, { nowMs: 5_000 })).toBe("expired");
    // What was carried out stays so.
    expect(state(order({ name: "purse", notAfterMs: 1_000 }), {}, { nowMs: 5_000 })).toBe("as-ordered");
  });

  test("of a pad is compared with what people were shown", () => {
    const master = order({ place: "pin-pad", name: "master", check: "a1b2c3d4" });
    expect(state(master, { padMasterCheck: "A1B2C3" })).toBe("as-ordered");
    expect(state(master, { padMasterCheck: "a1b2c4d4" })).toBe("wrong-check");
  });

  test("that names a published key is one in production alone", () => {
    const master = order({ place: "pin-pad", name: "master", check: "08d7b4fb" });
    expect(state(master, { padMasterCheck: "08d7b4fb" }, { production: true })).toBe("test-key");
    expect(state(master, { padMasterCheck: "08d7b4fb" })).toBe("as-ordered");
    expect(state(order({ module: "990100000042" }), {}, { production: true })).toBe("test-key");
    expect(state({ ...IRK, check: "ca6411" }, {}, { production: true })).toBe("test-key");
  });
});

const load = fc.record(
  {
    place: fc.constantFrom("psam", "pin-pad"),
    name: fc.constantFrom("module", "purse", "social-sm4", "irk-sm4", "stk-3des", "master", "x"),
    check: fc.constantFrom("0a0b0c", "ffffff", "ca6411"),
    module: fc.constantFrom(OWN, OTHER, "990100000042"),
    level: fc.constantFrom(1, 2, 3),
    index: fc.integer({ min: -1, max: 300 }),
    notAfterMs: fc.integer(),
  },
  { requiredKeys: ["place", "name"] },
);

test("whatever is ordered, each order has one state, and what refuses a module is never a key that is as ordered", () => {
  fc.assert(
    fc.property(fc.array(load, { maxLength: 5 }), fc.boolean(), (rows, production) => {
      const orders = keyLoadsOf(rows as never);
      if (orders === undefined) return;
      const judging = { nowMs: 0, guard: production ? GUARD : undefined };
      const found = compareKeyLoads(orders, seen(), judging);
      expect(found.length).toBeGreaterThanOrEqual(orders.length);
      for (const row of found) expect(KEY_STATES).toContain(row.state);
      const why = whyRefused(orders, module(), judging);
      if (why === undefined)
        expect(found.filter((row) => row.state === "other-module").every(({ detail }) => detail === undefined || detail === OWN)).toBe(true);
      else expect(why.state).not.toBe("as-ordered");
    }),
  );
});

interface Bench {
  readonly clock: VirtualClock;
  readonly reader: SimulatedReader;
  readonly watch: KeyWatch;
  open(): Promise<unknown>;
}

function bench(orders: readonly KeyLoad[], { psam = {}, production = true }: { readonly psam?: TestPsamOptions; readonly production?: boolean } = {}): Bench {
  const clock = new VirtualClock(0);
  const reader = makeSamReader(makeTestPsam(suite, { terminalNumber: OWN, ...psam }), { name: "sam", clock });
  const guard = production ? GUARD : undefined;
  const watch = new KeyWatch({ orders, guard, nowMs: () => 0, padMasterCheck: undefined, log: SILENT });
  const limits = { timeoutMs: 2_000, signal: new AbortController().signal };
  const profile = { ...DEFAULT_CARD_PROFILE, psamKeyCheck: "zeroFactors" as const };
  return { clock, reader, watch, open: () => clock.resolve(watch.opened(reader, () => openPsam(reader, { clock, profile }, limits), limits)) };
}

/** Keys of the simulators that no list of published ones has: those of another region, at level 1. */
const UNLISTED: TestPsamOptions = { socialLevel: 1, regionCode: "330100" };
const REFUSED = { code: "module-refused", effectUnknown: false };

describe("a module that is opened", () => {
  test("serves in production when its number, level and keys are what was ordered", async () => {
    const { watch, open } = bench([order({ module: OWN }), order({ name: "purse" }), { ...IRK, level: 1 }], { psam: UNLISTED });
    expect(watch.rows().map((row) => row.state)).toEqual(["not-told", "not-told", "not-told"]);
    await open();
    expect(watch.rows().map((row) => row.state)).toEqual(["as-ordered", "as-ordered", "as-ordered"]);
  });

  test.each<[string, readonly KeyLoad[], TestPsamOptions, string]>([
    ["another module", [order({ module: OTHER })], UNLISTED, "other-module"],
    ["keys of another level", [{ ...IRK, level: 2 }], UNLISTED, "wrong-level"],
    ["other keys", [{ ...IRK, check: "0a0b0c" }], UNLISTED, "wrong-check"],
    ["a published number", [], { ...UNLISTED, terminalNumber: "990100000042" }, "test-key"],
    ["published keys", [{ ...IRK }], {}, "test-key"],
  ])("is refused in production, by name: %s", async (_name, orders, psam, wanted) => {
    const made = bench(orders, { psam });
    await expect(made.open()).rejects.toMatchObject(REFUSED);
    expect(made.watch.rows().map((row) => row.state)).toContain(wanted);
    // A test terminal says the same, and serves.
    const tested = bench(orders, { psam, production: false });
    await tested.open();
    if (wanted !== "test-key") expect(tested.watch.rows().map((row) => row.state)).toContain(wanted);
  });

  test("of production without orders is any that is not published", async () => {
    const { watch, open } = bench([], { psam: UNLISTED });
    await open();
    expect(watch.rows()).toEqual([]);
  });

  test("lacks a key that nobody has loaded yet, and serves: what is not there cannot be used", async () => {
    const { watch, open } = bench([IRK], { psam: { ...UNLISTED, withoutKeys: ["irk"] } });
    await open();
    expect(watch.rows()[0]?.state).toBe("not-loaded");
  });

  test("is looked at again each time: the right one serves as soon as somebody has put it in", async () => {
    const { clock, watch, reader, open } = bench([order({ module: OTHER })], { psam: UNLISTED });
    await expect(open()).rejects.toMatchObject(REFUSED);
    await expect(open()).rejects.toMatchObject(REFUSED);
    reader.remove();
    await expect(open()).rejects.toBeInstanceOf(Fault);
    reader.insert(makeTestPsam(suite, { ...UNLISTED, terminalNumber: OTHER }));
    await clock.resolve(Promise.resolve());
    await open();
    expect(watch.rows().map((row) => [row.name, row.state, row.detail])).toEqual([["module", "as-ordered", undefined]]);
  });

  test("that is not there is named, and comes later", async () => {
    const { watch, reader, open } = bench([order({ module: OWN })], { psam: UNLISTED });
    reader.remove();
    await expect(open()).rejects.toMatchObject({ code: "timeout" });
    expect(watch.rows()[0]?.state).toBe("module-absent");
  });
});
