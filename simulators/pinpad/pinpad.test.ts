/* The PIN entry devices: what the card or host gets, and what the terminal gets to know. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { TEST_PIN_KEY_HEX } from "../crypto/test-keys.ts";
import { SimulatedReader } from "../reader/in-process.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type HolderAct, ScriptedHolder } from "./holder.ts";
import { clearPinBlock, SimulatedPinPad } from "./pin-pad.ts";
import { SimulatedPinVerifier } from "./pin-verifier.ts";

const suite = openCipherSuite();
const TEMPLATE = { header: fromHex("00200000"), coding: "bcd-f", minDigits: 4, maxDigits: 12 } as const;
const SELECT_SSSE = fromHex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF00");
const limits = (timeoutMs = 60_000) => ({ timeoutMs, signal: new AbortController().signal });

async function atTheCounter(acts: readonly HolderAct[]) {
  const clock = new VirtualClock(0);
  const reader = new SimulatedReader({ name: "counter", interface: "contact", clock });
  const card = makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", pin: "12345" });
  reader.insert(card);
  const channel = await clock.resolve(reader.waitForCard(limits()));
  await clock.resolve(channel.transmit(SELECT_SSSE, limits()));
  const verifier = new SimulatedPinVerifier({ clock, holder: new ScriptedHolder(acts) });
  return { clock, channel, verifier, reader };
}

describe("a keypad that presents the PIN to the card", () => {
  it.each<[HolderAct, object]>([
    [{ kind: "enters", digits: "12345" }, { kind: "verified" }],
    [
      { kind: "enters", digits: "0000" },
      { kind: "wrong", triesLeft: 2 },
    ],
    [{ kind: "enters", digits: "123" }, { kind: "cancelled" }],
    [{ kind: "cancels" }, { kind: "cancelled" }],
    [{ kind: "walks-away" }, { kind: "timed-out" }],
  ])("%o gives %o", async (act, expected) => {
    const { clock, channel, verifier } = await atTheCounter([act]);
    expect(await clock.resolve(verifier.verifyOnCard(channel, TEMPLATE, limits()))).toEqual(expected);
  });

  it("ends in locked", async () => {
    const { clock, channel, verifier } = await atTheCounter([{ kind: "enters", digits: "0000" }]);
    const kinds: string[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) kinds.push((await clock.resolve(verifier.verifyOnCard(channel, TEMPLATE, limits()))).kind);
    expect(kinds).toEqual(["wrong", "wrong", "locked", "locked"]);
  });

  it("gives up within the caller's limit", async () => {
    const { clock, channel, verifier } = await atTheCounter([{ kind: "walks-away" }]);
    const start = clock.monotonicMs();
    expect(await clock.resolve(verifier.verifyOnCard(channel, TEMPLATE, limits(5_000)))).toEqual({ kind: "timed-out" });
    expect(clock.monotonicMs() - start).toBeLessThan(5_000);
  });

  it("names the fault when the card has gone meanwhile", async () => {
    const { clock, channel, verifier, reader } = await atTheCounter([{ kind: "enters", digits: "12345" }]);
    const verifying = verifier.verifyOnCard(channel, TEMPLATE, limits());
    await clock.runUntil(clock.monotonicMs() + 100);
    reader.remove();
    await expect(clock.resolve(verifying)).rejects.toMatchObject({ code: "card-removed" });
  });
});

describe("a pad that gives out encrypted blocks", () => {
  const request = { accountTail: fromHex("555555123456"), minDigits: 4, maxDigits: 6 };

  it("builds the block of ISO 9564 format 0", () => {
    expect(toHex(clearPinBlock("1234", fromHex("555555123456"), 8))).toBe("041261aaaaedcba9");
  });

  it.each([
    ["3des", 8],
    ["sm4", 16],
  ] as const)("encrypts with %s into %i bytes that open to the right block", async (algorithm, length) => {
    const clock = new VirtualClock(0);
    const pad = new SimulatedPinPad({ clock, suite, algorithm, holder: new ScriptedHolder([{ kind: "enters", digits: "1234" }]) });
    const outcome = await clock.resolve(pad.requestPinBlock(request, limits()));
    if (outcome.kind !== "entered") throw new Error(`the pad gave ${outcome.kind}`);
    const key = suite.secretKey(fromHex(TEST_PIN_KEY_HEX));
    const open = algorithm === "sm4" ? suite.sm4Decrypt(key, outcome.block) : suite.tdesDecrypt(key, outcome.block);
    expect(open).toHaveLength(length);
    expect(toHex(open)).toBe(toHex(clearPinBlock("1234", request.accountTail, length)));
    expect(toHex(outcome.keyCheckValue)).toBe(algorithm === "sm4" ? "2677f46b" : "08d7b4fb");
  });

  it.each<[HolderAct, string]>([
    [{ kind: "cancels" }, "cancelled"],
    [{ kind: "walks-away" }, "timed-out"],
    [{ kind: "enters", digits: "1234567" }, "cancelled"],
  ])("%o gives %s", async (act, kind) => {
    const clock = new VirtualClock(0);
    const pad = new SimulatedPinPad({ clock, suite, holder: new ScriptedHolder([act]) });
    expect(await clock.resolve(pad.requestPinBlock(request, limits()))).toEqual({ kind });
  });

  it("names the fault when it is unplugged or closed", async () => {
    const clock = new VirtualClock(0);
    const pad = new SimulatedPinPad({ clock, suite, holder: new ScriptedHolder([]) });
    pad.setPresent(false);
    await expect(pad.requestPinBlock(request, limits())).rejects.toMatchObject({ code: "pad-gone" });
    pad.setPresent(true);
    await pad.close();
    await expect(pad.requestPinBlock(request, limits())).rejects.toMatchObject({ code: "closed" });
  });
});
