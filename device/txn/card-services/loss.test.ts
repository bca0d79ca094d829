/* Loss: stopped here at once, told to the agency once, taken back by its refusal; temporary ones lapse by the rule of the place. */
import { describe, expect, it } from "vitest";
import { AGENCY_FAULTS, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import type { CardServiceRequest } from "./acts.ts";
import { SHOWN_DOCUMENTS } from "./acts.ts";
import { lossTimes } from "./loss-rules.ts";
import { wasShown } from "./operations.ts";
import { DEFAULT_SERVICE_PROFILE } from "./profile.ts";
import { cardNumbers, counter, NOON_MS, OPERATOR, person, type ServiceCounter } from "./testing.ts";

type Report = Extract<CardServiceRequest, { service: "report-loss" }>;
const report = (more: Partial<Report> = {}): Report => ({
  service: "report-loss",
  reference: "L1",
  loss: "temporary",
  operator: OPERATOR,
  cardNumber: cardNumbers().cardNumber,
  person: person(),
  ...more,
});
const withdrawal = { service: "withdraw-loss", reference: "W1", operator: OPERATOR, cardNumber: cardNumbers().cardNumber, person: person() } as const;
const IDENTIFY = { service: "identify", withPin: false, operator: OPERATOR } as const;
const statusAt = (bench: ServiceCounter) => bench.agency.ledger.card(cardNumbers().cardNumber)?.status;
const lossesBooked = (bench: ServiceCounter) => bench.agency.counters.get("loss-report ok") ?? 0;

describe("a report of loss", () => {
  it("stops the card here, is booked once by the agency, and is answered with the same words again", async () => {
    const bench = await counter();
    const first = await bench.perform(report());
    expect(first).toMatchObject({
      kind: "done",
      output: { loss: "temporary", rule: "168-hours", agency: "told", lapsesAt: expect.stringContaining("2026-01-12T12:00:00") },
    });
    expect(await bench.perform(IDENTIFY)).toMatchObject({ kind: "refused", reason: "on-invalid-list" });
    expect([statusAt(bench), await bench.perform(report()), lossesBooked(bench)]).toEqual(["temporary-loss", first, 1]);
  });

  it.each(SHOWN_DOCUMENTS)("keeps which document was shown, and says to the agency whether one was: %s", async (documentShown) => {
    const bench = await counter();
    expect(await bench.perform(report({ person: { ...person(), documentShown } }))).toMatchObject({ kind: "done", output: { agency: "told" } });
    const told = bench.bodies.filter((body) => body.includes('"loss-report"'));
    expect(told.map((body) => body.includes(`"identityShown":${documentShown !== "none"}`))).toEqual([true]);
    const entries = await bench.run(bench.journal.entries(1, 100));
    expect(entries.flatMap(({ detail }) => ("documentShown" in detail ? [detail["documentShown"]] : []))).toEqual([documentShown]);
  });

  it.each([
    [{ documentShown: false }, false],
    [{ documentShown: true }, true],
    [{}, true],
  ] as const)("reads records of before kinds were told: %j", (detail, shown) => expect(wasShown({ detail })).toBe(shown));

  it("says so too of one that waited for the agency", async () => {
    const bench = await counter();
    bench.agency.faults.absent = true;
    await bench.perform(report({ person: { ...person(), documentShown: "none" } }));
    bench.agency.faults.absent = false;
    expect(await bench.takeUp()).toBe(0);
    expect(bench.bodies.filter((body) => body.includes('"loss-report"')).at(-1)).toContain('"identityShown":false');
  });

  it("is no formal one, and none is withdrawn, by a call: nothing begins", async () => {
    const bench = await counter();
    const called = { ...person(), documentShown: "none" } as const;
    const refused = { kind: "refused", reason: "identity-not-shown", office: "agency" };
    expect(await bench.perform(report({ loss: "formal", person: called }))).toMatchObject(refused);
    expect(await bench.perform({ ...withdrawal, person: called })).toMatchObject(refused);
    expect(bench.bodies).toEqual([]);
    expect(await bench.perform(IDENTIFY)).toMatchObject({ kind: "done" });
  });

  it("keeps number and name out of logs and of the disk", async () => {
    const bench = await counter();
    await bench.perform(report());
    const { identityNumber, name } = person();
    for (const secret of [identityNumber, name, cardNumbers().cardNumber]) expect([...bench.logged, bench.onDisks()].join("\n")).not.toContain(secret);
  });

  it("while the agency is away counts here at once, and is told when it is back, with its hour", async () => {
    const bench = await counter();
    bench.agency.faults.absent = true;
    expect(await bench.perform(report())).toMatchObject({ kind: "done", output: { agency: "queued", listedHere: true } });
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
    expect(await bench.takeUp()).toBe(1);
    const entries = bench.journal.lastSeq;
    for (let round = 0; round < 3; round += 1) expect(await bench.takeUp()).toBe(1);
    // What is asked for in vain leaves nothing behind.
    expect(bench.journal.lastSeq).toBe(entries);
    await bench.pass(3_600_000);
    bench.agency.faults.absent = false;
    expect(await bench.takeUp()).toBe(0);
    const told = bench.bodies.filter((body) => body.includes('"loss-report"')).at(-1) ?? "";
    expect([statusAt(bench), told.includes("2026-01-05T12:00:00"), lossesBooked(bench)]).toEqual(["temporary-loss", true, 1]);
    expect(await bench.perform(report())).toMatchObject({ kind: "done", output: { agency: "told" } });
  });

  it.each(["request-lost", "reply-lost", "late", "pending", "half-reply", "wrong-id", "delivered-twice"] as const)(
    "with the fault %s is booked once in the end",
    async (name) => {
      const bench = await counter();
      planAgencyFault(bench.agency.faults, "loss-report", AGENCY_FAULTS[name]);
      expect((await bench.perform(report())).kind).toBe("done");
      for (let round = 0; round < 5 && (await bench.takeUp()) > 0; round += 1) await bench.pass(40_000);
      expect([statusAt(bench), lossesBooked(bench), await bench.takeUp()]).toEqual(["temporary-loss", 1, 0]);
    },
  );

  it("outlives a power cut while the agency is asked", async () => {
    const bench = await counter();
    planAgencyFault(bench.agency.faults, "loss-report", AGENCY_FAULTS["reply-lost"]);
    void bench.services.perform(report(), { timeoutMs: 10_000, signal: new AbortController().signal }).catch(() => undefined);
    await bench.pass(1_000);
    bench.cutPower();
    await bench.switchOn();
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
    expect([await bench.takeUp(), lossesBooked(bench), statusAt(bench)]).toEqual([0, 1, "temporary-loss"]);
  });

  it.each(Array.from({ length: 4 }, (_, at) => at + 1).flatMap((nth) => (["before", "during", "after"] as const).map((when) => [nth, when] as const)))(
    "with the power cut at commit %i, %s it, is booked once when the counter asks again",
    async (nth, when) => {
      const bench = await counter();
      let commits = 0;
      bench.disk.onCommit(() => {
        commits += 1;
        return commits === nth ? { kind: "cut", when } : { kind: "go" };
      });
      void bench.services.perform(report(), { timeoutMs: 10_000, signal: new AbortController().signal }).catch(() => undefined);
      await bench.pass(60_000);
      bench.cutPower();
      await bench.switchOn();
      await bench.takeUp();
      expect((await bench.perform(report())).kind).toBe("done");
      expect([await bench.takeUp(), lossesBooked(bench), statusAt(bench)]).toEqual([0, 1, "temporary-loss"]);
      expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
    },
  );

  it("that the agency refuses takes the card off the local list", async () => {
    const bench = await counter();
    const outcome = await bench.perform(report({ person: { ...person(), name: "别人" } }));
    expect(outcome).toMatchObject({ kind: "refused", reason: "person-differs" });
    expect((await bench.perform(IDENTIFY)).kind).toBe("done");
  });

  it("a formal one needs no lapse; the temporary one before becomes permanent", async () => {
    const bench = await counter();
    await bench.perform(report());
    expect(await bench.perform(report({ reference: "L2", loss: "formal" }))).toMatchObject({ kind: "done", output: { rule: "none", agency: "told" } });
    await bench.pass(8 * 86_400_000);
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
  });

  it("a temporary one lapses after its seven days, here and at the agency", async () => {
    const bench = await counter();
    await bench.perform(report());
    await bench.pass(7 * 86_400_000 - 60_000);
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
    await bench.pass(120_000);
    expect((await bench.perform(IDENTIFY)).kind).toBe("done");
  });

  it.each([
    [{ cardNumber: "T0000000?" }, "card-number-malformed"],
    [{ person: { ...person(), name: "" } }, "person-not-verifiable"],
    [{ person: { ...person(), identityNumber: "1" } }, "person-not-verifiable"],
  ] as const)("%o verifies nobody", async (more, reason) => {
    const bench = await counter();
    expect(await bench.perform(report(more))).toMatchObject({ kind: "refused", reason });
    expect(bench.bodies).toEqual([]);
  });

  it.each([
    [{ lossCalls: "off" }, "temporary", "reported-by-telephone", "telephone-12333"],
    [{ lossCalls: "temporary" }, "formal", "formal-loss-in-person", "agency"],
  ] as const)("with %o a %s one is sent elsewhere", async (profile, loss, reason, office) => {
    const bench = await counter({ profile });
    expect(await bench.perform(report({ loss }))).toMatchObject({ kind: "refused", reason, office });
  });

  it("one reference is one report", async () => {
    const bench = await counter();
    await bench.perform(report());
    expect(await bench.perform(report({ loss: "formal" }))).toMatchObject({ kind: "refused", reason: "reference-used" });
    const [first, second] = await Promise.all([
      bench.perform(report({ reference: "L9", loss: "formal" })),
      bench.perform(report({ reference: "L9", loss: "formal" })),
    ]);
    expect([first.kind, second]).toMatchObject(["done", { reason: "reference-in-flight" }]);
  });
});

describe("a withdrawal", () => {
  it("ends the report here and there", async () => {
    const bench = await counter();
    await bench.perform(report());
    expect(await bench.perform(withdrawal)).toMatchObject({ kind: "done", output: { withdrawn: true } });
    expect([(await bench.perform(IDENTIFY)).kind, statusAt(bench)]).toEqual(["done", "active"]);
  });

  it("of a formal loss is the agency's, and the card stays stopped", async () => {
    const bench = await counter();
    await bench.perform(report({ loss: "formal" }));
    expect(await bench.perform(withdrawal)).toMatchObject({ kind: "refused", reason: "formal-loss-at-agency", office: "agency" });
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
  });

  it("is no promise while the agency is away", async () => {
    const bench = await counter();
    await bench.perform(report());
    bench.agency.faults.absent = true;
    expect((await bench.perform(withdrawal)).kind).toBe("unknown");
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "on-invalid-list" });
    bench.agency.faults.absent = false;
    expect(await bench.takeUp()).toBe(0);
  });
});

