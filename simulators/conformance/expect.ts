/* Expectations of the cases: each says in one line what was expected and what came instead. */
import { toHex } from "../../device/base/bytes.ts";
import { type FaultCode, isFault } from "../../device/base/fault.ts";

/** The card, the module or the terminal did not do what the case expects. */
export class ConformanceFailure extends Error {
  override readonly name = "ConformanceFailure";
}

/** A value as text that differs when the value differs; bytes are hexadecimal. */
function show(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (member instanceof Uint8Array) return toHex(member);
    return typeof member === "bigint" ? `${member}n` : member;
  });
  return text ?? "undefined";
}

export function fail(message: string): never {
  throw new ConformanceFailure(message);
}

export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) fail(what);
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (show(actual) !== show(expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Only the members that `expected` names, so that both print alike. */
function narrowed(actual: unknown, expected: unknown): unknown {
  if (!isMembers(actual) || !isMembers(expected)) return actual;
  return Object.fromEntries(Object.keys(expected).map((name) => [name, narrowed(actual[name], expected[name])]));
}

/** Like {@link expectEqual} for the members that `expected` has; others may be anything. */
export function expectMatch(actual: unknown, expected: Members, what: string): void {
  expectEqual(narrowed(actual, expected), expected, what);
}

/** The work must end in this fault. */
export async function expectFault(
  work: Promise<unknown>,
  expected: { readonly code: FaultCode; readonly effectUnknown: boolean },
  what: string,
): Promise<void> {
  let given: unknown;
  try {
    given = await work;
  } catch (error) {
    if (!isFault(error)) throw error;
    expectEqual({ code: error.code, effectUnknown: error.effectUnknown }, expected, what);
    return;
  }
  fail(`${what}: expected the fault ${expected.code}, got ${show(given)}`);
}

/** Compares an answer with a pattern in hexadecimal: ".." is any byte, "*" any number of bytes. */
export function expectAnswer(actual: string, pattern: string, what: string): void {
  const expression = pattern.replaceAll(" ", "").toLowerCase().replaceAll("*", "(?:..)*");
  if (!new RegExp(`^${expression}$`).test(actual)) fail(`${what}: expected ${pattern}, got ${actual}`);
}
