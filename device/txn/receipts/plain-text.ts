/* A slip as plain text, for a screen, a log of the counter or a test. */
import type { PrintLine } from "../../drivers/peripherals.ts";

/** Lines of at most `columns` half-width characters. */
export function slipText(_slip: readonly PrintLine[], _columns: number): readonly string[] {
  return [];
}
