import { expect, test } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Bench, type Members, only, openBench, provedDebit, START_MS, sortedJson } from "./testing.ts";

const suite = openCipherSuite();

test("a good batch is booked and receipted with a signature over the batch's own hash", async () => {
  const bench = openBench(suite);
  const batch = bench.terminal.batch(bench.sale());
  const receipt = only(await bench.send(batch));
  expect(receipt).toMatchObject({
    v: 1,
    tid: "T001",
    journalId: bench.terminal.journalId,
    upTo: 1,
    hash: batch.hash,
    rejects: [],
    slowMs: 0,
    hostTimeMs: START_MS,
  });
  expect(receipt).not.toHaveProperty("need");
  expect(bench.terminal.hostSigned(receipt)).toBe(true);
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
  expect(bench.ledger.booking(bench.terminal.subject(1))).toMatchObject({ amountFen: 450, bookedSeq: 2, proof: "tac", flags: [] });
  expect(bench.ledger.unknownSubjects()).toEqual([]);
});

test("the same batch again repeats the receipt and books nothing, even when it was sealed anew", async () => {
  const bench = openBench(suite);
  const sale = bench.sale();
  const first = bench.terminal.batch(sale);
  bench.terminal.batchSeq = 0;
  bench.terminal.prevHash = "0".repeat(64);
  const sealedAgain = bench.terminal.batch(sale);
  expect(sealedAgain.payload).not.toEqual(first.payload);
  await bench.send(first);
  const again = only(await bench.send(sealedAgain));
  expect(again).toMatchObject({ upTo: 1, hash: first.hash });
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
});

test("a gap is answered with the batch that the host wants, and filling it settles all", async () => {
  const bench = openBench(suite);
  const [one, two, three] = [0, 1, 2].map(() => bench.terminal.batch(bench.sale()));
  if (one === undefined || two === undefined || three === undefined) throw new Error("three batches");
  expect(only(await bench.send(three))).toMatchObject({ upTo: 0, hash: "0".repeat(64), need: 1 });
  expect(only(await bench.send(one))).toMatchObject({ upTo: 1, hash: one.hash });
  expect(only(await bench.send(three))).toMatchObject({ upTo: 1, hash: one.hash, need: 2 });
  expect(only(await bench.send(two))).toMatchObject({ upTo: 2 });
  expect(only(await bench.send(three))).toMatchObject({ upTo: 3, hash: three.hash });
  expect(bench.ledger.receiptedThrough("T001", bench.terminal.journalId)).toBe(6);
});

test("another batch under a known number is equivocation: quarantine, no receipt, nothing booked, evidence kept", async () => {
  const bench = openBench(suite);
  const first = bench.terminal.batch(bench.sale());
  await bench.send(first);
  bench.terminal.batchSeq = 0;
  bench.terminal.seq = 0;
  bench.terminal.prevHash = "0".repeat(64);
  const other = bench.terminal.batch(bench.sale());
  expect(await bench.send(other)).toEqual([]);
  expect(only(bench.ledger.quarantines())).toMatchObject({
    tid: "T001",
    batchSeq: 1,
    reason: "equivocation",
    expectedHash: first.hash,
    receivedHash: other.hash,
  });
  expect(await bench.send(first)).toEqual([]);
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
  bench.ledger.releaseQuarantine("T001");
  expect(only(await bench.send(first))).toMatchObject({ upTo: 1 });
});

test("a quarantined terminal is told to stop draining; its neighbour is not", async () => {
  const bench = openBench(suite);
  await bench.send(bench.terminal.batch(bench.sale()));
  await bench.send(bench.terminal.batch(bench.sale(), { header: { prevHash: "ab".repeat(32) } }));
  bench.link.inject(bench.terminal.topic("hb"), bench.terminal.heartbeat());
  bench.link.inject(bench.neighbour.topic("hb"), bench.neighbour.heartbeat());
  await bench.run();
  expect(bench.link.take("dn/hb").map(({ tid, drain }) => [tid, drain])).toEqual([
    ["T001", false],
    ["T002", true],
  ]);
});

