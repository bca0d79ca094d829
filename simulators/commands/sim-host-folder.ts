/*
 * The folder of a host that runs by itself: its keys, its terminals with a key file each, and its ledgers. What is there is kept;
 * what is missing is made with fresh keys. Keys go into files that only their owner may read, never to a screen.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { Parsed } from "./sim-faults.ts";

/** Name of the data key that all terminals of one folder share. */
const KID = "data-1";
const SCALAR_BYTES = 32;
const KEY_BYTES = 16;

const keysShape = z.strictObject({
  signingScalarHex: z.string().regex(/^[0-9a-f]{64}$/i),
  dataKeysHex: z.strictObject({ [KID]: z.string().regex(/^[0-9a-f]{32}$/i) }),
});
const terminalsShape = z.strictObject({
  terminals: z.array(z.strictObject({ tid: z.string(), publicKeyHex: z.string(), kids: z.array(z.string()) })).max(10_000),
});

type HostKeysFile = z.infer<typeof keysShape>;

export interface HostFolder {
  /** Members of the host's configuration that the folder decides. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Key file of each terminal that was asked for. */
  readonly keyFiles: Readonly<Record<string, string>>;
}

interface Tools {
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
}

function readShaped<Value>(path: string, shape: z.ZodType<Value>): Parsed<Value> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const parsed = shape.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: `${path} is not a file of this command` };
  } catch (error) {
    return { ok: false, reason: `${path} cannot be read: ${error instanceof SyntaxError ? "it is no JSON" : String(error)}` };
  }
}

/** For its owner only, and never over something that is there already unless it is meant. */
function writePrivate(path: string, text: string, flag: "w" | "wx" = "wx"): void {
  writeFileSync(path, text, { mode: 0o600, flag });
}

function hostKeysOf(folder: string, { randomness }: Tools): Parsed<HostKeysFile> {
  const path = join(folder, "host-keys.json");
  const found = readShaped(path, keysShape);
  if (found !== undefined) return found;
  const keys = { signingScalarHex: toHex(randomness.bytes(SCALAR_BYTES)), dataKeysHex: { [KID]: toHex(randomness.bytes(KEY_BYTES)) } };
  writePrivate(path, `${JSON.stringify(keys)}\n`);
  return { ok: true, value: keys };
}

/** Makes the key file of a new terminal, in the form that the terminal reads, and gives its public key. */
function enrol(path: string, keys: HostKeysFile, { suite, randomness }: Tools): string {
  const scalar = randomness.bytes(SCALAR_BYTES);
  const hostKey = suite.sm2PrivateKey(fromHex(keys.signingScalarHex)).publicKey;
  const lines = [
    `signing-scalar = ${toHex(scalar)}`,
    `host-public-key = ${toHex(hostKey.point)}`,
    `data-key = ${keys.dataKeysHex[KID]}`,
    `storage-key = ${toHex(randomness.bytes(KEY_BYTES))}`,
  ];
  writePrivate(path, `${lines.join("\n")}\n`);
  return toHex(suite.sm2PrivateKey(scalar).publicKey.point);
}

/** Opens the folder, making what is missing. Says in one line what does not fit. */
export function openHostFolder(folder: string, terminals: readonly string[], tools: Tools): Parsed<HostFolder> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = hostKeysOf(folder, tools);
  if (!keys.ok) return keys;
  const terminalsFile = join(folder, "terminals.json");
  const known = readShaped(terminalsFile, terminalsShape) ?? { ok: true, value: { terminals: [] } };
  if (!known.ok) return known;
  const keyFileOf = (tid: string) => join(folder, `${tid}.keys`);
  const fresh = terminals.filter((tid) => !known.value.terminals.some((each) => each.tid === tid));
  const orphan = fresh.find((tid) => existsSync(keyFileOf(tid)));
  if (orphan !== undefined) return { ok: false, reason: `${keyFileOf(orphan)} is there, but ${terminalsFile} does not know the terminal` };
  const enrolled = fresh.map((tid) => ({ tid, publicKeyHex: enrol(keyFileOf(tid), keys.value, tools), kids: [KID] }));
  if (fresh.length > 0) writePrivate(terminalsFile, `${JSON.stringify({ terminals: [...known.value.terminals, ...enrolled] })}\n`, "w");
  const config = {
    keys: keys.value,
    terminalsFile,
    ledgerFile: join(folder, "ledger.db"),
    insurerFile: join(folder, "insurer.db"),
    acquirer: { file: join(folder, "acquirer.db") },
    agency: { file: join(folder, "agency.db") },
    claim: { file: join(folder, "claims.json") },
  };
  return { ok: true, value: { config, keyFiles: Object.fromEntries(terminals.map((tid) => [tid, keyFileOf(tid)])) } };
}
