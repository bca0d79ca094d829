/* Modelled times against frames counted by hand, and against sums that follow from public measurements of frames and lines. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../device/base/bytes.ts";
import { characterMs, charactersOf, contactLineMs } from "./timing-contacts.ts";
import { fieldMs, floorMs, type RecordedExchange } from "./timing-floor.ts";
import { TIMING_PROFILE_NAMES, TIMING_PROFILES, timingsOf } from "./timing-profiles.ts";
import { activationMs, airMs, type RadioLine } from "./timing-radio.ts";
import { CHIP_SPEEDS, type ChipSpeed, cardWorkMs, cardWorkOf, moduleWorkMs } from "./timing-work.ts";

const CYCLES_PER_MS = 13_560;
const A: RadioLine = { type: "A", kbps: 106, frameBytes: 256 };
const B: RadioLine = { ...A, type: "B" };

/** A command of `bytes` bytes with this header. */
function sized(header: string, bytes: number): Uint8Array {
  const command = new Uint8Array(bytes);
  command.set(fromHex(header));
  if (bytes > 5) command[4] = bytes - 5;
  return command;
}

describe("frames in the air", () => {
  it.each([
    // 8 bytes of 9 units and two ends, 21 bytes likewise, both delays.
    ["5 bytes to 18 at 106, type A", A, 5, 18, (74 + 191) * 128 + 1236 + 1172],
    ["the same at 424, where the card begins with bare subcarrier", { ...A, kbps: 424 }, 5, 18, (74 + 191) * 32 + 512 + 1236 + 1172],
    ["the same of type B", B, 5, 18, (102 + 232) * 128 + 144 * 16 + 14 * 128],
    // The second part of the answer is asked for by a block of three bytes.
    ["an answer of 255 bytes in frames of 256", A, 5, 255, (74 + 2306 + 29 + 47) * 128 + 2 * (1236 + 1172)],
    ["a command of 100 bytes in frames of 64", { ...A, frameBytes: 64 }, 100, 2, (578 + 29 + 380 + 47) * 128 + 2 * (1236 + 1172)],
  ] as const)("%s", (_name, line, down, up, cycles) => expect(airMs(line, down, up)).toBeCloseTo(cycles / CYCLES_PER_MS, 9));

  it.each([
    ["type A", A, (9 + 20 + 20 + 47 + 83 + 29 + 38 + 146) * 128 + 4 * (1236 + 1172)],
    ["type A with seven bytes of identifier", { ...A, uidBytes: 7 }, (9 + 20 + 2 * (20 + 47 + 83 + 29) + 38 + 146) * 128 + 6 * (1236 + 1172)],
    ["type A that agrees on a speed", { ...A, kbps: 424 }, (9 + 20 + 20 + 47 + 83 + 29 + 38 + 146 + 47 + 29) * 128 + 5 * (1236 + 1172)],
    ["type B", B, (72 + 162 + 132 + 52) * 128 + 2 * (144 * 16 + 14 * 128)],
  ] as const)("activation of %s", (_name, line, cycles) => expect(activationMs(line)).toBeCloseTo(cycles / CYCLES_PER_MS, 9));
});

/** Lengths of commands and answers, and the published air time at 106, 212, 424 and 848 kbit/s, activation included. */
const FLOWS = [
  { name: "purchase of the e-purse", apdus: 4, down: 57, up: 113, typeA: [21.8, 14.5, 10.4, 8.3], typeB: [25.9, undefined, 10.8, undefined] },
  { name: "compound purchase", apdus: 7, down: 120, up: 237, typeA: [39.9, 23.9, 15.4, 11.1], typeB: [47.5, undefined, 16.9, undefined] },
  { name: "electronic cash with SM2", apdus: 7, down: 99, up: 724, typeA: [79.5, 43.7, 25.3, 16.1], typeB: [91.5, undefined, 27.9, undefined] },
] as const;
const SPEEDS = [106, 212, 424, 848] as const;

/** The same number of bytes in so many commands. */
function airOfFlow(line: RadioLine, { apdus, down, up }: (typeof FLOWS)[number]): number {
  const share = (bytes: number, at: number) => Math.floor((bytes * (at + 1)) / apdus) - Math.floor((bytes * at) / apdus);
  return Array.from({ length: apdus }, (_, at) => airMs(line, share(down, at), share(up, at))).reduce((sum, each) => sum + each, activationMs(line));
}

