/* What the host sends: fire and forget, because a lost receipt or reply is asked for again. Late and doubled sends are made here. */

import type { Bytes } from "../../device/base/bytes.ts";
import { isFault } from "../../device/base/fault.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, MessageLink } from "../../device/base/ports.ts";

/** A host that owes more than this is better off forgetting: terminals ask again. */
const PENDING_MAX = 1_000;
const PUBLISH_TIMEOUT_MS = 10_000;

export interface Sending {
  readonly topic: string;
  readonly payloads: readonly Bytes[];
  readonly lateMs: number;
  readonly times: number;
}

export class Outbound {
  readonly #clock: Clock;
  readonly #link: MessageLink;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #pending = 0;

  constructor(options: { readonly clock: Clock; readonly link: MessageLink; readonly log: Log }) {
    this.#clock = options.clock;
    this.#link = options.link;
    this.#log = options.log;
  }

  send(sending: Sending): void {
    if (this.#stopped.signal.aborted || this.#pending >= PENDING_MAX) return;
    this.#pending += 1;
    this.#deliver(sending)
      .catch((error: unknown) => {
        // Any fault of the link is the terminal's to notice; anything else is our own mistake and must be seen.
        if (!isFault(error)) throw error;
        this.#log.warn("host-publish-failed", { topic: sending.topic, code: error.code });
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #deliver(sending: Sending): Promise<void> {
    if (sending.lateMs > 0) await this.#clock.sleep(sending.lateMs, this.#stopped.signal);
    for (let time = 0; time < sending.times; time += 1) {
      for (const payload of sending.payloads) {
        await this.#link.publish(sending.topic, payload, { qos: 0, timeoutMs: PUBLISH_TIMEOUT_MS, signal: this.#stopped.signal });
      }
    }
  }
}
