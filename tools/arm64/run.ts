/* The lane itself: prepare, then one vitest whose workers run under the arm64 Node. */
import type { Outcome } from "../lanes.ts";
import { prepareArm64 } from "./prepare.ts";

/** `vitest` runs the tests of vitest.arm64.config.ts and gives their counts. */
export async function runArm64(root: string, vitest: () => Promise<Outcome>): Promise<Outcome> {
  try {
    const obstacle = await prepareArm64(root);
    if (obstacle !== undefined) return { counts: { passed: 0, failed: 0, skipped: 1 }, failures: [], skips: [obstacle] };
  } catch (error) {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, failures: [error instanceof Error ? error.message : String(error)], skips: [] };
  }
  return vitest();
}