const QUARANTINES: readonly (readonly [reason: string, header: (bench: Bench) => Members])[] = [
  ["chain-forked", () => ({ prevHash: "cd".repeat(32) })],
  ["sequence-broken", () => ({ firstSeq: 4, lastSeq: 5 })],
];

test.each(QUARANTINES)("what a valid signature vouches for and the chain does not allow: %s", async (reason, header) => {
  const bench = openBench(suite);
  await bench.send(bench.terminal.batch(bench.sale()));
  const twisted = bench.terminal.batch(bench.sale(), { header: header(bench) });
  expect(await bench.send(twisted)).toEqual([]);
  expect(only(bench.ledger.quarantines()).reason).toBe(reason);
  expect(bench.ledger.recordCount()).toBe(2);
});

test("a journal that comes from a second terminal is a copied unit: that terminal goes into quarantine", async () => {
  const bench = openBench(suite);
  await bench.send(bench.terminal.batch(bench.sale()));
  const copy = bench.neighbour.batch([bench.neighbour.record({})], { header: { journalId: bench.terminal.journalId } });
  bench.link.inject(bench.neighbour.topic("txn"), copy.payload);
  await bench.run();
  expect(bench.link.take("dn/rcpt")).toEqual([]);
  expect(only(bench.ledger.quarantines())).toMatchObject({ tid: "T002", reason: "journal-of-another-terminal" });
});

const DISCARDED: readonly (readonly [reason: string, twist: (bench: Bench) => Uint8Array])[] = [
  ["malformed", () => utf8('{"v":1}')],
  ["malformed", (bench) => bench.terminal.batch(bench.sale(), { envelope: { count: 3 } }).payload],
  ["malformed", (bench) => bench.terminal.batch(bench.sale(), { envelope: { v: 2 } }).payload],
  ["tid-of-another", (bench) => bench.neighbour.batch([bench.neighbour.record({})]).payload],
  ["key-not-allowed", (bench) => bench.terminal.batch(bench.sale(), { envelope: { kid: "other" } }).payload],
  ["signature-wrong", (bench) => bench.terminal.batch(bench.sale(), { signer: bench.neighbour.key }).payload],
  ["signature-wrong", (bench) => bench.terminal.batch(bench.sale(), { envelope: { hash: "ee".repeat(32) } }).payload],
  ["body-wrong", (bench) => bench.terminal.batch(bench.sale(), { sealedRecords: [] }).payload],
  ["body-wrong", (bench) => bench.terminal.batch(bench.sale(), { envelope: { batchSeq: 7 } }).payload],
  ["body-wrong", (bench) => bench.terminal.batch(bench.sale(), { envelope: { prevHash: "aa".repeat(32) } }).payload],
  ["body-wrong", (bench) => bench.terminal.batch(bench.sale(), { envelope: { body: "AAAA" } }).payload],
  ["body-wrong", (bench) => bench.terminal.batch(bench.sale(), { envelope: { iv: "00".repeat(16) } }).payload],
];

test.each(DISCARDED)("what nobody vouches for is dropped without receipt and without blame: %s", async (reason, twist) => {
  const bench = openBench(suite);
  bench.link.inject(bench.terminal.topic("txn"), twist(bench));
  await bench.run();
  expect(bench.link.published).toEqual([]);
  expect([...bench.host.counters.keys()]).toEqual([`batch-discarded: ${reason}`]);
  expect(bench.ledger.quarantines()).toEqual([]);
  expect(bench.ledger.recordCount()).toBe(0);
});

test("an unregistered terminal is not served", async () => {
  const bench = openBench(suite);
  const batch = bench.terminal.batch(bench.sale(), { envelope: { tid: "T999" } });
  bench.link.inject("pos/v1/T999/up/txn", batch.payload);
  bench.link.inject("pos/v1/T999/up/hb", bench.terminal.heartbeat({ tid: "T999" }));
  await bench.run();
  expect(bench.link.published).toEqual([]);
});

