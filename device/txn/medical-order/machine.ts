/*
 * Goal: an order settles once, takes exactly what the insurer leaves to pay, and is either paid in full or given back in full.
 * Method: a pure and total function from what the journal says to the next step. The order's own entries say only what was begun; how it
 * ended is asked of the settlement, the void and the tenders themselves, so that a restart and a quiet day run through the same code.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, subtractFen, sumFen, ZERO_FEN } from "../../base/fen.ts";
import type { TenderKind } from "../medical-desk/desk.ts";

export type SettlementFact =
  /** No attempt was begun. */
  | { readonly at: "none" }
  /** An attempt was begun of which the journal has no settlement: nothing was sent for it. */
  | { readonly at: "absent" }
  /** Sent, or perhaps sent, and not decided. */
  | { readonly at: "undecided" }
  | { readonly at: "settled"; readonly cash: Fen }
  /** Certain: nothing is booked by this attempt and nothing will be. */
  | { readonly at: "over" };

export interface TenderFact {
  readonly number: number;
  readonly tender: TenderKind;
  readonly amount: Fen;
  /** "absent": begun, and no money was asked for yet. "held": taken on the card's word alone, good for no goods. */
  readonly at: "absent" | "paid" | "failed" | "unknown" | "held";
  /** What has gone back the way it came; absent where it goes back in cash. `open`: something of it is not decided. */
  readonly returned?: { readonly amount: Fen; readonly open: boolean };
}

/** "absent": begun, and nothing was sent. "unsent": it never reached the insurer, or was never carried out, for certain. */
export type VoidFact = "none" | "absent" | "undecided" | "done" | "refused" | "unsent";

export interface OrderFacts {
  /** What the order's own last entry says. */
  readonly stage: "open" | "done" | "refused" | "void" | "offline";
  /** Number of the last attempt to settle; 0 when none was begun. */
  readonly attempt: number;
  readonly settlement: SettlementFact;
  readonly tenders: readonly TenderFact[];
  /** Everything is to be undone. */
  readonly givingBack: boolean;
  /** Number of the last void that was begun. */
  readonly voids: number;
  readonly void: VoidFact;
  /** What was handed back so far, by whatever record. */
  readonly refunded: Fen;
  /** The visit that the settlement belongs to. */
  readonly visit: "none" | "standing" | "undone";
  /** The sale without the insurer, where one was begun. */
  readonly offline: "none" | "absent" | "paying" | "sold" | "void";
}

export type OrderStep =
  | { readonly do: "settle"; readonly attempt: number }
  | { readonly do: "sell-offline" }
  | { readonly do: "give-back-offline" }
  | { readonly do: "ask-tender"; readonly rest: Fen; readonly number: number }
  | { readonly do: "take-tender"; readonly tender: TenderFact }
  /** Not decided: nothing further is tried until it is. */
  | { readonly do: "wait"; readonly for: "settlement" | "void" | "tender" }
  | { readonly do: "void"; readonly number: number }
  | { readonly do: "refund"; readonly amount: Fen }
  /** What a bank has paid goes back to it. */
  | { readonly do: "return-tender"; readonly tender: TenderFact }
  | { readonly do: "undo-visit" }
  /** The insurer keeps the settlement: the order stands as it stood before. */
  | { readonly do: "keep" }
  | { readonly do: "finish"; readonly as: "done" | "offline" | "refused" | "void" }
  /** It goes on when a counter takes it up. */
  | { readonly do: "rest" };

/** Money that certainly left its holder. */
export function takenSum(facts: Pick<OrderFacts, "tenders">): Fen {
  return sumFen(facts.tenders.filter(isTaken).map(({ amount }) => amount));
}

function isTaken({ at }: TenderFact): boolean {
  return at === "paid" || at === "held";
}

/** Money that is handed out in cash when everything is undone. */
function takenForCash({ tenders }: Pick<OrderFacts, "tenders">): Fen {
  return takenSum({ tenders: tenders.filter(({ returned }) => returned === undefined) });
}

/** What has gone back so far, in whatever way. */
export function givenBack({ tenders, refunded }: Pick<OrderFacts, "tenders" | "refunded">): Fen {
  return sumFen([refunded, ...tenders.map(({ returned }) => returned?.amount ?? ZERO_FEN)]);
}

/** What the insurer leaves to pay and nobody has paid yet. */
export function restOf({ settlement, tenders }: Pick<OrderFacts, "settlement" | "tenders">): Fen {
  if (settlement.at !== "settled") return ZERO_FEN;
  const paid = sumFen(tenders.filter(({ at }) => at === "paid").map(({ amount }) => amount));
  return paid < settlement.cash ? subtractFen(settlement.cash, paid) : ZERO_FEN;
}

