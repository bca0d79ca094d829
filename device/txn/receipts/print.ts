/* A slip on its way to the printer: whatever becomes of it, what it tells has happened already, so that a slip can fail and change nothing. */
import { type FaultCode, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { Printer, PrinterState, PrintLine } from "../../drivers/peripherals.ts";

/** "slip-unknown": the printer went away while it printed. */
export type SlipOutcome = "printed" | "slip-unknown" | `printer-${PrinterState}` | FaultCode;

/** Never rejects for what the world does. */
export async function printSlip(printer: Printer, slip: readonly PrintLine[], limits: Limits): Promise<SlipOutcome> {
  try {
    const outcome = await printer.print(slip, limits);
    if (outcome.kind === "printed") return "printed";
    return outcome.kind === "unknown" ? "slip-unknown" : `printer-${outcome.state}`;
  } catch (fault) {
    // A slip that did not come is printed again on request.
    if (!isFault(fault)) throw fault;
    return fault.code;
  }
}
