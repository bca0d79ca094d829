/* The purse's commands one by one: their order and their status words. */
import { INITIALIZE, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const INIT = "PBOC purse, INITIALIZE FOR PURCHASE";
const DEBIT = "PBOC purse, DEBIT FOR PURCHASE";
const PROVE = "PBOC purse, GET TRANSACTION PROVE";
const LOAD = "PBOC purse, load";
const DEBIT_ZERO_MAC = "805401000F000000012026112110150000000000 08";

export const PURSE_COMMAND_CASES: readonly ConformanceCase[] = scripted([
  {
    id: "EPC-001",
    spec: INIT,
    title: "the answer tells balance, sequence, overdraft, key and random number",
    tags: ["purse", "purchase", "sm4"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "00002710 0000 000000 01 03 ........ 9000"],
    ],
  },
  {
    id: "EPC-002",
    spec: INIT,
    title: "a triple-DES purse tells algorithm 00",
    tags: ["purse", "purchase", "3des"],
    bench: { card: { algorithm: "3des", offlineSeq: 0x1234 } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "00002710 1234 000000 01 00 ........ 9000"],
    ],
  },
  {
    id: "EPC-003",
    spec: INIT,
    title: "too little money is 9401",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001020B01000027119901000000010F", "9401"],
    ],
  },
  {
    id: "EPC-004",
    spec: INIT,
    title: "exactly the balance is enough",
    tags: ["purse", "purchase"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001020B01000027109901000000010F", "00002710*9000"],
    ],
  },
  {
    id: "EPC-005",
    spec: INIT,
    title: "a used-up counter is 9402",
    tags: ["purse", "purchase", "negative"],
    bench: { card: { offlineSeq: 0xffff } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "9402"],
    ],
  },
  {
    id: "EPC-006",
    spec: INIT,
    title: "a card whose counter counts as used up is 9402",
    tags: ["purse", "purchase", "negative"],
    bench: { card: { faults: { counterExhausted: true } } },
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "9402"],
    ],
  },
  {
    id: "EPC-007",
    spec: INIT,
    title: "an unknown key index is 9403",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001020B02000000019901000000010F", "9403"],
    ],
  },
  {
    id: "EPC-008",
    spec: INIT,
    title: "other parameters are 6A86, another length is 6700",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805001010B01000000019901000000010F", "6a86"],
      ["805007020B01000000019901000000010F", "6a86"],
      ["805001020A010000000199010000000F", "6700"],
    ],
  },
  {
    id: "EPC-009",
    spec: DEBIT,
    title: "a debit without INITIALIZE is 6901",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [DEBIT_ZERO_MAC, "6901"],
      ["805C000204", "000027109000"],
    ],
  },
  {
    id: "EPC-010",
    spec: DEBIT,
    title: "a wrong MAC1 is 9302, moves nothing and ends the purchase",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "*9000"],
      [DEBIT_ZERO_MAC, "9302"],
      [DEBIT_ZERO_MAC, "6901"],
      ["805C000204", "000027109000"],
      ["00B201C417", "6a83"],
    ],
  },
  {
    id: "EPC-011",
    spec: DEBIT,
    title: "other parameters are 6A86 and end the purchase",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "*9000"],
      ["805400000F0000000120261121101500 00000000 08", "6a86"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "EPC-012",
    spec: DEBIT,
    title: "another length is 6700 and ends the purchase",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "*9000"],
      ["805401000E0000000120261121101500 000000 08", "6700"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "EPC-013",
    spec: "PBOC purse, states",
    title: "a failed INITIALIZE ends the purchase before it",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "*9000"],
      ["805001020B02000000019901000000010F", "9403"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "EPC-014",
    spec: "PBOC purse, states",
    title: "reading a file, selecting, and loss of power end the purchase",
    tags: ["purse", "purchase", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      [INITIALIZE, "*9000"],
      ["00B095001E", "*9000"],
      [DEBIT_ZERO_MAC, "6901"],
      [INITIALIZE, "*9000"],
      [SELECT_PURSE, "*9000"],
      [DEBIT_ZERO_MAC, "6901"],
      [INITIALIZE, "*9000"],
      "reset",
      [SELECT_PURSE, "*9000"],
      [DEBIT_ZERO_MAC, "6901"],
    ],
  },
  {
    id: "EPC-015",
    spec: "PBOC purse, states",
    title: "a debit is not the end of a load, nor a credit that of a purchase",
    tags: ["purse", "load", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B010000000199010000000110", "*9000"],
      [DEBIT_ZERO_MAC, "6901"],
      [INITIALIZE, "*9000"],
      ["805200000B2026112110150000000000 04", "6901"],
    ],
  },
  {
    id: "EPC-016",
    spec: "PBOC purse, GET BALANCE",
    title: "the balance is told, with right parameters only",
    tags: ["purse"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805C000204", "000027109000"],
      ["805C000104", "6a86"],
      ["805C010204", "6a86"],
    ],
  },
  {
    id: "EPC-017",
    spec: PROVE,
    title: "a card without a purchase proves nothing",
    tags: ["purse", "proof", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805A000602000008", "9406"],
      ["805A000602000108", "9406"],
    ],
  },
  {
    id: "EPC-018",
    spec: PROVE,
    title: "other parameters are 6A86, another length is 6700",
    tags: ["purse", "proof", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805A010602000108", "6a86"],
      ["805A00060300000108", "6700"],
    ],
  },
  {
    id: "EPC-019",
    spec: LOAD,
    title: "the answer to INITIALIZE FOR LOAD tells balance, sequence, key, random number and MAC1",
    tags: ["purse", "load"],
    bench: { card: { onlineSeq: 0x0102 } },
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B010000000199010000000110", "00002710 0102 01 03 ........ ........ 9000"],
    ],
  },
  {
    id: "EPC-020",
    spec: LOAD,
    title: "a wrong MAC2 of the host is 9302 and moves nothing",
    tags: ["purse", "load", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B010000000199010000000110", "*9000"],
      ["805200000B2026112110150000000000 04", "9302"],
      ["805C000204", "000027109000"],
    ],
  },
  {
    id: "EPC-021",
    spec: LOAD,
    title: "a load without INITIALIZE is 6901, a used-up counter 9402",
    tags: ["purse", "load", "negative"],
    bench: { card: { onlineSeq: 0xffff } },
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805200000B2026112110150000000000 04", "6901"],
      ["805000020B010000000199010000000110", "9402"],
    ],
  },
  {
    id: "EPC-022",
    spec: LOAD,
    title: "more than the purse can hold is not loaded",
    tags: ["purse", "load", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["805000020B017FFFFFFF99010000000110", "6985"],
    ],
  },
]);
