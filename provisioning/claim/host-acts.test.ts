/* What people at the host do with keys of terminals that are there, by the acts of its commands; and what the terminal does with it. */
import { describe, expect, test } from "vitest";
import { fromHex, utf8 } from "../../device/base/bytes.ts";
import { canonicalJson } from "../../device/codec/json.ts";
import { actAtClaimDesk } from "../../simulators/host/claim/process.ts";
import type { ProfileMaker } from "../../simulators/host/claim/profile.ts";
import { Sealer } from "../../simulators/host/sealing.ts";
import { readIdentity } from "./identity.ts";
import { CARE_FILES } from "./key-care.ts";
import { type CareLife, ClaimMachine, ClaimPlace, claimed, fingerprint, line, round, SERIAL, suite } from "./testing.ts";

const DAY_MS = 86_400_000;
const KEPT = { certificate: "kept", keysChanged: false } as const;
const ANEW = { certificate: "kept", keysChanged: true } as const;

function act(place: ClaimPlace, value: object) {
  const access = { url: "mqtt://127.0.0.1:1883", terminalsUrl: "mqtt://127.0.0.1:1883", tls: undefined };
  return actAtClaimDesk({ desk: place.desk, access, options: place }, value);
}

/** Whether a terminal believes what the host signs for it now. */
function believes(place: ClaimPlace, machine: ClaimMachine): boolean {
  const keys = { signing: place.hostKey, dataKeys: new Map<string, never>(), signingFor: (tid: string) => place.desk.signingFor(tid) };
  const members = { v: 1, tid: "T001", hostTimeMs: 1 };
  const signature = new Sealer({ suite, keys, randomness: place.randomness }).sign(members);
  const trusted = suite.sm2PublicKey(fromHex(line(machine, "host-public-key") ?? ""));
  return suite.sm2Verify(trusted, utf8(canonicalJson(members)), fromHex(signature));
}

describe("the host's own key", () => {
  test("is followed by another, twice, and between every two steps the terminal believes what it is told", async () => {
    const { place, machine } = await claimed("rotation");
    const before = line(machine, "host-public-key");
    for (let turn = 0; turn < 2; turn += 1) {
      const { publicKey } = act(place, { act: "rotate-host-key" });
      expect(believes(place, machine)).toBe(true);
      expect(await round(place, machine)).toEqual(ANEW);
      expect(line(machine, "host-public-key")).toBe(publicKey);
      expect(believes(place, machine)).toBe(true);
      expect(await round(place, machine)).toEqual(KEPT);
    }
    expect(line(machine, "host-public-key")).not.toBe(before);
    expect(act(place, { act: "list" })).toMatchObject({ claims: [{ told: { certificate: fingerprint(machine) } }] });
  });

  test("rotated twice while a terminal was away: it follows one after the other", async () => {
    const { place, machine } = await claimed("away");
    act(place, { act: "rotate-host-key" });
    const { publicKey } = act(place, { act: "rotate-host-key" });
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await round(place, machine)).toEqual(ANEW);
      expect(believes(place, machine)).toBe(true);
    }
    expect(line(machine, "host-public-key")).toBe(publicKey);
    expect(await round(place, machine)).toEqual(KEPT);
  });

  test("announced by a stranger is not trusted, whatever the authority of claims has signed", async () => {
    const { place, machine } = await claimed("stranger");
    const before = line(machine, "host-public-key");
    act(place, { act: "fault", strangersNextHostKeys: 1 });
    expect(await round(place, machine)).toEqual(KEPT);
    expect(line(machine, "host-public-key")).toBe(before);
    expect(believes(place, machine)).toBe(true);
  });

  test("whose overlap is over leaves behind who never heard of the next, and who claims anew is given the newest", async () => {
    const { place, machine } = await claimed("end");
    const { publicKey } = act(place, { act: "rotate-host-key" });
    act(place, { act: "end-host-keys" });
    expect(believes(place, machine)).toBe(false);
    // Nobody has the key any more that could announce the next one.
    expect(await round(place, machine)).toEqual(KEPT);
    expect(believes(place, machine)).toBe(false);
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL, { again: true })));
    expect(await machine.life({ moved: true })).toMatchObject({ kind: "claimed" });
    expect(line(machine, "host-public-key")).toBe(publicKey);
    expect(believes(place, machine)).toBe(true);
  });

  test("cut off at every change and every message, it ends as one of the two, and the host signs by that one", async () => {
    for (const when of ["before", "during", "after"] as const) {
      for (let at = 1; ; at += 1) {
        const { place, machine } = await claimed(`cut-${when}-${at}`);
        const { publicKey } = act(place, { act: "rotate-host-key" });
        machine.cutOnce(at, when);
        const first = await round(place, machine);
        machine.cutAt = undefined;
        await round(place, machine);
        await round(place, machine);
        expect(line(machine, "host-public-key")).toBe(publicKey);
        expect(believes(place, machine)).toBe(true);
        if (first !== "cut") break;
      }
    }
  }, 60_000);
});

