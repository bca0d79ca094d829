/* Cards that are none of ours: an answer to reset, and the few names that they know. They answer what their makers say and refuse the rest. */
import { type Bytes, concat, EMPTY, fromHex, toHex, u16be, utf8 } from "../../device/base/bytes.ts";
import { buildTlv } from "../../device/codec/tlv.ts";
import type { CardModule } from "./card.ts";

const SELECT_BY_NAME = "00a40400";
const NOT_FOUND = 0x6a82;
const NO_SUCH_INSTRUCTION = 0x6d00;
const NAME_MIN = 5;

export interface OtherCardOptions {
  readonly atrHex: string;
  /** Full names of applications, hexadecimal. */
  readonly names?: readonly string[];
  /** Whether the names are listed in the directory of contactless applications. */
  readonly listsNames?: boolean;
}

export class OtherCard implements CardModule {
  readonly extraMsPerCommand = 0;
  readonly #options: OtherCardOptions;
  #powered = false;
  #commands = 0;

  constructor(options: OtherCardOptions) {
    this.#options = options;
  }

  /** Commands that were sent to it since it was made. */
  get commands(): number {
    return this.#commands;
  }

  get powered(): boolean {
    return this.#powered;
  }

  powerUp(): Bytes {
    this.#powered = true;
    return fromHex(this.#options.atrHex);
  }

  powerDown(): void {
    this.#powered = false;
  }

  tear(): void {
    this.#powered = false;
  }

  transmit(command: Bytes): Bytes {
    if (!this.#powered) return EMPTY;
    this.#commands += 1;
    if (toHex(command.subarray(0, 4)) !== SELECT_BY_NAME) return u16be(NO_SUCH_INSTRUCTION);
    const length = command[4] ?? 0;
    const answer = this.#select(command.slice(5, 5 + length));
    return answer === undefined ? u16be(NOT_FOUND) : concat(answer, u16be(0x9000));
  }

  #select(name: Bytes): Bytes | undefined {
    const { names = [], listsNames = false } = this.#options;
    if (listsNames && toHex(name) === toHex(utf8("2PAY.SYS.DDF01"))) return directory(name, names);
    if (name.length < NAME_MIN) return undefined;
    const full = names.find((each) => each.startsWith(toHex(name)));
    return full === undefined ? undefined : buildTlv(0x6f, [buildTlv(0x84, fromHex(full))]);
  }
}

function directory(name: Bytes, names: readonly string[]): Bytes {
  const entries = names.map((each) => buildTlv(0x61, [buildTlv(0x4f, fromHex(each))]));
  return buildTlv(0x6f, [buildTlv(0x84, name), buildTlv(0xa5, [buildTlv(0xbf0c, entries)])]);
}
