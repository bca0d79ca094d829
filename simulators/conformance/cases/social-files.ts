/* The whole file tree of the social application: who may read and who may write each file, with the terminal's own file table. */
import { EMPTY, fromHex, toHex } from "../../../device/base/bytes.ts";
import type { CardFiles } from "../../../device/card/social/card-files.ts";
import { DIRECTORY_NAMES, type SocialDirectory } from "../../../device/card/social/file-table.ts";
import type { KeyHolder } from "../../../device/card/social/key-holders.ts";
import { sendSecured } from "../../../device/card/social/secure-command.ts";
import { CardBench, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual } from "../expect.ts";
import { scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";
import { filesOf, Issuer, NO_KEYS } from "./social-issuer.ts";

const STRUCTURE = "LD/T 32.5, file structure";
const UPDATE = "LD/T 32.7, UPDATE RECORD";
const PIN = "246813";

type Kind = "records" | "cyclic" | "transparent";
type Opens = "free" | "key" | "pin" | "pin-or-key" | "pin-and-key";
type Row = readonly [directory: SocialDirectory, file: number, kind: Kind, opens: Opens, tag?: number];

/** Spec: LD/T 32.5, file structure. Written down apart from the terminal's table and from the card's. */
const READS: readonly Row[] = [
  ["ssse", 0x05, "records", "free", 0x07],
  ["ssse", 0x06, "records", "key", 0x08],
  ["ssse", 0x07, "transparent", "key"],
  ["ssse", 0x08, "transparent", "key"],
  ["df01", 0x05, "records", "pin-or-key", 0x20],
  ["df01", 0x06, "records", "pin-or-key", 0x20],
  ["df01", 0x07, "records", "pin-or-key", 0x20],
  ["df01", 0x08, "records", "pin-or-key", 0x20],
  ["df01", 0x09, "records", "pin-or-key", 0x20],
  ["df01", 0x0a, "records", "pin-or-key", 0x20],
  ["df01", 0x15, "records", "pin-or-key", 0x20],
  ["df01", 0x16, "transparent", "free"],
  ["df01", 0x1a, "transparent", "free"],
  ["df02", 0x05, "records", "pin-or-key", 0x20],
  ["df02", 0x06, "records", "pin-or-key", 0x20],
  ["df02", 0x07, "cyclic", "pin-or-key"],
  ["df02", 0x09, "records", "pin-or-key", 0x20],
  ["df02", 0x15, "records", "pin-or-key", 0x20],
  ["df02", 0x16, "cyclic", "pin-or-key"],
  ["df03", 0x05, "records", "pin-or-key", 0x20],
  ["df03", 0x06, "records", "pin-or-key", 0x20],
  ["df03", 0x07, "records", "pin-or-key", 0x20],
  ["df03", 0x15, "records", "pin-or-key", 0x20],
  ["df03", 0x16, "records", "pin-or-key", 0x20],
  ["df03", 0x17, "records", "pin-or-key", 0x20],
  ["df03", 0x18, "records", "pin-or-key", 0x20],
  ["df03", 0x19, "records", "pin-or-key", 0x20],
  ["df04", 0x05, "records", "pin-or-key", 0x84],
  ["df04", 0x06, "records", "pin-and-key", 0x92],
  ["df04", 0x08, "cyclic", "pin"],
  ["df04", 0x15, "cyclic", "pin-or-key"],
  ["df07", 0x05, "records", "key", 0x20],
  ["df07", 0x06, "records", "key", 0x20],
  ["df07", 0x07, "records", "key", 0x20],
];

const OPENED_BY: Readonly<Record<Opens, readonly [nothing: boolean, key: boolean, pin: boolean]>> = {
  free: [true, true, true],
  key: [false, true, false],
  pin: [false, false, true],
  "pin-or-key": [false, true, true],
  "pin-and-key": [false, false, false],
};

const place = (directory: SocialDirectory, file: number) => `${directory.toUpperCase()}-${file.toString(16).padStart(2, "0").toUpperCase()}`;

async function read(files: CardFiles, [directory, file, kind, , tag = 0]: Row): Promise<string> {
  if (kind === "records") return (await files.readItem({ directory, file, tag })).kind;
  return (await (kind === "cyclic" ? files.readCyclic({ directory, file }) : files.readContent({ directory, file }))).kind;
}

/** What the card itself says to a reader who has done nothing. */
function askAtOnce([, file, kind, , tag = 1]: Row): string {
  if (kind === "transparent") return `00B0${(0x80 | file).toString(16)}0001`;
  return kind === "records" ? `00B2${tag.toString(16).padStart(2, "0")}${(file << 3).toString(16)}00` : `00B201${((file << 3) | 4).toString(16)}00`;
}

async function expectAccess(context: ConformanceContext, row: Row): Promise<void> {
  const [directory, , kind, opens] = row;
  const bench = new CardBench(context, { card: { pin: PIN } });
  const [nothing, key, pin] = OPENED_BY[opens];
  const kindOf = async (keys: KeyHolder, digits?: string) => {
    const kindRead = await read(await filesOf(bench, keys, digits), row);
    await bench.reset();
    return kindRead;
  };
  await bench.apdu(`00A40400${directory === "ssse" ? "0F" : "06"}${toHex(DIRECTORY_NAMES[directory])}`);
  const empty = kind === "cyclic" && nothing ? "6a83" : "9000";
  expectEqual((await bench.apdu(askAtOnce(row))).slice(-4), nothing ? empty : "6982", "the card's word to a reader who has done nothing");
  await bench.reset();
  expectEqual(await kindOf(NO_KEYS), nothing ? "ok" : "no-access", "without key and PIN");
  expectEqual(await kindOf(new Issuer(bench)), key ? "ok" : "no-access", "with the key alone");
  expectEqual(await kindOf(NO_KEYS, PIN), pin ? "ok" : "no-access", "with the PIN alone");
  expectEqual(await kindOf(new Issuer(bench), PIN), "ok", "with key and PIN");
}

const READ_CASES: readonly ConformanceCase[] = READS.map((row) => ({
  id: `SOC-READ-${place(row[0], row[1])}`,
  spec: STRUCTURE,
  title: `file ${place(row[0], row[1])} opens by ${row[3] === "free" ? "nothing, to everybody" : row[3].replaceAll("-", " ")} and by nothing less`,
  tags: ["files", "social", "authentication", "pin"],
  run: (context) => expectAccess(context, row),
}));

/** Items that are written: file, tag, what is written and what then stands there. */
const WRITES: readonly (readonly [directory: SocialDirectory, file: number, tag: number, value: string, stands: string])[] = [
  ["ssse", 0x05, 0x02, "39", "39"],
  ["ssse", 0x06, 0x0b, "56", "56"],
  ["df01", 0x05, 0x21, "20261121", "20261121"],
  ["df01", 0x06, 0x21, "20261121", "20261121"],
  ["df01", 0x07, 0x21, "20261121", "20261121"],
  ["df01", 0x08, 0x21, "20261121", "20261121"],
  ["df01", 0x09, 0x21, "20261121", "20261121"],
  ["df01", 0x0a, 0x21, "20261121", "20261121"],
  ["df02", 0x05, 0x21, "20261121", "20261121"],
  ["df02", 0x06, 0x21, "20261121", "20261121"],
  ["df02", 0x09, 0x21, "20261121", "20261121"],
  ["df02", 0x15, 0x21, "20261121", "20261121"],
  ["df03", 0x05, 0x21, "20261121", "20261121"],
  ["df03", 0x06, 0x21, "20261121", "20261121"],
  ["df03", 0x07, 0x21, "20261121", "20261121"],
  ["df03", 0x15, 0x21, "20261121", "20261121"],
  ["df03", 0x16, 0x21, "20261121", "20261121"],
  ["df03", 0x17, 0x21, "20261121", "20261121"],
  ["df04", 0x05, 0x8f, "32", "32"],
  ["df04", 0x05, 0x83, "413432", "413432000000000000"],
  ["df04", 0x06, 0x92, "00001234", "00001234"],
  ["df04", 0x06, 0x93, "0002", "0002"],
  ["df07", 0x05, 0x21, "20261121", "20261121"],
  ["df07", 0x06, 0x21, "20261121", "20261121"],
  ["df07", 0x07, 0x21, "20261121", "20261121"],
];

async function expectWritten(
  context: ConformanceContext,
  [directory, file, tag, value, stands]: (typeof WRITES)[number],
  algorithm: "3des" | "sm4",
): Promise<void> {
  const bench = new CardBench(context, { card: { pin: PIN, algorithm } });
  const address = { directory, file, tag };
  const refused = await (await filesOf(bench, NO_KEYS, PIN)).updateItem(address, fromHex(value));
  expectEqual(refused, { kind: "no-access", why: "key-missing" }, "writing without the update key");
  await bench.reset();
  expectEqual(await (await filesOf(bench, new Issuer(bench), PIN)).updateItem(address, fromHex(value)), { kind: "ok" }, "writing with the update key");
  await bench.reset();
  const item = await (await filesOf(bench, new Issuer(bench), PIN)).readItem(address);
  expectEqual(item.kind === "ok" ? toHex(item.value) : item.kind, stands, "the item after a loss of power");
}

const WRITE_CASES: readonly ConformanceCase[] = WRITES.map((row, at) => {
  const [directory, file, tag] = row;
  const algorithm = at % 2 === 0 ? "sm4" : "3des";
  return {
    id: `SOC-WRITE-${place(directory, file)}-${tag.toString(16).padStart(2, "0").toUpperCase()}`,
    spec: UPDATE,
    title: `item ${tag.toString(16).padStart(2, "0")} of ${place(directory, file)} is written by its update key under a MAC, and stays`,
    tags: ["files", "social", "maintenance", algorithm],
    run: (context) => expectWritten(context, row, algorithm),
  };
});

/** Proves UK1 of DF04 to the card, in the clear of this case: what follows is about the update alone. */
async function withUpdateKey(context: ConformanceContext): Promise<{ readonly bench: CardBench; readonly issuer: Issuer }> {
  const bench = new CardBench(context, { card: { pin: PIN } });
  const issuer = new Issuer(bench);
  const written = await (await filesOf(bench, issuer, PIN)).updateItem({ directory: "df04", file: 0x05, tag: 0x8f }, fromHex("31"));
  expectEqual(written, { kind: "ok" }, "an update that changes nothing proves the key");
  return { bench, issuer };
}

/** Commands under the MAC of DF04's maintenance key, with UK1 proved, and the card's refusals. */
const REFUSED: readonly (readonly [id: string, title: string, header: string, data: string, statusWord: number])[] = [
  ["SOC-WRITE-001", "an item with another tag than the addressed one is refused", "04DC8F28", "8E0132", 0x6a80],
  ["SOC-WRITE-002", "an item of another length is refused", "04DC8F28", "8F023232", 0x6a80],
  ["SOC-WRITE-003", "a file gains no item by an update", "04DC9928", "990132", 0x6a83],
  ["SOC-WRITE-004", "a record number beyond the last is refused", "04DC402C", "8F0132", 0x6a83],
  ["SOC-WRITE-005", "an unknown form of addressing is refused", "04DC8F2A", "8F0132", 0x6a86],
  ["SOC-WRITE-006", "a file that is not there is refused", "04DC8F48", "8F0132", 0x6a82],
  ["SOC-WRITE-007", "the key of one file does not open another", "04DC9230", "920400000001", 0x6982],
  ["SOC-WRITE-008", "the transaction log is written by the card alone", "04DC0043", "00".repeat(28), 0x6982],
  ["SOC-WRITE-009", "records are not written as bytes", "04D68500", "00", 0x6981],
  ["SOC-WRITE-010", "an update without data is refused", "04DC8F28", "", 0x6700],
];

const REFUSED_CASES: readonly ConformanceCase[] = REFUSED.map(([id, title, header, data, statusWord]) => ({
  id,
  spec: UPDATE,
  title,
  tags: ["files", "social", "maintenance", "negative"],
  run: async (context) => {
    const { bench, issuer } = await withUpdateKey(context);
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = fromHex(header);
    const answer = await sendSecured(
      await bench.channel(),
      { apdu: { cla, ins, p1, p2, data: data === "" ? EMPTY : fromHex(data) }, key: "stk-df04", signer: issuer },
      LIMITS,
    );
    expectEqual(answer, { kind: "refused", statusWord }, "the card's answer");
    await bench.apdu("0020000003246813");
    expectEqual(await bench.apdu("00B28F2800"), "8f01319000", "the item that stood there");
  },
}));

const MESSAGES: readonly ConformanceCase[] = [
  {
    id: "SOC-WRITE-020",
    spec: "LD/T 32.7, 15",
    title: "a MAC under another directory's key is wrong, and changes nothing",
    tags: ["files", "social", "maintenance", "negative"],
    run: async (context) => {
      const { bench, issuer } = await withUpdateKey(context);
      const apdu = { cla: 0x04, ins: 0xdc, p1: 0x8f, p2: 0x28, data: fromHex("8F0132") };
      expectEqual(
        await sendSecured(await bench.channel(), { apdu, key: "stk-df03", signer: issuer }, LIMITS),
        { kind: "refused", statusWord: 0x6988 },
        "answer",
      );
      expectEqual(await sendSecured(await bench.channel(), { apdu, key: "stk-df04", signer: issuer }, LIMITS), { kind: "ok" }, "the right key");
    },
  },
  {
    id: "SOC-WRITE-021",
    spec: "LD/T 32.7, 15",
    title: "a MAC is good for one challenge only",
    tags: ["files", "social", "maintenance", "negative"],
    run: async (context) => {
      const { bench, issuer } = await withUpdateKey(context);
      const input = fromHex("04DC8F28078F0132");
      const challenge = fromHex((await bench.apdu("0084000008")).slice(0, 16));
      const command = `04DC8F28078F0132${toHex(await issuer.commandMac({ key: "stk-df04", challenge, input }))}`;
      expectEqual(await bench.apdu(command), "9000", "the first time");
      expectEqual(await bench.apdu(command), "6985", "the same again");
      await bench.apdu("0084000008");
      expectEqual(await bench.apdu(command), "6988", "the same under another challenge");
    },
  },
  {
    id: "SOC-WRITE-022",
    spec: UPDATE,
    title: "files of DF04 are not written in the clear, also by whoever has proved the key",
    tags: ["files", "social", "maintenance", "negative"],
    run: async (context) => {
      const { bench } = await withUpdateKey(context);
      expectEqual(await bench.apdu("00DC8F28038F0132"), "6982", "an update without MAC");
    },
  },
];

const FORMS = scripted([
  {
    id: "SOC-SELECT-001",
    spec: "LD/T 32.7, SELECT",
    title: "the beginning of a name finds the directories one after another",
    tags: ["selection", "social"],
    steps: [
      ["00A4040005D15600000500", "6f13 8406 d15600000500 *9000"],
      ["00A4040205D15600000500", "6f13 8406 d15600000501 *9000"],
      ["00A4040205D15600000500", "6f13 8406 d15600000502 *9000"],
      ["00A4040205D15600000500", "6f13 8406 d15600000503 *9000"],
      ["00A4040205D15600000500", "6f13 8406 d15600000504 *9000"],
      ["00A4040205D15600000500", "6a82"],
      ["00A4040005D15600000500", "6f13 8406 d15600000500 *9000"],
    ],
  },
  {
    id: "SOC-SELECT-002",
    spec: "LD/T 32.7, SELECT",
    title: "there is no next directory before there was a first one",
    tags: ["selection", "social", "negative"],
    steps: [["00A4040205D15600000500", "6a82"]],
  },
  {
    id: "SOC-SELECT-003",
    spec: "LD/T 32.7, SELECT",
    title: "the root has neither files nor commands of the application",
    tags: ["selection", "social", "negative"],
    steps: [
      ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "*9000"],
      ["00A40000023F00", "9000"],
      ["00A4020002EF05", "6a82"],
      ["0020000000", "6985"],
      ["0084000008", "*9000"],
    ],
  },
  {
    id: "SOC-CYCLIC-001",
    spec: "LD/T 32.5, DF04",
    title: "an empty cyclic file has no first record",
    tags: ["files", "social"],
    steps: [
      ["00A4040006D1560000050300", "*9000"],
      ["00B201AC00", "6a83"],
      ["00B2014400", "6a83"],
    ],
  },
]);

