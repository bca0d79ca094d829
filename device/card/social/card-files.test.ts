/* The whole file tree against an independently written card: what opens by which key or PIN, and what is written under which. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { ScriptedChannel } from "../testing.ts";
import { CardFiles, CYCLIC_RECORDS_MAX, type ItemAddress, parseSpecialSettlement, readFileItems } from "./card-files.ts";
import { fileDefinition, itemDefinition, messageKey, readAccess, SOCIAL_FILES } from "./file-table.ts";
import { NATIONAL_KEYS } from "./keys.ts";
import { NO_KEYS, socialBench } from "./testing.ts";

const HOLDER_NAME: ItemAddress = { directory: "ssse", file: 0x06, tag: 0x09 };
const INSURED_PLACE: ItemAddress = { directory: "df04", file: 0x05, tag: 0x84 };
const OFFLINE_COUNT: ItemAddress = { directory: "df04", file: 0x06, tag: 0x93 };
const UNEMPLOYMENT: ItemAddress = { directory: "df03", file: 0x05, tag: 0x20 };
const PENSION: ItemAddress = { directory: "df03", file: 0x06, tag: 0x20 };
const HOUSEHOLD: ItemAddress = { directory: "df01", file: 0x05, tag: 0x20 };

describe("reading items", () => {
  it.each(["sm4", "3des"] as const)("opens each file by its own key, in any order: %s", async (algorithm) => {
    const bench = await socialBench({ card: { algorithm } });
    const readings = await bench.run(
      readFileItems(bench.channel, bench.contextOf(), [HOLDER_NAME, UNEMPLOYMENT, PENSION, INSURED_PLACE, HOLDER_NAME, HOUSEHOLD]),
    );
    expect(readings.map(({ kind }) => kind)).toEqual(["ok", "ok", "ok", "ok", "ok", "ok"]);
    const [name, , , place] = readings;
    if (place?.kind === "ok") expect(toHex(place.value)).toBe("990100");
    if (name?.kind === "ok") expect(name.value).toHaveLength(0x1e);
  });

  it("proves a key once for many items of a file, and again after another directory", async () => {
    const bench = await socialBench();
    const proofs: string[] = [];
    bench.cardReader.setFate(({ command }) => {
      if (command[1] === 0x82) proofs.push(toHex(command.subarray(3, 4)));
      return { kind: "ok" };
    });
    const files = bench.files();
    for (const tag of [0x08, 0x09, 0x0a]) expect(await bench.run(files.readItem({ ...HOLDER_NAME, tag }))).toMatchObject({ kind: "ok" });
    expect(proofs).toEqual(["0a"]);
    await bench.run(files.readItem(UNEMPLOYMENT));
    await bench.run(files.readItem(HOLDER_NAME));
    expect(proofs).toEqual(["0a", "8b", "0a"]);
  });

  it("a second-generation card gives the holder's file without a key", async () => {
    const bench = await socialBench({ card: { generation: "2" } });
    expect(await bench.run(bench.files({ keys: NO_KEYS }).readItem(HOLDER_NAME))).toMatchObject({ kind: "ok" });
  });

  it("without the key a file that the PIN opens too waits for the PIN", async () => {
    const bench = await socialBench({ card: { pin: "123456" }, enters: "123456" });
    expect(await bench.run(bench.files({ keys: NO_KEYS }).readItem(INSURED_PLACE))).toEqual({ kind: "no-access", why: "key-missing" });
    expect(bench.holder.asked).toBe(0);
    const files = bench.files({ keys: NO_KEYS, pin: bench.ask });
    expect(await bench.run(files.readItem(INSURED_PLACE))).toMatchObject({ kind: "ok" });
    expect(await bench.run(files.readItem(UNEMPLOYMENT))).toMatchObject({ kind: "ok" });
    expect(bench.holder.asked).toBe(1);
  });

  it("with the key the holder is not asked", async () => {
    const bench = await socialBench({ card: { pin: "123456" }, enters: "123456" });
    expect(await bench.run(bench.files({ pin: bench.ask }).readItem(INSURED_PLACE))).toMatchObject({ kind: "ok" });
    expect(bench.holder.asked).toBe(0);
  });

  it("offline settlement wants PIN and key together", async () => {
    const bench = await socialBench({ card: { pin: "123456" }, enters: "123456" });
    expect(await bench.run(bench.files().readItem(OFFLINE_COUNT))).toEqual({ kind: "no-access", why: "pin-not-allowed" });
    expect(await bench.run(bench.files({ keys: NO_KEYS, pin: bench.ask }).readItem(OFFLINE_COUNT))).toEqual({ kind: "no-access", why: "key-missing" });
    expect(await bench.run(bench.files({ pin: bench.ask }).readItem(OFFLINE_COUNT))).toMatchObject({ kind: "ok" });
  });

  it("a card without a PIN has that condition fulfilled", async () => {
    const bench = await socialBench();
    expect(await bench.run(bench.files().readItem(OFFLINE_COUNT))).toMatchObject({ kind: "ok" });
  });

  it.each([
    ["wrong", "000000", { kind: "no-access", why: "pin-wrong" }],
    ["not entered", undefined, { kind: "no-access", why: "pin-not-entered" }],
  ] as const)("a PIN that is %s opens nothing", async (_name, enters, expected) => {
    const bench = await socialBench({ card: { pin: "123456" }, ...(enters === undefined ? {} : { enters }) });
    expect(await bench.run(bench.files({ keys: NO_KEYS, pin: bench.ask }).readItem(INSURED_PLACE))).toEqual(expected);
  });

  it("a locked PIN is not asked for", async () => {
    const bench = await socialBench({ card: { pin: "123456" }, enters: "000000" });
    for (const why of ["pin-wrong", "pin-wrong", "pin-locked", "pin-locked"]) {
      expect(await bench.run(bench.files({ keys: NO_KEYS, pin: bench.ask }).readItem(INSURED_PLACE))).toEqual({ kind: "no-access", why });
    }
    expect(bench.holder.asked).toBe(3);
  });

  it("one wrong PIN is not asked for again at each further item", async () => {
    const bench = await socialBench({ card: { pin: "123456" }, enters: "000000" });
    const readings = await bench.run(
      readFileItems(bench.channel, bench.contextOf({ keys: NO_KEYS, pin: bench.ask }), [INSURED_PLACE, OFFLINE_COUNT, UNEMPLOYMENT]),
    );
    expect(readings).toEqual(readings.map(() => ({ kind: "no-access", why: "pin-wrong" })));
    expect(bench.holder.asked).toBe(1);
  });

  it.each([
    ["a tag that is not there", { ...INSURED_PLACE, tag: 0x01 }, { kind: "absent" }],
    ["a file that no text names", { directory: "df04", file: 0x09, tag: 1 }, { kind: "no-access", why: "file-unknown" }],
    ["a transparent file as records", { directory: "ssse", file: 0x08, tag: 1 }, { kind: "no-access", why: "file-unknown" }],
  ] as const)("%s", async (_name, address, expected) => {
    const bench = await socialBench();
    expect(await bench.run(bench.files().readItem(address))).toEqual(expected);
  });

  it("a directory that the card has not, or that is blocked, is said to be so", async () => {
    const select = "00A4040006D1560000050400";
    const bench = await socialBench();
    const read = (answer: string) =>
      new CardFiles(new ScriptedChannel([[select, answer]]), bench.contextOf()).readItem({ directory: "df07", file: 0x05, tag: 0x20 });
    expect(await read("6a82")).toEqual({ kind: "no-access", why: "directory-not-there" });
    expect(await read("9303")).toEqual({ kind: "no-access", why: "directory-blocked" });
    expect(await read("6985")).toEqual({ kind: "no-access", why: "directory-not-there", statusWord: 0x6985 });
  });

  it("a proof that the card does not take is told with its word, and not tried again by itself", async () => {
    const bench = await socialBench();
    const channel = new ScriptedChannel([
      ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "9000"],
      ["0084000008", "11223344556677889000"],
      ["0084000008", "99AABBCCDDEEFF009000"],
      ["0082000A10*", "63c4"],
    ]);
    const files = new CardFiles(channel, bench.contextOf());
    const refused = { kind: "no-access", why: "proof-refused", statusWord: 0x63c4 };
    expect(await bench.run(files.readItem(HOLDER_NAME))).toEqual(refused);
    expect(await bench.run(files.readItem(HOLDER_NAME))).toEqual(refused);
    expect(channel.done).toBe(true);
  });

  it("a card that gives no challenge is not given a proof", async () => {
    const bench = await socialBench();
    const channel = new ScriptedChannel([
      ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "9000"],
      ["0084000008", "6d00"],
    ]);
    expect(await bench.run(new CardFiles(channel, bench.contextOf()).readItem(HOLDER_NAME))).toMatchObject({ why: "proof-refused", statusWord: 0x6d00 });
  });

  it("what fails at the module is no refusal of the card", async () => {
    const bench = await socialBench();
    bench.samReader.loseReader();
    await expect(bench.run(bench.files().readItem(UNEMPLOYMENT))).rejects.toMatchObject({ effectUnknown: false });
  });
});

describe("photo and fingerprint", () => {
  it("are read in parts to their end", async () => {
    const bench = await socialBench();
    const photo = await bench.run(bench.files().readContent({ directory: "ssse", file: 0x08 }));
    expect(photo.kind).toBe("ok");
    if (photo.kind !== "ok") return;
    expect(photo.content).toHaveLength(0x1000);
    // The simulated card makes its picture up: byte n is 7 n + EF08, cut to a byte.
    expect(photo.content.every((byte, at) => byte === ((at * 7 + 0xef08) & 0xff))).toBe(true);
    const fingerprint = await bench.run(bench.files().readContent({ directory: "ssse", file: 0x07 }));
    expect(fingerprint.kind === "ok" && fingerprint.content.length).toBe(0x300);
  });

  it("a free transparent file needs no key", async () => {
    const bench = await socialBench();
    expect(await bench.run(bench.files({ keys: NO_KEYS }).readContent({ directory: "df01", file: 0x16 }))).toMatchObject({ kind: "ok" });
  });

  const open = [
    ["00A4040006D1560000050000", "9000"],
    ["00A4020002EF1600", "9000"],
  ] as const;
  const full = "ab".repeat(0xf0);
  const read = async (steps: readonly (readonly [string, string])[]) => {
    const bench = await socialBench();
    return new CardFiles(new ScriptedChannel([...open, ...steps]), bench.contextOf()).readContent({ directory: "df01", file: 0x16 });
  };

  it.each([
    ["shorter than asked", [["00B00000F0", "01029000"]], "0102"],
    ["with the warning of the end", [["00B00000F0", "01026282"]], "0102"],
    [
      "exactly one part, then beyond",
      [
        ["00B00000F0", `${full}9000`],
        ["00B000F0F0", "6b00"],
      ],
      full,
    ],
    [
      "exactly one part, then nothing",
      [
        ["00B00000F0", `${full}9000`],
        ["00B000F0F0", "9000"],
      ],
      full,
    ],
    [
      "two parts",
      [
        ["00B00000F0", `${full}9000`],
        ["00B000F0F0", "cd9000"],
      ],
      `${full}cd`,
    ],
  ] as const)("ends where the card ends it: %s", async (_name, steps, hex) => {
    const content = await read(steps);
    expect(content.kind === "ok" ? toHex(content.content) : content).toBe(hex);
  });

  it.each(["6b00", "6982", "6281"])("%s at the beginning is a refusal", async (answer) => {
    expect(await read([["00B00000F0", answer]])).toEqual({ kind: "refused", statusWord: Number.parseInt(answer, 16) });
  });

  it("a file that cannot be selected is a refusal", async () => {
    const bench = await socialBench();
    const channel = new ScriptedChannel([open[0], ["00A4020002EF1600", "6a82"]]);
    const content = new CardFiles(channel, bench.contextOf()).readContent({ directory: "df01", file: 0x16 });
    expect(await content).toEqual({ kind: "refused", statusWord: 0x6a82 });
  });

  it("an endless file ends after its bound", async () => {
    const parts = Array.from({ length: 32 }, (_, at) => {
      const offset = (at * 0xf0).toString(16).padStart(4, "0");
      return [`00B0${offset}F0`, `${full}9000`] as const;
    });
    const content = await read(parts);
    expect(content.kind === "ok" && content.content.length).toBe(32 * 0xf0);
  });
});

describe("cyclic files", () => {
  it("are read from the newest to the oldest", async () => {
    const bench = await socialBench();
    const files = bench.files();
    const address = { directory: "df04", file: 0x15 } as const;
    const before = await bench.run(files.readCyclic(address));
    const count = before.kind === "ok" ? before.records.length : -1;
    for (const record of ["000131", "000232"]) expect(await bench.run(files.appendRecord(address, fromHex(record)))).toEqual({ kind: "ok" });
    const records = await bench.run(files.readCyclic(address));
    expect(records.kind === "ok" && records.records.slice(0, 2).map(toHex)).toEqual(["000232", "000131"]);
    expect(records.kind === "ok" && records.records.length).toBe(count + 2);
    if (records.kind === "ok") expect(parseSpecialSettlement(records.records[0] ?? fromHex(""))).toEqual({ sequence: 2, category: "2" });
  });

  it("a refusal in the middle is the answer", async () => {
    const bench = await socialBench();
    const channel = new ScriptedChannel([
      ["00A4040006D1560000050300", "9000"],
      ["0020000000", "9000"],
      ["00B2014400", "01029000"],
      ["00B2024400", "6982"],
    ]);
    expect(await new CardFiles(channel, bench.contextOf()).readCyclic({ directory: "df04", file: 0x08 })).toEqual({ kind: "refused", statusWord: 0x6982 });
  });

  it("an endless log ends after its bound", async () => {
    const bench = await socialBench();
    const records = Array.from({ length: CYCLIC_RECORDS_MAX }, (_, at) => [`00B2${(at + 1).toString(16).padStart(2, "0")}4400`, "019000"] as const);
    const channel = new ScriptedChannel([["00A4040006D1560000050300", "9000"], ["0020000000", "9000"], ...records]);
    const read = await new CardFiles(channel, bench.contextOf()).readCyclic({ directory: "df04", file: 0x08 });
    expect(read.kind === "ok" && read.records.length).toBe(CYCLIC_RECORDS_MAX);
  });

  it("cannot be written item by item, nor other files as a whole", async () => {
    const bench = await socialBench();
    const refused = { kind: "no-access", why: "file-unknown" };
    expect(await bench.run(bench.files().updateItem({ directory: "df04", file: 0x15, tag: 1 }, fromHex("00")))).toEqual(refused);
    expect(await bench.run(bench.files().appendRecord({ directory: "df04", file: 0x05 }, fromHex("00")))).toEqual(refused);
    expect(await bench.run(bench.files().appendRecord({ directory: "df04", file: 0x08 }, fromHex("00")))).toEqual(refused);
  });
});

describe("writing items", () => {
  it.each(["sm4", "3des"] as const)("by the module's own update key: %s", async (algorithm) => {
    const bench = await socialBench({ card: { algorithm } });
    const files = bench.files();
    expect(await bench.run(files.updateItem(OFFLINE_COUNT, fromHex("0007")))).toEqual({ kind: "ok" });
    const read = await bench.run(files.readItem(OFFLINE_COUNT));
    expect(read.kind === "ok" && toHex(read.value)).toBe("0007");
    expect(bench.host.asked).toEqual([]);
  });

  it.each(["sm4", "3des"] as const)("by a key that only the host has: %s", async (algorithm) => {
    const bench = await socialBench({ card: { algorithm } });
    const files = bench.files();
    const address = { directory: "df04", file: 0x05, tag: 0x8f } as const;
    expect(await bench.run(files.updateItem(address, utf8("2")))).toEqual({ kind: "ok" });
    expect(bench.host.asked).toEqual(["0104"]);
    const read = await bench.run(files.readItem(address));
    expect(read.kind === "ok" && toHex(read.value)).toBe("32");
  });

  it("fills a short value up to its field", async () => {
    const bench = await socialBench();
    const files = bench.files();
    expect(await bench.run(files.updateItem({ ...HOLDER_NAME, tag: 0x4e }, utf8("AB")))).toEqual({ kind: "ok" });
    const read = await bench.run(files.readItem({ ...HOLDER_NAME, tag: 0x4e }));
    expect(read.kind === "ok" && toHex(read.value)).toBe(`4142${"00".repeat(0x12)}`);
    expect(await bench.run(files.updateItem(OFFLINE_COUNT, fromHex("12")))).toEqual({ kind: "ok" });
    const count = await bench.run(files.readItem(OFFLINE_COUNT));
    expect(count.kind === "ok" && toHex(count.value)).toBe("12ff");
  });

  it("a value longer than its field is our own mistake", async () => {
    const bench = await socialBench();
    await expect(bench.run(bench.files().updateItem(OFFLINE_COUNT, fromHex("000001")))).rejects.toThrow("fits its field");
  });

  it("an item that the table does not know is written as it is", async () => {
    const bench = await socialBench();
    const files = bench.files();
    expect(await bench.run(files.updateItem({ ...HOUSEHOLD, tag: 0x21 }, fromHex("20210101")))).toEqual({ kind: "ok" });
    const read = await bench.run(files.readItem({ ...HOUSEHOLD, tag: 0x21 }));
    expect(read.kind === "ok" && toHex(read.value)).toBe("20210101");
  });

  it("without the key nothing is sent", async () => {
    const bench = await socialBench();
    expect(await bench.run(bench.files({ keys: NO_KEYS }).updateItem(OFFLINE_COUNT, fromHex("0007")))).toEqual({ kind: "no-access", why: "key-missing" });
    const noNumber = { ...NATIONAL_KEYS, "uk2-df04": {} };
    expect(await bench.run(bench.files({ keyTable: noNumber }).updateItem(OFFLINE_COUNT, fromHex("0007")))).toMatchObject({ why: "key-missing" });
  });

  it.each([
    ["before", "0000"],
    ["during", "0000"],
    ["after", "0007"],
  ] as const)("torn %s the commit leaves the effect unknown, and the item as the card has it", async (at, expected) => {
    const bench = await socialBench();
    bench.cardReader.setFate(({ command }) => (command[0] === 0x04 ? { kind: "tear", at } : { kind: "ok" }));
    await expect(bench.run(bench.files().updateItem(OFFLINE_COUNT, fromHex("0007")))).rejects.toMatchObject({ code: "card-removed", effectUnknown: true });
    bench.cardReader.setFate(() => ({ kind: "ok" }));
    bench.cardReader.insert(bench.card);
    const read = await bench.run(new CardFiles(await bench.again(), bench.contextOf()).readItem(OFFLINE_COUNT));
    expect(read.kind === "ok" && toHex(read.value)).toBe(expected);
  });

  it("an altered MAC changes nothing", async () => {
    const bench = await socialBench();
    const keys = { ...bench.keys, commandMac: async () => fromHex("00000000") };
    expect(await bench.run(bench.files({ keys }).updateItem(OFFLINE_COUNT, fromHex("0007")))).toEqual({ kind: "refused", statusWord: 0x6988 });
    const read = await bench.run(bench.files().readItem(OFFLINE_COUNT));
    expect(read.kind === "ok" && toHex(read.value)).toBe("0000");
  });
});

describe("the file table", () => {
  it("names each file once, each item of it once, and only keys of its directory", () => {
    const names = SOCIAL_FILES.map(({ directory, file }) => `${directory}/${file}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { directory, items, read, update } of SOCIAL_FILES) {
      expect(new Set(items.map(({ tag }) => tag)).size).toBe(items.length);
      const keys = [...("key" in read ? [read.key] : []), ...(update === undefined ? [] : [update])];
      for (const key of keys) expect(key.endsWith(directory)).toBe(true);
    }
  });

  it.each([
    ["ssse", 0x05, 0x01, "cn", 0x10],
    ["ssse", 0x06, 0x4e, "an", 0x14],
    ["df04", 0x05, 0x8b, "an", 0x1d],
    ["df04", 0x06, 0x92, "cn", 4],
  ] as const)("%s/%i tag %i is %s of %i bytes", (directory, file, tag, type, length) => {
    expect(itemDefinition(directory, file, tag)).toMatchObject({ type, length });
  });

  it.each([
    ["ssse", 0x05, 3, "nothing"],
    ["ssse", 0x06, 3, "key"],
    ["ssse", 0x06, 2, "nothing"],
    ["ssse", 0x06, 1, "nothing"],
    ["ssse", 0x08, 2, "key"],
    ["df01", 0x16, 3, "nothing"],
    ["df02", 0x05, 3, "pin-or-key"],
    ["df03", 0x05, 3, "pin-or-key"],
    ["df04", 0x05, 3, "pin-or-key"],
    ["df04", 0x06, 3, "pin-and-key"],
    ["df04", 0x08, 3, "pin"],
    ["df07", 0x06, 3, "key"],
  ] as const)("%s/%i on generation %i needs %s", (directory, file, generation, needs) => {
    const definition = fileDefinition(directory, file);
    expect(definition && readAccess(definition, generation).needs).toBe(needs);
  });

  it.each([
    ["ssse", "stk-ssse"],
    ["df01", "stk-df01"],
    ["df04", "stk-df04"],
    ["df07", "stk-ssse"],
  ] as const)("messages of %s are signed by %s", (directory, key) => {
    expect(messageKey(directory)).toBe(key);
  });
});

describe("special medical settlement", () => {
  it.each([
    ["000131", { sequence: 1, category: "1" }],
    ["ffff39", { sequence: 0xffff, category: "9" }],
    ["000130", undefined],
    ["00013a", undefined],
    ["000000", undefined],
    ["ffffff", undefined],
    ["0001", undefined],
    ["00013100", undefined],
  ])("%s", (hex, expected) => {
    expect(parseSpecialSettlement(fromHex(hex))).toEqual(expected);
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => void parseSpecialSettlement(bytes)));
  });
});
