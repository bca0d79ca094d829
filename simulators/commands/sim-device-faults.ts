/* Faults of simulated devices as people write them: those of every line, and each device's own. */
import { type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { count, type FaultWord, type FaultWords, parseFaults, plain } from "./sim-faults.ts";

const LATE_MS_MAX = 600_000;
const SLOW_MS_MAX = 10_000;
const PIECE_BYTES_MAX = 4_096;
const NOISE_BYTES_MAX = 64;

/** A fault that takes a number. */
export function numbered<Faults>(
  written: { readonly usage: string; readonly meaning: string; readonly min?: number; readonly max: number },
  faults: (value: number) => Partial<Faults>,
): FaultWord<Faults> {
  const { usage, meaning, min = 0, max } = written;
  return {
    usage,
    meaning: `${meaning} (${min} to ${max})`,
    read: (argument) => {
      const value = count(argument, max);
      return value === undefined || value < min ? undefined : faults(value);
    },
  };
}

export function switched<Faults>(usage: string, meaning: string, faults: Partial<Faults>): FaultWord<Faults> {
  return { usage, meaning, read: plain<Faults>(faults) };
}

/** Each word of the line, with a device's own words behind them. */
export function lineWords<Faults extends LineFaults>(own: readonly (readonly [name: string, word: FaultWord<Faults>])[] = []): FaultWords<Faults> {
  const words: readonly (readonly [string, FaultWord<LineFaults>])[] = [
    ["deaf", switched<LineFaults>("deaf", "answers get lost", { deaf: true })],
    ["garbled", switched<LineFaults>("garbled", "one bit of each answer is flipped", { garbled: true })],
    ["late", numbered<LineFaults>({ usage: "late=<ms>", meaning: "waits so long before each answer", max: LATE_MS_MAX }, (lateMs) => ({ lateMs }))],
    [
      "pieces",
      numbered<LineFaults>({ usage: "pieces=<bytes>", meaning: "answers come in pieces of that size", min: 1, max: PIECE_BYTES_MAX }, (pieceBytes) => ({
        pieceBytes,
      })),
    ],
    [
      "noise",
      {
        usage: "noise=<hex>",
        meaning: `noise before each answer, at most ${NOISE_BYTES_MAX} bytes`,
        read: (argument = "") => (/^(?:[0-9a-f]{2})+$/i.test(argument) && argument.length <= 2 * NOISE_BYTES_MAX ? { noiseHex: argument } : undefined),
      },
    ],
    [
      "slow",
      numbered<LineFaults>({ usage: "slow=<ms per piece>", meaning: "pause between pieces; without pieces= between bytes", max: SLOW_MS_MAX }, (slowMs) => ({
        slowMs,
      })),
    ],
  ];
  // A device's faults are those of a line and more: what switches some of the line's on switches some of its own on.
  return new Map([...(words as unknown as readonly (readonly [string, FaultWord<Faults>])[]), ...own]);
}

/** The faults of one device: which there are, which are on, and how they are switched. */
export interface FaultSwitches {
  /** How each is written, with its meaning. */
  readonly words: readonly { readonly usage: string; readonly meaning: string }[];
  /** Those that are on, as they are written, or "none". */
  readonly shown: string;
  /** Switches on what the list says, beside what is on; "none" switches all off. Gives back why nothing was done, where it was not. */
  set(text: string): string | undefined;
}

const CLEAR = "none";

export interface FaultPanel<Faults extends object> {
  readonly words: FaultWords<Faults>;
  readonly none: Faults;
  /** Faults that are over as soon as they have struck. */
  readonly once?: readonly string[];
  readonly apply: (faults: Partial<Faults>) => void;
}

export function faultSwitches<Faults extends object>({ words, none, once = [], apply }: FaultPanel<Faults>): FaultSwitches {
  const on = new Map<string, string>();
  return {
    words: [...words.values()],
    get shown() {
      return on.size === 0 ? CLEAR : [...on.values()].join(",");
    },
    set: (text) => {
      if (text.trim() === CLEAR) {
        on.clear();
        apply(none);
        return undefined;
      }
      const parsed = parseFaults(text, words);
      if (!parsed.ok) return parsed.reason;
      for (const part of text.split(",").map((each) => each.trim())) {
        const [name = ""] = part.split("=");
        if (!once.includes(name.trim())) on.set(name.trim(), part);
      }
      apply(parsed.value);
      return undefined;
    },
  };
}

/** For a device whose only faults are those of its line. */
export function lineSwitches(apply: (faults: Partial<LineFaults>) => void): FaultSwitches {
  return faultSwitches<LineFaults>({ words: lineWords<LineFaults>(), none: NO_LINE_FAULTS, apply });
}

/** How the words are written, for one line. */
export function faultUsage(switches: FaultSwitches): string {
  return switches.words.map(({ usage }) => usage).join("|");
}
