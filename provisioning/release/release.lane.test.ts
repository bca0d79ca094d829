/*
 * Goal: what speaks against a release keeps it out, what does not lets it in, and one that does not live is left again.
 * Method: real bundles, real files and the real `select-release` under dash, on a machine in a folder; the releases are small shell programs.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { packBundle } from "../../tools/bundle/pack.ts";
import { TEST_KEY_NAME, testReleaseKey } from "../../tools/bundle/test-key.ts";
import { openBundle } from "./bundle-file.ts";
import { JOURNAL_FILE } from "./place.ts";
import { canonicalBytes, parseReleaseKeys, signatureLine } from "./signed.ts";
import { healthyStatus } from "./status-for-tests.ts";
import { BUILT_MS, TestMachine } from "./testing.ts";
import { parseTrial } from "./trial.ts";
import { applyBundle, checkBundle, checkMoment, updateStatus } from "./update.ts";

const suite = openCipherSuite();
let machine = new TestMachine(suite);

beforeEach(async () => {
  machine.remove();
  machine = new TestMachine(suite);
  await machine.install("0.1.0");
});
afterEach(() => machine.remove());

const codes = (outcome: { readonly reasons: readonly { readonly code: string }[] }) => outcome.reasons.map(({ code }) => code);

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x01;
  writeFileSync(path, bytes);
}

/** A permit beside its signature. */
function permit(more: Readonly<Record<string, string | number>>): string {
  const value = { v: 1, kind: "downgrade", terminalId: "*", to: "0.0.9", notAfterMs: BUILT_MS + 60_000, ...more };
  const path = join(machine.root, "leave.json");
  writeFileSync(path, JSON.stringify(value));
  writeFileSync(`${path}.sig`, signatureLine(canonicalBytes(value), { name: TEST_KEY_NAME, key: testReleaseKey(suite) }, suite));
  return path;
}

describe("a good release", () => {
  it("is switched to on trial, and is what starts once it has said that it is well", async () => {
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [1, 2] });
    expect(await checkBundle({ bundle: path }, machine.parts())).toMatchObject({ kind: "would-switch", version: "0.2.0", signedBy: "test" });
    expect(machine.currentVersion()).toBe("0.1.0");
    expect(await applyBundle({ bundle: path }, machine.parts())).toMatchObject({ kind: "switched", version: "0.2.0" });
    expect([machine.currentVersion(), machine.journalSchema(), machine.running]).toEqual(["0.2.0", 2, true]);
    expect(parseTrial(readFileSync(machine.place.trial, "utf8"))).toMatchObject({ step: "trying", starts: 1, devices: ["user"], previous: "0.1.0" });
    machine.saysHealthy();
    machine.powerCut();
    machine.start();
    expect(existsSync(machine.place.trial)).toBe(false);
    expect(machine.currentVersion()).toBe("0.2.0");
    expect(existsSync(machine.place.hold)).toBe(false);
  });

  it("keeps the release before it and no older one", async () => {
    for (const version of ["0.2.0", "0.3.0"]) {
      const { path } = await machine.bundle(version);
      expect((await applyBundle({ bundle: path }, machine.parts())).kind).toBe("switched");
      machine.saysHealthy();
    }
    expect((await updateStatus(machine.parts())).releases).toEqual(["0.2.0", "0.3.0"]);
  });

  it("may be applied to a machine without any", async () => {
    const empty = new TestMachine(suite);
    writeFileSync(join(empty.place.journal, JOURNAL_FILE), "1");
    const { path } = await machine.bundle("0.2.0");
    expect((await applyBundle({ bundle: path }, empty.parts())).kind).toBe("switched");
    expect([empty.currentVersion(), empty.running]).toEqual(["0.2.0", true]);
    empty.remove();
  });
});

describe("a folder of the journal without one", () => {
  it("is no reason to migrate, whatever came from afar and lies in it", async () => {
    rmSync(join(machine.place.journal, JOURNAL_FILE));
    mkdirSync(join(machine.place.journal, "remote"));
    writeFileSync(join(machine.place.journal, "remote", "orders.json"), "{}");
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [1, 2], migration: "fails" });
    expect(await applyBundle({ bundle: path }, machine.parts())).toMatchObject({ kind: "switched" });
    expect(machine.currentVersion()).toBe("0.2.0");
    // It is not well without a journal, and is left again: there is nothing to write back, and nothing in the way.
    machine.crashLoop(5);
    expect([machine.currentVersion(), readFileSync(machine.place.returned, "utf8")]).toEqual(["0.1.0", expect.stringContaining("result=returned")]);
  });
});

