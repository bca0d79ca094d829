/*
 * PUBLISHED TEST KEY. It proves nothing: its private half is the digest of the sentence below. A production terminal refuses a list of release
 * keys that names it (provisioning/release/signed.ts).
 */
import { utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite, Sm2PrivateKey } from "../../device/crypto/face.ts";

export const TEST_KEY_NAME = "test";
export const TEST_KEY_SENTENCE = "yikatong: published test key for releases";

export function testReleaseKey(suite: CipherSuite): Sm2PrivateKey {
  return suite.sm2PrivateKey(suite.sm3(utf8(TEST_KEY_SENTENCE)));
}
