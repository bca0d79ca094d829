/* Trace codes as rows of the insurer's messages. Spec: FSI, drug_trac_info. Spec: FSI, drugtracinfo. */
import type { OrderItem } from "../medical-desk/basket.ts";

/** One row of drug_trac_info, for 2102 and 2207. */
export type TraceInfoRow = {
  readonly feedetl_sn: string;
  readonly drug_trac_codg: string;
  readonly trdn_flag: "0" | "1";
  readonly min_prcunt_type: string;
};

/** Rows of all lines; `lineNumber` gives the feedetl_sn that the line has in drugdetail or feedetail (index from 0). */
export function traceInfoRows(items: readonly OrderItem[], lineNumber: (index: number) => string): readonly TraceInfoRow[] {
  return items.flatMap((item, index) =>
    (item.traceCodes ?? []).map(({ code, splitPack }) => ({
      feedetl_sn: lineNumber(index),
      drug_trac_codg: code,
      trdn_flag: splitPack ? ("1" as const) : ("0" as const),
      // Priced by the smallest pack, or by the piece that leaves it; as public code has it.
      min_prcunt_type: splitPack ? "1" : "2",
    })),
  );
}

/** Rows of drugtracinfo for one line of 3505 or 3506; whether the pack was opened stands in the line itself. */
export function goodsTraceRows(codes: readonly string[]): readonly { readonly drug_trac_codg: string }[] {
  return codes.map((code) => ({ drug_trac_codg: code }));
}
