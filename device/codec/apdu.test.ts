import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import {
  type CommandBody,
  command,
  encodeCommand,
  encodeResponse,
  formatStatusWord,
  isOk,
  parseCommand,
  parseResponse,
  sw1Of,
  sw2Of,
  triesLeft,
} from "./apdu.ts";

const COMMANDS: readonly (readonly [name: string, header: string, body: CommandBody, hex: string])[] = [
  ["case 1", "00 A4 00 00", {}, "00a40000"],
  ["case 2", "00 B2 01 04", { le: 1 }, "00b2010401"],
  ["case 2 with 255", "00 B2 01 04", { le: 255 }, "00b20104ff"],
  ["case 2 with 256", "00 B2 01 04", { le: 256 }, "00b2010400"],
  ["case 3", "80 54 01 00", { data: fromHex("aabb") }, "8054010002aabb"],
  ["case 3 with 255", "ff fe fd fc", { data: new Uint8Array(255).fill(7) }, `fffefdfcff${"07".repeat(255)}`],
  ["case 4", "00 A4 04 00", { data: fromHex("3f00"), le: 256 }, "00a40400023f0000"],
  ["case 4 of one byte", "00 A4 04 00", { data: fromHex("00"), le: 5 }, "00a40400010005"],
];

describe("command APDU", () => {
  it.each(COMMANDS)("%s", (_name, header, body, hex) => {
    const built = command(header, body);
    expect(toHex(encodeCommand(built))).toBe(hex);
    const parsed = parseCommand(fromHex(hex));
    expect(parsed).toEqual({ ok: true, command: body.le === undefined ? { ...built, le: undefined } : built });
  });

  it.each([
    ["", "too-short"],
    ["00a400", "too-short"],
    ["00a4040000" + "00", "length-mismatch"],
    ["00a40400000102", "extended-length"],
    ["00a4040002" + "3f", "length-mismatch"],
    ["00a4040001" + "3f0000", "length-mismatch"],
    [`00a40400ff${"00".repeat(254)}`, "length-mismatch"],
    [`00a40400ff${"00".repeat(257)}`, "length-mismatch"],
  ])("refuses %s: %s", (hex, reason) => {
    expect(parseCommand(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it("gives back every command it reads", () => {
    const random = fc.uint8Array({ maxLength: 300 });
    const fitting = fc
      .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 255 }), fc.constantFrom("", "00", "10"))
      .map(([head, data, le]) => Uint8Array.from([...head, data.length, ...data, ...fromHex(le)]));
    fc.assert(
      fc.property(fc.oneof(random, fitting), (bytes) => {
        const parsed = parseCommand(bytes);
        if (parsed.ok) expect(encodeCommand(parsed.command)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["three header bytes", () => command("00a404"), "a command header has four bytes"],
    ["five header bytes", () => command("00a4040000"), "a command header has four bytes"],
    ["Le of 0", () => encodeCommand(command("00a40400", { le: 0 })), "asks for 1 to 256 bytes"],
    ["Le of 257", () => encodeCommand(command("00a40400", { le: 257 })), "asks for 1 to 256 bytes"],
    ["Le of a half", () => encodeCommand(command("00a40400", { le: 1.5 })), "asks for 1 to 256 bytes"],
    ["256 bytes of data", () => encodeCommand(command("00a40400", { data: new Uint8Array(256) })), "carries at most 255 bytes"],
    ["CLA above a byte", () => encodeCommand({ ...command("00a40400"), cla: 256 }), "each header field is one byte"],
    ["INS above a byte", () => encodeCommand({ ...command("00a40400"), ins: 256 }), "each header field is one byte"],
    ["P1 above a byte", () => encodeCommand({ ...command("00a40400"), p1: 256 }), "each header field is one byte"],
    ["P2 above a byte", () => encodeCommand({ ...command("00a40400"), p2: 256 }), "each header field is one byte"],
    ["a negative header field", () => encodeCommand({ ...command("00a40400"), cla: -1 }), "each header field is one byte"],
    ["a header field with a fraction", () => encodeCommand({ ...command("00a40400"), cla: 0.5 }), "each header field is one byte"],
  ])("asserts against %s", (_name, act, because) => {
    expect(act).toThrowError(because);
  });
});

describe("response APDU", () => {
  it.each([
    ["9000", "", 0x9000],
    ["0102036c10", "010203", 0x6c10],
    ["6100", "", 0x6100],
    ["6fff", "", 0x6fff],
    ["9fff", "", 0x9fff],
    [`${"ab".repeat(256)}9000`, "ab".repeat(256), 0x9000],
  ])("reads %s", (hex, data, sw) => {
    expect(parseResponse(fromHex(hex))).toEqual({ ok: true, response: { data: fromHex(data), sw } });
  });

  it.each([
    ["", "too-short"],
    ["90", "too-short"],
    [`${"ab".repeat(257)}9000`, "too-long"],
    ["0000", "status-word-invalid"],
    ["5fff", "status-word-invalid"],
    ["60ff", "status-word-invalid"],
    ["7000", "status-word-invalid"],
    ["8fff", "status-word-invalid"],
    ["a000", "status-word-invalid"],
  ])("refuses %s: %s", (hex, reason) => {
    expect(parseResponse(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it("gives back every response it reads", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), fc.constantFrom(0x61, 0x90, 0x9f, 0x50), (bytes, sw1) => {
        const response = bytes.length < 2 ? bytes : bytes.map((byte, at) => (at === bytes.length - 2 ? sw1 : byte));
        const parsed = parseResponse(response);
        if (parsed.ok) expect(encodeResponse(parsed.response)).toEqual(response);
        else expect(["too-short", "too-long", "status-word-invalid"]).toContain(parsed.reason);
      }),
      { numRuns: 500 },
    );
  });

  it.each([0x60ff, 0x7000, 0x8fff, 0xa000, 0x9000 + 0.5])("does not write the status word %d", (sw) => {
    expect(() => encodeResponse({ data: new Uint8Array(0), sw })).toThrowError("SW1 is 61 to 6F or 90 to 9F");
  });

  it("does not write 257 bytes", () => {
    expect(() => encodeResponse({ data: new Uint8Array(257), sw: 0x9000 })).toThrowError("carries at most 256 bytes");
    expect(encodeResponse({ data: new Uint8Array(256), sw: 0x9000 }).length).toBe(258);
  });

  it("keeps no view into the bytes it was given", () => {
    const bytes = fromHex("aabb9000");
    const parsed = parseResponse(bytes);
    bytes.fill(0);
    expect(parsed.ok && toHex(parsed.response.data)).toBe("aabb");
  });
});

describe("status words", () => {
  it.each([
    [0x9000, true],
    [0x9001, false],
    [0x6283, false],
    [0x6100, false],
  ])("%d ok: %s", (sw, ok) => {
    expect(isOk(sw)).toBe(ok);
  });

  it.each([
    [0x63c0, 0],
    [0x63c3, 3],
    [0x63cf, 15],
    [0x63bf, undefined],
    [0x63d0, undefined],
    [0x6983, undefined],
    [0x9000, undefined],
  ])("%d leaves %s tries", (sw, tries) => {
    expect(triesLeft(sw)).toBe(tries);
  });

  it("come apart and print", () => {
    expect([sw1Of(0x6c1f), sw2Of(0x6c1f)]).toEqual([0x6c, 0x1f]);
    expect(formatStatusWord(0x6a8b)).toBe("6A8B");
    expect(formatStatusWord(0x0a)).toBe("000A");
  });
});
