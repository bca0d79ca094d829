import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { limits } from "../contract/bench.ts";
import type { Signal } from "../peripherals.ts";
import { AcsSignalLamp } from "./signal-lamp.ts";
import {
  DEFAULT_SIGNAL_PROFILE,
  ESCAPE_CODES,
  escapeValue,
  fastPolling,
  isDone,
  READ_POLLING,
  type SignalDialect,
  type SignalProfile,
  setPolling,
  setUpCommands,
  signalCommands,
  signalDialect,
} from "./signals.ts";

const ALL: SignalProfile = { acsLed: "send", acr122AutoBeep: "send" };
const SIGNALS: readonly Signal[] = ["idle", "working", "accepted", "refused", "present-again"];
const hexOf = (commands: readonly Bytes[]) => commands.map((command) => toHex(command));

describe("readers", () => {
  it.each([
    ["ACS ACR122U PICC Interface 00 00", "together"],
    ["ACS ACR1252 1S CL Reader [ACR1252 Dual Reader PICC] 00 00", "escape"],
    ["ACS ACR1281 1S Dual Reader 00 01", "escape"],
    ["ACS ACR1255U-J1 00 00", "escape"],
    ["ACS ACR1283 4S CL Reader 00 00", "escape"],
    ["ACS ACR38U 00 00", undefined],
    ["Some other reader 00 00", undefined],
  ] as const)("%s", (name, dialect) => expect(signalDialect(name)).toBe(dialect));
});

describe("commands for lamps and buzzer", () => {
  it.each([
    ["idle", "ff00400c0400000000"],
    ["working", "ff00400f0400000000"],
    ["accepted", "ff00402e0401000101"],
    ["refused", "ff00405d0402010501"],
    ["present-again", "ff0040ac0401010201"],
  ] as const)("together: %s", (signal, hex) => {
    for (const profile of [DEFAULT_SIGNAL_PROFILE, ALL]) expect(hexOf(signalCommands(signal, "together", profile))).toEqual([hex]);
  });

  it.each([
    ["idle", ["e00000290100"], []],
    ["working", ["e00000290103"], []],
    ["accepted", ["e00000290102", "e0000028010a"], ["e0000028010a"]],
    ["refused", ["e00000290101", "e0000028013c"], ["e0000028013c"]],
    ["present-again", ["e00000290103", "e00000280119"], ["e00000280119"]],
  ] as const)("escape: %s", (signal, all, withoutLamps) => {
    expect(hexOf(signalCommands(signal, "escape", ALL))).toEqual(all);
    expect(hexOf(signalCommands(signal, "escape", DEFAULT_SIGNAL_PROFILE))).toEqual(withoutLamps);
  });

  it("only an ACR122U is told not to beep by itself, and only by the switch", () => {
    expect(hexOf(setUpCommands("together", ALL))).toEqual(["ff00520000"]);
    expect(setUpCommands("together", DEFAULT_SIGNAL_PROFILE)).toEqual([]);
    expect(setUpCommands("escape", ALL)).toEqual([]);
  });

  it("a signal that is heard or seen differs from every other", () => {
    const dialects: readonly SignalDialect[] = ["together", "escape"];
    for (const dialect of dialects) expect(new Set(SIGNALS.map((signal) => hexOf(signalCommands(signal, dialect, ALL)).join(" "))).size).toBe(SIGNALS.length);
  });
});

describe("answers", () => {
  it.each([
    ["together", "9000", true],
    ["together", "9003", true],
    ["together", "6300", false],
    ["together", "", false],
    ["together", "900000", false],
    ["escape", "e1000000010a", true],
    ["escape", "e100000000", false],
    ["escape", "e0000000010a", false],
    ["escape", "9000", false],
  ] as const)("%s %s: %j", (dialect, hex, done) => expect(isDone(dialect, fromHex(hex))).toBe(done));

  it("never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (answer) => {
        expect(typeof isDone("together", answer)).toBe("boolean");
        expect(isDone("escape", answer)).toBe(escapeValue(answer) !== undefined);
      }),
    );
  });
});

describe("how a reader looks for cards", () => {
  it.each([
    [0x8b, 0x89],
    [0x8f, 0x89],
    [0x00, 0x01],
    [0xff, 0xc9],
    [0xb6, 0x81],
  ])("%i becomes %i", (current, fast) => {
    expect(fastPolling(current)).toBe(fast);
    expect(fastPolling(fast)).toBe(fast);
  });

  it("is told by the driver's control code", () => expect(ESCAPE_CODES).toEqual({ ccid: 0x4200_0000 + 1, acs: 0x4200_0000 + 3_500 }));

  it("is read and set", () => {
    expect(toHex(READ_POLLING)).toBe("e000002300");
    expect(toHex(setPolling(0x89))).toBe("e00000230189");
    expect(escapeValue(fromHex("e1000000018b"))).toBe(0x8b);
  });
});

describe("a lamp", () => {
  function stand(dialect: SignalDialect, answers: readonly (string | Fault)[]) {
    const sent: string[] = [];
    const lamp = new AcsSignalLamp({
      name: "a reader",
      clock: new VirtualClock(Date.UTC(2026, 10, 21, 4)),
      dialect,
      profile: ALL,
      send: async (command) => {
        sent.push(toHex(command));
        const answer = answers[Math.min(sent.length, answers.length) - 1];
        if (answer instanceof Fault) throw answer;
        return fromHex(answer ?? "");
      },
    });
    return { lamp, sent };
  }

  it("sets the reader up once, and again after a loss", async () => {
    const gone = new Fault("reader-gone", "the reader is gone", { effectUnknown: true });
    const { lamp, sent } = stand("together", ["9000", "9000", "9000", gone, "9000"]);
    await lamp.signal("idle", limits(100));
    await lamp.signal("accepted", limits(100));
    expect(await lamp.health()).toEqual({ kind: "well" });
    await expect(lamp.signal("idle", limits(100))).rejects.toMatchObject({ code: "reader-gone" });
    expect(await lamp.health()).toEqual({ kind: "degraded", why: "the reader is gone" });
    await lamp.signal("idle", limits(100));
    expect(sent.map((hex) => hex.slice(0, 8))).toEqual(["ff005200", "ff00400c", "ff00402e", "ff00400c", "ff005200", "ff00400c"]);
    expect(await lamp.health()).toEqual({ kind: "well" });
  });

  it("says that the reader does not do it", async () => {
    const { lamp } = stand("escape", ["e10000000100", "6d00"]);
    await lamp.signal("idle", limits(100));
    await expect(lamp.signal("accepted", limits(100))).rejects.toMatchObject({ code: "device-refused", effectUnknown: false });
  });
});
