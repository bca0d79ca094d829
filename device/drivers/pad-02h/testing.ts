/* A bench for the 02h pad: the same pad and driver over any line. */
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { type Pad02hSettings, SimulatedPad02h } from "../../../simulators/pinpad/pad-02h.ts";
import { clearPinBlock } from "../../../simulators/pinpad/pin-pad.ts";
import { type Bytes, equalBytes, fromHex } from "../../base/bytes.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { type HolderPlan, limits, type PinPadBench } from "../contract/bench.ts";
import type { PadMacBench } from "../contract/pad-mac-contract.ts";
import { Pad02h, type PadProfile } from "./pad.ts";

export const SUITE = openCipherSuite();
export const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
/** A working key in the clear; only this bench knows it. TEST ONLY. */
export const WORK = fromHex("1111111111111111222222222222222A");
const ACCOUNT = fromHex("123456789012");
const RIGHT = "246813";
const ENTRY_SECONDS = 3;

const ACTS: Readonly<Record<HolderPlan, HolderAct>> = {
  right: { kind: "enters", digits: RIGHT },
  wrong: { kind: "enters", digits: "135790" },
  cancel: { kind: "cancels" },
  nothing: { kind: "walks-away" },
};

export interface PadUnderTest extends PinPadBench {
  readonly device: Pad02h;
  readonly simulated: SimulatedPad02h;
}

/** Pad and driver that agree on every open question, with a working key loaded. */
export async function padBench(stand: LineStand, options: { readonly profile: PadProfile; readonly algorithm?: "3des" | "sm4" }): Promise<PadUnderTest> {
  const { profile, algorithm = "3des" } = options;
  let acts: readonly HolderPlan[] = ["right"];
  let asked = 0;
  const holder = new ScriptedHolder([]);
  // The plan may change between two questions, so the acts are looked up when they are due.
  holder.next = () => {
    const act = acts[Math.min(asked, acts.length - 1)] ?? "nothing";
    asked += 1;
    return ACTS[act];
  };
  const settings: Pad02hSettings = profile;
  const simulated = new SimulatedPad02h({ clock: stand.clock, suite: SUITE, holder, settings, keyMs: 20 });
  simulated.attach(stand.end);
  const pinKey = { master: 0, work: 1 };
  const pad = new Pad02h(stand.line, { clock: stand.clock, profile, pinKey, algorithm, entrySeconds: ENTRY_SECONDS });
  const wrapped = encryptBlocks(SUITE, "3des", MASTER, WORK);
  await stand.run(pad.loadWorkKey({ place: pinKey, algorithm, wrapped }, limits(5_000)));
  const right = encryptBlocks(SUITE, algorithm, WORK, clearPinBlock(RIGHT, ACCOUNT, algorithm === "sm4" ? 16 : 8));
  return {
    pad,
    device: pad,
    simulated,
    entryLimits: limits(20_000),
    run: (work) => stand.run(work),
    plan: (planned) => {
      acts = planned;
      asked = 0;
    },
    isRightBlock: (block: Bytes) => equalBytes(block, right),
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

/** Wraps a key that is given in the clear under the pad's master key. */
export function wrapped(clearHex: string): Bytes {
  return encryptBlocks(SUITE, "3des", MASTER, fromHex(clearHex));
}

/** The same for SM4: the pad's master key is given to it as an SM4 key, and wraps as one. */
export async function padSm4MacBench(stand: LineStand, profile: PadProfile): Promise<PadMacBench> {
  const { device, run, close } = await padBench(stand, { profile, algorithm: "sm4" });
  await run(device.loadMasterKey({ master: 0, algorithm: "sm4", clear: MASTER }, limits(5_000)));
  return {
    macs: device.macs,
    run,
    close,
    load: async (place, clearHex) => {
      const wrappedKey = encryptBlocks(SUITE, "sm4", MASTER, fromHex(clearHex));
      await run(device.loadWorkKey({ place, algorithm: "sm4", wrapped: wrappedKey }, limits(5_000)));
    },
  };
}

/** The same pad for MACs alone. */
export async function padMacBench(stand: LineStand, profile: PadProfile): Promise<PadMacBench> {
  const { device, run, close } = await padBench(stand, { profile });
  return {
    macs: device.macs,
    run,
    close,
    load: async (place, clearHex) => {
      await run(device.loadWorkKey({ place, algorithm: "3des", wrapped: wrapped(clearHex) }, limits(5_000)));
    },
  };
}
