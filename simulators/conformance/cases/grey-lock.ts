/* Grey lock: its commands and words, both settings of its lengths, and what a locked card refuses. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { debitForUnlock, greyLock, greyUnlock, initializeGreyLock, initializeGreyUnlock } from "../../../device/card/purse/grey-lock.ts";
import { creditLoad, initializeLoad } from "../../../device/card/purse/load.ts";
import { readGreyState } from "../../../device/card/purse/prove-grey.ts";
import { TEST_PLACE } from "../../card/purse/terminal.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectMatch, fail } from "../expect.ts";
import { type PurseBench, type PurseRow, purseCases } from "../purse-bench.ts";
import { SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const GREY = "PBOC purse, grey lock";
const DEBIT = "PBOC purse, DEBIT FOR UNLOCK";
const UNLOCK = "PBOC purse, GREY UNLOCK";
const LOCK_PROOF = "PBOC purse, GET LOCK PROOF";

const INITIALIZE_LOCK = "E07A080207019901000000010F";
const FREE: CardBenchOptions = { card: { offlineSeq: 7, purse: { greyLock: true, passbook: { balanceFen: 5_000 } } } };
const ZERO_LOCK = `E07C080013${"00".repeat(19)}08`;

const COMMANDS: readonly ConformanceCase[] = scripted([
  {
    id: "GRY-001",
    spec: GREY,
    title: "INITIALIZE FOR GREY LOCK answers as for a purchase, for both books",
    tags: ["grey-lock", "passbook", "sm4"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_LOCK, "00002710 0007 000000 01 03 ........ 9000"],
      ["E07A080107019901000000010F", "00001388 0000 000000 01 03 ........ 9000"],
    ],
  },
  {
    id: "GRY-002",
    spec: GREY,
    title: "a card without the grey lock does not know its class",
    tags: ["grey-lock", "negative"],
    bench: { card: { purse: {} } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_LOCK, "6e00"],
      ["E0CA00001E", "6e00"],
    ],
  },
  {
    id: "GRY-003",
    spec: GREY,
    title: "other parameters, keys, lengths and instructions are refused",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["E07A070207019901000000010F", "6a86"],
      ["E07A080307019901000000010F", "6a86"],
      ["E07A080207029901000000010F", "9403"],
      ["E07A0802060199010000000F", "6700"],
      ["E0FF000000", "6d00"],
      ["E07C070000", "6a86"],
    ],
  },
  {
    id: "GRY-004",
    spec: GREY,
    title: "a lock and an unlock need their INITIALIZE, a debit needs a lock",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      [ZERO_LOCK, "6901"],
      [`E07C09000F${"00".repeat(15)}08`, "6901"],
      [`E07E08021B${"00".repeat(27)}04`, "6985"],
      ["E07A0902070199010000000112", "6985"],
    ],
  },
  {
    id: "GRY-005",
    spec: GREY,
    title: "a wrong MAC1 is 9302, locks nothing and ends the dialogue",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_LOCK, "*9000"],
      [ZERO_LOCK, "9302"],
      [ZERO_LOCK, "6901"],
      ["E0CA00001E", `${"00".repeat(30)}9000`],
      [INITIALIZE_LOCK, "00002710 0007*9000"],
    ],
  },
  {
    id: "GRY-006",
    spec: "PBOC purse, states",
    title: "reading, a purchase and loss of power end an opened lock",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_LOCK, "*9000"],
      ["00B095001E", "*9000"],
      [ZERO_LOCK, "6901"],
      [INITIALIZE_LOCK, "*9000"],
      ["805001020B01000000009901000000010F", "*9000"],
      [ZERO_LOCK, "6901"],
      [INITIALIZE_LOCK, "*9000"],
      "reset",
      [SELECT_PURSE, "*9000"],
      [ZERO_LOCK, "6901"],
    ],
  },
  {
    id: "GRY-007",
    spec: GREY,
    title: "a used-up counter is 9402",
    tags: ["grey-lock", "negative"],
    bench: { card: { offlineSeq: 0xffff, purse: { greyLock: true } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE_LOCK, "9402"],
    ],
  },
  {
    id: "GRY-008",
    spec: "PBOC purse, e-passbook",
    title: "locking a passbook needs its PIN, locking the purse does not",
    tags: ["grey-lock", "passbook", "pin"],
    bench: { card: { purse: { greyLock: true, passbook: { balanceFen: 5_000 }, pin: "123456" } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      ["E07A080107019901000000010F", "6982"],
      [INITIALIZE_LOCK, "*9000"],
      ["0020000003123456", "9000"],
      ["E07A080107019901000000010F", "*9000"],
    ],
  },
  {
    id: "GRY-009",
    spec: LOCK_PROOF,
    title: "a free card says so in zeros; other parameters are refused",
    tags: ["grey-lock", "proof"],
    bench: FREE,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["E0CA00001E", `${"00".repeat(30)}9000`],
      ["E0CA02001E", "6a86"],
      ["E0CA00011E", "6a86"],
    ],
  },
]);

interface GreySetting {
  readonly greyLockLc: "sum" | "manual";
  readonly algorithm: KeyAlgorithm;
  readonly tags: readonly Tag[];
  readonly profile?: CardBenchOptions["profile"];
}

const SETTINGS: readonly GreySetting[] = [
  { greyLockLc: "sum", algorithm: "3des", tags: ["3des", "profile:greyLockLc=sum"] },
  { greyLockLc: "manual", algorithm: "3des", tags: ["3des", "profile:greyLockLc=manual"] },
  { greyLockLc: "sum", algorithm: "sm4", tags: ["sm4", "profile:greyLockLc=sum", "profile:macReduce=left4", "profile:sessionPad=zeros"] },
  { greyLockLc: "manual", algorithm: "sm4", tags: ["sm4", "profile:greyLockLc=manual"] },
  { greyLockLc: "sum", algorithm: "sm4", tags: ["sm4", "profile:greyLockLc=sum", "profile:macReduce=fold4"], profile: { macReduce: "fold4" } },
  { greyLockLc: "sum", algorithm: "sm4", tags: ["sm4", "profile:greyLockLc=sum", "profile:sessionPad=pad80"], profile: { sessionPad: "pad80" } },
  { greyLockLc: "sum", algorithm: "sm4", tags: ["sm4", "profile:greyLockLc=sum", "profile:sm4Diversify=fZeros"], profile: { sm4Diversify: "fZeros" } },
];

function inEverySetting(row: Omit<PurseRow, "bench">): readonly PurseRow[] {
  return SETTINGS.map(({ greyLockLc, algorithm, tags, profile }, at) => ({
    ...row,
    id: `${row.id}-${at + 1}`,
    title: `${row.title} (${tags.join(", ")})`,
    tags: [...row.tags, ...tags],
    bench: { profile: { greyLockLc, ...profile }, card: { algorithm, offlineSeq: 7, purse: { greyLock: true, passbook: { balanceFen: 5_000 } } } },
  }));
}

function inBothLengths(row: Omit<PurseRow, "bench">): readonly PurseRow[] {
  return inEverySetting(row).slice(0, 2);
}

const debitOf = (bench: PurseBench, gmac: Uint8Array, more: { readonly p2?: number; readonly amountFen?: number; readonly cardSeq?: number } = {}) =>
  bench.terminal.greyDebit(gmac, { p2: 2, amountFen: 450, cardSeq: 8, terminalSeq: 901, ...more });

const KEYED: readonly ConformanceCase[] = purseCases([
  ...inEverySetting({
    id: "GRY-020",
    spec: DEBIT,
    title: "a lock takes nothing, outlives a loss of power, and the debit takes what was delivered",
    tags: ["grey-lock"],
    run: async (bench) => {
      const gmac = await bench.lock(2);
      expectEqual([bench.card.balanceFen, bench.card.offlineSeq, bench.card.debits.length], [10_000, 8, 0], "after the lock");
      await bench.reset();
      await bench.play(debitOf(bench, gmac(450)));
      expectEqual([bench.card.balanceFen, bench.card.offlineSeq], [9_550, 9], "after the debit");
      expectMatch(bench.card.debits[0], { purse: "grey-lock", amountFen: 450, terminalSeq: 901, cardSeqBefore: 8 }, "the debit");
      await bench.expect("00B201C417", "0009 000000 000001c2 94 990100000001 20261121 101500 9000");
      await bench.expect(debitOf(bench, gmac(450)).commandHex, "6985");
      await bench.sell({ form: "purchase", p2: 2, amountFen: 1 });
    },
  }),
  ...inEverySetting({
    id: "GRY-021",
    spec: UNLOCK,
    title: "a host unlocks a card whose lock was lost, and takes what it finds owed",
    tags: ["grey-lock"],
    run: async (bench) => {
      await bench.lock(2);
      await bench.reset();
      const unlock = { p2: 2, amountFen: 200 };
      await bench.play(bench.terminal.greyUnlock(await bench.ok(bench.terminal.initializeGreyHex("unlock", 2)), unlock));
      expectEqual([bench.card.balanceFen, bench.card.offlineSeq], [9_800, 8], "balance and offline counter");
      await bench.expect("00B201C417", "0001 000000 000000c8 96 *9000");
      await bench.sell({ form: "purchase", p2: 2, amountFen: 1 });
    },
  }),
  ...inBothLengths({
    id: "GRY-022",
    spec: GREY,
    title: "the passbook is locked and debited under its own types",
    tags: ["grey-lock", "passbook"],
    run: async (bench) => {
      const gmac = await bench.lock(1);
      await bench.play(debitOf(bench, gmac(450), { p2: 1, cardSeq: 1 }));
      expectEqual([bench.passbookFen, bench.card.balanceFen], [4_550, 10_000], "balances");
      await bench.expect("00B201C417", "0002 000000 000001c2 93 *9000");
      await bench.lock(1);
      await bench.play(bench.terminal.greyUnlock(await bench.ok(bench.terminal.initializeGreyHex("unlock", 1)), { p2: 1, amountFen: 0 }));
      await bench.expect("00B201C417", "0001 000000 00000000 95 *9000");
    },
  }),
  ...inBothLengths({
    id: "GRY-023",
    spec: GREY,
    title: "GREY LOCK in the other length is 6700",
    tags: ["grey-lock", "negative"],
    run: async (bench) => {
      await bench.ok(INITIALIZE_LOCK);
      const manual = bench.bench.profile.greyLockLc === "manual";
      await bench.expect(manual ? ZERO_LOCK : `E07C08000B${"00".repeat(11)}08`, "6700");
    },
  }),
  ...inBothLengths({
    id: "GRY-024",
    spec: GREY,
    title: "while it is locked, a card pays and loads nothing else, over a loss of power too",
    tags: ["grey-lock", "negative"],
    run: async (bench) => {
      await bench.lock(2);
      for (const round of ["before", "after"]) {
        for (const command of [
          "805001020B01000000009901000000010F",
          "805001010B01000000009901000000010F",
          "805000020B010000000199010000000110",
          "805000010B010000000199010000000110",
          INITIALIZE_LOCK,
          "E07A080107019901000000010F",
          "E07A0901070199010000000112",
        ]) {
          await bench.expect(command, "6985");
        }
        if (round === "before") await bench.reset();
      }
      await bench.expect("805C000204", "000027109000");
    },
  }),
  {
    id: "GRY-025",
    spec: DEBIT,
    title: "a wrong code, another book, another sequence, another length or too much leave the lock, and the right debit still works",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    run: async (bench) => {
      const gmac = await bench.lock(2);
      await bench.expect(debitOf(bench, gmac(451)).commandHex, "9302");
      await bench.expect(debitOf(bench, gmac(450), { p2: 1 }).commandHex, "6985");
      await bench.expect(debitOf(bench, gmac(450), { cardSeq: 9 }).commandHex, "6a80");
      await bench.expect(debitOf(bench, gmac(10_001), { amountFen: 10_001 }).commandHex, "9401");
      await bench.expect(`E07E080210${"00".repeat(16)}04`, "6700");
      await bench.expect(`E07E09021B${"00".repeat(27)}04`, "6a86");
      await bench.play(debitOf(bench, gmac(450)));
    },
  },
  {
    id: "GRY-026",
    spec: DEBIT,
    title: "a debit names the lock by the lock's own number or by the counter after it",
    tags: ["grey-lock"],
    bench: FREE,
    run: async (bench) => {
      for (const cardSeq of [7, 10]) {
        const gmac = await bench.lock(2);
        await bench.play(debitOf(bench, gmac(1), { amountFen: 1, cardSeq }));
      }
      expectEqual(bench.card.balanceFen, 9_998, "the balance");
    },
  },
  {
    id: "GRY-027",
    spec: DEBIT,
    title: "a debit of nothing gives the card free, and one of everything empties it",
    tags: ["grey-lock"],
    bench: FREE,
    run: async (bench) => {
      for (const [amountFen, left] of [
        [0, 10_000],
        [10_000, 0],
      ] as const) {
        const cardSeq = bench.card.offlineSeq + 1;
        const gmac = await bench.lock(2);
        await bench.play(debitOf(bench, gmac(amountFen), { amountFen, cardSeq }));
        expectEqual(bench.card.balanceFen, left, "the balance");
      }
    },
  },
  {
    id: "GRY-028",
    spec: UNLOCK,
    title: "a MAC2 that is wrong or of an earlier opening, too much and another length leave the lock",
    tags: ["grey-lock", "negative"],
    bench: FREE,
    run: async (bench) => {
      await bench.lock(2);
      const initialize = () => bench.ok(bench.terminal.initializeGreyHex("unlock", 2));
      await initialize();
      await bench.expect(`E07C09000F${"00".repeat(15)}08`, "9302");
      const earlier = bench.terminal.greyUnlock(await initialize(), { p2: 2, amountFen: 1 });
      await initialize();
      await bench.expect(earlier.commandHex, "9302");
      const tooMuch = bench.terminal.greyUnlock(await initialize(), { p2: 2, amountFen: 10_001 });
      await bench.expect(tooMuch.commandHex, "9401");
      await initialize();
      await bench.expect(`E07C09000E${"00".repeat(14)}08`, "6700");
      await bench.expect("E0CA00001E", `01${"..".repeat(29)}9000`);
    },
  },
  ...(["pre", "post"] as const).map(
    (mode): PurseRow => ({
      id: `GRY-029-${mode}`.toUpperCase(),
      spec: "PBOC purse, GET TRANSACTION PROVE",
      title: `lock, debit and unlock are proved by type and sequence, log sequence ${mode}`,
      tags: ["grey-lock", "proof", mode, `profile:logSeqMode=${mode}`],
      bench: { profile: { logSeqMode: mode }, card: { offlineSeq: 7, purse: { greyLock: true } } },
      run: async (bench) => {
        const step = mode === "pre" ? 0 : 1;
        const lock = bench.terminal.greyLock(await bench.ok(INITIALIZE_LOCK), 2);
        await bench.play(lock);
        await bench.reset();
        await bench.expect(bench.terminal.proveHex(0x92, 7 + step), `${lock.expectedHex.slice(8)}${lock.expectedHex.slice(0, 8)}9000`);
        const debit = debitOf(bench, lock.gmac(450));
        await bench.play(debit);
        await bench.reset();
        await bench.expect(bench.terminal.proveHex(0x94, 8 + step), `........${debit.expectedHex}9000`);
        await bench.expect(bench.terminal.proveHex(0x92, 7 + step), "9406");
        await bench.lock(2);
        const unlock = bench.terminal.greyUnlock(await bench.ok(bench.terminal.initializeGreyHex("unlock", 2)), { p2: 2, amountFen: 1 });
        await bench.play(unlock);
        await bench.expect(bench.terminal.proveHex(0x96, step), `........${unlock.expectedHex.slice(0, 8)}9000`);
      },
    }),
  ),
  {
    id: "GRY-030",
    spec: LOCK_PROOF,
    title: "GET LOCK PROOF tells of a lock, then of its end until that has been read",
    tags: ["grey-lock", "proof"],
    bench: FREE,
    run: async (bench) => {
      const lock = bench.terminal.greyLock(await bench.ok(INITIALIZE_LOCK), 2);
      await bench.play(lock);
      const codes = `${lock.expectedHex.slice(8)}${lock.expectedHex.slice(0, 8)}`;
      await bench.expect("E0CA00001E", `01 92 02 00002710 0007 990100000001 20261121 101500 ${codes} 9000`);
      const debit = debitOf(bench, lock.gmac(450));
      await bench.play(debit);
      await bench.reset();
      await bench.expect("E0CA00001E", `10 94 02 00002710 0008 990100000001 20261121 101500 ........ ${debit.expectedHex} 9000`);
      await bench.expect("E0CA01001E", `${"00".repeat(30)}9000`);
      await bench.expect("E0CA00001E", `${"00".repeat(30)}9000`);
    },
  },
]);

const START = { purse: "e-purse", keyIndex: 1, terminalNumber: fromHex(TEST_PLACE.terminalNumber) } as const;
const WHEN = { date: fromHex(TEST_PLACE.date), time: fromHex(TEST_PLACE.time) };

/** The terminal's own commands, with codes as its module and its host would make them. */
async function lockByTerminal(bench: PurseBench): Promise<(amountFen: number) => Uint8Array> {
  const { greyLockLc } = bench.bench.profile;
  const channel = await bench.channel();
  const opening = await initializeGreyLock(channel, START, LIMITS);
  if (opening.kind !== "ok") return fail(`the lock is opened, but: ${opening.statusWord.toString(16)}`);
  const raw = new Uint8Array(15);
  new DataView(raw.buffer).setUint32(0, opening.balance);
  new DataView(raw.buffer).setUint16(4, opening.cardSequence);
  raw.set(opening.cardRandom, 11);
  const made = bench.terminal.greyLock(raw, 2);
  const mac1 = fromHex(made.commandHex.slice(-10, -2));
  const answer = await greyLock(channel, { terminalSequence: TEST_PLACE.terminalSeq, terminalRandom: fromHex("A1B2C3D4"), ...WHEN, mac1, greyLockLc }, LIMITS);
  if (answer.kind !== "ok") return fail(`the card is locked, but: ${answer.statusWord.toString(16)}`);
  expectEqual(`${toHex(answer.lockTac)}${toHex(answer.mac2)}`, made.expectedHex, "GTAC and MAC2");
  return made.gmac;
}

