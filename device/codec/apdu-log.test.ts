import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { parseApduLog } from "./apdu-log.ts";

/** A dialogue in short: "!" before an answer to reset, command > answer otherwise. */
function dialogue(text: string): readonly string[] {
  return parseApduLog(text).entries.map((entry) => (entry.kind === "reset" ? `!${toHex(entry.atr)}` : `${toHex(entry.command)}>${toHex(entry.response)}`));
}

const EXPECTED = ["!3b6d00000081544c538660990100000001", "00a40400023f00>6a82", "0084000008>01020304050607089000"];

describe("forms of logs", () => {
  it.each([
    [
      "the PC/SC service",
      `00000012 winscard.c:1234:SCardConnect() Card ATR: 3B 6D 00 00 00 81 54 4C 53 86 60 99 01 00 00 00 01
       00000100 APDU: 00 A4 04 00 02 3F 00
       00000023 SW: 6A 82
       00000011 APDU: 00 84 00 00 08
       00000500 SW: 01 02 03 04 05 06 07 08 90 00`,
    ],
    ["arrows", "ATR 3b6d00000081544c538660990100000001\n>> 00A40400023F00\n<< 6A82\n-> 0084000008\n<- 01020304050607089000"],
    [
      "a scripting tool",
      "ATR: 3B 6D 00 00 00 81 54 4C 53 86 60 99 01 00 00 00 01\n> 00 A4 04 00 02 3F 00\n< 6A 82 : File not found\n> 00 84 00 00 08\n< 01 02 03 04 05 06 07 08 90 00 : Ok",
    ],
    ["bare lines", "3B6D00000081544C538660990100000001\n00A40400023F00\n6A82\n\n00 84 00 00 08\n01 02 03 04 05 06 07 08 90 00"],
    [
      "words",
      "card ATR=3B:6D:00:00:00:81:54:4C:53:86:60:99:01:00:00:00:01\nC-APDU: 00A40400023F00\nR-APDU: 6A82\ncommand: 0x00 0x84 0x00 0x00 0x08\nresponse: 01020304050607089000",
    ],
    [
      "bytes on the next line",
      "ATR:\n3B6D00000081544C538660990100000001\nOutgoing APDU (7 bytes):\n00 A4 04 00 02 3F 00\nIncoming APDU (2 bytes):\n6A 82\nOutgoing APDU (5 bytes):\n00 84 00 00 08\nIncoming APDU (10 bytes):\n01 02 03 04 05 06 07 08 90 00",
    ],
    [
      "time stamps in brackets",
      "[12:00:01.5] ATR: 3B6D00000081544C538660990100000001\n[12:00:02] send: 00A40400023F00\n[12:00:02] recv: 6A82\n[12:00:03] TX: 0084000008\n[12:00:03] RX: 01020304050607089000",
    ],
  ])("%s", (_name, text) => {
    expect(dialogue(text)).toEqual(EXPECTED);
  });
});

describe("what does not fit", () => {
  it.each([
    ["a command without an answer", "> 00A40000\n> 0084000008\n< 9000", ["00a40000>", "0084000008>9000"]],
    ["the last command without an answer", "> 00A40000", ["00a40000>"]],
    ["an answer without a command", "< 9000", []],
    ["words", "adapter ready\nface the card", []],
    ["too few bytes for a command", "> 00A4\n< 9000", []],
    ["a remark", "# 00A40000\n> 00B0950000\n< 6A82", ["00b0950000>6a82"]],
    ["a reset in the middle", "> 00A40000\nATR: 3B00", ["00a40000>", "!3b00"]],
    ["an odd digit", "> 00A404000\n< 9000", []],
  ])("%s", (_name, text, expected) => {
    expect(dialogue(text)).toEqual(expected);
  });

  it("counts what it passes over, not blank lines and remarks", () => {
    expect(parseApduLog("hello\n\n# remark\n> 00A40000\n< 9000\nworld").linesPassedOver).toBe(2);
  });

  it("names the line of a command", () => {
    expect(parseApduLog("start\n> 00A40000\n< 9000").entries).toEqual([{ kind: "exchange", command: fromHex("00a40000"), response: fromHex("9000"), line: 2 }]);
  });

  it("a line of immense length is passed over", () => {
    expect(parseApduLog(`> ${"00".repeat(5_000)}`)).toEqual({ entries: [], linesPassedOver: 1 });
  });
});

describe("any text", () => {
  it("never throws, and entries are bounded by lines", () => {
    const alphabet = fc.constantFrom("0", "9", "a", "F", " ", ":", ">", "<", "\n", "ATR", "SW: ", "APDU: ", "x", "[", "]", "-");
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 200 }), (parts) => {
        const text = parts.join("");
        expect(parseApduLog(text).entries.length).toBeLessThanOrEqual(text.split("\n").length);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads back what was written in any spacing", () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 40 });
    fc.assert(
      fc.property(bytes, bytes, fc.constantFrom("", " ", ":"), (command, response, between) => {
        const written = (value: Uint8Array) => [...value].map((byte) => toHex(Uint8Array.of(byte))).join(between);
        expect(dialogue(`>> ${written(command)}\n<< ${written(response)}`)).toEqual([`${toHex(command)}>${toHex(response)}`]);
      }),
    );
  });
});
