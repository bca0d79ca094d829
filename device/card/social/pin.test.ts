/* The card's own PIN: asked for, changed, unblocked and set anew, against an independently written card and host. */
import { describe, expect, it } from "vitest";
import { type PinChangeAct, SimulatedPinChanger } from "../../../simulators/pinpad/pin-changer.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { PinVerifier } from "../../drivers/ports.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { NATIONAL_KEYS } from "./keys.ts";
import { CARD_PIN_CHANGE_TEMPLATE, changePin, type PinReload, queryPinState, reloadPin, unblockPin, verifyPin } from "./pin.ts";
import { NO_KEYS, socialBench } from "./testing.ts";

const QUERY = "0020000000";
const NOBODY: PinVerifier = { verifyOnCard: () => Promise.reject(new Error("nobody may be asked")) };
const ASK_NOBODY = { verifier: NOBODY, limits: LIMITS };

describe("verifying", () => {
  it.each([
    ["9000", "none-set"],
    ["6983", "locked"],
    ["63c0", "locked"],
    ["6d00", "refused"],
  ])("after %s nobody is asked: %s", async (answer, kind) => {
    expect(await verifyPin(new ScriptedChannel([[QUERY, answer]]), ASK_NOBODY, LIMITS)).toMatchObject({ kind });
  });

  it("a PIN that is set, with nobody to ask, is not verified", async () => {
    expect(await verifyPin(new ScriptedChannel([[QUERY, "63c3"]]), undefined, LIMITS)).toEqual({ kind: "not-allowed" });
  });

  it("takes the holder's own answer", async () => {
    const bench = await socialBench({ card: { pin: "12345" }, enters: "12345" });
    if (bench.ask.kind !== "ask") return;
    expect(await bench.run(verifyPin(bench.channel, bench.ask, LIMITS))).toEqual({ kind: "verified" });
  });
});

const HOLDER_TIME = { ...LIMITS, timeoutMs: 90_000 };

describe("changing", () => {
  const benchOf = async (pin: string, act: PinChangeAct, enters = pin) => {
    const bench = await socialBench({ card: { pin }, enters });
    const changer = new SimulatedPinChanger({ clock: bench.clock, acts: [act] });
    return { bench, changer, change: () => bench.run(changePin(bench.channel, { changer, limits: HOLDER_TIME }, LIMITS)) };
  };

  it("sends old, FF, new under its own header", () => {
    expect(toHex(CARD_PIN_CHANGE_TEMPLATE.header)).toBe("805e0100");
    expect(toHex(CARD_PIN_CHANGE_TEMPLATE.separator)).toBe("ff");
  });

  it.each([
    ["123456", "654321"],
    ["12345", "7654321"],
  ])("from %s to %s", async (pin, next) => {
    const { bench, change } = await benchOf(pin, { kind: "changes", old: pin, next }, next);
    expect(await change()).toEqual({ kind: "verified" });
    if (bench.ask.kind !== "ask") return;
    expect(await bench.run(verifyPin(bench.channel, bench.ask, LIMITS))).toEqual({ kind: "verified" });
  });

  it("with a wrong old PIN costs a try and changes nothing, until the card is locked", async () => {
    const { bench, change } = await benchOf("123456", { kind: "changes", old: "000000", next: "654321" });
    expect(await change()).toEqual({ kind: "wrong", triesLeft: 2 });
    expect(await bench.run(queryPinState(bench.channel, LIMITS))).toEqual({ kind: "set", triesLeft: 2 });
    expect([await change(), await change(), await change()]).toEqual([{ kind: "wrong", triesLeft: 1 }, { kind: "locked" }, { kind: "locked" }]);
  });

  it.each([
    ["two entries that differ", { kind: "changes", old: "123456", next: "654321", again: "654322" }, "entries-differ"],
    ["too few digits", { kind: "changes", old: "123456", next: "654" }, "cancelled"],
    ["a holder who cancels", { kind: "cancels" }, "cancelled"],
    ["a holder who walks away", { kind: "walks-away" }, "timed-out"],
  ] as const)("%s: no try is used and nothing changes", async (_name, act, kind) => {
    const { bench, change, changer } = await benchOf("123456", act);
    expect(await change()).toEqual({ kind });
    expect(changer.asked).toBe(1);
    expect(await bench.run(queryPinState(bench.channel, LIMITS))).toEqual({ kind: "set", triesLeft: 3 });
  });

  it.each([
    ["9000", { kind: "none-set" }],
    ["6983", { kind: "locked" }],
    ["6e00", { kind: "refused", statusWord: 0x6e00 }],
  ])("after %s nobody is asked", async (answer, expected) => {
    const changer = { changeOnCard: () => Promise.reject(new Error("nobody may be asked")) };
    expect(await changePin(new ScriptedChannel([[QUERY, answer]]), { changer, limits: LIMITS }, LIMITS)).toEqual(expected);
  });
});

