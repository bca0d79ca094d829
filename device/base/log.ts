/**
 * What may be written to a log. Text that could hold personal data has no place here: a card or identity number
 * enters only as {@link Hidden}, which prints as stars whatever writes it out.
 */
export type LogValue = string | number | boolean | undefined | Hidden;

/** Wraps a value that must never be printed; every way of turning it into text gives stars. */
export class Hidden {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The wrapped value, for the one place that needs it. */
  reveal(): unknown {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "***";
  }
}

/** Where events are told to whoever runs the terminal. It never throws and never waits: a log that is in trouble must not stop a sale. */
export interface Log {
  /** `event` is a stable kebab-case name; what varies goes into `fields`. */
  info(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  warn(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  error(event: string, fields?: Readonly<Record<string, LogValue>>): void;
}

/** A log that keeps nothing. */
export const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
