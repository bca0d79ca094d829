/* The scripted person in front of a PIN entry device. The digits stay on this side of the wire. */

/** What the holder does when asked for the PIN. */
export type HolderAct =
  | { readonly kind: "enters"; readonly digits: string }
  | { readonly kind: "cancels" }
  /** Does nothing until the device gives up. */
  | { readonly kind: "walks-away" };

/** A holder who acts by a list; the last act repeats. */
export class ScriptedHolder {
  #acts: readonly HolderAct[];
  #asked = 0;
  /** How often the holder was asked when the list began. */
  #began = 0;

  constructor(acts: readonly HolderAct[]) {
    this.#acts = acts;
  }

  /** How often the holder was asked. */
  get asked(): number {
    return this.#asked;
  }

  /** Another list from now on. */
  plan(acts: readonly HolderAct[]): void {
    this.#acts = acts;
    this.#began = this.#asked;
  }

  next(): HolderAct {
    const act = this.#acts[Math.min(this.#asked - this.#began, this.#acts.length - 1)];
    this.#asked += 1;
    return act ?? { kind: "walks-away" };
  }
}
