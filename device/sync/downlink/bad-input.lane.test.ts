/*
 * Goal: 50,000 spoiled messages of documents change nothing: nothing crashes, nothing forged is kept or handed over, and the true document is taken.
 * Method: heads and parts of three streams, recorded from a true host, are bent by the shared mutator and sent to a terminal that is gathering a document.
 */
import { expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, toHex } from "../../base/bytes.ts";
import { parseDocumentMessage } from "../../codec/downlink.ts";
import { makeDownlinkWorld, noise, REGION } from "./testing.ts";

const COUNT = 50_000;
const PROBLEMS = [
  "malformed",
  "signature-wrong",
  "other-terminal",
  "other-region",
  "other-key",
  "stream-unknown",
  "part-wrong",
  "expired",
  "too-large",
  "dropped",
];

it(`${COUNT} bent messages: each is refused by name, and the document that is gathered is taken as it was`, async () => {
  const world = makeDownlinkWorld("bad input", ["lease", "fares", "list/city"]);
  const heard: Bytes[] = [];
  world.broker.link("ear").subscribe("pos/v1/+/dn/#", ({ topic, payload }) => {
    if (!topic.endsWith("/hb")) heard.push(payload);
  });
  await world.boot();
  world.publish({ stream: "lease", body: noise("lease", 100) });
  world.publish({ stream: "fares", to: { region: REGION }, sealed: false, body: noise("fares", 100) });
  await world.run(5_000);
  const before = world.takers.map(({ newest }) => newest);
  expect(before).toEqual([1, 1, 0]);
  // A document that never ends while the spoiled ones come: its parts are lost.
  const body = noise("list", 40 * 2_048);
  world.publish({ stream: "list/city", partBytes: 2_048, body });
  await world.run(700);
  world.host.faults.dropDocumentProbability = 1;
  expect(world.status()?.streams[2]?.missing).toBeGreaterThan(0);
  const corpus = heard.splice(0);
  const kinds = corpus.map((payload) => parseDocumentMessage(payload)).map((parsed) => (parsed.ok ? parsed.message.kind : "none"));
  expect(new Set(kinds)).toEqual(new Set(["head", "part"]));
  const liar = world.broker.link("liar");
  await world.run(5_000);
  let sent = 0;
  for (const message of mutations(3, corpus)) {
    if (sent === COUNT) break;
    sent += 1;
    const topic = `pos/v1/T100001/dn/${sent % 2 === 0 ? "list" : "cfg"}`;
    liar.publish(topic, message, { qos: 0, timeoutMs: 1_000, signal: new AbortController().signal }).catch(() => undefined);
    // A few at a time: more than are looked at would be dropped unseen.
    if (sent % 20 === 0) await world.run(20);
  }
  expect(sent).toBe(COUNT);
  expect(world.takers.map(({ newest }) => newest)).toEqual(before);
  const problems = world.status()?.problems ?? [];
  for (const { reason } of problems) expect(PROBLEMS).toContain(reason);
  expect(problems.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(COUNT * 0.7);
  expect([...world.disk.files.keys()].filter((name) => name.startsWith("head.")).length).toBe(3);
  world.host.faults.dropDocumentProbability = 0;
  expect(await world.runUntilTaken(600_000)).toBe("done");
  expect(world.takers.map(({ taken }) => taken.length)).toEqual([1, 1, 1]);
  expect(toHex(world.takers[2]?.taken[0]?.body ?? new Uint8Array(0))).toBe(toHex(body));
});
