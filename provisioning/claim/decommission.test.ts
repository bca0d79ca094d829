import { expect, test } from "vitest";
import { SILENT } from "../../device/base/log.ts";
import type { Storage } from "../../device/base/ports.ts";
import { type DecommissionOptions, type DecommissionOutcome, type DecommissionPorts, decommission, type JournalRest } from "./decommission.ts";
import { checkStart } from "./identity.ts";
import { ClaimMachine, ClaimPlace, SERIAL, suite } from "./testing.ts";

const EMPTY_REST: JournalRest = { journalId: "j", lastSeq: 0, receiptedThrough: 0, openSubjects: 0, owedUploads: 0 };

async function claimed(seed: string) {
  const place = new ClaimPlace(seed);
  const machine = new ClaimMachine(place, "one");
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  await machine.life();
  return { place, machine };
}

function portsOf(place: ClaimPlace, machine: ClaimMachine, rest: JournalRest | undefined): DecommissionPorts {
  const { identity, config } = machine.ports();
  const folders: Readonly<Record<"identity" | "config", Storage>> = { identity, config };
  const { clock, randomness, broker } = place;
  return {
    ...{ clock, randomness, suite, log: SILENT, identity, config },
    journal: () => Promise.resolve(rest),
    shred: (folder, name) => folders[folder].remove(name),
    connect: (tid) => broker.link(`${tid}-end`),
  };
}

async function end(
  place: ClaimPlace,
  machine: ClaimMachine,
  how: Partial<DecommissionOptions> & { readonly rest?: JournalRest } = {},
): Promise<DecommissionOutcome | "cut"> {
  const over = new AbortController();
  const cut = new Promise<"cut">((resolve) => {
    machine.disk.onCut(() => {
      over.abort();
      resolve("cut");
    });
  });
  const { rest = EMPTY_REST, ...options } = how;
  const work = decommission(portsOf(place, machine, rest), { withoutHost: false, exportedThrough: undefined, signal: over.signal, ...options });
  work.catch(() => undefined);
  return place.clock.resolve(Promise.race([cut, work]));
}

const OVER = { kind: "over", tid: "T001", hostTold: true };

test("a terminal whose records are all uploaded ends: host told, no key left, no start any more", async () => {
  const { place, machine } = await claimed("end");
  expect(await end(place, machine, { rest: { ...EMPTY_REST, lastSeq: 40, receiptedThrough: 40 } })).toEqual(OVER);
  expect([...machine.disk.files.keys()].sort()).toEqual(["config.profile", "identity.decommission.json"]);
  expect(place.known.has("T001")).toBe(false);
  expect(place.desk.sessions[0]?.at).toBe("retired");
  await expect(checkStart(machine.ports().identity, { suite, facts: () => Promise.resolve(machine.facts) })).rejects.toMatchObject({ code: "decommissioned" });
  expect(await end(place, machine)).toEqual(OVER);
});

test.each([
  ["records that were not uploaded", { lastSeq: 9, receiptedThrough: 8, openSubjects: 0 }],
  ["a sale that has not ended", { lastSeq: 9, receiptedThrough: 9, openSubjects: 1 }],
  ["a sale that the bank was not told of", { lastSeq: 9, receiptedThrough: 9, owedUploads: 1 }],
])("%s keep it from ending, until somebody holds an export of all of them", async (_name, rest) => {
  const { place, machine } = await claimed("records");
  const before = [...machine.disk.files.keys()];
  expect(await end(place, machine, { rest: { ...EMPTY_REST, ...rest } })).toMatchObject({ kind: "refused", reason: "records-here-alone" });
  expect(await end(place, machine, { rest: { ...EMPTY_REST, ...rest }, exportedThrough: 8 })).toMatchObject({ kind: "refused" });
  expect([...machine.disk.files.keys()]).toEqual(before);
  expect(await end(place, machine, { rest: { ...EMPTY_REST, ...rest }, exportedThrough: 9 })).toEqual(OVER);
});

test("a host that is away holds the end up, with everything in its place, unless a person goes on without it", async () => {
  const { place, machine } = await claimed("away");
  place.desk.faults.vanished = true;
  expect(await end(place, machine)).toEqual({ kind: "host-silent", tid: "T001" });
  expect(machine.has("config.terminal.keys")).toBe(true);
  await expect(checkStart(machine.ports().identity, { suite, facts: () => Promise.resolve(machine.facts) })).rejects.toMatchObject({ code: "decommissioned" });
  // Begun is begun: no claim gets in between.
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL, { again: true })));
  await expect(machine.life({ moved: true })).rejects.toMatchObject({ code: "decommissioned" });
  expect(await end(place, machine, { withoutHost: true })).toEqual({ kind: "over", tid: "T001", hostTold: false });
  expect(machine.has("config.terminal.keys")).toBe(false);
});

test("cut off at every change it goes on to the same end", async () => {
  for (const when of ["before", "during", "after"] as const) {
    for (let at = 1; ; at += 1) {
      const { place, machine } = await claimed(`cut-${when}-${at}`);
      machine.cutOnce(at, when);
      const first = await end(place, machine);
      machine.cutAt = undefined;
      if (first !== "cut") {
        expect(first).toEqual(OVER);
        expect(at).toBeGreaterThan(when === "after" ? 1 : 5);
        break;
      }
      expect(await end(place, machine)).toEqual(OVER);
      expect([...machine.disk.files.keys()].sort()).toEqual(["config.profile", "identity.decommission.json"]);
    }
  }
}, 60_000);

const GRACE_MS = 600_000;
const pass = (place: ClaimPlace, ms: number) => place.clock.resolve(place.clock.sleep(ms));

test("its certificate is trusted as long as an answer may have been lost, and then by nobody any more", async () => {
  const { place, machine } = await claimed("trust");
  await end(place, machine);
  await pass(place, GRACE_MS - 1_000);
  expect(place.revoked).toEqual([]);
  await pass(place, 2_000);
  expect(place.revoked).toEqual(["T001"]);
});

test("claimed anew meanwhile, nobody is put out for the certificate of before", async () => {
  const { place, machine } = await claimed("again");
  await end(place, machine);
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  expect(await machine.life()).toMatchObject({ kind: "claimed" });
  // By the claim itself.
  expect(place.revoked).toEqual(["T001"]);
  await pass(place, GRACE_MS);
  expect(place.revoked).toEqual(["T001"]);
});

test("a decommissioned machine may be claimed anew, by a ticket", async () => {
  const { place, machine } = await claimed("anew");
  await end(place, machine);
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  expect(await machine.life()).toEqual({ kind: "claimed", tid: "T001", confirmed: true });
  expect(await checkStart(machine.ports().identity, { suite, facts: () => Promise.resolve(machine.facts) })).toMatchObject({ tid: "T001" });
});
