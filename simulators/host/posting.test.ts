import { expect, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Bench, type Members, only, openBench, provedDebit } from "./testing.ts";

const suite = openCipherSuite();

/** Records of one subject: each row is the state, and what is special about its record. */
type Step = readonly [state: string, members?: Members];

function records(bench: Bench, steps: readonly Step[], kind = "quick-payment"): Members[] {
  const first = bench.terminal.seq + 1;
  const done = provedDebit(suite, { amountFen: 450, terminalSeq: first });
  return steps.map(([state, members]) => {
    const proof = state === "done" && kind === "quick-payment" ? done : {};
    return bench.terminal.record({ subject: bench.terminal.subject(first), kind, state, ...proof, ...members });
  });
}

async function rejectsOf(bench: Bench, made: readonly Members[]): Promise<unknown> {
  return only(await bench.send(bench.terminal.batch(made)))["rejects"];
}

const LIVES: readonly (readonly [name: string, steps: readonly Step[], booked: boolean, listed: string | undefined, rejects: readonly string[]])[] = [
  ["only prepared", [["prepared"]], false, "prepared", []],
  ["prepared, done", [["prepared"], ["done"]], true, undefined, []],
  ["prepared, acting, done", [["prepared"], ["acting"], ["done"]], true, undefined, []],
  ["prepared, refused", [["prepared"], ["refused"]], false, undefined, []],
  ["prepared, void", [["prepared"], ["void"]], false, undefined, []],
  ["prepared, unknown", [["prepared"], ["unknown"]], false, "unknown", []],
  ["unknown, resolving, done", [["prepared"], ["unknown"], ["resolving"], ["done", { resolves: 2 }]], true, undefined, []],
  ["unknown, void", [["prepared"], ["unknown"], ["void", { resolves: 2 }]], false, undefined, []],
  ["refused at once", [["refused"]], false, undefined, []],
  ["done at once", [["done"]], true, undefined, []],
  ["done twice", [["prepared"], ["done"], ["done"]], true, undefined, ["3 already-booked"]],
  ["void after done", [["prepared"], ["done"], ["void"]], true, undefined, ["3 after-done"]],
  ["unknown after done", [["prepared"], ["done"], ["unknown"]], true, undefined, ["3 after-done"]],
  ["refused after done", [["prepared"], ["done"], ["refused"]], true, undefined, ["3 after-done"]],
  ["done after void", [["prepared"], ["void"], ["done"]], false, undefined, ["3 already-closed"]],
  ["done after refused", [["prepared"], ["refused"], ["done"]], false, undefined, ["3 already-closed"]],
  ["two intents", [["prepared"], ["prepared"], ["done"]], true, undefined, ["2 intent-twice"]],
  ["another amount than the intent's", [["prepared", { amountFen: 400 }], ["done"]], false, "prepared", ["2 amount-differs"]],
  ["resolves a record of nobody", [["prepared"], ["unknown"], ["done", { resolves: 3 }]], false, "unknown", ["3 resolves-wrong"]],
  ["resolves before anything was", [["prepared", { resolves: 1 }]], false, undefined, ["1 resolves-wrong"]],
];

test.each(LIVES)("life of a subject: %s", async (_name, steps, booked, listed, rejects) => {
  const bench = openBench(suite);
  const made = (await rejectsOf(bench, records(bench, steps))) as readonly { seq: number; reason: string }[];
  expect(made.map(({ seq, reason }) => `${seq} ${reason}`)).toEqual(rejects);
  expect(bench.ledger.isBooked(bench.terminal.subject(1))).toBe(booked);
  expect(bench.ledger.unknownSubjects().map(({ state }) => state)).toEqual(listed === undefined ? [] : [listed]);
  expect(bench.ledger.recordCount() + bench.ledger.rejects().length).toBe(steps.length);
});

