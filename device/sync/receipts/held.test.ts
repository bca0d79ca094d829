/* What a terminal says to a host that wants records which were taken away by rule. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { canonicalJson } from "../../codec/json.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { firstHeld } from "../outbox/held.ts";
import { MemoryJournal } from "../testing.ts";
import { checkReceipt } from "./accept.ts";

const suite = openCipherSuite();
const hostKey = suite.sm2PrivateKey(fromHex("11".repeat(32)));
const hashOf = (batch: number) => batch.toString(16).padStart(64, "0");

/** Batches 3 to 6 of ten records each; records up to `taken` are gone. */
function journalWith(taken: number): MemoryJournal {
  const journal = new MemoryJournal();
  journal.firstSeq = taken + 1;
  for (let batchSeq = 3; batchSeq <= 6; batchSeq += 1) {
    if (batchSeq * 10 <= taken && batchSeq < 5) continue;
    const detail = canonicalJson({ prevHash: hashOf(batchSeq - 1), sums: {} });
    journal.batches.push({ batchSeq, firstSeq: batchSeq * 10 - 9, lastSeq: batchSeq * 10, hash: hashOf(batchSeq), receipted: batchSeq < 6, detail });
  }
  return journal;
}

async function said(journal: MemoryJournal, upTo: number, more: { readonly need?: number; readonly hash?: string }): Promise<string> {
  const { terminalId: tid, journalId } = journal;
  const receipt = {
    v: 1,
    tid,
    journalId,
    upTo,
    hash: more.hash ?? (upTo === 0 ? "0".repeat(64) : hashOf(upTo)),
    rejects: [],
    slowMs: 0,
    hostTimeMs: 1_790_000_000_000,
  };
  const signed = more.need === undefined ? receipt : { ...receipt, need: more.need };
  const sig = toHex(suite.sm2Sign(hostKey, utf8(canonicalJson(signed))));
  const { hostHeard, outcome } = await checkReceipt({ suite, hostKey: hostKey.publicKey, journal }, utf8(canonicalJson({ ...signed, sig })));
  expect(hostHeard).toBe(true);
  return outcome.ok ? "accepted" : outcome.reason;
}

describe("a host that wants what is gone", () => {
  it("is told of the first batch that is held as a whole", async () => {
    expect((await firstHeld(journalWith(0)))?.batchSeq).toBeUndefined();
    expect((await firstHeld(journalWith(20)))?.batchSeq).toBe(3);
    expect((await firstHeld(journalWith(25)))?.batchSeq).toBe(4);
    expect((await firstHeld(journalWith(30)))?.batchSeq).toBe(4);
  });

  it("is refused, from the beginning and in the middle, and nothing is sent for it", async () => {
    expect(await said(journalWith(20), 0, { need: 1 })).toBe("no-longer-held");
    expect(await said(journalWith(20), 1, { need: 2 })).toBe("no-longer-held");
    expect(await said(journalWith(35), 3, { need: 4 })).toBe("no-longer-held");
  });

  it("gets what is held, once it has given up the rest", async () => {
    expect(await said(journalWith(20), 2, { need: 3 })).toBe("accepted");
    expect(await said(journalWith(20), 2, { need: 3, hash: hashOf(9) })).toBe("hash-differs");
    expect(await said(journalWith(35), 4, { need: 5 })).toBe("accepted");
    expect(await said(journalWith(20), 1, {})).toBe("beyond-our-batches");
  });

  it("of a journal that holds everything is served as ever", async () => {
    const journal = new MemoryJournal();
    expect(await said(journal, 0, { need: 1 })).toBe("accepted");
  });
});
