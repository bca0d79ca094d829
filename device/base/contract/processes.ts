import { describe, expect, it } from "vitest";
import { utf8 } from "../bytes.ts";
import type { Limits, Processes } from "../ports.ts";

export interface ProcessesBench {
  readonly processes: Processes;
  /** A module that answers each message with `{ echo: message }`, ends itself with code 7 at "end", and says nothing else. */
  readonly echoModule: URL;
  /** Lets time pass until `work` settles. */
  run<Value>(work: Promise<Value>): Promise<Value>;
}

const LIMITS: Limits = { timeoutMs: 10_000, signal: new AbortController().signal };

/** What every starter of child processes must do. */
export function processesContract(name: string, makeBench: () => ProcessesBench): void {
  describe(`Processes: ${name}`, () => {
    it("speaks with a module in both directions, bytes included", async () => {
      const { processes, echoModule, run } = makeBench();
      const child = processes.fork(echoModule, {});
      const answer = new Promise((resolve) => child.onMessage(resolve));
      child.send({ bytes: Uint8Array.of(1, 2, 255) });
      expect(await run(answer)).toEqual({ echo: { bytes: Uint8Array.of(1, 2, 255) } });
      child.kill();
    });

    it("tells how a module ended, also to one who asks later", async () => {
      const { processes, echoModule, run } = makeBench();
      const child = processes.fork(echoModule, {});
      child.send("end");
      expect(await run(new Promise((resolve) => child.onExit(resolve)))).toEqual({ code: 7, signal: null });
      expect(await run(new Promise((resolve) => child.onExit(resolve)))).toEqual({ code: 7, signal: null });
    });

    it("ends a module without asking it, once", async () => {
      const { processes, echoModule, run } = makeBench();
      const child = processes.fork(echoModule, {});
      let exits = 0;
      const ended = new Promise((resolve) =>
        child.onExit((how) => {
          exits += 1;
          resolve(how);
        }),
      );
      child.kill();
      expect(await run(ended)).toEqual({ code: null, signal: "SIGKILL" });
      child.kill();
      child.send("nobody listens");
      expect(exits).toBe(1);
    });

    it("runs a program with input and gives its output and exit code", async () => {
      const { processes, run } = makeBench();
      const ended = await run(processes.run("/bin/sh", ["-c", "cat; echo oops >&2; exit 3"], { ...LIMITS, input: utf8("hello") }));
      expect(ended).toEqual({ code: 3, stdout: utf8("hello"), stderr: utf8("oops\n") });
    });

    it("fails with process-failed when there is no such program", async () => {
      const { processes, run } = makeBench();
      await expect(run(processes.run("/nonexistent/program", [], LIMITS))).rejects.toMatchObject({ code: "process-failed", effectUnknown: false });
    });

    it("ends a program at its deadline and says that it may have acted", async () => {
      const { processes, run } = makeBench();
      await expect(run(processes.run("/bin/sleep", ["60"], { ...LIMITS, timeoutMs: 50 }))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    });

    it("ends a program when its caller cancels", async () => {
      const { processes, run } = makeBench();
      const stop = new AbortController();
      const running = processes.run("/bin/sleep", ["60"], { ...LIMITS, signal: stop.signal });
      running.catch(() => undefined);
      stop.abort();
      await expect(run(running)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
    });
  });
}
