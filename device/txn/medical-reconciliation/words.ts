/* What classes, acts and states are called for people, in Chinese and English. */
import type { DayState, DifferenceAct, DifferenceClass, GroupView } from "./acts.ts";

export type Words = readonly [chinese: string, english: string];

export const CLASS_WORDS: Readonly<Record<DifferenceClass, Words>> = {
  "amount-differs": ["两边金额不符", "Both hold it, with other amounts"],
  "ours-only": ["仅本机有：医保未见此笔结算", "Booked here; the insurer does not know it"],
  "other-day": ["两边都有，记账日期不同", "Both hold it, on another day"],
  "held-by-insurer": ["对账文件未列出，但医保查询确认存在", "Missing in the statement; the insurer confirms that it holds it"],
  "voided-at-insurer": ["医保已撤销，本机原记为已结算", "Taken back at the insurer; booked here"],
  "void-not-at-insurer": ["本机已撤销，医保仍记为已结算", "Taken back here; booked at the insurer"],
  "one-sided-at-insurer": ["仅医保有：本机此笔未成功", "Booked at the insurer; ended here without a booking"],
  "booked-twice": ["同一报文在医保有两笔结算", "One message, two settlements at the insurer"],
  "unknown-message": ["仅医保有：报文号属本机，但本机无记录", "Booked at the insurer under a number of this terminal without a record here"],
  "other-terminal": ["本机构其他终端的结算", "Another terminal of this institution"],
  foreign: ["非本机构终端的结算", "Not made by a terminal of this institution"],
  "totals-only": ["总额不符，明细未见差异", "Totals differ, no row says why"],
  "not-compared": ["未能核对", "Not compared yet"],
};

export const ACT_WORDS: Readonly<Record<DifferenceAct, Words>> = {
  none: ["无需处理", "Nothing to do"],
  reversed: ["已冲正", "Reversed"],
  "reversal-open": ["冲正未确认，将再次处理", "Reversal not confirmed; done again"],
  "void-imported": ["已在本机登记撤销", "The void was taken over"],
  "left-to-people": ["请人工核实", "For people to look at"],
};

export const STATE_WORDS: Readonly<Record<DayState, Words>> = {
  equal: ["一致", "Equal"],
  settled: ["处理后一致", "Equal after what was done"],
  differs: ["存在差异", "Differs"],
  incomplete: ["未完成", "Not complete"],
};

export const VERDICT_WORDS: Readonly<Record<GroupView["verdict"], Words>> = {
  equal: ["一致", "Equal"],
  "insurer-more": ["医保多", "Insurer has more"],
  "institution-more": ["机构多", "Institution has more"],
  differs: ["不一致", "Differs"],
  refused: ["医保拒绝核对", "Refused by the insurer"],
  silent: ["未答复", "No answer"],
};

export const LOCALITY_WORDS: Readonly<Record<GroupView["locality"], Words>> = {
  local: ["本地", "Local"],
  "same-province": ["省内异地", "Same province"],
  "cross-province": ["跨省异地", "Other province"],
};
