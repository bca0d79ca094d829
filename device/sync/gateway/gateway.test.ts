import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { utf8 } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import { sha256 } from "../../crypto/digest.ts";
import { hostContract } from "../../txn/contract/hosts.ts";
import { GATEWAY_REQUEST_MAX, GATEWAY_WAITING_MAX, GatewayHost, type GatewayParts, type GatewayWire } from "./gateway.ts";

const CONNECT_MS = 20;
const ANSWER_MS = 150;
const BODY = utf8("{}");

type Fate =
  | { readonly is: "answer"; readonly status?: number }
  /** Breaks before or after the request has left. */
  | { readonly is: "break"; readonly code: FaultCode; readonly after: boolean }
  | { readonly is: "silent" }
  | { readonly is: "unreachable" };

/** A wire that does to each request what the test says, in virtual time, and notes what left. */
function scriptedWire(clock: VirtualClock) {
  const state = { fate: { is: "answer" } as Fate, left: [] as Readonly<Record<string, string>>[], atOnce: 0, most: 0 };
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Fault("cancelled", "given up", { effectUnknown: true })), { once: true });
    });
  const wire: GatewayWire = {
    post: async ({ headers }, { signal, leaves }) => {
      const { fate } = state;
      state.atOnce += 1;
      state.most = Math.max(state.most, state.atOnce);
      try {
        if (fate.is === "unreachable") return await never(signal);
        await clock.sleep(CONNECT_MS, signal);
        if (fate.is === "break" && !fate.after) throw new Fault(fate.code, "broke", { effectUnknown: true });
        if (!leaves()) throw new Fault("cancelled", "too late", { effectUnknown: false });
        state.left.push(headers);
        if (fate.is === "silent") return await never(signal);
        await clock.sleep(ANSWER_MS, signal);
        if (fate.is === "break") throw new Fault(fate.code, "broke", { effectUnknown: true });
        return { status: fate.status ?? 200, body: utf8('{"infcode":0}') };
      } finally {
        state.atOnce -= 1;
      }
    },
  };
  return { wire, state };
}

function makeWorld(change: Partial<GatewayParts> = {}) {
  const clock = new VirtualClock(1_795_320_000_999);
  const { wire, state } = scriptedWire(clock);
  const warned: string[] = [];
  const note = () => undefined;
  const host = new GatewayHost({
    wire,
    clock,
    randomness: new SeededRandomness("gateway"),
    log: { info: note, error: note, warn: (event, fields) => void warned.push(`${event} ${JSON.stringify(fields)}`) },
    sha256,
    paasid: "P1",
    token: "secret",
    connectTimeoutMs: 1_000,
    readTimeoutMs: 60_000,
    connectionsMax: 4,
    ...change,
  });
  const ask = (timeoutMs = 5_000, signal = new AbortController().signal) => host.exchange(BODY, { timeoutMs, signal });
  return { clock, state, host, ask, warned };
}

hostContract("gateway over a scripted wire", async () => {
  const { clock, state, host } = makeWorld();
  const fates = { answering: { is: "answer" }, silent: { is: "silent" }, unreachable: { is: "unreachable" } } as const;
  return {
    clock,
    run: (work) => clock.resolve(work),
    host,
    forwarded: () => state.left.length,
    become: async (which) => {
      state.fate = fates[which];
    },
  };
});

