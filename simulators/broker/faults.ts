/* What a broker may do to a message. Everything is drawn from one stream, so that a seed repeats it. */

import { readUint } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";

export interface PublishedMessage {
  readonly topic: string;
  readonly from: string;
  readonly qos: 0 | 1;
}

/** "lose": it never arrives and is not acknowledged. "lose-acknowledged": acknowledged, and gone all the same. */
export type PublishVerdict = "deliver" | "lose" | "lose-acknowledged";

export interface BrokerFaults {
  /** Asked once for each message that is published. */
  onPublish(message: PublishedMessage): PublishVerdict;
  /** Asked once for each receiver: extra delay in ms of each copy that it gets; none means lost on the way. */
  onDelivery(message: PublishedMessage & { readonly to: string }): readonly number[];
}

const ONE_COPY: readonly number[] = [0];

export const NO_FAULTS: BrokerFaults = { onPublish: () => "deliver", onDelivery: () => ONE_COPY };

/** Shares from 0 to 1; what is left out does not happen. */
export interface FaultRates {
  readonly lose?: number;
  readonly loseAcknowledged?: number;
  /** Deliveries lost, by end of topic, for example `{"dn/rcpt": 0.2}`. */
  readonly loseDelivery?: Readonly<Record<string, number>>;
  readonly duplicate?: number;
  readonly delay?: number;
  readonly delayMsMax?: number;
}

export function randomFaults(randomness: Randomness, rates: FaultRates): BrokerFaults {
  const fraction = () => readUint(randomness.bytes(4), 0, 4) / 0x1_0000_0000;
  const happens = (share: number | undefined) => share !== undefined && share > 0 && fraction() < share;
  const delayMs = () => (happens(rates.delay) ? Math.round(fraction() * (rates.delayMsMax ?? 1_000)) : 0);
  return {
    onPublish: () => {
      if (happens(rates.lose)) return "lose";
      return happens(rates.loseAcknowledged) ? "lose-acknowledged" : "deliver";
    },
    onDelivery: ({ topic }) => {
      for (const [end, share] of Object.entries(rates.loseDelivery ?? {})) {
        if (topic.endsWith(end) && happens(share)) return [];
      }
      return happens(rates.duplicate) ? [delayMs(), delayMs()] : [delayMs()];
    },
  };
}
