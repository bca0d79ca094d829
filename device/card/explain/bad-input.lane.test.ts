/*
 * Goal: whatever is handed to the explanation, it says something and never throws.
 * Method: a hundred thousand damaged samples from a seed that is printed and can be given again (BAD_INPUT_SEED).
 */
import { describe, expect, it } from "vitest";
import { FuzzRandom, mutations } from "../../../tools/fuzz/mutator.ts";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { explainBytes, explainText, formatNotes, NAMED_FORMS } from "./explain.ts";

const RUNS = 100_000;
const SEED = Number(process.env["BAD_INPUT_SEED"] ?? Date.now() & 0x7fff_ffff);

const BYTES = [
  "3b6d00000081544c538660990100000001",
  "3b8f8001804f0ca000000306030001000000006a",
  "6f2d8408a000000632010105a5219f0c1e9901000000000001020100009900000000000001202001012040123155669000",
  "7781829f1008070101039000000182027c00940810010300180101009f360200059f2608010203040506070809f6c028000",
  "9f38129f66049f02069f03069f1a0295055f2a029a039c019f3704",
  "0001000000000001c20699010000000120261121120000",
  "805001020b01000000019901000000010f",
  "80a8000023832136000080000000000100000000000000015600000000000156261121 00 01020304".replaceAll(" ", ""),
].map((hex) => fromHex(hex.length % 2 === 0 ? hex : `${hex}0`));

const TEXTS = [
  "ATR: 3b6d00000081544c538660990100000001\n> 00A404000F7378312E73682EC9E7BBE1B1A3D5CF\n< 6f1c840f7378312e73682ec9e7bbe1b1a3d5cfa50988011e9f0c038601039000",
  "00000100 APDU: 00 B2 07 28 00\n00000023 SW: 07 09 54 39 39 30 30 30 30 30 31 90 00",
  "tvr:8000008001",
  "80 A8 00 00 23\n77 0E 82 02 60 00 9F 36 02 00 05 9F 6C 02 80 00 90 00",
].map(utf8);

describe(`explanations of damaged input, seed ${SEED}`, () => {
  it(`${RUNS} samples of bytes`, () => {
    let count = 0;
    for (const bytes of mutations(SEED, BYTES)) {
      const said = formatNotes(explainBytes(bytes));
      if (said.length === 0) expect.fail(`nothing was said of ${toHex(bytes)}`);
      count += 1;
      if (count === RUNS) break;
    }
  });

  it(`${RUNS} samples of text, some of them named`, () => {
    const random = new FuzzRandom(SEED);
    let count = 0;
    for (const bytes of mutations(SEED + 1, TEXTS)) {
      const name = random.below(4) === 0 ? `${NAMED_FORMS[random.below(NAMED_FORMS.length)] ?? ""}:` : "";
      const text = name === "" ? Buffer.from(bytes).toString("latin1") : `${name}${toHex(bytes)}`;
      if (formatNotes(explainText(text)).length === 0) expect.fail(`nothing was said of ${JSON.stringify(text)}`);
      count += 1;
      if (count === RUNS) break;
    }
  });
});
