/*
 * A customer's display of eight digits with four lamps, from its maker's paper. Strict: what it does not know, and an amount that does not fit,
 * is noted as a mistake and changes nothing. It never answers.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import type { FarEnd } from "../line/far-end.ts";

export type Lamp = "off" | "price" | "total" | "received" | "change";

export interface Led8Settings {
  /** Byte of each lamp behind 1B 73. */
  readonly lamps: Readonly<Record<Lamp, number>>;
}

export const LED8_SETTINGS: Led8Settings = { lamps: { off: 0x30, price: 0x31, total: 0x32, received: 0x33, change: 0x34 } };

const ESCAPE = 0x1b;
const CLEAR = 0x0c;
const AMOUNT_END = 0x0d;
/** Digits and points with the sign; a point takes no place of its own. */
const AMOUNT_FORM = /^-?[\d.]*$|^-+$/;
const PLACES = 8;
const AMOUNT_BYTES_MAX = 16;

interface Taken {
  readonly used: number;
  readonly mistake?: string;
}

export class SimulatedLed8 {
  /** What it did not understand, in its own words. */
  readonly mistakes: string[] = [];
  readonly #settings: Led8Settings;
  #text = "";
  #lamp: Lamp = "off";
  #initialized = 0;
  #received: number[] = [];

  constructor(settings: Partial<Led8Settings> = {}) {
    this.#settings = { ...LED8_SETTINGS, ...settings };
  }

  /** What a customer reads. */
  get shown(): { readonly text: string; readonly lamp: Lamp } {
    return { text: this.#text, lamp: this.#lamp };
  }

  /** How often it was initialized. */
  get initialized(): number {
    return this.#initialized;
  }

  /** Power comes: nothing is shown. */
  attach(end: FarEnd): void {
    this.#blank();
    this.#received = [];
    end.onBytes((bytes) => this.#hear(bytes));
  }

  #hear(bytes: Bytes): void {
    this.#received.push(...bytes);
    while (this.#received.length > 0) {
      const taken = this.#take(this.#received);
      if (taken === undefined) return;
      if (taken.mistake !== undefined) this.mistakes.push(taken.mistake);
      this.#received.splice(0, taken.used);
    }
  }

  /** One command from the front; undefined while it is not whole. */
  #take(bytes: readonly number[]): Taken | undefined {
    const [first = 0, second, third] = bytes;
    if (first === CLEAR) {
      this.#text = "";
      return { used: 1 };
    }
    if (first !== ESCAPE) return { used: 1, mistake: `byte ${first.toString(16)}` };
    if (second === undefined) return undefined;
    if (second === 0x40) return this.#initialize();
    if (second !== 0x73 && second !== 0x51) return { used: 2, mistake: `escape ${second.toString(16)}` };
    if (third === undefined) return undefined;
    if (second === 0x73) return this.#setLamp(third);
    return third === 0x41 ? this.#showAmount(bytes.slice(3)) : { used: 3, mistake: `show ${third.toString(16)}` };
  }

  #initialize(): Taken {
    this.#initialized += 1;
    this.#blank();
    return { used: 2 };
  }

  #setLamp(byte: number): Taken {
    const found = Object.entries(this.#settings.lamps).find(([, value]) => value === byte);
    if (found === undefined) return { used: 3, mistake: `lamp ${byte.toString(16)}` };
    this.#lamp = found[0] as Lamp;
    return { used: 3 };
  }

  #showAmount(rest: readonly number[]): Taken | undefined {
    const end = rest.indexOf(AMOUNT_END);
    if (end < 0) return rest.length > AMOUNT_BYTES_MAX ? { used: 3, mistake: "an amount without end" } : undefined;
    const text = String.fromCharCode(...rest.slice(0, end));
    const used = 3 + end + 1;
    if (!AMOUNT_FORM.test(text) || text.replaceAll(".", "").length > PLACES) return { used, mistake: `amount ${text}` };
    this.#text = text;
    return { used };
  }

  #blank(): void {
    this.#text = "";
    this.#lamp = "off";
  }
}