async function lockedBench(algorithm: "sm4" | "3des" = "sm4") {
  const bench = await socialBench({ card: { pin: "123456", algorithm }, enters: "000000" });
  if (bench.ask.kind !== "ask") throw new Error("somebody can be asked");
  for (let count = 0; count < 3; count += 1) await bench.run(verifyPin(bench.channel, bench.ask, LIMITS));
  expect(await bench.run(queryPinState(bench.channel, LIMITS))).toEqual({ kind: "locked" });
  return bench;
}

describe("unblocking", () => {
  it.each(["sm4", "3des"] as const)("gives the old PIN its tries back under the host's key: %s", async (algorithm) => {
    const bench = await lockedBench(algorithm);
    expect(await bench.run(unblockPin(bench.channel, bench.keys, LIMITS))).toEqual({ kind: "ok" });
    expect(await bench.run(queryPinState(bench.channel, LIMITS))).toEqual({ kind: "set", triesLeft: 3 });
    expect(bench.host.asked).toEqual(["0090"]);
  });

  it("sends the header and the MAC, which runs over the header with its length", async () => {
    const inputs: string[] = [];
    const keys = {
      commandMac: async ({ key, challenge, input }: { readonly key: string; readonly challenge: Uint8Array; readonly input: Uint8Array }) => {
        inputs.push(`${key} ${toHex(challenge)} ${toHex(input)}`);
        return fromHex("aabbccdd");
      },
    };
    const channel = new ScriptedChannel([
      ["0084000008", "11223344556677889000"],
      ["8424000004aabbccdd", "9000"],
    ]);
    expect(await unblockPin(channel, keys, LIMITS)).toEqual({ kind: "ok" });
    expect(inputs).toEqual(["puk 1122334455667788 8424000004"]);
  });

  it("wrong signatures lock the key, and that is told apart", async () => {
    const bench = await lockedBench();
    const wrong = { commandMac: async () => fromHex("00000000") };
    const answers = [];
    for (let count = 0; count < 11; count += 1) answers.push(await bench.run(unblockPin(bench.channel, wrong, LIMITS)));
    expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => ({ kind: "refused", statusWord: 0x6988 })));
    expect(answers[10]).toEqual({ kind: "puk-locked" });
  });

  it("without the host there is no signature, and nothing has happened", async () => {
    const bench = await lockedBench();
    await expect(bench.run(unblockPin(bench.channel, NO_KEYS, LIMITS))).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
  });
});

