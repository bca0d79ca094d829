import { expect, test } from "vitest";
import { type Bytes, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Bench, type Members, only, openBench, START_MS } from "./testing.ts";

const suite = openCipherSuite();
const LATER = START_MS + 10_000;
const SEALED = ["iv", "body", "sig"];

/** A service that counts what reaches it. */
function counting(reply: (body: Bytes) => Promise<Bytes | undefined>): {
  readonly seen: Bytes[];
  readonly service: (body: Bytes) => Promise<Bytes | undefined>;
} {
  const seen: Bytes[] = [];
  return {
    seen,
    service: (body) => {
      seen.push(body);
      return reply(body);
    },
  };
}

const echo = (body: Bytes) => Promise.resolve(utf8(`reply to ${new TextDecoder().decode(body)}`));

async function ask(bench: Bench, payload: Bytes, ms = 0): Promise<Members[]> {
  bench.link.inject(bench.terminal.topic("req"), payload);
  await bench.run(ms);
  return bench.link.take("dn/rsp");
}

test("a request is forwarded in the clear and its reply comes back sealed and signed", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  const reply = only(await ask(bench, bench.terminal.request(utf8("question"), { notAfterMs: LATER, reqId: "aa".repeat(16) })));
  expect(seen.map((body) => new TextDecoder().decode(body))).toEqual(["question"]);
  expect(reply).toMatchObject({ v: 1, tid: "T001", reqId: "aa".repeat(16), outcome: "answered", hostTimeMs: START_MS, alg: "SM4-CBC/SM2-SM3" });
  const body = bench.terminal.open(reply);
  expect(new TextDecoder().decode(body)).toBe("reply to question");
  expect(reply["hash"]).toBe(toHex(suite.sm3(body)));
  expect(bench.terminal.hostSigned(reply, SEALED)).toBe(true);
});

test("a late request is never forwarded, not even when it is repeated after the clock was set back", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  const payload = bench.terminal.request(utf8("question"), { notAfterMs: START_MS - 1 });
  const reply = only(await ask(bench, payload));
  expect(reply["outcome"]).toBe("expired");
  expect(bench.terminal.open(reply)).toHaveLength(0);
  expect(bench.terminal.hostSigned(reply, SEALED)).toBe(true);
  bench.clock.jumpWall(-60_000);
  expect(only(await ask(bench, payload))["outcome"]).toBe("expired");
  expect(seen).toHaveLength(0);
});

test("the last moment is still in time", async () => {
  const bench = openBench(suite, { service: echo });
  expect(only(await ask(bench, bench.terminal.request(utf8("q"), { notAfterMs: START_MS })))["outcome"]).toBe("answered");
});

test("a repeated request is forwarded once and answered with the same bytes", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  const payload = bench.terminal.request(utf8("question"), { notAfterMs: LATER });
  const first = only(await ask(bench, payload));
  await bench.run(60_000);
  expect(only(await ask(bench, payload))).toEqual(first);
  expect(seen).toHaveLength(1);
});

test("a request that is repeated while it is being served waits for the one reply", async () => {
  const { seen, service } = counting(async () => {
    await bench.clock.sleep(3_000);
    return utf8("done");
  });
  const bench = openBench(suite, { service });
  const payload = bench.terminal.request(utf8("question"), { notAfterMs: LATER });
  expect(await ask(bench, payload)).toEqual([]);
  expect(await ask(bench, payload, 1_000)).toEqual([]);
  expect(await ask(bench, payload, 5_000)).toHaveLength(1);
  expect(seen).toHaveLength(1);
});

test("a service that never answers, or breaks, leaves silence, and is not asked again", async () => {
  for (const broken of [() => Promise.resolve(undefined), () => Promise.reject(new Error("broken"))]) {
    const { seen, service } = counting(broken);
    const bench = openBench(suite, { service });
    const payload = bench.terminal.request(utf8("question"), { notAfterMs: LATER });
    expect(await ask(bench, payload)).toEqual([]);
    expect(await ask(bench, payload)).toEqual([]);
    expect(seen).toHaveLength(1);
    expect(bench.host.counters.get("request-silent")).toBe(1);
  }
});

