/*
 * The fire loop of a building: contacts in series, through which the locks of all lanes get their current. While it is closed a lock holds
 * unless its board lets go; while it is open no lock holds, whatever a board or a terminal says, and whether they live or not.
 */
export class FireLoop {
  #open = false;

  get isOpen(): boolean {
    return this.#open;
  }

  /** Opens the loop, as the panel does in a fire and a cut wire at any time; or closes it again. */
  set(open: boolean): void {
    this.#open = open;
  }
}
