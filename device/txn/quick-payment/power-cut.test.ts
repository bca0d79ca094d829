/*
 * Goal: no power cut, at any command and at any write, makes a debit double or vanish.
 * Method: one sale is run once to count its commands and commits; then it is run again for each of them, cut there, and taken up by a
 * new life on the same disk, the same card and the same module.
 */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { RECOVERY_RULES, type RecoveryRules, recoverAtStart } from "../recovery/recover.ts";
import type { PurseChoice } from "../sale-request.ts";
import { QUICK_PAYMENT_RULES } from "./machine.ts";
import { runQuickPayment } from "./run.ts";
import { balanceOf, type CommandInfo, commits, debitName, EVERY_PURSE, SimulatedPlace, type SimulatedPlaceOptions, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentRules } from "./types.ts";

const AMOUNT = 450;
const BALANCE = 10_000;

interface Scene {
  readonly place: SimulatedPlace;
  readonly card: SimulatedCard;
  readonly purse: PurseChoice;
}

interface SceneOptions extends SimulatedPlaceOptions {
  readonly purse?: PurseChoice;
}

/** A place whose card has already paid the same amount once, so that it still proves that sale. */
async function scene({ purse = { kind: "e-purse" }, ...options }: SceneOptions): Promise<Scene> {
  const place = new SimulatedPlace(options);
  const ports = await place.clock.resolve(place.switchOn());
  const card = place.card({ balanceFen: BALANCE, pin: "123456" });
  place.reader.insert(card);
  await place.clock.resolve(runQuickPayment(ports, { reference: "r0", amount: fen(AMOUNT), purse }, TEST_LIMITS));
  return { place, card, purse };
}

/** Sells until the answer or the cut, whichever comes first. */
async function sellUntilCut({ place, purse }: Scene, reference: string): Promise<string | undefined> {
  let kind: string | undefined;
  void runQuickPayment(place.ports, { reference, amount: fen(AMOUNT), purse }, TEST_LIMITS).then((outcome) => {
    kind = outcome.kind;
  });
  await place.clock.runUntil(place.clock.monotonicMs() + 120_000, () => kind !== undefined || !place.on);
  // A command that was sent before the cut reaches card or module all the same.
  if (!place.on) await place.clock.runUntil(place.clock.monotonicMs() + 500);
  return place.on ? kind : undefined;
}

async function nextLife({ place }: Scene): Promise<void> {
  place.cutPower();
  place.plan(() => ({ kind: "ok" }));
  const ports = await place.clock.resolve(place.switchOn());
  await place.clock.resolve(recoverAtStart(ports));
}

/** Entries by subject: the states, oldest first. */
async function histories(place: SimulatedPlace): Promise<readonly string[]> {
  const bySubject = new Map<string, string[]>();
  for (const { subject, state } of await place.clock.resolve(place.entries())) bySubject.set(subject, [...(bySubject.get(subject) ?? []), state]);
  return [...bySubject.values()].map((states) => states.join(" "));
}

async function booked(place: SimulatedPlace): Promise<number> {
  return (await histories(place)).filter((states) => states.endsWith("done")).length;
}

/** After the cut: the same sale again, then another; nothing doubled, nothing lost, nothing left open. */
async function expectHealed(scene: Scene): Promise<void> {
  const { place, card } = scene;
  expect(await sellUntilCut(scene, "r1")).toBe("paid");
  expect(card.debits.length).toBe(2);
  expect(await booked(place)).toBe(2);
  expect(await sellUntilCut(scene, "r2")).toBe("paid");
  expect([card.debits.length, balanceOf(card, scene.purse.kind), await booked(place)]).toEqual([3, BALANCE - 3 * AMOUNT, 3]);
  expect(await place.clock.resolve(place.journal.openSubjects({ limit: 10 }))).toEqual([]);
  expect(new Set(card.debits.map(debitName)).size).toBe(3);
}

const VARIANTS: readonly (readonly [string, SceneOptions])[] = EVERY_PURSE.flatMap((purse): readonly (readonly [string, SceneOptions])[] => {
  const settings: readonly (readonly [string, SceneOptions])[] = [
    [`${purse.kind}, log after the increment`, { purse, profile: { logSeqMode: "post" } }],
    [`${purse.kind}, log before the increment`, { purse, profile: { logSeqMode: "pre" } }],
    [`${purse.kind}, another module sequence than reserved`, { purse, misreserve: true }],
  ];
  // Electronic cash has no such sequences and no module.
  return purse.kind === "electronic-cash" ? [[purse.kind, { purse }]] : settings;
});