describe("data keys", () => {
  test("of before are withdrawn when the terminal says that it uses the next, and not sooner", async () => {
    const { place, machine } = await claimed("withdraw");
    const told: (readonly string[])[] = [];
    const kids = () => place.desk.sessions.flatMap((session) => place.desk.keys.dataKeysOf(session)).map(({ kid }) => kid);
    const [first = ""] = kids();
    act(place, { act: "order", tid: "T001", what: "data-key" });
    told.push(kids());
    // What is sealed for it is sealed under the key that it has.
    expect(told[0]?.[0]).toBe(first);
    expect(act(place, { act: "withdraw-data-keys", tid: "T001" })).toMatchObject({ ok: false });
    expect(await round(place, machine)).toEqual(ANEW);
    expect(kids()[0]).not.toBe(first);
    expect(act(place, { act: "withdraw-data-keys", tid: "T001" })).toEqual({ ok: true });
    expect(kids()).toHaveLength(1);
    expect(await round(place, machine)).toEqual(KEPT);
    // A further one is a further name.
    act(place, { act: "order", tid: "T001", what: "data-key" });
    expect(new Set([first, ...kids()]).size).toBe(3);
    expect(act(place, { act: "withdraw-data-keys", tid: "T009" })).toMatchObject({ ok: false });
  });

  test("withdrawn by force under a terminal that still uses one are followed in the next round", async () => {
    const { place, machine } = await claimed("force");
    act(place, { act: "order", tid: "T001", what: "data-key" });
    expect(act(place, { act: "withdraw-data-keys", tid: "T001", force: true })).toEqual({ ok: true });
    expect(await round(place, machine)).toEqual(ANEW);
    expect(line(machine, "data-key")).toBe(place.desk.sessions[0]?.dataKeys[0]?.hex);
  });

  test("and points that are published are not taken into a production terminal, which would never start again", async () => {
    const { place, machine } = await claimed("published");
    const before = line(machine, "data-key");
    const guard = { isTestKey: () => true, isTestCheck: () => false, isTestModule: () => false, isTestAuthority: () => false };
    act(place, { act: "order", tid: "T001", what: "data-key" });
    expect(await round(place, machine, { used: [], laterMs: 0, guard })).toEqual(KEPT);
    expect(line(machine, "data-key")).toBe(before);
    act(place, { act: "rotate-host-key" });
    expect(await round(place, machine, { used: [], laterMs: 0, guard })).toEqual(KEPT);
    expect(await round(place, machine)).toEqual(ANEW);
  });
});

describe("key-loading orders", () => {
  const orders = [{ place: "psam", name: "module", module: "330100000043" }];

  test("reach a terminal that is there already, which starts anew with them; the same again changes nothing", async () => {
    const { place, machine } = await claimed("orders");
    const loads = async () => (await readIdentity(machine.ports().identity))?.keyLoads;
    expect(await loads()).toEqual([]);
    expect(act(place, { act: "order", tid: "T001", what: "key-loads", keyLoads: orders })).toEqual({ ok: true });
    expect(await round(place, machine)).toEqual(ANEW);
    expect(await loads()).toEqual([{ ...orders[0], check: undefined }]);
    expect(await round(place, machine)).toEqual(KEPT);
    act(place, { act: "order", tid: "T001", what: "key-loads", keyLoads: [] });
    expect(await round(place, machine)).toEqual(ANEW);
    expect(await loads()).toEqual([]);
  });

  test("that nobody can read change nothing", async () => {
    const { place, machine } = await claimed("malformed");
    for (const keyLoads of [[{ place: "pocket", name: "x" }], [{ ...orders[0], level: 4 }], [{ ...orders[0], module: "33" }]]) {
      expect(act(place, { act: "order", tid: "T001", what: "key-loads", keyLoads })).toEqual({ ok: true });
      expect(await round(place, machine)).toEqual(KEPT);
    }
    expect(act(place, { act: "order", tid: "T001", what: "key-loads" })).toMatchObject({ ok: false });
    expect(act(place, { act: "order", tid: "T001", what: "lunch" })).toMatchObject({ ok: false });
  });
});