test("what was seen survives a restored backup", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  bench.ledger.takeBackup();
  const payload = bench.terminal.request(utf8("question"), { notAfterMs: LATER });
  const first = only(await ask(bench, payload));
  bench.host.restoreBackup();
  expect(only(await ask(bench, payload))).toEqual(first);
  expect(seen).toHaveLength(1);
});

test("a service that nobody offers is answered like a late request", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  expect(only(await ask(bench, bench.terminal.request(utf8("q"), { notAfterMs: LATER, service: "bank" })))["outcome"]).toBe("expired");
  expect(seen).toHaveLength(0);
});

const DISCARDED: readonly (readonly [reason: string, payload: (bench: Bench) => Bytes])[] = [
  ["malformed", () => utf8("{}")],
  ["malformed", (bench) => bench.terminal.request(utf8("q"), { notAfterMs: LATER, reqId: "x" })],
  ["tid-of-another", (bench) => bench.neighbour.request(utf8("q"), { notAfterMs: LATER })],
  ["signature-wrong", (bench) => tamper(bench.terminal.request(utf8("q"), { notAfterMs: LATER }), { notAfterMs: LATER + 1 })],
  ["signature-wrong", (bench) => tamper(bench.terminal.request(utf8("q"), { notAfterMs: LATER }), { service: "bank" })],
  ["body-wrong", (bench) => tamper(bench.terminal.request(utf8("q"), { notAfterMs: LATER }), { body: "AAAAAAAAAAAAAAAAAAAAAA==" })],
  ["key-not-allowed", (bench) => bench.terminal.request(utf8("q"), { notAfterMs: LATER, kid: "other" })],
];

function tamper(payload: Bytes, members: Members): Bytes {
  return utf8(JSON.stringify({ ...(JSON.parse(new TextDecoder().decode(payload)) as Members), ...members }));
}

test.each(DISCARDED)("what nobody vouches for is neither forwarded nor answered: %s", async (reason, payload) => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  expect(await ask(bench, payload(bench))).toEqual([]);
  expect(seen).toHaveLength(0);
  expect(bench.host.counters.get(`request-${reason}`)).toBe(1);
});

test("another request under a known number is not forwarded", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  await ask(bench, bench.terminal.request(utf8("one"), { notAfterMs: LATER, reqId: "aa".repeat(16) }));
  expect(await ask(bench, bench.terminal.request(utf8("two"), { notAfterMs: LATER, reqId: "aa".repeat(16) }))).toEqual([]);
  expect(seen).toHaveLength(1);
});

test("a reply that exceeds one message travels in frames that add up to it", async () => {
  const long = "长".repeat(30_000);
  const bench = openBench(suite, { service: () => Promise.resolve(utf8(long)) });
  const frames = await ask(bench, bench.terminal.request(utf8("q"), { notAfterMs: LATER }));
  expect(frames.length).toBeGreaterThan(1);
  const whole = Buffer.concat(frames.map((frame) => Buffer.from(String(frame["data"]), "base64")));
  const heads = frames.map((frame) => frame["frame"] as Members);
  const hash = toHex(suite.sm3(whole));
  expect(heads).toEqual(heads.map((_, index) => ({ id: heads[0]?.["id"], index, count: frames.length, hash })));
  const reply = JSON.parse(whole.toString("utf8")) as Members;
  expect(new TextDecoder().decode(bench.terminal.open(reply))).toBe(long);
});

test("reply faults: dropped, doubled, late; the request was forwarded all the same and can be asked about again", async () => {
  const { seen, service } = counting(echo);
  const bench = openBench(suite, { service });
  const payload = bench.terminal.request(utf8("q"), { notAfterMs: LATER });
  bench.host.faults.dropNextReplies = 1;
  expect(await ask(bench, payload)).toEqual([]);
  bench.host.faults.duplicateReplyProbability = 1;
  expect(await ask(bench, payload)).toHaveLength(2);
  bench.host.faults.duplicateReplyProbability = 0;
  bench.host.faults.replyLateMs = 2_000;
  expect(await ask(bench, payload, 1_999)).toEqual([]);
  await bench.run(1);
  expect(bench.link.take("dn/rsp")).toHaveLength(1);
  expect(seen).toHaveLength(1);
});
