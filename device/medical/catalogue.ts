/* Keeps what the terminal knows of the insurer's catalogue fresh, so that a sale without the insurer can be estimated. */
import { isFault } from "../base/fault.ts";
import { type CatalogueBook, updateCatalogue } from "../txn/medical-host/catalogue.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";

/** The insurer changes its catalogue by the day. */
const FRESH_MS = 6 * 3_600_000;
/** After a question that was not answered. */
const AGAIN_MS = 600_000;
/** The whole catalogue, page by page. */
const UPDATE_MS = 1_800_000;
/** The link comes up first. */
const FIRST_MS = 5_000;

/** Fetches the catalogue now and then until `signal` aborts. Never rejects for what the world does: an old catalogue is better than none. */
export async function keepCatalogue(
  ports: HostPorts,
  book: CatalogueBook,
  { questionMs, signal }: { readonly questionMs: number; readonly signal: AbortSignal },
) {
  let pauseMs = FIRST_MS;
  while (await slept(ports, pauseMs, signal)) pauseMs = (await refreshed(ports, book, { questionMs, signal })) ? FRESH_MS : AGAIN_MS;
}

async function refreshed(ports: HostPorts, book: CatalogueBook, { questionMs, signal }: { readonly questionMs: number; readonly signal: AbortSignal }) {
  try {
    const update = await updateCatalogue(ports, book, { timeoutMs: UPDATE_MS, questionMs, signal });
    if (update.kind !== "done") ports.log.warn("catalogue-not-fetched", { why: update.kind });
    return update.kind === "done";
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    ports.log.warn("catalogue-not-fetched", { why: fault.code });
    return false;
  }
}

/** False when `signal` aborted. */
async function slept({ clock }: HostPorts, durationMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(durationMs, signal);
    return true;
  } catch (fault) {
    if (!isFault(fault, "cancelled")) throw fault;
    return false;
  }
}
