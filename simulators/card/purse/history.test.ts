/*
 * Goal: whatever happens to a card in whatever order, torn anywhere, its books agree with a plain model of it.
 * Method: random histories of purchases, loads, compound purchases and grey locks, whole or torn, on a card that is written down and taken
 * up again after each step; the model knows only "it happened" or "it did not".
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { SimulatedCard } from "../card.ts";
import { makeTestCard } from "../make.ts";
import type { CardSnapshot, TearPoint } from "../state.ts";
import { expectOk, send } from "../testing.ts";
import { PurseTerminal } from "./terminal.ts";

const suite = openCipherSuite();
const POINTS: readonly TearPoint[] = ["before", "during", "after"];

type Kind = "purchase" | "load" | "compound" | "lock" | "debit" | "unlock";

interface Event {
  readonly kind: Kind;
  readonly p2: 1 | 2;
  readonly amountFen: number;
  readonly at: "whole" | TearPoint;
}

interface Model {
  readonly balances: Readonly<Record<1 | 2, number>>;
  readonly offline: Readonly<Record<1 | 2, number>>;
  readonly online: Readonly<Record<1 | 2, number>>;
  readonly debits: number;
  readonly trips: number;
  readonly lock: { readonly p2: 1 | 2; readonly gmac: (amountFen: number) => Bytes } | undefined;
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom<Kind>("purchase", "load", "compound", "lock", "debit", "unlock"),
  p2: fc.constantFrom<1 | 2>(1, 2),
  amountFen: fc.integer({ min: 0, max: 400 }),
  at: fc.constantFrom("whole", "whole", ...POINTS),
});

/** The command that changes the card, and what the model becomes when it happens; undefined: the event is not possible now. */
function deciding(card: SimulatedCard, terminal: PurseTerminal, { model, event: { kind, p2, amountFen } }: { readonly model: Model; readonly event: Event }) {
  const { lock } = model;
  const taken = (from: 1 | 2): Pick<Model, "balances" | "debits"> => ({
    balances: { ...model.balances, [from]: model.balances[from] - amountFen },
    debits: model.debits + 1,
  });
  const counted = (which: "offline" | "online", from: 1 | 2) => ({ [which]: { ...model[which], [from]: model[which][from] + 1 } });
  if (kind === "debit" || kind === "unlock") {
    if (lock === undefined || amountFen > model.balances[lock.p2]) return undefined;
    const from = lock.p2;
    if (kind === "debit") {
      const dialogue = terminal.greyDebit(lock.gmac(amountFen), { p2: from, amountFen, cardSeq: model.offline[from], terminalSeq: 5 });
      return { dialogue, after: { ...model, ...taken(from), ...counted("offline", from), lock: undefined } };
    }
    const dialogue = terminal.greyUnlock(expectOk(card, terminal.initializeGreyHex("unlock", from)), { p2: from, amountFen });
    return { dialogue, after: { ...model, ...taken(from), ...counted("online", from), lock: undefined } };
  }
  if (lock !== undefined) return undefined;
  if (kind === "load") {
    const load = { p2, amountFen };
    const dialogue = terminal.credit(expectOk(card, terminal.initializeHex("load", load)), load);
    return { dialogue, after: { ...model, ...counted("online", p2), balances: { ...model.balances, [p2]: model.balances[p2] + amountFen } } };
  }
  if (kind === "lock") {
    const dialogue = terminal.greyLock(expectOk(card, terminal.initializeGreyHex("lock", p2)), p2);
    return { dialogue, after: { ...model, ...counted("offline", p2), lock: { p2, gmac: dialogue.gmac } } };
  }
  const from = kind === "compound" ? 2 : p2;
  if (amountFen > model.balances[from]) return undefined;
  const sale = { form: kind, p2: from, amountFen };
  const dialogue = terminal.debit(expectOk(card, terminal.initializeHex(kind, sale)), sale);
  if (kind === "compound") expectOk(card, `80DC00F030${"77".repeat(48)}`);
  return { dialogue, after: { ...model, ...taken(from), ...counted("offline", from), trips: model.trips + (kind === "compound" ? 1 : 0) } };
}

