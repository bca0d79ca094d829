/* What every way to a host must do for the flows, whatever carries it. A bench is made anew for each test. */
import { describe, expect, it } from "vitest";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { HostReply, Uplink } from "../hosts.ts";

interface Bench {
  readonly clock: Clock;
  /** Lets time pass until `work` has ended. */
  run<Value>(work: Promise<Value>): Promise<Value>;
}

export interface HostBench extends Bench {
  /** The port of any host: one request, one reply. */
  readonly host: { exchange(body: Bytes, limits: Limits): Promise<HostReply> };
  /** How many requests the host has been given. */
  forwarded(): number;
  /** From now on the host answers, or takes requests and stays silent, or no request can leave at all. */
  become(state: "answering" | "silent" | "unreachable"): Promise<void>;
}

const REQUEST = utf8('{"infno":"9001"}');
const LIMIT_MS = 5_000;

export function hostContract(name: string, makeBench: () => Promise<HostBench>): void {
  const ask = (bench: HostBench, body: Bytes = REQUEST, signal = new AbortController().signal) => bench.host.exchange(body, { timeoutMs: LIMIT_MS, signal });

  describe(`host: ${name}`, () => {
    it("brings the host's own words back, and the request there once", async () => {
      const bench = await makeBench();
      await bench.become("answering");
      const reply = await bench.run(ask(bench));
      expect(reply.kind === "answered" && reply.body.length).toBeGreaterThan(0);
      expect(bench.forwarded()).toBe(1);
    });

    it("calls silence unknown, at the caller's limit and not before", async () => {
      const bench = await makeBench();
      await bench.become("silent");
      const startMs = bench.clock.monotonicMs();
      expect(await bench.run(ask(bench))).toEqual({ kind: "unknown", reason: "timeout" });
      expect(bench.clock.monotonicMs() - startMs).toBe(LIMIT_MS);
    });

    it("says not-sent only of what never reaches the host", async () => {
      const bench = await makeBench();
      await bench.become("unreachable");
      expect(await bench.run(ask(bench))).toMatchObject({ kind: "not-sent" });
      await bench.become("answering");
      await bench.run(bench.clock.sleep(60_000));
      expect(bench.forwarded()).toBe(0);
    });

    it("knows nothing of a request that its caller gave up after it had left", async () => {
      const bench = await makeBench();
      await bench.become("silent");
      const stop = new AbortController();
      const reply = ask(bench, REQUEST, stop.signal);
      await bench.run(bench.clock.sleep(100));
      stop.abort();
      expect(await bench.run(reply)).toEqual({ kind: "unknown", reason: "cancelled" });
    });
  });
}

export interface UplinkBench extends Bench {
  readonly uplink: Uplink;
  /** Broker and settlement host come and go. */
  set(part: "broker" | "host", state: "up" | "down"): Promise<void>;
}

/** Longer than any adapter goes on believing in a host that is silent, or needs to hear one that is back. */
const NOTICE_MS = 120_000;

export function uplinkContract(name: string, makeBench: () => Promise<UplinkBench>): void {
  const presentLater = async (bench: UplinkBench) => {
    await bench.run(bench.clock.sleep(NOTICE_MS));
    return bench.uplink.hostPresent();
  };

  describe(`Uplink: ${name}`, () => {
    it("knows a host that speaks, and one that has fallen silent behind its broker, and one that is back", async () => {
      const bench = await makeBench();
      expect(await presentLater(bench)).toBe(true);
      await bench.set("host", "down");
      expect(await presentLater(bench)).toBe(false);
      await bench.set("host", "up");
      expect(await presentLater(bench)).toBe(true);
    });

    it("has no host without a broker, at once", async () => {
      const bench = await makeBench();
      expect(await presentLater(bench)).toBe(true);
      await bench.set("broker", "down");
      expect(bench.uplink.hostPresent()).toBe(false);
    });
  });
}
