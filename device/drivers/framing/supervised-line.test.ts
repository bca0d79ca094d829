/* A line whose process cannot even start is not started all the time, and the reason is logged once; one that is closed tells what nobody can know. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { ChildProcess, Processes } from "../../base/ports.ts";
import { SupervisedLine } from "./supervised-line.ts";

/** Processes that say `word`, where there is one, and end, unless they live on. */
function stand(word?: unknown, livesOn = false) {
  const clock = new VirtualClock(0);
  const warned: string[] = [];
  let started = 0;
  const fork = (): ChildProcess => {
    started += 1;
    const listeners: ((message: unknown) => void)[] = [];
    const exits: ((how: { readonly code: number | null; readonly signal: string | null }) => void)[] = [];
    void clock.sleep(10).then(() => {
      if (word !== undefined) for (const listener of listeners) listener(word);
      if (!livesOn) for (const exit of exits) exit({ code: 1, signal: null });
    });
    return {
      pid: started,
      send: () => undefined,
      onMessage: (listener) => void listeners.push(listener),
      onExit: (listener) => void exits.push(listener),
      kill: () => undefined,
    };
  };
  const processes: Processes = { fork, run: () => Promise.reject(new Error("no program is run here")) };
  const log = {
    info: () => undefined,
    error: () => undefined,
    warn: (event: string, members?: object) => void warned.push(`${event} ${JSON.stringify(members)}`),
  };
  const line = new SupervisedLine({ processes, clock, log, module: new URL("file:///nowhere"), options: {}, name: "a line" });
  return { clock, line, warned, starts: () => started };
}

describe("a process that ends as soon as it is started", () => {
  it("is tried a few times at once, and then once a minute", async () => {
    const { clock, line, warned, starts } = stand();
    await clock.resolve(clock.sleep(30_000));
    const atOnce = starts();
    expect(atOnce).toBeGreaterThanOrEqual(5);
    expect(atOnce).toBeLessThan(8);
    await clock.resolve(clock.sleep(600_000));
    expect(starts() - atOnce).toBeLessThanOrEqual(11);
    expect(warned).toEqual(['line-away {"line":"a line","why":"its process cannot start"}']);
    await line.close();
  });

  it("goes on being tried at once where it has said why its device is not there", async () => {
    const { clock, line, warned, starts } = stand({ is: "away", why: "no such file" });
    await clock.resolve(clock.sleep(30_000));
    expect(starts()).toBeGreaterThan(30);
    expect(warned).toEqual(['line-away {"line":"a line","why":"no such file"}']);
    await line.close();
  });
});

describe("a line that is closed", () => {
  it("leaves it open whether a write under way has reached the device, and refuses every later one", async () => {
    const { clock, line } = stand({ is: "open" }, true);
    const limits = { timeoutMs: 1_000, signal: new AbortController().signal };
    await clock.resolve(line.untilOpen(limits));
    const write = line.write(Uint8Array.of(1), limits);
    const ended = expect(write).rejects.toMatchObject({ code: "closed", effectUnknown: true });
    await line.close();
    await clock.resolve(ended);
    await expect(line.write(Uint8Array.of(2), limits)).rejects.toMatchObject({ code: "closed", effectUnknown: false });
  });
});
