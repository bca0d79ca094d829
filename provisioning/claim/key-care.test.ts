import { expect, test } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { CARE_FILES } from "./key-care.ts";
import { claimed, fingerprint, type CareLife as Life, line, round, suite } from "./testing.ts";

const DAY_MS = 86_400_000;

test("nothing is changed before it is due; with a third of its life left the certificate is followed by another", async () => {
  const { place, machine } = await claimed("due");
  const before = fingerprint(machine);
  expect(await round(place, machine)).toEqual({ certificate: "kept", keysChanged: false });
  expect(await round(place, machine, { used: [], laterMs: 59 * DAY_MS })).toEqual({ certificate: "kept", keysChanged: false });
  const life: Life = { used: [], laterMs: 61 * DAY_MS };
  expect(await round(place, machine, life)).toEqual({ certificate: "renewed", keysChanged: false });
  const after = fingerprint(machine);
  expect(after).not.toBe(before);
  // Asked and requested with the old one, confirmed with the new one, and only then the old one was given up.
  expect(life.used).toEqual([before, before, after, after]);
  expect(place.desk.sessions[0]?.certificate.fingerprint).toBe(after);
  expect([...machine.disk.files.keys()].filter((name) => name.includes("next"))).toEqual([]);
});

test("at the host's order too; killed at every change and every message it never lacks a certificate that the host trusts", async () => {
  let cuts = 0;
  for (const when of ["before", "during", "after"] as const) {
    for (let at = 1; ; at += 1) {
      const { place, machine } = await claimed(`renew-${when}-${at}`);
      const before = fingerprint(machine);
      place.desk.order("T001", "certificate");
      machine.cutOnce(at, when);
      const first = await round(place, machine);
      machine.cutAt = undefined;
      const trusted = [place.desk.sessions[0]?.certificate.fingerprint, place.desk.sessions[0]?.following?.fingerprint];
      expect(trusted).toContain(fingerprint(machine));
      if (first !== "cut") {
        expect(first).toMatchObject({ certificate: "renewed" });
        break;
      }
      cuts += 1;
      for (let more = 0; more < 3 && machine.has(`identity.${CARE_FILES.next}`); more += 1) await round(place, machine);
      if (fingerprint(machine) === before) expect(await round(place, machine)).toMatchObject({ certificate: "renewed" });
      expect(place.desk.sessions[0]).toMatchObject({ certificate: { fingerprint: fingerprint(machine) } });
      expect(fingerprint(machine)).not.toBe(before);
    }
  }
  expect(cuts).toBeGreaterThan(30);
}, 60_000);

test("a host that goes silent, or gives a certificate for another key, leaves the old one in use", async () => {
  const { place, machine } = await claimed("silent");
  const before = fingerprint(machine);
  place.desk.order("T001", "certificate");
  place.desk.faults.wrongSignatureNextAnswers = 1;
  expect(await round(place, machine)).toMatchObject({ certificate: "kept" });
  place.desk.faults.loseNextAnswers = 0;
  let asked = 0;
  machine.cutAt = () => {
    asked += 1;
    if (asked === 8) place.desk.faults.vanished = true;
    return undefined;
  };
  expect(await round(place, machine)).toMatchObject({ certificate: "unfinished" });
  expect(fingerprint(machine)).toBe(before);
  machine.cutAt = undefined;
  place.desk.faults.vanished = false;
  expect(await round(place, machine)).toMatchObject({ certificate: "renewed" });
});

test("a new data key and its name arrive together, whatever is cut off", async () => {
  for (const when of ["before", "during", "after"] as const) {
    for (let at = 1; ; at += 1) {
      const { place, machine } = await claimed(`data-${when}-${at}`);
      place.desk.order("T001", "data-key");
      const wanted = place.desk.sessions[0]?.dataKeys.at(-1);
      machine.cutOnce(at, when);
      const first = await round(place, machine);
      machine.cutAt = undefined;
      if (first === "cut") await round(place, machine);
      else expect(first).toEqual({ certificate: "kept", keysChanged: true });
      expect(line(machine, "data-key")).toBe(wanted?.hex);
      expect(new TextDecoder().decode(machine.disk.files.get("config.kid"))).toBe(wanted?.kid);
      expect(machine.has(`identity.${CARE_FILES.keys}`)).toBe(false);
      expect(await round(place, machine)).toEqual({ certificate: "kept", keysChanged: false });
      if (first !== "cut") break;
    }
  }
}, 60_000);

test("the host's next point is trusted when the point before has signed it, and not otherwise", async () => {
  const next = suite.sm2PrivateKey(fromHex("6".repeat(64)));
  const publicKey = toHex(next.publicKey.point);
  const { place, machine } = await claimed("host-key");
  const before = line(machine, "host-public-key");
  place.desk.announceHostKey({ publicKey, sign: (message) => suite.sm2Sign(next, message) });
  expect(await round(place, machine)).toEqual({ certificate: "kept", keysChanged: false });
  expect(line(machine, "host-public-key")).toBe(before);
  place.desk.announceHostKey({ publicKey, sign: (message) => suite.sm2Sign(place.hostKey, message) });
  expect(await round(place, machine)).toEqual({ certificate: "kept", keysChanged: true });
  expect(line(machine, "host-public-key")).toBe(publicKey);
  expect(await round(place, machine)).toEqual({ certificate: "kept", keysChanged: false });
});
