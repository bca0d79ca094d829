/*
 * Goal: one command says what is wrong with a terminal and what to do, to somebody who stands in front of it, also when it does not start.
 * Method: facts first, gathered at once; then every check of a table over them, pure. What cannot be known is no fault of the terminal.
 */
import type { Check, Finding } from "./check.ts";
import { DEVICE_CHECKS } from "./checks-devices.ts";
import { IDENTITY_CHECKS } from "./checks-identity.ts";
import { KEY_CHECKS } from "./checks-keys.ts";
import { NETWORK_CHECKS } from "./checks-network.ts";
import { SERVICE_CHECKS } from "./checks-service.ts";
import { STORAGE_CHECKS } from "./checks-storage.ts";
import type { Facts } from "./facts.ts";
import { type GatherParts, gather } from "./gather.ts";

export const CHECKS: readonly Check[] = [...IDENTITY_CHECKS, ...KEY_CHECKS, ...SERVICE_CHECKS, ...DEVICE_CHECKS, ...STORAGE_CHECKS, ...NETWORK_CHECKS];

export interface Diagnosis {
  /** Faults first, each in the order of the table. */
  readonly findings: readonly Finding[];
  readonly checks: number;
  /** Questions that got no answer in time: what depends on them was not looked at. */
  readonly unanswered: readonly string[];
  readonly tookMs: number;
}

export async function examine(parts: GatherParts): Promise<Diagnosis> {
  return (await examineWithFacts(parts)).diagnosis;
}

/** The same, with the facts that it was made of: the machine is asked once. */
export async function examineWithFacts(parts: GatherParts): Promise<{ readonly diagnosis: Diagnosis; readonly facts: Facts }> {
  const began = parts.clock.monotonicMs();
  const facts = await gather(parts);
  const tookMs = Math.round(parts.clock.monotonicMs() - began);
  return { facts, diagnosis: { findings: findingsOf(facts), checks: CHECKS.length, unanswered: facts.unanswered, tookMs } };
}

/** Pure. */
export function findingsOf(facts: Facts): readonly Finding[] {
  const found = CHECKS.flatMap(({ id, severity, says, remedy, sees }): readonly Finding[] => {
    const detail = sees(facts);
    return detail === undefined ? [] : [{ id, severity, says, remedy, detail }];
  });
  return [...found.filter(({ severity }) => severity === "fault"), ...found.filter(({ severity }) => severity === "warning")];
}

/** 0 all is well, 1 warnings only, 2 faults. */
export function exitCodeOf({ findings }: Diagnosis): number {
  if (findings.some(({ severity }) => severity === "fault")) return 2;
  return findings.length === 0 ? 0 : 1;
}

/** For people, both languages. */
export function diagnosisText({ findings, checks, unanswered, tookMs }: Diagnosis): string {
  const lines = findings.flatMap(({ id, severity, says, remedy, detail }) => [
    `${severity === "fault" ? "FAULT  " : "warning"} ${id}: ${says.zh} ${says.en}${detail === "" ? "" : ` (${detail})`}`,
    `        → ${remedy.zh}  ${remedy.en}`,
  ]);
  const silent = unanswered.length === 0 ? [] : [`        not looked at, because no answer came: ${unanswered.join(", ")}`];
  const sum = findings.length === 0 ? "一切正常 nothing wrong was found" : `${findings.length} found`;
  return [...lines, ...silent, `${sum}; ${checks} checks in ${tookMs} ms`].join("\n");
}
