import { defineConfig } from "vitest/config";

/* Hardware tests: one suite at a time, because a desk has one hand, and the hand may be a person's. `npm run hw-test` starts them. */
export default defineConfig({
  test: {
    include: ["hw-tests/*.hw.ts"],
    environment: "node",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
  },
});
