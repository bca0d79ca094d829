/* A purchase between INIT SAM and CREDIT SAM: it holds the module, and knows whether the module still remembers it. */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk, triesLeft } from "../../codec/apdu.ts";
import type { PsamPurchase } from "../../drivers/ports.ts";
import type { PurchaseAnswer } from "./answers.ts";
import type { SecurityModule } from "./module.ts";

/** A purchase that the module has opened; over after `credit`, `release`, or as soon as the module was lost. */
export class HeldPurchase implements PsamPurchase {
  readonly terminalSequence: number;
  readonly mac1: Bytes;
  readonly #module: SecurityModule;
  readonly #opening: number;
  readonly #free: () => void;
  #over = false;

  constructor(module: SecurityModule, answer: PurchaseAnswer, free: () => void) {
    this.#module = module;
    this.#opening = module.opening;
    this.#free = free;
    this.terminalSequence = answer.terminalSequence;
    this.mac1 = answer.mac1;
  }

  async credit(mac2: Bytes, limits: Limits): Promise<"accepted" | "refused" | "no-session"> {
    assert(mac2.length === 4, "MAC2 has 4 bytes");
    if (this.#over || !this.#module.isOpen || this.#module.opening !== this.#opening) {
      this.release();
      return "no-session";
    }
    this.#over = true;
    try {
      const { sw } = await this.#module.send(command("80 72 00 00", { data: mac2 }), limits);
      return creditOutcome(sw);
    } finally {
      this.#free();
    }
  }

  release(): void {
    if (!this.#over) {
      this.#over = true;
      // The module still waits for a credit that will never come: the next one begins from the selection.
      if (this.#module.opening === this.#opening) this.#module.forgetSelection();
    }
    this.#free();
  }
}

/**
 * A wrong MAC2 is told as 9302 or as 63Cx; both are a refusal. Any other word means that nothing was checked, as after a reset.
 * Spec: LD/T 32.9, CREDIT SAM FOR PURCHASE.
 */
function creditOutcome(sw: number): "accepted" | "refused" | "no-session" {
  if (isOk(sw)) return "accepted";
  return sw === 0x9302 || triesLeft(sw) !== undefined ? "refused" : "no-session";
}
