/*
 * Light, sound and polling of a reader of the ACR family, from its maker's manuals: the reader keeps what it was told, and what a person in
 * front of it would see and hear. Strict: what it does not know is no command of its own. Spec: ACR, LED and buzzer.
 */
import { type Bytes, concat, fromHex, toHex, u8 } from "../../device/base/bytes.ts";

export type LampDialect = "together" | "escape";

/** Control code by which the general driver passes an escape command on, where it is allowed to. */
export const CCID_ESCAPE = 0x4200_0001;

/** What there was to see and hear since the reader was made. */
export interface LampsSeen {
  readonly red: boolean;
  readonly green: boolean;
  /** Each sound, in milliseconds. */
  readonly beepsMs: readonly number[];
  /** Byte of the automatic polling. */
  readonly polling: number;
  readonly beepsAtCards: boolean;
  /** How often a setting was written: it wears the reader's memory. */
  readonly settingsWritten: number;
}

const TOGETHER_HEAD = "ff0040";
const TOGETHER_LENGTH = 9;
const AUTO_BEEP = /^ff0052(00|ff)00$/;
const ESCAPE_HEAD = /^e00000(21|23|28|29)(00|01)/;
const BEEPS_MAX = 1_000;
/** As these readers are delivered. */
const POLLING = 0x8b;
const BEHAVIOUR = 0x7f;
const UNIT_MS = { together: 100, escape: 10 } as const;

export class ReaderLamps {
  readonly dialect: LampDialect;
  #red = false;
  #green = false;
  readonly #beepsMs: number[] = [];
  #polling = POLLING;
  #behaviour = BEHAVIOUR;
  #beepsAtCards = true;
  #settingsWritten = 0;

  constructor(dialect: LampDialect) {
    this.dialect = dialect;
  }

  get seen(): LampsSeen {
    const settings = { polling: this.#polling, beepsAtCards: this.#beepsAtCards, settingsWritten: this.#settingsWritten };
    return { red: this.#red, green: this.#green, beepsMs: [...this.#beepsMs], ...settings };
  }

  /** The reader's answer to a command that is its own; undefined for any other, which is the card's or nobody's. */
  answer(command: Bytes): Bytes | undefined {
    return this.dialect === "together" ? this.#together(command) : this.#escape(command);
  }

  #together(command: Bytes): Bytes | undefined {
    const hex = toHex(command);
    if (AUTO_BEEP.test(hex)) {
      this.#beepsAtCards = hex.slice(6, 8) === "ff";
      return fromHex("9000");
    }
    if (!hex.startsWith(TOGETHER_HEAD) || command.length !== TOGETHER_LENGTH || command[4] !== 4) return undefined;
    const [lamps, first, second, times, beeps] = [command[3] ?? 0, command[5] ?? 0, command[6] ?? 0, command[7] ?? 0, command[8] ?? 0];
    if ((lamps & 0x04) !== 0) this.#red = (lamps & 0x01) !== 0;
    if ((lamps & 0x08) !== 0) this.#green = (lamps & 0x02) !== 0;
    const heardMs = ((beeps & 1) === 0 ? 0 : first * UNIT_MS.together) + ((beeps & 2) === 0 ? 0 : second * UNIT_MS.together);
    for (let at = 0; at < times && heardMs > 0; at += 1) this.#beep(heardMs);
    return concat(u8(0x90), u8(Number(this.#red) | (Number(this.#green) << 1)));
  }

  #escape(command: Bytes): Bytes | undefined {
    const [, what, count] = ESCAPE_HEAD.exec(toHex(command)) ?? [];
    const value = command[5];
    if (what === undefined || command.length !== 5 + Number(count)) return undefined;
    const told = value === undefined ? this.#read(what) : this.#write(what, value);
    return told === undefined ? undefined : concat(fromHex("e100000001"), u8(told));
  }

  #read(what: string): number | undefined {
    if (what === "23") return this.#polling;
    return what === "21" ? this.#behaviour : undefined;
  }

  #write(what: string, value: number): number {
    if (what === "28") this.#beep(value * UNIT_MS.escape);
    if (what === "29") {
      this.#red = (value & 1) !== 0;
      this.#green = (value & 2) !== 0;
    }
    if (what === "23") this.#polling = value;
    if (what === "21") this.#behaviour = value;
    if (what === "23" || what === "21") this.#settingsWritten += 1;
    return what === "28" ? 0 : value;
  }

  #beep(durationMs: number): void {
    if (this.#beepsMs.length < BEEPS_MAX) this.#beepsMs.push(durationMs);
  }
}