const BY_TERMINAL: readonly ConformanceCase[] = purseCases([
  ...inBothLengths({
    id: "GRY-040",
    spec: DEBIT,
    title: "the terminal locks, learns the state, and takes what was delivered",
    tags: ["grey-lock"],
    run: async (bench) => {
      const gmac = await lockByTerminal(bench);
      const channel = await bench.channel();
      expectEqual(await readGreyState(channel, START, LIMITS), { kind: "locked" }, "the state");
      const debit = { ...START, ...WHEN, amount: fen(450), cardSequence: 7, terminalSequence: 901, gmac: gmac(450) };
      const answer = await debitForUnlock(channel, debit, LIMITS);
      expectMatch(answer, { kind: "ok" }, "the debit");
      expectEqual(answer.kind === "ok" ? toHex(answer.tac) : "", bench.card.debits[0]?.tac, "the TAC");
      expectMatch(await readGreyState(channel, START, LIMITS), { kind: "free", balance: 9_550 }, "the state afterwards");
    },
  }),
  ...inBothLengths({
    id: "GRY-041",
    spec: UNLOCK,
    title: "the terminal carries the host's unlock to the card",
    tags: ["grey-lock"],
    run: async (bench) => {
      await lockByTerminal(bench);
      const channel = await bench.channel();
      const opening = await initializeGreyUnlock(channel, START, LIMITS);
      if (opening.kind !== "ok") return fail(`the unlock is opened, but: ${opening.statusWord.toString(16)}`);
      expectMatch(opening, { balance: 10_000, offlineSequence: 8, onlineSequence: 0 }, "the opening");
      const raw = await bench.ok(bench.terminal.initializeGreyHex("unlock", 2));
      const made = bench.terminal.greyUnlock(raw, { p2: 2, amountFen: 200 });
      const mac2 = fromHex(made.commandHex.slice(-10, -2));
      const answer = await greyUnlock(channel, { amount: fen(200), ...WHEN, mac2, greyLockLc: bench.bench.profile.greyLockLc }, LIMITS);
      expectMatch(answer, { kind: "ok" }, "the unlock");
      expectEqual(bench.card.balanceFen, 9_800, "the balance");
    },
  }),
  {
    id: "GRY-042",
    spec: GREY,
    title: "the terminal is told that a locked card takes no load",
    tags: ["grey-lock", "load", "negative"],
    bench: FREE,
    run: async (bench) => {
      const start = { ...START, amount: fen(100) };
      const channel = await bench.channel();
      expectMatch(await initializeLoad(channel, start, LIMITS), { kind: "ok" }, "before the lock");
      await bench.lock(2);
      expectEqual(await initializeLoad(channel, start, LIMITS), { kind: "refused", statusWord: 0x6985 }, "while it is locked");
      expectEqual(await creditLoad(channel, { ...WHEN, mac2: new Uint8Array(4) }, LIMITS), { kind: "refused", statusWord: 0x6901 }, "a credit all the same");
    },
  },
]);

export const GREY_LOCK_CASES: readonly ConformanceCase[] = [...COMMANDS, ...KEYED, ...BY_TERMINAL];
