/* The people of a counter: they confirm or not, choose what pays, walk away from a question, and lay the card down again for a purse. */
import { fen } from "../../../device/base/fen.ts";
import type { CounterDesk, OrderAnswer, OrderEvent, OrderQuestion, TenderKind } from "../../../device/txn/medical-desk/desk.ts";
import type { SeededRandomness } from "../seeded-randomness.ts";

export interface CounterHabits {
  readonly draw: SeededRandomness;
  /** Of a hundred questions, how many are cancelled, and how many nobody answers. */
  readonly cancelPercent: number;
  readonly silentPercent: number;
  /** What may pay, in the order of liking. */
  readonly tenders: readonly TenderKind[];
  /** A purse pays next: the card belongs into the reader. */
  readonly onPurse: (tender: TenderKind) => void;
  readonly note: (line: string) => void;
}

/** A person who answers at once; what is drawn is drawn once for each question, so that a seed repeats. */
export function openCounterDesk(habits: CounterHabits): CounterDesk {
  return {
    tell: (event) => tell(habits, event),
    ask: async (question) => {
      const answer = answerTo(habits, question);
      habits.note(`asked ${question.ask}, answered ${answer.answer}`);
      return answer;
    },
  };
}

function tell({ onPurse, note }: CounterHabits, event: OrderEvent): void {
  note(event.is === "tender-started" ? `${event.is} ${event.tender}` : event.is);
  if (event.is === "tender-started" && event.tender !== "cash") onPurse(event.tender);
}

function answerTo(habits: CounterHabits, question: OrderQuestion): OrderAnswer {
  const { draw, cancelPercent, silentPercent } = habits;
  if (draw.chance(silentPercent / 100)) return { answer: "none" };
  if (draw.chance(cancelPercent / 100)) return { answer: "cancel" };
  switch (question.ask) {
    case "insurance":
      return { answer: "insurance", insuranceType: draw.pick(question.choices) };
    case "confirm":
      return { answer: "confirm" };
    case "offline":
      return { answer: "offline", choice: draw.pick(question.choices) };
    case "tender":
      return tender(habits, question);
  }
}

/** Mostly all of it at once, sometimes a part: the rest is asked for again. */
function tender({ draw, tenders }: CounterHabits, { rest, choices }: Extract<OrderQuestion, { readonly ask: "tender" }>): OrderAnswer {
  const liked = tenders.filter((kind) => choices.includes(kind));
  const kind = draw.chance(0.5) || liked.length === 0 ? "cash" : draw.pick(liked);
  const part = rest > 1 && draw.chance(0.2) ? fen(draw.between(1, rest - 1)) : rest;
  return { answer: "tender", tender: kind, amount: part };
}
