/* The adapter without any reader: what the supervisor makes of a process that hangs, dies or lies, and the bytes of PIN entry. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { EMPTY, fromHex, toHex } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { limits } from "../contract/bench.ts";
import { faultOfPcsc, pcscCode } from "./errors.ts";
import { openPcsc } from "./open.ts";
import { pinOutcome, pinVerifyStructure, verifyPinCode } from "./part10.ts";
import { asReaderMessage, STATE_MUTE, STATE_PRESENT, STATE_UNAVAILABLE } from "./protocol.ts";
import { matchesRule, type ReaderRule } from "./reader.ts";
import { FakeProcesses } from "./testing.ts";

const RULE: ReaderRule = { interface: "contactless", nameIncludes: ["counter"] };
const NAME = "SIM Counter 00 00";
const ATR = fromHex("3b6d0000");
const COMMAND = fromHex("00a40400");
const OK = fromHex("9000");

function bench(rule: ReaderRule = RULE) {
  const clock = new VirtualClock(0);
  const processes = new FakeProcesses();
  const pcsc = openPcsc({ processes, clock, log: SILENT, env: { PCSCLITE_CSOCK_NAME: "/x" } });
  const reader = pcsc.reader(rule);
  const run = <Value>(work: Promise<Value>): Promise<Value> => clock.resolve(work);
  const state = (bits: number, counter = 1) => processes.last.say({ is: "state", reader: NAME, state: counter * 0x1_0000 + bits, atr: ATR });
  const up = () => processes.last.say({ is: "service-up" });
  /** Lets everything that is ready run, and half a second pass. */
  const settle = (ms = 1) => run(clock.sleep(ms));
  async function card() {
    up();
    state(STATE_PRESENT);
    const waiting = reader.waitForCard(limits(1_000));
    await settle();
    processes.last.answer("connect", Uint8Array.of(2));
    return run(waiting);
  }
  return { clock, processes, pcsc, reader, run, state, up, settle, card };
}

describe("a process on its way to the service", () => {
  it("is replaced when it falls silent", async () => {
    const { settle, processes } = bench();
    await settle(4_999);
    expect(processes.children.map((child) => child.killed)).toEqual([false]);
    await settle(2);
    expect(processes.children.map((child) => child.killed)).toEqual([true, false]);
    await settle(5_100);
    expect(processes.children.map((child) => child.killed)).toEqual([true, true, false]);
  });

  it("is left alone while it says that the service is not there, and once it has reached it", async () => {
    const { settle, processes, up } = bench();
    for (let times = 0; times < 4; times += 1) {
      processes.last.say({ is: "service-absent", message: "no service" });
      await settle(4_000);
    }
    up();
    await settle(60_000);
    expect(processes.children).toHaveLength(1);
  });

  it("is not replaced when the readers have been closed", async () => {
    const { settle, processes, pcsc } = bench();
    await pcsc.close();
    await settle(10_000);
    expect(processes.children).toHaveLength(1);
  });
});

describe("a reader that is listed wrongly", () => {
  it("is looked for by another process, when its connects say for two seconds that it is gone", async () => {
    const { processes, reader, run, settle, state, up } = bench();
    up();
    state(STATE_PRESENT);
    const waiting = reader.waitForCard(limits(4_000));
    waiting.catch(() => undefined);
    for (let round = 0; round < 150 && processes.children.length === 1; round += 1) {
      const asked = processes.last.sent.at(-1);
      if (asked?.op === "connect") processes.last.say({ is: "error", id: asked.id, message: "unknown reader (0x80100009)" });
      await settle(20);
    }
    expect(processes.children).toHaveLength(2);
    up();
    state(STATE_PRESENT);
    await settle(300);
    processes.last.answer("connect", Uint8Array.of(2));
    await expect(run(waiting)).resolves.toMatchObject({ insertion: 1 });
  });
});

describe("a process that is heard no more", () => {
  it("between two calls is replaced, once it has said that it is alive", async () => {
    const { card, processes, settle } = bench();
    await card();
    await settle(20_000);
    expect(processes.children).toHaveLength(1);
    processes.last.say({ is: "alive" });
    await settle(12_000);
    expect(processes.children.length).toBeGreaterThan(1);
    expect(processes.children[0]?.killed).toBe(true);
  });

  it("while a call holds it is left to the call's own deadline", async () => {
    const { card, processes, settle } = bench();
    const channel = await card();
    processes.last.say({ is: "alive" });
    const held = channel.transmit(COMMAND, limits(30_000));
    held.catch(() => undefined);
    await settle(20_000);
    expect(processes.children).toHaveLength(1);
    processes.last.answer("transmit", OK);
    await expect(held).resolves.toEqual(OK);
  });

  it("without its binding is started anew once a minute, not all the time", async () => {
    const { processes, settle } = bench();
    for (let round = 0; round < 3; round += 1) {
      processes.last.say({ is: "binding-missing", message: "no such module" });
      await settle(59_000);
      expect(processes.children).toHaveLength(1 + round);
      await settle(2_000);
    }
    expect(processes.children).toHaveLength(4);
  });
});

