/*
 * Goal: 100,000 bent messages, and nothing crashes, hangs, or is lost; each one that is refused has a name.
 * Method: good messages of every kind are bent by the shared mutator; half go to the parsers, half to a live Sync that has work to do and a host
 * that serves it.
 */
import { describe, expect, it } from "vitest";
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { mutations } from "../../tools/fuzz/mutator.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { FrameAssembler, parseFrame, splitIntoFrames } from "../codec/frames.ts";
import { encodeHeartbeat, parseBatch, parseHeartbeat, parsePresence, parseReceipt, parseReply, parseRequest, recordsText } from "../codec/upload.ts";
import { planBatch, planRecord } from "./batch/plan.ts";
import { sealBatch } from "./batch/seal.ts";
import { openInlineSealer } from "./batch/seal-inline.ts";
import { buildRequest, readReply } from "./live/message.ts";
import { openSync } from "./sync.ts";
import { appendSales, JOURNAL_ID, KEYS, listeningLog, MemoryJournal, ModelHost, modelReply, serveHost, suite, TID } from "./testing.ts";

const HOST_TIME_MS = 1_790_000_000_000;
const COUNT = 50_000;
const NAMED =
  /^(?:too-large|not-json|not-an-object|wrong-version|wrong-member: [A-Za-z0-9]+|other-terminal|other-journal|other-key|signature-wrong|beyond-our-batches|hash-differs|body-wrong|frame-contradicts|hash-wrong)$/;

async function corpus(): Promise<Bytes[]> {
  const journal = new MemoryJournal();
  await appendSales(journal, 3);
  const model = new ModelHost();
  const planned = planBatch({ tid: TID, journalId: JOURNAL_ID }, { batchSeq: 0, lastSeq: 0, hash: "0".repeat(64) }, journal.all.map(planRecord));
  const { payload } = sealBatch(suite, KEYS, { header: planned.header, records: utf8(recordsText(planned.texts)), boot: 1, iv: new Uint8Array(16) });
  const reply = modelReply(model, { reqId: "00".repeat(16), hostTimeMs: HOST_TIME_MS }, utf8('{"infcode":0}'));
  const request = buildRequest(suite, KEYS, {
    request: { tid: TID, reqId: "00".repeat(16), service: "fsi", notAfterMs: HOST_TIME_MS },
    iv: new Uint8Array(16),
    plain: utf8("{}"),
  });
  const receipt = model.receipt("gap", HOST_TIME_MS, { rejects: [{ seq: 1, reason: "tac-wrong" }] });
  const presence = model.signed({ v: 1, tid: TID, hostTimeMs: HOST_TIME_MS, drain: true, reconnectWindowMs: 5_000 });
  const heartbeat = encodeHeartbeat({ tid: TID, journalId: JOURNAL_ID, boot: 1, lastSeq: 3, receiptedThrough: 0, wallMs: 5 });
  return [payload, reply, request, receipt ?? utf8(""), presence, heartbeat, ...splitIntoFrames(reply, new Uint8Array(16), suite.sm3(reply))];
}

function* bent(seed: number, samples: readonly Bytes[], count: number): Generator<Bytes> {
  let made = 0;
  for (const message of mutations(seed, samples)) {
    yield message;
    made += 1;
    if (made >= count) return;
  }
}

describe("bad input", () => {
  it(`${COUNT} bent messages: every parser answers, and refuses by name`, async () => {
    const assembler = new FrameAssembler((payload) => suite.sm3(payload));
    const parsers = [parseBatch, parseReceipt, parseRequest, parseReply, parsePresence, parseHeartbeat, parseFrame];
    const reasons = new Map<string, number>();
    const note = (reason: string) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    let seen = 0;
    for (const message of bent(1, await corpus(), COUNT)) {
      seen += 1;
      for (const parse of parsers) {
        const parsed = parse(message);
        if (!parsed.ok) note(parsed.reason);
      }
      const frame = parseFrame(message);
      const outcome = frame.ok && frame.message !== undefined ? assembler.add(frame.message, seen) : undefined;
      if (outcome?.kind === "wrong") note(outcome.reason);
      const read = readReply(suite, KEYS, { tid: TID, payload: message });
      if (!read.ok) note(read.reason);
    }
    expect(seen).toBe(COUNT);
    for (const reason of reasons.keys()) expect(reason).toMatch(NAMED);
    expect(reasons.size).toBeGreaterThan(10);
    expect(assembler.pending).toBeLessThanOrEqual(8);
  });

  it(`${COUNT} bent messages to a Sync at work: it stays alive, loses nothing, and takes nothing forged for true`, async () => {
    const clock = new VirtualClock(0);
    const broker = new SimulatedBroker(clock, new SeededRandomness("bad input"));
    const host = serveHost(broker.link("host"), () => HOST_TIME_MS + clock.monotonicMs());
    host.answer = () => utf8("yes");
    const { log, reasons } = listeningLog();
    const journal = new MemoryJournal();
    const sync = openSync({
      journal,
      link: broker.link(TID),
      clock,
      randomness: new SeededRandomness("bad input sync"),
      suite,
      keys: KEYS,
      sealer: openInlineSealer(suite, KEYS),
      log,
    });
    await clock.resolve(sync.start());
    const liar = broker.link("liar");
    await clock.resolve(clock.sleep(15_000));
    const topics = ["dn/rcpt", "dn/rsp", "dn/hb"].map((end) => `pos/v1/${TID}/${end}`);
    let sent = 0;
    for (const message of bent(2, await corpus(), COUNT)) {
      sent += 1;
      const topic = topics[sent % topics.length] ?? "";
      liar.publish(topic, message, { qos: 0, timeoutMs: 1_000, signal: new AbortController().signal }).catch(() => undefined);
      // A few at a time: more than Sync is willing to queue would be dropped unseen.
      if (sent % 20 === 0) await clock.resolve(clock.sleep(20));
      if (sent % 500 === 0) await appendSales(journal, 1);
    }
    const reply = await clock.resolve(sync.medicalHost.exchange(utf8("{}"), { timeoutMs: 10_000, signal: new AbortController().signal }));
    await clock.resolve(sync.idle({ timeoutMs: 120_000, signal: new AbortController().signal }));
    expect(sent).toBe(COUNT);
    expect(reply.kind).toBe("answered");
    expect(host.model.records.map((record) => record["seq"])).toEqual(journal.all.map(({ seq }) => seq));
    expect([host.model.quarantined, host.model.problems]).toEqual([false, []]);
    expect(reasons.length).toBeGreaterThan(COUNT * 0.8);
    for (const reason of new Set(reasons)) expect(reason).toMatch(NAMED);
    sync.stop();
  });
});
