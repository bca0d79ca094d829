/*
 * Beside what a new release may be put in place, and where an installed machine keeps its records. The defaults hold on a terminal whose
 * configuration cannot be read: the release that can read it must not be kept out, nor let in more easily.
 */
import { normalize } from "node:path";
import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

export const updateConfig = z.strictObject({
  /** Money without a receipt of the host. */
  exposureLimitFen: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(50_000),
  /** Sales whose end nobody knows yet. */
  unknownMax: z.int().min(0).max(100_000).default(0),
  /** Left free beside the release, and beside a copy of the journal. */
  spareMegabytes: z.int().min(16).max(65_536).default(64),
  /** What the service's clock must be at least. A clock that is not even held is wrong for every release. */
  clock: z.enum(["held", "trusted"]).default("held"),
});

export type UpdateConfig = DeepReadonly<z.infer<typeof updateConfig>>;

export const UPDATE_DEFAULTS: UpdateConfig = updateConfig.parse({});

/** Where the install script puts a terminal's configuration and its records; the tools of an update look nowhere else. */
export const INSTALLED_CONFIG = "/var/lib/yikatong/config";
const INSTALLED_JOURNAL = "/var/lib/yikatong/journal";

function isSamePlace(path: string, place: string): boolean {
  return normalize(`${path}/`) === `${place}/`;
}

/** Why an installed machine cannot keep its journal where this configuration says, or undefined; other machines keep it where they like. */
export function journalPlaceProblem(configFolder: string, { journal }: { readonly journal: { readonly folder: string } }): string | undefined {
  if (!isSamePlace(configFolder, INSTALLED_CONFIG) || isSamePlace(journal.folder, INSTALLED_JOURNAL)) return undefined;
  return `journal.folder: on an installed machine the journal lies in ${INSTALLED_JOURNAL}, where updates, their way back and the doctor look for it`;
}
