/* A bench for the Newland pad: the same pad and driver over any line. */
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { NEWLAND_TEST_AUTHORIZATION, type NewlandPadSettings, SimulatedNewlandPad } from "../../../simulators/pinpad/newland.ts";
import { clearPinBlock } from "../../../simulators/pinpad/pin-pad.ts";
import { type Bytes, equalBytes, fromHex } from "../../base/bytes.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { type HolderPlan, limits, type PinPadBench } from "../contract/bench.ts";
import { type NewlandPad, type NewlandProfile, openNewlandPad } from "./pad.ts";

export const SUITE = openCipherSuite();
export const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
/** A working key in the clear; only this bench knows it. TEST ONLY. */
export const WORK = fromHex("1111111111111111222222222222222A");
export const PIN_KEY = { master: 0, work: 1 } as const;
const ACCOUNT = fromHex("123456789012");
const RIGHT = "246813";

const ACTS: Readonly<Record<HolderPlan, HolderAct>> = {
  right: { kind: "enters", digits: RIGHT },
  wrong: { kind: "enters", digits: "135790" },
  cancel: { kind: "cancels" },
  nothing: { kind: "walks-away" },
};

export interface NewlandUnderTest extends PinPadBench {
  readonly device: NewlandPad;
  readonly simulated: SimulatedNewlandPad;
  readonly checkValue: Bytes;
  readonly wrapped: Bytes;
}

/** Pad and driver that agree on every open question; the PIN key is loaded unless `keyless`. */
export async function newlandBench(
  stand: LineStand,
  options: { readonly profile: NewlandProfile; readonly settings?: Partial<NewlandPadSettings>; readonly keyless?: boolean },
): Promise<NewlandUnderTest> {
  const { profile } = options;
  let acts: readonly HolderPlan[] = ["right"];
  let asked = 0;
  const holder = new ScriptedHolder([]);
  // The plan may change between two questions, so the acts are looked up when they are due.
  holder.next = () => {
    const act = acts[Math.min(asked, acts.length - 1)] ?? "nothing";
    asked += 1;
    return ACTS[act];
  };
  const settings = { ...options.settings, nlpp60Extra: profile.nlpp60Extra };
  const simulated = new SimulatedNewlandPad({ clock: stand.clock, suite: SUITE, holder, settings, keyMs: 20 });
  simulated.attach(stand.end);
  const authorize = (random: Bytes | undefined) => (random === undefined ? fromHex(NEWLAND_TEST_AUTHORIZATION) : encryptBlocks(SUITE, "3des", MASTER, random));
  const pad = openNewlandPad(stand.line, { clock: stand.clock, profile, directory: 1, pinKey: PIN_KEY, authorize });
  const wrapped = encryptBlocks(SUITE, "3des", MASTER, WORK);
  const checkValue = encryptBlocks(SUITE, "3des", WORK, new Uint8Array(8)).slice(0, 4);
  if (options.keyless !== true) await stand.run(pad.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped, checkValue }, limits(5_000)));
  const right = encryptBlocks(SUITE, "3des", WORK, clearPinBlock(RIGHT, ACCOUNT, 8));
  return {
    pad,
    device: pad,
    simulated,
    checkValue,
    wrapped,
    entryLimits: limits(20_000),
    run: (work) => stand.run(work),
    plan: (planned) => {
      acts = planned;
      asked = 0;
    },
    isRightBlock: (block) => equalBytes(block, right),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      await stand.plugIn();
      simulated.attach(stand.end);
    },
    close: async () => {
      await pad.close();
      await stand.close();
    },
  };
}
