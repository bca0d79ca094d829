/* The PIN at the counter: changed by its holder, given its tries back, set anew; activation by either way; and a block that a signed order wants. */
import { describe, expect, it } from "vitest";
import { AGENCY_FAULTS, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import { NATIONAL_KEYS } from "../../card/social/keys.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { type CounterOptions, cardNumbers, counter, NEW_PIN, OPERATOR, PIN, person, type ServiceCounter } from "./testing.ts";

const IDENTIFY = { service: "identify", withPin: true, operator: OPERATOR } as const;
const RESET = { service: "reset-pin", reference: "R1", operator: OPERATOR, person: person() } as const;
const UNLOCK = { service: "unlock-pin", reference: "U1", operator: OPERATOR, person: person() } as const;
const ACTIVATE = { service: "activate", reference: "A1", operator: OPERATOR, person: person() } as const;
const CHANGE = { service: "change-pin", reference: "C1", operator: OPERATOR } as const;
const BLOCK = { service: "block-application", reference: "B1", operator: OPERATOR } as const;
const RELOAD = [0x84, 0x24] as const;
const WRONG = { kind: "enters", digits: "111111" } as const;
const ORDER: CounterOptions = { hit: { level: "city", how: "exact", blockOrdered: true } };

const pinOf = (bench: ServiceCounter) => bench.card.toSnapshot().memory.social?.pin ?? PIN;
const triesOf = (bench: ServiceCounter) => bench.card.toSnapshot().memory.pinTriesLeft;
const reasonOf = (outcome: CardServiceOutcome) => ("reason" in outcome ? outcome.reason : outcome.kind);

/** A counter before which a card with a locked PIN lies. */
async function locked(options: CounterOptions = {}): Promise<ServiceCounter> {
  const bench = await counter({ holder: [WRONG], ...options });
  for (let count = 0; count < 3; count += 1) await bench.perform(IDENTIFY);
  expect(triesOf(bench)).toBe(0);
  bench.present();
  return bench;
}

describe("a change of the PIN by its holder", () => {
  it("is done, recorded, and known afterwards", async () => {
    const bench = await counter();
    expect(await bench.perform(CHANGE)).toMatchObject({ kind: "done", output: { changed: true } });
    expect([pinOf(bench), bench.services.pinEvidence(cardNumbers().cardIdentifier), bench.changer.asked]).toEqual([NEW_PIN, "changed", 1]);
    expect([(await bench.perform(CHANGE)).kind, bench.changer.asked]).toEqual(["done", 1]);
  });

  it("serves a card with its initial PIN, which may trade afterwards", async () => {
    const bench = await counter({
      holder: [{ kind: "enters", digits: NEW_PIN }],
      more: { initialPin: { policy: "refuse-initial", evidence: () => "initial" } },
    });
    expect(await bench.perform(IDENTIFY)).toMatchObject({ kind: "refused", reason: "initial-pin" });
    expect((await bench.perform(CHANGE)).kind).toBe("done");
    bench.present();
    expect((await bench.perform(IDENTIFY)).kind).toBe("done");
  });

  it.each([
    [
      { kind: "changes", old: "111111", next: NEW_PIN },
      { reason: "pin-wrong", triesLeft: 2 },
    ],
    [{ kind: "changes", old: PIN, next: NEW_PIN, again: "111111" }, { reason: "entries-differ" }],
    [{ kind: "cancels" }, { reason: "pin-cancelled" }],
    [{ kind: "walks-away" }, { reason: "pin-timed-out" }],
  ] as const)("%o", async (act, expected) => {
    const bench = await counter({ changes: [act] });
    expect(await bench.perform(CHANGE)).toMatchObject({ kind: "refused", ...expected });
    expect(pinOf(bench)).toBe(PIN);
  });

  it("torn is unknown, and stays so under its reference", async () => {
    const bench = await counter();
    bench.tearOnce([0x80, 0x5e], "after");
    expect(reasonOf(await bench.perform(CHANGE))).toBe("card-removed");
    bench.present();
    expect(await bench.perform(CHANGE)).toMatchObject({ kind: "unknown", reason: "change-not-decided" });
    expect([pinOf(bench), bench.changer.asked]).toEqual([NEW_PIN, 1]);
  });
});

describe("a reset", () => {
  it("sets the region's initial PIN through the agency's key machine; the holder changes it first", async () => {
    const bench = await locked();
    expect(await bench.perform(RESET)).toMatchObject({ kind: "done", output: { reset: true, newPin: "initial", changeFirst: true } });
    expect([pinOf(bench), triesOf(bench)]).toEqual(["123456", 3]);
    bench.present();
    expect(await bench.perform(IDENTIFY)).toMatchObject({ reason: "initial-pin" });
  });

  it("sets what the holder chose at the pad, which no message shows", async () => {
    const bench = await locked({ variants: { newPin: "pad-block" } });
    expect(await bench.perform(RESET)).toMatchObject({ kind: "done", output: { newPin: "chosen" } });
    expect(pinOf(bench)).toBe(NEW_PIN);
    expect([...bench.bodies, ...bench.logged].join("\n")).not.toContain(NEW_PIN);
  });

  it.each(["before", "after"] as const)("torn %s is finished with the same reference, and the agency authorises once", async (at) => {
    const bench = await locked();
    bench.tearOnce(RELOAD, at);
    expect(reasonOf(await bench.perform(RESET))).toBe("card-not-decided");
    bench.present();
    expect(await bench.perform(RESET)).toMatchObject({ kind: "done", output: { reset: true } });
    expect([pinOf(bench), bench.agency.counters.get("pin-authorization ok")]).toEqual(["123456", 1]);
  });

  it("an authorisation whose answer was lost is found again", async () => {
    const bench = await locked();
    planAgencyFault(bench.agency.faults, "pin-authorization", AGENCY_FAULTS["reply-lost"]);
    expect((await bench.perform(RESET)).kind).toBe("done");
    expect(bench.agency.counters.get("pin-authorization ok")).toBe(1);
  });

  const refusals: readonly (readonly [string, CounterOptions, Partial<CardServiceRequest>, string])[] = [
    ["an operator who may not", {}, { operator: "op2" }, "operator-not-authorised"],
    ["no document", {}, { person: undefined } as Partial<CardServiceRequest>, "identity-not-shown"],
    ["a document that nobody has seen", {}, { person: { ...person(), documentShown: "none" } } as Partial<CardServiceRequest>, "identity-not-shown"],
    ["somebody else's document", {}, { person: person(8) } as Partial<CardServiceRequest>, "person-not-holder"],
    ["a place that may not", { profile: { pinResetAtTerminal: "off" } }, {}, "not-an-authorised-post"],
    ["no agency", { agency: false }, {}, "not-an-authorised-post"],
  ];
  it.each(refusals)("%s: refused, with the office", async (_, options, more, reason) => {
    const bench = await counter(options);
    const { person: shown, ...rest } = { ...RESET, ...more };
    const request = { ...rest, ...(shown === undefined ? {} : { person: shown }) } as CardServiceRequest;
    expect(await bench.perform(request)).toMatchObject({ kind: "refused", reason, office: "agency" });
    expect(pinOf(bench)).toBe(PIN);
  });
});

describe("an unlock", () => {
  it("gives the tries back and leaves the PIN as it is", async () => {
    const bench = await locked();
    expect(await bench.perform(UNLOCK)).toMatchObject({ kind: "done", output: { unlocked: true } });
    expect([pinOf(bench), triesOf(bench)]).toEqual([PIN, 3]);
    expect(bench.bodies.filter((body) => body.includes('"key-use"')).length).toBe(1);
  });

  it("in one step where the module has the key asks the agency for leave alone", async () => {
    const bench = await locked({ more: { keyTable: { ...NATIONAL_KEYS, puk: { onCard: 0x06, inModule: { usage: 0x27, keyId: 0x77 } } } } });
    // The test module has no such key, so that the step ends there and nothing was asked of the agency's machine.
    expect(await bench.perform(UNLOCK)).toMatchObject({ kind: "refused", reason: "key-not-lent" });
    expect(bench.bodies.filter((body) => body.includes('"key-use"'))).toEqual([]);
    expect(bench.bodies.some((body) => body.includes('"variant":"module"'))).toBe(true);
  });

  it("torn is finished with the same reference", async () => {
    const bench = await locked();
    bench.tearOnce(RELOAD, "before");
    expect(reasonOf(await bench.perform(UNLOCK))).toBe("card-not-decided");
    bench.present();
    expect(await bench.perform(UNLOCK)).toMatchObject({ kind: "done", output: { unlocked: true } });
  });
});

describe("activation", () => {
  it("by an operator with the holder's document", async () => {
    const bench = await counter({ status: "inactive" });
    expect(await bench.perform(ACTIVATE)).toMatchObject({ kind: "done", output: { activated: true, by: "operator" } });
    bench.present();
    expect((await bench.perform({ ...IDENTIFY, withPin: false })).kind).toBe("done");
  });

  it("by changing the initial PIN, told to the agency", async () => {
    const bench = await counter({ status: "inactive", profile: { activationMode: "initial-pin" } });
    expect(await bench.perform({ ...ACTIVATE, operator: "op2" })).toMatchObject({ kind: "done", output: { activated: true, by: "initial-pin-changed" } });
    expect([pinOf(bench), bench.agency.counters.get("activate ok")]).toEqual([NEW_PIN, 1]);
  });

  it("by changing the initial PIN, told to the agency later", async () => {
    const bench = await counter({ status: "inactive", profile: { activationMode: "initial-pin" } });
    bench.agency.faults.absent = true;
    expect(await bench.perform(ACTIVATE)).toMatchObject({ kind: "done", output: { agency: "queued" } });
    bench.agency.faults.absent = false;
    expect([await bench.takeUp(), bench.agency.counters.get("activate ok")]).toEqual([0, 1]);
  });

  it.each([
    ["before", PIN],
    ["after", NEW_PIN],
  ] as const)("torn %s the change of the PIN is not told as activated", async (at, pin) => {
    const bench = await counter({ status: "inactive", profile: { activationMode: "initial-pin" } });
    bench.tearOnce([0x80, 0x5e], at);
    expect(await bench.perform(ACTIVATE)).toMatchObject({ kind: "unknown", reason: "card-not-decided" });
    expect([pinOf(bench), await bench.takeUp(), bench.agency.counters.get("activate ok")]).toEqual([pin, 1, undefined]);
  });

  it("without an agency the changed PIN is enough", async () => {
    const bench = await counter({ agency: false, profile: { activationMode: "initial-pin" } });
    expect(await bench.perform(ACTIVATE)).toMatchObject({ kind: "done", output: { activated: true } });
  });

  it.each([
    [{}, {}, "not-inactive"],
    [{ status: "inactive", profile: { activationMode: "agency-only" } }, {}, "activated-by-the-agency"],
    [{ status: "inactive" }, { operator: "op2" }, "operator-not-authorised"],
    [{ status: "inactive" }, { person: person(8) }, "person-not-holder"],
  ] as const)("%o %o is refused: %s", async (options, more, reason) => {
    const bench = await counter(options);
    expect(await bench.perform({ ...ACTIVATE, ...more })).toMatchObject({ kind: "refused", reason });
  });
});

describe("a block", () => {
  it("happens by a signed order alone", async () => {
    const bench = await counter({ hit: { level: "city", how: "exact", blockOrdered: false } });
    expect(await bench.perform(BLOCK)).toMatchObject({ kind: "refused", reason: "no-signed-order" });
  });

  it.each([undefined, "before", "after"] as const)("is done for good, once (torn: %s)", async (at) => {
    const bench = await counter(ORDER);
    bench.agency.ledger.orderBlock(cardNumbers().cardNumber, "city", 3);
    if (at !== undefined) {
      bench.tearOnce([0x84, 0x1e], at);
      expect(await bench.perform(BLOCK)).toMatchObject({ kind: "unknown", reason: "card-not-decided" });
      bench.present();
    }
    expect(await bench.perform(BLOCK)).toMatchObject({ kind: "done", output: { blocked: true } });
    bench.present();
    expect(await bench.perform({ ...IDENTIFY, withPin: false })).toMatchObject({ reason: "card-blocked" });
    expect(bench.agency.counters.get("block-authorization ok")).toBe(1);
  });

  it("that the agency knows nothing of is refused", async () => {
    const bench = await counter(ORDER);
    expect(await bench.perform(BLOCK)).toMatchObject({ kind: "refused", reason: "no-block-order" });
  });
});
