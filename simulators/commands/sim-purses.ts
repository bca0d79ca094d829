/* What the card has besides the social application and the plain e-purse, as people write it: "passbook=500,transit=housing,grey-lock". */
import type { TestCardOptions } from "../card/make.ts";
import type { Parsed } from "./sim-faults.ts";

type PurseChoice = NonNullable<TestCardOptions["purse"]>;

interface PurseWord {
  readonly usage: string;
  /** Undefined: the argument does not fit. */
  readonly read: (argument: string | undefined) => PurseChoice | undefined;
}

const FEN_MAX = 999_999_999;

function fenOf(argument: string | undefined): number | undefined {
  if (argument === undefined || !/^\d{1,9}$/.test(argument)) return undefined;
  return Number(argument) <= FEN_MAX ? Number(argument) : undefined;
}

function withFen(make: (fen: number) => PurseChoice): PurseWord["read"] {
  return (argument) => {
    const fen = fenOf(argument);
    return fen === undefined ? undefined : make(fen);
  };
}

function plain(choice: PurseChoice): PurseWord["read"] {
  return (argument) => (argument === undefined ? choice : undefined);
}

const WORDS: ReadonlyMap<string, PurseWord> = new Map<string, PurseWord>([
  ["passbook", { usage: "passbook=<fen>", read: withFen((balanceFen) => ({ passbook: { balanceFen } })) }],
  ["overdraft", { usage: "overdraft=<fen>", read: withFen((overdraftLimitFen) => ({ overdraftLimitFen })) }],
  ["transit", { usage: "transit=<t-union|housing>", read: (scheme) => (scheme === "t-union" || scheme === "housing" ? { transit: scheme } : undefined) }],
  ["not-enabled", { usage: "not-enabled", read: plain({ enabled: false }) }],
  ["own-city-only", { usage: "own-city-only", read: plain({ interoperable: false }) }],
  ["entries-unlogged", { usage: "entries-unlogged", read: plain({ entriesUnlogged: true }) }],
  [
    "card-type",
    {
      usage: "card-type=<1 to 255>",
      read: (type) => (/^[1-9]\d{0,2}$/.test(type ?? "") && Number(type) <= 255 ? { transitCardType: Number(type) } : undefined),
    },
  ],
  ["grey-lock", { usage: "grey-lock", read: plain({ greyLock: true }) }],
  ["pin", { usage: "pin=<4 to 12 digits>", read: (pin) => (pin !== undefined && /^\d{4,12}$/.test(pin) ? { pin } : undefined) }],
]);

export const PURSE_USAGE: readonly string[] = [...WORDS.values()].map(({ usage }) => usage);

/** A comma list of what the purse has. The argument is not repeated in a refusal: it may be a PIN. */
export function parsePurse(text: string): Parsed<PurseChoice> {
  let choice: PurseChoice = {};
  for (const part of text.split(",")) {
    const [name = "", argument, ...more] = part.trim().split("=");
    const word = WORDS.get(name);
    if (word === undefined) return { ok: false, reason: `there is no "${name.slice(0, 40)}"; known are ${PURSE_USAGE.join(", ")}` };
    const read = more.length > 0 ? undefined : word.read(argument);
    if (read === undefined) return { ok: false, reason: `"${name}" is written ${word.usage}` };
    choice = { ...choice, ...read };
  }
  return { ok: true, value: choice };
}

/** An amount in fen, or "none" for a card without that purse. */
export function parseAmountOrNone(text: string): Parsed<number | "none"> {
  const fen = text === "none" ? "none" : fenOf(text);
  return fen === undefined ? { ok: false, reason: `fen from 0 to ${FEN_MAX}, or none` } : { ok: true, value: fen };
}
