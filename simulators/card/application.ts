/*
 * What an application of a card is to the card itself. Each application stands in a folder of its own, keeps its part of the card's
 * memory under its own name, and knows nothing of the others; the card selects, dispatches and cuts the power.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import { type Answer, type Command, refuse, SW } from "./iso.ts";

export interface CardApplication {
  /**
   * SELECT by name (P1 04): the answer when the name, or the beginning of it, is one of this application's; undefined when it is another's.
   * `next` asks for the next occurrence of a partial name (P2 02) after the one that was selected last. An application that answers with
   * success, or with "application blocked", becomes the current one.
   */
  selectByName(name: Bytes, next: boolean): Answer | undefined;
  /** SELECT of a directory or file by identifier (P1 00 and 02) while this application is the current one; undefined: no such file. */
  selectById(id: number, p1: number): Answer | undefined;
  /** SELECT of one of its directories by identifier (P1 00) while another application is the current one, or none; undefined: not its own. */
  selectDirectory?(id: number): Answer | undefined;
  /** Any other command while this application is the current one. */
  execute(command: Command): Answer;
  /**
   * A command came that did not reach the application: malformed, or a SELECT that found nothing or found this application's own file.
   * What only an unbroken order of commands keeps alive (an opened purchase) ends.
   */
  interrupt?(): void;
  /** Another application has been selected: what lasts only so long ends. */
  leave(): void;
  /** Power has gone: everything ends that is not in the memory. */
  powerOff(): void;
}

/** Instructions of class 00 and 80 that some application of these cards has: the card knows them everywhere, and refuses them elsewhere. */
const KNOWN_00: readonly number[] = [0x20, 0x82, 0x88];
const KNOWN_80: readonly number[] = [0x50, 0x52, 0x54, 0x5a, 0x5c];

/** The answer to a command that the current application does not have. */
export function refuseForeign({ cla, ins }: Command): Answer {
  if (cla === 0x00) return refuse(KNOWN_00.includes(ins) ? SW.conditionsNotSatisfied : SW.unknownInstruction);
  if (cla === 0x80) return refuse(KNOWN_80.includes(ins) ? SW.conditionsNotSatisfied : SW.unknownInstruction);
  return refuse(cla === 0x04 || cla === 0x84 ? SW.unknownInstruction : SW.unknownClass);
}
