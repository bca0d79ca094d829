/* Batches: where they end, what they hash to, and what a receiver makes of replay, reorder, truncation and fork. */

import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { canonicalJson } from "../../codec/json.ts";
import { encodeBatch, PAYLOAD_BYTES_MAX, parseBatch, recordsText, ZERO_HASH } from "../../codec/upload.ts";
import type { JournalEntry } from "../../txn/journal/types.ts";
import { BatchSupply, previousHashOf } from "../outbox/supply.ts";
import { openBody, sealBody } from "../sealing.ts";
import { appendSales, DATA_KEY, dataKey, JOURNAL_ID, KEYS, KID, MemoryJournal, ModelHost, suite, TERMINAL_SCALAR, TID } from "../testing.ts";
import { DEFAULT_BATCH_LIMITS, planBatch, planRecord, recordsThatFit, shrunkCount } from "./plan.ts";
import { sealBatch } from "./seal.ts";
import { openInlineSealer } from "./seal-inline.ts";
import { openWorkerSealer } from "./worker-sealer.ts";

let drawn = 0;
/** Bytes that differ each time: the hash must not depend on them. */
const randomness = {
  bytes: (length: number) => {
    drawn += 1;
    return new Uint8Array(length).fill(drawn & 0xff);
  },
};

function makeSupply(journal: MemoryJournal, recordsMax: number) {
  return new BatchSupply({ journal, sealer: openInlineSealer(suite, KEYS), randomness, limits: { ...DEFAULT_BATCH_LIMITS, recordsMax } });
}

/** Payloads of all batches of `count` sales. */
async function payloadsOf(count: number, recordsMax: number): Promise<Uint8Array[]> {
  const journal = new MemoryJournal();
  await appendSales(journal, count);
  const supply = makeSupply(journal, recordsMax);
  await supply.open();
  while (journal.batches.length * recordsMax < count) await supply.plan(4);
  return Promise.all(journal.batches.map(async ({ batchSeq }) => (await supply.payload(batchSeq)) ?? new Uint8Array(0)));
}

const entry = (seq: number, detail: JournalEntry["detail"] = {}): JournalEntry => ({
  seq,
  subject: `${JOURNAL_ID}-${seq}`,
  kind: "quick-payment",
  state: "done",
  amount: fen(seq),
  boot: 1,
  wallMs: 5,
  monotonicMs: 6,
  detail,
  hash: "",
});

describe("where a batch ends", () => {
  it.each([
    [1, 400, 1_000_000, 1],
    [400, 400, 1_000_000, 400],
    [401, 400, 1_000_000, 400],
    [3, 400, 10, 1],
    [9, 3, 1_000_000, 3],
  ])("%i records, at most %i and %i bytes: %i", (count, recordsMax, plainBytesMax, expected) => {
    const records = Array.from({ length: count }, (_, index) => planRecord(entry(index + 1)));
    expect(recordsThatFit(records, { recordsMax, plainBytesMax })).toBe(expected);
  });

  it("the byte bound counts bytes, not characters", () => {
    const records = [1, 2].map((seq) => planRecord(entry(seq, { note: "卡".repeat(100) })));
    const bytes = records.reduce((total, { text }) => total + utf8(text).length, 0);
    expect(recordsThatFit(records, { recordsMax: 9, plainBytesMax: bytes + 4 })).toBe(2);
    expect(recordsThatFit(records, { recordsMax: 9, plainBytesMax: bytes - 1 })).toBe(1);
  });

  it.each([
    [400, PAYLOAD_BYTES_MAX, 400],
    [400, PAYLOAD_BYTES_MAX * 2, 180],
    [2, PAYLOAD_BYTES_MAX * 9, 1],
    [1, PAYLOAD_BYTES_MAX * 9, 1],
    [10, PAYLOAD_BYTES_MAX + 1, 8],
  ])("%i records gave %i bytes: try %i", (count, bytes, expected) => {
    expect(shrunkCount(count, bytes)).toBe(expected);
  });

  it("records that do not compress are spread over more batches, each within the payload bound", async () => {
    const journal = new MemoryJournal();
    for (let index = 0; index < 60; index += 1) {
      const noise = Array.from({ length: 60 }, (_, part) => toHex(suite.sm3(utf8(`${index} ${part}`)))).join("");
      await journal.append({ kind: "operation", state: "done", amount: fen(0), detail: { noise } });
    }
    const supply = makeSupply(journal, 400);
    await supply.open();
    await supply.plan(50);
    expect(journal.batches.length).toBeGreaterThan(2);
    for (const { batchSeq } of journal.batches) expect((await supply.payload(batchSeq))?.length).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
    expect(journal.batches.at(-1)?.lastSeq).toBe(60);
  });

  it("400 ordinary sales fit one payload with room to spare", async () => {
    const [payload] = await payloadsOf(400, 400);
    expect(payload?.length).toBeLessThan(PAYLOAD_BYTES_MAX * 0.9);
  });

  it("a batch that does not continue the one before is our own mistake", () => {
    expect(() => planBatch({ tid: TID, journalId: JOURNAL_ID }, { batchSeq: 1, lastSeq: 3, hash: ZERO_HASH }, [planRecord(entry(5))])).toThrow("continues");
    expect(() =>
      planBatch({ tid: TID, journalId: JOURNAL_ID }, { batchSeq: 1, lastSeq: 3, hash: ZERO_HASH }, [planRecord(entry(4)), planRecord(entry(6))]),
    ).toThrow("contiguous");
  });
});

