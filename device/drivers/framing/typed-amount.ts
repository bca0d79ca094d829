/* An amount as it is typed, key by key, and never more than it may be. Pure: the same keys are the same amount. */
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import type { AmountWish, TypedAmount } from "../peripherals.ts";

type Digits = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "00" | "000";

export type KeypadKey = Digits | "point" | "back" | "clear" | "enter";

/** What has been typed so far: decimal yuan, or fen. */
export interface Typing {
  readonly text: string;
}

export const NOTHING_TYPED: Typing = { text: "" };

type Rule = Pick<AmountWish, "typed" | "amountMax">;

/** Ten digits are more than any limit of an amount. */
const SHAPES = { yuan: /^\d{1,10}(?:\.\d{0,2})?$/, fen: /^\d{1,10}$/ } as const;

export function amountOf({ text }: Typing, typed: Rule["typed"]): Fen {
  if (text === "") return ZERO_FEN;
  if (typed === "fen") return fen(Number(text));
  const [whole = "", part = ""] = text.split(".");
  return fen(Number(whole) * 100 + Number(part.padEnd(2, "0")));
}

/** What a key makes of it: more typing, or the end. */
export function press(typing: Typing, key: KeypadKey, rule: Rule): Typing | TypedAmount {
  if (isDigits(key)) return taken(typing, `${typing.text}${key}`.replace(/^0+(?=\d)/, ""), rule);
  switch (key) {
    case "clear":
      return { kind: "cancelled" };
    case "enter": {
      const amount = amountOf(typing, rule.typed);
      return amount === ZERO_FEN ? typing : { kind: "entered", amount };
    }
    case "back":
      return { text: typing.text.slice(0, -1) };
    case "point":
      return rule.typed === "yuan" ? taken(typing, typing.text === "" ? "0." : `${typing.text}.`, rule) : typing;
  }
}

function isDigits(key: KeypadKey): key is Digits {
  return /^\d+$/.test(key);
}

/** A key that does not fit is as if it had not been pressed. */
function taken(typing: Typing, text: string, { typed, amountMax }: Rule): Typing {
  const next = { text };
  return SHAPES[typed].test(text) && amountOf(next, typed) <= amountMax ? next : typing;
}
