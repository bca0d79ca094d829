/* Blocking a listed card: only for a signed order, only where the place allows it, with a trace that is durable, and never in the way of the refusal. */
import { describe, expect, test } from "vitest";
import { Fault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import type { TransitPsam } from "../../drivers/ports.ts";
import type { Journal } from "../journal/types.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { Review, RiskGuard } from "../risk/guard.ts";
import type { CardBlocking, QuickPaymentPorts } from "./ports.ts";
import { runQuickPayment } from "./run.ts";
import { type GateScene, gateScene, listen, passage, tapGate, testGate } from "./testing/gates.ts";
import { type CommandFate, TEST_LIMITS } from "./testing.ts";

const ORDERED: Review = { kind: "refused", reason: "card-listed", block: true };
const REFUSED = { kind: "refused", reason: "card-listed" };
const BLOCK = "841e0000";

function guard(review: Review): RiskGuard {
  return { review: () => review, take: () => ({ kind: "taken", became: () => undefined }) };
}

/** A place that blocks what a signed order names. */
function blocking({ place }: GateScene, review: Review = ORDERED, duration: CardBlocking["duration"] = "temporary") {
  return (ports: QuickPaymentPorts): QuickPaymentPorts => ({ ...ports, guard: guard(review), blocksListedCards: { psam: place.transitPsam, duration } });
}

async function operations({ place }: GateScene): Promise<readonly string[]> {
  const entries = await place.clock.resolve(place.entries());
  return entries
    .filter(({ kind }) => kind === "operation")
    .map(({ state, detail }) => [state, detail["reason"], detail["statusWord"]].filter(Boolean).join(" "));
}

function blockOf({ card }: GateScene): string | undefined {
  return card.toSnapshot().memory.purse?.block;
}

/** A module whose key is not the card's. */
function wrongMacs(psam: TransitPsam): TransitPsam {
  return {
    terminalNumber: psam.terminalNumber,
    expectedSequence: () => psam.expectedSequence(),
    beginPurchase: (purchase, limits) => psam.beginPurchase(purchase, limits),
    authenticationData: (request, limits) => psam.authenticationData(request, limits),
    close: () => psam.close(),
    commandMac: async () => new Uint8Array(4),
  };
}

/** A journal that names operations in this member. */
function named(member: string, journal: QuickPaymentPorts["journal"]): QuickPaymentPorts["journal"] {
  const append: typeof journal.append = (draft) => {
    const { operation, ...detail } = draft.detail;
    return journal.append(operation === undefined ? draft : { ...draft, detail: { ...detail, [member]: operation } });
  };
  return new Proxy(journal, {
    get: (target, name) => {
      if (name === "append") return append;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Acts on the block itself, once. */
function befallBlock({ place }: GateScene, fate: CommandFate, instruction = 0x1e): void {
  let done = false;
  place.plan((info) => {
    if (done || info.instruction !== instruction || info.to !== "card") return { kind: "ok" };
    done = true;
    return fate;
  });
}

describe("a card that a signed order names", () => {
  test.each(["temporary", "permanent"] as const)("is blocked (%s), and what was done is durable before and after", async (duration) => {
    const scene = await gateScene();
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene, ORDERED, duration))).toEqual(REFUSED);
    expect(blockOf(scene)).toBe(duration);
    expect(await operations(scene)).toEqual(["prepared", "done"]);
    expect(await tapGate(scene, passage("in", testGate("entry")))).toMatchObject({ kind: "refused", reason: "application-blocked" });
  });

  test("is named in the record sealed and hashed, never in the clear", async () => {
    const scene = await gateScene();
    await tapGate(scene, passage("in", testGate("entry")), blocking(scene));
    const entries = await scene.place.clock.resolve(scene.place.entries());
    const { serialHex } = scene.card.personalization.purse;
    for (const { detail, personal } of entries) {
      expect(detail).toEqual({ operation: "card-block", ordered: "card-listed", duration: "temporary" });
      expect(personal).toMatchObject({ cardSerial: serialHex });
    }
    expect(JSON.stringify(entries.map(({ detail }) => detail))).not.toContain(serialHex);
  });

  test("is blocked by a shop's tap of its e-purse too", async () => {
    const scene = await gateScene();
    expect(await tapGate(scene, { reference: "shop", amount: fen(100) }, blocking(scene))).toEqual(REFUSED);
    expect([blockOf(scene), await operations(scene)]).toEqual(["temporary", ["prepared", "done"]]);
  });

  test("with SM4 keys is blocked with theirs", async () => {
    const scene = await gateScene({ place: { profile: { transitAlg: "sm4" } } });
    await tapGate(scene, passage("in", testGate("entry")), blocking(scene));
    expect([blockOf(scene), await operations(scene)]).toEqual(["temporary", ["prepared", "done"]]);
  });

  test("is blocked only after what it paid before is settled", async () => {
    const scene = await gateScene();
    scene.place.tearDebit("after", "compound");
    const limits = { ...TEST_LIMITS, returnTimeoutMs: 400 };
    await scene.place.clock.resolve(runQuickPayment(scene.place.ports, passage("in", testGate("entry")), limits));
    scene.place.reader.insert(scene.card);
    expect(await tapGate(scene, passage("out", testGate("exit")), blocking(scene))).toEqual(REFUSED);
    const states = (await scene.place.clock.resolve(scene.place.entries())).map(({ kind, state }) => `${kind} ${state}`);
    expect(states).toEqual(["quick-payment prepared", "quick-payment unknown", "quick-payment done", "operation prepared", "operation done"]);
  });
});

describe("no card is blocked", () => {
  test.each<[string, Review]>([
    ["without an order", { kind: "refused", reason: "card-listed" }],
    ["for a range", { kind: "refused", reason: "card-range-listed" }],
    ["for a temporary loss", { kind: "refused", reason: "card-reported-lost" }],
  ])("%s", async (_, review) => {
    const scene = await gateScene();
    const sent = listen(scene.place);
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene, review))).toMatchObject({ kind: "refused" });
    expect([sent.includes(BLOCK), blockOf(scene), await operations(scene)]).toEqual([false, undefined, []]);
  });

  test("by a place that does not allow it", async () => {
    const scene = await gateScene();
    const sent = listen(scene.place);
    expect(await tapGate(scene, passage("in", testGate("entry")), (ports) => ({ ...ports, guard: guard(ORDERED) }))).toEqual(REFUSED);
    expect([sent.includes(BLOCK), blockOf(scene), await operations(scene)]).toEqual([false, undefined, []]);
  });

  test("that is clear", async () => {
    const scene = await gateScene();
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene, { kind: "clear" }))).toMatchObject({ kind: "paid" });
    expect([blockOf(scene), await operations(scene)]).toEqual([undefined, []]);
  });
});

