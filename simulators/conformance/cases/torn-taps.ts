/*
 * Goal: wherever a quick payment is torn, the card is debited once, the sale is paid, and the journal tells how.
 * Method: tables of the commands of a tap times the three points of a tear times both sequence modes. Each case checks that the command
 * it tears is the one that it names, so that a changed dialogue cannot empty the table.
 */
import type { TestCardOptions } from "../../card/make.ts";
import type { TearPoint } from "../../card/state.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { type Fate, SALE_FEN, Shop, type ShopCard } from "../shop.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const SPEC = "PBOC purse, GET TRANSACTION PROVE";
const MODES = ["pre", "post"] as const;
const POINTS: readonly TearPoint[] = ["before", "during", "after"];

/** A command of a tap: its name, its instruction byte, and its place when the tap has the usual order. */
interface TapCommand {
  readonly name: string;
  readonly instruction: number;
}

const SELECT: TapCommand = { name: "SELECT", instruction: 0xa4 };
const PUBLIC_DATA: TapCommand = { name: "EF15", instruction: 0xb0 };
const LOG: TapCommand = { name: "LOG", instruction: 0xb2 };
const LOG_PROOF: TapCommand = { name: "LOG-PROOF", instruction: 0xb2 };
const PROVE: TapCommand = { name: "PROVE", instruction: 0x5a };
const INITIALIZE: TapCommand = { name: "INITIALIZE", instruction: 0x50 };
const DEBIT: TapCommand = { name: "DEBIT", instruction: 0x54 };
const response = (name: string): TapCommand => ({ name: `${name}-RESPONSE`, instruction: 0xc0 });

const TAP: readonly TapCommand[] = [SELECT, PUBLIC_DATA, LOG, INITIALIZE, DEBIT];
const TAP_T0: readonly TapCommand[] = [SELECT, response("SELECT"), PUBLIC_DATA, LOG, INITIALIZE, response("INITIALIZE"), DEBIT, response("DEBIT")];
const RETURN_DEBITED: readonly TapCommand[] = [SELECT, PUBLIC_DATA, LOG, LOG_PROOF, PROVE];
const RETURN_NOT_DEBITED: readonly TapCommand[] = [SELECT, PUBLIC_DATA, LOG, LOG_PROOF, INITIALIZE, DEBIT];

const PAID = ["prepared", "done"];
const DEBITED_THEN_PROVED = ["prepared", "unknown", "done"];
const NOT_DEBITED = ["prepared", "unknown", "void"];

/** Records of a sale whose first tap was torn at `command`. */
function recordsOf(command: TapCommand, at: TearPoint): readonly string[] {
  if (command.name === "DEBIT-RESPONSE" || (command === DEBIT && at === "after")) return DEBITED_THEN_PROVED;
  if (command === DEBIT) return [...NOT_DEBITED, ...PAID];
  return command.name.startsWith("INITIALIZE") ? ["prepared", "void", ...PAID] : PAID;
}

/** Tears the given command of the given tap, counted from the moment of planning; notes what it really tore. */
interface Tear {
  readonly tap: number;
  readonly index: number;
  readonly at: TearPoint;
}

function planTears(shop: Shop, tears: readonly Tear[]): readonly number[] {
  const torn: number[] = [];
  let base: number | undefined;
  shop.plan(({ to, instruction, index, tap }): Fate => {
    if (to !== "card") return { kind: "ok" };
    base ??= tap - 1;
    const planned = tears[torn.length];
    if (planned === undefined || tap - base !== planned.tap || index !== planned.index) return { kind: "ok" };
    torn.push(instruction);
    return { kind: "tear", at: planned.at };
  });
  return torn;
}

interface TornSale {
  readonly card?: Partial<TestCardOptions>;
  readonly mode: "pre" | "post";
  /** Sales of the same amount that the card made before. */
  readonly earlier: number;
  readonly tears: readonly Tear[];
  readonly instructions: readonly number[];
  readonly records: readonly string[];
}

