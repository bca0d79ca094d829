/* A change of the PIN on the reader: its bytes, its answers, and what the adapter makes of a reader without it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel } from "../ports.ts";
import { DEFAULT_SPE_PROFILE, pinVerifyStructure } from "./part10.ts";
import { modifyPinCode, pinChangeOutcome, pinModifyStructure } from "./part10-modify.ts";
import { PcscPinChanger } from "./pin-changer.ts";
import { PcscPinVerifier } from "./pin-verifier.ts";

const TEMPLATE = { header: fromHex("805e0100"), coding: "bcd-f", minDigits: 4, maxDigits: 16, separator: fromHex("ff") } as const;
const LIMITS: Limits = { timeoutMs: 62_000, signal: new AbortController().signal };

describe("MODIFY_PIN_DIRECT", () => {
  it("is asked for as the specification lays it out", () => {
    expect(toHex(pinModifyStructure({ template: TEMPLATE, digits: 6, timeoutSeconds: 30 }))).toBe(
      "1e0f8103000004060603020304080001020000000c000000805e010007ffffffffffffff",
    );
  });

  it("without a separator puts the new digits right behind the old", () => {
    const structure = pinModifyStructure({ template: { ...TEMPLATE, separator: new Uint8Array(0) }, digits: 5, timeoutSeconds: 1 });
    expect([structure[5], structure[6], toHex(structure.slice(24))]).toEqual([0, 3, "805e010006ffffffffffff"]);
  });

  it.each([
    ["060442330006070442330007", 0x4233_0007],
    ["060442330006", undefined],
    ["070342330007", undefined],
    ["", undefined],
  ])("its code comes from the reader's list %s", (features, code) => {
    expect(modifyPinCode(fromHex(features))).toBe(code);
  });

  it.each([
    ["9000", { kind: "verified" }],
    ["6402", { kind: "entries-differ" }],
    ["6400", { kind: "timed-out" }],
    ["6401", { kind: "cancelled" }],
    ["63c1", { kind: "wrong", triesLeft: 1 }],
    ["6983", { kind: "locked" }],
    ["6403", { kind: "refused", statusWord: 0x6403 }],
    ["640200", undefined],
    ["", undefined],
  ])("answer %s", (answer, outcome) => {
    expect(pinChangeOutcome(fromHex(answer))).toEqual(outcome);
  });

  it.each([
    ["map", "6402", { kind: "entries-differ" }],
    ["generic", "6402", { kind: "refused", statusWord: 0x6402 }],
    ["generic", "6401", { kind: "cancelled" }],
    ["generic", "6b80", { kind: "refused", statusWord: 0x6b80 }],
  ] as const)("with the switch at %s, answer %s", (speExtraSw, answer, outcome) => {
    expect(pinChangeOutcome(fromHex(answer), { ...DEFAULT_SPE_PROFILE, speExtraSw })).toEqual(outcome);
  });

  it("the form of the digits is a switch, for a change and for a verification", () => {
    const entry = { template: TEMPLATE, digits: 6, timeoutSeconds: 30, profile: { ...DEFAULT_SPE_PROFILE, spePinFormat: 0x89 } };
    expect([pinModifyStructure(entry)[2], pinVerifyStructure(entry)[2]]).toEqual([0x89, 0x89]);
    expect(toHex(pinVerifyStructure({ ...entry, profile: DEFAULT_SPE_PROFILE }))).toBe(
      toHex(pinVerifyStructure({ template: TEMPLATE, digits: 6, timeoutSeconds: 30 })),
    );
  });

  it("no bytes make the parsers throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        modifyPinCode(bytes);
        pinChangeOutcome(bytes);
      }),
    );
  });
});

/** A channel whose reader answers control codes by a list. */
function channelOf(answers: readonly string[]) {
  const asked: (readonly [number, string])[] = [];
  const channel = {
    atr: fromHex("3b00"),
    insertion: 1,
    transmit: (): Promise<Bytes> => Promise.reject(new Error("nothing is sent to the card from here")),
    close: () => Promise.resolve(),
    control: (code: number, data: Bytes): Promise<Bytes> => {
      asked.push([code, toHex(data)]);
      return Promise.resolve(fromHex(answers[asked.length - 1] ?? ""));
    },
  } satisfies CardChannel & { control: unknown };
  return { channel, asked };
}

describe("the adapter", () => {
  it("asks for the code, then for the change, in a third of the time for each entry", async () => {
    const { channel, asked } = channelOf(["070442330007", "9000"]);
    expect(await new PcscPinChanger({ digits: 6 }).changeOnCard(channel, TEMPLATE, LIMITS)).toEqual({ kind: "verified" });
    expect(asked.map(([code]) => code)).toEqual([0x4200_0d48, 0x4233_0007]);
    expect(asked[1]?.[1].slice(0, 2)).toBe("14");
  });

  it.each([
    [3_000, "01"],
    [100_000_000, "ff"],
  ])("keeps the reader's time within its byte: %i ms", async (timeoutMs, seconds) => {
    const { channel, asked } = channelOf(["070442330007", "6401"]);
    await new PcscPinChanger({ digits: 6 }).changeOnCard(channel, TEMPLATE, { ...LIMITS, timeoutMs });
    expect(asked[1]?.[1].slice(0, 2)).toBe(seconds);
  });

  it("keeps to its switches", async () => {
    const { channel, asked } = channelOf(["060442330006070442330007", "6402", "060442330006070442330007", "6402"]);
    const options = { digits: 6, profile: { speExtraSw: "generic", spePinFormat: 0x89 } } as const;
    expect(await new PcscPinChanger(options).changeOnCard(channel, TEMPLATE, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6402 });
    expect(await new PcscPinVerifier(options).verifyOnCard(channel, TEMPLATE, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6402 });
    expect([asked[1]?.[1].slice(4, 6), asked[3]?.[1].slice(4, 6)]).toEqual(["89", "89"]);
  });

  it("a reader without it is refused before the card is asked", async () => {
    const { channel, asked } = channelOf(["060442330006"]);
    const change = new PcscPinChanger({ digits: 6 }).changeOnCard(channel, TEMPLATE, LIMITS);
    await expect(change).rejects.toMatchObject({ code: "reader-refused", effectUnknown: false });
    expect(asked).toHaveLength(1);
  });

  it("an answer that is no status word leaves open which PIN the card has", async () => {
    const { channel } = channelOf(["070442330007", "90"]);
    const change = new PcscPinChanger({ digits: 6 }).changeOnCard(channel, TEMPLATE, LIMITS);
    await expect(change).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: true });
  });

  it.each([3, 17])("a number of digits that the card cannot have is our own mistake: %i", async (digits) => {
    const { channel } = channelOf([]);
    await expect(new PcscPinChanger({ digits }).changeOnCard(channel, TEMPLATE, LIMITS)).rejects.toThrow("suits the card");
  });
});
