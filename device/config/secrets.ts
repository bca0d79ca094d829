/*
 * What a configuration holds that must not be read over a shoulder or in a log. Whoever prints a configuration, or a part of one, prints
 * what {@link withoutSecrets} leaves of it; the file itself has all of it, and only its owner may read it.
 */

/** Members whose values are hidden, wherever they stand. A test holds this list against every member that a configuration may have. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set(["authorizationHex", "passwordHash", "tokenSha256"]);

/** Stands for a secret. No schema takes it, so that a printed configuration is not stored in place of the real one. */
export const HIDDEN = "(hidden)";

/** The same with every secret replaced. For printing only. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, held]) => [member, SECRET_MEMBERS.has(member) ? HIDDEN : withoutSecrets(held)]));
}
