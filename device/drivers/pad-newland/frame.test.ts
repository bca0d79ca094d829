import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { newlandRefusal } from "./errors.ts";
import { encodeNewlandFrame, NewlandAnswerReader } from "./frame.ts";

function reader(command: number, dataBytes: number): NewlandAnswerReader {
  const made = new NewlandAnswerReader();
  made.expect(command, dataBytes);
  return made;
}

const shown = (answers: ReturnType<NewlandAnswerReader["feed"]>) =>
  answers.map((answer) => (answer.is === "done" ? `done ${toHex(answer.data)}` : `refused ${answer.error.toString(16)}`));

describe("frames as the manual prints them", () => {
  it.each([
    ["reset", 0xd5, "", "d500d5"],
    ["directory 1", 0xd6, "01", "d60101d6"],
    ["PIN of 4 to 6 digits", 0x83, "040630303030303132333435363738393031", "831204063030303030313233343536373839303193"],
  ])("%s", (_name, command, data, wire) => {
    expect(toHex(encodeNewlandFrame(command, fromHex(data)))).toBe(wire);
  });

  it("a refusal", () => {
    expect(shown(reader(0xd5, 0).feed(fromHex("55010d59")))).toEqual(["refused d"]);
  });

  it("refuses more data than a frame holds", () => {
    expect(() => encodeNewlandFrame(0x81, new Uint8Array(256))).toThrow("at most 255 bytes");
  });
});

describe("reading", () => {
  const BLOCK = encodeNewlandFrame(0x83, fromHex("a1b2c3d4e5f60718"));

  it("gives back what was written, in any pieces", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0x80, max: 0xff }), fc.uint8Array({ maxLength: 16 }), fc.integer({ min: 1, max: 9 }), (command, data, size) => {
        const wire = encodeNewlandFrame(command, data);
        const under = reader(command, data.length);
        const answers = Array.from({ length: Math.ceil(wire.length / size) }, (_, at) => under.feed(wire.slice(at * size, at * size + size))).flat();
        expect(answers).toEqual([{ is: "done", data }]);
        expect(under.held).toBe(0);
      }),
    );
  });

  it.each<[string, string, readonly string[]]>([
    ["the answer to another command is none", "d500d5", []],
    ["a good answer of another length is none", "830000".replace("0000", "0083"), []],
    ["noise before it", "55aa83", ["done a1b2c3d4e5f60718"]],
    ["half an answer before it", "8308a1b2", ["done a1b2c3d4e5f60718"]],
    ["a false refusal before it", "0301", ["done a1b2c3d4e5f60718"]],
  ])("%s", (_name, before, answers) => {
    const under = reader(0x83, 8);
    const heard = [...under.feed(fromHex(before)), ...(answers.length === 0 ? [] : under.feed(BLOCK))];
    expect(shown(heard)).toEqual(answers);
  });

  it("nothing is an answer before a command was named, or after what was begun is forgotten", () => {
    expect(new NewlandAnswerReader().feed(BLOCK)).toEqual([]);
    const under = reader(0x83, 8);
    under.feed(BLOCK.slice(0, 5));
    under.reset();
    expect(shown(under.feed(concat(BLOCK)))).toEqual(["done a1b2c3d4e5f60718"]);
  });

  it("a wrong check byte is no answer, and the next one is read", () => {
    const spoiled: Bytes = BLOCK.map((byte, at) => (at === BLOCK.length - 1 ? byte ^ 1 : byte));
    expect(shown(reader(0x83, 8).feed(concat(spoiled, BLOCK)))).toEqual(["done a1b2c3d4e5f60718"]);
  });

  it("is in step again after any garbage by the second valid answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        expect(reader(0x83, 8).feed(concat(garbage, BLOCK, BLOCK)).length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("refusals", () => {
  it.each([
    [0x76, { kind: "timed-out" }],
    [0x77, { kind: "cancelled" }],
    [0x78, { kind: "entries-differ" }],
    [0x61, { kind: "key-missing", why: "key absent" }],
    [0x71, { kind: "key-missing", why: "no PIN key chosen" }],
    [0x0b, { kind: "locked", why: "locked, or asked too often" }],
    [0x92, { kind: "broken", why: "DES hardware" }],
    [0x42, { kind: "refused", why: "error 42" }],
  ])("%s", (error, refusal) => {
    expect(newlandRefusal(error)).toEqual(refusal);
  });

  it("every byte has a meaning", () => {
    for (let error = 0; error <= 0xff; error += 1) expect(newlandRefusal(error).kind).toBeDefined();
  });
});
