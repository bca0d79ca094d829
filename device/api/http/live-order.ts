/* One order under way: the work that callers join, its open question, what was told of it. */
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { ApiBounds } from "../../config/api.ts";
import type { CounterDesk, OrderAnswer, OrderEvent, OrderQuestion } from "../../txn/medical-desk/desk.ts";
import type { OrderName, OrderView } from "../../txn/medical-order/order.ts";
import { type ApiError, refusal } from "./errors.ts";
import { EventLog } from "./event-log.ts";
import { type AnswerBody, answerOf, eventWire, type OrderWire, orderWire, type QuestionWire, questionWire, type StreamItem } from "./wire.ts";

export interface LiveOrderParts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly bounds: ApiBounds;
  readonly signal: AbortSignal;
  readonly generation: string;
  /** How a failure is told. */
  readonly failed: (error: unknown) => ApiError;
}

/** What is to be done with an order, and how it is told apart from other work on the same order. */
export interface OrderWork {
  /** The same act with the same content is the same work and is joined. */
  readonly key: string;
  /** What the order is, before anything of it is durable. */
  readonly first: OrderView;
  readonly run: (desk: CounterDesk, limits: Limits) => Promise<OrderView>;
}

/** How a piece of work ended. */
export type OrderEnd = { readonly view: OrderView } | { readonly error: ApiError };

interface OpenQuestion {
  readonly asked: OrderQuestion;
  readonly wire: QuestionWire;
  readonly resolve: (answer: OrderAnswer) => void;
}

interface Work {
  readonly key: string;
  readonly end: Promise<OrderEnd>;
  readonly stop: AbortController;
}

/** Up to here an order has bound nobody: whoever waits for a card may be sent home. */
const BINDING: ReadonlySet<OrderEvent["is"]> = new Set<OrderEvent["is"]>(["settling", "settled", "tender-started", "offline", "voiding"]);

export class LiveOrder {
  readonly name: OrderName;
  readonly events: EventLog<StreamItem>;
  readonly #parts: LiveOrderParts;
  #view: OrderView | undefined;
  #work: Work | undefined;
  #end: OrderEnd | undefined;
  #question: OpenQuestion | undefined;
  #answered: { readonly id: string; readonly body: string } | undefined;
  #questions = 0;
  #cancelWanted = false;
  #bound = false;
  #lastTold: OrderEvent["is"] | undefined;

  constructor(name: OrderName, parts: LiveOrderParts) {
    this.name = name;
    this.#parts = parts;
    this.events = new EventLog(parts.generation, parts.bounds.eventsPerOrder);
  }

  get underWay(): boolean {
    return this.#work !== undefined;
  }

  /** How its latest work ended; undefined while it is under way. */
  get end(): OrderEnd | undefined {
    return this.underWay ? undefined : this.#end;
  }

