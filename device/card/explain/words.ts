/* Explanations are said twice, in English and in Chinese, because the person at the terminal reads one and the person who mends it the other. */

export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** One line of an explanation. */
export interface Note extends Words {
  /** 0 for the outermost. */
  readonly depth: number;
  /** What the field is called in the specifications, in any language: a tag. */
  readonly label?: string;
  /** The bytes that are explained, lower-case hexadecimal; left out where they are personal or secret. */
  readonly hex?: string;
  /** What the bytes say, readable in both languages: an amount, a date, digits. */
  readonly value?: string;
}

export function words(en: string, zh: string): Words {
  return { en, zh };
}

export function note(depth: number, said: Words, more: Pick<Note, "label" | "hex" | "value"> = {}): Note {
  return { depth, en: said.en, zh: said.zh, ...more };
}

/** Digits with all but the last four replaced: enough to tell two cards apart, too little to be either. */
export function masked(digits: string): string {
  return digits.length <= 4 ? "*".repeat(digits.length) : `${"*".repeat(digits.length - 4)}${digits.slice(-4)}`;
}

/** An amount of fen as yuan. */
export function yuan(fen: number): string {
  return `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
}