describe("the refusal is answered whatever becomes of the block", () => {
  test.each([
    ["before", undefined, "unknown card-removed"],
    ["during", undefined, "unknown card-removed"],
    ["after", "temporary", "unknown card-removed"],
  ] as const)("torn %s the card's commit", async (at, block, last) => {
    const scene = await gateScene();
    befallBlock(scene, { kind: "tear", at });
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene))).toEqual(REFUSED);
    expect([blockOf(scene), await operations(scene)]).toEqual([block, ["prepared", last]]);
  });

  test("a card that leaves before it was asked is certainly not blocked", async () => {
    const scene = await gateScene();
    befallBlock(scene, { kind: "tear", at: "after" }, 0x84);
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene))).toEqual(REFUSED);
    expect([blockOf(scene), await operations(scene)]).toEqual([undefined, ["prepared", "void card-removed"]]);
  });

  test("a card that speaks again was not blocked: the open record ends, and the next attempt has its own", async () => {
    const scene = await gateScene();
    befallBlock(scene, { kind: "tear", at: "before" });
    await tapGate(scene, passage("in", testGate("entry")), blocking(scene));
    scene.place.reader.insert(scene.card);
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene))).toEqual(REFUSED);
    expect(await operations(scene)).toEqual(["prepared", "unknown card-removed", "void not-blocked", "prepared", "done"]);
    expect(await scene.place.clock.resolve(scene.place.journal.openSubjects({ limit: 10 }))).toEqual([]);
    expect(blockOf(scene)).toBe("temporary");
  });

  test("an attempt that a journal of before names in another member is ended too", async () => {
    const scene = await gateScene();
    befallBlock(scene, { kind: "tear", at: "before" });
    await tapGate(scene, passage("in", testGate("entry")), (ports) => ({ ...blocking(scene)(ports), journal: named("act", ports.journal) }));
    scene.place.reader.insert(scene.card);
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene))).toEqual(REFUSED);
    expect(await operations(scene)).toEqual(["prepared", "unknown card-removed", "void not-blocked", "prepared", "done"]);
  });

  test("a module without the key leaves the card as it is", async () => {
    const scene = await gateScene();
    scene.place.plan(({ to, instruction }) => (to === "module" && instruction === 0x1a ? { kind: "hang" } : { kind: "ok" }));
    expect(await tapGate(scene, passage("in", testGate("entry")), blocking(scene))).toEqual(REFUSED);
    expect([blockOf(scene), await operations(scene)]).toEqual([undefined, ["prepared", "void reader-hung"]]);
  });

  test("a MAC that the card does not take is written down", async () => {
    const scene = await gateScene({ place: { profile: { transitAlg: "3des" } } });
    const wrong = (ports: QuickPaymentPorts): QuickPaymentPorts => ({
      ...ports,
      guard: guard(ORDERED),
      blocksListedCards: { duration: "temporary", psam: wrongMacs(scene.place.transitPsam) },
    });
    expect(await tapGate(scene, passage("in", testGate("entry")), wrong)).toEqual(REFUSED);
    expect([blockOf(scene), await operations(scene)]).toEqual([undefined, ["prepared", "refused wrong-mac"]]);
  });

  test("where the journal takes no record, nothing is asked of the card", async () => {
    const scene = await gateScene();
    const sent = listen(scene.place);
    const { place } = scene;
    const { journal } = place;
    const full: Journal = {
      terminalId: journal.terminalId,
      journalId: journal.journalId,
      boot: journal.boot,
      append: () => Promise.reject(new Fault("store-full", "nothing fits any more", { effectUnknown: false })),
      entriesOf: (subject) => journal.entriesOf(subject),
      openSubjects: (query) => journal.openSubjects(query),
      mark: (name) => journal.mark(name),
      setMarks: (marks) => journal.setMarks(marks),
      unreceipted: (kind) => journal.unreceipted(kind),
      usage: () => journal.usage(),
    };
    expect(await tapGate(scene, passage("in", testGate("entry")), (ports) => ({ ...blocking(scene)(ports), journal: full }))).toEqual(REFUSED);
    expect([sent.includes(BLOCK), blockOf(scene)]).toEqual([false, undefined]);
  });

  test.each(["before", "after"] as const)(
    "a power cut %s the command: the record is open after the restart, and ended by the card that speaks",
    async (when) => {
      const scene = await gateScene();
      const { place } = scene;
      befallBlock(scene, { kind: "power-cut", when });
      void runQuickPayment(blocking(scene)(place.ports), passage("in", testGate("entry")), TEST_LIMITS);
      await place.clock.runUntil(place.clock.monotonicMs() + 60_000, () => !place.on);
      await place.clock.runUntil(place.clock.monotonicMs() + 500);
      place.cutPower();
      place.plan(() => ({ kind: "ok" }));
      const ports = await place.clock.resolve(place.switchOn());
      await place.clock.resolve(recoverAtStart(ports));
      expect([blockOf(scene), await operations(scene)]).toEqual([when === "after" ? "temporary" : undefined, ["prepared", "unknown restart"]]);
      const again = await tapGate(scene, passage("in", testGate("entry")), blocking(scene));
      expect(again).toMatchObject(when === "after" ? { reason: "application-blocked" } : REFUSED);
      expect(await operations(scene)).toEqual(["prepared", "unknown restart", ...(when === "after" ? [] : ["void not-blocked", "prepared", "done"])]);
    },
  );
});
