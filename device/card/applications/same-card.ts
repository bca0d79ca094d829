/*
 * Whether the card that is about to pay is the one that was identified. Three things stand against a card that was changed meanwhile:
 *
 * 1. The channel belongs to one insertion. A card that left makes every further command fail as "card-changed" or "card-removed" with
 *    nothing sent, so that a flow cannot go on by mistake.
 * 2. A reader, or somebody between reader and card, may hide the change. Looking again just before INITIALIZE reads the serial number
 *    without a SELECT: another card has nothing selected, or another number.
 * 3. After INITIALIZE nothing needs to be asked any more, and nothing may be: most cards drop an opened purchase at any other command.
 *    MAC1 is made with the random number that this card drew for this purchase and with a key that follows from its serial number, so that
 *    the debit is refused by every other card, and by this one after it lost power.
 */
import type { Limits } from "../../base/ports.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { readPublicData } from "../purse/commands.ts";

/** A card as it was seen. */
export interface CardSight {
  /** Of the channel. */
  readonly insertion: number;
  /** Name of the application that was selected, hexadecimal. */
  readonly applicationId: string;
  /** Serial number of that application, hexadecimal. */
  readonly serial: string;
}

/** "inserted-again": the same card, but it was away; everything that was selected or opened on it is gone. */
export type Sameness = "same" | "inserted-again" | "another-card";

/** Compares two sights of cards in one reader. */
export function sameCard(before: CardSight, after: CardSight): Sameness {
  if (before.applicationId !== after.applicationId || before.serial !== after.serial) return "another-card";
  return before.insertion === after.insertion ? "same" : "inserted-again";
}

/**
 * Looks at the purse again, which must still be selected: one command, to be sent before INITIALIZE. A channel of another insertion is
 * told without any. Faults: those of the channel.
 */
export async function lookAgain(channel: CardChannel, before: CardSight, limits: Limits): Promise<Exclude<Sameness, "inserted-again"> | "away-between"> {
  if (channel.insertion !== before.insertion) return "away-between";
  const data = await readPublicData(channel, limits);
  // A card on which the application is not selected has not been spoken to before.
  if (data.kind === "refused") return "another-card";
  return sameCard(before, { ...before, serial: data.serial }) === "same" ? "same" : "another-card";
}
