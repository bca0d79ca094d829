/* What an issuer's answer does to an independently written card; the issuer's side is made with the published test keys. */
import { describe, expect, it } from "vitest";
import { bankCardKey, bankSessionKey, issuerAuthentication, scriptMac } from "../../../simulators/crypto/bank.ts";
import { type Bytes, concat, fromHex } from "../../base/bytes.ts";
import { numberToBcd } from "../../codec/bcd.ts";
import { buildTlv } from "../../codec/tlv.ts";
import { LIMITS, SUITE } from "../testing.ts";
import type { IssuerAnswer } from "./generate.ts";
import { completeOnline, SCRIPTS_MAX } from "./online.ts";
import { type CashBenchOptions, cashBench } from "./testing.ts";
import type { CryptogramRecord } from "./types.ts";

type Bench = ReturnType<typeof cashBench>;
const APPROVED = fromHex("3030");

function issuerOf(bench: Bench, record: CryptogramRecord) {
  const rules = { suite: SUITE, algorithm: "sm4" as const, profile: bench.profile };
  const place = { pan: record.accountNumber, panSequence: record.accountSequence ?? "" };
  const cryptogram = fromHex(record.cryptogram ?? "");
  return {
    proof: (responseCode: Bytes) =>
      issuerAuthentication(rules, bankSessionKey(rules, bankCardKey(rules, "bank-ac", place), record.atc), { cryptogram, responseCode }),
    command: (headerHex: string, data: Bytes) => {
      const header = concat(fromHex(headerHex), Uint8Array.of(data.length + 4));
      const key = bankSessionKey(rules, bankCardKey(rules, "bank-mac", place), record.atc);
      return concat(header, data, scriptMac(rules, key, { counter: record.atc, cryptogram, header, data }));
    },
  };
}

function script(tag: 0x71 | 0x72, ...commands: readonly Bytes[]): Bytes {
  return buildTlv(tag, [buildTlv(0x9f18, fromHex("00000007")), ...commands.map((command) => buildTlv(0x86, command))]);
}

async function asked(options: CashBenchOptions = {}) {
  const bench = cashBench({ interface: "contact", ...options, cash: { algorithms: "sm", resetThresholdFen: 9_000, ...options.cash } });
  const channel = await bench.channel();
  const outcome = await bench.prepare(channel, { terminal: { online: true } });
  if (outcome.kind !== "refused" || outcome.awaiting === undefined || outcome.record === undefined) throw new Error(`not online: ${JSON.stringify(outcome)}`);
  const { awaiting: facts, record } = outcome;
  const complete = (issuer: IssuerAnswer, approved = true) => bench.run(completeOnline(channel, { facts, issuer, approved, profile: bench.profile }, LIMITS));
  return { bench, issuer: issuerOf(bench, record), complete };
}

describe("the issuer's answer", () => {
  it("is believed with its proof, and the card approves", async () => {
    const { complete, issuer } = await asked();
    const done = await complete({ proof: issuer.proof(APPROVED), responseCode: APPROVED, scripts: [] });
    expect(done).toMatchObject({ issuerBelieved: true, answer: { kind: "ok", decision: "TC" }, results: [] });
    expect(done.status).toContain("issuer-authentication-performed");
  });

  it.each([
    ["with a false proof", new Uint8Array(8), true, { issuerBelieved: false, results: ["issuer-authentication-failed"], answer: { decision: "AAC" } }],
    ["without a proof", undefined, true, { answer: { decision: "AAC" } }],
  ] as const)("%s moves the card to decline", async (_name, proof, approved, expected) => {
    const { complete } = await asked();
    expect(await complete({ ...(proof === undefined ? {} : { proof }), responseCode: APPROVED, scripts: [] }, approved)).toMatchObject(expected);
  });

  it("loads the balance by a script before the second cryptogram", async () => {
    const { bench, complete, issuer } = await asked({ profile: { putDataCla: "04" } });
    const load = script(0x71, issuer.command("04da9f79", numberToBcd(50_000, 6)));
    expect(await complete({ proof: issuer.proof(APPROVED), responseCode: APPROVED, scripts: [load] })).toMatchObject({
      answer: { decision: "TC" },
      scripts: [{ scriptId: "00000007", phase: "before-final", kind: "done", executed: 1 }],
    });
    expect(bench.cashMemory()?.balanceFen).toBe(50_000);
  });

  it("with the other class byte of PUT DATA, changes a limit after the second cryptogram", async () => {
    const { bench, complete, issuer } = await asked({ profile: { putDataCla: "84" } });
    const change = script(0x72, issuer.command("84da9f78", numberToBcd(2_000, 6)));
    expect(await complete({ proof: issuer.proof(APPROVED), responseCode: APPROVED, scripts: [change] })).toMatchObject({
      scripts: [{ phase: "after-final", kind: "done" }],
    });
    expect(bench.cashMemory()?.singleLimitFen).toBe(2_000);
  });

  it("stops a script at the command that the card refuses, and says so", async () => {
    const { complete, issuer } = await asked();
    const good = issuer.command("04da9f78", numberToBcd(2_000, 6));
    const bad = good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte));
    const done = await complete({ proof: issuer.proof(APPROVED), responseCode: APPROVED, scripts: [script(0x71, good, bad, good)] });
    expect(done).toMatchObject({ results: ["script-failed-before-final"], scripts: [{ kind: "failed", executed: 1, statusWord: 0x6988 }] });
  });

  it("runs no more scripts than the bound, and calls those without a form malformed", async () => {
    const { complete, issuer } = await asked();
    const done = await complete({
      proof: issuer.proof(APPROVED),
      responseCode: APPROVED,
      scripts: Array.from({ length: SCRIPTS_MAX + 2 }, () => fromHex("7203860100")),
    });
    expect(done.scripts).toHaveLength(SCRIPTS_MAX);
    expect(done.scripts[0]).toMatchObject({ kind: "malformed", executed: 0 });
    expect(done.results).toEqual(["script-failed-after-final"]);
  });
});
