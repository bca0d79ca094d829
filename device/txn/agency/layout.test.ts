import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { canonicalJson } from "../../codec/json.ts";
import { AGENCY_BYTES_MAX, AGENCY_V1 } from "./layout.ts";
import { parseOutcome } from "./outcome.ts";
import { AGENCY_SERVICES, changesSomething } from "./profile.ts";
import { parseMoment, writeMoment } from "./times.ts";

const ID = "0123456789abcdef0123456789abcdef";
const REQUEST = { id: ID, service: "activate", operator: "op1", input: { card: { cardNumber: "T00000091" } } } as const;
const HEAD = { terminal: "T-0001", atMs: Date.UTC(2026, 10, 22, 12, 15, 0, 7) };

function parse(reply: unknown) {
  return AGENCY_V1.parse(utf8(JSON.stringify(reply)), ID);
}

describe("a request", () => {
  it("is one JSON object with its head", () => {
    const body = AGENCY_V1.build(REQUEST, HEAD);
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({
      v: 1,
      id: ID,
      service: "activate",
      at: "2026-11-22T20:15:00.007+08:00",
      terminal: "T-0001",
      operator: "op1",
      input: { card: { cardNumber: "T00000091" } },
    });
  });

  it("that does not fit one message is not made", () => {
    expect(AGENCY_V1.build({ ...REQUEST, input: { text: "x".repeat(AGENCY_BYTES_MAX) } }, HEAD)).toBeUndefined();
  });

  it.each([{ id: "short" }, { operator: "" }])("with %j is our own mistake", (wrong) => {
    expect(() => AGENCY_V1.build({ ...REQUEST, ...wrong }, HEAD)).toThrow("have their forms");
  });
});

describe("a reply", () => {
  it.each([
    ["yes", { v: 1, id: ID, result: "ok", output: { a: 1 } }, { kind: "ok", output: { a: 1 } }],
    ["no", { v: 1, id: ID, result: "refused", reason: "card-unknown", output: {} }, { kind: "refused", reason: "card-unknown" }],
    ["no, and where to go", { v: 1, id: ID, result: "refused", reason: "a", office: "bank", output: {} }, { kind: "refused", reason: "a", office: "bank" }],
    ["an office that nobody knows", { v: 1, id: ID, result: "refused", reason: "a", office: "moon", output: {} }, { kind: "refused", reason: "a" }],
    ["more than was asked", { v: 1, id: ID, result: "ok", output: {}, more: [1] }, { kind: "ok", output: {} }],
  ])("says %s", (_, reply, answer) => {
    expect(parse(reply)).toEqual(answer);
  });

  it.each([
    ["another id", { v: 1, id: "f".repeat(32), result: "ok", output: {} }, "foreign"],
    ["no id", { v: 1, result: "ok", output: {} }, "foreign"],
    ["another version", { v: 2, id: ID, result: "ok", output: {} }, "malformed"],
    ["no result", { v: 1, id: ID, output: {} }, "malformed"],
    ["no output", { v: 1, id: ID, result: "ok" }, "malformed"],
    ["an output that is a list", { v: 1, id: ID, result: "ok", output: [] }, "malformed"],
    ["a refusal without reason", { v: 1, id: ID, result: "refused", output: {} }, "malformed"],
    ["a reason that is a sentence", { v: 1, id: ID, result: "refused", reason: "No such card.", output: {} }, "malformed"],
    ["a list", [], "malformed"],
    ["a text", "ok", "malformed"],
  ])("with %s decides nothing", (_, reply, why) => {
    expect(parse(reply)).toEqual({ kind: "undecided", why });
  });

  it.each(["{", "", '{"v":1,"v":1}', `{"v":1,"id":"${ID}","result":"ok","output":${"[".repeat(20)}${"]".repeat(20)}}`])("%j is none", (text) => {
    expect(AGENCY_V1.parse(utf8(text), ID)).toEqual({ kind: "undecided", why: "malformed" });
  });

  it("any bytes give an answer", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => AGENCY_V1.parse(bytes, ID).kind === "undecided"));
  });

  it("any JSON gives an answer, and what is believed is what was said", () => {
    const output = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)));
    const any = fc.record({
      v: fc.constantFrom(1, 2),
      id: fc.constantFrom(ID, "0"),
      result: fc.constantFrom("ok", "refused", "x"),
      reason: fc.string(),
      output,
    });
    fc.assert(
      fc.property(any, (reply) => {
        const answer = AGENCY_V1.parse(utf8(canonicalJson(reply)), ID);
        if (answer.kind === "ok") expect([reply.v, reply.id, reply.result, answer.output]).toEqual([1, ID, "ok", reply.output]);
        if (answer.kind === "refused") expect([reply.result, answer.reason]).toEqual(["refused", reply.reason]);
      }),
    );
  });

  it("cut anywhere decides nothing", () => {
    const whole = utf8(JSON.stringify({ v: 1, id: ID, result: "ok", output: { receiptNumber: "R1" } }));
    for (let length = 0; length < whole.length; length += 1) expect(AGENCY_V1.parse(whole.slice(0, length), ID).kind).toBe("undecided");
  });
});

describe("an outcome", () => {
  it.each([
    [{ state: "pending" }, { kind: "pending" }],
    [{ state: "unknown-id" }, { kind: "unknown-id" }],
    [
      { state: "done", reply: { result: "ok", output: { a: 1 } } },
      { kind: "ok", output: { a: 1 } },
    ],
    [
      { state: "done", reply: { result: "refused", reason: "card-unknown", output: {} } },
      { kind: "refused", reason: "card-unknown" },
    ],
    [{ state: "done" }, { kind: "malformed" }],
    [{ state: "done", reply: { result: "perhaps", output: {} } }, { kind: "malformed" }],
    [{ state: "lost" }, { kind: "malformed" }],
    [{}, { kind: "malformed" }],
  ])("%j", (output, told) => {
    expect(parseOutcome(output)).toEqual(told);
  });
});

describe("moments", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 250_000_000_000_000 }), (ms) => {
        expect(parseMoment(writeMoment(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    ["2026-11-22T12:15:00.000Z", Date.UTC(2026, 10, 22, 12, 15)],
    ["2026-11-22T07:15:00.250-05:00", Date.UTC(2026, 10, 22, 12, 15, 0, 250)],
    ["2026-11-22T20:15:00+08:00", undefined],
    ["2026-11-22 20:15:00.000+08:00", undefined],
    ["2026-02-30T20:15:00.000+08:00", undefined],
    ["2026-11-22T20:15:00.000+15:00", undefined],
    [1, undefined],
  ])("%s", (text, ms) => {
    expect(parseMoment(text)).toBe(ms);
  });
});

it("what changes something is asked for, what asks is asked again", () => {
  expect(AGENCY_SERVICES.filter((service) => !changesSomething(service))).toEqual([
    "card-status",
    "person-details",
    "records",
    "benefits",
    "contribution-bills",
    "key-use",
    "statement",
    "outcome",
  ]);
});
