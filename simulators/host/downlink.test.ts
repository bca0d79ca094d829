/* Documents as a terminal sees them that was written from the page by hand: heads, parts, wants, switches, commands. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import type { Acquirer } from "./acquirer/acquirer.ts";
import type { Insurer } from "./medical/insurer.ts";
import { runCommand } from "./process-commands.ts";
import { type Bench, type Members, only, openBench, sortedJson } from "./testing.ts";

const suite = openCipherSuite();
const DATA_KEY = suite.secretKey(fromHex("0123456789abcdeffedcba9876543210"));
const DAY_MS = 86_400_000;

/** What a terminal says; `streams` are its rows. */
function want({ link, terminal }: Bench, streams: readonly Members[], members: Members = {}): void {
  link.inject(`pos/v1/${terminal.tid}/up/want`, utf8(sortedJson({ v: 1, tid: terminal.tid, region: "530100", streams, problems: [], ...members })));
}

/** The bytes of a part, proved against the head by the page. */
function proved(head: Members, part: Members): Bytes {
  const data = new Uint8Array(Buffer.from(String(part["data"]), "base64"));
  const key = suite.sm4DerivedKey(DATA_KEY, fromHex(String(head["key"] ?? "00".repeat(16))));
  const padded = head["sealed"] === true ? suite.sm4CbcDecrypt(key, fromHex(String(part["iv"])), data) : data;
  const plain = new Uint8Array(inflateRawSync(head["sealed"] === true ? padded.subarray(0, padded.length - (padded.at(-1) ?? 0)) : padded));
  const path = String(part["path"]).match(/.{64}/g) ?? [];
  let hash = suite.sm3(fromHex("00"), plain);
  let at = Number(part["index"]);
  let last = Math.ceil(Number(head["size"]) / Number(head["partBytes"])) - 1;
  for (; last > 0; last >>= 1, at >>= 1) {
    if (at % 2 === 0 && at === last) continue;
    const beside = fromHex(path.shift() ?? "");
    hash = at % 2 === 1 ? suite.sm3(fromHex("01"), beside, hash) : suite.sm3(fromHex("01"), hash, beside);
  }
  expect([toHex(hash), path]).toEqual([head["root"], []]);
  return plain;
}

async function headOf(bench: Bench, row: Members, topic = "dn/list"): Promise<Members> {
  want(bench, [row]);
  await bench.run(1_000);
  return only(bench.link.take(topic));
}

const CITY = { stream: "list/city", have: 0 };

test.each([
  ["sealed", 7 * 2_048 + 5, true],
  ["open", 2_048, false],
])("a document arrives whole, %s, and each part proves itself", async (_name, size, sealed) => {
  const bench = openBench(suite);
  const body = new SeededRandomness("body").bytes(size);
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body, partBytes: 2_048, sealed });
  const head = await headOf(bench, CITY);
  expect(head).toMatchObject({ v: 1, tid: "T001", stream: "list/city", sequence: 1, base: 0, size, partBytes: 2_048, sealed });
  expect(bench.terminal.hostSigned(head)).toBe(true);
  const indexes = Array.from({ length: Math.ceil(size / 2_048) }, (_, index) => index);
  want(bench, [{ ...CITY, taking: 1, parts: indexes }]);
  await bench.run(2_000);
  const parts = bench.link.take("dn/list");
  expect(parts.map((part) => part["index"])).toEqual(indexes);
  expect(toHex(concat(...parts.map((part) => proved(head, part))))).toBe(toHex(body));
});

test("parts of a region's document are the same for each of its terminals; others get nothing", async () => {
  const bench = openBench(suite);
  bench.host.documents.publish({ to: { region: "530100" }, stream: "fares", body: utf8("fares") });
  want(bench, [{ stream: "fares", have: 0 }]);
  want(bench, [{ stream: "fares", have: 0 }], { tid: "T002" });
  await bench.run(1_000);
  const head = only(bench.link.take("dn/cfg"));
  expect([head["tid"], head["region"], bench.terminal.hostSigned(head)]).toEqual([undefined, "530100", true]);
  bench.link.inject(
    "pos/v1/T002/up/want",
    utf8(sortedJson({ v: 1, tid: "T002", region: "440300", streams: [{ stream: "fares", have: 0, taking: 1, parts: [0] }], problems: [] })),
  );
  await bench.run(1_000);
  expect(bench.link.take("dn/cfg")).toEqual([]);
  expect(bench.host.counters.get("want-discarded")).toBe(1);
});

