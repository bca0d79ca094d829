import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { checkStart, readIdentity } from "./identity.ts";
import { keyLine } from "./key-file.ts";
import { CLAIM_RULES } from "./machine.ts";
import { ClaimMachine, ClaimPlace, SERIAL, suite } from "./testing.ts";
import type { ClaimRules } from "./types.ts";

const CLAIMED = { kind: "claimed", tid: "T001", confirmed: true };

function start(seed: string) {
  const place = new ClaimPlace(seed);
  const machine = new ClaimMachine(place, "one");
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  return { place, machine };
}

/** The signing key in the terminal's own file is the one that the host has registered. */
function signingPoint(machine: ClaimMachine): string {
  const scalar = keyLine(machine.disk.files.get("config.terminal.keys") ?? new Uint8Array(), "signing-scalar") ?? "";
  return toHex(suite.sm2PrivateKey(fromHex(scalar)).publicKey.point);
}

function checkedStart(machine: ClaimMachine) {
  return checkStart(machine.ports().identity, { suite, facts: () => Promise.resolve(machine.facts) });
}

describe("a claim without trouble", () => {
  test("a blank machine becomes the terminal that was enrolled, and nothing that could claim again is left", async () => {
    const { place, machine } = start("plain");
    expect(await machine.life()).toEqual(CLAIMED);
    expect(place.desk.sessions).toMatchObject([{ serial: SERIAL, tid: "T001", at: "closed", hardware: { arch: "arm64" } }]);
    expect(place.known.get("T001")).toBe(signingPoint(machine));
    expect(machine.has("etc.claim")).toBe(false);
    expect(machine.has("identity.claim-keys")).toBe(false);
    expect(machine.profile).toMatchObject({ terminalId: "T001", sync: { kid: expect.stringMatching(/^d-[0-9a-f]{8}-1$/) as string } });
    expect(await readIdentity(machine.ports().identity)).toMatchObject({ tid: "T001", merchant: "M-1", site: "S-1", serial: SERIAL });
    expect(await checkedStart(machine)).toMatchObject({ tid: "T001" });
    expect(await machine.life()).toEqual(CLAIMED);
  });

  test("certificate and key stand in one file, and belong together", async () => {
    const { machine } = start("link");
    await machine.life();
    const link = new TextDecoder().decode(machine.disk.files.get("identity.link.pem"));
    expect(link).toMatch(/^-----BEGIN PRIVATE KEY-----[\s\S]*-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n$/);
  });

  test("numbers of the machine are not told, and neither is the ticket", async () => {
    const { place, machine } = start("secrets");
    const sent: string[] = [];
    place.broker.setFaults({ ...place.broker.faults, onDelivery: () => [0] });
    place.broker.link("listener").subscribe("#", ({ payload }) => sent.push(new TextDecoder().decode(payload)));
    await place.clock.runUntil(place.clock.monotonicMs() + 5_000);
    await machine.life();
    expect(sent.length).toBeGreaterThanOrEqual(8);
    const ticket = /"ticket":"([0-9a-f]{32})"/.exec(JSON.stringify([...machine.disk.files].map(([, bytes]) => new TextDecoder().decode(bytes))))?.[1];
    expect(ticket).toBeUndefined();
    for (const text of sent) {
      expect(text).not.toContain("disk-one");
      expect(text).not.toMatch(/"ticket"/);
    }
  });
});

