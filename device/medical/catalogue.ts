/* Keeps what the terminal knows of the insurer's catalogue fresh, so that a sale without the insurer can be estimated. */
import { type CatalogueBook, updateCatalogue } from "../txn/medical-host/catalogue.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";
import { Rounds } from "../txn/rounds.ts";

/** The insurer changes its catalogue by the day. */
const FRESH_MS = 6 * 3_600_000;
/** After a question that was not answered. */
const AGAIN_MS = 600_000;
/** The whole catalogue, page by page. */
const UPDATE_MS = 1_800_000;
/** The link comes up first. */
const FIRST_MS = 5_000;

/** Fetches the catalogue now and then: an old one is better than none. */
export function keepCatalogue(ports: HostPorts, book: CatalogueBook, questionMs: number): Rounds {
  return new Rounds({
    clock: ports.clock,
    log: ports.log,
    failedAs: "catalogue-not-fetched",
    restAfterFaultMs: AGAIN_MS,
    firstRestMs: FIRST_MS,
    round: async (signal) => {
      const update = await updateCatalogue(ports, book, { timeoutMs: UPDATE_MS, questionMs, signal });
      if (update.kind !== "done") ports.log.warn("catalogue-not-fetched", { why: update.kind });
      return update.kind === "done" ? FRESH_MS : AGAIN_MS;
    },
  });
}
