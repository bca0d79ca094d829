/* Segment fares and offline pre-authorisation against an independently written card, whose record keys a test signer has. */
import { describe, expect, it } from "vitest";
import { testIndustryKey } from "../../../simulators/card/electronic-cash/make.ts";
import { bankMac } from "../../../simulators/crypto/bank.ts";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { LIMITS, SUITE } from "../testing.ts";
import { appendIndustryRecord, type IndustrySigner, industryPart, putData, readIndustryRecord } from "./industry.ts";
import { proveTransaction } from "./prove-transaction.ts";
import { selectElectronicCash } from "./select.ts";
import { type CashBenchOptions, type CashChange, cashBench } from "./testing.ts";
import type { CashTerms } from "./types.ts";

type Bench = ReturnType<typeof cashBench>;
const PLACE = { sfi: 21, recordId: "2701" };
const NEW_CONTENT = fromHex(`2701${"11".repeat(16)}`);

function signer(bench: Bench, spoil = 0): IndustrySigner {
  return {
    mac: async ({ place, iv, input }) => {
      const key = testIndustryKey(SUITE, "sm4", place.recordId);
      return bankMac({ suite: SUITE, algorithm: "sm4", profile: bench.profile }, key, { iv, data: input }).map((byte) => byte ^ spoil);
    },
  };
}

const extended = (options: CashBenchOptions = {}) => cashBench({ ...options, cash: { extension: {}, ...options.cash } });

function fare(bench: Bench, terms: Partial<CashTerms>, more: { readonly spoil?: number } = {}): CashChange {
  return {
    terms: { industry: "segment-fare", ...terms },
    industryPart: industryPart({ place: PLACE, newContent: () => NEW_CONTENT, signer: signer(bench, more.spoil) }),
  };
}

const recordOf = (bench: Bench) => bench.cashMemory()?.industry[0];

describe("a segment fare", () => {
  it.each(["01", "04"] as const)("changes balance and record together, with indicator %s", async (df60Segment) => {
    const bench = extended({ profile: { df60Segment } });
    expect(await bench.tap(fare(bench, { amount: fen(300) }))).toMatchObject({ kind: "approved", record: { industry: "segment-fare" } });
    expect(bench.cashMemory()?.balanceFen).toBe(9_700);
    expect(recordOf(bench)?.contentHex).toBe(toHex(NEW_CONTENT));
  });

  it("of a card that wants nothing but industry reads between selection and decision is taken too", async () => {
    const bench = extended({ cash: { strictOrder: true } });
    expect(await bench.tap(fare(bench, { amount: fen(300) }))).toMatchObject({ kind: "approved" });
    expect(bench.cashMemory()).toMatchObject({ balanceFen: 9_700, atc: 1 });
  });

  it("of nothing, as at an entry, changes the record alone and is proved by the card's certificate", async () => {
    const bench = extended();
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel, fare(bench, { amount: fen(0) }));
    if (prepared.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(prepared)}`);
    bench.card.setFaults({ lastAnswerLost: true });
    bench.tearNext("after");
    await bench.commit(channel, prepared);
    const again = await bench.returned();
    expect(await bench.run(proveTransaction(again, prepared.intent, LIMITS))).toMatchObject({ kind: "debited", proof: "proof" });
    expect(recordOf(bench)?.contentHex).toBe(toHex(NEW_CONTENT));
  });

  it.each(["before", "during"] as const)("torn %s its commit changes neither", async (at) => {
    const bench = extended();
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel, fare(bench, { amount: fen(0) }));
    if (prepared.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(prepared)}`);
    bench.tearNext(at);
    await bench.commit(channel, prepared);
    const again = await bench.returned();
    expect(await bench.run(proveTransaction(again, prepared.intent, LIMITS))).toMatchObject({ kind: "not-debited" });
    expect(recordOf(bench)?.contentHex).not.toBe(toHex(NEW_CONTENT));
  });

  it("may take what the balance lacks from the deposit, and the balance then proves nothing", async () => {
    const bench = extended({ cash: { balanceFen: 100, extension: { depositLimitFen: 500 } } });
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel, fare(bench, { amount: fen(300) }));
    expect(prepared).toMatchObject({ kind: "ready", intent: { movesBalance: false } });
    if (prepared.kind === "ready") expect(await bench.commit(channel, prepared)).toMatchObject({ kind: "approved" });
    expect(bench.cashMemory()).toMatchObject({ balanceFen: 0, depositUsedFen: 200 });
  });

  it("with a wrong MAC is refused by the card and takes nothing", async () => {
    const bench = extended();
    expect(await bench.tap(fare(bench, { amount: fen(300) }, { spoil: 1 }))).toMatchObject({ kind: "refused", reason: "card-refused", statusWord: 0x6988 });
    expect(bench.cashMemory()?.balanceFen).toBe(10_000);
  });

  it("of a card without such a record is refused", async () => {
    const bench = extended({ cash: { extension: { records: [], files: [] } } });
    expect(await bench.tap(fare(bench, {}))).toMatchObject({ kind: "refused", reason: "card-refused" });
  });
});

