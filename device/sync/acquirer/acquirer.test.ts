import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { utf8 } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import { hostContract } from "../../txn/contract/hosts.ts";
import { ACQUIRER_REQUEST_MAX, ACQUIRER_WAITING_MAX, AcquirerLineHost, type AcquirerWire } from "./acquirer.ts";

const CONNECT_MS = 20;
const ANSWER_MS = 150;
const BODY = utf8("body");

type Fate = { readonly is: "answer" | "silent" | "unreachable" } | { readonly is: "break"; readonly code: FaultCode; readonly after: boolean };

/** A wire that does to each message what the test says, in virtual time, and counts what left. */
function makeWorld(readTimeoutMs = 2_000) {
  const clock = new VirtualClock(0);
  const state = { fate: { is: "answer" } as Fate, left: 0, atOnce: 0, most: 0 };
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Fault("cancelled", "given up", { effectUnknown: true })), { once: true });
    });
  const carry: AcquirerWire["exchange"] = async (_, { signal, leaves }) => {
    const { fate } = state;
    if (fate.is === "unreachable") return never(signal);
    await clock.sleep(CONNECT_MS, signal);
    if (fate.is === "break" && !fate.after) throw new Fault(fate.code, "broke", { effectUnknown: true });
    if (!leaves()) throw new Fault("cancelled", "too late", { effectUnknown: false });
    state.left += 1;
    if (fate.is === "silent") return never(signal);
    await clock.sleep(ANSWER_MS, signal);
    if (fate.is === "break") throw new Fault(fate.code, "broke", { effectUnknown: true });
    return utf8("reply");
  };
  const wire: AcquirerWire = {
    exchange: async (body, way) => {
      state.atOnce += 1;
      state.most = Math.max(state.most, state.atOnce);
      return carry(body, way).finally(() => {
        state.atOnce -= 1;
      });
    },
  };
  const host = new AcquirerLineHost({ wire, clock, connectTimeoutMs: 1_000, readTimeoutMs });
  const ask = (timeoutMs = 5_000, signal = new AbortController().signal, body = BODY) => host.exchange(body, { timeoutMs, signal });
  return { clock, state, host, ask };
}

hostContract("acquirer over a scripted wire", async () => {
  const { clock, state, host } = makeWorld(60_000);
  return {
    clock,
    run: (work) => clock.resolve(work),
    host,
    forwarded: () => state.left,
    become: async (which) => {
      state.fate = { is: which === "answering" ? "answer" : which };
    },
  };
});

describe("a message to the acquirer", () => {
  it.each<[string, Fate, object]>([
    ["is answered", { is: "answer" }, { kind: "answered", body: utf8("reply") }],
    ["breaks before it left", { is: "break", code: "link-down", after: false }, { kind: "not-sent", reason: "link-down" }],
    ["meets somebody else", { is: "break", code: "link-refused", after: false }, { kind: "not-sent", reason: "link-refused" }],
    ["breaks after it left", { is: "break", code: "link-down", after: true }, { kind: "unknown", reason: "link-down" }],
    ["is answered with noise", { is: "break", code: "host-answer-malformed", after: true }, { kind: "unknown", reason: "host-answer-malformed" }],
  ])("that %s", async (_, fate, reply) => {
    const { clock, state, ask } = makeWorld();
    state.fate = fate;
    expect(await clock.resolve(ask())).toEqual(reply);
  });

  it("waits for a connection no longer than it may, and for an answer no longer than it may", async () => {
    const { clock, state, ask } = makeWorld();
    const timed = async (is: "unreachable" | "silent") => {
      state.fate = { is };
      const startMs = clock.monotonicMs();
      return [await clock.resolve(ask(30_000)), clock.monotonicMs() - startMs];
    };
    expect(await timed("unreachable")).toEqual([{ kind: "not-sent", reason: "timeout" }, 1_000]);
    expect(await timed("silent")).toEqual([{ kind: "unknown", reason: "timeout" }, CONNECT_MS + 2_000]);
  });

  it("that is too long, or too late, or given up, never leaves", async () => {
    const { clock, state, ask } = makeWorld();
    const signal = new AbortController().signal;
    expect(await clock.resolve(ask(5_000, signal, new Uint8Array(ACQUIRER_REQUEST_MAX + 1)))).toEqual({ kind: "not-sent", reason: "payload-too-large" });
    expect(await clock.resolve(ask(CONNECT_MS))).toEqual({ kind: "not-sent", reason: "timeout" });
    expect(await clock.resolve(ask(5_000, AbortSignal.abort()))).toEqual({ kind: "not-sent", reason: "cancelled" });
    expect(state.left).toBe(0);
  });

  it("goes alone, and the others wait within their own time, as many as there is room for", async () => {
    const { clock, state, ask } = makeWorld();
    const replies = await clock.resolve(Promise.all(Array.from({ length: ACQUIRER_WAITING_MAX + 3 }, () => ask(60_000))));
    const kinds = replies.map(({ kind }) => kind);
    expect([kinds.filter((kind) => kind === "answered").length, kinds.filter((kind) => kind === "not-sent").length]).toEqual([ACQUIRER_WAITING_MAX + 1, 2]);
    expect(state.most).toBe(1);
  });

  it("ends at once when the terminal stops", async () => {
    const { clock, state, host, ask } = makeWorld();
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
