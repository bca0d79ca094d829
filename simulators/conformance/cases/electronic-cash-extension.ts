/* Electronic cash: segment fares, offline pre-authorisation, and the industry records that go with them. */
import { concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { type IndustrySigner, industryPart } from "../../../device/card/electronic-cash/industry.ts";
import { testIndustryKey } from "../../card/electronic-cash/make.ts";
import { GET_BALANCE, processQuickHex, READ_LAST, SELECT_CASH } from "../../card/electronic-cash/testing.ts";
import { bankMac } from "../../crypto/bank.ts";
import { BALANCE_FEN, type CashBench, type CashRow, cashCases } from "../cash-bench.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import type { ConformanceCase } from "../types.ts";

const READ = "JR/T 0025, READ CAPP DATA";
const UPDATE = "JR/T 0025, UPDATE CAPP DATA CACHE";
const PROVE = "JR/T 0025, GET TRANS PROVE";
const APPEND = "JR/T 0025, APPEND RECORD";
const FARE = "JR/T 0025, segment fare";
const RESERVE = "JR/T 0025, offline pre-authorisation";

const SFI = 21;
const READ_RECORD = "80B400A802270100";
const OLD = concat(fromHex("2701"), new Uint8Array(16));
export const CHANGED_RECORD = concat(fromHex("2701"), new Uint8Array(16).fill(0x11));
const ENDED = "70*9000";

/** Everything of a payment with an industry record but its last record; the answer to the processing options is compared. */
export async function begin(cash: CashBench, asked: { readonly amountFen: number; readonly industry: string }, options = "77*9000"): Promise<void> {
  await cash.all(SELECT_CASH, READ_RECORD);
  await cash.say(processQuickHex(asked), options);
}

async function pay(cash: CashBench, asked: { readonly amountFen: number; readonly industry: string }): Promise<void> {
  await begin(cash, asked);
  await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: cash.memory.atc }, CHANGED_RECORD), "9000");
  await cash.say(READ_LAST, ENDED);
}

/** Signs records as the operator's security module would. */
export function signerOf(cash: CashBench): IndustrySigner {
  const { suite } = cash.bench.context;
  return {
    mac: async ({ place, iv, input }) =>
      bankMac({ suite, algorithm: "sm4", profile: cash.bench.profile }, testIndustryKey(suite, "sm4", place.recordId), { iv, data: input }),
  };
}