describe("what the reader itself is told", () => {
  it("does not make the call behind it late", async () => {
    const { card, clock, pcsc, processes, run, settle } = bench();
    const channel = await card();
    const lamp = pcsc.lamp(RULE, { dialect: "together", driver: "ccid", acsLed: "skip", acr122AutoBeep: "skip", polling: "as-delivered" });
    const blinking = lamp.signal("refused", limits(3_000));
    blinking.catch(() => undefined);
    await settle();
    const sent = channel.transmit(COMMAND, limits(2_000));
    await settle(1_900);
    processes.last.answer("tell", fromHex("9001"));
    await settle(500);
    // Two and a half seconds after it was asked for, half a second after it was made.
    processes.last.answer("transmit", OK);
    expect(await run(sent)).toEqual(OK);
    expect([processes.children.length, clock.monotonicMs() > 2_300]).toEqual([1, true]);
    await run(blinking);
  });
});

describe("a command that hangs", () => {
  it("ends at its deadline with unknown effect, the process is replaced, and the dialogue is over", async () => {
    const { card, run, processes } = bench();
    const channel = await card();
    await expect(run(channel.transmit(COMMAND, limits(300)))).rejects.toMatchObject({ code: "reader-hung", effectUnknown: true });
    expect(processes.children.map((child) => child.killed)).toEqual([true, false]);
    await expect(run(channel.transmit(COMMAND, limits(300)))).rejects.toMatchObject({ effectUnknown: false });
    expect(processes.last.sent).toEqual([]);
  });

  it("goes on hanging after its caller has gone, but not for ever", async () => {
    const { card, run, settle, processes } = bench();
    const channel = await card();
    const caller = new AbortController();
    const sent = channel.transmit(COMMAND, { timeoutMs: 300, signal: caller.signal });
    sent.catch(() => undefined);
    await settle();
    caller.abort();
    await expect(run(sent)).rejects.toMatchObject({ code: "cancelled", effectUnknown: true });
    expect(processes.children).toHaveLength(1);
    await settle(400);
    expect(processes.children).toHaveLength(2);
  });

  it("keeps the next call of the same reader waiting until it is really over", async () => {
    const { card, run, settle, processes, reader } = bench();
    const channel = await card();
    const caller = new AbortController();
    const sent = channel.transmit(COMMAND, { timeoutMs: 5_000, signal: caller.signal });
    sent.catch(() => undefined);
    await settle();
    caller.abort();
    const next = reader.waitForCard(limits(2_000));
    await settle(100);
    expect(processes.last.sent.map((request) => request.op)).toEqual(["connect", "transmit"]);
    processes.last.answer("transmit", OK);
    await settle();
    processes.last.answer("connect", Uint8Array.of(2));
    await expect(run(next)).resolves.toBeDefined();
  });
});

describe("a process that ends", () => {
  it.each([
    ["dies", (child: FakeProcesses["last"]) => child.exit()],
    ["loses its service", (child: FakeProcesses["last"]) => child.say({ is: "service-lost", message: "x (0x8010001d)" })],
  ])("and %s takes the command under way into the unknown", async (_name, end) => {
    const { card, run, settle, processes, up, state, reader } = bench();
    const channel = await card();
    const sent = channel.transmit(COMMAND, limits(1_000));
    sent.catch(() => undefined);
    await settle();
    end(processes.last);
    await expect(run(sent)).rejects.toMatchObject({ code: "reader-service-gone", effectUnknown: true });
    up();
    state(STATE_PRESENT);
    const again = reader.waitForCard(limits(1_000));
    await settle();
    processes.last.answer("connect", Uint8Array.of(2));
    expect((await run(again)).insertion).not.toBe(channel.insertion);
  });

  it("again and again is started with growing pauses", async () => {
    const { settle, processes } = bench();
    for (let count = 0; count < 8; count += 1) {
      processes.last.exit();
      await settle(2_000);
    }
    expect(processes.children).toHaveLength(9);
    processes.last.exit();
    await settle(100);
    expect(processes.children).toHaveLength(9);
  });

  it("is not started again after closing", async () => {
    const { pcsc, run, settle, processes } = bench();
    await run(pcsc.close());
    await settle(5_000);
    expect(processes.children).toHaveLength(1);
    expect(processes.last.killed).toBe(true);
  });

  it("cannot load the binding: every wait says that the service is gone", async () => {
    const { run, reader, processes } = bench();
    processes.last.say({ is: "binding-missing", message: "no such module" });
    await expect(run(reader.waitForCard(limits(100)))).rejects.toMatchObject({ code: "reader-service-gone" });
  });
});