describe("a bundle of one content", () => {
  it("is the same byte for byte, whenever and by whatever hand its files were written", async () => {
    const first = await machine.bundle("0.2.0", { schema: 2, written: [1, 2] });
    const bytes = readFileSync(first.path);
    const folder = join(machine.root, "again");
    for (const part of ["dist", "bin"]) mkdirSync(join(folder, part), { recursive: true });
    const unpacked = spawnSync("sh", [
      "-c",
      'tar -xOf "$1" payload.tar.gz | tar -xz -C "$2" && touch -d 2001-01-01 "$2/dist/words.txt" && chmod 600 "$2/dist/words.txt"',
      "sh",
      first.path,
      folder,
    ]);
    expect(unpacked.status).toBe(0);
    const published = spawnSync("tar", ["-xOf", first.path, "manifest.sig"], { encoding: "latin1" }).stdout;
    const { version, arch, node, builtMs, journalSchema, journalSchemasWritten, emergency } = first.manifest;
    const about = { version, arch, node, builtMs, journalSchema, journalSchemasWritten, emergency };
    const again = await packBundle({ folder, about, sign: () => published, out: join(machine.root, "out"), suite });
    expect(again.manifest).toEqual(first.manifest);
    expect(readFileSync(again.path).equals(bytes)).toBe(true);
  });
});

describe("refused for good", () => {
  it("with one flipped bit in its payload, and nothing is left of it", async () => {
    const { path, manifest } = await machine.bundle("0.2.0");
    const payloadAt = readFileSync(path).length - manifest.payload.size;
    const before = machine.state();
    for (const at of [payloadAt - 1500, payloadAt, payloadAt + 100, payloadAt + manifest.payload.size - 2000]) {
      flip(path, at);
      const outcome = await applyBundle({ bundle: path }, machine.parts());
      expect([outcome.kind, outcome.reasons.map(({ when }) => when), machine.state()]).toEqual(["refused", ["never"], before]);
      flip(path, at);
    }
    expect((await applyBundle({ bundle: path }, machine.parts())).kind).toBe("switched");
  });

  it("with one flipped bit anywhere before and behind its payload", async () => {
    const { path, manifest } = await machine.bundle("0.2.0");
    const { files } = machine.parts();
    const parsed = parseReleaseKeys(readFileSync(machine.place.keys, "utf8"), { suite, profile: "test" });
    const keys = parsed.ok ? parsed.keys : [];
    const bytes = readFileSync(path);
    const open = (changed: Uint8Array) =>
      openBundle(path, { files: { ...files, readPart: (_, { at, size }) => Promise.resolve(changed.slice(at, at + size)) }, keys, suite });
    const good = await open(bytes);
    const payload = good.ok ? good.bundle.payload : { at: 0, size: 0 };
    let flips = 0;
    for (let at = 0; at < bytes.length; at += at >= payload.at && at < payload.at + payload.size ? payload.size : 1) {
      if (at === payload.at) continue;
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect([at, (await open(changed)).ok]).toEqual([at, false]);
      flips += 1;
    }
    expect([good.ok, flips]).toEqual([true, bytes.length - manifest.payload.size]);
    for (const changed of [bytes.subarray(0, -1), Buffer.concat([bytes, Uint8Array.of(0)])]) expect((await open(changed)).ok).toBe(false);
  });

  it("signed by somebody else under a known name, or by nobody known", async () => {
    const stranger = suite.sm2PrivateKey(suite.sm3(Uint8Array.of(1)));
    const { path } = await machine.bundle("0.2.0", {}, stranger);
    expect(codes(await applyBundle({ bundle: path }, machine.parts()))).toEqual(["signature-wrong"]);
    const good = await machine.bundle("0.2.0");
    writeFileSync(machine.place.keys, readFileSync(machine.place.keys, "utf8").replace("test =", "other ="));
    expect(codes(await applyBundle({ bundle: good.path }, machine.parts()))).toEqual(["signer-unknown"]);
  });

  it("by a published key, on a production terminal", async () => {
    const { path } = await machine.bundle("0.2.0");
    const outcome = await applyBundle({ bundle: path }, machine.parts({ profile: "production" }));
    expect([codes(outcome), outcome.reasons[0]?.text]).toEqual([["keys-unusable"], expect.stringContaining("published test key")]);
  });

  it("made for another machine, or the one that runs", async () => {
    const { path } = await machine.bundle("0.2.0", { arch: process.arch === "arm64" ? "x64" : "arm64" });
    expect(codes(await applyBundle({ bundle: path }, machine.parts()))).toEqual(["wrong-arch"]);
    expect(codes(await applyBundle({ bundle: (await machine.bundle("0.1.0")).path }, machine.parts()))).toEqual(["already-current"]);
  });

  it("with a journal that neither release can write for the other", async () => {
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [2] });
    expect(codes(await applyBundle({ bundle: path }, machine.parts()))).toEqual(["journal-unreachable"]);
  });

  it("an older one without leave, with a leave for another, and after its time; with its leave it is taken", async () => {
    const { path } = await machine.bundle("0.0.9");
    const apply = (more?: Readonly<Record<string, string | number>>) =>
      applyBundle({ bundle: path, ...(more === undefined ? {} : { permit: permit(more) }) }, machine.parts());
    expect(codes(await apply())).toEqual(["older-version"]);
    expect(codes(await apply({ to: "0.0.8" }))).toEqual(["permit-wrong-version"]);
    expect(codes(await apply({ terminalId: "T-0002" }))).toEqual(["permit-wrong-terminal"]);
    expect(codes(await apply({ notAfterMs: BUILT_MS }))).toEqual(["permit-expired"]);
    const changed = permit({});
    writeFileSync(changed, readFileSync(changed, "utf8").replace('"*"', '"T-0001"'));
    expect(codes(await applyBundle({ bundle: path, permit: changed }, machine.parts()))).toEqual(["permit-malformed"]);
    expect(await apply({ terminalId: "T-0001" })).toMatchObject({ kind: "switched", version: "0.0.9" });
    expect(machine.currentVersion()).toBe("0.0.9");
  });
});

