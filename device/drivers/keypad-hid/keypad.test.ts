import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HidKeypadFaults, isKeypadCap, KEYPAD_CAPS, KEYPAD_DESCRIPTOR, SimulatedHidKeypad } from "../../../simulators/keypad/hid-keypad.ts";
import { InProcessLine } from "../../../simulators/line/in-process.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Fen, fen, formatYuan, parseYuan } from "../../base/fen.ts";
import { limits } from "../contract/bench.ts";
import { keypadContract } from "../contract/keypad-contract.ts";
import type { ReportLine } from "../framing/lines.ts";
import { amountOf, type KeypadKey, NOTHING_TYPED, press, type Typing } from "../framing/typed-amount.ts";
import { HidKeypad } from "./keypad.ts";
import { PressedKeys } from "./report.ts";
import { hidKeypadBench } from "./testing.ts";

const RULE = { typed: "yuan", amountMax: fen(999_999) } as const;

function inProcess(faults: Partial<HidKeypadFaults> = {}) {
  const clock = new VirtualClock(0);
  const line = new InProcessLine(clock, { name: "simulated", descriptor: KEYPAD_DESCRIPTOR });
  const keypad = new SimulatedHidKeypad(clock);
  const end = line.device(() => undefined);
  keypad.attach((report) => end.write(report));
  keypad.setFaults(faults);
  return {
    line,
    clock,
    keypad,
    run: <Value>(work: Promise<Value>) => clock.resolve(work),
    unplug: async () => line.setPluggedIn(false),
    plugIn: async () => line.setPluggedIn(true),
    close: async () => undefined,
  };
}

keypadContract("HID in process", async () => hidKeypadBench(inProcess()));
keypadContract("HID in process, typed so fast that keys overlap", async () => hidKeypadBench(inProcess({ overlaps: true })));
keypadContract("HID in process, with reports that cannot tell", async () => hidKeypadBench(inProcess({ rollOver: true })));

function typedBy(keys: readonly KeypadKey[], rule: { readonly typed: "yuan" | "fen"; readonly amountMax: Fen }): Typing | ReturnType<typeof press> {
  let typing: Typing = NOTHING_TYPED;
  for (const key of keys) {
    const next = press(typing, key, rule);
    if ("kind" in next) return next;
    typing = next;
  }
  return typing;
}

describe("an amount that is typed", () => {
  it("is the one that its digits say, in either way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999_999 }), fc.constantFrom("yuan", "fen"), (amount, typed) => {
        const text = typed === "fen" ? String(amount) : formatYuan(fen(amount));
        const keys = Array.from(text, (character): KeypadKey => (character === "." ? "point" : (character as KeypadKey)));
        expect(typedBy([...keys, "enter"], { typed, amountMax: fen(99_999_999) })).toEqual({ kind: "entered", amount });
      }),
    );
  });

  it("never passes its limit and never has parts of a fen, whatever is pressed", () => {
    const key = fc.constantFrom<KeypadKey>("0", "1", "5", "9", "00", "000", "point", "back", "enter", "clear");
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), fc.constantFrom("yuan", "fen"), fc.integer({ min: 1, max: 1_000_000 }), (keys, typed, max) => {
        const end = typedBy(keys, { typed, amountMax: fen(max) });
        if ("kind" in end) {
          if (end.kind === "entered") expect(end.amount > 0 && end.amount <= max).toBe(true);
          return;
        }
        const shown = amountOf(end, typed);
        expect(shown).toBeLessThanOrEqual(max);
        if (typed === "yuan" && end.text !== "") expect(parseYuan(end.text.replace(/\.$/, ""))).toEqual({ ok: true, amount: shown });
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<readonly [string, readonly KeypadKey[], string]>([
    ["a second point", ["1", "point", "point", "5"], "1.5"],
    ["a third place", ["1", "point", "2", "3", "4"], "1.23"],
    ["two zeros where there is room for one", ["1", "point", "2", "00"], "1.2"],
    ["zeros in front", ["0", "0", "7"], "7"],
    ["a digit beyond the limit", ["9", "9", "9", "9", "9"], "9999"],
    ["Enter on nothing", ["enter", "0", "enter"], "0"],
    ["a step back on nothing", ["back", "4"], "4"],
  ])("takes no key that does not fit: %s", (_what, keys, text) => expect(typedBy(keys, RULE)).toEqual({ text }));
});

