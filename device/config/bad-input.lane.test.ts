/*
 * Goal: 100,000 bent configuration files, key files and counter requests: no crash, no hang, a name for each refusal.
 * Method: whole files are bent by the shared mutator; what is accepted must be what a good file could have said.
 */
import { expect, test } from "vitest";
import { mutations } from "../../tools/fuzz/mutator.ts";
import { parseRequestLine } from "../api/lines.ts";
import { type Bytes, toHex, utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { Storage } from "../base/ports.ts";
import { parseJson } from "../codec/json.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { loadKeys } from "./keys.ts";
import { parseTerminalConfig } from "./schema.ts";
import { CONFIG_SLOTS, openConfigStore } from "./store.ts";
import { exampleConfig } from "./testing.ts";

const SEED = 20_261_121;
const suite = openCipherSuite();

/** A folder in memory that holds what a test puts there. */
function memory(files: Map<string, Bytes>): Storage {
  return {
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, contents) => Promise.resolve(void files.set(name, contents)),
    remove: (name) => Promise.resolve(void files.delete(name)),
    list: () => Promise.resolve([...files.keys()]),
  };
}

test("100,000 bent configuration texts are understood or refused by name", () => {
  const bent = mutations(SEED, [utf8(JSON.stringify(exampleConfig())), utf8(JSON.stringify(exampleConfig({ profile: "production" })))]);
  const counts = { accepted: 0, "not-json": 0, "not-valid": 0 };
  for (let at = 0; at < 100_000; at += 1) {
    const json = parseJson(bent.next().value);
    if (!json.ok) {
      counts["not-json"] += 1;
      expect(json.reason).toMatch(/^[a-z0-9-]+$/);
      continue;
    }
    const parsed = parseTerminalConfig(json.value);
    counts[parsed.ok ? "accepted" : "not-valid"] += 1;
    if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
  }
  process.stderr.write(`configuration texts, seed ${SEED}: ${JSON.stringify(counts)}\n`);
  expect(counts["not-valid"]).toBeGreaterThan(1_000);
});

test("20,000 bent slot files: the other slot, or the fault that says so, never defaults", async () => {
  const good = new Map<string, Bytes>();
  const store = openConfigStore(memory(good), suite);
  await store.write({ value: "first" });
  await store.write({ value: "second" });
  const bent = mutations(SEED, [...good.values()]);
  const counts = { stored: 0, "config-corrupt": 0 };
  for (let at = 0; at < 20_000; at += 1) {
    const both = at % 4 === 0;
    const files = new Map(good);
    files.set(CONFIG_SLOTS[0], bent.next().value);
    if (both) files.set(CONFIG_SLOTS[1], bent.next().value);
    try {
      const found = await openConfigStore(memory(files), suite).read();
      expect(found.kind).toBe("stored");
      if (found.kind === "stored") expect([{ value: "first" }, { value: "second" }]).toContainEqual(found.data);
      counts.stored += 1;
    } catch (error) {
      expect(isFault(error, "config-corrupt")).toBe(true);
      expect(both).toBe(true);
      counts["config-corrupt"] += 1;
    }
  }
  process.stderr.write(`slot files: ${JSON.stringify(counts)}\n`);
  expect(counts["config-corrupt"]).toBeGreaterThan(1_000);
});

test("20,000 bent key files: handles, or a fault without a key in it", () => {
  const secret = "a1".repeat(32);
  const point = toHex(suite.sm2PrivateKey(new Uint8Array(32).fill(7)).publicKey.point);
  const file = utf8(`# keys\nsigning-scalar = ${secret}\nhost-public-key = ${point}\ndata-key = ${"b2".repeat(16)}\nstorage-key = ${"c3".repeat(16)}\n`);
  const bent = mutations(SEED, [file]);
  let refused = 0;
  for (let at = 0; at < 20_000; at += 1) {
    try {
      loadKeys(Uint8Array.from(bent.next().value), { suite, profile: "test" });
    } catch (error) {
      refused += 1;
      expect(isFault(error, "config-invalid", "key-missing", "crypto-input")).toBe(true);
      if (isFault(error)) expect(error.message).not.toMatch(/(?:a1){8}|(?:b2){8}|(?:c3){8}/);
    }
  }
  expect(refused).toBeGreaterThan(10_000);
});

test("100,000 bent counter requests are understood or refused by name", () => {
  const lines = [
    { do: "quick-payment", id: 1, reference: "sale-1", amountFen: 100 },
    {
      do: "medical-purchase",
      reference: "m-1",
      amountFen: 5700,
      invoiceNumber: "i",
      items: [{ nationalCode: "X", ownCode: "A", quantity: "2", unitPrice: "28.50", amountFen: 5700 }],
    },
    { do: "status" },
  ].map((line) => utf8(JSON.stringify(line)));
  const bent = mutations(SEED, lines);
  const reasons = new Set<string>();
  for (let at = 0; at < 100_000; at += 1) {
    const parsed = parseRequestLine(new TextDecoder().decode(bent.next().value));
    if (!parsed.ok) reasons.add(parsed.reason.slice(0, 12));
  }
  expect(reasons.size).toBeGreaterThan(5);
});
