/*
 * Goal: whatever a bank card answers, the terminal names it or goes on; nothing of it throws.
 * Method: a hundred thousand damaged answers for each reader, from a seed that is printed and can be given again (BAD_INPUT_SEED).
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, fromHex } from "../../base/bytes.ts";
import { addRecord, NO_RECORDS } from "./data.ts";
import { parseGenerated } from "./generate.ts";
import { parseProcessingOptions } from "./options.ts";
import { parseSelected } from "./select.ts";

const RUNS = 100_000;
const SEED = Number(process.env["BAD_INPUT_SEED"] ?? Date.now() & 0x7fff_ffff);

interface Subject {
  readonly name: string;
  readonly corpus: readonly string[];
  readonly read: (bytes: Bytes) => unknown;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "selected applications",
    corpus: [
      "6f5c8408a000000333010101a550500950424f4320544553548701019f381b9f66049f02069f03069f1a0295055f2a029a039c019f3704df69015f2d047a68656e9f1101019f120950424f432054455354bf0c0a9f4d020b0adf4d020c0a",
      "6f0e8408a000000333010106a50287009f3800",
    ],
    read: (bytes) => parseSelected(bytes, "contactless"),
  },
  {
    name: "processing options",
    corpus: ["772982022000940808010100280101009f360200079f260801020304050607089f10080701010390000001", "800a7c000801010010010201"],
    read: (bytes) => parseProcessingOptions(bytes, new Map()),
  },
  {
    name: "records",
    corpus: ["701a570f6299990000000001d401220100000f5f340101", "70185a0862999900000000015f24034012315f280201569f0702ff00", "7000"],
    read: (bytes) => addRecord(NO_RECORDS, { sfi: 1, number: 1, signed: true }, bytes),
  },
  {
    name: "generated cryptograms",
    corpus: ["801340000701020304050607080701010390000001", "77219f2701409f360200079f260801020304050607089f10080701010390000001"],
    read: parseGenerated,
  },
];

describe(`bad input of bank cards, BAD_INPUT_SEED=${SEED}`, () => {
  it.each(SUBJECTS)(
    "$name: 100,000 damaged answers, none throws",
    ({ name, corpus, read }) => {
      const source = mutations(
        SEED,
        corpus.map((hex) => fromHex(hex)),
      );
      let understood = 0;
      for (let run = 0; run < RUNS; run += 1) if (read(source.next().value) !== undefined) understood += 1;
      process.stdout.write(`${name}: seed ${SEED}, understood ${understood} of ${RUNS}\n`);
      // A reader that refuses everything has not been tested, nor has one that takes everything.
      expect(understood).toBeGreaterThan(0);
      expect(understood).toBeLessThan(RUNS);
    },
    60_000,
  );
});
