/*
 * What an application of a card is to the card itself. Each application stands in a folder of its own, keeps its part of the card's
 * memory under its own name, and knows nothing of the others; the card selects, dispatches and cuts the power.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import type { Answer, Command } from "./iso.ts";

export interface CardApplication {
  /**
   * SELECT by name (P1 04): the answer when the name, or the beginning of it, is one of this application's; undefined when it is another's.
   * `next` asks for the next occurrence of a partial name (P2 02). An application that answers with success becomes the current one.
   */
  selectByName(name: Bytes, next: boolean): Answer | undefined;
  /** SELECT of a directory or file by identifier (P1 00 and 02) while this application is the current one; undefined: no such file. */
  selectById(id: number, p1: number): Answer | undefined;
  /** Any other command while this application is the current one. */
  execute(command: Command): Answer;
  /** Another application has been selected: what lasts only so long ends. */
  leave(): void;
  /** Power has gone: everything ends that is not in the memory. */
  powerOff(): void;
}
