/* PIN, blocks and file updates of the purse application: words, counters, secure messaging, and what a tear leaves of them. */
import { fromHex } from "../../../device/base/bytes.ts";
import { openPsam } from "../../../device/card/psam/open.ts";
import { blockApplication, type CommandSigner, moduleSigner, unblockApplication } from "../../../device/card/purse/maintenance.ts";
import type { PurseOptions } from "../../card/purse/make.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { commandMac } from "../../crypto/purse-messages.ts";
import { type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual } from "../expect.ts";
import { type PurseBench, type PurseRow, purseCases } from "../purse-bench.ts";
import { SELECT_ENVIRONMENT, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const PIN = "PBOC purse, VERIFY";
const CHANGE = "PBOC purse, CHANGE PIN";
const RELOAD = "PBOC purse, RELOAD PIN";
const UNBLOCK_PIN = "PBOC purse, PIN UNBLOCK";
const BLOCK = "PBOC purse, APPLICATION BLOCK";
const UNBLOCK = "PBOC purse, APPLICATION UNBLOCK";
const SECURED = "PBOC purse, secure messaging";

export const RIGHT_PIN = "0020000003123456";
export const WRONG_PIN = "0020000003654321";
export const PIN_QUERY = "0020000000";

/** A card with the PIN that the cases know. */
export function purse(options: PurseOptions = {}, algorithm: KeyAlgorithm = "3des"): CardBenchOptions {
  return { card: { algorithm, purse: { pin: "123456", ...options } } };
}

const COMMANDS: readonly ConformanceCase[] = scripted([
  {
    id: "PPN-001",
    spec: PIN,
    title: "wrong PINs are counted down, a right one sets the counter back",
    tags: ["pin", "maintenance"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      [PIN_QUERY, "63c3"],
      [WRONG_PIN, "63c2"],
      [PIN_QUERY, "63c2"],
      [RIGHT_PIN, "9000"],
      [PIN_QUERY, "63c3"],
    ],
  },
  {
    id: "PPN-002",
    spec: PIN,
    title: "three wrong PINs lock the PIN, also for the right one and over a loss of power",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      [WRONG_PIN, "63c2"],
      [WRONG_PIN, "63c1"],
      [WRONG_PIN, "63c0"],
      [RIGHT_PIN, "6983"],
      "reset",
      [SELECT_PURSE, "*9000"],
      [PIN_QUERY, "6983"],
    ],
  },
  {
    id: "PPN-003",
    spec: PIN,
    title: "lengths and parameters that VERIFY does not have are refused without cost",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["002000000112", "6700"],
      ["002000000712345678901234", "6700"],
      ["0020000103123456", "6a86"],
      [PIN_QUERY, "63c3"],
    ],
  },
  {
    id: "PPN-004",
    spec: PIN,
    title: "a card without a PIN says so, and verifies nothing",
    tags: ["pin", "maintenance", "negative"],
    bench: { card: { purse: {} } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [PIN_QUERY, "9000"],
      [RIGHT_PIN, "6985"],
    ],
  },
  {
    id: "PPN-005",
    spec: CHANGE,
    title: "the holder changes the PIN, and the new one holds over a loss of power",
    tags: ["pin", "maintenance"],
    bench: purse(),
    steps: [[SELECT_PURSE, "*9000"], ["805E010007123456FF654321", "9000"], "reset", [SELECT_PURSE, "*9000"], [RIGHT_PIN, "63c2"], [WRONG_PIN, "9000"]],
  },
  {
    id: "PPN-006",
    spec: CHANGE,
    title: "a wrong old PIN counts, and changes nothing",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805E010007123457FF654321", "63c2"],
      ["805E010007123457FF654321", "63c1"],
      ["805E010007123457FF654321", "63c0"],
      ["805E010007123456FF654321", "6983"],
    ],
  },
  {
    id: "PPN-007",
    spec: CHANGE,
    title: "without separator, with letters, in other lengths or parameters it is refused without cost",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805E01000712345600654321", "6a80"],
      ["805E010007123456FF65432A", "6a80"],
      ["805E0100041234FF43", "6700"],
      ["805E010107123456FF654321", "6a86"],
      [PIN_QUERY, "63c3"],
    ],
  },
  {
    id: "PPN-008",
    spec: RELOAD,
    title: "another key and other lengths are refused",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805E0009071234560000000000".slice(0, 24), "6a88"],
      ["805E0001051200000000", "6700"],
      ["805E00010B1234567890123400000000".slice(0, 32), "6700"],
    ],
  },
  {
    id: "PPN-009",
    spec: SECURED,
    title: "a command with a MAC needs a challenge of four bytes of its own",
    tags: ["maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["841E000004DEADBEEF", "6985"],
      ["0084000008", "*9000"],
      ["841E000004DEADBEEF", "6985"],
      ["0084000004", "*9000"],
      [SELECT_ENVIRONMENT, "*9000"],
      [SELECT_PURSE, "*9000"],
      ["841E000004DEADBEEF", "6985"],
    ],
  },
  {
    id: "PPN-010",
    spec: BLOCK,
    title: "other kinds and other lengths of a block are refused",
    tags: ["maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["841E000204DEADBEEF", "6a86"],
      ["841E010004DEADBEEF", "6a86"],
      ["841E000003DEADBE", "6700"],
      ["805C000204", "000027109000"],
    ],
  },
  {
    id: "PPN-011",
    spec: UNBLOCK,
    title: "an application that is not blocked cannot be unblocked",
    tags: ["maintenance", "negative"],
    bench: purse(),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["0084000004", "*9000"],
      ["8418000004DEADBEEF", "6985"],
      ["8418010004DEADBEEF", "6a86"],
      ["8418000003DEADBE", "6700"],
    ],
  },
  {
    id: "PPN-012",
    spec: SECURED,
    title: "files that say so are not written without a MAC",
    tags: ["maintenance", "files", "negative"],
    bench: purse({ transit: "t-union" }),
    steps: [
      [SELECT_PURSE, "*9000"],
      ["00D69600024142", "6982"],
      ["00DC01D40141", "6982"],
      ["04D69600064142DEADBEEF", "6985"],
      ["0084000004", "*9000"],
      ["04D69600064142DEADBEEF", "6988"],
      ["04D6960004DEADBEEF", "6700"],
      ["00B0960002", "00009000"],
    ],
  },
]);