describe("a request to the gateway", () => {
  it("carries who calls, when, and a signature that only both sides can make, never the token", async () => {
    const { clock, state, ask } = makeWorld();
    await clock.resolve(ask());
    await clock.resolve(ask());
    const [first, second] = state.left;
    const { "x-tif-timestamp": at = "", "x-tif-nonce": nonce = "" } = first ?? {};
    expect([first?.["x-tif-paasid"], at, nonce.length]).toEqual(["P1", "1795320000", 32]);
    expect(first?.["x-tif-signature"]).toBe(createHash("sha256").update(`${at}secret${nonce}${at}`).digest("hex"));
    expect(second?.["x-tif-nonce"]).not.toBe(nonce);
    expect(JSON.stringify(state.left)).not.toContain("secret");
  });

  it.each<[string, Fate, object]>([
    ["breaks before it left", { is: "break", code: "link-down", after: false }, { kind: "not-sent", reason: "link-down" }],
    ["meets somebody who is not the gateway", { is: "break", code: "link-refused", after: false }, { kind: "not-sent", reason: "link-refused" }],
    ["breaks after it left", { is: "break", code: "link-down", after: true }, { kind: "unknown", reason: "link-down" }],
    ["is answered with no HTTP", { is: "break", code: "host-answer-malformed", after: true }, { kind: "unknown", reason: "host-answer-malformed" }],
    ["is answered with a page", { is: "answer", status: 502 }, { kind: "unknown", reason: "host-answer-malformed" }],
    ["is sent elsewhere", { is: "answer", status: 302 }, { kind: "unknown", reason: "host-answer-malformed" }],
    ["is refused at the door", { is: "answer", status: 401 }, { kind: "unknown", reason: "host-answer-malformed" }],
  ])("that %s", async (_, fate, reply) => {
    const { clock, state, ask, warned } = makeWorld();
    state.fate = fate;
    expect(await clock.resolve(ask())).toEqual(reply);
    expect(warned).toEqual(fate.is === "answer" ? [`gateway-answer-refused {"status":${fate.status}}`] : []);
  });

  it("waits for a connection no longer than it may, and for an answer no longer than it may", async () => {
    const { clock, state, ask } = makeWorld({ readTimeoutMs: 2_000 });
    const timed = async (fate: Fate) => {
      state.fate = fate;
      const startMs = clock.monotonicMs();
      return [await clock.resolve(ask(30_000)), clock.monotonicMs() - startMs];
    };
    expect(await timed({ is: "unreachable" })).toEqual([{ kind: "not-sent", reason: "timeout" }, 1_000]);
    expect(await timed({ is: "silent" })).toEqual([{ kind: "unknown", reason: "timeout" }, CONNECT_MS + 2_000]);
  });

  it("does not leave after its time, although the connection stands at last", async () => {
    const { clock, state, ask } = makeWorld();
    expect(await clock.resolve(ask(CONNECT_MS - 1))).toEqual({ kind: "not-sent", reason: "timeout" });
    expect(await clock.resolve(ask(CONNECT_MS))).toEqual({ kind: "not-sent", reason: "timeout" });
    expect(state.left).toEqual([]);
  });

  it("too long for any gateway, or given up before, never leaves", async () => {
    const { clock, state, host, ask } = makeWorld();
    const limits = { timeoutMs: 5_000, signal: new AbortController().signal };
    expect(await clock.resolve(host.exchange(new Uint8Array(GATEWAY_REQUEST_MAX + 1), limits))).toEqual({ kind: "not-sent", reason: "payload-too-large" });
    expect(await clock.resolve(ask(5_000, AbortSignal.abort()))).toEqual({ kind: "not-sent", reason: "cancelled" });
    const stop = new AbortController();
    const early = ask(5_000, stop.signal);
    await clock.resolve(clock.sleep(CONNECT_MS / 2));
    stop.abort();
    expect(await clock.resolve(early)).toEqual({ kind: "not-sent", reason: "cancelled" });
    expect(state.left).toEqual([]);
  });
});

describe("many requests to the gateway", () => {
  it("go a few at a time, the others wait within their own time", async () => {
    const { clock, state, ask } = makeWorld();
    const replies = await clock.resolve(Promise.all(Array.from({ length: 50 }, () => ask(30_000))));
    expect([new Set(replies.map(({ kind }) => kind)), state.most, state.left.length]).toEqual([new Set(["answered"]), 4, 50]);
  });

  it("that wait in vain, or find no room to wait, never left", async () => {
    const { clock, state, ask } = makeWorld();
    state.fate = { is: "silent" };
    const replies = await clock.resolve(Promise.all(Array.from({ length: 4 + GATEWAY_WAITING_MAX + 2 }, () => ask(3_000))));
    const count = (kind: string, reason: string) =>
      replies.filter((reply) => reply.kind === kind && reply.kind !== "answered" && reply.reason === reason).length;
    expect([count("unknown", "timeout"), count("not-sent", "timeout"), count("not-sent", "queue-full")]).toEqual([4, GATEWAY_WAITING_MAX, 2]);
    expect(state.left).toHaveLength(4);
  });

  it("end at once when the terminal stops: unknown where they left, else surely not sent", async () => {
    const { clock, state, host, ask } = makeWorld({ connectionsMax: 1 });
    state.fate = { is: "silent" };
    const [left, waits] = [ask(60_000), ask(60_000)];
    await clock.resolve(clock.sleep(100));
    host.stop();
    expect(await clock.resolve(Promise.all([left, waits, ask()]))).toEqual([
      { kind: "unknown", reason: "closed" },
      { kind: "not-sent", reason: "closed" },
      { kind: "not-sent", reason: "closed" },
    ]);
    expect(clock.pending).toBe(0);
  });
});
