/*
 * Goal: nothing that is published for tests comes into a production terminal, on whatever way: key file, claim, rotation, module, pad, broker.
 * Method: one place that knows check values and names of what is published. Spec: GB/T 2260, codes of provinces.
 */
import type { Bytes } from "../base/bytes.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { keyCheckValue } from "./keys.ts";
import { TEST_KEY_CHECK_VALUES, TEST_MASTER_CHECK_VALUES, TEST_MODULE_CHECK_VALUES } from "./test-key-check-values.ts";

const CHECK_DIGITS = 6;
/** No province has the code 99; zeros stand where there is no module. */
const TEST_MODULE = /^(?:99|0{12}$)/;
/** Common name of the authority in simulators/host/claim. */
const TEST_AUTHORITY = "yikatong simulated authority";

const CHECKS = { psam: TEST_MODULE_CHECK_VALUES, "pin-pad": TEST_MASTER_CHECK_VALUES } as const;

/** The only one there is: production terminals and claims ask it. */
export function testKeyGuard(suite: CipherSuite) {
  return {
    isTestKey: (key: Bytes): boolean => TEST_KEY_CHECK_VALUES.has(keyCheckValue(suite, key)),
    isTestCheck: (place: "psam" | "pin-pad", check: string): boolean => CHECKS[place].has(check.toLowerCase().slice(0, CHECK_DIGITS)),
    isTestModule: (number: string): boolean => TEST_MODULE.test(number),
    isTestAuthority: (commonName: string): boolean => commonName === TEST_AUTHORITY,
  };
}
