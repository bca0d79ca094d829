/*
 * The reader of a sale that its counter may give up: while nobody has presented a card, giving up ends the wait. Once a card was there it changes
 * nothing, because what has begun with a card ends with proof.
 */
import { Fault } from "../base/fault.ts";
import type { CardReader } from "../drivers/ports.ts";

export function untilCard(reader: CardReader, givenUp: AbortSignal): CardReader {
  let presented = false;
  return {
    name: reader.name,
    interface: reader.interface,
    waitForCard: async (limits) => {
      if (presented) return reader.waitForCard(limits);
      if (givenUp.aborted) throw new Fault("cancelled", "the sale was given up", { effectUnknown: false });
      const channel = await reader.waitForCard({ ...limits, signal: AbortSignal.any([limits.signal, givenUp]) });
      presented = true;
      return channel;
    },
    waitForRemoval: (limits) => reader.waitForRemoval(limits),
    close: () => reader.close(),
  };
}
