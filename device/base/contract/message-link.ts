/* What every MessageLink must do, whatever carries it. One suite for the simulated broker, mosquitto and the embedded broker. */
import { afterEach, describe, expect, it } from "vitest";
import { type Bytes, toHex, utf8 } from "../bytes.ts";
import { isFault } from "../fault.ts";
import type { Clock, LinkMessage, LinkState, MessageLink } from "../ports.ts";

export interface MessageLinkBench {
  readonly clock: Clock;
  /** A link that may publish to `up` and hear `down`. */
  readonly terminal: MessageLink;
  /** A link that hears `up` and may publish to `down`. */
  readonly host: MessageLink;
  readonly up: string;
  readonly down: string;
  /** A topic that the terminal may not publish to, where the transport says so. */
  readonly forbidden?: string;
  /** Ends the broker without a word, and brings it back. */
  breakBroker(): Promise<void>;
  mendBroker(): Promise<void>;
  /** Runs `work` to its end: virtual benches move their clock, real ones only wait. */
  run<Value>(work: Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

const WAIT_MS = 20_000;
const POLL_MS = 20;
const PAYLOAD_BYTES_MAX = 49_152;

const limits = () => ({ timeoutMs: 5_000, signal: new AbortController().signal });

async function until(clock: Clock, what: string, condition: () => boolean): Promise<void> {
  const endMs = clock.monotonicMs() + WAIT_MS;
  while (!condition()) {
    if (clock.monotonicMs() > endMs) throw new Error(`not reached: ${what}`);
    await clock.sleep(POLL_MS);
  }
}

function inbox(link: MessageLink, topic: string): LinkMessage[] {
  const messages: LinkMessage[] = [];
  link.subscribe(topic, (message) => {
    messages.push(message);
  });
  return messages;
}

async function faultOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly effectUnknown: boolean } | "none"> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (!isFault(error)) throw error;
    return { code: error.code, effectUnknown: error.effectUnknown };
  }
}

/** Opens a bench for each case; `open` may be slow (certificates), so it is given 30 s. */
export function messageLinkContract(name: string, open: () => Promise<MessageLinkBench>): void {
  describe(`MessageLink: ${name}`, () => {
    let bench: MessageLinkBench | undefined;
    afterEach(async () => {
      await bench?.close();
      bench = undefined;
    });

    /** One case over a fresh bench whose links are both up. */
    const onBench = (behaviour: string, play: (bench: MessageLinkBench) => Promise<void>) =>
      it(behaviour, async () => {
        const fresh = await open();
        bench = fresh;
        await fresh.run(
          (async () => {
            await until(fresh.clock, "both links are up", () => fresh.terminal.state === "up" && fresh.host.state === "up");
            await play(fresh);
          })(),
        );
      }, 30_000);

    const sizes: readonly [string, Bytes][] = [
      ["one byte", Uint8Array.of(7)],
      ["text", utf8("卡 card")],
      ["the largest payload", new Uint8Array(PAYLOAD_BYTES_MAX).map((_, at) => at & 0xff)],
    ];
    for (const [label, payload] of sizes) {
      for (const qos of [0, 1] as const) {
        onBench(`delivers ${label} unchanged at QoS ${qos}`, async ({ clock, terminal, host, up }) => {
          const received = inbox(host, up);
          await clock.sleep(100);
          await terminal.publish(up, payload, { ...limits(), qos });
          await until(clock, "the message arrived", () => received.length > 0);
          expect(received.map((message) => [message.topic, toHex(message.payload)])).toEqual([[up, toHex(payload)]]);
        });
      }
    }

    onBench("keeps the order of one publisher", async ({ clock, terminal, host, down }) => {
      const received = inbox(terminal, down);
      await clock.sleep(100);
      await Promise.all(Array.from({ length: 20 }, (_, index) => host.publish(down, Uint8Array.of(index), { ...limits(), qos: 1 })));
      await until(clock, "all messages arrived", () => received.length >= 20);
      expect(received.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });

    onBench("serves two listeners of one topic and none of another", async ({ clock, terminal, host, up, down }) => {
      const first = inbox(terminal, down);
      const second = inbox(terminal, down);
      const other = inbox(terminal, `${down}2`);
      await clock.sleep(100);
      await host.publish(down, Uint8Array.of(1), { ...limits(), qos: 1 });
      await until(clock, "both heard it", () => first.length === 1 && second.length === 1);
      expect(other).toEqual([]);
      expect(up).not.toBe(down);
    });

    onBench("refuses a payload above the bound, and nothing was sent", async ({ terminal, up }) => {
      expect(await faultOf(terminal.publish(up, new Uint8Array(PAYLOAD_BYTES_MAX + 1), { ...limits(), qos: 1 }))).toEqual({
        code: "payload-too-large",
        effectUnknown: false,
      });
    });

    onBench("publishing while down fails at once, certainly without effect", async ({ clock, terminal, up, breakBroker }) => {
      await breakBroker();
      await until(clock, "the terminal noticed", () => terminal.state === "down");
      const beforeMs = clock.monotonicMs();
      expect(await faultOf(terminal.publish(up, Uint8Array.of(1), { ...limits(), qos: 1 }))).toEqual({ code: "link-down", effectUnknown: false });
      expect(clock.monotonicMs() - beforeMs).toBeLessThan(1_000);
    });

    onBench("what was under way when the broker died is unknown, or was taken over before", async ({ terminal, up, breakBroker }) => {
      const publishing = Promise.all(
        Array.from({ length: 20 }, (_, index) => faultOf(terminal.publish(up, new Uint8Array(20_000).fill(index), { ...limits(), qos: 1 }))),
      );
      await breakBroker();
      for (const outcome of await publishing) expect(outcome === "none" || outcome.effectUnknown).toBe(true);
    });

    onBench("comes back by itself, tells so, and hears its topics again", async ({ clock, terminal, host, up, down, breakBroker, mendBroker }) => {
      const states: LinkState[] = [];
      terminal.onState((state) => {
        states.push(state);
      });
      const received = inbox(terminal, down);
      await clock.sleep(100);
      await breakBroker();
      await until(clock, "the terminal noticed", () => terminal.state === "down");
      await mendBroker();
      await until(clock, "both are back", () => terminal.state === "up" && host.state === "up");
      await terminal.publish(up, Uint8Array.of(2), { ...limits(), qos: 1 });
      await host.publish(down, Uint8Array.of(3), { ...limits(), qos: 1 });
      await until(clock, "it hears again", () => received.length > 0);
      expect(states).toEqual(["down", "up"]);
    });

    onBench("a publish that is cancelled rejects at once", async ({ terminal, up }) => {
      const cancel = new AbortController();
      cancel.abort();
      const outcome = await faultOf(terminal.publish(up, Uint8Array.of(1), { timeoutMs: 5_000, signal: cancel.signal, qos: 1 }));
      expect(outcome).toMatchObject({ code: "cancelled" });
    });

    onBench("a closed link is down for good", async ({ clock, terminal, up }) => {
      await terminal.close();
      expect(terminal.state).toBe("down");
      await clock.sleep(300);
      expect(await faultOf(terminal.publish(up, Uint8Array.of(1), { ...limits(), qos: 1 }))).toEqual({ code: "link-down", effectUnknown: false });
    });

    onBench("a topic that is not allowed is named, where the transport tells", async ({ terminal, forbidden }) => {
      if (forbidden === undefined) return;
      expect(await faultOf(terminal.publish(forbidden, Uint8Array.of(1), { ...limits(), qos: 1 }))).toEqual({ code: "link-not-allowed", effectUnknown: false });
    });
  });
}