describe("an offline pre-authorisation", () => {
  it("sets aside, is completed, and only then moves the balance", async () => {
    const bench = extended();
    expect(await bench.tap(fare(bench, { amount: fen(2_000), industry: "pre-authorization" }))).toMatchObject({
      kind: "approved",
      record: { industry: "pre-authorization" },
    });
    expect(bench.cashMemory()).toMatchObject({ balanceFen: 10_000, industry: [{ reservedFen: 2_000 }] });
    expect(await bench.tap(fare(bench, { amount: fen(1_500), industry: "completion" }))).toMatchObject({ kind: "approved" });
    expect(bench.cashMemory()?.balanceFen).toBe(8_500);
    expect(recordOf(bench)?.reservedFen).toBeUndefined();
  });

  it.each([
    ["before", "not-debited"],
    ["after", "debited"],
  ] as const)("torn %s its commit is %s", async (at, kind) => {
    const bench = extended();
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel, fare(bench, { amount: fen(2_000), industry: "pre-authorization" }));
    if (prepared.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(prepared)}`);
    expect(prepared.intent).toMatchObject({ movesBalance: false, unlogged: true });
    bench.tearNext(at);
    await bench.commit(channel, prepared);
    const again = await bench.returned();
    expect(await bench.run(proveTransaction(again, prepared.intent, LIMITS))).toMatchObject({ kind });
  });

  it("cannot be decided any more once another sale has followed", async () => {
    const bench = extended();
    const channel = await bench.channel();
    const prepared = await bench.prepare(channel, fare(bench, { amount: fen(2_000), industry: "pre-authorization" }));
    if (prepared.kind !== "ready") throw new Error("not ready");
    bench.tearNext("after");
    await bench.commit(channel, prepared);
    expect(await bench.tap()).toMatchObject({ kind: "approved" });
    const again = await bench.returned();
    expect(await bench.run(proveTransaction(again, prepared.intent, LIMITS))).toMatchObject({ kind: "undecidable" });
  });

  it.each([
    ["a second one of the same record", "pre-authorization", 0x6972],
    ["a completion of nothing", "completion", 0x6973],
  ] as const)("%s is refused", async (_name, industry, statusWord) => {
    const bench = extended();
    if (industry === "pre-authorization") await bench.tap(fare(bench, { amount: fen(100), industry }));
    expect(await bench.tap(fare(bench, { amount: fen(100), industry }))).toMatchObject({ kind: "refused", statusWord });
  });
});

describe("commands of the extension", () => {
  async function opened(options: CashBenchOptions = {}) {
    const bench = extended(options);
    const channel = await bench.channel();
    await bench.run(selectElectronicCash(channel, { interface: "contactless" }, LIMITS));
    return { bench, channel };
  }

  it("READ CAPP DATA gives the card's MAC over a challenge where it can", async () => {
    const { bench, channel } = await opened({ cash: { extension: { answerMac: true } } });
    const challenge = fromHex("0102030405060708");
    const answer = await bench.run(readIndustryRecord(channel, { ...PLACE, challenge }, LIMITS));
    if (answer.kind !== "ok") throw new Error("refused");
    const expected = bankMac({ suite: SUITE, algorithm: "sm4", profile: bench.profile }, testIndustryKey(SUITE, "sm4", "2701"), {
      data: concat(challenge, answer.record),
    });
    expect(toHex(answer.mac ?? new Uint8Array(0))).toBe(toHex(expected));
  });

  it("READ CAPP DATA finds the next record with an identifier, or none", async () => {
    const { bench, channel } = await opened();
    expect(await bench.run(readIndustryRecord(channel, PLACE, LIMITS))).toMatchObject({ kind: "ok" });
    expect(await bench.run(readIndustryRecord(channel, { ...PLACE, next: true }, LIMITS))).toEqual({ kind: "refused", statusWord: 0x6a83 });
  });

  it.each([
    [
      "APPEND RECORD",
      (channel: Parameters<typeof appendIndustryRecord>[0]) =>
        appendIndustryRecord(channel, 21, { data: new Uint8Array(40), mac: new Uint8Array(4), limits: LIMITS }),
    ],
    [
      "PUT DATA",
      (channel: Parameters<typeof putData>[0]) =>
        putData(channel, { tag: 0x9f79, data: new Uint8Array(6), mac: new Uint8Array(4), profile: { putDataCla: "04" } }, LIMITS),
    ],
  ])("%s without the issuer's MAC is refused", async (_name, send) => {
    const { bench, channel } = await opened();
    expect(await bench.run<{ readonly kind: string }>(send(channel))).toMatchObject({ kind: "refused" });
  });
});
