/* E-passbook and loads: the second book of a purse, its PIN and overdraft, and money that a host puts on either book. */
import { fen } from "../../../device/base/fen.ts";
import { readOwnMoney } from "../../../device/card/purse/balance.ts";
import { readLog } from "../../../device/card/purse/log.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { type PurseRow, purseCases } from "../purse-bench.ts";
import { SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const INIT = "PBOC purse, INITIALIZE FOR PURCHASE";
const LOAD = "PBOC purse, load";
const BALANCE = "PBOC purse, GET BALANCE";
const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const OVERDRAFT = "PBOC purse, overdraft";

const TWO_BOOKS: CardBenchOptions = { card: { purse: { passbook: { balanceFen: 5_000, offlineSeq: 0x0203, onlineSeq: 0x0405 } } } };
const GUARDED: CardBenchOptions = { card: { purse: { passbook: { balanceFen: 5_000 }, pin: "123456" } } };
const OVERDRAWN: CardBenchOptions = { card: { algorithm: "3des", purse: { passbook: { balanceFen: 5_000, overdraftLimitFen: 2_000 } } } };
const PURCHASE = "805001010B01000001C29901000000010F";
const VERIFY = "0020000003123456";

const COMMANDS: readonly ConformanceCase[] = scripted([
  {
    id: "EPD-001",
    spec: INIT,
    title: "the passbook opens a purchase with its own balance and counter",
    tags: ["passbook", "purchase", "sm4"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      [PURCHASE, "00001388 0203 000000 01 03 ........ 9000"],
      ["805001020B01000001C29901000000010F", "00002710 0000 000000 01 03 ........ 9000"],
    ],
  },
  {
    id: "EPD-002",
    spec: INIT,
    title: "the passbook serves its whole balance and not a fen more",
    tags: ["passbook", "purchase", "negative"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001010B01000013889901000000010F", "00001388*9000"],
      ["805001010B01000013899901000000010F", "9401"],
    ],
  },
  {
    id: "EPD-003",
    spec: INIT,
    title: "an unknown key index, another length and a third book are refused",
    tags: ["passbook", "purchase", "negative"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001010B02000001C29901000000010F", "9403"],
      ["805001010A01000001C299010000000F", "6700"],
      ["805001030B01000001C29901000000010F", "6a86"],
    ],
  },
  {
    id: "EPD-004",
    spec: "PBOC purse, commands",
    title: "cash withdrawal, unload and a change of the overdraft are refused",
    tags: ["passbook", "negative"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805002010B01000000019901000000010F", "6a86"],
      ["805005010B01000000019901000000010F", "6a86"],
      ["805004010B01000000019901000000010F", "6a86"],
    ],
  },
  {
    id: "EPD-005",
    spec: "PBOC purse, commands",
    title: "a card without a passbook knows no P2 01",
    tags: ["passbook", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [PURCHASE, "6a86"],
      ["805000010B010000000199010000000110", "6a86"],
      ["805C000104", "6a86"],
    ],
  },
  {
    id: "EPD-006",
    spec: BALANCE,
    title: "each book tells its own balance",
    tags: ["passbook"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805C000104", "000013889000"],
      ["805C000204", "000027109000"],
      ["805C000304", "6a86"],
    ],
  },
  {
    id: "EPD-007",
    spec: "PBOC purse, e-passbook",
    title: "without its PIN the passbook tells and pays nothing",
    tags: ["passbook", "pin", "negative"],
    bench: GUARDED,
    steps: [
      [SELECT_PURSE, "*9000"],
      [PURCHASE, "6982"],
      ["805000010B010000000199010000000110", "6982"],
      ["805C000104", "6982"],
      ["805C000204", "000027109000"],
    ],
  },
  {
    id: "EPD-008",
    spec: "PBOC purse, e-passbook",
    title: "with its PIN the passbook tells and pays",
    tags: ["passbook", "pin"],
    bench: GUARDED,
    steps: [
      [SELECT_PURSE, "*9000"],
      [VERIFY, "9000"],
      [PURCHASE, "*9000"],
      ["805000010B010000000199010000000110", "*9000"],
      ["805C000104", "000013889000"],
    ],
  },
  {
    id: "EPD-009",
    spec: "PBOC purse, e-passbook",
    title: "a PIN lasts until the power goes",
    tags: ["passbook", "pin", "negative"],
    bench: GUARDED,
    steps: [[SELECT_PURSE, "*9000"], [VERIFY, "9000"], "reset", [SELECT_PURSE, "*9000"], ["805C000104", "6982"]],
  },
  {
    id: "EPD-010",
    spec: "PBOC purse, e-passbook",
    title: "a PIN lasts until another application is selected",
    tags: ["passbook", "pin", "negative"],
    bench: GUARDED,
    steps: [
      [SELECT_PURSE, "*9000"],
      [VERIFY, "9000"],
      ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF00", "*9000"],
      [SELECT_PURSE, "*9000"],
      ["805C000104", "6982"],
    ],
  },
  {
    id: "EPD-011",
    spec: "PBOC purse, e-passbook",
    title: "a wrong PIN after the right one closes the passbook again",
    tags: ["passbook", "pin", "negative"],
    bench: GUARDED,
    steps: [
      [SELECT_PURSE, "*9000"],
      [VERIFY, "9000"],
      ["0020000003654321", "63c2"],
      ["805C000104", "6982"],
    ],
  },
  {
    id: "EPD-012",
    spec: OVERDRAFT,
    title: "the overdraft is part of what may be spent, and INITIALIZE tells it",
    tags: ["passbook", "purchase", "3des"],
    bench: OVERDRAWN,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001010B0100001B589901000000010F", "00001b58 0000 0007d0 01 00 ........ 9000"],
      ["805001010B0100001B599901000000010F", "9401"],
      ["805C000104", "00001b589000"],
      ["805C010104", "000007d09000"],
    ],
  },
  {
    id: "LOD-001",
    spec: LOAD,
    title: "the passbook opens a load with its own balance and counter",
    tags: ["passbook", "load"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000010B010000138899010000000110", "00001388 0405 01 03 ........ ........ 9000"],
    ],
  },
  {
    id: "LOD-002",
    spec: LOAD,
    title: "a load with an unknown key index, another length or other parameters is refused",
    tags: ["load", "negative"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B020000000199010000000110", "9403"],
      ["805000020A0100000001990100000010", "6700"],
      ["805000000B010000000199010000000110", "6a86"],
    ],
  },
  {
    id: "LOD-003",
    spec: LOAD,
    title: "CREDIT of another form is refused and ends the load",
    tags: ["load", "negative"],
    bench: TWO_BOOKS,
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B010000000199010000000110", "*9000"],
      ["805201000B2026112110150000000000 04", "6a86"],
      ["805200000B2026112110150000000000 04", "6901"],
      ["805000020B010000000199010000000110", "*9000"],
      ["805200000A20261121101500000000 04", "6700"],
      ["805200000B2026112110150000000000 04", "6901"],
    ],
  },
  {
    id: "LOD-004",
    spec: LOAD,
    title: "a passbook with a used-up online counter is 9402, its purse is not",
    tags: ["passbook", "load", "negative"],
    bench: { card: { purse: { passbook: { balanceFen: 0, onlineSeq: 0xffff } } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000010B010000000199010000000110", "9402"],
      ["805000020B010000000199010000000110", "*9000"],
    ],
  },
  {
    id: "LOD-005",
    spec: "PBOC purse, states",
    title: "reading a file and loss of power end an opened load",
    tags: ["load", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B010000000199010000000110", "*9000"],
      ["00B095001E", "*9000"],
      ["805200000B2026112110150000000000 04", "6901"],
      ["805000020B010000000199010000000110", "*9000"],
      "reset",
      [SELECT_PURSE, "*9000"],
      ["805200000B2026112110150000000000 04", "6901"],
    ],
  },
]);

