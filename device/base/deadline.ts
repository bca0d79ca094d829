import { Fault, type FaultCode } from "./fault.ts";
import type { Clock, Limits } from "./ports.ts";

/** How long {@link withDeadline} waits, and what its fault says when that was in vain. */
export interface DeadlineOptions extends Limits {
  readonly clock: Clock;
  /** Named in the fault: what was waited for. */
  readonly what: string;
  /** Whether the other side may act although nobody waits any more. */
  readonly effectUnknown: boolean;
  /** The code of the fault at expiry; "timeout" where nothing says more. */
  readonly code?: FaultCode;
}

/** Why the timer of a wait that has ended is stopped: one for all, because a fault that nobody will ever see costs more than the wait itself. */
const OVER = new Fault("cancelled", "the wait is over", { effectUnknown: false });

/** Bounds any wait: settles with `work`, or rejects with a fault at the deadline or when the caller cancels. */
export async function withDeadline<Value>(work: Promise<Value>, options: DeadlineOptions): Promise<Value> {
  const { clock, what, effectUnknown } = options;
  if (options.signal.aborted) {
    work.catch(() => undefined);
    throw new Fault("cancelled", `${what}: cancelled`, { effectUnknown });
  }
  const timer = new AbortController();
  const stop = () => timer.abort();
  let over = false;
  options.signal.addEventListener("abort", stop, { once: true });
  const expiry = clock.sleep(options.timeoutMs, timer.signal).then(
    () => {
      throw new Fault(options.code ?? "timeout", `${what}: no answer within ${options.timeoutMs} ms`, { effectUnknown });
    },
    () => {
      throw over ? OVER : new Fault("cancelled", `${what}: cancelled`, { effectUnknown });
    },
  );
  expiry.catch(() => undefined);
  try {
    return await Promise.race([work, expiry]);
  } finally {
    options.signal.removeEventListener("abort", stop);
    over = true;
    timer.abort(OVER);
    work.catch(() => undefined);
  }
}
