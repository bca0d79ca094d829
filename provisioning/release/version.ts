/* Versions of releases: Semantic Versioning without build metadata, because a version is also the name of a folder. */

export interface Version {
  readonly text: string;
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly before: readonly string[];
}

const LENGTH_MAX = 64;
const NUMBER = "(0|[1-9]\\d{0,8})";
const IDENTIFIER = "(?:0|[1-9]\\d{0,8}|\\d*[A-Za-z-][0-9A-Za-z-]*)";
const SHAPE = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?$`);

/** Reads a version; undefined when it is none. Never throws. */
export function parseVersion(text: string): Version | undefined {
  const match = text.length <= LENGTH_MAX ? SHAPE.exec(text) : null;
  if (match === null) return undefined;
  const [, major, minor, patch, before] = match;
  return { text, numbers: [Number(major), Number(minor), Number(patch)], before: before === undefined ? [] : before.split(".") };
}

/** Below zero when `left` is the older one. Spec: SemVer, 11. */
export function compareVersions(left: Version, right: Version): number {
  for (const at of [0, 1, 2] as const) {
    const difference = left.numbers[at] - right.numbers[at];
    if (difference !== 0) return difference;
  }
  if (left.before.length === 0 || right.before.length === 0) return right.before.length - left.before.length;
  return compareBefore(left.before, right.before);
}

/** What comes before a release, such as "rc.2". A longer one with the same beginning is the newer one. */
function compareBefore(left: readonly string[], right: readonly string[]): number {
  for (const [at, mine] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    const difference = compareIdentifiers(mine, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareIdentifiers(left: string, right: string): number {
  if (left === right) return 0;
  const numeric = [left, right].map((text) => /^\d+$/.test(text));
  if (numeric[0] === true && numeric[1] === true) return Number(left) - Number(right);
  if (numeric[0] !== numeric[1]) return numeric[0] === true ? -1 : 1;
  return left < right ? -1 : 1;
}
