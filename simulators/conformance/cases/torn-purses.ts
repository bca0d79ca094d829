/*
 * Goal: wherever a tap of any purse is torn, the card is debited once, the sale is paid, and the host can prove it.
 * Method: the script of each purse gives the commands of a first tap, of the return of a debited card and of one that was not; each of them
 * is torn at each point, under each setting.
 */
import type { TearPoint } from "../../card/state.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { PURSE_SCRIPTS, type PurseScript, type PurseSetting, type TapCommand } from "../purse-scripts.ts";
import { type Fate, SALE_FEN, Shop } from "../shop.ts";
import type { ConformanceCase } from "../types.ts";

const POINTS: readonly TearPoint[] = ["before", "during", "after"];

/** Tears one command of one tap, counted from the moment of planning. */
interface Tear {
  readonly tap: number;
  readonly index: number;
  readonly at: TearPoint;
}

function planTears(shop: Shop, tears: readonly Tear[]): readonly number[] {
  const torn: number[] = [];
  shop.plan(({ to, instruction, index, tap }): Fate => {
    const planned = tears[torn.length];
    if (to !== "card" || planned === undefined || tap !== planned.tap || index !== planned.index) return { kind: "ok" };
    torn.push(instruction);
    return { kind: "tear", at: planned.at };
  });
  return torn;
}

/** Records before those of the sale that is paid in the end. */
function recordsOf(script: PurseScript, command: TapCommand, at: TearPoint): readonly string[] {
  const before = script.paid.slice(0, -1);
  if (command.stage === "naming") return script.paid;
  if (command.stage === "opening") return ["prepared", "void", ...script.paid];
  if (command.stage === "decided") return [...before, "void", ...script.paid];
  return at === "after" ? [...before, "unknown", "done"] : [...before, "unknown", "void", ...script.paid];
}

interface TornSale {
  readonly tears: readonly Tear[];
  readonly instructions: readonly number[];
  readonly records: readonly string[];
}

async function expectPaidOnce(context: ConformanceContext, script: PurseScript, sale: TornSale & { readonly setting: PurseSetting }): Promise<void> {
  const { setting, tears, instructions, records } = sale;
  const shop = new Shop(context, { profile: setting.profile });
  await shop.switchOn();
  const card = shop.card(setting.card);
  const torn = planTears(shop, tears);
  shop.present(card);
  const outcome = await shop.sell("torn", { purse: script.choice, limits: { timeoutMs: 60_000, returnTimeoutMs: 60_000 } });
  expectEqual(torn, instructions, "instructions of the torn commands");
  expectMatch(outcome, { kind: "paid", amount: SALE_FEN, verified: true, proof: script.proof }, "outcome");
  const debits = card.card.debits.map(({ purse, amountFen }) => ({ purse, amountFen }));
  expectEqual(debits, [{ purse: script.choice.kind, amountFen: SALE_FEN }], "the card's debits");
  expectEqual(await shop.states(), records, "records");
  expectEqual(await shop.hostVerdict(), "proved", "the host's verdict");
}

type Family = "FIRST" | "DEBITED" | "NOT-DEBITED";

const TITLES: { readonly [Each in Family]: string } = {
  FIRST: "the first tap",
  DEBITED: "the return of a card that was debited",
  "NOT-DEBITED": "the return of a card that was not debited",
};

/** The first tap of a return is torn at its last command, after the commit or before it. */
function tornSale(script: PurseScript, setting: PurseSetting, torn: { readonly family: Family; readonly index: number; readonly at: TearPoint }): TornSale {
  const { family, index, at } = torn;
  const commands = commandsOf(setting, family);
  const command = commands[index];
  const commit = setting.tap.at(-1);
  if (command === undefined || commit === undefined) throw new Error("the script has this command");
  if (family === "FIRST") return { tears: [{ tap: 1, index, at }], instructions: [command.instruction], records: recordsOf(script, command, at) };
  const first: Tear = { tap: 1, index: setting.tap.length - 1, at: family === "DEBITED" ? "after" : "before" };
  const unknown = [...script.paid.slice(0, -1), "unknown"];
  return {
    tears: [first, { tap: 2, index, at }],
    instructions: [commit.instruction, command.instruction],
    records: family === "DEBITED" ? [...unknown, "done"] : [...unknown, "void", ...recordsOf(script, command, at)],
  };
}

function commandsOf(setting: PurseSetting, family: Family): readonly TapCommand[] {
  if (family === "FIRST") return setting.tap;
  return family === "DEBITED" ? setting.returnDebited : setting.returnNotDebited;
}

function casesOf(script: PurseScript, setting: PurseSetting, family: Family): readonly ConformanceCase[] {
  return commandsOf(setting, family).flatMap((command, index) =>
    POINTS.map(
      (at): ConformanceCase => ({
        id: `QPT-${script.prefix}-${setting.name}-${family}-${index + 1}-${command.name}-${at}`.toUpperCase(),
        spec: script.spec,
        title: `${script.choice.kind} (${setting.name}), ${TITLES[family]} torn ${at} ${command.name}: debited once and paid`,
        tags: ["flow", "journal", "torn", "proof", ...script.tags, ...setting.tags],
        run: (context) => expectPaidOnce(context, script, { setting, ...tornSale(script, setting, { family, index, at }) }),
      }),
    ),
  );
}

const FAMILIES: readonly Family[] = ["FIRST", "DEBITED", "NOT-DEBITED"];

export const TORN_PURSE_CASES: readonly ConformanceCase[] = PURSE_SCRIPTS.flatMap((script) =>
  script.settings.flatMap((setting) => FAMILIES.flatMap((family) => casesOf(script, setting, family))),
);
