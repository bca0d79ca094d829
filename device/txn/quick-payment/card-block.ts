/*
 * Goal: a card that a signed order names is blocked, if at all, with a durable trace of its own; its refusal is answered whatever comes of it.
 * Method: an operation is durable before the command goes to the card, and its end after it. A block whose answer was lost stays "unknown":
 * a card that speaks again was not blocked, which ends the record before the next attempt. Spec: PBOC purse, APPLICATION BLOCK.
 */
import { isFault } from "../../base/fault.ts";
import { ZERO_FEN } from "../../base/fen.ts";
import type { Log } from "../../base/log.ts";
import type { SignedAnswer } from "../../card/purse/maintenance.ts";
import { formatStatusWord } from "../../codec/apdu.ts";
import { operationOf } from "../journal/members.ts";
import type { EntryDraft, Journal, JsonObject } from "../journal/types.ts";
import type { RiskReason } from "../risk/guard.ts";
import { isInFlight } from "./open-sales.ts";
import type { CardBlocking } from "./ports.ts";
import type { IdentifiedCard } from "./purses/dialogue.ts";

export const CARD_BLOCK_ACT = "card-block";
/** Earlier attempts at one card that are looked at in one go. */
const EARLIER_MAX = 16;

export interface BlockingParts {
  readonly journal: Journal;
  readonly log: Log;
  readonly card: IdentifiedCard;
  readonly blocking: CardBlocking;
  /** The entry of the list that ordered it. */
  readonly reason: RiskReason;
}

type Ending = Pick<EntryDraft, "state"> & { readonly detail: JsonObject };

/** Never rejects for what card, module or journal do. */
export async function blockCard(parts: BlockingParts): Promise<void> {
  const { journal, log, blocking, reason } = parts;
  try {
    await endEarlier(parts);
    const detail = { operation: CARD_BLOCK_ACT, ordered: reason, duration: blocking.duration };
    const { subject } = await journal.append({ ...cardDraft(parts), state: "prepared", detail });
    const ending = await attempt(parts);
    await journal.append({ ...cardDraft(parts), subject, state: ending.state, detail: { ...detail, ...ending.detail } });
    log.info("card-block", { subject, state: ending.state });
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    log.warn("card-block-not-recorded", { code: fault.code });
  }
}

/** The number of the card stands sealed and as a keyed hash, as in every record. */
function cardDraft({ card }: BlockingParts): Pick<EntryDraft, "kind" | "amount" | "card" | "personal"> {
  return { kind: "operation", amount: ZERO_FEN, card: card.name, personal: card.personal };
}

/** Attempts whose answer was lost: the card has answered since, so that none of them has blocked it. */
async function endEarlier(parts: BlockingParts): Promise<void> {
  const { journal, card } = parts;
  for (const { subject } of await journal.openSubjects({ card: card.name, kind: "operation", limit: EARLIER_MAX })) {
    const last = (await journal.entriesOf(subject)).at(-1);
    if (last === undefined || operationOf(last.detail) !== CARD_BLOCK_ACT || isInFlight(journal, last)) continue;
    await journal.append({ ...cardDraft(parts), subject, state: "void", resolves: last.seq, detail: { ...last.detail, reason: "not-blocked" } });
  }
}

async function attempt({ card, blocking }: BlockingParts): Promise<Ending> {
  try {
    const answer = await card.block?.(blocking);
    return answer === undefined ? { state: "refused", detail: { reason: "purse-not-offered" } } : endingOf(answer);
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { state: fault.effectUnknown ? "unknown" : "void", detail: { reason: fault.code } };
  }
}

function endingOf(answer: SignedAnswer): Ending {
  switch (answer.kind) {
    case "ok":
      return { state: "done", detail: {} };
    case "refused":
      return { state: "refused", detail: { reason: "card-refused", statusWord: formatStatusWord(answer.statusWord) } };
    case "wrong-mac":
    case "key-locked":
      return { state: "refused", detail: { reason: answer.kind } };
  }
}