const ALGORITHMS: readonly { readonly algorithm: KeyAlgorithm; readonly macReduce: "left4" | "fold4"; readonly tags: readonly Tag[] }[] = [
  { algorithm: "3des", macReduce: "left4", tags: ["3des"] },
  { algorithm: "sm4", macReduce: "left4", tags: ["sm4", "profile:macReduce=left4"] },
  { algorithm: "sm4", macReduce: "fold4", tags: ["sm4", "profile:macReduce=fold4"] },
];

function inEachAlgorithm(row: Omit<PurseRow, "bench">, options: PurseOptions = {}): readonly PurseRow[] {
  return ALGORITHMS.map(({ algorithm, macReduce, tags }, at) => ({
    ...row,
    id: `${row.id}-${at + 1}`,
    title: `${row.title} (${algorithm}, ${macReduce})`,
    tags: [...row.tags, ...tags],
    bench: { ...purse(options, algorithm), profile: { macReduce, transitAlg: algorithm } },
  }));
}

export async function lockPin(bench: PurseBench): Promise<void> {
  for (const left of [2, 1, 0]) await bench.expect(WRONG_PIN, `63c${left}`);
}

export const block = (bench: PurseBench, p2: "00" | "01", pattern = "9000"): Promise<void> =>
  bench.challenged((challenge) => bench.terminal.securedHex("purse-application", challenge, { head: `841E00${p2}` }), pattern);
const lift = (bench: PurseBench, pattern = "9000"): Promise<void> =>
  bench.challenged((challenge) => bench.terminal.securedHex("purse-application", challenge, { head: "84180000" }), pattern);

/** A signer that has the card's own keys, as a host has. */
function hostSigner(bench: PurseBench): CommandSigner {
  const { algorithm } = bench.card.personalization.purse;
  const rules = { suite: bench.bench.context.suite, algorithm, profile: bench.card.personalization.profile };
  return {
    sign: async ({ challenge, command }) =>
      commandMac(rules, bench.terminal.key("purse-application"), { challenge, header: command.slice(0, 5), data: command.slice(5) }),
  };
}

