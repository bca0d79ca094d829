import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_STATES } from "../../provisioning/claim/key-orders.ts";
import { utf8 } from "../base/bytes.ts";
import { parseRuntimeStatus, type RuntimeStatus } from "./runtime-status.ts";

const STATUS: RuntimeStatus = {
  ...{ v: 1, version: "0.2.0", pid: 7, terminalId: "T-0001", uptimeMs: 10_000, readyAtMs: 4_000, loopLateMs: 2, journalSilentMs: 20 },
  journal: { usedBytes: 4_096, limitBytes: 8_192, lastSeq: 3, receiptedThrough: 2 },
  ...{ cardPresent: true, actsUnderWay: 1, held: false, clock: "trusted" },
  exposure: { count: 1, sumFen: 450, oldestAgeMs: 9, unknown: 0 },
  link: { up: true, hostPresent: true },
  devices: [{ role: "gate:north", state: "failed", code: "device-gone" }],
};

describe("the runtime status", () => {
  it("is read as it was written, with what a later release adds passed over", () => {
    expect(parseRuntimeStatus(utf8(JSON.stringify({ ...STATUS, more: 1 })))).toEqual(STATUS);
  });

  it.each(KEY_STATES)("tells of a key-loading order in the orders' own words: %s", (state) => {
    const told = { ...STATUS, keys: [{ place: "psam", name: "module", state, detail: "x".repeat(129) }] };
    expect(parseRuntimeStatus(utf8(JSON.stringify(told)))).toEqual(told);
  });

  it.each([
    ["an order in a word of nobody's", JSON.stringify({ ...STATUS, keys: [{ place: "psam", name: "module", state: "odd" }] })],
    ["nothing", ""],
    ["half of a file", JSON.stringify(STATUS).slice(0, 100)],
    ["another version", JSON.stringify({ ...STATUS, v: 2 })],
    ["a count below nothing", JSON.stringify({ ...STATUS, actsUnderWay: -1 })],
    ["no object", "[]"],
    ["a file without end", " ".repeat(70_000)],
  ])("is refused: %s", (_name, text) => expect(parseRuntimeStatus(utf8(text))).toBeUndefined());

  it("never throws, whatever the bytes are", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => parseRuntimeStatus(bytes) === undefined));
    fc.assert(fc.property(fc.json(), (text) => parseRuntimeStatus(utf8(text)) === undefined));
  });
});