describe("refused for now", () => {
  const refusal = async (status: Parameters<typeof healthyStatus>[0], release = {}) => {
    machine.status = healthyStatus(status);
    const { path } = await machine.bundle("0.2.0", release);
    const outcome = await applyBundle({ bundle: path }, machine.parts());
    expect([machine.running, existsSync(machine.place.hold)]).toEqual([true, false]);
    return codes(outcome);
  };
  const RISK = { exposure: { count: 3, sumFen: 50_001, unknown: 0 } } as const;

  it("while more money is at risk than the limit, or a sale is unknown; an emergency passes", async () => {
    expect(await refusal(RISK)).toEqual(["money-at-risk"]);
    expect(await refusal({ exposure: { count: 1, sumFen: 1, unknown: 1 } })).toEqual(["money-at-risk"]);
    expect(await refusal(RISK, { emergency: true })).toEqual([]);
    expect(machine.currentVersion()).toBe("0.2.0");
  });

  it("while a card is in a field or an act is under way, emergency or not", async () => {
    for (const emergency of [false, true]) {
      expect(await refusal({ cardPresent: true }, { emergency })).toEqual(["card-present"]);
      expect(await refusal({ actsUnderWay: 1 }, { emergency })).toEqual(["act-under-way"]);
    }
    expect(machine.currentVersion()).toBe("0.1.0");
  });

  it("a card that leaves while it waits is no reason any more", async () => {
    machine.status = healthyStatus({ cardPresent: true });
    const { path } = await machine.bundle("0.2.0");
    let looks = 0;
    const word = () => {
      looks += 1;
      if (looks === 4) machine.status = healthyStatus();
      return Promise.resolve(machine.word());
    };
    expect((await applyBundle({ bundle: path }, machine.parts({ word, quietWaitMs: 20_000 }))).kind).toBe("switched");
  });

  it("while the service hangs, the clock is wrong, or space is low", async () => {
    const { path } = await machine.bundle("0.2.0", { emergency: true });
    const apply = (more: Parameters<TestMachine["parts"]>[0]) => applyBundle({ bundle: path }, machine.parts(more));
    expect(codes(await apply({ word: () => Promise.resolve({ kind: "silent" }) }))).toEqual(["service-silent"]);
    expect(codes(await apply({ clock: { ...machine.parts().clock, wallMs: () => BUILT_MS - 1 } }))).toEqual(["clock-wrong"]);
    machine.status = healthyStatus({ clock: "untrusted" });
    expect(codes(await apply({}))).toEqual(["clock-wrong"]);
    machine.status = healthyStatus();
    const full = { ...machine.parts().files, freeBytes: () => Promise.resolve(1000) };
    expect(codes(await apply({ files: full }))).toEqual(["space-low", "space-low"]);
  });

  it("while the one before has still to prove itself", async () => {
    await applyBundle({ bundle: (await machine.bundle("0.2.0")).path }, machine.parts());
    expect(codes(await applyBundle({ bundle: (await machine.bundle("0.3.0")).path }, machine.parts()))).toEqual(["trial-under-way"]);
  });

  it("is what a question without a bundle hears too", async () => {
    expect((await checkMoment(machine.parts(), false)).kind).toBe("would-switch");
    machine.status = healthyStatus({ cardPresent: true, ...RISK });
    expect(codes(await checkMoment(machine.parts(), false))).toEqual(["card-present", "money-at-risk"]);
    expect(codes(await checkMoment(machine.parts(), true))).toEqual(["card-present"]);
  });
});