const WITH_KEYS: readonly ConformanceCase[] = purseCases([
  ...inEachAlgorithm({
    id: "PPN-020",
    spec: RELOAD,
    title: "the issuer reloads a locked PIN",
    tags: ["pin", "maintenance"],
    run: async (bench) => {
      await lockPin(bench);
      await bench.expect(bench.terminal.reloadPinHex("654321"), "9000");
      await bench.expect(WRONG_PIN, "9000");
      await bench.expect(RIGHT_PIN, "63c2");
    },
  }),
  ...inEachAlgorithm({
    id: "PPN-021",
    spec: UNBLOCK_PIN,
    title: "the issuer unlocks a locked PIN with an enciphered one",
    tags: ["pin", "maintenance"],
    run: async (bench) => {
      await lockPin(bench);
      await bench.challenged((challenge) => bench.terminal.unblockPinHex("123456", challenge), "9000");
      await bench.expect(RIGHT_PIN, "9000");
    },
  }),
  ...inEachAlgorithm({
    id: "PPN-022",
    spec: BLOCK,
    title: "a temporary block answers 9303 to everything until it is lifted",
    tags: ["maintenance"],
    run: async (bench) => {
      await block(bench, "00");
      for (const command of [
        "805C000204",
        RIGHT_PIN,
        "00B095001E",
        bench.terminal.selectHex,
        bench.terminal.initializeHex("purchase", { p2: 2, amountFen: 0 }),
      ]) {
        await bench.expect(command, "9303");
      }
      await bench.bench.reset();
      await bench.expect(bench.terminal.selectHex, "9303");
      await lift(bench);
      await bench.reset();
      await bench.sell({ form: "purchase", p2: 2, amountFen: 1 });
    },
  }),
  ...inEachAlgorithm(
    {
      id: "PPN-023",
      spec: SECURED,
      title: "files and records are updated with a right MAC",
      tags: ["maintenance", "files"],
      run: async (bench) => {
        const record = `2702${"66".repeat(126)}`;
        await bench.challenged((challenge) => bench.terminal.securedHex("purse-application", challenge, { head: "04D69602", data: "4142" }), "9000");
        await bench.challenged((challenge) => bench.terminal.securedHex("purse-application", challenge, { head: "04DC27D0", data: record }), "9000");
        await bench.reset();
        await bench.expect("00B0960004", "000041429000");
        await bench.expect("00B201D480", `${record}9000`);
      },
    },
    { transit: "t-union" },
  ),
  {
    id: "PPN-024",
    spec: BLOCK,
    title: "a permanent block cannot be lifted, and leaves the other applications alone",
    tags: ["maintenance", "negative"],
    bench: purse(),
    run: async (bench) => {
      await block(bench, "01");
      await bench.expect("0084000004", "9303");
      await bench.expect("8418000004DEADBEEF", "9303");
      await bench.expect(SELECT_ENVIRONMENT, "*9000");
      await bench.expect(bench.terminal.selectHex, "9303");
    },
  },
  {
    id: "PPN-025",
    spec: BLOCK,
    title: "a temporary block can be made permanent",
    tags: ["maintenance"],
    bench: purse(),
    run: async (bench) => {
      await block(bench, "00");
      await block(bench, "01");
      await bench.bench.reset();
      await bench.expect(bench.terminal.selectHex, "9303");
      await bench.expect("0084000004", "9303");
    },
  },
  {
    id: "PPN-026",
    spec: BLOCK,
    title: "wrong MACs of a block lock no key",
    tags: ["maintenance", "negative"],
    bench: purse(),
    run: async (bench) => {
      for (let tries = 0; tries < 12; tries += 1) await bench.challenged(() => "841E000004DEADBEEF", "6988");
      await block(bench, "00");
    },
  },
  {
    id: "PPN-027",
    spec: UNBLOCK,
    title: "three wrong MACs of an unblock make the block permanent",
    tags: ["maintenance", "negative"],
    bench: purse(),
    run: async (bench) => {
      await block(bench, "00");
      for (let tries = 0; tries < 3; tries += 1) await bench.challenged(() => "8418000004DEADBEEF", "6988");
      await bench.expect("0084000004", "9303");
    },
  },
  {
    id: "PPN-028",
    spec: SECURED,
    title: "a MAC for another challenge, another header or other data is 6988, and a challenge serves once",
    tags: ["maintenance", "negative"],
    bench: purse({ transit: "t-union" }),
    run: async (bench) => {
      const secured = (head: string, data: string) => (challenge: Uint8Array) => bench.terminal.securedHex("purse-application", challenge, { head, data });
      await bench.challenged((challenge) => secured("04D69600", "4142")(challenge.map((byte) => byte ^ 1)), "6988");
      await bench.challenged((challenge) => secured("04D69600", "4142")(challenge).replace("04d69600", "04d69601"), "6988");
      await bench.challenged((challenge) => secured("04D69600", "4142")(challenge).replace("4142", "4143"), "6988");
      const right = secured("04D69600", "4142")(await bench.ok("0084000004"));
      await bench.expect(right, "9000");
      await bench.expect(right, "6985");
    },
  },
  {
    id: "PPN-029",
    spec: RELOAD,
    title: "wrong MACs lock the reload key, and not the PIN",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    run: async (bench) => {
      const wrong = "805E000107654321DEADBEEF";
      for (let tries = 0; tries < 10; tries += 1) await bench.expect(wrong, "9302");
      await bench.expect(wrong, "6983");
      await bench.expect(bench.terminal.reloadPinHex("654321"), "6983");
      await bench.expect(RIGHT_PIN, "9000");
    },
  },
  {
    id: "PPN-030",
    spec: UNBLOCK_PIN,
    title: "wrong MACs lock the unlock key; another key is 6A88, another length 6700",
    tags: ["pin", "maintenance", "negative"],
    bench: purse(),
    run: async (bench) => {
      await bench.challenged((challenge) => bench.terminal.unblockPinHex("123456", challenge, 0x09), "6a88");
      await bench.challenged(() => "8424010004DEADBEEF", "6700");
      const wrong = () => `842401000C${"00".repeat(12)}`;
      for (let tries = 0; tries < 10; tries += 1) await bench.challenged(wrong, "6988");
      await bench.challenged(wrong, "6983");
    },
  },
  {
    id: "PPN-031",
    spec: SECURED,
    title: "updates beyond a file, of the card's own files, of unknown files or in another length are refused",
    tags: ["maintenance", "files", "negative"],
    bench: purse({ transit: "t-union" }),
    run: async (bench) => {
      const update = (head: string, data: string, word: string) =>
        bench.challenged((challenge) => bench.terminal.securedHex("purse-application", challenge, { head, data }), word);
      await update("04D69636", "4142", "6b00");
      await update("04D69500", "41", "6982");
      await update("04D69900", "41", "6a82");
      await update("04D69A00", "41", "6981");
      await update("04D60000", "41", "6986");
      await update("04D6F600", "41", "6a86");
      await update("04DC01D4", "41", "6700");
      await update("04DC05D4", "41", "6a83");
      await update("04DC01C4", "41", "6982");
    },
  },
  {
    id: "PPN-032",
    spec: BLOCK,
    title: "the terminal has a card blocked and unblocked by whoever signs",
    tags: ["maintenance"],
    bench: purse({}, "sm4"),
    run: async (bench) => {
      const signer = hostSigner(bench);
      const channel = await bench.channel();
      expectEqual(await blockApplication(channel, { duration: "temporary", signer }, LIMITS), { kind: "ok" }, "the block");
      await bench.expect("805C000204", "9303");
      expectEqual(await unblockApplication(channel, { signer }, LIMITS), { kind: "ok" }, "the unblock");
      const wrong = { sign: async () => fromHex("DEADBEEF") };
      expectEqual(await blockApplication(channel, { duration: "permanent", signer: wrong }, LIMITS), { kind: "wrong-mac" }, "a wrong MAC");
      expectEqual(await blockApplication(channel, { duration: "permanent", signer }, LIMITS), { kind: "ok" }, "the block for good");
      await bench.expect(bench.terminal.selectHex, "9303");
    },
  },
]);