test("the life of a subject may stretch over batches, with others in between", async () => {
  const bench = openBench(suite);
  const [intent, unknown] = records(bench, [["prepared"], ["unknown"]]);
  await bench.send(bench.terminal.batch([intent, unknown].filter((record) => record !== undefined)));
  await bench.send(bench.terminal.batch(bench.sale()));
  expect(bench.ledger.unknownSubjects().map(({ subject, state }) => [subject, state])).toEqual([[bench.terminal.subject(1), "unknown"]]);
  const end = bench.terminal.record({
    subject: bench.terminal.subject(1),
    state: "done",
    resolves: 2,
    ...provedDebit(suite, { amountFen: 450, terminalSeq: 1000 }),
  });
  await bench.send(bench.terminal.batch([end]));
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 2, fen: 900 } });
  expect(bench.ledger.unknownSubjects()).toEqual([]);
});

const BROKEN: readonly (readonly [reason: string, members: Members])[] = [
  ["record-malformed", { subject: 5 }],
  ["record-malformed", { amountFen: -1 }],
  ["record-malformed", { detail: [] }],
  ["record-malformed", { personal: "x" }],
  ["record-malformed", { boot: "1" }],
  ["record-malformed", { wallMs: null }],
  ["record-malformed", { clock: "held" }],
  ["record-malformed", { clock: { quality: "good" } }],
  ["record-malformed", { clock: { quality: "held", errorMs: -1 } }],
  ["seq-wrong", { seq: 77 }],
  ["kind-unknown", { kind: "gift" }],
  ["state-unknown", { state: "lost" }],
  ["subject-foreign", { subject: `${"c3".repeat(16)}-1` }],
  ["subject-foreign", { subject: "1" }],
  ["subject-foreign", { subject: `${"a1".repeat(16)}-2` }],
  ["subject-foreign", { subject: `${"a1".repeat(16)}-01` }],
  ["resolves-wrong", { resolves: 1 }],
  ["resolves-wrong", { resolves: "0" }],
  ["amount-too-large", { amountFen: 2_000_000_000_000 }],
];