  /** The order as it stands now: `durable` where the journal knows it already. */
  wire(durable?: OrderView): OrderWire | undefined {
    const view = durable ?? this.#view;
    return view === undefined ? undefined : orderWire(view, { underWay: this.underWay, question: this.#question?.wire });
  }

  /** The work under way is this work, or the caller is told what it is. */
  join(key: string): void {
    const [act] = key.split(":");
    if (this.#work === undefined || this.#work.key === key) return;
    throw refusal(this.#work.key.split(":")[0] === act && act === "place" ? "order-conflict" : "order-open");
  }

  begin(work: OrderWork): void {
    this.#view = work.first;
    this.#cancelWanted = false;
    this.#bound = work.first.state !== "open" || work.first.figures !== undefined || work.first.tenders.length > 0;
    this.#lastTold = undefined;
    const stop = new AbortController();
    const close = () => stop.abort();
    this.#parts.signal.addEventListener("abort", close, { once: true });
    const desk: CounterDesk = { tell: (event) => this.#tell(event), ask: (question, limits) => this.#ask(question, limits) };
    const limits = { timeoutMs: this.#parts.bounds.orderTimeoutMs, signal: stop.signal };
    const end = settle(work.run(desk, limits), this.#parts.failed).then((ended) => {
      this.#parts.signal.removeEventListener("abort", close);
      this.#ended(ended);
      return ended;
    });
    this.#work = { key: work.key, end, stop };
  }

  /** How the work ends (or has ended), or undefined when `limits` are over before it does; the work goes on. */
  async wait(limits: Limits): Promise<OrderEnd | undefined> {
    if (this.#work === undefined) return this.end;
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    if (limits.signal.aborted) stop();
    limits.signal.addEventListener("abort", stop, { once: true });
    const over = this.#parts.clock.sleep(limits.timeoutMs, waiting.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      return await Promise.race([this.#work.end, over]);
    } finally {
      limits.signal.removeEventListener("abort", stop);
      waiting.abort();
    }
  }

  /** Takes the answer to the open question. The same answer sent again is the same answer. */
  answer(body: AnswerBody): void {
    const { question: id, ...given } = body;
    const repeated = JSON.stringify(given);
    if (this.#answered?.id === id) {
      if (this.#answered.body === repeated) return;
      throw refusal("question-answered");
    }
    const open = this.#question;
    if (open === undefined || open.wire.id !== id) throw refusal("question-stale");
    const answer = answerOf(open.asked, body);
    if ("problem" in answer) throw refusal("answer-unfitting", { problems: [answer.problem] });
    this.#answered = { id, body: repeated };
    open.resolve(answer);
  }

  /**
   * The counter gives the order up. An open question is answered so, and so is the next one; somebody who waits for a card before anything
   * was booked is not kept waiting. What is under way with the insurer or a card is not torn: it decides first.
   */
  cancel(): void {
    this.#cancelWanted = true;
    this.#question?.resolve({ answer: "cancel" });
    if (!this.#bound && this.#lastTold === "present-card") this.#work?.stop.abort();
  }

  #tell(event: OrderEvent): void {
    this.#lastTold = event.is;
    if (BINDING.has(event.is)) this.#bound = true;
    this.events.append({ type: "event", event: eventWire(event) });
    if (this.#cancelWanted && !this.#bound && event.is === "present-card") this.#work?.stop.abort();
  }

  async #ask(asked: OrderQuestion, limits: Limits): Promise<OrderAnswer> {
    if (this.#cancelWanted) return { answer: "cancel" };
    this.#questions += 1;
    const id = `${this.#parts.generation}-q${this.#questions}`;
    const wire = questionWire(id, asked);
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    if (limits.signal.aborted) stop();
    limits.signal.addEventListener("abort", stop, { once: true });
    const answer = await new Promise<OrderAnswer>((resolve) => {
      this.#question = { asked, wire, resolve };
      this.events.append({ type: "question", question: wire });
      const nobody = () => resolve({ answer: "none" });
      this.#parts.clock.sleep(Math.min(limits.timeoutMs, this.#parts.bounds.questionTimeoutMs), waiting.signal).then(nobody, nobody);
    });
    limits.signal.removeEventListener("abort", stop);
    waiting.abort();
    this.#question = undefined;
    this.events.append({ type: "answered", question: id, by: answer.answer === "none" ? "nobody" : "counter" });
    return answer;
  }

  #ended(end: OrderEnd): void {
    this.#work = undefined;
    this.#end = end;
    this.#question = undefined;
    if ("view" in end) {
      this.#view = end.view;
      this.events.append({ type: "result", order: orderWire(end.view, { underWay: false }) });
    } else {
      this.events.append({ type: "failed", error: end.error.body });
    }
  }
}

function settle(work: Promise<OrderView>, failed: (error: unknown) => ApiError): Promise<OrderEnd> {
  return work.then(
    (view) => ({ view }),
    (error: unknown) => ({ error: failed(error) }),
  );
}
