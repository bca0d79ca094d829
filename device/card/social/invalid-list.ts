/*
 * The invalid list as the specification has it: single cards, and ranges of card numbers. Built once for a list of any length, asked at
 * each tap. Spec: LD/T 32.8, 7 (invalid list).
 */

export type InvalidListEntry =
  /** One card: both its identifier (32 hexadecimal digits) and its number. */
  | { readonly kind: "card"; readonly cardIdentifier: string; readonly cardNumber: string }
  /** All card numbers from the first to the last, compared by their first eight characters, since the ninth only checks the others. */
  | { readonly kind: "range"; readonly firstCardNumber: string; readonly lastCardNumber: string };

interface ListedCard {
  readonly cardIdentifier: string;
  readonly cardNumber: string;
}

const COMPARED_CHARACTERS = 8;

/** A question about one card, answered from a list. Digits come before letters, as in the numbers themselves. */
export function makeInvalidList(entries: readonly InvalidListEntry[]): (card: ListedCard) => boolean {
  const cards = new Set(entries.flatMap((entry) => (entry.kind === "card" ? [cardKey(entry)] : [])));
  const ranges = joinRanges(entries.flatMap((entry) => (entry.kind === "range" ? [[serialOf(entry.firstCardNumber), serialOf(entry.lastCardNumber)]] : [])));
  return (card) => cards.has(cardKey(card)) || inRanges(ranges, serialOf(card.cardNumber));
}

type Range = readonly [first: string, last: string];

function cardKey({ cardIdentifier, cardNumber }: ListedCard): string {
  return `${cardIdentifier.toLowerCase()}/${cardNumber}`;
}

function serialOf(cardNumber: string): string {
  return cardNumber.slice(0, COMPARED_CHARACTERS);
}

/** Ranges in order and without overlap, so that one look finds the only one that can hold a number. */
function joinRanges(ranges: readonly (readonly string[])[]): readonly Range[] {
  const sorted = ranges.map(([first = "", last = ""]): Range => [first, last]).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  const joined: Range[] = [];
  for (const range of sorted) {
    const before = joined.at(-1);
    if (before === undefined || range[0] > before[1]) joined.push(range);
    else if (range[1] > before[1]) joined[joined.length - 1] = [before[0], range[1]];
  }
  return joined;
}

function inRanges(ranges: readonly Range[], serial: string): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[0] ?? "") <= serial) low = middle + 1;
    else high = middle;
  }
  const found = ranges[low - 1];
  return found !== undefined && serial <= found[1];
}
