/* A master key that is typed at the 02h pad: what the pad takes, and what it refuses meanwhile. Frames are written out by hand, in binary coding. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type HolderAct, ScriptedHolder } from "./holder.ts";
import { NO_PAD_FAULTS, type PadFaults, SimulatedPad02h } from "./pad-02h.ts";

const suite = openCipherSuite();
const KEY_MS = 10;
const DONE = "02010405";
const REFUSED = "02011514";
const STAR = "2a";
const ENTER = "0d";

function atTheKeypad(acts: readonly HolderAct[], options: { readonly faults?: Partial<PadFaults>; readonly masterComponents?: number } = {}) {
  const clock = new VirtualClock(0);
  const said: string[] = [];
  let hear: (bytes: Uint8Array) => void = () => undefined;
  const { faults = NO_PAD_FAULTS, ...parts } = options;
  const pad = new SimulatedPad02h({ clock, suite, holder: new ScriptedHolder(acts), settings: { coding: "binary" }, keyMs: KEY_MS, ...parts });
  pad.setFaults(faults);
  pad.attach({
    onBytes: (listener) => {
      hear = listener;
    },
    write: (bytes) => void said.push(toHex(bytes)),
  });
  const passes = (ms: number) => clock.resolve(clock.sleep(ms));
  return { pad, said, passes, send: (frame: string) => hear(fromHex(frame)) };
}

const enters = (digits: string) => ({ kind: "enters", digits }) as const;

describe("typing a master key at the 02h pad", () => {
  it("is answered when the last component was confirmed, a star for each key before", async () => {
    const { pad, said, passes, send } = atTheKeypad([enters("12"), enters("a")]);
    send("0202230322");
    expect(pad.keypad).toBe("on");
    await passes(1_000);
    expect(said).toEqual([STAR, STAR, ENTER, STAR, ENTER, DONE]);
    expect(pad.keypad).toBe("off");
  });

  it("takes as many components as it is set to", async () => {
    const { said, passes, send } = atTheKeypad([enters("1")], { masterComponents: 3 });
    send("0202230322");
    await passes(1_000);
    expect(said).toEqual([STAR, ENTER, STAR, ENTER, STAR, ENTER, DONE]);
  });

  it("sends the digits in its plain-text mode", async () => {
    const { said, passes, send } = atTheKeypad([enters("1f")], { faults: { clearDigits: true }, masterComponents: 1 });
    send("0202230322");
    await passes(1_000);
    expect(said).toEqual(["31", "46", ENTER, DONE]);
  });

  it.each([
    ["without a number", "02012322"],
    ["for a number that no master key has", "0202231031"],
    ["with more than a number", "020323030023"],
  ])("%s is refused", async (_name, frame) => {
    const { said, passes, send } = atTheKeypad([enters("1")]);
    send(frame);
    await passes(1_000);
    expect(said).toEqual([REFUSED]);
  });

  it("leaves no room for another command, until the keypad goes off or the pad is reset", async () => {
    for (const end of ["0202450047", "02013130"]) {
      const { said, passes, send } = atTheKeypad([enters("12345678")]);
      send("0202230322");
      send("02013031");
      await passes(1);
      expect(said).toEqual([REFUSED]);
      send(end);
      await passes(1_000);
      expect(said).toEqual([REFUSED, DONE]);
      send("0202230322");
      await passes(1_000);
      expect(said.at(-1)).toBe(DONE);
    }
  });
});
