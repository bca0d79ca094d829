import { defineConfig } from "vitest/config";

/* Lane tests: they start real programs (pcscd, mosquitto, strace), so one file runs at a time and the limits are generous. */
export default defineConfig({
  test: {
    include: ["{device,simulators,tools,provisioning,hw-tests}/**/*.lane.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    environment: "node",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    passWithNoTests: true,
  },
});