test("what a batch parked is repeated with every receipt that covers it", async () => {
  const bench = openBench(suite);
  const bad = bench.sale();
  Object.assign(bad[1]?.["detail"] as Members, { tac: "00000000" });
  const one = bench.terminal.batch(bad);
  await bench.send(one);
  const receipt = only(await bench.send(bench.terminal.batch(bench.sale())));
  expect(receipt).toMatchObject({ upTo: 2, rejects: [{ seq: 2, reason: "tac-wrong" }] });
  expect(only(await bench.send(one))).toMatchObject({ upTo: 2, rejects: [{ seq: 2, reason: "tac-wrong" }] });
});

test("a batch whose sums contradict its records is received and parked whole", async () => {
  const bench = openBench(suite);
  const sums = [
    { kind: "quick-payment", state: "done", count: 1, fen: 449 },
    { kind: "quick-payment", state: "prepared", count: 1, fen: 450 },
  ];
  const receipt = only(await bench.send(bench.terminal.batch(bench.sale(), { header: { sums } })));
  expect(receipt).toMatchObject({
    upTo: 1,
    rejects: [
      { seq: 1, reason: "sum-mismatch" },
      { seq: 2, reason: "sum-mismatch" },
    ],
  });
  expect(bench.ledger.totalsByKind()).toEqual({});
  expect(bench.ledger.rejects().map(({ seq }) => seq)).toEqual([1, 2]);
});

test("a batch that holds fewer records than it counts is parked whole, missing ones included", async () => {
  const bench = openBench(suite);
  const receipt = only(await bench.send(bench.terminal.batch(bench.sale(), { header: { lastSeq: 3, count: 3 } })));
  expect(receipt["rejects"]).toEqual([1, 2, 3].map((seq) => ({ seq, reason: "count-mismatch" })));
});

test("personal fields are in the ledger only inside the sealed batch", async () => {
  const bench = openBench(suite);
  const bad = bench.terminal.record({ state: "nonsense", personal: { cardSerial: "00000000000000004711" } });
  await bench.send(bench.terminal.batch([...bench.sale(), bad].sort((left, right) => Number(left["seq"]) - Number(right["seq"]))));
  expect(JSON.stringify([bench.ledger.rejects(), bench.ledger.bookings()])).not.toContain("4711");
});

test("every heartbeat is answered with signed presence", async () => {
  const bench = openBench(suite);
  bench.link.inject(bench.terminal.topic("hb"), bench.terminal.heartbeat());
  await bench.run();
  const presence = only(bench.link.take("dn/hb"));
  expect(presence).toMatchObject({ v: 1, tid: "T001", hostTimeMs: START_MS, drain: true, reconnectWindowMs: 10_000 });
  expect(bench.terminal.hostSigned(presence)).toBe(true);
});

test("a host restored from a backup asks for what it lost: on a gap and on a heartbeat", async () => {
  const bench = openBench(suite);
  const one = bench.terminal.batch(bench.sale());
  const two = bench.terminal.batch(bench.sale());
  await bench.send(one);
  bench.ledger.takeBackup();
  await bench.send(two);
  bench.host.restoreBackup();
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
  bench.link.inject(bench.terminal.topic("hb"), bench.terminal.heartbeat({ receiptedThrough: 4 }));
  await bench.run();
  const asked = only(bench.link.take("dn/rcpt"));
  expect(asked).toMatchObject({ upTo: 1, hash: one.hash, need: 2 });
  expect(bench.terminal.hostSigned(asked)).toBe(true);
  expect(only(await bench.send(bench.terminal.batch(bench.sale())))).toMatchObject({ upTo: 1, need: 2 });
  expect(only(await bench.send(two))).toMatchObject({ upTo: 2, hash: two.hash });
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 2, fen: 900 } });
});

test("a batch may travel in frames", async () => {
  const bench = openBench(suite);
  const { payload, hash } = bench.terminal.batch(bench.sale());
  const whole = Buffer.from(suite.sm3(payload)).toString("hex");
  const cut = Math.floor(payload.length / 2);
  const parts = [payload.subarray(0, cut), payload.subarray(cut)];
  for (const index of [1, 0, 1]) {
    const data = Buffer.from(parts[index] ?? new Uint8Array(0)).toString("base64");
    bench.link.inject(bench.terminal.topic("txn"), utf8(sortedJson({ v: 1, frame: { id: "0f".repeat(16), index, count: 2, hash: whole }, data })));
  }
  await bench.run();
  expect(only(bench.link.take("dn/rcpt"))).toMatchObject({ upTo: 1, hash });
});

