/*
 * Which pairing of reader and PIN pad can verify the card's own PIN without the digits entering this process. Two ways exist: the reader
 * takes the PIN on its own keypad (PC/SC part 10), or the pad has a card slot and presents the PIN there. A pad without a slot would have
 * to hand the digits to us, so such a pairing ends the start. Spec: PC/SC 10; LD/T 32.7, VERIFY.
 */

/** The devices of one counter, as its configuration names them. */
export interface PinPairing {
  /** Whether any flow of this terminal asks for the card's own PIN. */
  readonly cardPinNeeded: boolean;
  readonly reader: {
    readonly name: string;
    /** The reader has a keypad and VERIFY_PIN_DIRECT. */
    readonly securePinEntry: boolean;
  };
  readonly pad?: {
    readonly name: string;
    /** The pad presents the PIN to a card in its own slot. */
    readonly cardSlot: boolean;
  };
}

export type PinPairingAnswer =
  /** `through`: who presents the PIN; "nobody": no flow asks for it. */
  | { readonly kind: "ok"; readonly through: "reader" | "pad" | "nobody" }
  | { readonly kind: "refused"; readonly reason: "pin-would-pass-through-terminal" | "no-pin-entry"; readonly message: string };

/** Checks a pairing at the start of the terminal. The message is for the people who set the counter up; it names both devices and what to do. */
export function checkPinPairing({ cardPinNeeded, reader, pad }: PinPairing): PinPairingAnswer {
  if (!cardPinNeeded) return { kind: "ok", through: "nobody" };
  if (reader.securePinEntry) return { kind: "ok", through: "reader" };
  if (pad?.cardSlot === true) return { kind: "ok", through: "pad" };
  const remedy = "use a reader with a keypad of its own, a PIN pad with a card slot, or switch off the flows that ask for the card's PIN";
  if (pad !== undefined) {
    const why = `the card's PIN would pass from PIN pad "${pad.name}" through this process to reader "${reader.name}"`;
    return { kind: "refused", reason: "pin-would-pass-through-terminal", message: `${why}; ${remedy}` };
  }
  return { kind: "refused", reason: "no-pin-entry", message: `reader "${reader.name}" has no secure PIN entry and there is no PIN pad; ${remedy}` };
}
