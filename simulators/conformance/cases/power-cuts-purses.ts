/*
 * Power of the terminal is cut at each command of a tap of each purse: after the restart the same reference is paid, and the card was debited
 * once. The module's session is gone by then; the card's signature is not.
 */
import type { TearPoint } from "../../card/state.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectMatch, expectTrue } from "../expect.ts";
import { PURSE_SCRIPTS, type PurseScript, type PurseSetting } from "../purse-scripts.ts";
import { type CommandSeen, type Fate, SALE_FEN, Shop } from "../shop.ts";
import type { ConformanceCase } from "../types.ts";

const POINTS: readonly TearPoint[] = ["before", "during", "after"];
/** By then whatever a dead terminal had begun has run out, a PIN entry too. */
const DARK_MS = 10_000;

interface CutPlace {
  readonly name: string;
  readonly instruction: number;
  readonly isHere: (seen: CommandSeen) => boolean;
  /** Whether the card has committed the debit when the power goes after, or around, this command. */
  readonly debited: (at: TearPoint) => boolean;
}

function placesOf(script: PurseScript, setting: PurseSetting): readonly CutPlace[] {
  const onCard = setting.tap.map(
    ({ name, instruction, stage }, index): CutPlace => ({
      name: `${index + 1}-${name}`,
      instruction,
      isHere: (seen) => seen.to === "card" && seen.index === index,
      debited: (at) => stage === "debit" && at === "after",
    }),
  );
  const inModule = script.module.map(
    ({ name, instruction, debited }): CutPlace => ({
      name,
      instruction,
      isHere: (seen) => seen.to === "module" && seen.instruction === instruction,
      debited: () => debited,
    }),
  );
  return [...onCard, ...inModule];
}

async function expectPaidAfterRestart(
  context: ConformanceContext,
  script: PurseScript,
  cut: { readonly setting: PurseSetting; readonly place: CutPlace; readonly at: TearPoint },
): Promise<void> {
  const { setting, place, at } = cut;
  const shop = new Shop(context, { profile: setting.profile });
  await shop.switchOn();
  const card = shop.card(setting.card);
  shop.present(card);
  let instruction: number | undefined;
  shop.plan((seen): Fate => {
    if (instruction !== undefined || !place.isHere(seen)) return { kind: "ok" };
    instruction = seen.instruction;
    return { kind: "power-cut", at };
  });
  const limits = { timeoutMs: 60_000, returnTimeoutMs: 60_000 };
  void shop.sell("cut", { purse: script.choice, limits });
  await context.clock.sleep(DARK_MS);
  expectTrue(!shop.on, "the power was cut at the command");
  expectEqual(instruction, place.instruction, "the instruction of the command");
  const debited = place.debited(at);
  expectEqual(card.card.debits.length, debited ? 1 : 0, "debits before the restart");
  shop.afterPowerCut();
  shop.plan(() => ({ kind: "ok" }));
  await shop.switchOn();
  const byCard = debited && script.proof === "psam";
  const outcome = await shop.sell("cut", { purse: script.choice, limits });
  expectMatch(outcome, { kind: "paid", verified: !byCard, proof: byCard ? "log" : script.proof }, "outcome after the restart");
  const debits = card.card.debits.map(({ purse, amountFen }) => ({ purse, amountFen }));
  expectEqual(debits, [{ purse: script.choice.kind, amountFen: SALE_FEN }], "the card's debits");
  expectEqual(await shop.hostVerdict(), "proved", "the host's verdict");
}

export const PURSE_POWER_CUT_CASES: readonly ConformanceCase[] = PURSE_SCRIPTS.flatMap((script) =>
  script.settings.flatMap((setting) =>
    placesOf(script, setting).flatMap((place) =>
      POINTS.map(
        (at): ConformanceCase => ({
          id: `QPC-${script.prefix}-${setting.name}-${place.name}-${at}`.toUpperCase(),
          spec: script.spec,
          title: `${script.choice.kind} (${setting.name}), power cut ${at} ${place.name}: the same sale is paid after the restart, and debited once`,
          tags: ["flow", "journal", "torn", "proof", ...script.tags, ...setting.tags],
          run: (context) => expectPaidAfterRestart(context, script, { setting, place, at }),
        }),
      ),
    ),
  ),
);