const SETTINGS: readonly { readonly algorithm: KeyAlgorithm; readonly tags: readonly Tag[]; readonly profile: CardBenchOptions["profile"] }[] = [
  { algorithm: "3des", tags: ["3des"], profile: {} },
  { algorithm: "sm4", tags: ["sm4", "profile:macReduce=left4", "profile:sessionPad=zeros", "profile:sm4Diversify=fNotF"], profile: {} },
  { algorithm: "sm4", tags: ["sm4", "profile:macReduce=fold4"], profile: { macReduce: "fold4" } },
  { algorithm: "sm4", tags: ["sm4", "profile:sessionPad=pad80"], profile: { sessionPad: "pad80" } },
  { algorithm: "sm4", tags: ["sm4", "profile:sm4Diversify=fZeros"], profile: { sm4Diversify: "fZeros" } },
];

/** The same transaction in every form of the key functions. */
function inEverySetting(row: Omit<PurseRow, "bench">): readonly PurseRow[] {
  return SETTINGS.map(({ algorithm, tags, profile = {} }, at) => ({
    ...row,
    id: `${row.id}-${at + 1}`,
    title: `${row.title} (${tags.join(", ")})`,
    tags: [...row.tags, ...tags],
    bench: { profile, card: { algorithm, purse: { passbook: { balanceFen: 5_000 } } } },
  }));
}

