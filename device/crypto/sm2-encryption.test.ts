import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { sm2Unwrap, sm2Wrap } from "./sm2-encryption.ts";
import { openCipherSuite } from "./suite.ts";

const suite = openCipherSuite();
/** Spec: GM/T 0003, 5, example of encryption on the recommended curve. */
const KEY = suite.sm2PrivateKey(fromHex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"));
const EXAMPLE = fromHex(
  "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0" +
    "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766" +
    "21886ca989ca9c7d58087307ca93092d651efa",
);

describe("keys wrapped for one terminal", () => {
  test("the example of the standard opens", () => {
    const plain = sm2Unwrap(KEY, EXAMPLE);
    expect(plain === undefined ? undefined : new TextDecoder().decode(plain)).toBe("encryption standard");
  });

  test("what was wrapped opens with this key alone", () => {
    const other = suite.sm2PrivateKey(fromHex("1".repeat(64)));
    for (let round = 0; round < 12; round += 1) {
      const plain = Uint8Array.from({ length: 1 + ((round * 7) % 64) }, (_, at) => at ^ round);
      const wrapped = sm2Wrap(KEY.publicKey, plain);
      expect(toHex(sm2Unwrap(KEY, wrapped) ?? new Uint8Array())).toBe(toHex(plain));
      expect(sm2Unwrap(other, wrapped)).toBeUndefined();
    }
  });

  test("a changed byte, a shorter text, and anything else is no key", () => {
    for (let at = 0; at < EXAMPLE.length; at += 5) {
      const changed = Uint8Array.from(EXAMPLE);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(sm2Unwrap(KEY, changed)).toBeUndefined();
      if (at > 96) expect(sm2Unwrap(KEY, EXAMPLE.subarray(0, at))).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => sm2Unwrap(KEY, bytes) === undefined),
      { numRuns: 200 },
    );
  });
});