describe("power cuts", () => {
  test("killed at every change of the disk and at every message, it ends as one terminal with the keys it made first", async () => {
    let cuts = 0;
    for (const when of ["before", "during", "after"] as const) {
      for (let at = 1; ; at += 1) {
        const { place, machine } = start(`cut-${when}-${at}`);
        machine.cutOnce(at, when);
        const first = await machine.life();
        if (first !== "cut") {
          expect(first).toEqual(CLAIMED);
          break;
        }
        cuts += 1;
        machine.cutAt = undefined;
        // Whatever of the claim's credentials was erased was erased after the new certificate had been used.
        if (!machine.has("etc.claim")) expect(["proved", "closed"]).toContain(place.desk.sessions[0]?.at);
        expect(await machine.life()).toEqual(CLAIMED);
        expect(place.desk.sessions).toHaveLength(1);
        expect(place.desk.sessions[0]).toMatchObject({ at: "closed", signingKey: signingPoint(machine) });
        expect(place.desk.reports).toEqual([]);
        expect(await checkedStart(machine)).toMatchObject({ tid: "T001" });
      }
    }
    expect(cuts).toBeGreaterThan(60);
  }, 60_000);

  test("cut again and again, in every life a little later, it still comes to its end", async () => {
    const { place, machine } = start("many-lives");
    let outcome: Awaited<ReturnType<ClaimMachine["life"]>> = "cut";
    let lives = 0;
    while (outcome === "cut" && lives < 200) {
      lives += 1;
      let left = 4 + (lives % 5);
      machine.cutAt = () => {
        left -= 1;
        return left === 0 ? "during" : undefined;
      };
      outcome = await machine.life();
    }
    expect(outcome).toEqual(CLAIMED);
    expect(lives).toBeGreaterThan(3);
    expect(place.desk.sessions).toHaveLength(1);
  }, 60_000);

  test("the test finds a claim that erases its credentials before the new certificate was used", async () => {
    const early: ClaimRules = {
      ...CLAIM_RULES,
      installing: { ...CLAIM_RULES.installing, installed: ({ tid }) => ({ state: { at: "erasing", tid }, next: { do: "erase" } }) },
    };
    const { place, machine } = start("planted");
    let erasedTooEarly = false;
    machine.cutAt = () => {
      if (!machine.has("etc.claim") && place.desk.sessions[0]?.at === "active") erasedTooEarly = true;
      return undefined;
    };
    await machine.life({ rules: early });
    expect(erasedTooEarly).toBe(true);
  });
});

describe("hosts that go wrong", () => {
  test.each([
    ["lost questions", { loseNextQuestions: 3 }],
    ["lost answers", { loseNextAnswers: 4 }],
    ["answers that come twice", { duplicateNextAnswers: 6 }],
    ["answers by somebody else", { wrongSignatureNextAnswers: 5 }],
    ["answers to other questions", { otherQuestionNextAnswers: 3 }],
    ["a certificate for another key", { foreignKeyNextCertificates: 2 }],
    ["a profile that cannot be used", { spoilNextProfiles: 2 }],
    ["a slow host", { slowMs: 9_000 }],
  ])("%s only cost time", async (_name, faults) => {
    const { place, machine } = start(`fault-${_name}`);
    Object.assign(place.desk.faults, faults);
    expect(await machine.life()).toEqual(CLAIMED);
    expect(place.desk.sessions).toHaveLength(1);
  });

  test("an authority that is not the claim's own is never obeyed", async () => {
    const { place, machine } = start("foreign");
    const foreign = toHex(suite.sm2PrivateKey(fromHex("5".repeat(64))).publicKey.point);
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL), { authority: foreign }));
    expect(await machine.life({ once: true })).toEqual({ kind: "unfinished", at: "requesting", reason: "no-answer" });
  });

  test("who has to be agreed to waits, for ever if need be, and comes in at once when somebody agrees", async () => {
    const { place, machine } = start("approval");
    place.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1", approved: false });
    expect(await machine.life({ once: true })).toEqual({ kind: "unfinished", at: "requesting", reason: "waiting-for-approval" });
    place.desk.faults.pendingForEver = true;
    place.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1", approved: true });
    expect(await machine.life({ once: true })).toMatchObject({ reason: "waiting-for-approval" });
    place.desk.faults.pendingForEver = false;
    expect(await machine.life({ once: true })).toEqual(CLAIMED);
  });

  test("without the host's last word the terminal is claimed all the same, and gets the word later", async () => {
    const { place, machine } = start("last-word");
    machine.cutAt = () => {
      if (!machine.has("etc.claim")) place.desk.faults.vanished = true;
      return undefined;
    };
    expect(await machine.life()).toEqual({ kind: "claimed", tid: "T001", confirmed: false });
    expect(await checkedStart(machine)).toMatchObject({ tid: "T001" });
    machine.cutAt = undefined;
    place.desk.faults.vanished = false;
    expect(await machine.life()).toEqual(CLAIMED);
  });
});