test.each(BROKEN)("a record that cannot be understood is parked by itself: %s %j", async (reason, members) => {
  const bench = openBench(suite);
  const broken = bench.terminal.record(members);
  const batch = bench.terminal.batch([broken, ...bench.sale()], { header: { firstSeq: 1, lastSeq: 3 } });
  expect(only(await bench.send(batch))["rejects"]).toEqual([{ seq: 1, reason }]);
  expect(bench.ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
});

test("the middle of a subject whose beginning never came is parked", async () => {
  const bench = openBench(suite);
  const first = bench.terminal.record({ kind: "operation", state: "done", amountFen: 0 });
  const orphan = bench.terminal.record({ subject: first["subject"], state: "unknown" });
  expect(await rejectsOf(bench, [first, orphan])).toEqual([{ seq: 2, reason: "intent-missing" }]);
});

test("a subject does not change its kind", async () => {
  const bench = openBench(suite);
  const intent = bench.terminal.record({});
  const other = bench.terminal.record({ subject: intent["subject"], kind: "medical-purchase", state: "done" });
  expect(await rejectsOf(bench, [intent, other])).toEqual([{ seq: 2, reason: "kind-changed" }]);
});

test("operations are kept and move no money", async () => {
  const bench = openBench(suite);
  expect(await rejectsOf(bench, [bench.terminal.record({ kind: "operation", state: "done", amountFen: 5 })])).toEqual([]);
  expect(bench.ledger.totalsByKind()).toEqual({});
  expect(bench.ledger.recordCount()).toBe(1);
});

test("cash is booked on the counter's word, given out as well as taken", async () => {
  const bench = openBench(suite);
  const cash = ["cash-tender", "cash-refund"].map((kind) => bench.terminal.record({ kind, state: "done", amountFen: 250 }));
  expect(await rejectsOf(bench, cash)).toEqual([]);
  expect(bench.ledger.totalsByKind()).toEqual({ "cash-refund": { count: 1, fen: 250 }, "cash-tender": { count: 1, fen: 250 } });
});

test("a settlement is taken back once, by whichever record says so, and the record names it", async () => {
  const bench = openBench(suite);
  const voided = (detail: Members) => {
    const intent = bench.terminal.record({ kind: "medical-void", amountFen: 100 });
    return [intent, bench.terminal.record({ kind: "medical-void", amountFen: 100, subject: intent["subject"], state: "done", detail })];
  };
  const rejects = await rejectsOf(bench, [...voided({ setlId: "S1" }), ...voided({ setlId: "S1", imported: true }), ...voided({})]);
  expect(rejects).toEqual([
    { seq: 4, reason: "evidence-already-booked" },
    { seq: 6, reason: "settlement-unnamed" },
  ]);
});

test.each(["medical-order", "offline-medical", "stock-upload", "passage"])(
  "a record of kind %s tells how things belong together and moves no money",
  async (kind) => {
    const bench = openBench(suite);
    const intent = bench.terminal.record({ kind });
    expect(await rejectsOf(bench, [intent, bench.terminal.record({ kind, subject: intent["subject"], state: "done" })])).toEqual([]);
    expect(bench.ledger.totalsByKind()).toEqual({});
    expect(bench.ledger.unknownSubjects()).toEqual([]);
  },
);

/** How the detail of a proved debit is spoiled, and what the host says to it. */
const PROOFS: readonly (readonly [name: string, detail: Members, personal: Members, verdict: string])[] = [
  ["as the card made it", {}, {}, "tac"],
  ["proved by the log, with its TAC", { proof: "log" }, {}, "tac"],
  ["log only, no TAC", { proof: "log-only", tac: undefined }, {}, "unproved"],
  ["log only, but a TAC is there and wrong", { proof: "log-only", tac: "00000000" }, {}, "tac-wrong"],
  ["no TAC and no word why", { tac: undefined }, {}, "tac-missing"],
  ["TAC of another length", { tac: "0000" }, {}, "tac-wrong"],
  ["another terminal sequence", { terminalSeq: 2 }, {}, "tac-wrong"],
  ["another date", { date: "20260921" }, {}, "tac-wrong"],
  ["another time", { time: "221321" }, {}, "tac-wrong"],
  ["another terminal", { terminalNumber: "530100000002" }, {}, "tac-wrong"],
  ["another type", { type: "09" }, {}, "tac-wrong"],
  ["another card", {}, { cardSerial: "00000000000000004712" }, "tac-wrong"],
  ["another issuer", {}, { issuer: "5302000000000001" }, "tac-wrong"],
  ["SM4 claimed for a 3DES TAC", { algorithm: 3 }, {}, "tac-wrong"],
  ["no algorithm, because power failed before it was durable", { algorithm: undefined, proof: "log" }, {}, "tac"],
  ["no algorithm and a wrong TAC", { algorithm: undefined, tac: "00000000" }, {}, "tac-wrong"],
  ["log only, and no algorithm", { proof: "log-only", tac: undefined, algorithm: undefined }, {}, "unproved"],
  ["an algorithm nobody knows", { algorithm: 9 }, {}, "tac-key-unknown"],
  ["no terminal sequence", { terminalSeq: undefined }, {}, "tac-input-malformed"],
  ["a date of another length", { date: "2026" }, {}, "tac-input-malformed"],
  ["no card serial", {}, { cardSerial: undefined }, "tac-input-malformed"],
  ["log only, and no card serial", { proof: "log-only", tac: undefined }, { cardSerial: undefined }, "tac-input-malformed"],
];

test.each(PROOFS)("proof of a debit: %s", async (_name, detail, personal, verdict) => {
  const bench = openBench(suite);
  const proof = provedDebit(suite, { amountFen: 450, terminalSeq: 1 });
  const made = records(bench, [["prepared"], ["done", { detail: { ...proof.detail, ...detail }, personal: { ...proof.personal, ...personal } }]]);
  const rejects = await rejectsOf(bench, made);
  const booking = bench.ledger.booking(bench.terminal.subject(1));
  if (verdict === "tac" || verdict === "unproved") {
    expect(rejects).toEqual([]);
    expect(booking).toMatchObject({ amountFen: 450, proof: verdict, flags: verdict === "unproved" ? ["unproved"] : [] });
  } else {
    expect(rejects).toEqual([{ seq: 2, reason: verdict }]);
    expect(booking).toBeUndefined();
    // Money that may have moved stays listed until somebody decides.
    expect(bench.ledger.unknownSubjects()).toHaveLength(1);
  }
});

test("the TAC of an SM4 purse is checked with the SM4 keys", async () => {
  const bench = openBench(suite);
  const made = records(bench, [["prepared"], ["done", provedDebit(suite, { amountFen: 450, terminalSeq: 1, algorithm: 3 })]]);
  expect(await rejectsOf(bench, made)).toEqual([]);
  expect(bench.ledger.booking(bench.terminal.subject(1))?.proof).toBe("tac");
});

test("an amount that differs from the TAC's is parked although intent and end agree", async () => {
  const bench = openBench(suite);
  const proof = provedDebit(suite, { amountFen: 450, terminalSeq: 1 });
  const made = records(bench, [
    ["prepared", { amountFen: 451 }],
    ["done", { ...proof, amountFen: 451 }],
  ]);
  expect(await rejectsOf(bench, made)).toEqual([{ seq: 2, reason: "tac-wrong" }]);
});

const MEDICAL: readonly (readonly [name: string, detail: Members, amountFen: number, proof: string, flags: readonly string[]])[] = [
  ["settled", { setlId: "S000000000001" }, 16_490, "insurer", []],
  ["a sum rule is broken", { setlId: "S1", flags: ["burden-sum"] }, 16_490, "insurer", ["burden-sum"]],
  ["another total than was asked", { setlId: "S1" }, 16_500, "insurer", ["amount-differs"]],
  ["no settlement number", {}, 16_490, "unproved", ["unproved"]],
];

test.each(MEDICAL)("the insurer's figures stand: %s", async (_name, detail, amountFen, proof, flags) => {
  const bench = openBench(suite);
  const made = records(
    bench,
    [
      ["prepared", { amountFen: 16_490 }],
      ["done", { detail, amountFen }],
    ],
    "medical-purchase",
  );
  expect(await rejectsOf(bench, made)).toEqual([]);
  expect(bench.ledger.booking(bench.terminal.subject(1))).toMatchObject({ kind: "medical-purchase", amountFen, proof, flags });
});

test("one settlement of the insurer is booked under one subject", async () => {
  const bench = openBench(suite);
  const [one, two] = [1, 2].map(() => records(bench, [["prepared"], ["done", { detail: { setlId: "S1" } }]], "medical-purchase"));
  expect(await rejectsOf(bench, [...(one ?? []), ...(two ?? [])])).toEqual([{ seq: 4, reason: "evidence-already-booked" }]);
});

test("what the acquirer clears is kept, and booked by nobody here", async () => {
  const bench = openBench(suite);
  const members = { detail: { purse: "electronic-cash", clearing: "acquirer", reference: "r1" } };
  const rejects = await rejectsOf(
    bench,
    records(bench, [
      ["prepared", members],
      ["unknown", members],
      ["done", { ...members, resolves: 2 }],
    ]),
  );
  expect(rejects).toEqual([]);
  expect([bench.ledger.isBooked(bench.terminal.subject(1)), bench.ledger.unknownSubjects(), bench.ledger.recordCount()]).toEqual([false, [], 3]);
});

test("another purse cannot leave its debit to the acquirer", async () => {
  const bench = openBench(suite);
  const { detail = {} } = provedDebit(suite, { amountFen: 450, terminalSeq: 1 }) as { detail?: Members };
  await rejectsOf(bench, records(bench, [["prepared"], ["done", { detail: { ...detail, clearing: "acquirer" } }]]));
  expect(bench.ledger.isBooked(bench.terminal.subject(1))).toBe(true);
});