/** What is to be done next; `counter`: somebody is there who can be asked and who can present a card. Pure and total. */
export function nextStep(facts: OrderFacts, counter: boolean): OrderStep {
  if (facts.stage !== "open") return { do: "rest" };
  if (facts.settlement.at === "undecided") return { do: "wait", for: "settlement" };
  if (facts.givingBack) return giveBackStep(facts);
  if (facts.offline !== "none") return offlineStep(facts, counter);
  // The insurer took the settlement back without us: only a person decides what follows.
  if (facts.void === "done" || facts.void === "undecided") return { do: "wait", for: "void" };
  if (facts.tenders.some(({ at }) => at === "unknown" || at === "held")) return { do: "wait", for: "tender" };
  if (facts.settlement.at === "settled") return tenderStep(facts, counter);
  assert(takenSum(facts) === 0, "nothing is taken before the insurer has settled");
  if (!counter) return { do: "finish", as: "refused" };
  return { do: "settle", attempt: facts.settlement.at === "absent" ? facts.attempt : facts.attempt + 1 };
}

function tenderStep(facts: OrderFacts, counter: boolean): OrderStep {
  const rest = restOf(facts);
  if (rest === 0) return { do: "finish", as: "done" };
  if (!counter) return { do: "rest" };
  const begun = facts.tenders.find(({ at }) => at === "absent");
  if (begun !== undefined) {
    assert(begun.amount <= rest, "a tender was begun for at most the rest");
    return { do: "take-tender", tender: begun };
  }
  return { do: "ask-tender", rest, number: facts.tenders.length + 1 };
}

/** What was sold without the insurer is paid in full by that sale itself. */
function offlineStep({ offline, tenders }: OrderFacts, counter: boolean): OrderStep {
  if (offline === "sold") return { do: "finish", as: "offline" };
  if (offline === "void") return { do: "finish", as: "void" };
  if (counter) return { do: "sell-offline" };
  if (tenders.some(({ at }) => at === "unknown" || at === "held")) return { do: "wait", for: "tender" };
  return offline === "absent" ? { do: "finish", as: "refused" } : { do: "rest" };
}

/** First the insurer, then the holder: until the insurer has taken the settlement back, goods and money stay where they are. */
function giveBackStep(facts: OrderFacts): OrderStep {
  const { settlement, offline, tenders, voids } = facts;
  if (settlement.at === "settled" && facts.void !== "done") return voidStep(facts.void, voids);
  if (settlement.at !== "settled" && (offline === "sold" || offline === "paying")) return { do: "give-back-offline" };
  if (tenders.some(({ at }) => at === "unknown")) return { do: "wait", for: "tender" };
  if (tenders.some(({ returned }) => returned?.open === true)) return { do: "wait", for: "tender" };
  const kept = tenders.find((each) => isTaken(each) && each.returned !== undefined && each.returned.amount < each.amount);
  if (kept !== undefined) return { do: "return-tender", tender: kept };
  const cash = takenForCash(facts);
  if (cash > facts.refunded) return { do: "refund", amount: subtractFen(cash, facts.refunded) };
  const taken = takenSum(facts);
  if (settlement.at === "settled" && facts.visit === "standing") return { do: "undo-visit" };
  return { do: "finish", as: settlement.at === "settled" || taken > 0 || offline === "void" ? "void" : "refused" };
}

function voidStep(is: Exclude<VoidFact, "done">, voids: number): OrderStep {
  switch (is) {
    case "undecided":
      return { do: "wait", for: "void" };
    case "refused":
      return { do: "keep" };
    case "absent":
      return { do: "void", number: voids };
    case "none":
    case "unsent":
      return { do: "void", number: voids + 1 };
  }
}

/** How the order stands, said from the same facts. `underWay`: somebody is at it now. */
export function standingOf(facts: OrderFacts, underWay: boolean): "open" | "done" | "refused" | "void" | "unknown" | "offline" {
  const step = nextStep(facts, false);
  if (facts.stage === "done" && facts.void === "done") return "open";
  if (facts.stage !== "open") return facts.stage;
  if (step.do === "wait" && !(underWay && step.for === "settlement")) return "unknown";
  if (step.do === "finish" && !underWay) return step.as;
  return "open";
}

/** Sum of what is due back to the holder when everything is undone. */
export function dueBack(facts: OrderFacts): Fen {
  const [taken, given] = [takenSum(facts), givenBack(facts)];
  return taken > given ? subtractFen(taken, given) : ZERO_FEN;
}
