/* The medical purse's commands one by one: layouts, order of checks, status words. */
import { type MedicalBenchOptions, withMedicalPurse } from "../medical-bench.ts";
import { type ScriptRow, SELECT_ENVIRONMENT, SELECT_MEDICAL, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";
import {
  ACCOUNT,
  CREDIT_ZERO_MAC,
  DEBIT_ZERO_MAC,
  INITIALIZE,
  INITIALIZE_LOAD,
  initialize,
  PROVE,
  READ_LOG,
  SELECTED,
  TERMINAL,
} from "./medical-purse-commands.ts";

const BALANCE = "LD/T 32.5, GET BALANCE";
const INIT = "LD/T 32.5, INITIALIZE FOR PURCHASE";
const DEBIT = "LD/T 32.5, DEBIT FOR PURCHASE";
const INIT_LOAD = "LD/T 32.5, INITIALIZE FOR LOAD";
const CREDIT = "LD/T 32.5, CREDIT FOR LOAD";
const PROOF = "LD/T 32.5, GET TRANSACTION PROOF";
const START_DAY = "LD/T 32.5, GET and UPDATE START DAY";
const LOG = "LD/T 32.5, DF04/08";

const PIN = "0020000003246813";

type Row = Omit<ScriptRow, "tags" | "bench"> & { readonly tags?: readonly Tag[]; readonly bench?: MedicalBenchOptions };

function rowOf({ tags = [], bench, steps, ...row }: Row): ScriptRow {
  return { ...row, tags: ["medical-purse", ...tags], bench: withMedicalPurse(bench), steps: [SELECTED, ...steps] };
}

const COMMANDS: readonly Row[] = [
  {
    id: "MED-001",
    spec: BALANCE,
    title: "account, self-pay total and pooled total are told, the totals with their year",
    bench: { purse: { selfPayTotalFen: 0x1234, pooledTotalFen: 0x5678, payYear: "2026" } },
    steps: [
      [ACCOUNT, "00002710 9000"],
      ["B026000206", "00001234 2026 9000"],
      ["B026000306", "00005678 2026 9000"],
    ],
  },
  {
    id: "MED-002",
    spec: BALANCE,
    title: "another kind of balance is 6A86",
    tags: ["negative"],
    steps: [
      ["B026000004", "6a86"],
      ["B026000404", "6a86"],
      ["B026010104", "6a86"],
      [ACCOUNT, "*9000"],
    ],
  },
  {
    id: "MED-003",
    spec: BALANCE,
    title: "balances need the PIN where one is set, until power goes",
    tags: ["pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      [ACCOUNT, "6982"],
      ["B026000206", "6982"],
      ["B026000306", "6982"],
      [PIN, "9000"],
      [ACCOUNT, "00002710 9000"],
      [SELECT_ENVIRONMENT, "*9000"],
      SELECTED,
      [ACCOUNT, "00002710 9000"],
      "reset",
      SELECTED,
      [ACCOUNT, "6982"],
    ],
  },
  {
    id: "MED-004",
    spec: INIT,
    title: "the answer tells balances, year, sequence, key and random number",
    tags: ["sm4"],
    bench: { purse: { selfPayTotalFen: 5, pooledTotalFen: 6, payYear: "2026", purchaseSeq: 0x1234 } },
    steps: [[initialize(450, { selfPay: 100, pooled: 1000 }), "00002710 00000005 00000006 2026 1234 01 03 ........ 9000"]],
  },
  {
    id: "MED-005",
    spec: INIT,
    title: "a triple-DES purse tells algorithm 00",
    tags: ["3des"],
    bench: { card: { algorithm: "3des" } },
    steps: [[INITIALIZE, "00002710 00000000 00000000 0000 0000 01 00 ........ 9000"]],
  },
  {
    id: "MED-006",
    spec: INIT,
    title: "the key index chooses the key, whose version is told",
    steps: [
      [initialize(1, { index: 2 }), "*02 03 ........ 9000"],
      [initialize(1, { index: 3 }), "*03 03 ........ 9000"],
    ],
  },
  {
    id: "MED-007",
    spec: INIT,
    title: "an unknown key index is 9403, also where there is too little money",
    tags: ["negative"],
    steps: [
      [initialize(1, { index: 4 }), "9403"],
      [initialize(10_001, { index: 0 }), "9403"],
    ],
  },
  {
    id: "MED-008",
    spec: INIT,
    title: "more than the account holds is 9401, all that it holds is enough",
    tags: ["negative"],
    steps: [
      [initialize(10_001), "9401"],
      [initialize(10_000), "00002710*9000"],
    ],
  },
  {
    id: "MED-009",
    spec: INIT,
    title: "the account amount alone is compared with the account",
    steps: [[initialize(10_000, { selfPay: 1_000_000, pooled: 2_000_000 }), "00002710*9000"]],
  },
  {
    id: "MED-010",
    spec: INIT,
    title: "a used-up counter is 9402",
    tags: ["negative"],
    bench: { purse: { purchaseSeq: 0xffff } },
    steps: [
      [INITIALIZE, "9402"],
      [INITIALIZE_LOAD, "*9000"],
    ],
  },
  {
    id: "MED-011",
    spec: INIT,
    title: "a card whose counter counts as used up is 9402",
    tags: ["negative"],
    bench: { card: { faults: { counterExhausted: true } } },
    steps: [[INITIALIZE, "9402"]],
  },
  {
    id: "MED-012",
    spec: INIT,
    title: "other parameters are 6A86, another length is 6700",
    tags: ["negative"],
    steps: [
      [INITIALIZE.replace("B0280101", "B0280102"), "6a86"],
      [INITIALIZE.replace("B0280101", "B0280201"), "6a86"],
      [`B02801010B 01 00000001 ${TERMINAL} 16`, "6700"],
      ["B02801010000", "6700"],
    ],
  },
  {
    id: "MED-013",
    spec: INIT,
    title: "a purchase needs the PIN where one is set",
    tags: ["pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      [INITIALIZE, "6982"],
      [PIN, "9000"],
      [INITIALIZE, "*9000"],
    ],
  },
  {
    id: "MED-014",
    spec: INIT,
    title: "the PIN is asked for before key and funds",
    tags: ["pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      [initialize(10_001, { index: 9 }), "6982"],
      [PIN, "9000"],
      [initialize(10_001, { index: 9 }), "9403"],
    ],
  },
  {
    id: "MED-015",
    spec: DEBIT,
    title: "a wrong MAC1 is 9302, moves nothing and ends the purchase",
    tags: ["negative"],
    steps: [
      [INITIALIZE, "*9000"],
      [DEBIT_ZERO_MAC, "9302"],
      [DEBIT_ZERO_MAC, "6901"],
      [ACCOUNT, "00002710 9000"],
      [READ_LOG, "6a83"],
      [PROVE, "9406"],
    ],
  },
  {
    id: "MED-016",
    spec: DEBIT,
    title: "other parameters are 6A86 and end the purchase",
    tags: ["negative"],
    steps: [
      [INITIALIZE, "*9000"],
      [DEBIT_ZERO_MAC.replace("B02C0100", "B02C0000"), "6a86"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "MED-017",
    spec: DEBIT,
    title: "another length is 6700 and ends the purchase",
    tags: ["negative"],
    steps: [
      [INITIALIZE, "*9000"],
      ["B02C01000E 00000001 20261121 101500 000000 08", "6700"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "MED-018",
    spec: INIT_LOAD,
    title: "the answer tells account, sequence, key, random number and MAC1",
    tags: ["sm4"],
    bench: { purse: { loadSeq: 0x0102 } },
    steps: [[INITIALIZE_LOAD, "00002710 0102 01 03 ........ ........ 9000"]],
  },
  {
    id: "MED-019",
    spec: INIT_LOAD,
    title: "a triple-DES purse tells algorithm 00 for a load too",
    tags: ["3des"],
    bench: { card: { algorithm: "3des" } },
    steps: [[INITIALIZE_LOAD, "00002710 0000 01 00 ........ ........ 9000"]],
  },
  {
    id: "MED-020",
    spec: INIT_LOAD,
    title: "an unknown key index is 9403, a used-up counter 9402",
    tags: ["negative"],
    bench: { purse: { loadSeq: 0xffff } },
    steps: [
      [INITIALIZE_LOAD.replace("0B 01", "0B 02"), "9403"],
      [INITIALIZE_LOAD, "9402"],
      [INITIALIZE, "*9000"],
    ],
  },
  {
    id: "MED-021",
    spec: INIT_LOAD,
    title: "more than four bytes can hold is not loaded",
    tags: ["negative"],
    steps: [
      [`B02800010B 01 FFFFD8F0 ${TERMINAL} 10`, "6985"],
      [`B02800010B 01 FFFFD8EF ${TERMINAL} 10`, "*9000"],
    ],
  },
  {
    id: "MED-022",
    spec: INIT_LOAD,
    title: "a load needs the PIN where one is set",
    tags: ["pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      [INITIALIZE_LOAD, "6982"],
      [PIN, "9000"],
      [INITIALIZE_LOAD, "*9000"],
    ],
  },
  {
    id: "MED-023",
    spec: CREDIT,
    title: "a wrong MAC2 of the host is 9302, moves nothing and ends the load",
    tags: ["negative"],
    steps: [
      [INITIALIZE_LOAD, "*9000"],
      [CREDIT_ZERO_MAC, "9302"],
      [CREDIT_ZERO_MAC, "6901"],
      [ACCOUNT, "00002710 9000"],
      [READ_LOG, "6a83"],
    ],
  },
  {
    id: "MED-024",
    spec: CREDIT,
    title: "other parameters are 6A86, another length is 6700, and either ends the load",
    tags: ["negative"],
    steps: [
      [INITIALIZE_LOAD, "*9000"],
      [CREDIT_ZERO_MAC.replace("B02A0000", "B02A0100"), "6a86"],
      [CREDIT_ZERO_MAC, "6901"],
      [INITIALIZE_LOAD, "*9000"],
      ["B02A00000A 20261121 101500 000000 04", "6700"],
      [CREDIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "MED-025",
    spec: PROOF,
    title: "a card without a transaction proves nothing",
    tags: ["proof", "negative"],
    steps: [
      [PROVE, "9406"],
      [PROVE.replace("0000", "0001"), "9406"],
      [PROVE.replace("B02E0032", "B02E0031"), "9406"],
    ],
  },
  {
    id: "MED-026",
    spec: PROOF,
    title: "with the type as a character, a number is 6A86",
    tags: ["proof", "negative", "profile:medicalTypeByte=ascii"],
    steps: [
      [PROVE.replace("B02E0032", "B02E0002"), "6a86"],
      [PROVE.replace("B02E0032", "B02E0033"), "6a86"],
      [PROVE, "9406"],
    ],
  },
  {
    id: "MED-027",
    spec: PROOF,
    title: "with the type as a number, a character is 6A86",
    tags: ["proof", "negative", "profile:medicalTypeByte=binary"],
    bench: { profile: { medicalTypeByte: "binary" } },
    steps: [
      [PROVE, "6a86"],
      [PROVE.replace("B02E0032", "B02E0002"), "9406"],
      [PROVE.replace("B02E0032", "B02E0001"), "9406"],
    ],
  },
  {
    id: "MED-028",
    spec: PROOF,
    title: "another length is 6700, and no PIN is asked for",
    tags: ["proof", "pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      ["B02E003203 000000 08", "6700"],
      ["B02E013202 0000 08", "6a86"],
      [PROVE, "9406"],
    ],
  },
  {
    id: "MED-029",
    spec: START_DAY,
    title: "the start day is told, with right parameters only",
    tags: ["negative"],
    bench: { purse: { startDay: "0401" } },
    steps: [
      ["B056000002", "0401 9000"],
      ["B056000102", "6a86"],
      ["B056020002", "6a86"],
    ],
  },
  {
    id: "MED-030",
    spec: START_DAY,
    title: "without a challenge the start day is not changed, with a wrong MAC neither",
    tags: ["negative"],
    steps: [
      ["B056010006 0401 00000000", "6985"],
      ["0084000008", "*9000"],
      ["B056010006 0401 00000000", "9302"],
      ["B056010006 0401 00000000", "6985"],
      ["B056010005 0401 000000", "6700"],
      ["B056000002", "0101 9000"],
    ],
  },
  {
    id: "MED-031",
    spec: LOG,
    title: "the log of a new card is empty, and behind the PIN",
    tags: ["files", "pin", "negative"],
    bench: { card: { pin: "246813" } },
    steps: [
      [READ_LOG, "6982"],
      [PIN, "9000"],
      [READ_LOG, "6a83"],
    ],
  },
  {
    id: "MED-032",
    spec: LOG,
    title: "the log is written by the card alone",
    tags: ["files", "negative"],
    steps: [
      [`00DC01441C${"00".repeat(28)}`, "6982"],
      [READ_LOG, "6a83"],
    ],
  },
  {
    id: "MED-033",
    spec: "LD/T 32.7, 11",
    title: "the purse's class is unknown outside DF04",
    tags: ["selection", "negative"],
    steps: [[SELECT_ENVIRONMENT, "*9000"], [ACCOUNT, "6e00"], [INITIALIZE, "6e00"], [SELECT_PURSE, "*9000"], [ACCOUNT, "6e00"], SELECTED, [ACCOUNT, "*9000"]],
  },
  {
    id: "MED-034",
    spec: "LD/T 32.5, 7",
    title: "an unknown instruction of the purse's class is 6D00",
    tags: ["negative"],
    steps: [
      ["B030000000", "6d00"],
      ["B022000000", "6d00"],
    ],
  },
  {
    id: "MED-035",
    spec: "LD/T 32.7, 13",
    title: "a blocked application answers 9303 to selection and to everything after it",
    tags: ["negative"],
    bench: { card: { faults: { blocked: "social" } } },
    steps: [],
  },
  {
    id: "MED-036",
    spec: "LD/T 32.5, DF04/08",
    title: "an account-only purse takes the account amount alone",
    tags: ["negative", "profile:medicalLogMode=accountOnly20"],
    bench: { profile: { medicalLogMode: "accountOnly20" } },
    steps: [
      [initialize(1, { selfPay: 1 }), "6985"],
      [initialize(1, { pooled: 1 }), "6985"],
      [initialize(1), "00002710 00000000 00000000 0000 0000 01 03 ........ 9000"],
    ],
  },
  {
    id: "MED-037",
    spec: "LD/T 32.5, DF04/08",
    title: "totals, year and start day of an account-only purse are zeros and stay so",
    tags: ["profile:medicalLogMode=accountOnly20"],
    bench: { profile: { medicalLogMode: "accountOnly20" }, purse: { selfPayTotalFen: 7, pooledTotalFen: 8, payYear: "2026", startDay: "0401" } },
    steps: [
      ["B026000206", "00000000 0000 9000"],
      ["B026000306", "00000000 0000 9000"],
      ["B056000002", "0000 9000"],
      ["0084000008", "*9000"],
      ["B056010006 0401 00000000", "6985"],
    ],
  },
  {
    id: "MED-038",
    spec: "LD/T 32.5, 7",
    title: "answers come in parts where the card speaks T=0",
    tags: ["t0"],
    bench: { card: { lengthRule: "t0" } },
    steps: [
      [INITIALIZE, "6116"],
      ["00C0000016", "00002710*9000"],
      ["B026000100", "6c04"],
      [ACCOUNT, "00002710 9000"],
    ],
  },
];

/** A selection that is answered by 9303 needs another first step. */
const BLOCKED: ScriptRow["steps"] = [
  [SELECT_MEDICAL, "9303"],
  [ACCOUNT, "9303"],
  [INITIALIZE, "9303"],
];

const COMMAND_CASES = scripted(
  COMMANDS.map((row) => {
    const script = rowOf(row);
    if (row.id === "MED-035") return { ...script, steps: BLOCKED };
    // SELECT has an answer in parts of its own on a T=0 card.
    return row.id === "MED-038" ? { ...script, steps: [[SELECT_MEDICAL, "61.."], ...row.steps] } : script;
  }),
);

const WITHOUT_PURSE = scripted([
  {
    id: "MED-039",
    spec: "LD/T 32.7, 11",
    title: "the purse's class is unknown in a DF04 without a purse, whose log is not there either",
    tags: ["medical-purse", "negative"],
    steps: [SELECTED, [ACCOUNT, "6e00"], [INITIALIZE, "6e00"], [READ_LOG, "6a8."]],
  },
]);

export const MEDICAL_PURSE_CASES: readonly ConformanceCase[] = [...COMMAND_CASES, ...WITHOUT_PURSE];
