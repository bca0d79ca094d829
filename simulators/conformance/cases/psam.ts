/* The security module: selection, files, order of its commands, and its purchase held from INIT to CREDIT. */
import { fromHex } from "../../../device/base/bytes.ts";
import type { CardBenchOptions } from "../card-bench.ts";
import { CardBench, LIMITS } from "../card-bench.ts";
import { expectEqual, expectFault, expectTrue } from "../expect.ts";
import { scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const SAM_INIT = "LD/T 32.9, INIT SAM FOR PURCHASE";
const SAM_CREDIT = "LD/T 32.9, CREDIT SAM FOR PURCHASE";
const DELIVERY = "LD/T 32.9, DELIVERY SESSION KEY";
const CIPHER = "LD/T 32.9, CIPHER DATA";
const PURSE = "00A4000002801100";
const FACTORS = "00000000000000019901000000000001";
const INIT = `8070000024 01020304 0007 000001C2 06 20261121 101500 01 03 ${FACTORS} 08`;
const SOCIAL_SM4 = "00A404000F7378332E73682EC9E7BBE1B1A3D5CF00";
const SOCIAL_DES = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00";
const APPLICATION = "00A4040006D1560000059000";
const ENVIRONMENT = "BFEC00000199";
const THREE_FACTORS = "866099010000000139393031303073783939303030307368";
const DELIVER = `BFDE670828${THREE_FACTORS}00112233445566770000000000000000`;
/** The same session of STK, which makes MACs. */
const DELIVER_MAC = DELIVER.replace("BFDE6708", "BFDE6609");
const BLOCK = "01020304050607080000000000000000";
const WRONG_CREDIT = "807200000400000000";

const DIALOGUES = scripted([
  {
    id: "SAM-001",
    spec: "LD/T 32.9, EF0015",
    title: "the module's files tell who it is, the terminal's number and its next sequence",
    tags: ["psam"],
    to: "psam",
    bench: { psam: { terminalNumber: "990100000042", terminalSeq: 77 } },
    steps: [
      ["00B095000F", "01 00000000990100000042 01 01 5566 9000"],
      ["00B0960006", "9901000000429000"],
      ["00B0990004", "0000004d9000"],
    ],
  },
  {
    id: "SAM-002",
    spec: "PBOC purse, PSAM",
    title: "the purse directory is selected by its identifier and by its name",
    tags: ["psam"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      ["00A4040010A0000006324D4F542E435053414D303100", "*9000"],
      ["00B0960006", "9901000000019000"],
    ],
  },
  {
    id: "SAM-003",
    spec: "LD/T 32.9, SELECT",
    title: "the social application is below its environment, of either algorithm",
    tags: ["psam"],
    to: "psam",
    steps: [
      [APPLICATION, "6a82"],
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [SOCIAL_DES, "*9000"],
      [APPLICATION, "*9000"],
    ],
  },
  {
    id: "SAM-004",
    spec: "LD/T 32.9, SELECT",
    title: "a module shows only the environments whose keys it has",
    tags: ["psam", "negative"],
    to: "psam",
    bench: { psam: { algorithms: ["3des"] } },
    steps: [
      [SOCIAL_SM4, "6a82"],
      [SOCIAL_DES, "*9000"],
    ],
  },
  {
    id: "SAM-005",
    spec: SAM_INIT,
    title: "the answer is the sequence and MAC1, and the sequence goes on",
    tags: ["psam", "purchase"],
    to: "psam",
    bench: { psam: { terminalSeq: 9 } },
    steps: [
      [PURSE, "*9000"],
      [INIT, "00000009 ........ 9000"],
      [INIT, "0000000a ........ 9000"],
      ["00B0990004", "0000000b9000"],
    ],
  },
  {
    id: "SAM-006",
    spec: SAM_INIT,
    title: "another number of factors than the key's is 6A80",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      ["807000001C 01020304 0007 000001C2 06 20261121 101500 01 03 0000000000000001 08", "6a80"],
      [`807000002C 01020304 0007 000001C2 06 20261121 101500 01 03 ${FACTORS}3939303030307368 08`, "6a80"],
    ],
  },
  {
    id: "SAM-007",
    spec: SAM_INIT,
    title: "an unknown key version or algorithm is 6A88",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      [`8070000024 01020304 0007 000001C2 06 20261121 101500 02 03 ${FACTORS} 08`, "6a88"],
      [`8070000024 01020304 0007 000001C2 06 20261121 101500 01 77 ${FACTORS} 08`, "6a88"],
    ],
  },
  {
    id: "SAM-008",
    spec: SAM_INIT,
    title: "a locked key is 6983, another length 6700, another directory 6985",
    tags: ["psam", "negative"],
    to: "psam",
    bench: { psam: { faults: { locked: true } } },
    steps: [
      [INIT, "6985"],
      [PURSE, "*9000"],
      [INIT, "6983"],
      ["8070000003010203", "6700"],
      ["8070010003010203", "6a86"],
    ],
  },
  {
    id: "SAM-009",
    spec: SAM_CREDIT,
    title: "without a purchase there is nothing to credit",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      [WRONG_CREDIT, "6901"],
    ],
  },
  {
    id: "SAM-010",
    spec: SAM_CREDIT,
    title: "a wrong MAC2 is refused once, and is then out of order",
    tags: ["psam", "negative", "profile:psamCreditError=9302"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      [INIT, "*9000"],
      [WRONG_CREDIT, "9302"],
      [WRONG_CREDIT, "6901"],
    ],
  },
  {
    id: "SAM-011",
    spec: SAM_CREDIT,
    title: "a wrong MAC2 in the other wording",
    tags: ["psam", "negative", "profile:psamCreditError=63CF"],
    to: "psam",
    bench: { profile: { psamCreditError: "63CF" } },
    steps: [
      [PURSE, "*9000"],
      [INIT, "*9000"],
      [WRONG_CREDIT, "63cf"],
      [WRONG_CREDIT, "6901"],
    ],
  },
  {
    id: "SAM-012",
    spec: SAM_CREDIT,
    title: "any command in between, and loss of power, end the purchase",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [PURSE, "*9000"],
      [INIT, "*9000"],
      ["00B0960006", "*9000"],
      [WRONG_CREDIT, "6901"],
      [INIT, "*9000"],
      [PURSE, "*9000"],
      [WRONG_CREDIT, "6901"],
      [INIT, "*9000"],
      "reset",
      [PURSE, "*9000"],
      [WRONG_CREDIT, "6901"],
    ],
  },
  {
    id: "SAM-013",
    spec: "LD/T 32.9, INITIALIZE ENVIRONMENT",
    title: "the province comes first, as decimal digits",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [DELIVER, "6985"],
      ["BFEC0000019A", "6a80"],
      [ENVIRONMENT, "9000"],
      [DELIVER, "9000"],
    ],
  },
  {
    id: "SAM-014",
    spec: DELIVERY,
    title: "another number of factors is 6A80, an unknown key 6A88",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [ENVIRONMENT, "9000"],
      ["BFDE470820866099010000000139393031303073780011223344556677 0000000000000000", "6a80"],
      [`BFDE671128${THREE_FACTORS}00112233445566770000000000000000`, "6a88"],
    ],
  },
  {
    id: "SAM-015",
    spec: CIPHER,
    title: "without a session key nothing is enciphered",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [ENVIRONMENT, "9000"],
      [`80FA000010${BLOCK}10`, "6901"],
    ],
  },
  {
    id: "SAM-016",
    spec: CIPHER,
    title: "the last part ends the session key, a part before it does not",
    tags: ["psam", "sm4"],
    to: "psam",
    steps: [
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [ENVIRONMENT, "9000"],
      [DELIVER, "9000"],
      [`80FA020010${BLOCK}10`, "*9000"],
      [`80FA000010${BLOCK}10`, "*9000"],
      [`80FA000010${BLOCK}10`, "6901"],
    ],
  },
  {
    id: "SAM-017",
    spec: CIPHER,
    title: "a single MAC needs an IV and a block, whole blocks only",
    tags: ["psam", "sm4", "negative"],
    to: "psam",
    steps: [
      [SOCIAL_SM4, "*9000"],
      [APPLICATION, "*9000"],
      [ENVIRONMENT, "9000"],
      [DELIVER_MAC, "9000"],
      [`80FA050020${BLOCK}${BLOCK}04`, "........9000"],
      [DELIVER_MAC, "9000"],
      [`80FA050010${BLOCK}04`, "6700"],
      [DELIVER_MAC, "9000"],
      ["80FA0500080102030405060708 04", "6700"],
    ],
  },
  {
    id: "SAM-018",
    spec: "ISO/IEC 7816-4, status bytes",
    title: "an unknown class and an unknown instruction are refused by their own words",
    tags: ["psam", "negative"],
    to: "psam",
    steps: [
      ["A084000008", "6e00"],
      ["00EE000000", "6d00"],
      ["80EE000000", "6d00"],
      ["BFEE000000", "6d00"],
    ],
  },
]);

