/* `npm run bundle`: one release bundle of this commit, for one kind of machine. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { JOURNAL_SCHEMAS } from "../../device/txn/journal/sqlite/layouts.ts";
import { SCHEMA_VERSION } from "../../device/txn/journal/sqlite/schema.ts";
import type { Arch } from "../../provisioning/release/manifest.ts";
import { signatureLine, signatureWord } from "../../provisioning/release/signed.ts";
import { nodePin } from "../arm64/node.ts";
import { gatherRelease, packageVersion } from "./gather.ts";
import { parseSigningKey } from "./key-file.ts";
import { packBundle } from "./pack.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const USAGE = `usage: npm run bundle -- --arch x64|arm64 --key FILE [--version V] [--out DIR] [--emergency] [--signature FILE]
  --key FILE        a key of npm run release-key
  --signature FILE  a signature that was published for the same commit; the key only proves it
`;

/** When the commit was made; SOURCE_DATE_EPOCH where there is no repository. */
function builtMs(): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const seconds = given ?? execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" });
  return Number.parseInt(seconds, 10) * 1000;
}

function signerOf(keyFile: string, signatureFile: string | undefined, suite: CipherSuite): (manifest: Uint8Array) => string {
  const key = parseSigningKey(readFileSync(keyFile, "utf8"), suite);
  if (key === undefined) throw new Error(`${keyFile} is no key of npm run release-key`);
  if (signatureFile === undefined) return (manifest) => signatureLine(manifest, key, suite);
  const published = readFileSync(signatureFile, "latin1");
  return (manifest) => {
    const word = signatureWord(manifest, published, { keys: [{ name: key.name, key: key.key.publicKey }], suite });
    if (word.kind !== "signed") throw new Error(`${signatureFile} is not the signature of what was built here`);
    return published;
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      arch: { type: "string" },
      key: { type: "string" },
      version: { type: "string" },
      out: { type: "string" },
      signature: { type: "string" },
      emergency: { type: "boolean", default: false },
    },
  });
  const arch = (["x64", "arm64"] as const).find((one: Arch) => one === values.arch);
  if (arch === undefined || values.key === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const suite = openCipherSuite();
  const version = values.version ?? packageVersion(ROOT);
  const out = resolve(values.out ?? join(ROOT, "build/bundles"));
  const folder = join(ROOT, "build/bundles", `.gathered-${arch}`);
  const sign = signerOf(values.key, values.signature, suite);
  mkdirSync(out, { recursive: true });
  await gatherRelease({ root: ROOT, folder, arch, version });
  const node = nodePin(ROOT).version;
  const about = { version, arch, node, builtMs: builtMs(), journalSchema: SCHEMA_VERSION, journalSchemasWritten: JOURNAL_SCHEMAS, emergency: values.emergency };
  const { path, manifest } = await packBundle({ folder, about, sign, out, suite });
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  process.stdout.write(`${JSON.stringify({ path, version, arch, files: manifest.files.length, bytes, payload: manifest.payload.size })}\n`);
  return 0;
}

process.exitCode = await main();