const RECEIPT_FAULTS: readonly (readonly [name: string, set: (bench: Bench) => void, check: (receipts: Members[], bench: Bench) => void])[] = [
  [
    "dropNextReceipts",
    (bench) => {
      bench.host.faults.dropNextReceipts = 1;
    },
    (receipts) => expect(receipts).toEqual([]),
  ],
  [
    "dropReceiptProbability",
    (bench) => {
      bench.host.faults.dropReceiptProbability = 1;
    },
    (receipts) => expect(receipts).toEqual([]),
  ],
  [
    "duplicateReceiptProbability",
    (bench) => {
      bench.host.faults.duplicateReceiptProbability = 1;
    },
    (receipts) => expect(receipts).toHaveLength(2),
  ],
  [
    "slowMs",
    (bench) => {
      bench.host.faults.slowMs = 750;
    },
    (receipts) => expect(only(receipts)).toMatchObject({ slowMs: 750 }),
  ],
  [
    "wrongHashNextReceipts",
    (bench) => {
      bench.host.faults.wrongHashNextReceipts = 1;
    },
    (receipts, bench) => {
      expect(only(receipts)["hash"]).not.toBe(bench.terminal.prevHash);
      expect(bench.terminal.hostSigned(only(receipts))).toBe(true);
    },
  ],
  [
    "wrongSignatureNextReceipts",
    (bench) => {
      bench.host.faults.wrongSignatureNextReceipts = 1;
    },
    (receipts, bench) => expect(bench.terminal.hostSigned(only(receipts))).toBe(false),
  ],
];

test.each(RECEIPT_FAULTS)("receipt fault %s: the batch is booked all the same, and the next answer is right", async (_name, set, check) => {
  const bench = openBench(suite);
  set(bench);
  const batch = bench.terminal.batch(bench.sale());
  check(await bench.send(batch), bench);
  expect(bench.ledger.isBooked(bench.terminal.subject(1))).toBe(true);
  Object.assign(bench.host.faults, { dropReceiptProbability: 0, duplicateReceiptProbability: 0, slowMs: 0 });
  const again = only(await bench.send(batch));
  expect(again).toMatchObject({ upTo: 1, hash: batch.hash, slowMs: 0 });
  expect(bench.terminal.hostSigned(again)).toBe(true);
});

test("a late receipt leaves when its time has come and still says what was true then", async () => {
  const bench = openBench(suite);
  bench.host.faults.receiptLateMs = 4_000;
  const one = bench.terminal.batch(bench.sale());
  expect(await bench.send(one)).toEqual([]);
  bench.host.faults.receiptLateMs = 0;
  expect(only(await bench.send(bench.terminal.batch(bench.sale())))).toMatchObject({ upTo: 2 });
  await bench.run(4_000);
  expect(only(bench.link.take("dn/rcpt"))).toMatchObject({ upTo: 1, hash: one.hash });
});

test("a host that has vanished reads nothing; when it is back, everything can be sent again", async () => {
  const bench = openBench(suite);
  bench.host.faults.vanished = true;
  const batch = bench.terminal.batch(bench.sale());
  expect(await bench.send(batch)).toEqual([]);
  bench.link.inject(bench.terminal.topic("hb"), bench.terminal.heartbeat());
  await bench.run();
  expect(bench.link.published).toEqual([]);
  expect(bench.ledger.recordCount()).toBe(0);
  bench.host.faults.vanished = false;
  expect(only(await bench.send(batch))).toMatchObject({ upTo: 1 });
});

test("a debit that two subjects claim is booked once", async () => {
  const bench = openBench(suite);
  const debit = provedDebit(suite, { amountFen: 450, terminalSeq: 99 });
  const receipt = only(await bench.send(bench.terminal.batch([...bench.sale(debit), ...bench.sale(debit)])));
  expect(receipt["rejects"]).toEqual([{ seq: 4, reason: "evidence-already-booked" }]);
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
});
