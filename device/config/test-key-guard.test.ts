/* The lists of published keys beside the keys of the simulators, and what a production terminal takes for one of them. */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeAuthority } from "../../simulators/host/claim/authority.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import { cardBench, LIMITS } from "../card/testing.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { certificateFacts } from "../crypto/tls-identity.ts";
import { parseTerminalConfig } from "./schema.ts";
import { testKeyGuard } from "./test-key-guard.ts";
import { exampleConfig } from "./testing.ts";

const suite = openCipherSuite();
const guard = testKeyGuard(suite);
const KEYS = [
  ...[0x08, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d].map((keyId) => [0x07, keyId] as const),
  ...[0x09, 0x20, 0x21, 0x22, 0x23].map((keyId) => [0x06, keyId] as const),
];
const HABITUAL = ["0123456789abcdeffedcba9876543210", "0123456789abcdef0123456789abcdef", "00".repeat(16), "11".repeat(16), "ff".repeat(16)];

function checkOf(cipher: "sm4-ecb" | "des-ede3", keyHex: string): string {
  const des = cipher === "des-ede3";
  const made = createCipheriv(cipher, fromHex(des ? `${keyHex}${keyHex.slice(0, 16)}` : keyHex), null).setAutoPadding(false);
  return made.update(new Uint8Array(des ? 8 : 16)).toString("hex");
}

describe("published keys", () => {
  it.each([3, 2, 1] as const)("of the simulators' modules are known by their samples: level %i", async (socialLevel) => {
    const bench = cardBench({ psam: { socialLevel }, profile: { psamKeyCheck: "zeroFactors" } });
    const psam = await bench.openPsam();
    for (const algorithm of ["sm4", "3des"] as const) {
      for (const [type, keyId] of KEYS) {
        const told = await bench.run(psam.tellKey({ algorithm, type, keyId }, LIMITS));
        expect(guard.isTestCheck("psam", toHex(told?.sample ?? fromHex("000000")))).toBe(true);
      }
    }
    expect(guard.isTestModule(toHex(psam.terminalNumber))).toBe(true);
  });

  it.each(HABITUAL)("of pads are known by their check values in either cipher: %s", (key) => {
    for (const cipher of ["sm4-ecb", "des-ede3"] as const) expect(guard.isTestCheck("pin-pad", checkOf(cipher, key).toUpperCase())).toBe(true);
  });

  it("are not what other keys are", () => {
    expect(guard.isTestCheck("pin-pad", checkOf("sm4-ecb", "5a".repeat(8) + "c3".repeat(8)))).toBe(false);
    expect(guard.isTestCheck("psam", "0a0b0c")).toBe(false);
    expect(guard.isTestKey(fromHex(`5a${"c3".repeat(15)}`))).toBe(false);
    expect([guard.isTestModule("330100000042"), guard.isTestModule("000000000000"), guard.isTestModule("000000000001")]).toEqual([false, true, false]);
  });

  it("and the simulators' authority is known by its name", () => {
    const { certificatePem } = makeAuthority(new SeededRandomness("authority"), 1_790_000_000_000);
    expect(guard.isTestAuthority(certificateFacts(certificatePem)?.commonName ?? "")).toBe(true);
    expect(guard.isTestAuthority("somebody else")).toBe(false);
  });

  it("of pads with SM4 are refused in the configuration of a production terminal too", () => {
    const acquirer = { connection: { kind: "mqtt" }, terminalNumber: "00000001", merchantNumber: "898530100000001", tpdu: { destination: "0003" } };
    const masterKeyCheckHex = checkOf("sm4-ecb", HABITUAL[0] ?? "").slice(0, 16);
    const said = parseTerminalConfig(exampleConfig({ profile: "production", acquirer: { ...acquirer, headerHex: "603100310001", masterKeyCheckHex } }));
    expect(said.ok ? [] : said.problems).toContain("acquirer.masterKeyCheckHex: this is a published test key: a production terminal refuses it");
  });
});
