/** Mutation score of what decides about money and bytes. Takes minutes to hours: run on demand (`npm run mutation`), never at each commit. */
export default {
  testRunner: "vitest",
  vitest: { configFile: "vitest.config.ts" },
  plugins: ["@stryker-mutator/vitest-runner", "./tools/mutation-texts.mjs"],
  ignorers: ["words-for-people"],
  mutate: ["device/txn/**/machine.ts", "device/txn/**/rules*.ts", "device/codec/*.ts", "device/sync/batch/*.ts", "!**/*.test.ts", "!**/testing.ts"],
  reporters: ["clear-text", "progress", "json"],
  jsonReporter: { fileName: "reports/mutation/mutation.json" },
  concurrency: 2,
  timeoutMS: 20_000,
  tempDirName: ".stryker-tmp",
  ignorePatterns: ["dist", "build", ".cache", "coverage", "reports"],
  thresholds: { high: 95, low: 90, break: null },
  // Lane tests need real programs; stryker's copy of the tree must not start any.
  incremental: true,
  incrementalFile: ".cache/stryker-incremental.json",
};