/** The module of the terminal signs for a transit card, so that a listed card can be blocked at the gate. */
const SIGNED_BY_MODULE: readonly ConformanceCase[] = purseCases(
  (["3des", "sm4"] as const).map((transitAlg) => ({
    id: `PPN-033-${transitAlg}`.toUpperCase(),
    spec: "JT/T 978, PSAM",
    title: `the terminal's module signs the block of a listed card (${transitAlg})`,
    tags: ["maintenance", "transit", "psam", transitAlg, `profile:transitAlg=${transitAlg}`] as const,
    bench: { profile: { transitAlg }, card: { purse: { transit: "t-union" } } },
    run: async (bench: PurseBench) => {
      const psam = await openPsam(bench.bench.samReader, { clock: bench.bench.context.clock, profile: bench.bench.profile }, LIMITS);
      const { issuerHex, serialHex } = bench.card.personalization.purse;
      const factors = [fromHex(serialHex).slice(-8), fromHex(issuerHex)];
      const signer = moduleSigner(psam, { factors, algorithm: transitAlg });
      expectEqual(await blockApplication(await bench.channel(), { duration: "permanent", signer }, LIMITS), { kind: "ok" }, "the block");
      await bench.expect(bench.terminal.selectHex, "9303");
    },
  })),
);

export const PURSE_MAINTENANCE_CASES: readonly ConformanceCase[] = [...COMMANDS, ...WITH_KEYS, ...SIGNED_BY_MODULE];