describe("sums of whole flows are within 2 % of the published ones", () => {
  const cases = FLOWS.flatMap((flow) =>
    (["A", "B"] as const).flatMap((type) =>
      SPEEDS.flatMap((kbps, at) => {
        const published = (type === "A" ? flow.typeA : flow.typeB)[at];
        return published === undefined ? [] : [[flow.name, type, kbps, flow, published] as const];
      }),
    ),
  );
  it.each(cases)("%s, type %s at %i kbit/s", (_name, type, kbps, flow, published) => {
    const computed = airOfFlow({ type, kbps, frameBytes: 256 }, flow);
    expect(Math.abs(computed / published - 1)).toBeLessThan(0.02);
  });

  it.each([
    [106, 10.7],
    [212, 21],
    [424, 40.6],
    [848, 76],
  ] as const)("a read of 253 bytes at %i kbit/s moves %d kB/s", (kbps, published) =>
    expect(Math.abs(253 / airMs({ ...A, kbps }, 5, 255) / published - 1)).toBeLessThan(0.01),
  );
});

const INIT_SAM = sized("80700000", 42);
const INIT_ANSWER = new Uint8Array(10);
const CREDIT_SAM = sized("80720000", 9);

describe("the line with contacts", () => {
  it("counts header, procedure byte, data and status, and fetches an answer by itself", () => {
    // 37 bytes of data: 5 + 1 + 37 + 2; 8 bytes of answer: 5 + 1 + 8 + 2.
    expect(charactersOf(INIT_SAM, INIT_ANSWER)).toBe(45 + 16);
    expect(charactersOf(CREDIT_SAM, new Uint8Array(2))).toBe(12);
    expect(charactersOf(fromHex("00b0960006"), new Uint8Array(8))).toBe(5 + 1 + 6 + 2);
    expect(charactersOf(fromHex("00840000"), new Uint8Array(2))).toBe(7);
  });

  it.each([
    ["9600", 75, 15],
    ["38400", 18.8, 3.8],
    ["57600", 12.5, 2.5],
    ["115200", 6.2, 1.2],
    ["f512d32", 2.4, 0.5],
  ] as const)("at %s the purchase is opened and credited within 5 % of the published times", (speed, opens, credits) => {
    const line = { speed, negotiated: true };
    expect(Math.abs(contactLineMs(line, INIT_SAM, INIT_ANSWER) / opens - 1)).toBeLessThan(0.05);
    expect(Math.abs(contactLineMs(line, CREDIT_SAM, new Uint8Array(2)) / credits - 1)).toBeLessThan(0.05);
  });

  it("stays at 9,600 baud where nobody has negotiated", () => {
    expect(characterMs({ speed: "115200", negotiated: false })).toBeCloseTo(1.25, 9);
    expect(characterMs({ speed: "115200", negotiated: true })).toBeCloseTo(0.1042, 4);
  });
});

const SELECT = sized("00a40400", 21);
const READ = fromHex("00b0950000");
const INITIALIZE = sized("80500102", 16);
const CACHE = sized("80dc00f0", 53);
const DEBIT = sized("80540100", 20);
const OPTIONS = sized("80a80000", 41);

describe("work of chips", () => {
  it.each([
    [SELECT, "select"],
    [READ, "read"],
    [INITIALIZE, "initialize"],
    [CACHE, "cache"],
    [DEBIT, "debit"],
    [fromHex("b02c010000"), "debit"],
    [OPTIONS, "signature"],
    [fromHex("80a8000002830000"), "cryptogram"],
    [fromHex("ffffffff"), "other"],
    [fromHex(""), "other"],
  ] as const)("%# is known by its kind", (command, kind) => expect(cardWorkOf(command)).toBe(kind));

  const sum = (speed: ChipSpeed, commands: readonly Uint8Array[]) => commands.reduce((ms, command) => ms + cardWorkMs(speed, command), 0);
  it.each([
    ["e-purse", [SELECT, READ, INITIALIZE, DEBIT], 16, 41],
    ["compound", [SELECT, READ, READ, READ, INITIALIZE, CACHE, DEBIT], 22, 57],
    ["electronic cash with SM2", [SELECT, SELECT, OPTIONS, READ, READ, READ, READ], 43, 125],
  ] as const)("of a whole flow lies within 10 %% of the range that is assumed: %s", (_name, commands, fast, typical) => {
    expect(Math.abs(sum("fast", commands) / fast - 1)).toBeLessThan(0.1);
    expect(Math.abs(sum("typical", commands) / typical - 1)).toBeLessThan(0.1);
  });

  it.each([SELECT, READ, INITIALIZE, CACHE, DEBIT, OPTIONS, fromHex("ffff0000")])("a slower chip is slower: %#", (command) => {
    const times = CHIP_SPEEDS.map((speed) => cardWorkMs(speed, command));
    expect([...times].sort((left, right) => left - right)).toEqual(times);
    expect(new Set(times).size).toBe(3);
  });

  it("of a module: opening costs most", () => {
    for (const speed of CHIP_SPEEDS) expect(moduleWorkMs(speed, INIT_SAM)).toBeGreaterThan(moduleWorkMs(speed, CREDIT_SAM));
  });
});

