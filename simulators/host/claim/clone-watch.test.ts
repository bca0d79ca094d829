import { expect, test } from "vitest";
import { CloneWatch } from "./clone-watch.ts";

test("a journal whose number goes back is lived by two machines; another journal and another terminal count by themselves", () => {
  const watch = new CloneWatch();
  const beat = (tid: string, journalId: string, boot: number | undefined) => watch.wentBack({ tid, journalId, boot });
  expect([beat("T1", "a", 7), beat("T1", "a", 7), beat("T1", "a", 8), beat("T1", "a", 7), beat("T1", "a", 8)]).toEqual([false, false, false, true, false]);
  expect([beat("T1", "b", 1), beat("T2", "a", 1), beat("T1", "a", undefined)]).toEqual([false, false, false]);
});
