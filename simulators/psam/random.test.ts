/* Any bytes, in any directory: the module answers by a status word, and its sequence never runs back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { PSAM_SELECT, send } from "../card/testing.ts";
import { makeTestPsam } from "./make.ts";
import { SOCIAL_ADF_NAME, SOCIAL_NAME_DES, SOCIAL_NAME_SM4 } from "./psam.ts";

const suite = openCipherSuite();
const WAYS = [
  [],
  [PSAM_SELECT],
  [`00A404000F${SOCIAL_NAME_SM4}00`, `00A4040006${SOCIAL_ADF_NAME}00`, "BFEC00000199"],
  [`00A404000F${SOCIAL_NAME_DES}00`, `00A4040006${SOCIAL_ADF_NAME}00`, "BFEC00000199"],
] as const;
/** Headers that lead deep into the module, before random data. */
const HEADERS = ["80700000", "80700100", "80720000", "801A4502", "80FA0000", "80FA0500", "80FA0700", "BFDE6708", "BFDE6609", "BFEC0000", "00B09600"] as const;

const framed = fc
  .tuple(fc.constantFrom(...HEADERS), fc.uint8Array({ maxLength: 200 }))
  .map(([header, data]) => Uint8Array.of(...Buffer.from(header, "hex"), ...(data.length === 0 ? [] : [data.length]), ...data));

describe("random commands", () => {
  it("are answered, and the sequence only grows", () => {
    fc.assert(
      fc.property(fc.constantFrom(...WAYS), fc.array(fc.oneof(framed, fc.uint8Array({ maxLength: 40 })), { maxLength: 20 }), (way, messages) => {
        const psam = makeTestPsam(suite, { terminalSeq: 7 });
        psam.powerUp();
        for (const command of way) send(psam, command);
        for (const message of messages) {
          const before = psam.terminalSeq;
          expect(psam.transmit(message).length).toBeGreaterThanOrEqual(2);
          expect([0, 1]).toContain(psam.terminalSeq - before);
        }
      }),
      { numRuns: 150 },
    );
  });
});
