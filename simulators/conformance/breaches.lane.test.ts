/*
 * Goal: every conformance case means something: some breach of the specifications, planted in every card or module, fails it.
 * Method: one breach after the other over the cases that have noticed none so far. The usual size takes every seventh case, which one
 * changes with BREACHES_FROM; YIKATONG_SIZE=full takes all of them.
 */
import { describe, expect, it } from "vitest";
import { DEVIATIONS, OUT_OF_REACH } from "./breaches.ts";
import { CATALOGUE } from "./catalogue.ts";
import { runCases } from "./run.ts";
import type { ConformanceCase } from "./types.ts";

const FULL = process.env["YIKATONG_SIZE"] === "full";
const STEP = FULL ? 1 : 7;
const FROM = Number(process.env["BREACHES_FROM"] ?? 0) % STEP;
const LONG_MS = FULL ? 3_600_000 : 300_000;

const SAMPLE = CATALOGUE.filter((_, at) => at % STEP === FROM);

describe(`planted breaches over ${SAMPLE.length} of ${CATALOGUE.length} cases`, () => {
  it(
    "every case notices one of them",
    async () => {
      let unnoticed: readonly ConformanceCase[] = SAMPLE;
      for (const deviation of DEVIATIONS) {
        const { cases } = await runCases(unnoticed, { deviation });
        unnoticed = unnoticed.filter((_, at) => cases[at]?.outcome === "passed");
      }
      expect(unnoticed.map(({ id }) => id).filter((id) => !OUT_OF_REACH.includes(id))).toEqual([]);
    },
    LONG_MS,
  );

  it.each(DEVIATIONS.map((deviation) => [deviation.name, deviation] as const))(
    "%s is noticed by some case and not by all",
    async (_, deviation) => {
      const some = SAMPLE.filter(({ id }, at) => at % 11 === 0 || id === "SEL-042");
      const { passed, failed } = await runCases(some, { deviation });
      expect(failed).toBeGreaterThan(0);
      expect(passed).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});