describe("readers", () => {
  it.each([
    ["no service", () => undefined, "reader-service-gone"],
    ["no such reader", (b: ReturnType<typeof bench>) => b.up(), "reader-gone"],
    [
      "an unplugged reader",
      (b: ReturnType<typeof bench>) => {
        b.up();
        b.state(STATE_UNAVAILABLE);
      },
      "reader-gone",
    ],
    [
      "an empty reader",
      (b: ReturnType<typeof bench>) => {
        b.up();
        b.state(0x10);
      },
      "timeout",
    ],
  ] as const)("waiting on %s", async (_name, prepare, code) => {
    const made = bench();
    prepare(made);
    await expect(made.run(made.reader.waitForCard(limits(200)))).rejects.toMatchObject({ code, effectUnknown: false });
  });

  it.each([
    ["contactless", "card-mute"],
    ["sam", "timeout"],
  ] as const)("what stays mute in a %s reader is told as %s", async (place, code) => {
    const { up, state, run, settle, processes, reader } = bench({ ...RULE, interface: place });
    up();
    state(STATE_PRESENT + STATE_MUTE);
    const waiting = reader.waitForCard(limits(150));
    waiting.catch(() => undefined);
    await settle();
    processes.last.say({ is: "error", id: processes.last.sent.at(-1)?.id ?? 0, message: "SCardConnect error: Card is unpowered.(0x80100067)" });
    await expect(run(waiting)).rejects.toMatchObject({ code, effectUnknown: false });
  });

  it("what was mute at first is powered again, and taken when its answer to reset is known", async () => {
    const { up, state, run, settle, processes, reader } = bench();
    up();
    state(STATE_PRESENT + STATE_MUTE);
    const waiting = reader.waitForCard(limits(2_000));
    await settle();
    processes.last.answer("connect", Uint8Array.of(2));
    await settle();
    processes.last.answer("disconnect", EMPTY);
    await settle(10);
    state(STATE_PRESENT);
    await settle(250);
    processes.last.answer("connect", Uint8Array.of(2));
    expect((await run(waiting)).atr).toEqual(ATR);
  });

  it("a card that went and came between two looks is another insertion", async () => {
    const { card, run, state } = bench();
    const channel = await card();
    state(STATE_PRESENT, 3);
    await expect(run(channel.transmit(COMMAND, limits(100)))).rejects.toMatchObject({ code: "card-changed", effectUnknown: false });
  });

  it("an answer without a status word is a lost card", async () => {
    const { card, run, settle, processes } = bench();
    const channel = await card();
    const sent = channel.transmit(COMMAND, limits(100));
    sent.catch(() => undefined);
    await settle();
    processes.last.answer("transmit", EMPTY);
    await expect(run(sent)).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
  });

  it("a card that another program holds is asked for again", async () => {
    const { up, state, run, settle, processes, reader } = bench();
    up();
    state(STATE_PRESENT);
    const waiting = reader.waitForCard(limits(1_000));
    await settle();
    const request = processes.last.sent.at(-1);
    processes.last.say({ is: "error", id: request?.id ?? 0, message: "SCardConnect error: Sharing violation.(0x8010000b)" });
    await settle(100);
    processes.last.answer("connect", Uint8Array.of(2));
    await expect(run(waiting)).resolves.toBeDefined();
  });

  it("modules and cards live in processes of their own, with room for every reader to hang", () => {
    const { pcsc, processes } = bench();
    pcsc.reader({ ...RULE, interface: "sam" });
    pcsc.reader({ ...RULE, slot: 1 });
    expect(processes.children).toHaveLength(2);
    expect(Number(processes.environments[0]?.["UV_THREADPOOL_SIZE"])).toBeGreaterThan(16);
    expect(processes.environments[0]?.["PCSCLITE_CSOCK_NAME"]).toBe("/x");
  });

  it.each([
    ["SIM Counter 00 00", {}, true],
    ["sim counter 03 01", { slot: 1 }, true],
    ["SIM Counter 00 00", { slot: 1 }, false],
    ["SIM Counter 00 0a", { slot: 10 }, true],
    ["SIM Counter PSAM 00 00", { nameExcludes: ["psam"] }, false],
    ["SIM Other 00 00", {}, false],
    ["Counter", { slot: 0 }, false],
  ])("the rule fits %s with %o: %s", (name, more, fits) => {
    expect(matchesRule(name, { ...RULE, ...more })).toBe(fits);
  });
});