test("the next document: a continuation of what is there, else the newest whole, never what was refused or has expired", async () => {
  const bench = openBench(suite);
  const publish = (sequence: number, base: number, validMs = DAY_MS) =>
    bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: utf8(`${sequence}`), sequence, base, validMs });
  publish(3, 0);
  publish(4, 3);
  publish(5, 4);
  publish(6, 0, -1);
  const offered = async (row: Members) => {
    want(bench, [{ ...CITY, ...row }]);
    await bench.run(1_000);
    return bench.link.take("dn/list").map(({ sequence, index }) => (index === undefined ? sequence : `${String(sequence)}/${String(index)}`));
  };
  expect(await offered({ have: 0 })).toEqual([3]);
  expect(await offered({ have: 3 })).toEqual([4]);
  expect(await offered({ have: 4 })).toEqual([5]);
  expect(await offered({ have: 5 })).toEqual([]);
  expect(await offered({ have: 4, whole: true })).toEqual([]);
  expect(await offered({ have: 2, whole: true })).toEqual([3]);
  expect(await offered({ have: 3, refused: 4, reason: "list-malformed" })).toEqual([]);
  expect(await offered({ have: 3, refused: 4, reason: "expired" })).toEqual([4]);
  expect(await offered({ have: 3, taking: 4, parts: [0] })).toEqual(["4/0"]);
  expect(await offered({ have: 3, taking: 4 })).toEqual([4]);
  expect(await offered({ have: 3, taking: 4, parts: [7] })).toEqual([]);
  expect(bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: utf8("next") }).sequence).toBe(7);
});

test("what is published reaches a terminal that was heard before, by itself", async () => {
  const bench = openBench(suite);
  want(bench, [{ stream: "lease", have: 8, refused: 9, reason: "lease-malformed" }]);
  await bench.run(1_000);
  expect(bench.link.take("dn/cfg")).toEqual([]);
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "lease", body: utf8("{}") });
  await bench.run(1_000);
  expect(only(bench.link.take("dn/cfg"))).toMatchObject({ stream: "lease", sequence: 10 });
});

test("short documents go before long ones, and no more leave in a second than was agreed", async () => {
  const bench = openBench(suite);
  const body = new SeededRandomness("long").bytes(64 * 1_024);
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body, partBytes: 1_024 });
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "lease", body: utf8("{}") });
  const some = Array.from({ length: 32 }, (_, index) => index);
  want(bench, [
    { ...CITY, taking: 1, parts: some },
    { stream: "lease", have: 0, taking: 1, parts: [0] },
  ]);
  await bench.run(999);
  const first = bench.link.published.map(({ topic }) => topic);
  expect(first.length).toBe(16);
  expect(first.indexOf("pos/v1/T001/dn/cfg")).toBeLessThanOrEqual(1);
  await bench.run(5_000);
  expect(bench.link.take("dn/list").length).toBe(32);
});

test("a body that does not deflate travels in parts that fit a message", async () => {
  const bench = openBench(suite);
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: new SeededRandomness("dense").bytes(300_000), partBytes: 262_144 });
  const head = await headOf(bench, CITY);
  want(bench, [{ ...CITY, taking: 1, parts: [0] }]);
  await bench.run(1_000);
  const [message] = bench.link.published;
  expect(message?.payload.length).toBeLessThanOrEqual(49_152);
  expect(Number(head["partBytes"])).toBeLessThan(40_000);
});

test.each([
  ["wrongSignatureNextHeads", (bench: Bench, head: Members) => !bench.terminal.hostSigned(head)],
  ["otherTerminalNextHeads", (bench: Bench, head: Members) => bench.terminal.hostSigned(head) && head["tid"] !== "T001"],
  ["expiredNextHeads", (bench: Bench, head: Members) => bench.terminal.hostSigned(head) && Number(head["notAfterMs"]) < bench.clock.wallMs()],
] as const)("%s: one head is bent, the next is right", async (name, isBent) => {
  const bench = openBench(suite);
  bench.host.faults[name] = 1;
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: utf8("1") });
  expect(isBent(bench, await headOf(bench, CITY))).toBe(true);
  expect(isBent(bench, await headOf(bench, CITY))).toBe(false);
});

test("twins, cut parts, parts in another's place, lost and doubled messages", async () => {
  const bench = openBench(suite);
  const { host, link } = bench;
  host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: new SeededRandomness("many").bytes(4_096), partBytes: 1_024 });
  host.faults.twinNextHeads = 1;
  want(bench, [CITY]);
  await bench.run(1_000);
  const heads = link.take("dn/list");
  expect(heads.map((head) => [head["sequence"], bench.terminal.hostSigned(head)])).toEqual([
    [1, true],
    [1, true],
  ]);
  const [head = {}, twin = {}] = heads;
  expect(twin["root"]).not.toBe(head["root"]);
  const ask = async (parts: readonly number[]) => {
    want(bench, [{ ...CITY, taking: 1, parts }]);
    await bench.run(1_000);
    return link.take("dn/list");
  };
  host.faults.truncateNextParts = 1;
  const [cut = {}] = await ask([0]);
  expect(() => proved(head, cut)).toThrow();
  host.faults.foreignNextParts = 1;
  const [foreign = {}] = await ask([0]);
  expect(foreign["index"]).toBe(1);
  expect(() => proved(head, foreign)).toThrow();
  host.faults.dropDocumentProbability = 1;
  expect(await ask([0, 1])).toEqual([]);
  host.faults.dropDocumentProbability = 0;
  host.faults.duplicateDocumentProbability = 1;
  expect((await ask([0])).map((part) => part["index"])).toEqual([0, 0]);
  host.faults.duplicateDocumentProbability = 0;
  host.faults.swapDocumentProbability = 1;
  expect((await ask([0, 1, 2])).map((part) => part["index"])).toEqual([1, 0, 2]);
});

