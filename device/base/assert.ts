/** Our own mistake was found: the process must end, the supervisor restarts it and the journal recovers. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** States what must hold by our own reasoning. Never used for input from outside, which gets a {@link Fault} or a value. */
export function assert(condition: boolean, because: string): asserts condition {
  if (!condition) throw new AssertionFailure(because);
}

/** Marks a branch that the type system has proved empty. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}
