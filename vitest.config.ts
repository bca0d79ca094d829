import { defineConfig } from "vitest/config";

/* Unit tests: everything that needs no process, no root and no real wait. They run the sources. */
export default defineConfig({
  test: {
    include: ["{device,simulators,tools,provisioning,hw-tests}/**/*.test.ts"],
    exclude: ["**/*.lane.test.ts", "**/node_modules/**", "dist/**"],
    environment: "node",
    pool: "forks",
    testTimeout: 30_000,
    // Failures are read from reports too, which hold the message without its diff.
    chaiConfig: { truncateThreshold: 2000 },
    passWithNoTests: true,
  },
});
