import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { withDeadline } from "./deadline.ts";
import { Fault } from "./fault.ts";

function bench(): { readonly clock: VirtualClock; readonly abort: AbortController } {
  return { clock: new VirtualClock(0), abort: new AbortController() };
}

function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

const NEVER = new Promise<never>(() => undefined);

describe("withDeadline", () => {
  it("gives the result that comes in time, and leaves no timer behind", async () => {
    const { clock, abort } = bench();
    const work = clock.sleep(99).then(() => "card");
    const bounded = withDeadline(work, { clock, signal: abort.signal, timeoutMs: 100, what: "card", effectUnknown: false });
    expect(await clock.resolve(bounded)).toBe("card");
    expect(clock.pending).toBe(0);
  });

  it("passes the failure of the work on unchanged", async () => {
    const { clock, abort } = bench();
    const fault = new Fault("card-mute", "no answer to reset", { effectUnknown: false });
    const bounded = withDeadline(Promise.reject(fault), { clock, signal: abort.signal, timeoutMs: 100, what: "card", effectUnknown: true });
    expect(await clock.resolve(failure(bounded))).toBe(fault);
    expect(clock.pending).toBe(0);
  });

  it.each([[true], [false]])("expires at its time, effect unknown %s", async (effectUnknown) => {
    const { clock, abort } = bench();
    const bounded = withDeadline(NEVER, { clock, signal: abort.signal, timeoutMs: 250, what: "DEBIT", effectUnknown });
    expect(await clock.resolve(failure(bounded))).toMatchObject({ code: "timeout", effectUnknown, message: "DEBIT: no answer within 250 ms" });
    expect(clock.monotonicMs()).toBe(250);
  });

  it("expires under the code it was given", async () => {
    const { clock, abort } = bench();
    const bounded = withDeadline(NEVER, { clock, signal: abort.signal, timeoutMs: 1, what: "reader", effectUnknown: true, code: "reader-hung" });
    expect(await clock.resolve(failure(bounded))).toMatchObject({ code: "reader-hung" });
  });

  it("ends at once when the caller cancels", async () => {
    const { clock, abort } = bench();
    const bounded = withDeadline(NEVER, { clock, signal: abort.signal, timeoutMs: 1000, what: "tap", effectUnknown: true });
    const seen = failure(bounded);
    void clock.sleep(10).then(() => abort.abort());
    expect(await clock.resolve(seen)).toMatchObject({ code: "cancelled", effectUnknown: true, message: "tap: cancelled" });
    expect(clock.monotonicMs()).toBe(10);
    expect(clock.pending).toBe(0);
  });

  it("does not begin when it was cancelled before", async () => {
    const { clock, abort } = bench();
    abort.abort();
    const bounded = withDeadline(Promise.reject(new Error("unheard")), { clock, signal: abort.signal, timeoutMs: 1000, what: "tap", effectUnknown: false });
    expect(await clock.resolve(failure(bounded))).toMatchObject({ code: "cancelled", effectUnknown: false });
    expect(clock.pending).toBe(0);
  });

  it("a failure after the deadline disturbs nobody", async () => {
    const { clock, abort } = bench();
    const late = clock.sleep(500).then(() => {
      throw new Error("too late");
    });
    const bounded = withDeadline(late, { clock, signal: abort.signal, timeoutMs: 100, what: "card", effectUnknown: true });
    expect(await clock.resolve(failure(bounded))).toMatchObject({ code: "timeout" });
    expect(await clock.runUntil(1000)).toBe("idle");
  });

  it("forgets the caller's signal afterwards", async () => {
    const { clock, abort } = bench();
    const bounded = withDeadline(Promise.resolve(1), { clock, signal: abort.signal, timeoutMs: 100, what: "card", effectUnknown: true });
    expect(await clock.resolve(bounded)).toBe(1);
    abort.abort();
    expect(await clock.runUntil(1000)).toBe("idle");
  });
});
