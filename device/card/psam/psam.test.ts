/* The module dialogue: key levels, order and loss of sessions, and how several lanes share one module. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { PurchaseInitialization } from "../../drivers/ports.ts";
import { type CardBenchOptions, cardBench, LIMITS } from "../testing.ts";
import { parsePurchaseAnswer, parseTerminalNumber, parseTerminalSequence } from "./answers.ts";
import { openPsam } from "./open.ts";

const PURCHASE: PurchaseInitialization = {
  cardRandom: fromHex("01020304"),
  cardSequence: 7,
  amount: fen(450),
  type: 0x06,
  date: fromHex("20261121"),
  time: fromHex("120000"),
  keyVersion: 1,
  algorithm: 3,
  factors: [fromHex("0000000000000001"), fromHex("9901000000000000"), fromHex("3939303030307368")],
};

async function bench(options: CardBenchOptions = {}) {
  const made = cardBench(options);
  const psam = await made.openPsam();
  const sent: string[] = [];
  made.samReader.setFate(({ command }) => {
    sent.push(toHex(command.subarray(0, 2)));
    return { kind: "ok" };
  });
  const begin = (more: Partial<PurchaseInitialization> = {}, limits = LIMITS) => psam.beginPurchase({ ...PURCHASE, ...more }, limits);
  return { ...made, psam, sent, begin };
}

describe("opening", () => {
  it("reads the terminal number and the sequence that comes next", async () => {
    const { psam, run, begin } = await bench({ psam: { terminalNumber: "990100000042", terminalSeq: 77 } });
    expect(toHex(psam.terminalNumber)).toBe("990100000042");
    expect(psam.expectedSequence()).toBe(77);
    expect((await run(begin())).terminalSequence).toBe(77);
    expect(psam.expectedSequence()).toBe(78);
  });

  it("an empty slot is a fault at the deadline", async () => {
    const made = cardBench();
    made.samReader.remove();
    await expect(made.run(openPsam(made.samReader, made, LIMITS))).rejects.toMatchObject({ code: "timeout" });
  });
});

describe("key levels", () => {
  it.each([
    [3, 1],
    [2, 2],
    [1, 3],
  ] as const)("keys that take %i factors are found in %i attempts, and from then on at once", async (purseLevel, attempts) => {
    const { run, begin, sent } = await bench({ psam: { purseLevel } });
    (await run(begin())).release();
    expect(sent.filter((header) => header === "8070")).toHaveLength(attempts);
    sent.length = 0;
    await run(begin());
    expect(sent.filter((header) => header === "8070")).toHaveLength(1);
  });

  it.each([
    ["unknown version", { keyVersion: 9 }],
    ["unknown algorithm", { algorithm: 0x77 }],
  ])("a key that is not there is named so: %s", async (_name, more) => {
    const { run, begin } = await bench();
    await expect(run(begin(more))).rejects.toMatchObject({ code: "key-missing", effectUnknown: false });
    await expect(run(begin())).resolves.toMatchObject({ mac1: expect.any(Uint8Array) });
  });

  it("locked keys are missing keys", async () => {
    const { run, begin } = await bench({ psam: { faults: { locked: true } } });
    await expect(run(begin())).rejects.toMatchObject({ code: "key-missing" });
  });
});

describe("a purchase that is held", () => {
  it("keeps the next one waiting, and lets it in when it ends, in order", async () => {
    const { run, begin, psam } = await bench();
    const first = await run(begin());
    const order: string[] = [];
    const second = begin().then((held) => {
      order.push("second");
      return held;
    });
    const third = psam
      .authenticationData(
        {
          usage: 0x67,
          keyId: 8,
          factors: [fromHex("0607990100000001"), fromHex("3939303130307378"), fromHex("3939303030307368")],
          sessionFactor: fromHex("0000000000000001"),
          raw: fromHex("0000000000000002"),
          algorithm: "sm4",
        },
        LIMITS,
      )
      .then(() => order.push("third"));
    first.release();
    (await run(second)).release();
    await run(third);
    expect(order).toEqual(["second", "third"]);
  });

  it("outlasts the patience of another lane, which may come again later", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    await expect(run(begin({}, { ...LIMITS, timeoutMs: 100 }))).rejects.toMatchObject({ code: "timeout", effectUnknown: false });
    first.release();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("lets a lane cancel its wait", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    const cancel = new AbortController();
    const waiting = begin({}, { timeoutMs: 5_000, signal: cancel.signal });
    waiting.catch(() => undefined);
    cancel.abort();
    await expect(run(waiting)).rejects.toMatchObject({ code: "cancelled" });
    first.release();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("takes at most sixteen waiters", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    const waiting = Array.from({ length: 16 }, () => begin({}, { ...LIMITS, signal: new AbortController().signal }).then((held) => held.release()));
    await expect(run(begin())).rejects.toMatchObject({ code: "queue-full" });
    first.release();
    await run(Promise.all(waiting));
  });

  it("released twice frees the module once", async () => {
    const { run, begin } = await bench();
    const first = await run(begin());
    first.release();
    const second = await run(begin());
    first.release();
    await expect(run(begin({}, { ...LIMITS, timeoutMs: 50 }))).rejects.toMatchObject({ code: "timeout" });
    second.release();
  });
});

describe("the card's MAC2", () => {
  it("is refused when it is wrong, and cannot be tried again", async () => {
    const { run, begin } = await bench();
    const held = await run(begin());
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("refused");
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
  });

  it("is refused in the other wording as well", async () => {
    const { run, begin } = await bench({ profile: { psamCreditError: "63CF" } });
    expect(await run((await run(begin())).credit(fromHex("00000000"), LIMITS))).toBe("refused");
  });

  it("has no session after the release", async () => {
    const { run, begin } = await bench();
    const held = await run(begin());
    held.release();
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
  });

  it("has no session after the module lost its power, and the next purchase works", async () => {
    const { run, begin, samReader, psam } = await bench();
    const held = await run(begin());
    samReader.cutPower();
    await expect(run(held.credit(fromHex("00000000"), LIMITS))).rejects.toMatchObject({ effectUnknown: false });
    expect(await run(held.credit(fromHex("00000000"), LIMITS))).toBe("no-session");
    expect((await run(begin())).terminalSequence).toBe(psam.expectedSequence() - 1);
  });
});

describe("a module that fails", () => {
  it("is opened again by the next purchase after a hang", async () => {
    const { run, begin, samReader } = await bench();
    samReader.setFate(() => ({ kind: "hang" }));
    await expect(run(begin())).rejects.toMatchObject({ code: "reader-hung" });
    samReader.setFate(() => ({ kind: "ok" }));
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("that lost its power since its last use is opened again at once", async () => {
    const { run, begin, samReader } = await bench();
    (await run(begin())).release();
    samReader.cutPower();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("is opened again after its reader was away", async () => {
    const { run, begin, samReader } = await bench();
    samReader.loseReader();
    await expect(run(begin())).rejects.toMatchObject({ code: "reader-gone" });
    samReader.restoreReader();
    await expect(run(begin())).resolves.toBeDefined();
  });

  it("another module in its place is not taken for it", async () => {
    const { run, begin, samReader } = await bench();
    const other = cardBench({ psam: { terminalNumber: "990100000099" } });
    samReader.remove();
    samReader.insert(other.psam);
    await expect(run(begin())).rejects.toMatchObject({ code: "card-changed" });
  });
});

describe("answers", () => {
  it("are parsed without throwing, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        parseTerminalNumber(bytes);
        parseTerminalSequence(bytes);
        parsePurchaseAnswer(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("a terminal number is twelve decimal digits", () => {
    expect(parseTerminalNumber(fromHex("99010000004f"))).toBeUndefined();
    expect(parseTerminalNumber(fromHex("9901000000"))).toBeUndefined();
  });
});
