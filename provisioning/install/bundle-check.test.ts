/* The install script's own look at a signature, without a machine around it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { publicKeyLine } from "../../tools/bundle/key-file.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../tools/bundle/test-key.ts";
import { signatureLine } from "../release/signed.ts";

const CHECK = join(import.meta.dirname, "bundle-check.sh");
const SCRIPT = `
E_RELEASE=6 E_FAILED=1 E_PACKAGES=5 ROOT=/nowhere BUNDLE= UNSIGNED= DRY= OPENED=$1 KEYS_GIVEN=$1/keys
fail() { echo "$2" >&2; exit "$1"; }
say() { echo "$1"; }
. ${CHECK}
find_keys
check_signature`;
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** How the script ends with what follows the line of a good signature. */
function checked(behind: string): { readonly code: number | null; readonly words: string } {
  const folder = mkdtempSync(join(tmpdir(), "bundle-check-"));
  try {
    const suite = openCipherSuite();
    const key = testReleaseKey(suite);
    const manifest = new TextEncoder().encode(`{"version":"1.0.0"}`);
    writeFileSync(join(folder, "keys"), `${publicKeyLine({ name: TEST_KEY_NAME, key })}\n`);
    writeFileSync(join(folder, "manifest.json"), manifest);
    writeFileSync(join(folder, "manifest.sig"), `${signatureLine(manifest, { name: TEST_KEY_NAME, key }, suite).trimEnd()}\n${behind}`);
    const { status, stdout, stderr } = spawnSync("sh", ["-c", SCRIPT, "sh", folder], { encoding: "utf8" });
    return { code: status, words: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.skipIf(!hasOpenssl)("a signature of one line is taken", () => {
  expect(checked("")).toEqual({ code: 0, words: expect.stringContaining(`signed by ${TEST_KEY_NAME}`) });
});

test.skipIf(!hasOpenssl).each(["\n", " = #\n", " = .include /etc/hostname\n", "more\n", "\0"])("and nothing stands behind it: %j", (behind) => {
  expect(checked(behind)).toEqual({ code: 6, words: expect.stringContaining("has another form") });
});
