/* Parameters from afar: checked as a whole before they are taken, in force by trusted time alone, taken back, left out where nothing starts under them. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { utf8 } from "../base/bytes.ts";
import { SILENT } from "../base/log.ts";
import type { JsonValue } from "../codec/json.ts";
import { parseTerminalConfig } from "../config/schema.ts";
import { exampleConfig } from "../config/testing.ts";
import { laidOver, openRemoteParameters, parseParameterSet } from "./parameters.ts";

const DAY_MS = 86_400_000;
const STORED = JSON.parse(JSON.stringify(exampleConfig())) as JsonValue;
const PER_SALE = (fen: number) => ({ limits: { amountPerSaleFen: fen } });

function problemOf(config: JsonValue): string | undefined {
  const parsed = parseTerminalConfig(config);
  return parsed.ok ? undefined : parsed.problems[0];
}

function place() {
  const disk = new SimulatedStorageDisk();
  let sequence = 0;
  return {
    start: () => openRemoteParameters({ storage: disk.open(), log: SILENT, stored: STORED, problemOf }),
    document: (body: unknown) => {
      sequence += 1;
      return { stream: "parameters", sequence, base: 0, issuedMs: 1, body: utf8(JSON.stringify(body)) };
    },
  };
}

function perSaleOf(effective: JsonValue): unknown {
  return (effective as { limits: { amountPerSaleFen: number } }).limits.amountPerSaleFen;
}

describe("a set of parameters", () => {
  it("comes into force with the start after its day, and ends with its time", async () => {
    const { start, document } = place();
    const first = await start();
    expect(await first.taker.take(document({ id: "winter", validFromMs: DAY_MS, validToMs: 3 * DAY_MS, set: PER_SALE(500) }))).toEqual({ kind: "taken" });
    expect(await first.due(DAY_MS - 1)).toBe(false);
    expect(await first.due(DAY_MS)).toBe(true);
    const second = await start();
    expect([perSaleOf(second.effective), second.inForce()]).toEqual([500, "winter"]);
    await second.confirm();
    expect(await second.due(2 * DAY_MS)).toBe(false);
    expect(await second.due(3 * DAY_MS)).toBe(true);
    const third = await start();
    expect([perSaleOf(third.effective), third.inForce()]).toEqual([100_000, undefined]);
  });

  it("leaves the one in force where it is while newer ones wait for their day", async () => {
    const { start, document } = place();
    const first = await start();
    await first.taker.take(document({ id: "a", validFromMs: 0, set: PER_SALE(1) }));
    await first.due(1);
    const second = await start();
    for (const id of ["b", "c"]) await second.taker.take(document({ id, validFromMs: 9 * DAY_MS, set: PER_SALE(2) }));
    expect(await second.due(DAY_MS)).toBe(false);
    expect(await second.due(9 * DAY_MS)).toBe(true);
    expect((await start()).inForce()).toBe("c");
  });

  it("is taken back by one word, and what was before it counts again", async () => {
    const { start, document } = place();
    const first = await start();
    await first.taker.take(document({ id: "a", validFromMs: 0, set: PER_SALE(1) }));
    await first.taker.take(document({ id: "b", validFromMs: 0, set: PER_SALE(2) }));
    await first.due(1);
    const second = await start();
    expect(perSaleOf(second.effective)).toBe(2);
    expect(await second.taker.take(document({ rollback: true }))).toEqual({ kind: "taken" });
    expect(await second.due(1)).toBe(true);
    const third = await start();
    expect(third.inForce()).toBe("a");
    expect(await third.taker.take(document({ rollback: true }))).toEqual({ kind: "taken" });
    expect(await third.due(1)).toBe(true);
    const fourth = await start();
    expect(fourth.inForce()).toBeUndefined();
    expect(await fourth.taker.take(document({ rollback: true }))).toEqual({ kind: "refused", reason: "parameters-nothing-to-take-back" });
  });

  it.each([
    ["an unknown limit", { id: "x", validFromMs: 0, set: { limits: { nothing: 1 } } }, "parameters-invalid"],
    ["a limit of a wrong kind", { id: "x", validFromMs: 0, set: PER_SALE(-1) }, "parameters-invalid"],
    ["the terminal's name", { id: "x", validFromMs: 0, set: { terminalId: "T-2" } }, "parameters-malformed"],
    ["the profile", { id: "x", validFromMs: 0, set: { profile: "production" } }, "parameters-malformed"],
    ["an end before its beginning", { id: "x", validFromMs: 5, validToMs: 5, set: {} }, "parameters-malformed"],
    ["a member nobody knows", { id: "x", validFromMs: 5, set: {}, more: 1 }, "parameters-malformed"],
    ["the name of the data key", { id: "x", validFromMs: 0, set: { sync: { kid: "k-old" } } }, "parameters-malformed"],
    ["a rollback with something else", { rollback: true, id: "x" }, "parameters-malformed"],
  ])("with %s is refused and changes nothing", async (_what, body, reason) => {
    const { start, document } = place();
    const first = await start();
    expect(await first.taker.take(document(body))).toEqual({ kind: "refused", reason });
    expect(first.taker.have()).toBe(0);
    expect(await first.due(DAY_MS)).toBe(false);
  });

  it("is refused when it is older than what is here, or continues something", async () => {
    const { start, document } = place();
    const first = await start();
    const old = document({ id: "a", validFromMs: 0, set: {} });
    await first.taker.take(document({ id: "b", validFromMs: 0, set: {} }));
    expect(await first.taker.take(old)).toEqual({ kind: "refused", reason: "parameters-older" });
    expect(await first.taker.take({ ...document({ id: "c", validFromMs: 0, set: {} }), base: 1 })).toEqual({
      kind: "refused",
      reason: "parameters-continue-nothing",
    });
  });

  it("under which the service does not come up is left out at the fourth start, and comes again only when the host sends it again", async () => {
    const { start, document } = place();
    const first = await start();
    const body = { id: "bad", validFromMs: 0, set: PER_SALE(7) };
    await first.taker.take(document(body));
    await first.due(1);
    for (let nth = 0; nth < 3; nth += 1) expect((await start()).inForce()).toBe("bad");
    const without = await start();
    expect([without.inForce(), perSaleOf(without.effective)]).toEqual([undefined, 100_000]);
    expect(await without.due(1)).toBe(false);
    expect(await without.taker.take(document(body))).toEqual({ kind: "taken" });
    expect(await without.due(1)).toBe(true);
  });

  it("of another content takes no name that counts, and one of a name that waits takes its place", async () => {
    const { start, document } = place();
    const first = await start();
    await first.taker.take(document({ id: "a", validFromMs: 0, set: PER_SALE(1) }));
    await first.due(1);
    const second = await start();
    const again = { id: "a", validFromMs: 9 * DAY_MS, set: PER_SALE(2) };
    expect(await second.taker.take(document(again))).toEqual({ kind: "refused", reason: "parameters-id-in-force" });
    expect(await second.taker.take(document({ id: "a", validFromMs: 0, set: PER_SALE(1) }))).toEqual({ kind: "taken" });
    for (const fen of [3, 4]) await second.taker.take(document({ id: "b", validFromMs: 9 * DAY_MS, set: PER_SALE(fen) }));
    expect(await second.due(DAY_MS)).toBe(false);
    const waiting = await start();
    expect(perSaleOf(waiting.effective)).toBe(1);
    expect(await waiting.due(9 * DAY_MS)).toBe(true);
    const third = await start();
    expect(perSaleOf(third.effective)).toBe(4);
    expect(await third.taker.take(document({ rollback: true }))).toEqual({ kind: "taken" });
    expect(await third.due(9 * DAY_MS)).toBe(true);
    expect(perSaleOf((await start()).effective)).toBe(1);
  });

  it("that waits for its day and comes again counts on its day alone", async () => {
    const { start, document } = place();
    const first = await start();
    await first.taker.take(document({ id: "a", validFromMs: DAY_MS, set: PER_SALE(1) }));
    await first.taker.take(document({ id: "a", validFromMs: 9 * DAY_MS, set: PER_SALE(2) }));
    expect(await first.due(2 * DAY_MS)).toBe(false);
  });

  it("that was confirmed survives any number of starts", async () => {
    const { start, document } = place();
    const first = await start();
    await first.taker.take(document({ id: "good", validFromMs: 0, set: PER_SALE(7) }));
    await first.due(1);
    for (let nth = 0; nth < 10; nth += 1) {
      const next = await start();
      expect(next.inForce()).toBe("good");
      await next.confirm();
    }
  });

  it("of any form never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseParameterSet(value as JsonValue);
      }),
    );
  });
});

describe("laying one object over another", () => {
  it("keeps what is not named and replaces lists as a whole", () => {
    expect(laidOver({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] } })).toEqual({ a: { b: 1, c: [3] }, d: 1 });
  });

  it("changes nothing below when it is empty", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (below) => {
        expect(laidOver(below as JsonValue, {})).toEqual(below);
      }),
    );
  });
});
