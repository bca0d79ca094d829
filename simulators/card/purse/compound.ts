/* UPDATE CAPP DATA CACHE: records wait in the working memory until the debit writes them. Spec: PBOC purse, UPDATE CAPP DATA CACHE. */
import { type Command, ok, refuse, SW } from "../iso.ts";
import type { PurseFiles } from "./files.ts";
import type { PurseSession, Step } from "./session.ts";

const NOT_ENOUGH_MEMORY = 0x6a84;
/** Records that one purchase may write. */
const UPDATES_MAX = 4;

/** Takes a record into the cache. Anything that is wrong ends the purchase, and the cache with it. */
export function cacheRecord(command: Command, session: PurseSession | undefined, files: PurseFiles): Step {
  if (session?.kind !== "purchase" || session.updates === undefined) return { answer: refuse(SW.notAcceptable) };
  if (command.data.length === 0) return { answer: refuse(SW.wrongLength) };
  const found = files.find(command, command.data);
  if (!found.ok) return { answer: found.answer };
  if (found.update.file.update !== "compound") return { answer: refuse(SW.securityNotSatisfied) };
  if (session.updates.length >= UPDATES_MAX) return { answer: refuse(NOT_ENOUGH_MEMORY) };
  return { answer: ok(), session: { ...session, updates: [...session.updates, found.update] } };
}
