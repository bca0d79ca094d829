/* One door for everything that goes up: paced, bounded, cut into frames where one message is not enough. */
import type { Bytes } from "../base/bytes.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Clock, Limits, MessageLink, Randomness } from "../base/ports.ts";
import { splitIntoFrames } from "../codec/frames.ts";
import { FRAMED_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../codec/upload.ts";
import type { CipherSuite } from "../crypto/face.ts";
import type { Lane, Pacer } from "./pacer.ts";

export interface Outgoing {
  readonly topic: string;
  readonly lane: Lane;
  readonly qos: 0 | 1;
  /** One payload, or the frames that make it up. */
  readonly messages: readonly Bytes[];
  /** Called before each message that may leave. */
  readonly onLeaving?: () => void;
}

export interface PublisherParts {
  readonly link: MessageLink;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
}

export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** The payload as it travels. Faults: "payload-too-large". */
  prepare(payload: Bytes): readonly Bytes[] {
    if (payload.length <= PAYLOAD_BYTES_MAX) return [payload];
    if (payload.length > FRAMED_BYTES_MAX) throw new Fault("payload-too-large", "payload exceeds 64 frames", { effectUnknown: false });
    return splitIntoFrames(payload, this.#parts.randomness.bytes(16), this.#parts.suite.sm3(payload));
  }

  /**
   * Sends all messages in order. A fault says "effect unknown" unless it is certain that the whole
   * never left: a set of frames with one missing is never put together.
   */
  async send(outgoing: Outgoing, limits: Limits): Promise<void> {
    const { link, pacer, clock } = this.#parts;
    const untilMs = clock.monotonicMs() + limits.timeoutMs;
    const left = () => ({ signal: limits.signal, timeoutMs: Math.max(0, untilMs - clock.monotonicMs()) });
    let doubtful: Fault | undefined;
    for (const message of outgoing.messages) {
      await pacer.take(outgoing.lane, left());
      outgoing.onLeaving?.();
      try {
        await link.publish(outgoing.topic, message, { ...left(), qos: outgoing.qos });
      } catch (error) {
        if (!isFault(error) || !error.effectUnknown) throw error;
        doubtful = error;
      }
    }
    if (doubtful !== undefined) throw doubtful;
  }
}
