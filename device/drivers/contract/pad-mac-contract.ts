import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import type { PadKeyPlace, PadMac } from "../peripherals.ts";
import { type Bench, limits } from "./bench.ts";

export interface PadMacBench extends Bench {
  readonly macs: PadMac;
  /** Loads a working key, given in the clear; what wraps it is the bench's matter. */
  load(place: PadKeyPlace, clearHex: string): Promise<void>;
}

const PLACE = { master: 0, work: 2 } as const;
const OTHER = { master: 0, work: 3 } as const;
const LONG = "0123456789ABCDEFFEDCBA9876543210";
const SHORT = "0123456789ABCDEF";
/** The same cipher as the short one, in a place for long ones. */
const TWICE = SHORT + SHORT;
const TEXT = utf8("1234567890ABCDEF");
const counting = (length: number): Bytes => Uint8Array.from({ length }, (_, at) => (at * 7 + 1) & 0xff);

/** Worked out apart from any pad, step by step, over OpenSSL's block cipher. */
const VECTORS: readonly (readonly [name: string, key: string, method: "x9.9" | "x9.19" | "unionpay", data: Bytes, mac: string])[] = [
  ["the dialect's own, a long key", LONG, "unionpay", TEXT, toHex(utf8("1CE73BC8"))],
  ["the dialect's own, a short key", SHORT, "unionpay", TEXT, "4239384630323035"],
  ["the dialect's own, as much as there may be", LONG, "unionpay", counting(1_024), "3432334541444334"],
  ["X9.9, a long key", LONG, "x9.9", TEXT, "52db79d4ba01a103"],
  ["X9.9, a short key", SHORT, "x9.9", TEXT, "9a037a9bd24817bb"],
  ["X9.9, a short key, more than one command of some pads", SHORT, "x9.9", counting(500), "36878bdbebc2974b"],
  ["X9.9, as much as there may be", LONG, "x9.9", counting(1_024), "ea596744fc18792d"],
  ["X9.19, a short key", SHORT, "x9.19", counting(300), "45f7248076e2fed5"],
];

/** What every pad that makes MACs must do; the key never comes out. */
export function padMacContract(name: string, makeBench: () => Promise<PadMacBench>): void {
  describe(`pad MAC contract: ${name}`, () => {
    let bench: PadMacBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());
    const mac = async (method: "x9.9" | "x9.19" | "unionpay", data: Bytes, place: PadKeyPlace = PLACE) =>
      toHex(await bench.run(bench.macs.mac({ place, method, data }, limits(60_000))));

    it.each(VECTORS)("%s", async (_, key, method, data, expected) => {
      await bench.load(PLACE, key);
      expect(await mac(method, data)).toBe(expected);
    });

    it("makes X9.19 of X9.9 where the key is short, whatever place it lies in", async () => {
      await bench.load(PLACE, SHORT);
      await bench.load(OTHER, TWICE);
      const data = counting(100);
      const [short, twice, retail] = [await mac("x9.9", data), await mac("x9.9", data, OTHER), await mac("x9.19", data, OTHER)];
      expect([short, retail]).toEqual([twice, twice]);
    });

    it("fills the last block with zeros", async () => {
      await bench.load(PLACE, LONG);
      for (const method of ["x9.9", "unionpay"] as const)
        expect(await mac(method, counting(5))).toBe(await mac(method, Uint8Array.of(...counting(5), 0, 0, 0)));
    });

    it("takes 1 to 1,024 bytes, and each of them counts", async () => {
      await bench.load(PLACE, TWICE);
      for (const method of ["x9.9", "x9.19", "unionpay"] as const) {
        const data = counting(1_024);
        const whole = await mac(method, data);
        data[300] = 0;
        const changed = await mac(method, data);
        expect(new Set([whole, changed, await mac(method, data.subarray(0, 1_000)), await mac(method, data.subarray(0, 1))]).size).toBe(4);
      }
    });

    it("another key makes another MAC", async () => {
      await bench.load(PLACE, LONG);
      await bench.load(OTHER, TWICE);
      expect(await mac("unionpay", TEXT)).not.toBe(await mac("unionpay", TEXT, OTHER));
    });

    it("has no key where none was loaded", async () => {
      await expect(bench.run(bench.macs.mac({ place: OTHER, method: "unionpay", data: TEXT }, limits(5_000)))).rejects.toMatchObject({
        code: "key-missing",
        effectUnknown: false,
      });
    });
  });
}

/** Worked out apart from any pad over OpenSSL's SM4. That acquirers mean this by SM4 is unconfirmed. */
const SM4_VECTORS: readonly (readonly [name: string, data: Bytes, mac: string])[] = [
  ["one block", TEXT, "11ACBE3F"],
  ["less than one", counting(5), "F771905E"],
  ["more than one command of some pads", counting(250), "DA84CC58"],
  ["as much as there may be", counting(1_024), "961360EF"],
];

/** The same for pads whose keys are SM4 keys; the bench loads them as such. */
export function padSm4MacContract(name: string, makeBench: () => Promise<PadMacBench>): void {
  describe(`pad SM4 MAC contract: ${name}`, () => {
    let bench: PadMacBench;
    beforeEach(async () => {
      bench = await makeBench();
    });
    afterEach(() => bench.close());
    const mac = (data: Bytes, place: PadKeyPlace = PLACE) => bench.run(bench.macs.mac({ place, method: "sm4-unionpay", data }, limits(60_000)));

    it.each(SM4_VECTORS)("the dialect's steps with blocks of sixteen bytes: %s", async (_, data, expected) => {
      await bench.load(PLACE, LONG);
      expect(await mac(data)).toEqual(utf8(expected));
    });

    it("each byte counts, and so does the key", async () => {
      await bench.load(PLACE, LONG);
      await bench.load(OTHER, TWICE);
      const changed = counting(300).with(100, 0);
      const macs = [await mac(counting(300)), await mac(changed), await mac(counting(299)), await mac(counting(300), OTHER)];
      expect(new Set(macs.map(toHex)).size).toBe(4);
    });

    it("has no key where none was loaded", () =>
      expect(bench.run(bench.macs.mac({ place: OTHER, method: "sm4-unionpay", data: TEXT }, limits(5_000)))).rejects.toMatchObject({
        code: "key-missing",
        effectUnknown: false,
      }));
  });
}
