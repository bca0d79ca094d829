/* The scripted person in front of a PIN entry device. The digits stay on this side of the wire. */

/** What the holder does when asked for the PIN. */
export type HolderAct =
  | { readonly kind: "enters"; readonly digits: string }
  | { readonly kind: "cancels" }
  /** Does nothing until the device gives up. */
  | { readonly kind: "walks-away" };

/** A holder who acts by a list; the last act repeats. */
export class ScriptedHolder {
  readonly #acts: readonly HolderAct[];
  #asked = 0;

  constructor(acts: readonly HolderAct[]) {
    this.#acts = acts;
  }

  /** How often the holder was asked. */
  get asked(): number {
    return this.#asked;
  }

  next(): HolderAct {
    const act = this.#acts[Math.min(this.#asked, this.#acts.length - 1)];
    this.#asked += 1;
    return act ?? { kind: "walks-away" };
  }
}
