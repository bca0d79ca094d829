/* The table of services: a code that is not here is refused. */
import { downloadList, priceLimits, selfPayShares } from "./catalogue-services.ts";
import { applyForClearing, cancelClearing } from "./clearing-services.ts";
import { checkEligibility, queryChronicFilings, queryRegionalFilings } from "./eligibility-services.ts";
import { downloadFile, uploadFile } from "./file-services.ts";
import { cancelFees, cancelVisit, preSettleVisit, registerVisit, settleVisit, tellFees, tellVisit, voidVisit } from "./outpatient-services.ts";
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
  ["1301", downloadList],
  ["1302", downloadList],
  ["1305", downloadList],
  ["1306", downloadList],
  ["1312", downloadList],
  ["1318", priceLimits],
  ["1319", selfPayShares],
  ["2001", checkEligibility],
  ["2101", preSettle],
  ["2102", settle],
  ["2103", voidSettlement],
  ["2201", registerVisit],
  ["2202", cancelVisit],
  ["2203", tellVisit],
  ["2204", tellFees],
  ["2205", cancelFees],
  ["2206", preSettleVisit],
  ["2207", settleVisit],
  ["2208", voidVisit],
  ["2501", queryRegionalFilings],
  ["2601", reverse],
  ["3201", reconcileTotals],
  ["3202", reconcileRows],
  ["3203", applyForClearing],
  ["3204", cancelClearing],
  ["3505", uploadSale],
  ["3505A", uploadSales],
  ["3506", uploadReturn],
  ["5203", querySettlement],
  ["5204", queryFees],
  ["5206", queryCumulative],
  ["5301", queryChronicFilings],
]);

/** Services that a region may serve only to whoever has signed in. */
export const NEED_SIGN_NUMBER: readonly string[] = ["2101", "2102", "2103", "2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208"];
