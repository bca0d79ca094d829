/* Whether a holder has a settlement that is not decided yet, by whatever credential it was begun. */
import type { Journal } from "../journal/types.ts";

const PAGE = 100;

/** By the card alone, before anybody has said whose it is. Faults: those of the journal. */
export async function isOpenOfCard(journal: Journal, cardNumber: string): Promise<boolean> {
  return (await journal.openSubjects({ card: cardNumber, kind: "medical-purchase", limit: 1 })).length > 0;
}

/** By the person, whom only the records themselves name: a card and an e-code of one holder have nothing else in common. Faults: those of the journal. */
export async function isOpenOfPerson(journal: Journal, personNumber: string): Promise<boolean> {
  let afterFirstSeq = 0;
  // Each page starts behind the one before it, so the loop ends with the journal.
  for (;;) {
    const page = await journal.openSubjects({ kind: "medical-purchase", afterFirstSeq, limit: PAGE });
    for (const { subject } of page) {
      const entries = await journal.entriesOf(subject);
      if (entries.some(({ personal }) => personal?.["psnNo"] === personNumber)) return true;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return false;
    afterFirstSeq = last.firstSeq;
  }
}
