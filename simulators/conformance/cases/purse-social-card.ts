/* Whose card a purse is on: asked of the chip once, or never, as the profile says. */
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import { expectEqual, expectMatch } from "../expect.ts";
import { Shop } from "../shop.ts";
import type { ConformanceCase } from "../types.ts";

const SELECT = 0xa4;

/** SELECT commands of two taps: the purse's, and in the first tap the social application's with the purse's once more. */
const SELECTS: readonly (readonly [CardProfile["purseSocialCard"], string, readonly [number, number]])[] = [
  ["same-chip", "a purse's social card is asked in its first tap, and known in the next", [3, 1]],
  ["unknown", "no purse is asked for its social card", [1, 1]],
];

export const PURSE_SOCIAL_CARD_CASES: readonly ConformanceCase[] = SELECTS.map(
  ([purseSocialCard, title, expected], at): ConformanceCase => ({
    id: `QPC-SOC-0${at}`,
    spec: "LD/T 32.5, EF05",
    title,
    tags: ["purse", "flow", `profile:purseSocialCard=${purseSocialCard}`],
    run: async (context) => {
      const shop = new Shop(context, { profile: { purseSocialCard }, asksSocialCard: true });
      await shop.switchOn();
      shop.present(shop.card());
      let selects = 0;
      shop.plan(({ to, instruction }) => {
        if (to === "card" && instruction === SELECT) selects += 1;
        return { kind: "ok" };
      });
      const counts: number[] = [];
      for (const reference of ["r1", "r2"]) {
        const before = selects;
        expectMatch(await shop.sell(reference), { kind: "paid", verified: true }, reference);
        counts.push(selects - before);
      }
      expectEqual(counts, expected, "SELECT commands in each tap");
    },
  }),
);