/** The command that commits a sale of each purse; of electronic cash it is the reading of the last record. */
function isCommit({ purse }: Scene, { to, command }: CommandInfo): boolean {
  return to === "card" && commits(purse.kind, command);
}

describe.each(VARIANTS)("power cut, %s", (_, options) => {
  test.each(["before", "after"] as const)("%s every command to card and module", async (when) => {
    const counted = await scene(options);
    const first = counted.place.commands;
    await sellUntilCut(counted, "r1");
    const last = counted.place.commands;
    expect(last - first).toBeGreaterThan(6);
    for (let index = first; index < last; index += 1) {
      const cut = await scene(options);
      cut.place.plan((info) => (info.index === index ? { kind: "power-cut", when } : { kind: "ok" }));
      expect(await sellUntilCut(cut, "r1")).toBeUndefined();
      await nextLife(cut);
      await expectHealed(cut);
    }
  });

  test.each(["before", "during", "after"] as const)("%s every commit", async (when) => {
    const counted = await scene(options);
    let commits = 0;
    counted.place.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await sellUntilCut(counted, "r1");
    expect(commits).toBeGreaterThanOrEqual(2);
    for (let at = 1; at <= commits; at += 1) {
      const cut = await scene(options);
      let seen = 0;
      cut.place.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      const answer = await sellUntilCut(cut, "r1");
      // Only when everything was durable may the answer have come out before the power went.
      if (answer !== undefined) expect([answer, at]).toEqual(["paid", commits]);
      await nextLife(cut);
      await expectHealed(cut);
    }
  });

  test("after the debit, then again while the sale is being resolved", async () => {
    for (let second = 0; second < 12; second += 1) {
      const cut = await scene(options);
      cut.place.plan((info) => (isCommit(cut, info) ? { kind: "power-cut", when: "after" } : { kind: "ok" }));
      expect(await sellUntilCut(cut, "r1")).toBeUndefined();
      expect(cut.card.debits.length).toBe(2);
      await nextLife(cut);
      const start = cut.place.commands;
      cut.place.plan((info) => (info.index === start + second ? { kind: "power-cut", when: "after" } : { kind: "ok" }));
      await sellUntilCut(cut, "r1");
      await nextLife(cut);
      await expectHealed(cut);
    }
  });
});

describe("mistakes that are planted in one rule are seen", () => {
  test("a recovery that takes a prepared sale for not debited debits twice", async () => {
    const cut = await scene({});
    cut.place.plan(({ to, instruction }) => (to === "card" && instruction === 0x54 ? { kind: "power-cut", when: "after" } : { kind: "ok" }));
    await sellUntilCut(cut, "r1");
    cut.place.cutPower();
    cut.place.plan(() => ({ kind: "ok" }));
    const ports = await cut.place.clock.resolve(cut.place.switchOn());
    const planted: RecoveryRules = {
      ...RECOVERY_RULES,
      "quick-payment": { ...RECOVERY_RULES["quick-payment"], prepared: { state: "void", reason: "not-debited" } },
    };
    await cut.place.clock.resolve(recoverAtStart(ports, planted));
    expect(await sellUntilCut(cut, "r1")).toBe("paid");
    expect([cut.card.debits.length, await booked(cut.place)]).toEqual([3, 2]);
  });

  test("a debit without an answer that is taken for unpaid loses a debit", async () => {
    const { place, card } = await scene({});
    place.tearDebit("after");
    const unpaid: QuickPaymentRules["debiting"]["card-lost"] = ({ intent }) => ({
      state: { at: "closing", subject: intent.subject, next: { kind: "end", outcome: { kind: "refused", reason: "timeout" } } },
      commands: [{ do: "append", entry: { state: "void", after: intent, reason: "timeout" } }],
    });
    const machine: QuickPaymentRules = { ...QUICK_PAYMENT_RULES, debiting: { ...QUICK_PAYMENT_RULES.debiting, "card-lost": unpaid } };
    const outcome = await place.clock.resolve(runQuickPayment(place.ports, { reference: "r1", amount: fen(AMOUNT) }, TEST_LIMITS, { machine }));
    expect(outcome.kind).toBe("refused");
    expect([card.debits.length, await booked(place)]).toEqual([2, 1]);
  });
});
