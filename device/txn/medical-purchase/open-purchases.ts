/* Whether a holder has a settlement that is not decided yet, by whatever credential it was begun. */
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal } from "../journal/types.ts";

/** By the card alone, before anybody has said whose it is. Faults: those of the journal. */
export async function isOpenOfCard(journal: Journal, cardNumber: string): Promise<boolean> {
  return (await journal.openSubjects({ card: cardNumber, kind: "medical-purchase", limit: 1 })).length > 0;
}

/** By the person, whom only the records themselves name: a card and an e-code of one holder have nothing else in common. Faults: those of the journal. */
export async function isOpenOfPerson(journal: Journal, personNumber: string): Promise<boolean> {
  for await (const { subject } of eachOpenSubject(journal, "medical-purchase")) {
    const entries = await journal.entriesOf(subject);
    if (entries.some(({ personal }) => personal?.["psnNo"] === personNumber)) return true;
  }
  return false;
}