function exchange(to: "card" | "module", command: Uint8Array, answerBytes: number): RecordedExchange {
  return { to, command, answer: new Uint8Array(answerBytes) };
}

const OPENING = [exchange("card", SELECT, 50), exchange("card", READ, 32), exchange("card", INITIALIZE, 17)];
const IN_SERIES = [...OPENING, exchange("card", CACHE, 2), exchange("module", INIT_SAM, 10), exchange("card", DEBIT, 10)];

describe("a recorded tap", () => {
  const { contactless, module, arrivalMs } = timingsOf(TIMING_PROFILES.floor);
  const card = (exchanges: readonly RecordedExchange[]) => exchanges.reduce((ms, each) => ms + contactless(each.command, each.answer), 0);
  const opens = module(INIT_SAM, INIT_ANSWER);

  it("without a second line is the sum of its commands", () => expect(floorMs(OPENING)).toBeCloseTo(arrivalMs(1) + card(OPENING), 9));

  it("the module works while the card takes its record, however the flow had it", () => {
    const caching = contactless(CACHE, new Uint8Array(2));
    const floor = arrivalMs(1) + card(OPENING) + Math.max(opens, caching) + contactless(DEBIT, new Uint8Array(10));
    expect(floorMs(IN_SERIES)).toBeCloseTo(floor, 9);
    const [select, read, initialize, cache, open, debit] = IN_SERIES;
    const overlapped = [select, read, initialize, open, cache, debit].flatMap((each) => (each === undefined ? [] : [each]));
    expect(floorMs(overlapped)).toBeCloseTo(floor, 9);
  });

  it("no card waits for the check of its answer", () => expect(floorMs([...IN_SERIES, exchange("module", CREDIT_SAM, 2)])).toBe(floorMs(IN_SERIES)));

  it("a key that the card needs is waited for", () => {
    const key = exchange("module", sized("bfde0000", 30), 2);
    const answer = exchange("card", sized("00820000", 13), 2);
    expect(floorMs([key, answer])).toBeCloseTo(arrivalMs(1) + module(key.command, key.answer) + contactless(answer.command, answer.answer), 9);
  });

  it("each profile takes longer than the one before it", () => {
    const times = TIMING_PROFILE_NAMES.map((name) => fieldMs(TIMING_PROFILES[name], IN_SERIES));
    expect([...times].sort((left, right) => left - right)).toEqual(times);
    expect(new Set(times).size).toBe(4);
  });
});

describe("whole taps, in series, are within 10 % of the published ones", () => {
  /** Poll, air, card, reader and module of a flow, one after the other, with what host and disk were taken to need. */
  const whole = (name: (typeof TIMING_PROFILE_NAMES)[number], commands: readonly Uint8Array[], flow: (typeof FLOWS)[number]) => {
    const { radio, card, reader, module: modules } = TIMING_PROFILES[name];
    const hostMs = { floor: 0, good: 2, common: 2 + 8, bad: 2 + 25 }[name];
    const modulesMs = [INIT_SAM, CREDIT_SAM].reduce(
      (ms, command) => ms + moduleWorkMs(modules.chip, command) + contactLineMs(modules.line, command, command === INIT_SAM ? INIT_ANSWER : new Uint8Array(2)),
      0,
    );
    const work = commands.reduce((ms, command) => ms + cardWorkMs(card, command) + reader.msPerCommand, 0);
    return reader.pollMs + airOfFlow(radio, flow) + work + (flow === FLOWS[2] ? 0 : modulesMs) + hostMs;
  };
  const E_PURSE = [SELECT, READ, INITIALIZE, DEBIT];
  const COMPOUND = [SELECT, READ, READ, READ, INITIALIZE, CACHE, DEBIT];
  const CASH = [SELECT, SELECT, OPTIONS, READ, READ, READ, READ];
  it.each([
    ["floor", E_PURSE, FLOWS[0], 28],
    ["floor", COMPOUND, FLOWS[1], 37],
    ["floor", CASH, FLOWS[2], 59],
    ["good", E_PURSE, FLOWS[0], 57],
    ["good", COMPOUND, FLOWS[1], 73],
    ["good", CASH, FLOWS[2], 96],
    ["common", E_PURSE, FLOWS[0], 145],
    ["common", COMPOUND, FLOWS[1], 189],
    ["common", CASH, FLOWS[2], 267],
    ["bad", E_PURSE, FLOWS[0], 262],
    ["bad", COMPOUND, FLOWS[1], 315],
    ["bad", CASH, FLOWS[2], 337],
  ] as const)("%s place: %#", (name, commands, flow, published) => expect(Math.abs(whole(name, commands, flow) / published - 1)).toBeLessThan(0.1));
});