const CYCLIC: ConformanceCase = {
  id: "SOC-CYCLIC-002",
  spec: "LD/T 32.5, DF04",
  title: "special settlements are kept newest first, the oldest of nine is gone",
  tags: ["files", "social", "maintenance"],
  run: async (context) => {
    const bench = new CardBench(context, { card: { pin: PIN } });
    const issuer = new Issuer(bench);
    const files = await filesOf(bench, issuer, PIN);
    expectEqual(await files.updateItem({ directory: "df04", file: 0x06, tag: 0x93 }, fromHex("0000")), { kind: "ok" }, "the key of both files");
    for (let count = 1; count <= 9; count += 1) {
      const apdu = { cla: 0x04, ins: 0xdc, p1: 0x00, p2: 0xab, data: Uint8Array.of(0, count, 0x31) };
      expectEqual(await sendSecured(await bench.channel(), { apdu, key: "stk-df04", signer: issuer }, LIMITS), { kind: "ok" }, `settlement ${count}`);
    }
    const read = await files.readCyclic({ directory: "df04", file: 0x15 });
    const expected = [9, 8, 7, 6, 5, 4, 3, 2].map((count) => Uint8Array.of(0, count, 0x31));
    expectEqual(read.kind === "ok" ? read.records : read.kind, expected, "the records");
  },
};

export const SOCIAL_FILE_CASES: readonly ConformanceCase[] = [...READ_CASES, ...WRITE_CASES, ...REFUSED_CASES, ...MESSAGES, ...FORMS, CYCLIC];
