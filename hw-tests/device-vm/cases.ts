/* What the virtual machine has to show. Host and guest read the same list, so that a case which nobody reported is a failure. */

export const CASES = [
  "scanner: found by what it is for, and read by its own description",
  "scanner: gives a code after each of its returns, none missed",
  "scanner: an output report through uhid arrives with its number in front",
  "HID pad: takes a PIN behind a real USB gadget, whose reports come without their number",
  "HID pad: takes a PIN after each of its returns",
  "USB serial: opened by the link of its role, prints a slip",
  "USB serial: its loss is noticed without a write",
  "USB serial: prints by the same link after each of its returns",
  "CCID: reader found by rule, the card's own answers come through",
  "CCID: removal and insertion of the card are seen",
  "CCID: the reader's name goes with it, and the same reader serves after each return",
  "CCID: a reader that is pulled under a command leaves an unknown effect",
  "devices: what is plugged in is listed",
] as const;

export type CaseName = (typeof CASES)[number];

/** How often each device goes away and comes back. */
export const RETURNS = { scanner: 20, pad: 20, serial: 20, reader: 20 } as const;

/** Number of the simulated card in the reader; its answer to reset carries it. */
export const CARD_SERIAL = 4;
