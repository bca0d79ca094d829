import { defineConfig } from "vitest/config";
import { PARTS } from "./tools/mutation-parts.mjs";

/* The tests that judge the mutants of one part; `tools/mutation.mjs` names the part. Lane tests need real programs and judge no mutant. */
export default defineConfig({
  test: {
    include: [...((PARTS as Readonly<Record<string, { readonly tests: readonly string[] }>>)[process.env["MUTATION_PART"] ?? ""]?.tests ?? [])],
    exclude: ["**/*.lane.test.ts", "**/node_modules/**"],
    environment: "node",
    testTimeout: 30_000,
  },
});
