/* How a serial line is opened. */

export interface SerialOptions {
  /** Whole path: a link by role that the device rules make, or the node itself. */
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly stopBits: 1 | 2;
  readonly parity: "none" | "even" | "odd";
}

/** 8 data bits, no parity, one stop bit: what nearly every device here speaks. */
export function eightNoneOne(path: string, baudRate: number): SerialOptions {
  return { path, baudRate, dataBits: 8, stopBits: 1, parity: "none" };
}
