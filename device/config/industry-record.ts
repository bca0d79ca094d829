/* Which industry record of a card a sale changes, as configurations name it. */
import * as z from "zod";
import type { IndustryPlace } from "../card/electronic-cash/industry.ts";

/** Spec: JR/T 0025, extension for small payments. */
export const industryRecord = z.strictObject({
  /** Short identifier of the file. */
  file: z.int().min(1).max(30),
  /** Identifier of the record, four hexadecimal digits. */
  record: z.string().regex(/^[0-9a-f]{4}$/),
});

export function industryPlaceOf({ file, record }: Readonly<z.infer<typeof industryRecord>>): IndustryPlace {
  return { sfi: file, recordId: record };
}
