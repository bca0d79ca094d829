/* `npm run downgrade-permit`: leave for one terminal, or for all, to go back to an older release until a day; written beside its signature. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { canonicalBytes, readPermit, signatureLine } from "../../provisioning/release/signed.ts";
import { parseSigningKey } from "./key-file.ts";

const USAGE = "usage: npm run downgrade-permit -- --key FILE --to VERSION --terminal ID|'*' --until 2026-12-31T00:00:00Z --out FILE\n";

function main(): number {
  const option = { type: "string" } as const;
  const { values } = parseArgs({ options: { key: option, to: option, terminal: option, until: option, out: option } });
  const { key: keyFile, to, terminal: terminalId, until, out } = values;
  const notAfterMs = until === undefined ? Number.NaN : Date.parse(until);
  if (keyFile === undefined || to === undefined || terminalId === undefined || out === undefined || !Number.isSafeInteger(notAfterMs)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const suite = openCipherSuite();
  const signer = parseSigningKey(readFileSync(keyFile, "utf8"), suite);
  if (signer === undefined) {
    process.stderr.write(`${keyFile} is no key of npm run release-key\n`);
    return 1;
  }
  const bytes = canonicalBytes({ v: 1, kind: "downgrade", terminalId, to, notAfterMs });
  const signature = signatureLine(bytes, signer, suite);
  const keys = [{ name: signer.name, key: signer.key.publicKey }];
  if (readPermit({ bytes, signature }, { keys, suite }) === undefined) {
    process.stderr.write("no terminal would take this leave: is the version one?\n");
    return 1;
  }
  writeFileSync(out, bytes);
  writeFileSync(`${out}.sig`, signature);
  return 0;
}

process.exitCode = main();