describe("reports", () => {
  it("with a number are those of the keypad, and others are not", () => {
    const keys = new PressedKeys(3);
    expect(keys.feed(Uint8Array.of(3, 0, 0, 0x59, 0, 0, 0, 0, 0))).toEqual(["1"]);
    expect(keys.feed(Uint8Array.of(4, 0, 0, 0x5a, 0, 0, 0, 0, 0))).toEqual([]);
  });

  it("of a key that stays down press it once", () => {
    const keys = new PressedKeys(0);
    const down = Uint8Array.of(0, 0, 0x59, 0, 0, 0, 0, 0);
    expect([keys.feed(down), keys.feed(down)]).toEqual([["1"], []]);
  });

  it("of any bytes press at most six keys and never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 20 }), fc.nat({ max: 255 }), (reports, id) => {
        const keys = new PressedKeys(id);
        for (const report of reports) expect(keys.feed(report).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

function linePart(line: InProcessLine): ReportLine {
  return {
    name: line.name,
    state: "open",
    descriptor: undefined,
    onState: (listener) => line.onState(listener),
    untilOpen: (bounds) => line.untilOpen(bounds),
    onReport: (listener) => line.onReport(listener),
    write: (report, bounds) => line.write(report, bounds),
    sendFeature: (report, bounds) => line.sendFeature(report, bounds),
    close: () => line.close(),
  };
}

describe("a keypad", () => {
  it("tells each change of what is typed, and nothing where there is none", async () => {
    const stand = inProcess();
    const shown: number[] = [];
    const keypad = new HidKeypad(stand.line, { clock: stand.clock, reportId: 0 });
    const reading = keypad.readAmount({ ...RULE, onTyped: (amount) => shown.push(amount) }, limits(1_000));
    stand.keypad.press(["1", "numlock", ".", ".", "5", "back", "plus", "enter"]);
    expect(await stand.run(reading)).toEqual({ kind: "entered", amount: 100 });
    expect(shown).toEqual([100, 100, 150, 100]);
  });

  it("that is deaf gives nothing, and one that is late gives it late", async () => {
    for (const [faults, code] of [
      [{ deaf: true }, "timeout"],
      [{ lateMs: 2_000 }, "timeout"],
    ] as const) {
      const stand = inProcess(faults);
      const keypad = new HidKeypad(stand.line, { clock: stand.clock, reportId: 0 });
      stand.keypad.press(["1", "enter"]);
      await expect(stand.run(keypad.readAmount(RULE, limits(1_000)))).rejects.toMatchObject({ code });
    }
  });

  it("to which more comes at once than anybody types gives none of it", async () => {
    const { clock, line, run } = inProcess();
    let hear: (report: Uint8Array) => void = () => undefined;
    const onReport: ReportLine["onReport"] = (listener) => {
      hear = listener;
      return () => undefined;
    };
    const flooded: ReportLine = { ...linePart(line), onReport };
    const keypad = new HidKeypad(flooded, { clock, reportId: 0 });
    const reading = keypad.readAmount({ ...RULE, amountMax: fen(99_999_999) }, limits(1_000));
    const typed = [...Array.from({ length: 65 }, (_, at) => (at % 2 === 0 ? 0x59 : 0x5a)), 0x5b, 0x58];
    for (const usage of typed) hear(Uint8Array.of(0, 0, usage, 0, 0, 0, 0, 0));
    expect(await run(reading)).toEqual({ kind: "entered", amount: 300 });
  });

  it("has a name for each of its keys", () => expect(KEYPAD_CAPS.every(isKeypadCap)).toBe(true));
});
