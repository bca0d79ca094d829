/* `npm run release-key`: makes a key that signs releases, or writes the published test key, and prints the line for terminals. */
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { parseSigningKey, publicKeyLine, signingKeyText } from "./key-file.ts";
import { TEST_KEY_NAME, TEST_KEY_SENTENCE } from "./test-key.ts";

const SCALAR_BYTES = 32;

function main(): number {
  const { values } = parseArgs({ options: { out: { type: "string" }, name: { type: "string" }, test: { type: "boolean", default: false } } });
  const suite = openCipherSuite();
  const name = values.test ? TEST_KEY_NAME : values.name;
  if (values.out === undefined || name === undefined) {
    process.stderr.write("usage: npm run release-key -- --name NAME --out FILE   (--test: the published test key)\n");
    return 2;
  }
  // Terminals trust what it signs: nothing that is there may be lost by a mistyped name.
  if (existsSync(values.out)) {
    process.stderr.write(`${values.out} is there already\n`);
    return 1;
  }
  const text = signingKeyText(name, values.test ? suite.sm3(utf8(TEST_KEY_SENTENCE)) : systemRandomness().bytes(SCALAR_BYTES));
  const key = parseSigningKey(text, suite);
  if (key === undefined) {
    process.stderr.write("a name has letters, digits, dots, dashes and underscores\n");
    return 2;
  }
  writeFileSync(values.out, text, { mode: 0o600 });
  process.stdout.write(`${publicKeyLine(key)}\n`);
  return 0;
}

process.exitCode = main();
