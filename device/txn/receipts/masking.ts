/* Personal data as it may stand on paper that lies about: enough to know one's own slip by, not enough for anybody else. */

/** Family name and a star for what follows: 王**. */
export function maskedName(name: string): string {
  const [family, ...given] = Array.from(name.trim());
  if (family === undefined || given.length === 0) return "*";
  return `${family}${given.length === 1 ? "*" : "**"}`;
}

const SHOWN = 4;
/** A shorter number would show most of itself. */
const LENGTH_MIN = 8;

/** The last four characters of a card's or person's number. */
export function maskedNumber(number: string): string {
  const characters = Array.from(number.trim());
  return characters.length < LENGTH_MIN ? "****" : `****${characters.slice(-SHOWN).join("")}`;
}
