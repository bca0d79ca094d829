/* Commands and answers one by one, over scripted channels: odd directories, refusals, and answers that have no form. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { buildTlv } from "../../codec/tlv.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import { BASELINE_ALL, beginTransaction, getData, readBaseline, readLastRecord, readRecords } from "./commands.ts";
import { accountNumberOf, addRecord, amountOf, dayOf, joinData, NO_RECORDS, roomForLoad } from "./data.ts";
import { generateCryptogram, parseGenerated, signDynamically } from "./generate.ts";
import { parseProcessingOptions } from "./options.ts";
import { namesByPriority, parseSelected, selectElectronicCash } from "./select.ts";
import { qualifiersOf, terminalData } from "./terminal-data.ts";
import { TEST_TERMINAL, TEST_TERMS } from "./testing.ts";

const PPSE = "00a404000e325041592e5359532e444446303100";
const PSE = "00a404000e315041592e5359532e444446303100";
const CASH = "a000000333010106";
const DEBIT = "a000000333010101";

const select = (name: string, next = false) => `00a404${next ? "02" : "00"}${(name.length / 2).toString(16).padStart(2, "0")}${name}00`;
const fci = (name: string, ...inside: readonly Uint8Array[]) => toHex(buildTlv(0x6f, [buildTlv(0x84, fromHex(name)), buildTlv(0xa5, inside)]));
const entry = (name: string, priority?: number) =>
  buildTlv(0x61, [buildTlv(0x4f, fromHex(name)), ...(priority === undefined ? [] : [buildTlv(0x87, Uint8Array.of(priority))])]);
const directory = (...entries: readonly Uint8Array[]) =>
  toHex(buildTlv(0x6f, [buildTlv(0x84, utf8("2PAY.SYS.DDF01")), buildTlv(0xa5, [buildTlv(0xbf0c, entries)])]));
const CASH_FCI = fci(CASH, buildTlv(0x50, utf8("CASH")), buildTlv(0x9f38, fromHex("9f6604")), buildTlv(0xbf0c, [buildTlv(0x9f4d, fromHex("0b0a"))]));

type Steps = ConstructorParameters<typeof ScriptedChannel>[0];

async function selected(steps: Steps, more: Partial<Parameters<typeof selectElectronicCash>[1]> = {}) {
  const channel = new ScriptedChannel(steps);
  const answer = await selectElectronicCash(channel, { interface: "contactless", ...more }, LIMITS);
  expect(channel.done).toBe(true);
  return answer;
}

describe("selectElectronicCash", () => {
  it("takes the first of the card's own directory", async () => {
    const answer = await selected([
      [PPSE, `${directory(entry("a000000003", 1), entry(DEBIT, 3), entry(CASH, 2))}9000`],
      [select(CASH), `${CASH_FCI}9000`],
    ]);
    expect(answer).toMatchObject({ kind: "ok", applicationId: CASH, label: "CASH", log: { sfi: 11, records: 10 }, dataWanted: [{ tag: 0x9f66, length: 4 }] });
  });

  it.each(["6a82", "6283", "6f00"])("tries the known names when the directory answers %s", async (sw) => {
    expect(
      await selected([
        [PPSE, sw],
        [select(CASH), "6a82"],
        [select(DEBIT), `${fci(DEBIT)}9000`],
      ]),
    ).toMatchObject({ kind: "ok", applicationId: DEBIT, dataWanted: [] });
  });

  it("reads the directory's file over contacts", async () => {
    const pse = toHex(buildTlv(0x6f, [buildTlv(0x84, utf8("1PAY.SYS.DDF01")), buildTlv(0xa5, [buildTlv(0x88, Uint8Array.of(1))])]));
    const answer = await selected(
      [
        [PSE, `${pse}9000`],
        ["00b2010c00", `${toHex(buildTlv(0x70, [entry(DEBIT, 2)]))}9000`],
        ["00b2020c00", `${toHex(buildTlv(0x70, [entry(CASH, 1)]))}9000`],
        ["00b2030c00", "6a83"],
        [select(CASH), `${CASH_FCI}9000`],
      ],
      { interface: "contact" },
    );
    expect(answer).toMatchObject({ kind: "ok", applicationId: CASH, interface: "contact" });
  });

  it.each([
    ["a blocked card at the directory", [[PPSE, "6a81"]], { kind: "blocked", what: "card" }],
    [
      "a blocked card at the application",
      [
        [PPSE, "6a82"],
        [select(CASH), "6a81"],
      ],
      { kind: "blocked", what: "card" },
    ],
    [
      "a blocked application and no other",
      [
        [PPSE, `${directory(entry(CASH, 1))}9000`],
        [select(CASH), `${CASH_FCI}6283`],
      ],
      { kind: "blocked", what: "application" },
    ],
    [
      "a blocked application and another",
      [
        [PPSE, `${directory(entry(CASH, 1), entry(DEBIT, 2))}9000`],
        [select(CASH), `${CASH_FCI}6283`],
        [select(DEBIT), `${fci(DEBIT)}9000`],
      ],
      { kind: "ok", applicationId: DEBIT },
    ],
    [
      "an application with another name than asked for",
      [
        [PPSE, `${directory(entry(CASH, 1))}9000`],
        [select(CASH), `${fci(DEBIT)}9000`],
      ],
      { kind: "no-application" },
    ],
    [
      "no application",
      [[PPSE, "6a82"], ...[CASH, DEBIT, "a000000333010102", "a000000333010103"].map((name) => [select(name), "6a82"] as const)],
      { kind: "no-application" },
    ],
  ] as const satisfies readonly (readonly [string, Steps, object])[])("finds %s", async (_name, steps, expected) => {
    expect(await selected(steps)).toMatchObject(expected);
  });

  it("goes on behind an excluded application that has the same beginning", async () => {
    const answer = await selected(
      [
        [PPSE, "6a82"],
        [select("a0000003330101"), `${fci(DEBIT)}9000`],
        [select("a0000003330101", true), `${fci(CASH)}9000`],
      ],
      { applicationIds: ["A0000003330101"], excluded: [DEBIT.toUpperCase()] },
    );
    expect(answer).toMatchObject({ kind: "ok", applicationId: CASH });
  });

  it("gives an excluded full name up without asking for another of that name", async () => {
    expect(
      await selected(
        [
          [PPSE, "6a82"],
          [select(CASH), `${CASH_FCI}9000`],
        ],
        { applicationIds: [CASH], excluded: [CASH] },
      ),
    ).toEqual({ kind: "no-application" });
  });

  it("is not held by a card that always has one more", async () => {
    const steps: Steps = [[PPSE, "6a82"], ...Array.from({ length: 8 }, (_, at) => [select("a0000003330101", at > 0), `${fci(DEBIT)}9000`] as const)];
    expect(await selected(steps, { applicationIds: ["a0000003330101"], excluded: [DEBIT] })).toEqual({ kind: "no-application" });
  });

  it("faults on an application without a form", async () => {
    const channel = new ScriptedChannel([
      [PPSE, "6a82"],
      [select(CASH), "6f009000"],
    ]);
    await expect(selectElectronicCash(channel, { interface: "contactless" }, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed" });
  });
});

describe("namesByPriority", () => {
  it.each([
    [
      [entry(DEBIT, 2), entry(CASH, 1)],
      [CASH, DEBIT],
    ],
    [
      [entry(DEBIT), entry(CASH, 15)],
      [CASH, DEBIT],
    ],
    [
      [entry(DEBIT, 0), entry(CASH, 15)],
      [CASH, DEBIT],
    ],
    [
      [entry(DEBIT, 0x81), entry(CASH, 2)],
      [DEBIT, CASH],
    ],
    [[entry("a0000003"), buildTlv(0x61, []), buildTlv(0x62, [])], []],
  ])("case %#", (entries, names) => {
    const parsed = entries.map((bytes) => ({ tag: bytes[0] ?? 0, value: bytes.slice(2), children: [] as { tag: number; value: Uint8Array }[] }));
    for (const [at, bytes] of entries.entries()) {
      const inside = bytes.slice(2);
      const children = parsed[at]?.children ?? [];
      for (let place = 0; place < inside.length; place += 2 + (inside[place + 1] ?? 0))
        children.push({ tag: inside[place] ?? 0, value: inside.slice(place + 2, place + 2 + (inside[place + 1] ?? 0)) });
    }
    expect(namesByPriority(parsed)).toEqual(names);
  });
});

describe("parseSelected", () => {
  it.each(["", "6f00", "9000", fci("a0000003"), fci("a0".repeat(17)), `${fci(CASH)}00`, fci(CASH, buildTlv(0x9f38, fromHex("9f66")))])(
    "has no meaning for %s",
    (hex) => expect(parseSelected(fromHex(hex), "contactless")).toBeUndefined(),
  );
  it.each(["0b", "000a", "1f0a", "0b00", "0b0a00"])("has no log at %s", (place) => {
    expect(parseSelected(fromHex(fci(CASH, buildTlv(0xbf0c, [buildTlv(0x9f4d, fromHex(place))]))), "contactless")).not.toHaveProperty("log");
  });
  it.each(["", "00", "c9e7", "41".repeat(17)])("shows no label %s", (label) => {
    expect(parseSelected(fromHex(fci(CASH, buildTlv(0x50, fromHex(label)))), "contactless")).not.toHaveProperty("label");
  });
});

describe("getData and readBaseline", () => {
  it.each([
    ["9f79060000000100009000", 10_000],
    ["6a88", undefined],
    ["9f7906000000010a009000", undefined],
    ["9f7905000001000 09000".replace(" ", ""), undefined],
    ["9f360200019000", undefined],
    ["9000", undefined],
  ])("%s gives %s", async (answer, expected) => {
    const { balance } = await readBaseline(new ScriptedChannel([["80ca9f7900", answer]]), ["balance"], LIMITS);
    expect(balance).toBe(expected);
  });
  it("asks for everything in order, and leaves out what is refused", async () => {
    const channel = new ScriptedChannel([
      ["80ca9f7900", "9f79060000000100009000"],
      ["80ca9f3600", "9f360200079000"],
      ["80ca9f7700", "9f77060000001000009000"],
      ["80ca9f7800", "6a88"],
      ["80ca9f6d00", "9f6d060000000000009000"],
      ["80ca9f5d00", "9f5d060000000090009000"],
      ["80ca9f1700", "9f1701039000"],
    ]);
    expect(await readBaseline(channel, BASELINE_ALL, LIMITS)).toEqual({
      balance: 10_000,
      atc: 7,
      balanceLimit: 100_000,
      resetThreshold: 0,
      available: 9_000,
      pinTriesLeft: 3,
    });
    expect(channel.done).toBe(true);
  });
  it.each([0, 0x10000])("asserts against a tag of %i", async (tag) => {
    await expect(getData(new ScriptedChannel([]), tag, LIMITS)).rejects.toThrowError("a tag of two bytes");
  });
});

const CONTEXT = {
  terminal: TEST_TERMINAL,
  terms: TEST_TERMS,
  profile: DEFAULT_CARD_PROFILE,
  selected: { kind: "ok" as const, applicationId: CASH, interface: "contactless" as const, dataWanted: [{ tag: 0x9f66, length: 4 }], fci: new Uint8Array(0) },
};
const OPTIONS = buildTlv(0x77, [
  buildTlv(0x82, fromHex("2000")),
  buildTlv(0x94, fromHex("0801010028010100")),
  buildTlv(0x9f36, fromHex("0007")),
  buildTlv(0x9f26, fromHex("0102030405060708")),
  buildTlv(0x9f10, fromHex("0701010390000001")),
]);
const GPO = "80a8000006830429000080 00".replace(" ", "");

describe("beginTransaction", () => {
  it("sends the values of the card's list, and reads what was decided", async () => {
    const answer = await beginTransaction(new ScriptedChannel([[GPO, `${toHex(OPTIONS)}9000`]]), CONTEXT, LIMITS);
    expect(answer).toMatchObject({ kind: "ok", path: "quick", decision: "TC", atc: 7, records: [{ sfi: 1 }, { sfi: 5 }] });
    expect(answer.kind === "ok" && toHex(answer.sent.get(0x9f66) ?? new Uint8Array(0))).toBe("29000080");
  });
  it("sends an empty template to a card that wants nothing", async () => {
    const selectedCard = { ...CONTEXT.selected, dataWanted: [] };
    expect(await beginTransaction(new ScriptedChannel([["80a8000002830000", "6985"]]), { ...CONTEXT, selected: selectedCard }, LIMITS)).toEqual({
      kind: "refused",
      statusWord: 0x6985,
    });
  });
  it("uses two length bytes for long values", async () => {
    const selectedCard = { ...CONTEXT.selected, dataWanted: [{ tag: 0x9f4e, length: 200 }] };
    expect(await beginTransaction(new ScriptedChannel([["80a80000cb8381c8*", "6700"]]), { ...CONTEXT, selected: selectedCard }, LIMITS)).toMatchObject({
      statusWord: 0x6700,
    });
  });
  it("selects again, once, for a card that wants this first", async () => {
    let times = 0;
    const selectAgain = async () => {
      times += 1;
    };
    const steps: Steps = [
      [GPO, "6985"],
      [GPO, "6985"],
    ];
    expect(await beginTransaction(new ScriptedChannel(steps), { ...CONTEXT, selectAgain }, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6985 });
    expect(times).toBe(1);
  });
  it("has no effect on money, even where its answer has no form", async () => {
    await expect(beginTransaction(new ScriptedChannel([[GPO, "77009000"]]), CONTEXT, LIMITS)).rejects.toMatchObject({
      code: "card-answer-malformed",
      effectUnknown: false,
    });
  });
});

describe("parseProcessingOptions", () => {
  const quick = (change: (tag: number) => string | undefined) => {
    const items: readonly (readonly [number, string])[] = [
      [0x82, "2000"],
      [0x94, "0801010028010100"],
      [0x9f36, "0007"],
      [0x9f26, "0102030405060708"],
      [0x9f10, "0701010390000001"],
    ];
    return buildTlv(
      0x77,
      items.flatMap(([tag, hex]) => {
        const value = change(tag) ?? hex;
        return value === "-" ? [] : [buildTlv(tag, fromHex(value))];
      }),
    );
  };
  const parse = (bytes: Uint8Array) => parseProcessingOptions(bytes, new Map());

  it.each<readonly [string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["another template", buildTlv(0x70, [])],
    ["two templates", concat(OPTIONS, OPTIONS)],
    ["no profile", quick((tag) => (tag === 0x82 ? "-" : undefined))],
    ["a profile of one byte", quick((tag) => (tag === 0x82 ? "20" : undefined))],
    ["a wrong locator", quick((tag) => (tag === 0x94 ? "08" : undefined))],
    ["an approval without records", quick((tag) => (tag === 0x94 ? "-" : undefined))],
    ["no counter", quick((tag) => (tag === 0x9f36 ? "-" : undefined))],
    ["a counter of one byte", quick((tag) => (tag === 0x9f36 ? "07" : undefined))],
    ["a short cryptogram", quick((tag) => (tag === 0x9f26 ? "01020304050607" : undefined))],
    ["a cryptogram without issuer data", quick((tag) => (tag === 0x9f10 ? "-" : undefined))],
    ["issuer data without a form", quick((tag) => (tag === 0x9f10 ? "00" : undefined))],
    ["the short form with one byte", buildTlv(0x80, fromHex("20"))],
    ["the short form without records", buildTlv(0x80, fromHex("2000"))],
    ["two different profiles", buildTlv(0x77, [buildTlv(0x82, fromHex("2000")), buildTlv(0x82, fromHex("4000"))])],
  ])("has no meaning for %s", (_name, bytes) => expect(parse(bytes)).toBeUndefined());

  it("reads a refusal without records, and an approval without a cryptogram", () => {
    expect(parse(quick((tag) => (tag === 0x94 ? "-" : tag === 0x9f10 ? "0701010380000001" : undefined)))).toMatchObject({ decision: "AAC", records: [] });
    expect(parse(quick((tag) => (tag === 0x9f26 ? "-" : undefined)))).toMatchObject({ decision: "TC", atc: 7 });
  });
  it("reads the full path in both forms", () => {
    const full = { path: "full", records: [{ sfi: 1, number: 1 }] };
    expect(parse(buildTlv(0x80, fromHex("7c0008010100")))).toMatchObject(full);
    expect(parse(buildTlv(0x77, [buildTlv(0x82, fromHex("7c00")), buildTlv(0x94, fromHex("08010100"))]))).toMatchObject(full);
  });
  it("answers any damaged bytes", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const parsed = parse(damaged(OPTIONS, seed));
        expect(parsed === undefined || parsed.kind === "ok").toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

function damaged(bytes: Uint8Array, seed: number): Uint8Array {
  return mutations(seed, [bytes]).next().value;
}

const RECORD = (hex: string) => `${toHex(buildTlv(0x70, [fromHex(hex)]))}9000`;
const LAST = { record: { sfi: 5, number: 1, signed: false }, before: NO_RECORDS };

describe("readRecords", () => {
  const names = [
    { sfi: 1, number: 1, signed: false },
    { sfi: 2, number: 1, signed: true },
  ];
  it("gathers data and what certificates cover", async () => {
    const channel = new ScriptedChannel([
      ["00b2010c00", RECORD("5f340101")],
      ["00b2011400", RECORD("5a086299990000000001")],
    ]);
    const answer = await readRecords(channel, names, LIMITS);
    expect(answer).toMatchObject({ kind: "ok", identityRecord: { sfi: 2 } });
    expect(answer.kind === "ok" && toHex(answer.signedBytes)).toBe("5a086299990000000001");
  });
  it("names the record that was refused", async () => {
    expect(await readRecords(new ScriptedChannel([["00b2010c00", "6a83"]]), names, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6a83, record: names[0] });
  });
  it("faults without effect on a record that contradicts another", async () => {
    const channel = new ScriptedChannel([
      ["00b2010c00", RECORD("5f340101")],
      ["00b2011400", RECORD("5f340102")],
    ]);
    await expect(readRecords(channel, names, LIMITS)).rejects.toMatchObject({ code: "card-answer-malformed", effectUnknown: false });
  });
});

describe("readLastRecord", () => {
  it.each([0x6700, 0x6901, 0x6974, 0x6981, 0x6982, 0x6983, 0x6985, 0x6986, 0x6a80, 0x6a81, 0x6a82, 0x6a83, 0x6a86, 0x6b00, 0x6d00, 0x6e00])(
    "is refused by %i",
    async (sw) => {
      expect(await readLastRecord(new ScriptedChannel([["00b2012c00", sw.toString(16)]]), LAST, LIMITS)).toEqual({ kind: "refused", statusWord: sw });
    },
  );
  it.each(["6581", "6400", "6f00", "9301", "6283", "6984"])("leaves open what happened at %s", async (sw) => {
    await expect(readLastRecord(new ScriptedChannel([["00b2012c00", sw]]), LAST, LIMITS)).rejects.toMatchObject({
      code: "card-answer-malformed",
      effectUnknown: true,
    });
  });
  it("leaves open what happened when its answer has no form", async () => {
    await expect(readLastRecord(new ScriptedChannel([["00b2012c00", "71009000"]]), LAST, LIMITS)).rejects.toMatchObject({
      code: "card-answer-malformed",
      effectUnknown: true,
    });
  });
  it("leaves open what happened when its answer was announced and then refused", async () => {
    const steps: Steps = [
      ["00b2012c00", "6110"],
      ["00c0000010", "6985"],
    ];
    await expect(readLastRecord(new ScriptedChannel(steps), LAST, LIMITS)).rejects.toMatchObject({ effectUnknown: true });
  });
  it("asks again with the length that the card names", async () => {
    const steps: Steps = [
      ["00b2012c00", "6c05"],
      ["00b2012c05", RECORD("9f690101")],
    ];
    expect(await readLastRecord(new ScriptedChannel(steps), LAST, LIMITS)).toMatchObject({ kind: "ok" });
  });
});

describe("data", () => {
  it("of files above ten may stand without a template, and then holds nothing that we know", () => {
    expect(addRecord(NO_RECORDS, { sfi: 11, number: 1, signed: true }, fromHex("0102"))).toMatchObject({ data: new Map(), signedBytes: fromHex("0102") });
    expect(addRecord(NO_RECORDS, { sfi: 10, number: 1, signed: true }, fromHex("0102"))).toBeUndefined();
    expect(toHex(addRecord(NO_RECORDS, { sfi: 11, number: 1, signed: true }, fromHex("70035f3400"))?.signedBytes ?? new Uint8Array(0))).toBe("70035f3400");
  });
  it("keeps the first record that named the account", () => {
    const first = addRecord(NO_RECORDS, { sfi: 1, number: 1, signed: false }, buildTlv(0x70, [buildTlv(0x57, fromHex("6299990000000001d40122010000000f"))]));
    const second =
      first === undefined ? undefined : addRecord(first, { sfi: 2, number: 1, signed: false }, buildTlv(0x70, [buildTlv(0x5a, fromHex("6299990000000001"))]));
    expect(second?.identityRecord).toMatchObject({ sfi: 1 });
    expect(second === undefined ? undefined : accountNumberOf(second.data)).toBe("6299990000000001");
  });
  it("joins only what agrees", () => {
    const left = new Map([[0x5a, fromHex("01")]]);
    expect(joinData(left, new Map([[0x5a, fromHex("01")]]))?.size).toBe(1);
    expect(joinData(left, new Map([[0x5a, fromHex("02")]]))).toBeUndefined();
  });
  it.each([
    ["000000012345", 12_345],
    ["0000000123", undefined],
    ["00000001234a", undefined],
  ])("amount %s is %s", (hex, amount) => expect(amountOf(fromHex(hex))).toBe(amount));
  it.each([
    ["261121", "20261121"],
    ["491231", "20491231"],
    ["500101", "19500101"],
    ["2611", undefined],
    ["26112f", undefined],
  ])("day %s is %s", (hex, day) => expect(dayOf(fromHex(hex))).toBe(day));
});

describe("roomForLoad", () => {
  it.each([
    [{ balance: fen(300), balanceLimit: fen(1_000) }, 700],
    [{ balance: fen(1_000), balanceLimit: fen(1_000) }, 0],
    [{ balance: fen(1_001), balanceLimit: fen(1_000) }, 0],
    [{ balance: fen(1) }, undefined],
    [{ balanceLimit: fen(1) }, undefined],
  ])("of %j is %s", (baseline, room) => expect(roomForLoad(baseline)).toBe(room));
});

describe("the terminal's data", () => {
  const sent = (change: object = {}, terms: object = {}) =>
    terminalData({ ...CONTEXT, terminal: { ...TEST_TERMINAL, ...change }, terms: { ...TEST_TERMS, ...terms } });
  it.each([
    [0x9f02, "000000001250"],
    [0x9f03, "000000000000"],
    [0x9f1a, "0156"],
    [0x95, "0000000000"],
    [0x5f2a, "0156"],
    [0x9a, "261121"],
    [0x9f21, "120000"],
    [0x9c, "00"],
    [0x9f37, "a1b2c3d4"],
    [0x9f41, "00000001"],
    [0x9f33, "e0e1c8"],
    [0x9f35, "26"],
    [0x9f1c, toHex(utf8("TEST0001"))],
    [0x9f15, "4111"],
    [0x9f09, "0030"],
    [0x9f7a, "01"],
    [0xdf69, "01"],
    [0xdf60, "00"],
  ])("%i is %s", (tag, hex) => expect(toHex(sent().get(tag) ?? new Uint8Array(0))).toBe(hex));
  it.each([
    ["segment-fare", "01", "01"],
    ["segment-fare", "04", "04"],
    ["pre-authorization", "01", "02"],
    ["completion", "01", "03"],
  ] as const)("the industry indicator of a %s (profile %s) is %s", (industry, df60Segment, hex) => {
    const told = terminalData({ ...CONTEXT, terms: { ...TEST_TERMS, industry }, profile: { df60Segment } });
    expect(toHex(told.get(0xdf60) ?? new Uint8Array(0))).toBe(hex);
  });
  it("says up to which amount electronic cash may be used over contacts", () => {
    expect(toHex(sent({ limits: { cashFen: fen(1_249) } }).get(0x9f7a) ?? new Uint8Array(0))).toBe("00");
    expect(toHex(sent({ limits: { cashFen: fen(1_250) } }).get(0x9f7b) ?? new Uint8Array(0))).toBe("000000001250");
    expect(sent().has(0x9f7b)).toBe(false);
  });
  it("says whether the terminal knows the Chinese algorithms", () =>
    expect(toHex(sent({ chineseAlgorithms: false }).get(0xdf69) ?? new Uint8Array(0))).toBe("00"));
  it.each([
    [{}, "29000080"],
    [{ online: true }, "21000080"],
    [{ signature: true }, "2b000080"],
    [{ signatureVersion: 0 }, "29000000"],
    [{ online: true, limits: { contactlessFloorFen: fen(1_249) } }, "21800080"],
    [{ online: true, limits: { contactlessFloorFen: fen(1_250) } }, "21000080"],
    [{ limits: { contactlessFloorFen: fen(1_249) } }, "29000080"],
    [{ limits: { contactlessVerificationFen: fen(1_250) } }, "29400080"],
    [{ limits: { contactlessVerificationFen: fen(1_251) } }, "29000080"],
  ] as const)("qualifiers with %j are %s", (change, hex) => expect(toHex(qualifiersOf({ ...TEST_TERMINAL, ...change }, TEST_TERMS))).toBe(hex));
  it.each([
    [{ amount: fen(1_000_000_000_000) }, "twelve digits"],
    [{ unpredictableNumber: new Uint8Array(3) }, "four bytes"],
  ])("asserts what fits", (terms, because) => expect(() => sent({}, terms)).toThrowError(because));
  it("asserts that codes are numbers", () => expect(() => sent({ countryCode: "CN" })).toThrowError("three digits"));
});

describe("generateCryptogram", () => {
  const GOOD = "8013400007010203040506070807010103900000019000".replace("8013", "8013");
  const answer = (wanted: "TC" | "ARQC" | "AAC", response: string) => {
    const p1 = { TC: "40", ARQC: "80", AAC: "00" }[wanted];
    return generateCryptogram(new ScriptedChannel([[`80ae${p1}0001aa00`, response]]), { wanted, data: fromHex("aa") }, LIMITS);
  };
  it("reads what was decided", async () => {
    expect(await answer("TC", GOOD)).toMatchObject({ kind: "ok", decision: "TC", atc: 7 });
  });
  it.each(["6985", "6700", "6984"])("is refused by %s", async (sw) => expect(await answer("TC", sw)).toMatchObject({ kind: "refused" }));
  it.each(["6581", "6f00"])("leaves an approval open at %s", async (sw) => {
    await expect(answer("TC", sw)).rejects.toMatchObject({ effectUnknown: true });
  });
  it.each(["ARQC", "AAC"] as const)("leaves nothing open when %s was wanted", async (wanted) => {
    await expect(answer(wanted, "6581")).rejects.toMatchObject({ effectUnknown: false });
    await expect(answer(wanted, "77009000")).rejects.toMatchObject({ effectUnknown: false });
  });
  it.each(["", "7700", "8000", "800a40000701020304050607", "800bc000070102030405060708", "8013400007010203040506070807010103b0000001"])(
    "has no meaning for %j",
    (hex) => {
      expect(parseGenerated(fromHex(hex))).toBeUndefined();
    },
  );
  it("answers any damaged bytes", () => {
    const good = fromHex(GOOD.slice(0, -4));
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const parsed = parseGenerated(damaged(good, seed));
        expect(parsed === undefined || parsed.kind === "ok").toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("signDynamically", () => {
  const known = new Map([[0x9f37, fromHex("a1b2c3d4")]]);
  it.each([
    ["without a list", undefined, "0088000004a1b2c3d400"],
    ["with a list", fromHex("9f3702"), "0088000002a1b200"],
    ["with a list that nobody can read", fromHex("9f"), "0088000004a1b2c3d400"],
  ])("sends what the card wants, %s", async (_name, list, command) => {
    expect(await signDynamically(new ScriptedChannel([[command, "8002aabb9000"]]), { list, known }, LIMITS)).toMatchObject({
      kind: "ok",
      signature: fromHex("aabb"),
    });
  });
  it("reads the form with tags", async () => {
    const tagged = `${toHex(buildTlv(0x77, [buildTlv(0x9f4b, fromHex("aabb"))]))}9000`;
    expect(await signDynamically(new ScriptedChannel([["0088000004a1b2c3d400", tagged]]), { list: undefined, known }, LIMITS)).toMatchObject({
      signature: fromHex("aabb"),
    });
  });
  it("is refused, or faults without effect", async () => {
    expect(await signDynamically(new ScriptedChannel([["0088000004a1b2c3d400", "6985"]]), { list: undefined, known }, LIMITS)).toEqual({
      kind: "refused",
      statusWord: 0x6985,
    });
    await expect(signDynamically(new ScriptedChannel([["0088000004a1b2c3d400", "9000"]]), { list: undefined, known }, LIMITS)).rejects.toMatchObject({
      effectUnknown: false,
    });
  });
});