describe("sealing", () => {
  it("sealed again it is the same batch under another IV and signature", async () => {
    const journal = new MemoryJournal();
    await appendSales(journal, 30);
    const before = makeSupply(journal, 10);
    await before.open();
    await before.plan(3);
    const after = makeSupply(journal.rebooted(), 10);
    await after.open();
    for (const batchSeq of [1, 2, 3]) {
      const [first, again] = [await before.payload(batchSeq), await after.payload(batchSeq)].map((payload) => parseBatch(payload ?? new Uint8Array(0)));
      if (first?.ok !== true || again?.ok !== true) throw new Error("both are batches");
      const { iv, body, sig, ...same } = first.message;
      expect(again.message).toMatchObject(same);
      expect([again.message.iv, again.message.body]).not.toEqual([iv, body]);
      expect(again.message.sig).not.toBe(sig);
    }
  });

  it("a batch whose records changed is not handed out", async () => {
    const journal = new MemoryJournal();
    await appendSales(journal, 10);
    const supply = makeSupply(journal, 10);
    await supply.open();
    await supply.plan(1);
    const [changed] = journal.all;
    if (changed !== undefined) journal.all[0] = { ...changed, amount: fen(changed.amount + 1) };
    const after = makeSupply(journal.rebooted(), 10);
    await after.open();
    expect(await after.payload(1)).toBeUndefined();
    journal.all.pop();
    expect(await makeSupply(journal.rebooted(), 10).payload(1)).toBeUndefined();
    expect(await after.payload(2)).toBeUndefined();
  });

  it("the worker makes what the thread itself makes", async () => {
    const sealer = openWorkerSealer({ signingScalar: TERMINAL_SCALAR, dataKey: DATA_KEY, kid: KID });
    try {
      const { header, texts } = planBatch({ tid: TID, journalId: JOURNAL_ID }, { batchSeq: 0, lastSeq: 0, hash: ZERO_HASH }, [
        planRecord(entry(1)),
        planRecord(entry(2)),
      ]);
      const makeInput = () => ({ header, records: utf8(recordsText(texts)), boot: 1, iv: new Uint8Array(16).fill(3) });
      const [there, here] = [await sealer.seal(makeInput()), sealBatch(suite, KEYS, makeInput())];
      expect(there.hash).toBe(here.hash);
      expect(new ModelHost().take(there.payload)).toBe("committed");
      const [one, other] = [parseBatch(there.payload), parseBatch(here.payload)];
      expect(one.ok && one.message.body).toBe(other.ok && other.message.body);
    } finally {
      await sealer.close();
    }
    await expect(
      sealer.seal({
        header: { tid: TID, journalId: JOURNAL_ID, batchSeq: 1, firstSeq: 1, lastSeq: 1, count: 1, sums: [], prevHash: ZERO_HASH },
        records: utf8("[]"),
        boot: 1,
        iv: new Uint8Array(16),
      }),
    ).rejects.toMatchObject({ code: "closed" });
  });

  it("a worker that dies fails what it was sealing, and the next batch starts another", async () => {
    // A data key of the wrong length: the worker ends while it makes its keys.
    const sealer = openWorkerSealer({ signingScalar: TERMINAL_SCALAR, dataKey: DATA_KEY.slice(3), kid: KID });
    const { header, texts } = planBatch({ tid: TID, journalId: JOURNAL_ID }, { batchSeq: 0, lastSeq: 0, hash: ZERO_HASH }, [planRecord(entry(1))]);
    const seal = () => sealer.seal({ header, records: utf8(recordsText(texts)), boot: 1, iv: new Uint8Array(16) });
    await expect(seal()).rejects.toMatchObject({ code: "process-failed", effectUnknown: false });
    await expect(seal()).rejects.toMatchObject({ code: "process-failed", effectUnknown: false });
    await sealer.close();
  });

  it("a body opens to what was sealed; any other bytes give undefined, never a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ maxLength: 64 }), (plain, iv, other) => {
        expect(openBody(suite, dataKey, { iv, sealed: sealBody(suite, dataKey, { iv, plain }) })).toEqual(plain);
        const opened = openBody(suite, dataKey, { iv, sealed: other });
        expect(opened === undefined || opened.length < other.length).toBe(true);
      }),
    );
  });

  it.each([["{}"], ["["], ['{"prevHash":"x"}'], ["1"]])("a boundary with detail %s has no previous hash", (detail) => {
    expect(previousHashOf({ batchSeq: 1, firstSeq: 1, lastSeq: 1, hash: ZERO_HASH, receipted: false, detail })).toBeUndefined();
  });
});

