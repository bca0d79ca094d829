/* Releases that no terminal should keep: one that passes its own self-test and dies at its start, and one that a stranger has signed. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { JOURNAL_SCHEMAS } from "../../../device/txn/journal/sqlite/layouts.ts";
import { SCHEMA_VERSION } from "../../../device/txn/journal/sqlite/schema.ts";
import { signatureLine } from "../../../provisioning/release/signed.ts";
import { packBundle } from "../../../tools/bundle/pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../../tools/bundle/test-key.ts";

const BUILT_MS = 1_790_000_000_000;

const DEAD_PROGRAM = `#!/bin/sh
# Well as far as anybody can see before it is tried.
case $1 in
self-test) exit 0 ;;
*) exit 1 ;;
esac
`;

/** A bundle of this version whose service ends at once; `signer` is who has signed it in truth, under the name of the one who should have. */
export async function makeDeadBundle(out: string, version: string, signer: "maker" | "stranger"): Promise<string> {
  const suite = openCipherSuite();
  const folder = join(out, `dead-${version}`);
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "bin/yikatong"), DEAD_PROGRAM);
  chmodSync(join(folder, "bin/yikatong"), 0o755);
  const about = {
    version,
    arch: process.arch === "arm64" ? "arm64" : "x64",
    node: process.versions.node,
    builtMs: BUILT_MS,
    journalSchema: SCHEMA_VERSION,
    journalSchemasWritten: JOURNAL_SCHEMAS,
    emergency: false,
  } as const;
  const key = signer === "maker" ? testReleaseKey(suite) : suite.sm2PrivateKey(suite.sm3(utf8("a stranger's key")));
  return (await packBundle({ folder, about, sign: (manifest) => signatureLine(manifest, { name: TEST_KEY_NAME, key }, suite), out, suite })).path;
}