test.each<[string, Members | Uint8Array]>([
  ["no JSON", utf8("{")],
  ["another version", { v: 2 }],
  ["another terminal", { tid: "T002" }],
  ["a region of letters", { region: "north" }],
  ["streams that are none", { streams: [{ stream: "A", have: 0 }] }],
  ["more streams than there are", { streams: Array.from({ length: 17 }, () => CITY) }],
  ["a stream without what is there", { streams: [{ stream: "lease" }] }],
])("a want with %s is discarded", async (_name, members) => {
  const bench = openBench(suite);
  bench.host.documents.publish({ to: { tid: "T001" }, stream: "list/city", body: utf8("1") });
  if (members instanceof Uint8Array) bench.link.inject("pos/v1/T001/up/want", members);
  else want(bench, [CITY], { ...members, ...(members["tid"] === undefined ? {} : { tid: members["tid"] }) });
  await bench.run(1_000);
  expect([bench.link.take("dn/list"), bench.host.counters.get("want-discarded")]).toEqual([[], 1]);
});

function command(bench: Bench, line: Members): Members {
  // These commands touch neither the insurer nor the acquirer nor the process.
  const others = { insurer: undefined as unknown as Insurer, acquirer: undefined as unknown as Acquirer };
  return runCommand({ host: bench.host, ...others, stop: () => undefined }, JSON.stringify(line));
}

test("commands publish a permission, a table and a list from a file, and tell what is published", async () => {
  const bench = openBench(suite);
  const folder = mkdtempSync(join(tmpdir(), "documents-"));
  try {
    writeFileSync(join(folder, "list"), "entries");
    const publish = (set: Members) => command(bench, { command: "publish", set });
    expect(publish({ stream: "lease", tid: "T001", json: { id: "1", expiresMs: 5, limits: {} } })).toMatchObject({ ok: true, sequence: 1, parts: 1 });
    expect(publish({ stream: "fares", region: "530100", sealed: false, text: "{}" })).toMatchObject({ ok: true, size: 2 });
    expect(publish({ stream: "list/city", region: "530100", file: join(folder, "list"), sequence: 5, base: 4 })).toMatchObject({ ok: true, sequence: 5 });
    expect(publish({ stream: "list/city", region: "530100", base64: "AAAA" })).toMatchObject({ ok: true, sequence: 6, size: 3 });
  } finally {
    rmSync(folder, { recursive: true });
  }
  want(bench, [{ stream: "lease", have: 0 }]);
  await bench.run(1_000);
  expect(command(bench, { command: "documents" })).toMatchObject({
    documents: [
      { tid: "T001", stream: "lease" },
      { region: "530100", stream: "fares" },
      { sequence: 5, base: 4 },
      { sequence: 6, base: 0 },
    ],
    terminals: [{ tid: "T001", streams: [{ stream: "lease", have: 0 }] }],
  });
});

test.each<[string, Members | undefined]>([
  ["set is missing", undefined],
  ["unknown member strem", { strem: "lease" }],
  ["stream is one or two words, for example list/city", { stream: "A" }],
  ["one of tid, region is needed", { stream: "lease", text: "1" }],
  ["tid is not registered", { stream: "lease", tid: "T9", text: "1" }],
  ["region has six digits", { stream: "lease", region: "5301", text: "1" }],
  ["one of json, text, base64, file is needed", { stream: "lease", tid: "T001" }],
  ["one of json, text, base64, file is needed", { stream: "lease", tid: "T001", text: "1", json: 1 }],
  ["json holds what canonical JSON cannot", { stream: "lease", tid: "T001", json: 1.5 }],
  ["base64 cannot be read or is empty", { stream: "lease", tid: "T001", base64: "A" }],
  ["file cannot be read or is empty", { stream: "lease", tid: "T001", file: "/nowhere/list" }],
  ["validMs is a whole number", { stream: "lease", tid: "T001", text: "1", validMs: -1 }],
  ["partBytes lies between 1024 and 262144, sequence above base", { stream: "lease", tid: "T001", text: "1", partBytes: 1 }],
  ["partBytes lies between 1024 and 262144, sequence above base", { stream: "lease", tid: "T001", text: "1", sequence: 3, base: 3 }],
])("publish is refused: %s", (reason, set) => {
  expect(command(openBench(suite), { command: "publish", set })).toMatchObject({ ok: false, reason });
});