describe("who is refused", () => {
  test.each([
    ["a machine that is not on the list", { serial: "YKT-9999" }, "ticket-of-another"],
    ["a ticket that nobody issued", { ticket: "ab".repeat(16) }, "ticket-unknown"],
  ])("%s", async (_name, change, reason) => {
    const { place, machine } = start("refused");
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL), change));
    expect(await machine.life({ once: true })).toEqual({ kind: "unfinished", at: "requesting", reason });
  });

  test("a machine that was switched off in the list, and a ticket that is over", async () => {
    const { place, machine } = start("disabled");
    place.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1", status: "disabled" });
    expect(await machine.life({ once: true })).toMatchObject({ reason: "serial-disabled" });
    place.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1", status: "enabled" });
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL, { validMs: -1 })));
    expect(await machine.life({ once: true })).toMatchObject({ reason: "ticket-expired" });
  });

  test("a second device with the same serial is refused and named, whatever ticket it has", async () => {
    const { place, machine } = start("second");
    const used = place.claimFile(place.desk.issueTicket(SERIAL));
    machine.give(used);
    await machine.life();
    const other = new ClaimMachine(place, "two");
    other.give(used);
    expect(await other.life({ once: true })).toMatchObject({ reason: "ticket-used" });
    other.give(place.claimFile(place.desk.issueTicket(SERIAL)));
    expect(await other.life({ once: true })).toMatchObject({ reason: "serial-taken" });
    expect(place.desk.reports).toMatchObject([
      { why: "ticket-used", of: SERIAL },
      { why: "second-device", of: SERIAL },
    ]);
    expect(place.desk.sessions).toHaveLength(1);
    expect(place.known.get("T001")).toBe(signingPoint(machine));
  });

  test("a disk that was copied in the middle of a claim makes no second terminal", async () => {
    for (let at = 4; at < 30; at += 5) {
      const { place, machine } = start(`copied-${at}`);
      let left = at;
      machine.cutAt = () => {
        left -= 1;
        return left === 0 ? "after" : undefined;
      };
      if ((await machine.life()) !== "cut") break;
      machine.cutAt = undefined;
      const copy = new ClaimMachine(place, "copy");
      copy.cloneFrom(machine);
      expect(await machine.life()).toEqual(CLAIMED);
      const second = await copy.life({ once: true }).catch((error: unknown) => error);
      if (copy.has("identity.identity.json")) await expect(checkedStart(copy)).rejects.toMatchObject({ code: "cloned-disk" });
      else expect(second).toMatchObject({ kind: "unfinished" });
      expect(place.desk.sessions).toHaveLength(1);
      expect(place.known.get("T001")).toBe(signingPoint(machine));
    }
  });
});

describe("a disk in another machine", () => {
  test("does not start, until a person moves it with a new ticket; the old certificate is revoked then", async () => {
    const { place, machine } = start("moved");
    await machine.life();
    const storageKey = keyLine(machine.disk.files.get("config.terminal.keys") ?? new Uint8Array(), "storage-key");
    machine.facts = { ...machine.facts, "disk-id": "another" };
    await expect(checkedStart(machine)).rejects.toMatchObject({ code: "cloned-disk" });
    // Without a ticket nothing begins, and with an ordinary one the serial is taken.
    await expect(machine.life({ moved: true })).rejects.toMatchObject({ code: "not-claimed" });
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL, { again: true })));
    expect(await machine.life({ moved: true })).toEqual(CLAIMED);
    expect(await checkedStart(machine)).toMatchObject({ tid: "T001" });
    expect(place.revoked).toEqual(["T001"]);
    expect(place.desk.sessions.map(({ at }) => at)).toEqual(["replaced", "closed"]);
    expect(place.known.get("T001")).toBe(signingPoint(machine));
    // What the old key protects in the journal can still be read.
    expect(keyLine(machine.disk.files.get("config.terminal.keys") ?? new Uint8Array(), "storage-key")).toBe(storageKey);
    expect(machine.resets).toBe(0);
  });

  test("a fact that the machine no longer says counts as another machine", async () => {
    const { machine } = start("gone");
    await machine.life();
    machine.facts = { "machine-id": "one" };
    await expect(checkedStart(machine)).rejects.toMatchObject({ code: "cloned-disk" });
  });

  test("where the list says so, the records of before are put aside", async () => {
    const { place, machine } = start("reset");
    await machine.life();
    place.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1", policy: "reset" });
    machine.give(place.claimFile(place.desk.issueTicket(SERIAL, { again: true })));
    expect(await machine.life({ moved: true })).toEqual(CLAIMED);
    expect(machine.resets).toBe(1);
  });
});