describe("a certificate that shall follow", () => {
  test.each(["silent", "throws"] as const)("and never carries a line (%s) is given up for another, while the one in use stays", async (nextRefused) => {
    const { place, machine } = await claimed(`given-up-${nextRefused}`);
    const before = fingerprint(machine);
    act(place, { act: "order", tid: "T001", what: "certificate" });
    act(place, { act: "order", tid: "T001", what: "data-key" });
    const life: CareLife = { used: [], laterMs: 0, nextRefused };
    // Other orders have their turn all the same.
    expect(await round(place, machine, life)).toEqual({ certificate: "unfinished", keysChanged: true });
    const tried = fingerprint(machine, `identity.${CARE_FILES.nextLink}`);
    expect(tried).toBe(place.desk.sessions[0]?.following?.fingerprint);
    for (let more = 0; more < 6; more += 1) await round(place, machine, life);
    expect(fingerprint(machine)).toBe(before);
    expect(fingerprint(machine, `identity.${CARE_FILES.nextLink}`)).not.toBe(tried);
    // The host was told what is in use, and how often the other one was tried; nobody will ever use that one.
    expect(act(place, { act: "list" })).toMatchObject({ claims: [{ told: { certificate: before, next: tried, nextTries: 6 } }] });
    expect(place.desk.sessions[0]?.following?.fingerprint).not.toBe(tried);
    expect(await round(place, machine)).toMatchObject({ certificate: "renewed" });
    expect(fingerprint(machine)).not.toBe(before);
    expect([...machine.disk.files.keys()].filter((name) => name.includes("next"))).toEqual([]);
    expect(act(place, { act: "list" })).toMatchObject({ claims: [{ certificate: fingerprint(machine) }] });
  });

  test("is not given up while no line is there at all", async () => {
    const { place, machine } = await claimed("offline");
    act(place, { act: "order", tid: "T001", what: "certificate" });
    await round(place, machine, { used: [], laterMs: 0, nextRefused: "silent" });
    const next = fingerprint(machine, `identity.${CARE_FILES.nextLink}`);
    act(place, { act: "fault", vanished: true });
    for (let turn = 0; turn < 8; turn += 1) await round(place, machine);
    expect(fingerprint(machine, `identity.${CARE_FILES.nextLink}`)).toBe(next);
    act(place, { act: "clear-faults" });
    expect(await round(place, machine)).toMatchObject({ certificate: "renewed" });
  });

  test("that ran out unused is asked for anew", async () => {
    const { place, machine } = await claimed("run-out");
    act(place, { act: "order", tid: "T001", what: "certificate" });
    await round(place, machine, { used: [], laterMs: 0, nextRefused: "silent" });
    const next = fingerprint(machine, `identity.${CARE_FILES.nextLink}`);
    const renewedAt = await round(place, machine, { used: [], laterMs: 91 * DAY_MS });
    expect(renewedAt).toMatchObject({ certificate: "renewed" });
    expect(fingerprint(machine)).not.toBe(next);
  });

  test("is given up once, whatever is cut off while that is done", async () => {
    for (const when of ["before", "during", "after"] as const) {
      for (let at = 1; ; at += 1) {
        const { place, machine } = await claimed(`give-up-cut-${when}-${at}`);
        const before = fingerprint(machine);
        act(place, { act: "order", tid: "T001", what: "certificate" });
        const life: CareLife = { used: [], laterMs: 0, nextRefused: "silent" };
        for (let turn = 0; turn < 6; turn += 1) await round(place, machine, life);
        machine.cutOnce(at, when);
        const first = await round(place, machine, life);
        machine.cutAt = undefined;
        expect(fingerprint(machine)).toBe(before);
        for (let turn = 0; turn < 3 && fingerprint(machine) === before; turn += 1) await round(place, machine);
        expect(place.desk.sessions[0]?.certificate.fingerprint).toBe(fingerprint(machine));
        expect(fingerprint(machine)).not.toBe(before);
        if (first !== "cut") break;
      }
    }
  }, 120_000);
});

test.each([
  ["the authority of the certificates", undefined],
  ["the data key", "isTestKey"],
] as const)("a claim for production takes nothing that is published: %s", async (_name, known) => {
  const profile: ProfileMaker = ({ tid, kid }) => {
    return { terminalId: tid, profile: "production", readers: {}, link: { url: "mqtt://127.0.0.1:1883" }, sync: { kid } };
  };
  const place = new ClaimPlace("production", { profile });
  const machine = new ClaimMachine(place, "one");
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  if (known !== undefined) machine.guard = { ...machine.guard, [known]: () => true };
  expect(await machine.life({ once: true })).toMatchObject({ kind: "unfinished", reason: expect.stringContaining("published for tests") });
  expect(machine.has("config.terminal.keys")).toBe(false);
  // Where nothing of it is known, the same claim is carried out.
  machine.guard = { isTestKey: () => false, isTestCheck: () => false, isTestModule: () => false, isTestAuthority: () => false };
  expect(await machine.life({ once: true })).toMatchObject({ kind: "claimed" });
});
