/* The published vectors of docs/vectors, against our code and against tools/verify-batch.sh, which shares nothing with it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { batchPlaintext, batchSignedBytes, parseBatch, recordsText, recordText, type UploadRecord } from "../../codec/upload.ts";
import { BatchSupply } from "../outbox/supply.ts";
import { appendSales, DATA_KEY, KEYS, MemoryJournal, ModelHost, suite, terminalKey } from "../testing.ts";
import { DEFAULT_BATCH_LIMITS } from "./plan.ts";
import { sealBatch } from "./seal.ts";
import { openInlineSealer } from "./seal-inline.ts";

const PROJECT = new URL("../../../", import.meta.url).pathname;
const VECTORS = join(PROJECT, "docs/vectors");
const folder = mkdtempSync(join(tmpdir(), "yikatong-vectors-"));
afterAll(() => rmSync(folder, { recursive: true }));

function verify(...files: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout } = spawnSync("sh", [join(PROJECT, "tools/verify-batch.sh"), toHex(terminalKey.publicKey.point), toHex(DATA_KEY), ...files], {
    encoding: "utf8",
  });
  return { status, output: stdout };
}

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const first = readFileSync(join(VECTORS, "batch-1.json"), "utf8");

describe("published vectors", () => {
  it.each([[1], [2]])("batch %i: hash, signature and plaintext are ours", (number) => {
    const payload = new Uint8Array(readFileSync(join(VECTORS, `batch-${number}.json`)));
    const plaintext = readFileSync(join(VECTORS, `batch-${number}.plaintext.json`), "utf8");
    const parsed = parseBatch(payload);
    if (!parsed.ok) throw new Error(parsed.reason);
    const { hash, sig, tid, iv, boot, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash } = parsed.message;
    const header = { tid, journalId, batchSeq, firstSeq, lastSeq, count, sums, prevHash };
    const { records } = JSON.parse(plaintext) as { readonly records: readonly UploadRecord[] };
    const texts = records.map(recordText);
    expect(batchPlaintext(header, recordsText(texts))).toBe(plaintext);
    expect(toHex(suite.sm3(utf8(plaintext)))).toBe(hash);
    expect(suite.sm2Verify(terminalKey.publicKey, batchSignedBytes(hash, tid), fromHex(sig))).toBe(true);
    expect(sealBatch(suite, KEYS, { header, records: utf8(recordsText(texts)), boot, iv: fromHex(iv) }).hash).toBe(hash);
  });

  it("a receiver made from the page takes both", () => {
    const host = new ModelHost();
    expect([1, 2].map((number) => host.take(new Uint8Array(readFileSync(join(VECTORS, `batch-${number}.json`)))))).toEqual(["committed", "committed"]);
  });
});

describe("tools/verify-batch.sh", () => {
  it("the vectors hold, alone and as a chain", () => {
    const { status, output } = verify(join(VECTORS, "batch-1.json"), join(VECTORS, "batch-2.json"));
    expect([status, output.trimEnd().split("\n").at(-1)]).toEqual([0, "all hold"]);
  });

  it("a full batch of 400 records holds", async () => {
    const journal = new MemoryJournal();
    await appendSales(journal, 400);
    const supply = new BatchSupply({
      journal,
      sealer: openInlineSealer(suite, KEYS),
      randomness: { bytes: (length) => new Uint8Array(length) },
      limits: DEFAULT_BATCH_LIMITS,
    });
    await supply.open();
    await supply.plan(1);
    expect(verify(file("full.json", (await supply.payload(1)) ?? ""))).toMatchObject({ status: 0 });
  });

  it.each<[string, string, string]>([
    ["hash", "another sum", first.replace('"fen":', '"fen":1')],
    ["hash", "another previous hash", first.replace(/"prevHash":"0/, '"prevHash":"1')],
    ["signature", "another signature", first.replace(/"sig":"(.)/, (_, digit: string) => `"sig":"${digit === "0" ? "1" : "0"}`)],
    ["signature", "another terminal", first.replace('"tid":"T100001"', '"tid":"T100002"')],
    ["hash", "another hash", first.replace(/"hash":"(.)/, (_, digit: string) => `"hash":"${digit === "0" ? "1" : "0"}`)],
    ["hash", "another body", first.replace(/"body":"(.)/, (_, letter: string) => `"body":"${letter === "A" ? "B" : "A"}`)],
    ["sequence", "other numbers", first.replace('"firstSeq":1', '"firstSeq":2')],
    ["not a batch", "no batch", "{}"],
    ["not a batch", "cut off", first.slice(0, -40)],
  ])("names what is wrong (%s): %s", (named, what, message) => {
    expect(message).not.toBe(first);
    const { status, output } = verify(file(`${what.replaceAll(" ", "-")}.json`, message));
    expect(status).toBe(1);
    expect(output).toContain(`WRONG: ${named}`);
  });

  it("a chain with a batch left out or twice is seen", () => {
    expect(verify(join(VECTORS, "batch-2.json"), join(VECTORS, "batch-1.json")).output).toContain("WRONG: chain");
    expect(verify(join(VECTORS, "batch-1.json"), join(VECTORS, "batch-1.json")).output).toContain("WRONG: chain");
  });

  it("says how it is used", () => {
    expect(spawnSync("sh", [join(PROJECT, "tools/verify-batch.sh")], { encoding: "utf8" })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("PUBLIC_KEY") as string,
    });
    expect(() => execFileSync("sh", ["-n", join(PROJECT, "tools/verify-batch.sh")])).not.toThrow();
  });
});
