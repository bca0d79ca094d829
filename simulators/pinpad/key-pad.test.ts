/* The simulated pad with keys keeps the contracts of the real ones. */

import { describe, expect, it } from "vitest";
import { equalBytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type HolderPlan, limits, type PinPadBench } from "../../device/drivers/contract/bench.ts";
import { padMacContract, padSm4MacContract } from "../../device/drivers/contract/pad-mac-contract.ts";
import { pinPadContract } from "../../device/drivers/contract/pin-pad-contract.ts";
import { encryptBlocks } from "../crypto/blocks.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type HolderAct, ScriptedHolder } from "./holder.ts";
import { SimulatedKeyPad } from "./key-pad.ts";
import { clearPinBlock } from "./pin-pad.ts";

const SUITE = openCipherSuite();
const MASTER = "0123456789ABCDEFFEDCBA9876543210";
const WORK = "1111111111111111222222222222222A";
const PLACE = { master: 0, work: 0 } as const;
const RIGHT = "246813";
const ACTS: Readonly<Record<HolderPlan, HolderAct>> = {
  right: { kind: "enters", digits: RIGHT },
  wrong: { kind: "enters", digits: "135790" },
  cancel: { kind: "cancels" },
  nothing: { kind: "walks-away" },
};

const wrap = (clearHex: string) => encryptBlocks(SUITE, "3des", fromHex(MASTER), fromHex(clearHex));

function keyPad(algorithm: "3des" | "sm4" = "3des") {
  const clock = new VirtualClock(0);
  const holder = new ScriptedHolder([ACTS.right]);
  const pad = new SimulatedKeyPad({ clock, suite: SUITE, holder, masterKeyHex: MASTER, algorithm });
  return { clock, holder, pad };
}

async function pinBench(): Promise<PinPadBench> {
  const { clock, holder, pad } = keyPad();
  await pad.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrap(WORK) });
  const right = encryptBlocks(SUITE, "3des", fromHex(WORK), clearPinBlock(RIGHT, fromHex("123456789012"), 8));
  return {
    pad,
    entryLimits: limits(60_000),
    run: (work) => clock.resolve(work),
    plan: (acts) => holder.plan(acts.map((act) => ACTS[act])),
    isRightBlock: (block) => equalBytes(block, right),
    unplug: async () => pad.setPresent(false),
    plugIn: async () => pad.setPresent(true),
    close: () => pad.close(),
  };
}

pinPadContract("simulated pad with keys", pinBench);

padMacContract("simulated pad with keys", async () => {
  const { clock, pad } = keyPad();
  return {
    macs: pad.macs,
    run: (work) => clock.resolve(work),
    load: async (place, clearHex) => {
      await pad.loadWorkKey({ place, algorithm: "3des", wrapped: wrap(clearHex) });
    },
    close: () => pad.close(),
  };
});

padSm4MacContract("simulated pad with keys", async () => {
  const { clock, pad } = keyPad("sm4");
  return {
    macs: pad.macs,
    run: (work) => clock.resolve(work),
    load: async (place, clearHex) => {
      await pad.loadWorkKey({ place, algorithm: "sm4", wrapped: encryptBlocks(SUITE, "sm4", fromHex(MASTER), fromHex(clearHex)) });
    },
    close: () => pad.close(),
  };
});

describe("the simulated pad with keys", () => {
  it("makes X9.19 of a key of two halves", async () => {
    const { clock, pad } = keyPad();
    await pad.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrap(MASTER) });
    expect(toHex(await clock.resolve(pad.mac({ place: PLACE, method: "x9.19", data: utf8("1234567890ABCDEF") })))).toBe("205fcec8bade9527");
  });

  it("takes a new PIN that is entered the same twice", async () => {
    const { clock, holder, pad } = keyPad();
    await pad.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrap(WORK) });
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    const ask = async (...acts: HolderPlan[]) => {
      holder.plan(acts.map((act) => ACTS[act]));
      return (await clock.resolve(pad.requestNewPinBlock(request, limits(60_000)))).kind;
    };
    expect([await ask("right"), await ask("right", "wrong"), await ask("cancel"), await ask("right", "nothing")]).toEqual([
      "entered",
      "entries-differ",
      "cancelled",
      "timed-out",
    ]);
  });

  it("knows one master key, and keys of 8 and 16 bytes", async () => {
    const { pad } = keyPad();
    const load = (master: number, length: number, algorithm: "3des" | "sm4" = "3des") =>
      pad.loadWorkKey({ place: { master, work: 0 }, algorithm, wrapped: new Uint8Array(length) });
    await expect(load(1, 16)).rejects.toMatchObject({ code: "key-missing" });
    await expect(load(0, 24)).rejects.toMatchObject({ code: "pad-refused" });
    await expect(load(0, 16, "sm4")).rejects.toMatchObject({ code: "pad-refused" });
    await pad.wipeKeys();
    await expect(load(0, 16)).rejects.toMatchObject({ code: "key-missing" });
  });
});
