/* Batches that a host has lost and a terminal no longer has: people give them up, and both sides go on; what is lacking stays named. */
import { expect, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type CommandContext, runCommand } from "./process-commands.ts";
import { type MadeBatch, only, openBench } from "./testing.ts";

const suite = openCipherSuite();

/** Four batches of a sale each at a host that has lost all but the first; the terminal holds what is from the fourth on. */
async function lossy() {
  const bench = openBench(suite);
  const { terminal, host, link } = bench;
  const batches: MadeBatch[] = [];
  for (let at = 0; at < 4; at += 1) {
    batches.push(terminal.batch(bench.sale()));
    await bench.send(batches[at] ?? terminal.batch([]));
    if (at === 0) host.ledger.takeBackup();
  }
  host.restoreBackup();
  const held = { batch: 4, seq: 7, prevHash: batches[2]?.hash ?? "" };
  const beat = async (members: object = { held }) => {
    link.inject(terminal.topic("hb"), terminal.heartbeat({ receiptedThrough: 8, ...members }));
    await bench.run();
    return link.take("dn/rcpt");
  };
  const command = (fields: object) => runCommand({ host } as unknown as CommandContext, JSON.stringify(fields));
  /** What was said meanwhile is not the answer to what comes. */
  const heard = async () => {
    await bench.run();
    return link.take("dn/rcpt");
  };
  return { ...bench, batches, held, beat, command, heard };
}

test("are asked for in vain until people give them up; then the terminal is told from where, and money is booked once", async () => {
  const { beat, command, batches, send, ledger, terminal, sale, heard } = await lossy();
  expect(only(await beat())).toMatchObject({ upTo: 1, need: 2 });
  expect(command({ command: "held" })).toMatchObject({ held: [{ tid: "T001", batch: 4, seq: 7, upTo: 1, lastSeq: 2 }], givenUp: [] });
  expect(command({ command: "give-up-batches", tid: "T001", batch: 4 })).toMatchObject({
    ok: true,
    given: { batches: { from: 2, through: 3 }, records: { from: 3, through: 6 } },
  });
  await heard();
  const [fourth] = batches.slice(-1);
  if (fourth === undefined) throw new Error("four batches");
  expect(only(await send(fourth))["upTo"]).toBe(4);
  expect(ledger.totalsByKind()).toEqual({ "quick-payment": { count: 2, fen: 900 } });
  expect(command({ command: "held" })).toMatchObject({ held: [], givenUp: [{ tid: "T001", batchSeq: 3, firstSeq: 3, lastSeq: 6 }] });
  // The chain goes on behind it, and the same batch again books nothing.
  await send(fourth);
  expect(only(await send(terminal.batch(sale())))).toMatchObject({ upTo: 5 });
  expect(ledger.totalsByKind()).toEqual({ "quick-payment": { count: 3, fen: 1_350 } });
});

test("the receipt of the giving up says what the page says", async () => {
  const { beat, host, heard, held, terminal } = await lossy();
  await beat();
  host.giveUp("T001", 4);
  const receipt = only(await heard());
  expect(receipt).toMatchObject({ upTo: 3, hash: held.prevHash, need: 4, rejects: [] });
  expect(terminal.hostSigned(receipt)).toBe(true);
});

test("an end whose intent was given up is parked, and never booked by itself", async () => {
  const { beat, host, send, terminal, ledger, batches } = await lossy();
  await beat();
  host.giveUp("T001", 4);
  const [fourth] = batches.slice(-1);
  if (fourth === undefined) throw new Error("four batches");
  await send(fourth);
  const late = terminal.record({ subject: terminal.subject(3), state: "done" });
  expect(only(await send(terminal.batch([late])))["rejects"]).toMatchObject([{ reason: "intent-missing" }]);
  expect(ledger.totalsByKind()).toEqual({ "quick-payment": { count: 2, fen: 900 } });
});

test.each<[string, object, number, RegExp]>([
  ["another number than the terminal says", {}, 3, /first batch that it holds is 4/],
  ["a terminal that can send everything", { held: undefined }, 4, /holds what is lacking/],
  ["a number that the host has already", { held: { batch: 2, seq: 3, prevHash: "ab".repeat(32) } }, 2, /holds what is lacking/],
  ["records that cannot be", { held: { batch: 4, seq: 3, prevHash: "ab".repeat(32) } }, 4, /contradicts/],
  ["a word of another form", { held: { batch: 4, seq: 7 } }, 4, /holds what is lacking/],
])("%s: nothing is given up", async (_name, members, batch, reason) => {
  const { beat, command, ledger, terminal } = await lossy();
  await beat({ held: { batch: 4, seq: 7, prevHash: "ab".repeat(32) }, ...members });
  expect(command({ command: "give-up-batches", tid: "T001", batch })).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  expect(ledger.head("T001", terminal.journalId)).toMatchObject({ upTo: 1 });
  expect(command({ command: "give-up-batches", tid: "T001" })).toMatchObject({ ok: false });
});

test("a chain that does not go on where the terminal said is a fork: quarantined, and not booked", async () => {
  const { beat, host, send, batches, ledger, heard } = await lossy();
  await beat({ held: { batch: 4, seq: 7, prevHash: "ab".repeat(32) } });
  host.giveUp("T001", 4);
  await heard();
  const [fourth] = batches.slice(-1);
  if (fourth === undefined) throw new Error("four batches");
  expect(await send(fourth)).toEqual([]);
  expect(only(ledger.quarantines())).toMatchObject({ reason: "chain-forked" });
  expect(ledger.totalsByKind()).toEqual({ "quick-payment": { count: 1, fen: 450 } });
});