describe("messages of the service", () => {
  it.each([
    ["transmit", "0x8010000c", "card-removed", true],
    ["transmit", "0x80100069", "card-removed", true],
    ["transmit", "0x80100068", "card-removed", true],
    ["transmit", "0x80100016", "card-mute", true],
    ["transmit", "0x80100017", "reader-gone", true],
    ["transmit", "0x80100013", "reader-service-gone", true],
    ["transmit", "no number", "reader-gone", true],
    ["transmit", "0x80100008", "reader-refused", true],
    ["control", "0x80100008", "reader-refused", true],
    ["control", "0x8010001f", "reader-refused", false],
    ["connect", "0x80100067", "card-mute", false],
    ["connect", "0x8010000b", "reader-busy", false],
    ["connect", "0x8010001d", "reader-service-gone", false],
    ["connect", "0x8010006a", "reader-refused", false],
    ["disconnect", "0x80100003", "card-changed", false],
  ] as const)("%s %s is %s", (call, message, code, effectUnknown) => {
    expect(faultOfPcsc(call, `SCard error.(${message})`)).toMatchObject({ code, effectUnknown });
  });

  it("a sent command is never told as without effect", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x100 }), (low) => {
        const fault = faultOfPcsc("transmit", `x (0x801000${low.toString(16).padStart(2, "0").slice(-2)})`);
        expect(fault.effectUnknown).toBe(true);
      }),
    );
  });

  it("any text gives a code or none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        pcscCode(text);
        faultOfPcsc("transmit", text);
      }),
    );
  });

  it.each([undefined, null, 1, "answer", {}, { is: "other" }])("what is no message of ours is passed over: %o", (message) => {
    expect(asReaderMessage(message)).toBeUndefined();
    const { processes } = bench();
    processes.last.sayRaw(message);
  });
});

describe("PIN entry on the reader", () => {
  const template = { header: fromHex("00200000"), coding: "bcd-f", minDigits: 4, maxDigits: 16 } as const;

  it("is asked for as the specification lays it out", () => {
    expect(toHex(pinVerifyStructure({ template, digits: 6, timeoutSeconds: 30 }))).toBe("1e0f81030006060201040800000000080000000020000003ffffff");
  });

  it.each([
    ["060442330006070442330007", 0x4233_0006],
    ["0a044233000a060442000006", 0x4200_0006],
    ["0a044233000a", undefined],
    ["", undefined],
    ["0602423300", undefined],
    ["060342330006", undefined],
  ])("the code comes from the reader's list %s", (features, code) => {
    expect(verifyPinCode(fromHex(features))).toBe(code);
  });

  it.each([
    ["9000", { kind: "verified" }],
    ["63c2", { kind: "wrong", triesLeft: 2 }],
    ["63c0", { kind: "locked" }],
    ["6983", { kind: "locked" }],
    ["6400", { kind: "timed-out" }],
    ["6401", { kind: "cancelled" }],
    ["6b80", { kind: "refused", statusWord: 0x6b80 }],
    ["", undefined],
    ["900000", undefined],
  ])("answer %s", (answer, outcome) => {
    expect(pinOutcome(fromHex(answer))).toEqual(outcome);
  });

  it("no bytes make the parsers throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        verifyPinCode(bytes);
        pinOutcome(bytes);
      }),
    );
  });

  it("a reader without it is refused before the card is asked", async () => {
    const { card, pcsc, run, settle, processes } = bench();
    const channel = await card();
    const verifying = pcsc.pinVerifier({ digits: 6 }).verifyOnCard(channel, template, limits(10_000));
    verifying.catch(() => undefined);
    await settle();
    processes.last.answer("control", fromHex("0a044233000a"));
    await expect(run(verifying)).rejects.toMatchObject({ code: "reader-refused", effectUnknown: false });
    expect(processes.last.sent.filter((request) => request.op === "control")).toHaveLength(1);
  });

  it("gives the reader less time than there is, so that its answer comes before our deadline", async () => {
    const { card, pcsc, run, settle, processes } = bench();
    const channel = await card();
    const verifying = pcsc.pinVerifier({ digits: 6 }).verifyOnCard(channel, template, limits(20_000));
    await settle();
    processes.last.answer("control", fromHex("060442330006"));
    await settle();
    const request = processes.last.sent.at(-1);
    expect(request?.op === "control" ? [request.code, request.data[0]] : []).toEqual([0x4233_0006, 18]);
    processes.last.answer("control", OK);
    expect(await run(verifying)).toEqual({ kind: "verified" });
  });
});
