/* The wait for a card. A reader heals by itself and a mute card may speak at the next try: both within the time of whoever waits. */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { CardChannel, CardReader } from "../drivers/ports.ts";
import type { CardTrouble } from "./card-trouble.ts";

/** Pause between looks at a reader that is gone, or a card that is mute. */
const READER_PAUSE_MS = 100;

export interface CardWait {
  /** Of the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Hears why no card was reached. */
  readonly trouble: CardTrouble;
  /** Before the first look; none when absent. */
  readonly pauseMs?: number;
}

/** A powered card, or undefined when the time is over or nobody waits any more. */
export async function awaitCard(
  { clock, reader, log }: { readonly clock: Clock; readonly reader: CardReader; readonly log: Log },
  { deadlineMs, signal, trouble, pauseMs = 0 }: CardWait,
): Promise<CardChannel | undefined> {
  for (let pause = pauseMs; ; pause = READER_PAUSE_MS) {
    try {
      if (pause > 0) await clock.sleep(pause, signal);
      const timeoutMs = deadlineMs - clock.monotonicMs();
      if (timeoutMs <= 0 || signal.aborted) return undefined;
      return await reader.waitForCard({ timeoutMs, signal });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (fault.code === "timeout" || fault.code === "cancelled") return undefined;
      trouble.note(fault);
      log.warn("card-not-reached", { code: fault.code });
    }
  }
}
