/* Why a sale found no card that it could begin with: the last thing that went wrong before its time was over, in a word for the holder. */
import type { Fault, FaultCode } from "../base/fault.ts";
import { wrongCardOfFault } from "../card/applications/survey.ts";
import type { CardReader } from "../drivers/ports.ts";

/** "card-mute-or-several": by radio, several cards look like one that does not answer, unless the reader can tell. */
export type NoCardReason = FaultCode | "more-than-one-card" | "card-mute-or-several";

/** Ends of a wait, not troubles of a card or reader. */
const NO_TROUBLE: ReadonlySet<FaultCode> = new Set(["timeout", "cancelled", "closed"]);

export class CardTrouble {
  readonly #reader: CardReader;
  #last: NoCardReason | undefined;

  constructor(reader: CardReader) {
    this.#reader = reader;
  }

  note(fault: Fault): void {
    if (NO_TROUBLE.has(fault.code)) return;
    if (wrongCardOfFault(fault) !== undefined) this.#last = "more-than-one-card";
    else this.#last = fault.code === "card-mute" && this.#reader.interface === "contactless" ? "card-mute-or-several" : fault.code;
  }

  /** For an outcome without a card. */
  get reason(): { readonly reason?: NoCardReason } {
    return this.#last === undefined ? {} : { reason: this.#last };
  }
}
