/* What a module tells of itself, asked beside sales: it begins none, takes no sequence, and spoils none that is open. */
import { describe, expect, it } from "vitest";
import { PlayedModule } from "../../../simulators/conformance/played-module.ts";
import { blockBytes, encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { socialSessionKey } from "../../../simulators/crypto/social.ts";
import { deriveSocialKey, testRootKey } from "../../../simulators/crypto/test-keys.ts";
import { makeSamReader } from "../../../simulators/reader/in-process.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { cardBench, LIMITS, SUITE } from "../testing.ts";
import { openPsam } from "./open.ts";

const IRK = { type: 0x07, keyId: 0x08 } as const;
const STK = { type: 0x06, keyId: 0x09 } as const;
const ZERO_FACTORS = [new Uint8Array(8), new Uint8Array(8), new Uint8Array(8)];

describe("a module is asked", () => {
  it.each([3, 2, 1] as const)("for the level of its keys: %i", async (socialLevel) => {
    const bench = cardBench({ psam: { socialLevel } });
    const psam = await bench.openPsam();
    for (const algorithm of ["sm4", "3des"] as const) expect(await bench.run(psam.tellKey({ algorithm, ...IRK }, LIMITS))).toEqual({ level: socialLevel });
  });

  it.each(["sm4", "3des"] as const)("for what a session of a key makes of zeros: %s", async (algorithm) => {
    const bench = cardBench({ profile: { psamKeyCheck: "zeroFactors" } });
    const psam = await bench.openPsam();
    const zeros = new Uint8Array(blockBytes(algorithm));
    const key = deriveSocialKey(SUITE, algorithm, { key: testRootKey(algorithm, "irk"), factors: ZERO_FACTORS });
    const session = socialSessionKey(SUITE, algorithm, { key, factor: zeros });
    const told = await bench.run(psam.tellKey({ algorithm, ...IRK }, LIMITS));
    expect(toHex(told?.sample ?? zeros)).toBe(toHex(encryptBlocks(SUITE, algorithm, session, zeros)));
    expect((await bench.run(psam.tellKey({ algorithm, ...STK }, LIMITS)))?.sample).toHaveLength(4);
  });

  it("for a key that it has not, that is locked, or of which it says something else", async () => {
    const bench = cardBench({ psam: { withoutKeys: ["irk"], lockedKeys: ["stk"] } });
    const psam = await bench.openPsam();
    expect(await bench.run(psam.tellKey({ algorithm: "sm4", ...IRK }, LIMITS))).toBeUndefined();
    expect(await bench.run(psam.tellKey({ algorithm: "sm4", ...STK }, LIMITS))).toBeUndefined();
    const clock = new VirtualClock(0);
    const odd = new PlayedModule((command) => (command.startsWith("bfde") ? "6f00" : command.startsWith("00b096") ? "9901000000429000" : "9000"));
    const module = await clock.resolve(openPsam(makeSamReader(odd, { name: "sam", clock }), { clock, profile: DEFAULT_CARD_PROFILE }, LIMITS));
    await expect(clock.resolve(module.tellKey({ algorithm: "sm4", ...IRK }, LIMITS))).rejects.toMatchObject({ code: "reader-refused" });
  });

  it("which applications it has", async () => {
    const bench = cardBench({ psam: { algorithms: ["sm4"] } });
    const psam = await bench.openPsam();
    const has = (application: "purse" | "social-sm4" | "social-3des") => bench.run(psam.has(application, LIMITS));
    expect([await has("purse"), await has("social-sm4"), await has("social-3des")]).toEqual([true, true, false]);
    expect(await bench.run(psam.tellKey({ algorithm: "3des", ...IRK }, LIMITS))).toBeUndefined();
  });

  it("only when no purchase holds it, and the sequence stays where it was", async () => {
    const bench = cardBench({ psam: { terminalSeq: 9 } });
    const psam = await bench.openPsam();
    const purchase = {
      ...{ cardRandom: fromHex("01020304"), cardSequence: 7, amount: fen(450), type: 0x06, date: fromHex("20261121"), time: fromHex("120000") },
      ...{ keyVersion: 1, algorithm: 3, factors: [fromHex("0000000000000001"), fromHex("9901000000000000"), fromHex("3939303030307368")] },
    };
    const held = await bench.run(psam.beginPurchase(purchase, LIMITS));
    let told = false;
    const asked = psam.tellKey({ algorithm: "sm4", ...IRK }, LIMITS).then(() => {
      told = true;
    });
    await bench.run(bench.clock.sleep(100, LIMITS.signal));
    expect(told).toBe(false);
    // The purchase is still the module's: another MAC2 is refused, and not unknown.
    expect(await bench.run(held.credit(fromHex("00000000"), LIMITS))).toBe("refused");
    await bench.run(asked);
    expect((await bench.run(psam.beginPurchase(purchase, LIMITS))).terminalSequence).toBe(10);
  });
});
