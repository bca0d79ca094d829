/* The terminals that a host knows. */
import type { Sm2PublicKey } from "../../device/crypto/face.ts";

export interface TerminalRegistration {
  readonly tid: string;
  readonly publicKey: Sm2PublicKey;
  /** Data keys that this terminal may seal under. */
  readonly kids: readonly string[];
}

export class TerminalRegistry {
  readonly #byTid = new Map<string, TerminalRegistration>();

  constructor(terminals: readonly TerminalRegistration[]) {
    for (const terminal of terminals) this.register(terminal);
  }

  /** Adds a terminal, or gives a known one its new keys. */
  register(terminal: TerminalRegistration): void {
    this.#byTid.set(terminal.tid, terminal);
  }

  /** Whoever is gone is known no more: nothing of it is taken. */
  remove(tid: string): void {
    this.#byTid.delete(tid);
  }

  find(tid: string): TerminalRegistration | undefined {
    return this.#byTid.get(tid);
  }
}
