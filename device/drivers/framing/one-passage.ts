/* A gate serves one passage at a time. A second one is refused and not kept: it would open the gate at a time that nobody chose. */
import { Fault } from "../../base/fault.ts";

export class OnePassage {
  #running = false;

  get running(): boolean {
    return this.#running;
  }

  /** Runs `work` unless another passage is under way. Faults: "device-refused" (nothing was done), and those of `work`. */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#running) throw new Fault("device-refused", "the gate is open for somebody else", { effectUnknown: false });
    this.#running = true;
    try {
      return await work();
    } finally {
      this.#running = false;
    }
  }
}
