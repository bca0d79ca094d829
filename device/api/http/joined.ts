/* Work that has a name and is done once: whoever asks for it while it is under way waits for the same end. */
import { refusal } from "./errors.ts";

export class JoinedWork<Result> {
  readonly #underWay = new Map<string, { readonly content: string; readonly end: Promise<Result> }>();
  readonly #demand: ((name: string) => Promise<void>) | undefined;

  /** `demand` throws for names under which nothing may begin. */
  constructor(demand?: (name: string) => Promise<void>) {
    this.#demand = demand;
  }

  /** Begins the work, or joins it. Refuses "order-conflict" when the name belongs to work of another content. */
  run(name: string, content: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(name);
    if (known !== undefined) {
      if (known.content !== content) throw refusal("order-conflict");
      return known.end;
    }
    const begun = this.#demand === undefined ? work() : this.#demand(name).then(work);
    const end = begun.finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { content, end });
    return end;
  }
}
