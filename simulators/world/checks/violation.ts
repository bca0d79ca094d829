/** A broken promise. The number is the promise's in docs/fault-model.md; 0 stands for "the world never stalls". */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly promise: number;

  constructor(promise: number, what: string) {
    super(`promise ${promise}: ${what}`);
    this.promise = promise;
  }
}

/** States what must hold in every simulated run. */
export function promised(promise: number, holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Violation(promise, what());
}

/** What a run has broken. A broken promise is a result; so is any mistake that the terminal's own assertions found. */
export async function violationOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error instanceof Violation ? error.message : `${error.name}: ${error.message}\n${error.stack ?? ""}`;
  }
}
