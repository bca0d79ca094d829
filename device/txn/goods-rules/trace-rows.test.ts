import { expect, it } from "vitest";
import { codeText, item, opened, whole } from "./testing.ts";
import { traceInfoRows } from "./trace-rows.ts";

it("each code is a row of its line", () => {
  const items = [
    item({ quantity: "2", traceCodes: [whole(1), whole(2)] }),
    item({ traceExempt: "granules", traceCodes: [] }),
    item({ traceCodes: [opened(3)] }),
  ];
  expect(traceInfoRows(items, (index) => `F${index}`)).toEqual([
    { feedetl_sn: "F0", drug_trac_codg: codeText(1), trdn_flag: "0", min_prcunt_type: "2" },
    { feedetl_sn: "F0", drug_trac_codg: codeText(2), trdn_flag: "0", min_prcunt_type: "2" },
    { feedetl_sn: "F2", drug_trac_codg: codeText(3), trdn_flag: "1", min_prcunt_type: "1" },
  ]);
});
