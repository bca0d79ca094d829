/* Releases for a container: the real one, as `npm run bundle` makes it, signed by the published test key; and one of a few bytes. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { JOURNAL_SCHEMAS } from "../../../device/txn/journal/sqlite/layouts.ts";
import { SCHEMA_VERSION } from "../../../device/txn/journal/sqlite/schema.ts";
import { signatureLine } from "../../../provisioning/release/signed.ts";
import { gatherRelease } from "../../../tools/bundle/gather.ts";
import { publicKeyLine } from "../../../tools/bundle/key-file.ts";
import { packBundle } from "../../../tools/bundle/pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../../tools/bundle/test-key.ts";
import { PROJECT } from "./base.ts";

const ARCH = process.arch === "arm64" ? "arm64" : "x64";
const BUILT_MS = 1_790_000_000_000;

/** Makes a bundle of this version from what is compiled here; gives its path. */
export async function makeBundle(out: string, version: string): Promise<string> {
  const suite = openCipherSuite();
  const folder = join(out, `gathered-${version}`);
  mkdirSync(out, { recursive: true });
  await gatherRelease({ root: PROJECT, folder, arch: ARCH, version });
  const node = process.versions.node;
  const about = {
    version,
    arch: ARCH,
    node,
    builtMs: BUILT_MS,
    journalSchema: SCHEMA_VERSION,
    journalSchemasWritten: JOURNAL_SCHEMAS,
    emergency: false,
  } as const;
  const key = { name: TEST_KEY_NAME, key: testReleaseKey(suite) };
  // Delivered with the bundle, as the install script looks for it.
  writeFileSync(join(out, "release-keys"), `${publicKeyLine(key)}\n`);
  return (await packBundle({ folder, about, sign: (manifest) => signatureLine(manifest, key, suite), out, suite })).path;
}

/** A release of a few bytes, for tests of the script that places it. */
export function assembleTinyRelease(folder: string, version: string): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "bin/yikatong"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(folder, "bin/yikatong"), 0o755);
  for (let part = 0; part < 40; part += 1) writeFileSync(join(folder, "dist", `part-${part}`), `part ${part}\n`.repeat(1_000));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ v: 1, name: "yikatong", version, arch: ARCH, files: [] }));
}
