import { PARTS } from "./tools/mutation-parts.mjs";

/** Mutation score of what decides about money and bytes. Minutes for each part: run on demand (`npm run mutation -- --part NAME`), never at each commit. */
const name = process.env.MUTATION_PART ?? "";
const part = PARTS[name];

export default {
  testRunner: "vitest",
  // Each mutant must be judged by the tests that are named for its part, whatever else imports the file.
  vitest: { configFile: "vitest.mutation.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner", "./tools/mutation-texts.mjs"],
  ignorers: ["words-for-people"],
  mutate: part?.mutate ?? [],
  reporters: ["clear-text", "json", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
  concurrency: 2,
  // Endless loops are found by counting; a machine that is busy with other work must not make a slow mutant look like one.
  timeoutMS: 60_000,
  tempDirName: ".stryker-tmp",
  ignorePatterns: ["dist", "build", ".cache", "coverage", "reports"],
  thresholds: { high: 100, low: 90, break: null },
};
