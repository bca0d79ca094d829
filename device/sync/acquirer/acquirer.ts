/*
 * Goal: AcquirerHost straight to the acquirer's front, without a broker.
 * Method: one message for each connection, its length in two bytes before it; attempts.ts knows what had left when it ended. One exchange at a time, as
 * the dialect has it. Spec: UnionPay terminal, frame.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { AcquirerHost, HostReply } from "../../txn/hosts.ts";
import { Attempts, type Way } from "../attempts.ts";

/** What two bytes can announce is more than any message has. */
export const ACQUIRER_REQUEST_MAX = 8_192;
export const ACQUIRER_WAITING_MAX = 16;

/** One message and its reply on a connection of its own. */
export interface AcquirerWire {
  /**
   * Rejects with a fault, at once when the way's signal aborts: "link-down", "link-refused" (the other side is not who it should be),
   * "host-answer-malformed" (no length, or longer than any reply), "cancelled".
   */
  exchange(body: Bytes, way: Way): Promise<Bytes>;
}

export interface AcquirerLineParts {
  readonly wire: AcquirerWire;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** From the first byte that left to the last byte that came. */
  readonly readTimeoutMs: number;
}

export class AcquirerLineHost implements AcquirerHost {
  readonly #wire: AcquirerWire;
  readonly #attempts: Attempts;

  constructor({ wire, clock, connectTimeoutMs, readTimeoutMs }: AcquirerLineParts) {
    this.#wire = wire;
    const bounds = { connectTimeoutMs, readTimeoutMs, atOnce: 1, waiting: ACQUIRER_WAITING_MAX, requestBytesMax: ACQUIRER_REQUEST_MAX };
    this.#attempts = new Attempts(clock, bounds);
  }

  exchange(body: Bytes, limits: Limits): Promise<HostReply> {
    return this.#attempts.run(body.length, limits, async (way) => ({ kind: "answered", body: await this.#wire.exchange(body, way) }));
  }

  /** Ends every exchange that is under way or waits. */
  stop(): void {
    this.#attempts.stop();
  }
}
