/* Power of the terminal is cut at each command of a sale: after the restart the same reference is paid, and the card was debited once. */
import type { TearPoint } from "../../card/state.ts";
import { expectEqual, expectMatch, expectTrue } from "../expect.ts";
import { type CommandSeen, type Fate, SALE_FEN, Shop } from "../shop.ts";
import type { ConformanceCase } from "../types.ts";

const MODES = ["pre", "post"] as const;
const POINTS: readonly TearPoint[] = ["before", "during", "after"];
/** By then whatever a dead terminal had begun has run out. */
const DARK_MS = 5_000;

const COMMANDS: readonly { readonly name: string; readonly to: CommandSeen["to"]; readonly instruction: number }[] = [
  { name: "SELECT", to: "card", instruction: 0xa4 },
  { name: "EF15", to: "card", instruction: 0xb0 },
  { name: "LOG", to: "card", instruction: 0xb2 },
  { name: "INITIALIZE", to: "card", instruction: 0x50 },
  { name: "MODULE-INITIALIZE", to: "module", instruction: 0x70 },
  { name: "DEBIT", to: "card", instruction: 0x54 },
  { name: "MODULE-CREDIT", to: "module", instruction: 0x72 },
];

/** Whether the card had committed the debit when the power went. */
function debitedBefore(name: string, at: TearPoint): boolean {
  return name === "MODULE-CREDIT" || (name === "DEBIT" && at === "after");
}

export const POWER_CUT_CASES: readonly ConformanceCase[] = MODES.flatMap((mode) =>
  COMMANDS.flatMap(({ name, to, instruction }) =>
    POINTS.map(
      (at): ConformanceCase => ({
        id: `QPC-${mode}-${name}-${at}`.toUpperCase(),
        spec: "PBOC purse, GET TRANSACTION PROVE",
        title: `power cut ${at} ${name}, log sequence ${mode}: the same sale is paid after the restart, and debited once`,
        tags: ["flow", "purse", "purchase", "journal", "torn", mode, `profile:logSeqMode=${mode}`],
        run: async (context) => {
          const shop = new Shop(context, { profile: { logSeqMode: mode } });
          await shop.switchOn();
          const card = shop.card();
          shop.present(card);
          shop.plan((seen): Fate => (seen.to === to && seen.instruction === instruction ? { kind: "power-cut", at } : { kind: "ok" }));
          void shop.sell("cut");
          await context.clock.sleep(DARK_MS);
          expectTrue(!shop.on, "the power was cut at the command");
          const debited = debitedBefore(name, at);
          expectEqual(card.card.debits.length, debited ? 1 : 0, "debits before the restart");
          shop.afterPowerCut();
          shop.plan(() => ({ kind: "ok" }));
          await shop.switchOn();
          expectMatch(await shop.sell("cut"), { kind: "paid", verified: !debited, proof: debited ? "log" : "psam" }, "outcome after the restart");
          expectEqual([card.card.debits.length, card.card.balanceFen], [1, 10_000 - SALE_FEN], "the card's debits and balance");
          expectEqual(await shop.hostVerdict(), "proved", "the host's verdict");
        },
      }),
    ),
  ),
);
