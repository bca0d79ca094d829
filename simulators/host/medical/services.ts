/* The table of services: a code that is not here is refused. */
import { downloadFile, uploadFile } from "./file-services.ts";
import { personInformation, signIn, signOut } from "./person-services.ts";
import { preSettle, settle, voidSettlement } from "./pharmacy-services.ts";
import { queryCumulative, queryFees, querySettlement, reverse } from "./recovery-services.ts";
import type { ServiceHandler } from "./service.ts";
import { reconcileRows, reconcileTotals } from "./statement-services.ts";
import { uploadReturn, uploadSale, uploadSales } from "./stock-services.ts";

export const SERVICES: ReadonlyMap<string, ServiceHandler> = new Map<string, ServiceHandler>([
  ["9001", signIn],
  ["9002", signOut],
  ["9101", uploadFile],
  ["9102", downloadFile],
  ["1101", personInformation],
  ["2101", preSettle],
  ["2102", settle],
  ["2103", voidSettlement],
  ["2601", reverse],
  ["3201", reconcileTotals],
  ["3202", reconcileRows],
  ["3505", uploadSale],
  ["3505A", uploadSales],
  ["3506", uploadReturn],
  ["5203", querySettlement],
  ["5204", queryFees],
  ["5206", queryCumulative],
]);

/** Services that a region may serve only to whoever has signed in. */
export const NEED_SIGN_NUMBER: readonly string[] = ["2101", "2102", "2103", "2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208"];