describe("a release that does not live", () => {
  it("is left again after its starts, with the journal in the older schema", async () => {
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [1, 2], life: "dies" });
    expect((await applyBundle({ bundle: path }, machine.parts())).kind).toBe("switched");
    expect([machine.running, machine.journalSchema()]).toEqual([false, 2]);
    machine.crashLoop(2);
    expect([machine.currentVersion(), machine.running]).toEqual(["0.2.0", false]);
    machine.crashLoop(1);
    expect([machine.currentVersion(), machine.running, machine.journalSchema()]).toEqual(["0.1.0", true, 1]);
    const status = await updateStatus(machine.parts());
    expect(status).toMatchObject({ current: "0.1.0", trial: null, returned: { version: "0.2.0", result: "returned", starts: "3" } });
  });

  it("that does not pass its self-test is not started at all", async () => {
    const { path } = await machine.bundle("0.2.0", { selfTest: "fails" });
    const outcome = await applyBundle({ bundle: path }, machine.parts());
    expect([outcome.kind, outcome.reasons[0]?.text]).toEqual(["failed", expect.stringContaining("sm3 is wrong")]);
    expect([machine.currentVersion(), machine.running, existsSync(machine.place.trial)]).toEqual(["0.1.0", true, false]);
  });

  it("whose migration fails is never started, and the older one goes on", async () => {
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [1, 2], migration: "fails" });
    const outcome = await applyBundle({ bundle: path }, machine.parts());
    expect([outcome.kind, outcome.reasons[0]?.text]).toEqual(["failed", expect.stringContaining("the copy differs")]);
    expect([machine.currentVersion(), machine.running, machine.journalSchema()]).toEqual(["0.1.0", true, 1]);
    expect(await updateStatus(machine.parts())).toMatchObject({ trial: null, returned: { result: "returned" } });
  });

  it("and cannot give the journal back stays, says why, and may be replaced", async () => {
    const { path } = await machine.bundle("0.2.0", { schema: 2, written: [1, 2], life: "dies" });
    await applyBundle({ bundle: path }, machine.parts());
    const program = join(machine.place.releases, "0.2.0/bin/yikatong");
    writeFileSync(program, readFileSync(program, "utf8").replace("journal)", "journal) echo 'no room' >&2; exit 1 ;;\nnothing)"));
    machine.crashLoop(4);
    const { returned, trial, releases } = await updateStatus(machine.parts());
    expect([machine.currentVersion(), machine.journalSchema(), returned?.["result"], releases]).toEqual(["0.2.0", 2, "stayed", ["0.1.0", "0.2.0"]]);
    expect([returned?.["why"], trial?.version]).toEqual([expect.stringContaining("no room"), "0.2.0"]);
    const mended = await machine.bundle("0.3.0", { schema: 2, written: [1, 2], emergency: true });
    expect((await applyBundle({ bundle: mended.path }, machine.parts())).kind).toBe("switched");
    expect([machine.currentVersion(), machine.running, machine.journalSchema()]).toEqual(["0.3.0", true, 2]);
  });
});