const TRANSACTIONS: readonly ConformanceCase[] = purseCases([
  ...inEverySetting({
    id: "EPD-020",
    spec: "PBOC purse, DEBIT FOR PURCHASE",
    title: "the passbook is debited, with MAC and TAC of its own type",
    tags: ["passbook", "purchase"],
    run: async (bench) => {
      await bench.sell({ form: "purchase", p2: 1, amountFen: 450 });
      expectEqual([bench.passbookFen, bench.card.balanceFen], [4_550, 10_000], "balances");
      expectMatch(bench.card.debits[0], { purse: "e-passbook", amountFen: 450, cardSeqBefore: 0 }, "the debit");
      await bench.expect("00B201C417", `0001 000000 000001c2 05 990100000001 20261121 101500 9000`);
    },
  }),
  ...inEverySetting({
    id: "LOD-020",
    spec: LOAD,
    title: "each book is loaded, with MACs and TAC of its own type",
    tags: ["passbook", "load"],
    run: async (bench) => {
      for (const p2 of [1, 2]) await bench.load({ p2, amountFen: 5_000 });
      expectEqual([bench.passbookFen, bench.card.balanceFen], [10_000, 15_000], "balances");
      expectEqual(
        bench.card.loads.map(({ purse = "e-purse", amountFen }) => [purse, amountFen]),
        [
          ["e-passbook", 5_000],
          ["e-purse", 5_000],
        ],
        "loads",
      );
      await bench.expect("00B201C417", "0001 000000 00001388 02 *9000");
      await bench.expect("00B202C417", "0001 000000 00001388 01 *9000");
    },
  }),
  ...(["pre", "post"] as const).map(
    (mode): PurseRow => ({
      id: `EPD-030-${mode}`.toUpperCase(),
      spec: PROVE,
      title: `every counter proves its last transaction by type and sequence, log sequence ${mode}`,
      tags: ["passbook", "proof", "load", `profile:logSeqMode=${mode}`, mode],
      bench: { profile: { logSeqMode: mode }, card: { purse: { passbook: { balanceFen: 5_000 } } } },
      run: async (bench) => {
        for (const p2 of [1, 2]) {
          await bench.load({ p2, amountFen: 10 });
          await bench.sell({ form: "purchase", p2, amountFen: 1 });
        }
        const seq = mode === "pre" ? 0 : 1;
        const [passbook, purse] = bench.card.debits;
        const [intoPassbook, intoPurse] = bench.card.loads;
        await bench.reset();
        await bench.expect(bench.terminal.proveHex(0x01, seq), `........${intoPassbook?.tac}9000`);
        await bench.expect(bench.terminal.proveHex(0x02, seq), `........${intoPurse?.tac}9000`);
        await bench.expect(bench.terminal.proveHex(0x05, seq), `........${passbook?.tac}9000`);
        await bench.expect(bench.terminal.proveHex(0x06, seq), `........${purse?.tac}9000`);
        for (const type of [0x01, 0x02, 0x05, 0x06, 0x09]) await bench.expect(bench.terminal.proveHex(type, 1 - seq), "9406");
      },
    }),
  ),
  {
    id: "EPD-031",
    spec: OVERDRAFT,
    title: "the terminal tells the holder's own money from the overdraft",
    tags: ["passbook"],
    bench: OVERDRAWN,
    run: async (bench) => {
      const read = async () => readOwnMoney(await bench.channel(), { rule: "5C0002-5C0102", purse: "e-passbook" }, LIMITS);
      expectEqual(await read(), { kind: "ok", balance: 5_000, overdrawn: 0 }, "before");
      await bench.sell({ form: "purchase", p2: 1, amountFen: 6_500 });
      expectEqual(await read(), { kind: "ok", balance: 0, overdrawn: 1_500 }, "after");
      await bench.expect("00B201C417", "0001 0007d0 00001964 05 *9000");
      await bench.load({ p2: 1, amountFen: 2_000 });
      expectEqual(await read(), { kind: "ok", balance: 500, overdrawn: 0 }, "after a load");
    },
  },
  {
    id: "EPD-032",
    spec: "PBOC purse, EF18",
    title: "both books share one log of ten records, the newest first",
    tags: ["passbook", "load", "files"],
    bench: TWO_BOOKS,
    run: async (bench) => {
      for (let number = 1; number <= 6; number += 1) {
        await bench.sell({ form: "purchase", p2: 1, amountFen: number });
        await bench.load({ p2: 2, amountFen: number });
      }
      const log = await readLog(await bench.channel(), LIMITS);
      expectMatch(log, { kind: "ok" }, "the log");
      const entries = log.kind === "ok" ? log.entries.map(({ type, amount }) => [type, amount]) : [];
      const expected = [6, 5, 4, 3, 2].flatMap((number) => [
        [2, fen(number)],
        [5, fen(number)],
      ]);
      expectEqual(entries, expected, "its entries");
    },
  },
  {
    id: "EPD-033",
    spec: "PBOC purse, states",
    title: "a debit for one book does not end a purchase of the other",
    tags: ["passbook", "purchase", "negative"],
    bench: TWO_BOOKS,
    run: async (bench) => {
      const passbook = await bench.open({ form: "purchase", p2: 1, amountFen: 1 });
      await bench.open({ form: "purchase", p2: 2, amountFen: 1 });
      await bench.expect(passbook.commandHex, "9302");
      await bench.expect(passbook.commandHex, "6901");
      expectEqual([bench.passbookFen, bench.card.balanceFen], [5_000, 10_000], "balances");
    },
  },
]);

export const PURSE_PASSBOOK_CASES: readonly ConformanceCase[] = [...COMMANDS, ...TRANSACTIONS];
