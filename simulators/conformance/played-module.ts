/* A card that answers by rule instead of by specification: for answers that no honest card gives. */
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import type { CardModule } from "../card/card.ts";

/** Answers the n-th command (from 0), given in hexadecimal, in hexadecimal. */
export type Play = (commandHex: string, at: number) => string;

export class PlayedModule implements CardModule {
  readonly extraMsPerCommand = 0;
  readonly #play: Play;
  #powered = false;
  #commands: readonly string[] = [];

  constructor(play: Play) {
    this.#play = play;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** Commands so far, in hexadecimal. */
  get commands(): readonly string[] {
    return this.#commands;
  }

  powerUp(): Bytes {
    this.#powered = true;
    return fromHex("3b00");
  }

  powerDown(): void {
    this.#powered = false;
  }

  transmit(command: Bytes): Bytes {
    const commandHex = toHex(command);
    const answer = this.#play(commandHex, this.#commands.length);
    this.#commands = [...this.#commands, commandHex];
    return fromHex(answer);
  }

  tear(): void {
    this.powerDown();
  }
}