const FARES: readonly CashRow[] = [
  ...(["01", "04"] as const).flatMap((df60Segment, at): readonly CashRow[] => {
    const other = df60Segment === "01" ? "04" : "01";
    return [
      {
        id: `ECX-00${at}`,
        spec: FARE,
        title: `DF60 ${df60Segment} commits record and fare with the last record`,
        tags: ["industry", "purchase", `profile:df60Segment=${df60Segment}`],
        profile: { df60Segment },
        cash: { extension: {} },
        run: async (cash) => {
          await pay(cash, { amountFen: 300, industry: df60Segment });
          expectEqual(cash.books, [BALANCE_FEN - 300, 1], "balance and debits");
          await cash.reset();
          await cash.say(SELECT_CASH);
          await cash.say(READ_RECORD, `${toHex(CHANGED_RECORD)}9000`);
        },
      },
      {
        id: `ECX-01${at}`,
        spec: FARE,
        title: `with DF60 ${df60Segment} as the fare's value, ${other} is 6A80`,
        tags: ["industry", "negative", `profile:df60Segment=${df60Segment}`],
        profile: { df60Segment },
        cash: { extension: {} },
        run: (cash) => begin(cash, { amountFen: 300, industry: other }, "6a80"),
      },
      {
        id: `ECX-02${at}`,
        spec: FARE,
        title: `the terminal's own fare with DF60 ${df60Segment} changes record and balance together`,
        tags: ["industry", "flow", `profile:df60Segment=${df60Segment}`],
        profile: { df60Segment },
        cash: { extension: {} },
        run: async (cash) => {
          const part = industryPart({ place: { sfi: SFI, recordId: "2701" }, newContent: () => CHANGED_RECORD, signer: signerOf(cash) });
          const outcome = await cash.tap({ terms: { amount: fen(300), industry: "segment-fare" }, industryPart: part });
          expectMatch(outcome, { kind: "approved", record: { industry: "segment-fare" } }, "outcome");
          expectEqual(cash.books, [BALANCE_FEN - 300, 1], "balance and debits");
          expectEqual(cash.memory.industry[0]?.contentHex, toHex(CHANGED_RECORD), "record");
        },
      },
    ];
  }),
  {
    id: "ECX-003",
    spec: FARE,
    title: "an entry costs nothing and changes the record",
    tags: ["industry"],
    cash: { extension: { support: "segment" } },
    run: async (cash) => {
      await pay(cash, { amountFen: 0, industry: "01" });
      expectEqual([...cash.books, cash.memory.industry[0]?.contentHex], [BALANCE_FEN, 1, toHex(CHANGED_RECORD)], "balance, debits and record");
    },
  },
  {
    id: "ECX-004",
    spec: FARE,
    title: "without a record that was read it is 6985",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say(processQuickHex({ amountFen: 300, industry: "01" }), "6985");
      expectEqual(cash.memory.atc, 1, "counter");
    },
  },
  {
    id: "ECX-005",
    spec: FARE,
    title: "without a record in the cache the last record is 6974 and nothing is paid",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await begin(cash, { amountFen: 300, industry: "01" });
      await cash.say(READ_LAST, "6974");
      await cash.say(READ_LAST, "6985");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECX-006",
    spec: FARE,
    title: "what the balance has not comes from the deposit, up to its limit",
    tags: ["industry"],
    cash: { balanceFen: 1_000, extension: { depositLimitFen: 500 } },
    run: async (cash) => {
      await pay(cash, { amountFen: 1_300, industry: "01" });
      await cash.say(GET_BALANCE, "9f7906 000000000000 9000");
      await cash.say("80CADF6200", "df6206 000000000500 9000");
      await cash.say("80CADF6300", "df6306 000000000300 9000");
      await begin(cash, { amountFen: 201, industry: "01" });
      await cash.say(READ_LAST, "6985");
      await pay(cash, { amountFen: 200, industry: "01" });
      expectEqual([cash.memory.depositUsedFen, cash.books[1]], [500, 2], "deposit used and debits");
    },
  },
];

const RESERVATIONS: readonly CashRow[] = [
  {
    id: "ECX-030",
    spec: RESERVE,
    title: "sets money aside, has no certificate, and lowers what is available",
    tags: ["industry"],
    cash: { extension: {} },
    run: async (cash) => {
      await begin(cash, { amountFen: 8_000, industry: "02" }, "77 .. .. 8202 7c00 9410 * 9f36020001 9f1013 *9000");
      await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, CHANGED_RECORD), "9000");
      await cash.say(READ_LAST, ENDED);
      await cash.say(GET_BALANCE, "9f7906 000000010000 9000");
      await cash.say("80CA9F5D00", "9f5d06 000000002000 9000");
      await cash.say("805A000002000108", "0000000000000000 9000");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  },
  {
    id: "ECX-031",
    spec: RESERVE,
    title: "a second one on the same record is 6972",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await pay(cash, { amountFen: 100, industry: "02" });
      await begin(cash, { amountFen: 100, industry: "02" }, "6972");
    },
  },
  {
    id: "ECX-032",
    spec: RESERVE,
    title: "a fourth record is 6971",
    tags: ["industry", "negative"],
    cash: { extension: { records: ["2701", "2702", "2703", "2704"].map((id) => ({ sfi: SFI, id, contentHex: "00" })) } },
    run: async (cash) => {
      for (const id of ["2701", "2702", "2703"]) {
        await cash.all(SELECT_CASH, `80B400A802${id}00`, processQuickHex({ amountFen: 10, industry: "02" }));
        await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: cash.memory.atc }, fromHex(`${id}01`)), "9000");
        await cash.say(READ_LAST, ENDED);
      }
      await cash.all(SELECT_CASH, "80B400A802270400");
      await cash.say(processQuickHex({ amountFen: 10, industry: "02" }), "6971");
    },
  },
  {
    id: "ECX-033",
    spec: RESERVE,
    title: "a completion without one is 6973",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: (cash) => begin(cash, { amountFen: 100, industry: "03" }, "6973"),
  },
  {
    id: "ECX-034",
    spec: RESERVE,
    title: "a completion takes its amount, frees the rest, and comes once",
    tags: ["industry", "purchase"],
    cash: { balanceFen: 1_000, extension: {} },
    run: async (cash) => {
      await pay(cash, { amountFen: 800, industry: "02" });
      await pay(cash, { amountFen: 700, industry: "03" });
      expectEqual(cash.books, [300, 1], "balance and debits");
      await cash.say("80CA9F5D00", "9f5d06 000000000300 9000");
      await begin(cash, { amountFen: 1, industry: "03" }, "6973");
    },
  },
  {
    id: "ECX-035",
    spec: RESERVE,
    title: "what is set aside cannot be spent otherwise",
    tags: ["industry", "purchase", "negative"],
    cash: { balanceFen: 1_000, extension: {} },
    run: async (cash) => {
      await pay(cash, { amountFen: 800, industry: "02" });
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 201, industry: "00" }));
      await cash.say(READ_LAST, "6985");
      await cash.all(SELECT_CASH, processQuickHex({ amountFen: 200, industry: "00" }), READ_LAST);
      expectEqual(cash.books, [800, 1], "balance and debits");
    },
  },
  {
    id: "ECX-036",
    spec: RESERVE,
    title: "a card with segment fares alone knows none",
    tags: ["industry", "negative"],
    cash: { extension: { support: "segment" } },
    run: (cash) => begin(cash, { amountFen: 100, industry: "02" }, "6a80"),
  },
];

