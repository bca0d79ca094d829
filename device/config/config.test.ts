import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TEST_CERTIFICATION_AUTHORITIES } from "../../simulators/crypto/certificates.ts";
import { testSocialAuthority } from "../../simulators/crypto/social-certificates.ts";
import { TEST_PIN_KEY_HEX, TEST_ROOT_KEYS } from "../../simulators/crypto/test-keys.ts";
import { SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { fromHex, toHex, utf8 } from "../base/bytes.ts";
import { SILENT } from "../base/log.ts";
import { authorityCheck, openAuthorities } from "../card/electronic-cash/authorities.ts";
import { DEFAULT_CARD_PROFILE } from "../codec/card-profile.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { electronicCashSettings } from "./electronic-cash.ts";
import { keyCheckValue, loadKeys } from "./keys.ts";
import { loadConfig, saveConfig } from "./load.ts";
import { parseTerminalConfig } from "./schema.ts";
import { CONFIG_SLOTS, openConfigStore } from "./store.ts";
import { TEST_AUTHORITY_CHECK_VALUES, TEST_KEY_CHECK_VALUES } from "./test-key-check-values.ts";
import { exampleConfig } from "./testing.ts";

const suite = openCipherSuite();

/** Electronic cash with the published test authorities. */
const CASH = {
  merchantId: "990100000000001",
  merchantCategory: "5912",
  merchantName: "TEST",
  terminalCode: "T0000001",
  authorities: TEST_CERTIFICATION_AUTHORITIES.map((authority) => ({ ...authority, checkHex: toHex(authorityCheck(suite, authority)) })),
};

/** Codes for SM4 that no real pad knows. */
const SIMULATED_CODES = { pinPad: { adapter: "pad02h", port: { path: "/dev/yikatong/pin-pad" }, profile: { sm4: "sim" } } };
const SIMULATED_CODES_HID = { pinPad: { adapter: "pad02hHid", device: { path: "/dev/yikatong/pin-pad" }, profile: { sm4: "sim" } } };

describe("the schema", () => {
  it("takes the simulated pad's codes in a test terminal alone", () => {
    expect(parseTerminalConfig(exampleConfig({ devices: SIMULATED_CODES }))).toMatchObject({ ok: true });
    const none = { pinPad: { ...SIMULATED_CODES.pinPad, profile: { sm4: "none" } } };
    expect(parseTerminalConfig(exampleConfig({ profile: "production", devices: none }))).toMatchObject({ ok: true });
  });

  it("takes a configuration and fills in the card profile", () => {
    const parsed = parseTerminalConfig(exampleConfig());
    expect(parsed).toMatchObject({ ok: true, config: { terminalId: "T-0001", cardProfile: DEFAULT_CARD_PROFILE, sync: { messagesPerSecondMax: 20 } } });
  });

  it("takes a region's word about initial PINs, and refuses only known ones without it", () => {
    expect(parseTerminalConfig(exampleConfig())).toMatchObject({ config: { initialPinPolicy: "refuse-initial" } });
    expect(parseTerminalConfig(exampleConfig({ initialPinPolicy: "require-changed" }))).toMatchObject({ config: { initialPinPolicy: "require-changed" } });
    expect(parseTerminalConfig(exampleConfig({ initialPinPolicy: "allow" }))).toMatchObject({ ok: false });
  });

  it("keeps one switch of a region and the defaults of the others", () => {
    const parsed = parseTerminalConfig(exampleConfig({ cardProfile: { logSeqMode: "pre" } }));
    expect(parsed).toMatchObject({ ok: true, config: { cardProfile: { ...DEFAULT_CARD_PROFILE, logSeqMode: "pre" } } });
  });

  it("takes electronic cash with its defaults, whose authorities are those whose checks are known for test keys", () => {
    const parsed = parseTerminalConfig(exampleConfig({ electronicCash: CASH }));
    if (!parsed.ok || parsed.config.electronicCash === undefined) throw new Error("the example is valid");
    const { terminal, authorities } = electronicCashSettings(parsed.config.electronicCash);
    expect(terminal).toMatchObject({ countryCode: "0156", online: false, signatureVersion: 1, terminalId: "T0000001", limits: {} });
    expect(openAuthorities(suite, authorities).rejected).toEqual([]);
    expect(new Set([...authorities, testSocialAuthority(suite)].map(({ checkHex }) => checkHex))).toEqual(TEST_AUTHORITY_CHECK_VALUES);
  });

  it("freezes all of it", () => {
    const parsed = parseTerminalConfig(exampleConfig());
    if (!parsed.ok) throw new Error("the example is valid");
    expect(Object.isFrozen(parsed.config) && Object.isFrozen(parsed.config.limits) && Object.isFrozen(parsed.config.readers.user.nameIncludes)).toBe(true);
  });

  it.each([
    ["an unknown key", { colour: "red" }, "colour"],
    ["an unknown key below", { limits: { ...exampleConfig().limits, amountPerSale: 1 } }, "limits"],
    ["a terminal id that is too long", { terminalId: "x".repeat(33) }, "terminalId"],
    ["a terminal id with a slash", { terminalId: "a/b" }, "terminalId"],
    ["a fraction of a fen", { limits: { ...exampleConfig().limits, amountPerSaleFen: 1.5 } }, "limits.amountPerSaleFen"],
    ["a negative amount", { limits: { ...exampleConfig().limits, amountPerSaleFen: -1 } }, "limits.amountPerSaleFen"],
    ["an area code of five digits", { institution: { ...exampleConfig().institution, areaCode: "11000" } }, "institution.areaCode"],
    ["a serial lane that leaves no serials", { institution: { ...exampleConfig().institution, serialLane: "1234" } }, "institution.serialLane"],
    ["a password in the broker's address", { link: { url: "mqtts://user:secret@host" } }, "link.url"],
    ["a production terminal without TLS", { profile: "production", link: { url: "mqtt://host" } }, "link.tls"],
    ["no limits", { limits: undefined }, "limits"],
    ["electronic cash without authorities", { electronicCash: { ...CASH, authorities: [] } }, "electronicCash.authorities"],
    ["a production terminal that trusts a test authority", { profile: "production", electronicCash: CASH }, "electronicCash.authorities"],
    ["a production terminal with codes of the simulated pad", { profile: "production", devices: SIMULATED_CODES }, "devices.pinPad.profile.sm4"],
    ["the same behind USB", { profile: "production", devices: SIMULATED_CODES_HID }, "devices.pinPad.profile.sm4"],
  ])("refuses %s and names the place", (_, change, place) => {
    const parsed = parseTerminalConfig(exampleConfig(change));
    expect(parsed).toMatchObject({ ok: false, problems: expect.arrayContaining([expect.stringContaining(place)]) });
    expect(JSON.stringify(parsed)).not.toContain("secret");
  });

  it("answers anything from outside without throwing", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(parseTerminalConfig(value).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the store", () => {
  const rig = () => {
    const disk = new SimulatedStorageDisk();
    return { disk, store: openConfigStore(disk.open(), suite) };
  };

  it("says that a new machine is unprovisioned", async () => {
    expect(await rig().store.read()).toEqual({ kind: "unprovisioned" });
  });

  it("gives back the last that was written, and counts generations", async () => {
    const { disk, store } = rig();
    for (let at = 1; at <= 5; at += 1) await store.write({ at });
    disk.crash();
    expect(await openConfigStore(disk.open(), suite).read()).toEqual({ kind: "stored", generation: 5, data: { at: 5 }, damagedSlots: [] });
  });

  it("writes the two slots in turn", async () => {
    const { disk, store } = rig();
    const slots: string[] = [];
    disk.onChange((change) => {
      slots.push(change.name);
      return { kind: "go" };
    });
    for (let at = 0; at < 4; at += 1) await store.write({ at });
    expect(slots).toEqual([CONFIG_SLOTS[0], CONFIG_SLOTS[1], CONFIG_SLOTS[0], CONFIG_SLOTS[1]]);
  });

  it.each([CONFIG_SLOTS[0], CONFIG_SLOTS[1]])("lives on with the other slot when %s is damaged, says so, and mends it", async (name) => {
    const { disk, store } = rig();
    await store.write({ at: 1 });
    await store.write({ at: 2 });
    disk.damage(name, utf8('{"generation":9'));
    const read = await store.read();
    expect(read).toMatchObject({ kind: "stored", damagedSlots: [name] });
    await store.write({ at: 3 });
    expect(await store.read()).toMatchObject({ data: { at: 3 }, damagedSlots: [] });
  });

  it("is corrupt, not unprovisioned, when files are there and none is whole", async () => {
    const { disk, store } = rig();
    await store.write({ at: 1 });
    disk.damage(CONFIG_SLOTS[0], utf8(""));
    await expect(store.read()).rejects.toMatchObject({ code: "config-corrupt" });
    await expect(store.write({ at: 2 })).rejects.toMatchObject({ code: "config-corrupt" });
  });

  it("notices every changed byte", async () => {
    const { disk, store } = rig();
    await store.write({ limit: 100, name: "药店" });
    const whole = disk.files.get(CONFIG_SLOTS[0]) ?? new Uint8Array(0);
    for (let at = 0; at < whole.length; at += 1) {
      disk.damage(
        CONFIG_SLOTS[0],
        whole.map((byte, index) => (index === at ? byte ^ 0x01 : byte)),
      );
      await expect(store.read()).rejects.toMatchObject({ code: "config-corrupt" });
    }
  });

  it.each(["before", "during", "after"] as const)("has the old or the new one after power went %s a write", async (when) => {
    const { disk, store } = rig();
    await store.write({ at: 1 });
    disk.onChange(() => ({ kind: "cut", when }));
    let acknowledged = false;
    void store.write({ at: 2 }).then(() => {
      acknowledged = true;
    });
    for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
    disk.crash({ some: new SeededRandomness("cut") });
    const read = await openConfigStore(disk.open(), suite).read();
    expect(read).toMatchObject({ kind: "stored", data: { at: when === "before" ? 1 : 2 } });
    expect(acknowledged).toBe(when === "after");
  });
});

describe("loading and saving", () => {
  const parts = () => {
    const disk = new SimulatedStorageDisk();
    return { disk, parts: { storage: disk.open(), suite, log: SILENT } };
  };

  it("loads what was saved", async () => {
    const { parts: given } = parts();
    const saved = await saveConfig(given, exampleConfig());
    expect(await loadConfig(given)).toEqual({ kind: "ready", config: saved, generation: 1 });
  });

  it("saves nothing that is not valid", async () => {
    const { disk, parts: given } = parts();
    await expect(saveConfig(given, exampleConfig({ terminalId: "" }))).rejects.toMatchObject({ code: "config-invalid" });
    expect(disk.files.size).toBe(0);
  });

  it("refuses a stored configuration that another release wrote", async () => {
    const { parts: given } = parts();
    await openConfigStore(given.storage, suite).write({ terminalId: "T-0001" });
    await expect(loadConfig(given)).rejects.toMatchObject({ code: "config-invalid", message: expect.stringContaining("institution") });
  });
});

describe("the keys", () => {
  const SCALAR = "5a0badcafe5a17e9".repeat(4);
  const POINT = toHex(suite.sm2PrivateKey(fromHex("0badc0de".repeat(8))).publicKey.point);
  const lines = (change: Readonly<Record<string, string | undefined>> = {}) => {
    const all: Readonly<Record<string, string | undefined>> = {
      "signing-scalar": SCALAR,
      "host-public-key": POINT,
      "data-key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
      "storage-key": "a0b1c2d3e4f5061728394a5b6c7d8e9f",
      ...change,
    };
    return utf8(
      `# keys of one terminal\n\n${Object.entries(all)
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}\r`]))
        .join("\n")}\n`,
    );
  };

  it("makes handles and leaves nothing in the buffer", () => {
    const contents = lines();
    const keys = loadKeys(contents, { suite, profile: "production" });
    expect(contents.every((byte) => byte === 0)).toBe(true);
    const message = utf8("m");
    expect(suite.sm2Verify(keys.signing.publicKey, message, suite.sm2Sign(keys.signing, message))).toBe(true);
    expect(suite.hmacSm3(keys.dataKey, message)).toEqual(suite.hmacSm3(suite.secretKey(fromHex("0f1e2d3c4b5a69788796a5b4c3d2e1f0")), message));
    expect(suite.hmacSm3(keys.storageKey, message)).not.toEqual(suite.hmacSm3(keys.dataKey, message));
  });

  it.each([
    ["a missing key", { "data-key": undefined }, "key-missing"],
    ["a short key", { "data-key": "0f1e" }, "config-invalid"],
    ["digits that are none", { "data-key": "zz1e2d3c4b5a69788796a5b4c3d2e1f0" }, "config-invalid"],
    ["a key that nobody knows", { "master-key": "00" }, "config-invalid"],
    ["a point that is not on the curve", { "host-public-key": "11".repeat(64) }, "crypto-input"],
  ])("refuses %s, empties the buffer and repeats none of it", (_, change, code) => {
    const contents = lines(change);
    let caught: unknown;
    try {
      loadKeys(contents, { suite, profile: "test" });
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code });
    expect(String(caught)).not.toMatch(/[0-9a-f]{8}/);
    expect(contents.every((byte) => byte === 0)).toBe(true);
  });

  it.each(["data-key", "storage-key"])("refuses a published test key as %s in production only", (name) => {
    const change = { [name]: TEST_PIN_KEY_HEX };
    expect(() => loadKeys(lines(change), { suite, profile: "production" })).toThrow(expect.objectContaining({ code: "config-invalid" }));
    expect(() => loadKeys(lines(change), { suite, profile: "test" })).not.toThrow();
  });

  it("knows the check value of every key that the simulators publish", () => {
    const published = [...Object.values(TEST_ROOT_KEYS).flatMap((roots) => Object.values(roots)), TEST_PIN_KEY_HEX];
    for (const hex of published) expect(TEST_KEY_CHECK_VALUES.has(keyCheckValue(suite, fromHex(hex)))).toBe(true);
  });
});
