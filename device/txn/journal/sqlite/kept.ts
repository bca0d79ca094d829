/* Files in which migrations have kept the journal as it was: which there are, and their end, because they hold everything that was ever erased since. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { civilTime } from "../../../codec/civil-time.ts";

const KEPT_NAME = /^journal\.schema-\d+\.(\d{8}-\d{6})(?:\.\d+)?\.sqlite$/;

/** Their names, sorted. */
export function keptFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => KEPT_NAME.test(name))
    .sort();
}

/** Removes those that were kept before this time by their names; gives what is gone. One that cannot be removed is tried again the next time. */
export function dropKept(folder: string, beforeMs: number): readonly string[] {
  const { date, time } = civilTime(Math.max(0, beforeMs));
  const gone: string[] = [];
  try {
    for (const name of keptFiles(folder)) {
      // Years of four digits: texts stand in the order of time.
      if ((KEPT_NAME.exec(name)?.[1] ?? "") >= `${date}-${time}`) continue;
      rmSync(join(folder, name));
      gone.push(name);
    }
  } catch {
    // A folder that is broken is told by the journal itself.
  }
  return gone;
}