describe("when a report counts", () => {
  const DAY_MS = 86_400_000;
  const at = (text: string) => Date.parse(`${text}+08:00`);
  it.each([
    ["temporary", {}, { lapsesMs: NOON_MS + 7 * DAY_MS }],
    ["temporary", { tempLossLapse: "none" }, {}],
    ["formal", {}, {}],
    ["formal", { lossStopDelay: "within-24h" }, { countsFromMs: NOON_MS + DAY_MS }],
    // Monday: Tuesday and Wednesday are worked.
    ["temporary", { tempLossLapse: "2-working-days" }, { lapsesMs: at("2026-01-08T00:00:00") }],
    ["temporary", { tempLossLapse: "2-working-days", holidays: ["20260106"] }, { lapsesMs: at("2026-01-09T00:00:00") }],
  ] as const)("%s %o", (loss, profile, expected) => {
    expect(lossTimes(loss, NOON_MS, { ...DEFAULT_SERVICE_PROFILE, ...profile })).toEqual(expected);
  });

  it("two working days jump over a weekend", () => {
    const profile = { ...DEFAULT_SERVICE_PROFILE, tempLossLapse: "2-working-days" } as const;
    expect(lossTimes("temporary", at("2026-01-09T23:59:00"), profile)).toEqual({ lapsesMs: at("2026-01-14T00:00:00") });
    expect(lossTimes("temporary", at("2026-01-10T00:01:00"), profile)).toEqual({ lapsesMs: at("2026-01-14T00:00:00") });
  });
});
