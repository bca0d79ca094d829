/* Blocking for good, and whoever holds the keys of it: the module, the host, or nobody. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { selectByName } from "../dialogue.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { DIRECTORY_NAMES } from "./file-table.ts";
import { firstWithKey, type HostKeyService, hostKeyAddress, hostKeys, type KeyHolder } from "./key-holders.ts";
import { NATIONAL_KEYS } from "./keys.ts";
import { blockApplication, blockCard } from "./maintenance.ts";
import { macInput, sendChange, sendSecured } from "./secure-command.ts";
import { NO_KEYS, socialBench } from "./testing.ts";

const ALGORITHMS = ["sm4", "3des"] as const;

describe("blocking", () => {
  it.each(ALGORITHMS)("one directory leaves the others: %s", async (algorithm) => {
    const bench = await socialBench({ card: { algorithm } });
    const request = { directory: "df04", keys: bench.keys, keyTable: NATIONAL_KEYS } as const;
    expect(await bench.run(blockApplication(bench.channel, request, LIMITS))).toEqual({ kind: "ok" });
    expect(await bench.run(selectByName(bench.channel, DIRECTORY_NAMES.df04, LIMITS))).toEqual({ kind: "blocked" });
    expect((await bench.run(selectByName(bench.channel, DIRECTORY_NAMES.ssse, LIMITS))).kind).toBe("ok");
    expect(await bench.run(blockApplication(bench.channel, request, LIMITS))).toEqual({ kind: "already-blocked" });
  });

  it.each(ALGORITHMS)("the card takes everything: %s", async (algorithm) => {
    const bench = await socialBench({ card: { algorithm } });
    const request = { keys: bench.keys, keyTable: NATIONAL_KEYS };
    expect(await bench.run(blockCard(bench.channel, request, LIMITS))).toEqual({ kind: "ok" });
    expect(await bench.run(blockCard(bench.channel, request, LIMITS))).toEqual({ kind: "already-blocked" });
  });

  it("with a wrong proof or MAC blocks nothing and locks no key", async () => {
    const bench = await socialBench();
    const wrongProof = { ...bench.keys, authenticationData: async () => fromHex("0000000000000000") };
    const wrongMac = { ...bench.keys, commandMac: async () => fromHex("00000000") };
    for (let count = 0; count < 12; count += 1) {
      expect(await bench.run(blockCard(bench.channel, { keys: wrongProof, keyTable: NATIONAL_KEYS }, LIMITS))).toMatchObject({ kind: "refused" });
      expect(await bench.run(blockCard(bench.channel, { keys: wrongMac, keyTable: NATIONAL_KEYS }, LIMITS))).toEqual({ kind: "refused", statusWord: 0x6988 });
    }
    expect(await bench.run(blockCard(bench.channel, { keys: bench.keys, keyTable: NATIONAL_KEYS }, LIMITS))).toEqual({ kind: "ok" });
  });

  it("without the key does not begin, and another fault is not taken for that", async () => {
    const bench = await socialBench();
    expect(await bench.run(blockCard(bench.channel, { keys: NO_KEYS, keyTable: NATIONAL_KEYS }, LIMITS))).toEqual({ kind: "key-missing" });
    expect(await bench.run(blockCard(bench.channel, { keys: bench.keys, keyTable: {} }, LIMITS))).toEqual({ kind: "key-missing" });
    const away: KeyHolder = { ...NO_KEYS, authenticationData: () => Promise.reject(new Fault("host-absent", "away", { effectUnknown: false })) };
    await expect(bench.run(blockCard(bench.channel, { keys: away, keyTable: NATIONAL_KEYS }, LIMITS))).rejects.toMatchObject({ code: "host-absent" });
  });

  it.each([
    ["6a82", { kind: "not-there" }],
    ["6985", { kind: "refused", statusWord: 0x6985 }],
  ])("a directory that answers %s is not blocked", async (answer, expected) => {
    const channel = new ScriptedChannel([["00A4040006D1560000050300", answer]]);
    expect(await blockApplication(channel, { directory: "df04", keys: NO_KEYS, keyTable: NATIONAL_KEYS }, LIMITS)).toEqual(expected);
  });

  it("as bytes: control key, challenge, command", async () => {
    const keys: KeyHolder = { authenticationData: async () => fromHex("0102030405060708"), commandMac: async ({ input }) => input.slice(0, 4) };
    const channel = new ScriptedChannel([
      ["00A4040006D1560000050000", "9000"],
      ["0084000008", "11223344556677889000"],
      ["0084000008", "99AABBCCDDEEFF009000"],
      ["0082008310 0102030405060708 1122334455667788", "9000"],
      ["0084000008", "11223344556677889000"],
      ["841E000104 841E0001", "9000"],
    ]);
    expect(await blockApplication(channel, { directory: "df01", keys, keyTable: NATIONAL_KEYS }, LIMITS)).toEqual({ kind: "ok" });
    expect(channel.done).toBe(true);
  });
});

describe("secured commands", () => {
  it("have the MAC counted in the length that it runs over", () => {
    expect(toHex(macInput({ cla: 0x04, ins: 0xdc, p1: 0x05, p2: 0x28, data: fromHex("0504aabbccdd") }))).toBe("04dc05280a0504aabbccdd");
    expect(toHex(macInput({ cla: 0x84, ins: 0x16, p1: 0, p2: 0 }))).toBe("8416000004");
  });

  it.each(["6700", "6982", "6983", "6988", "6a80", "6a83", "6d00", "9302", "9303", "63c2"])("%s has changed nothing", async (answer) => {
    const channel = new ScriptedChannel([["8416000004 00000000", answer]]);
    const command = { cla: 0x84, ins: 0x16, p1: 0, p2: 0, data: fromHex("00000000") };
    expect(await sendChange(channel, command, LIMITS)).toEqual({ kind: "refused", statusWord: Number.parseInt(answer, 16) });
  });

  it.each(["6581", "6400", "6200", "9100"])("%s leaves open what happened", async (answer) => {
    const channel = new ScriptedChannel([["8416000004 00000000", answer]]);
    const command = { cla: 0x84, ins: 0x16, p1: 0, p2: 0, data: fromHex("00000000") };
    await expect(sendChange(channel, command, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: true });
  });

  it("a refusal after 61xx is none", async () => {
    const channel = new ScriptedChannel([
      ["8416000004 00000000", "6104"],
      ["00C0000004", "6985"],
    ]);
    const command = { cla: 0x84, ins: 0x16, p1: 0, p2: 0, data: fromHex("00000000") };
    await expect(sendChange(channel, command, LIMITS)).rejects.toMatchObject({ effectUnknown: true });
  });

  it("a signer that gives no four bytes is our own mistake", async () => {
    const signer = { commandMac: async () => fromHex("000000") };
    const channel = new ScriptedChannel([["0084000008", "11223344556677889000"]]);
    const secured = sendSecured(channel, { apdu: { cla: 0x84, ins: 0x16, p1: 0, p2: 0 }, key: "stk-ssse", signer }, LIMITS);
    await expect(secured).rejects.toThrow("four bytes");
  });

  it("a card without a challenge is not sent the command", async () => {
    const channel = new ScriptedChannel([["0084000008", "6d00"]]);
    const secured = sendSecured(channel, { apdu: { cla: 0x84, ins: 0x16, p1: 0, p2: 0 }, key: "stk-ssse", signer: NO_KEYS }, LIMITS);
    expect(await secured).toEqual({ kind: "refused", statusWord: 0x6d00 });
  });
});

describe("holders of keys", () => {
  const place = { algorithm: "sm4", factors: [], cardIdentifier: "00" } as const;
  const proof = { key: "puk", sessionFactor: fromHex("1122334455667788"), raw: fromHex("99AABBCCDDEEFF00") } as const;
  const service = (answer: string): HostKeyService => ({ mac: async () => fromHex(answer), authenticationData: async () => fromHex(answer) });

  it.each([
    [{ puk: "0090" }, "puk", "0090"],
    [{ puk: "00af" }, "puk", "00AF"],
    [{ puk: "0090" }, "bk", undefined],
    [{ puk: "90" }, "puk", undefined],
    [{ puk: "0x90" }, "puk", undefined],
    [{ puk: "" }, "puk", undefined],
    [{ puk: "00900" }, "puk", undefined],
    [{ puk: "x0090" }, "puk", undefined],
  ] as const)("the address in %o of %s is %s", (addresses, key, expected) => {
    expect(hostKeyAddress(addresses, key)).toBe(expected);
  });

  it("addresses are the profile's own, not what every object has", () => {
    expect(hostKeyAddress({}, "puk")).toBeUndefined();
    expect(hostKeyAddress(Object.create({ puk: "0090" }) as Record<string, string>, "puk")).toBeUndefined();
  });

  it("a host without an address is not asked", async () => {
    const keys = hostKeys(service(""), place, {});
    await expect(keys.authenticationData(proof, LIMITS)).rejects.toMatchObject({ code: "key-missing" });
    await expect(keys.commandMac({ key: "puk", challenge: proof.raw, input: proof.raw }, LIMITS)).rejects.toMatchObject({ code: "key-missing" });
  });

  it.each(["", "010203", "0102030405"])("a host's MAC of %s is none", async (answer) => {
    const keys = hostKeys(service(answer), place, { puk: "0090" });
    const fault = { code: "host-answer-malformed", effectUnknown: false };
    await expect(keys.commandMac({ key: "puk", challenge: proof.raw, input: proof.raw }, LIMITS)).rejects.toMatchObject(fault);
    await expect(keys.authenticationData(proof, LIMITS)).rejects.toMatchObject(fault);
  });

  it("gives the host everything that a key's use needs", async () => {
    const seen: unknown[] = [];
    const recording: HostKeyService = {
      mac: async (request) => {
        seen.push(request);
        return fromHex("01020304");
      },
      authenticationData: async (request) => {
        seen.push(request);
        return fromHex("0102030405060708");
      },
    };
    const keys = hostKeys(recording, place, { puk: "0090" });
    await keys.authenticationData(proof, LIMITS);
    await keys.commandMac({ key: "puk", challenge: proof.sessionFactor, input: fromHex("8424000004") }, LIMITS);
    const common = { ...place, address: "0090", sessionFactor: proof.sessionFactor };
    expect(seen).toEqual([
      { ...common, data: proof.raw },
      { ...common, data: fromHex("8424000004") },
    ]);
  });

  it("the next is asked only when the one before has not the key", async () => {
    const has = (answer: string): KeyHolder => hostKeys(service(answer), place, { puk: "0090" });
    const both = firstWithKey([NO_KEYS, has("0102030405060708"), has("1112131415161718")]);
    expect(toHex(await both.authenticationData(proof, LIMITS))).toBe("0102030405060708");
    const broken: KeyHolder = { ...NO_KEYS, authenticationData: () => Promise.reject(new Fault("host-absent", "away", { effectUnknown: false })) };
    await expect(firstWithKey([broken, has("0102030405060708")]).authenticationData(proof, LIMITS)).rejects.toMatchObject({ code: "host-absent" });
    await expect(NO_KEYS.authenticationData(proof, LIMITS)).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
  });
});