const SALE = { amountFen: 450, time: "101500" } as const;

interface HeldRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench?: CardBenchOptions;
  readonly run: (bench: CardBench) => Promise<void>;
}

const HELD: readonly HeldRow[] = [
  {
    id: "SAM-030",
    spec: SAM_CREDIT,
    title: "a held purchase lets nobody else in, and the next one in when it ends",
    tags: ["psam", "purchase"],
    run: async (bench) => {
      const first = await bench.begin(SALE);
      const psam = await bench.openPsam();
      const terms = {
        ...first.opening,
        amount: first.opening.balance,
        type: 6,
        date: first.completion.date,
        time: first.completion.time,
        factors: FACTOR_BYTES,
      };
      await expectFault(psam.beginPurchase(terms, { ...LIMITS, timeoutMs: 200 }), { code: "timeout", effectUnknown: false }, "a second purchase meanwhile");
      first.purchase.release();
      const second = await psam.beginPurchase(terms, LIMITS);
      expectTrue(second.terminalSequence > first.completion.terminalSequence, "the sequence goes on");
    },
  },
  {
    id: "SAM-031",
    spec: SAM_CREDIT,
    title: "a released purchase has no session, and releasing twice does no harm",
    tags: ["psam", "purchase", "negative"],
    run: async (bench) => {
      const { purchase } = await bench.begin(SALE);
      purchase.release();
      purchase.release();
      expectEqual(await purchase.credit(fromHex("00000000"), LIMITS), "no-session", "the module's word");
    },
  },
  {
    id: "SAM-032",
    spec: SAM_CREDIT,
    title: "a module that lost its power has no session, and goes on with the next purchase",
    tags: ["psam", "purchase", "torn"],
    run: async (bench) => {
      const first = await bench.begin(SALE);
      bench.samReader.cutPower();
      await expectFault(first.purchase.credit(fromHex("00000000"), LIMITS), { code: "card-changed", effectUnknown: false }, "the credit after the loss");
      expectEqual(await first.purchase.credit(fromHex("00000000"), LIMITS), "no-session", "the module's word");
      await bench.reset();
      expectEqual((await bench.sell(SALE)).credit, "accepted", "the next purchase");
    },
  },
  {
    id: "SAM-033",
    spec: SAM_INIT,
    title: "an answer that was lost leaves a gap in the sequence and never a repetition",
    tags: ["psam", "purchase", "torn"],
    bench: { psam: { terminalSeq: 20, purseLevel: 3 } },
    run: async (bench) => {
      await bench.openPsam();
      bench.samReader.setFate(({ command }) => (command[1] === 0x70 ? { kind: "hang", at: "after" } : { kind: "ok" }));
      await expectFault(bench.begin(SALE), { code: "reader-hung", effectUnknown: true }, "opening the purchase");
      bench.samReader.setFate(() => ({ kind: "ok" }));
      await bench.reset();
      expectEqual((await bench.sell(SALE)).completion.terminalSequence, 21, "the next sequence");
    },
  },
  {
    id: "SAM-034",
    spec: SAM_INIT,
    title: "the level of a key is found once and kept",
    tags: ["psam", "purchase", "profile:psamLevels=auto321"],
    bench: { psam: { purseLevel: 1 } },
    run: async (bench) => {
      const lengths: number[] = [];
      bench.samReader.setFate(({ command }) => {
        if (command[1] === 0x70) lengths.push(((command[4] ?? 0) - 0x14) / 8);
        return { kind: "ok" };
      });
      await bench.sell(SALE);
      await bench.reset();
      await bench.sell(SALE);
      expectEqual(lengths, [3, 2, 1, 1], "factors of each attempt");
    },
  },
  {
    id: "SAM-035",
    spec: "LD/T 32.9, SELECT",
    title: "another module in the slot is not taken for the one that was opened",
    tags: ["psam", "negative"],
    run: async (bench) => {
      await bench.openPsam();
      bench.samReader.remove();
      bench.samReader.insert(bench.context.psam({ terminalNumber: "990100000099" }));
      await expectFault(bench.begin(SALE), { code: "card-changed", effectUnknown: false }, "the purchase");
    },
  },
  {
    id: "SAM-036",
    spec: "LD/T 32.9, EF0016",
    title: "a slot without a module is a fault at the deadline",
    tags: ["psam", "negative"],
    run: async (bench) => {
      bench.samReader.remove();
      await expectFault(bench.openPsam(), { code: "timeout", effectUnknown: false }, "opening the module");
    },
  },
];

const FACTOR_BYTES = [fromHex("0000000000000001"), fromHex("9901000000000001"), fromHex("3939303030307368")];

export const PSAM_CASES: readonly ConformanceCase[] = [
  ...DIALOGUES,
  ...HELD.map(({ id, spec, title, tags, bench, run }): ConformanceCase => ({ id, spec, title, tags, run: (context) => run(new CardBench(context, bench)) })),
];
