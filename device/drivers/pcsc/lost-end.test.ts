import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endWhenClosed } from "./lost-end.ts";

/** A reader as the binding has it; `tells` says whether its thread says that it has left. */
class FakeReader extends EventEmitter {
  readonly #tells: boolean;
  ends = 0;

  constructor(tells: boolean) {
    super();
    this.#tells = tells;
    this.on("_end", () => {
      this.ends += 1;
      this.emit("end");
    });
  }

  close(): number {
    if (this.#tells) setTimeout(() => this.emit("_end"), 1);
    return 0;
  }
}

describe("the end of a reader that was closed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["told by the binding", true],
    ["forgotten by the binding", false],
  ])("is told once: %s", async (_name, tells) => {
    const reader = new FakeReader(tells);
    endWhenClosed(reader);
    expect(reader.ends).toBe(0);
    expect(reader.close()).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(reader.ends).toBe(1);
  });

  it("that comes too late is not told again", async () => {
    const reader = new FakeReader(false);
    endWhenClosed(reader);
    reader.close();
    await vi.advanceTimersByTimeAsync(1_000);
    reader.emit("_end");
    expect(reader.ends).toBe(1);
  });
});