function expectAlike(card: SimulatedCard, model: Model): void {
  const { purse, ...memory } = card.toSnapshot().memory;
  expect({ balances: [purse?.passbook?.balanceFen, memory.balanceFen], offline: [purse?.passbook?.offlineSeq, memory.offlineSeq] }).toEqual({
    balances: [model.balances[1], model.balances[2]],
    offline: [model.offline[1], model.offline[2]],
  });
  expect([purse?.passbook?.onlineSeq, memory.onlineSeq]).toEqual([model.online[1], model.online[2]]);
  expect([memory.debits.length, purse?.written?.["001e"]?.length ?? 0]).toEqual([model.debits, Math.min(model.trips, 30)]);
  expect(purse?.greyLock?.book).toBe(model.lock === undefined ? undefined : model.lock.p2 === 1 ? "e-passbook" : "e-purse");
}

describe("any history of a purse", () => {
  it.each(["sum", "manual"] as const)("leaves its books as the model has them (lengths as %s)", (greyLockLc) => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 14 }), fc.constantFrom("pre" as const, "post" as const), (events, logSeqMode) => {
        const purse = { transit: "t-union", passbook: { balanceFen: 1_000 }, greyLock: true } as const;
        let card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "3des", purse, profile: { greyLockLc, logSeqMode } });
        let model: Model = { balances: { 1: 1_000, 2: 1_000 }, offline: { 1: 0, 2: 0 }, online: { 1: 0, 2: 0 }, debits: 0, trips: 0, lock: undefined };
        const terminal = new PurseTerminal(suite, card.personalization);
        for (const each of events) {
          card.powerUp();
          expectOk(card, terminal.selectHex);
          const decided = deciding(card, terminal, { model, event: each });
          if (decided === undefined) continue;
          if (each.at === "whole") expect(send(card, decided.dialogue.commandHex)).toBe(`${decided.dialogue.expectedHex}9000`);
          else card.tear(fromHex(decided.dialogue.commandHex), each.at);
          if (each.at === "whole" || each.at === "after") model = decided.after;
          card = SimulatedCard.fromSnapshot(suite, JSON.parse(JSON.stringify(card.toSnapshot())) as CardSnapshot);
          expectAlike(card, model);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("any bytes", () => {
  const command = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom(0x00, 0x04, 0x80, 0x84, 0xe0),
        fc.constantFrom(0x18, 0x1e, 0x20, 0x24, 0x50, 0x52, 0x54, 0x5a, 0x5c, 0x5e, 0x7a, 0x7c, 0x7e, 0x84, 0xa4, 0xb0, 0xb2, 0xca, 0xd6, 0xdc),
        fc.uint8Array({ minLength: 2, maxLength: 40 }),
      )
      .map(([cla, ins, rest]) => Uint8Array.of(cla, ins, ...rest)),
    fc.constantFrom("805003020B01000000009901000000010F", "E07A080207019901000000010F", `80DC00F030${"11".repeat(48)}`, "0084000004").map(fromHex),
  );

  it.each(["t-union", "housing"] as const)("are answered with at least two bytes and move no money (%s)", (transit) => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 25 }), (commands) => {
        const purse = { transit, passbook: { balanceFen: 1_000 }, greyLock: true, pin: "123456" } as const;
        const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", purse });
        card.powerUp();
        expectOk(card, new PurseTerminal(suite, card.personalization).selectHex);
        for (const each of commands) expect(toHex(card.transmit(each)).length).toBeGreaterThanOrEqual(4);
        const { memory } = card.toSnapshot();
        expect([memory.balanceFen, memory.purse?.passbook?.balanceFen, memory.debits.length, memory.loads.length]).toEqual([1_000, 1_000, 0, 0]);
      }),
      { numRuns: 100 },
    );
  });
});
