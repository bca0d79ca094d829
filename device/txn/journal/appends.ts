/* What is being written at this moment, for whoever must not take away what it names. */
export class AppendsUnderWay {
  readonly #underWay = new Set<Promise<unknown>>();
  #count = 0;

  /** Entries that were ever asked for in this life. */
  count(): number {
    return this.#count;
  }

  note<Value>(append: Promise<Value>): Promise<Value> {
    this.#count += 1;
    this.#underWay.add(append);
    const over = () => this.#underWay.delete(append);
    append.then(over, over);
    return append;
  }

  /** Resolves when those that are being written have ended, one way or the other. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
