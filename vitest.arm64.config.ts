import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { arm64Folders } from "./tools/arm64/launcher.ts";

/*
 * The arm64 lane: vitest itself runs natively, transforms the sources and counts; the workers, where tests and sources are executed,
 * are started by the launcher and run under the emulated arm64 Node. So no native part of the test runner is needed for arm64.
 */
process.execPath = arm64Folders(dirname(fileURLToPath(import.meta.url))).launcher;

const LANES = ["**/*.lane.test.ts", "**/node_modules/**", "dist/**"];
const common = {
  environment: "node",
  pool: "forks",
  setupFiles: ["tools/arm64/contract/before-each-file.ts"],
  testTimeout: 300_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
} as const;

export default defineConfig({
  test: {
    chaiConfig: { truncateThreshold: 2000 },
    projects: [
      {
        test: {
          ...common,
          name: "suites",
          include: ["device/{base,codec,crypto,drivers,txn/journal}/**/*.test.ts", "simulators/crypto/**/*.test.ts"],
          exclude: LANES,
          // A start of a worker takes seconds here. These files share nothing that one could spoil for another.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "real path",
          include: ["tools/arm64/contract/{addons,serial,pcsc}.ts"],
          // One line waits while the other works. A second try tells a busy machine from a fault.
          maxWorkers: 2,
          retry: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