function refusedUpdate(id: string, title: string, update: (cash: CashBench) => string, word: string): CashRow {
  return {
    id,
    spec: UPDATE,
    title,
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await begin(cash, { amountFen: 300, industry: "01" });
      await cash.say(update(cash), word);
      await cash.say(READ_LAST, "6974");
      expectEqual(cash.books, [BALANCE_FEN, 0], "balance and debits");
    },
  };
}

const COMMANDS: readonly CashRow[] = [
  refusedUpdate("ECX-040", "a MAC over another counter is 6988", (cash) => cash.issuer.cacheHex({ sfi: SFI, counter: 2 }, CHANGED_RECORD), "6988"),
  refusedUpdate(
    "ECX-041",
    "too long a record is 6A84",
    (cash) => cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, concat(fromHex("2701"), new Uint8Array(63))),
    "6a84",
  ),
  refusedUpdate("ECX-042", "too short a record is 6A80", (cash) => cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, fromHex("2701")), "6a80"),
  refusedUpdate("ECX-043", "an unknown record is 6A83", (cash) => cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, fromHex("270211")), "6a83"),
  refusedUpdate("ECX-044", "an unknown file is 6A82", (cash) => cash.issuer.cacheHex({ sfi: 22, counter: 1 }, CHANGED_RECORD), "6a82"),
  {
    id: "ECX-045",
    spec: UPDATE,
    title: "it must follow the processing options or another of its kind, otherwise it is 6985",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      const update = cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, CHANGED_RECORD);
      await cash.say(SELECT_CASH);
      await cash.say(update, "6985");
      await begin(cash, { amountFen: 300, industry: "01" });
      await cash.say(update, "9000");
      await cash.say(update, "9000");
      await cash.say("00B2010C00");
      await cash.say(update, "6985");
      await cash.say(READ_LAST, ENDED);
    },
  },
  {
    id: "ECX-046",
    spec: UPDATE,
    title: "a cyclic file keeps the older records behind the new one",
    tags: ["industry"],
    cash: { extension: { files: [{ sfi: SFI, kind: "cyclic", maxLength: 4, records: 2 }], records: [{ sfi: SFI, id: "2701", contentHex: "0001" }] } },
    run: async (cash) => {
      for (const content of ["0002", "0003"]) {
        await begin(cash, { amountFen: 1, industry: "01" });
        await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: cash.memory.atc }, fromHex(`2701${content}`)), "9000");
        await cash.say(READ_LAST, ENDED);
      }
      await cash.say(SELECT_CASH);
      await cash.say(READ_RECORD, "2701 0003 9000");
      await cash.say("80B400A902270100", "2701 0002 9000");
      await cash.say("80B400A902270100", "6a83");
    },
  },
  {
    id: "ECX-050",
    spec: READ,
    title: "the first record, no next one, and what is not there",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("80B400A902270100", "6a83");
      await cash.say(READ_RECORD, `${toHex(OLD)}9000`);
      await cash.say("80B400A902270100", "6a83");
      await cash.say("80B400A802270200", "6a83");
      await cash.say("80B400B002270100", "6a82");
      await cash.say("80B400AA02270100", "6a86");
      await cash.say("80B400A803270100", "6700");
    },
  },
  {
    id: "ECX-051",
    spec: READ,
    title: "with a random number the answer carries a MAC where DF61 says so",
    tags: ["industry"],
    cash: { extension: { answerMac: true } },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("80CADF6100", "df6101 82 9000");
      const mac = cash.issuer.answerMac(OLD, fromHex("0102030405060708"));
      await cash.say("80B400A80A2701010203040506070800", `${toHex(OLD)}${toHex(mac)}9000`);
    },
  },
  {
    id: "ECX-052",
    spec: READ,
    title: "without that a random number is 6700",
    tags: ["industry", "negative"],
    cash: { extension: {} },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("80B400A80A2701010203040506070800", "6700");
    },
  },
  {
    id: "ECX-053",
    spec: READ,
    title: "a card without the extension knows none of its commands",
    tags: ["industry", "negative"],
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      for (const command of [READ_RECORD, "04E200A80400000000", "84DE00A80400000000"]) await cash.say(command, "6d00");
    },
  },
  {
    id: "ECX-060",
    spec: PROVE,
    title: "gives the certificate of the last payment and 9406 for every other counter",
    tags: ["industry", "proof"],
    cash: { extension: {} },
    run: async (cash) => {
      await cash.say(SELECT_CASH);
      await cash.say("805A000002000008", "9406");
      await pay(cash, { amountFen: 300, industry: "01" });
      await cash.reset();
      await cash.say(SELECT_CASH);
      await cash.say("805A000002000108", `${cash.memory.lastCertificate?.hex ?? ""}9000`);
      await cash.say("805A000002000208", "9406");
      await cash.say("805A00000100", "6700");
      await cash.say("805A010002000108", "6a86");
    },
  },
  {
    id: "ECX-061",
    spec: APPEND,
    title: "opens a record with a key of its own, under the card's counter",
    tags: ["industry"],
    cash: { extension: { records: [] } },
    run: async (cash) => {
      const keyHex = "00112233445566778899aabbccddeeff";
      await cash.say(SELECT_CASH);
      await cash.say(cash.issuer.appendHex({ sfi: SFI, counter: 1 }, fromHex("2705000000"), keyHex), "6988");
      await cash.say(cash.issuer.appendHex({ sfi: SFI, counter: 0 }, fromHex("2705000000"), keyHex), "9000");
      await cash.all("80B400A802270500", processQuickHex({ amountFen: 5, industry: "01" }));
      await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: 1 }, fromHex("2705010203")), "6988");
      await cash.say(cash.issuer.cacheHex({ sfi: SFI, counter: 1, keyHex }, fromHex("2705010203")), "9000");
      await cash.say(READ_LAST, ENDED);
      expectEqual(cash.memory.industry[0]?.contentHex, "2705010203", "record");
    },
  },
  {
    id: "ECX-062",
    spec: APPEND,
    title: "in a full file it is 6A84, in an unknown one 6A82, too long 6A84",
    tags: ["industry", "negative"],
    cash: { extension: { files: [{ sfi: SFI, kind: "variable", maxLength: 8, records: 1 }], records: [] } },
    run: async (cash) => {
      const keyHex = "00112233445566778899aabbccddeeff";
      await cash.say(SELECT_CASH);
      await cash.say(cash.issuer.appendHex({ sfi: SFI, counter: 0 }, fromHex("270500000000000000"), keyHex), "6a84");
      await cash.say(cash.issuer.appendHex({ sfi: 22, counter: 0 }, fromHex("2705000000"), keyHex), "6a82");
      await cash.say(cash.issuer.appendHex({ sfi: SFI, counter: 0 }, fromHex("2705000000"), keyHex), "9000");
      await cash.say(cash.issuer.appendHex({ sfi: SFI, counter: 0 }, fromHex("2706000000"), keyHex), "6a84");
    },
  },
];

export const ELECTRONIC_CASH_EXTENSION_CASES: readonly ConformanceCase[] = cashCases([...FARES, ...RESERVATIONS, ...COMMANDS]);