describe("setting anew", () => {
  const reloadOf = (bench: Awaited<ReturnType<typeof socialBench>>, digits: string): PinReload => ({
    algorithm: bench.identity.algorithm,
    keys: bench.keys,
    keyTable: NATIONAL_KEYS,
    service: { reloadCommand: async (request) => bench.host.reload(request, bench.identity, digits) },
  });

  it.each(["sm4", "3des"] as const)("passes the host's command through: %s", async (algorithm) => {
    const bench = await lockedBench(algorithm);
    expect(await bench.run(reloadPin(bench.channel, reloadOf(bench, "000000"), LIMITS))).toEqual({ kind: "ok" });
    if (bench.ask.kind !== "ask") return;
    expect(await bench.run(verifyPin(bench.channel, bench.ask, LIMITS))).toEqual({ kind: "verified" });
  });

  it.each([
    ["another command", "841600000c0000000000000000000000"],
    ["another P2", "842400000c000000000000000000000000"],
    ["another P1", "842401010c000000000000000000000000"],
    ["another class", "802400010c000000000000000000000000"],
    ["too short for SM4", "842400010c000000000000000000000000"],
    ["no command at all", "8424"],
    ["nothing", ""],
  ])("%s from the host never reaches the card", async (_name, hex) => {
    const bench = await socialBench({ card: { pin: "123456" } });
    const sent: string[] = [];
    bench.cardReader.setFate(({ command }) => {
      sent.push(toHex(command.subarray(0, 2)));
      return { kind: "ok" };
    });
    const reload = { ...reloadOf(bench, "000000"), service: { reloadCommand: async () => fromHex(hex) } };
    expect(await bench.run(reloadPin(bench.channel, reload, LIMITS))).toEqual({ kind: "host-command-malformed" });
    expect(sent).toEqual(["0084", "0084", "0082", "0084"]);
  });

  it("a proof that the card refuses ends it", async () => {
    const bench = await socialBench({ card: { pin: "123456" } });
    const keys = { ...bench.keys, authenticationData: async () => fromHex("0000000000000000") };
    const reload = { ...reloadOf(bench, "000000"), keys };
    expect(await bench.run(reloadPin(bench.channel, reload, LIMITS))).toEqual({ kind: "proof-refused", statusWord: 0x63c9 });
  });

  const proved = [
    ["0084000008", "11223344556677889000"],
    ["0084000008", "99AABBCCDDEEFF009000"],
  ] as const;
  const scripted = (steps: readonly (readonly [string, string])[]) => {
    const reload: PinReload = {
      algorithm: "3des",
      keys: { authenticationData: async () => fromHex("0102030405060708"), commandMac: () => Promise.reject(new Error("not asked")) },
      keyTable: {},
      service: { reloadCommand: async ({ challenge }) => fromHex(`842400010c${toHex(challenge)}aabbccdd`) },
    };
    return reloadPin(new ScriptedChannel(steps), reload, LIMITS);
  };
  const proof = "0082000610 0102030405060708 1122334455667788";

  it.each([
    ["a locked key", [...proved, [proof, "6983"]], { kind: "puk-locked" }],
    ["no further challenge", [...proved, [proof, "9000"], ["0084000008", "6985"]], { kind: "refused", statusWord: 0x6985 }],
    [
      "a MAC that the card refuses",
      [...proved, [proof, "9000"], ["0084000008", "aaaaaaaabbbbbbbb9000"], ["842400010caaaaaaaabbbbbbbbaabbccdd", "6988"]],
      { kind: "refused", statusWord: 0x6988 },
    ],
    ["a new PIN", [...proved, [proof, "9000"], ["0084000008", "aaaaaaaabbbbbbbb9000"], ["842400010caaaaaaaabbbbbbbbaabbccdd", "9000"]], { kind: "ok" }],
  ] as const)("%s", async (_name, steps, expected) => {
    expect(await scripted(steps)).toEqual(expected);
  });

  it("memory trouble of the card leaves open which PIN it has now", async () => {
    const steps = [...proved, [proof, "9000"], ["0084000008", "aaaaaaaabbbbbbbb9000"], ["842400010caaaaaaaabbbbbbbbaabbccdd", "6581"]] as const;
    await expect(scripted(steps)).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: true });
  });

  it("a host that is away has done nothing to the card", async () => {
    const bench = await socialBench({ card: { pin: "123456" } });
    const away = () => Promise.reject(new Fault("host-absent", "no answer", { effectUnknown: false }));
    const reload = { ...reloadOf(bench, "000000"), service: { reloadCommand: away } };
    await expect(bench.run(reloadPin(bench.channel, reload, LIMITS))).rejects.toMatchObject({ code: "host-absent", effectUnknown: false });
  });
});