async function expectPaidOnce(context: ConformanceContext, torn: TornSale): Promise<void> {
  const shop = new Shop(context, { profile: { logSeqMode: torn.mode } });
  await shop.switchOn();
  const card = shop.card(torn.card);
  for (let number = 0; number < torn.earlier; number += 1) await sellQuietly(shop, card, `earlier-${number}`);
  const recordsBefore = (await shop.states()).length;
  const instructions = planTears(shop, torn.tears);
  shop.present(card);
  const outcome = await shop.sell("torn");
  expectEqual(instructions, torn.instructions, "instructions of the torn commands");
  expectMatch(outcome, { kind: "paid", amount: SALE_FEN, verified: true, proof: "psam" }, "outcome");
  const sales = torn.earlier + 1;
  expectEqual([card.card.debits.length, card.card.balanceFen], [sales, 10_000 - sales * SALE_FEN], "the card's debits and balance");
  expectEqual((await shop.states()).slice(recordsBefore), torn.records, "records");
  expectEqual((await shop.entries()).at(-1)?.detail["tac"], card.card.debits.at(-1)?.tac, "the TAC in the record");
  expectEqual(await shop.hostVerdict(), "proved", "the host's verdict");
}

async function sellQuietly(shop: Shop, card: ShopCard, reference: string): Promise<void> {
  shop.present(card);
  expectMatch(await shop.sell(reference), { kind: "paid" }, "the earlier sale");
  shop.takeAway();
}

interface Family {
  readonly prefix: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly commands: readonly TapCommand[];
  readonly tornAt: (command: TapCommand, index: number, at: TearPoint) => Omit<TornSale, "mode">;
}

const FAMILIES: readonly Family[] = [
  {
    prefix: "QPT-FIRST",
    title: "the first tap",
    tags: ["3des"],
    commands: TAP,
    tornAt: (command, index, at) => ({
      card: { algorithm: "3des" },
      earlier: 0,
      tears: [{ tap: 1, index, at }],
      instructions: [command.instruction],
      records: recordsOf(command, at),
    }),
  },
  {
    prefix: "QPT-SAME",
    title: "a tap after a sale of the same amount, which the card still proves,",
    tags: ["sm4", "proof"],
    commands: TAP,
    tornAt: (command, index, at) => ({ earlier: 1, tears: [{ tap: 1, index, at }], instructions: [command.instruction], records: recordsOf(command, at) }),
  },
  {
    prefix: "QPT-T0",
    title: "the first tap with answers in parts",
    tags: ["sm4", "t0"],
    commands: TAP_T0,
    tornAt: (command, index, at) => ({
      card: { lengthRule: "t0" },
      earlier: 0,
      tears: [{ tap: 1, index, at }],
      instructions: [command.instruction],
      records: recordsOf(command, at),
    }),
  },
  {
    prefix: "QPT-DEBITED",
    title: "the return of a card that was debited",
    tags: ["sm4", "proof"],
    commands: RETURN_DEBITED,
    tornAt: (command, index, at) => ({
      earlier: 1,
      tears: [
        { tap: 1, index: TAP.length - 1, at: "after" },
        { tap: 2, index, at },
      ],
      instructions: [DEBIT.instruction, command.instruction],
      records: DEBITED_THEN_PROVED,
    }),
  },
  {
    prefix: "QPT-NOT-DEBITED",
    title: "the return of a card that was not debited",
    tags: ["3des", "proof"],
    commands: RETURN_NOT_DEBITED,
    tornAt: (command, index, at) => ({
      card: { algorithm: "3des" },
      earlier: 1,
      tears: [
        { tap: 1, index: TAP.length - 1, at: "before" },
        { tap: 2, index, at },
      ],
      instructions: [DEBIT.instruction, command.instruction],
      records: [...NOT_DEBITED, ...recordsOf(command, at)],
    }),
  },
];

function casesOf(family: Family, mode: "pre" | "post"): readonly ConformanceCase[] {
  return family.commands.flatMap((command, index) =>
    POINTS.map(
      (at): ConformanceCase => ({
        id: `${family.prefix}-${mode}-${command.name}-${at}`.toUpperCase(),
        spec: SPEC,
        title: `${family.title} torn ${at} ${command.name}, log sequence ${mode}: debited once and paid`,
        tags: ["flow", "purse", "purchase", "journal", "torn", mode, `profile:logSeqMode=${mode}`, ...family.tags],
        run: (context) => expectPaidOnce(context, { ...family.tornAt(command, index, at), mode }),
      }),
    ),
  );
}

export const TORN_TAP_CASES: readonly ConformanceCase[] = FAMILIES.flatMap((family) => MODES.flatMap((mode) => casesOf(family, mode)));