describe("batch protocol against a receiver made from the page", () => {
  it("any replay, reorder and loss: every record at the host once, in order, as soon as the missing ones came", async () => {
    const payloads = await payloadsOf(60, 5);
    expect(payloads).toHaveLength(12);
    fc.assert(
      fc.property(fc.array(fc.nat(payloads.length - 1), { maxLength: 60 }), (order) => {
        const host = new ModelHost();
        for (const index of order) host.take(payloads[index] ?? new Uint8Array(0));
        const reached = host.batches.length;
        expect(host.records.map((record) => record["seq"])).toEqual(Array.from({ length: reached * 5 }, (_, index) => index + 1));
        for (const payload of payloads) host.take(payload);
        expect(host.records.map((record) => record["seq"])).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
        expect([host.quarantined, host.problems]).toEqual([false, []]);
      }),
      { numRuns: 60 },
    );
  });

  it("truncated or bent anywhere: refused, never half taken", async () => {
    const [payload] = await payloadsOf(5, 5);
    if (payload === undefined) throw new Error("a payload");
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const host = new ModelHost();
        const bent = payload.map((byte, index) => (index === at ? byte ^ flip : byte));
        const take = (bytes: Uint8Array) => {
          try {
            return host.take(bytes);
          } catch {
            return "refused";
          }
        };
        take(payload.subarray(0, at));
        take(bent);
        // What is not under the signature is boot, names of keys and algorithm: bending these may leave the records whole.
        for (const record of host.records) expect(Object.keys(record)).toContain("amountFen");
        if (host.batches.length > 0) expect(host.batches[0]?.hash).toBe(JSON.parse(new TextDecoder().decode(payload)).hash);
      }),
      { numRuns: 300 },
    );
  });

  it("a fork is seen: another batch under the same number", async () => {
    const [first, second] = await payloadsOf(10, 5);
    const journal = new MemoryJournal();
    await appendSales(journal, 3);
    await journal.append({ kind: "operation", state: "done", amount: fen(0), detail: { other: true } });
    const supply = makeSupply(journal, 5);
    await supply.open();
    await supply.plan(1);
    const host = new ModelHost();
    expect(host.take(first ?? new Uint8Array(0))).toBe("committed");
    expect(host.take((await supply.payload(1)) ?? new Uint8Array(0))).toBe("equivocation");
    expect(host.take(second ?? new Uint8Array(0))).toBe("refused");
  });

  it("body, hash and signature are what the page says, taken apart by hand", async () => {
    const [payload] = await payloadsOf(3, 3);
    const parsed = parseBatch(payload ?? new Uint8Array(0));
    if (!parsed.ok) throw new Error(parsed.reason);
    const { v: _, boot: __, hash, alg, kid, iv, body, sig, ...header } = { v: 1, ...parsed.message };
    const opened = openBody(suite, dataKey, { iv: fromHex(iv), sealed: new Uint8Array(Buffer.from(body, "base64")) });
    const records: unknown = JSON.parse(inflateRawSync(opened ?? new Uint8Array(0)).toString("utf8"));
    expect(hash).toBe(toHex(suite.sm3(utf8(canonicalJson({ ...header, records })))));
    expect([alg, kid, sig.length]).toEqual(["SM4-CBC/SM2-SM3", KID, 128]);
    expect(encodeBatch(parsed.message)).toEqual(payload);
  });
});
