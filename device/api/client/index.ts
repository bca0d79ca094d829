/*
 * A counter's program speaks to the terminal through this: one object for each client. Whatever is asked again after a lost answer is the same
 * thing to the terminal (an order by its number, an answer by its question), so that requests are repeated here and never doubled there.
 */
import { BankClient } from "./bank.ts";
import type { Door } from "./door.ts";
import { CounterError, errorBody } from "./errors.ts";
import { ServicesClient } from "./services.ts";
import { EventReader } from "./stream.ts";
import type {
  Answer,
  Basket,
  Credential,
  Devices,
  GateItem,
  Gates,
  Given,
  LaneOpened,
  OfflineSales,
  Order,
  OrderEvent,
  ParkedUploads,
  Question,
  QuickPayment,
  QuickPaymentRequest,
  ReceiptKind,
  ReconciledDay,
  ReconciliationReport,
  Reprinted,
  Returned,
  SaleRefund,
  SaleRefundRequest,
  Scanned,
  Shift,
  ShiftEnd,
  SignedIn,
  Slip,
  SlipLine,
  Status,
  StreamItem,
  TapTimes,
  UploadAct,
} from "./types.ts";

export { CounterError } from "./errors.ts";
export type * from "./service-types.ts";
export type * from "./types.ts";

export interface ClientOptions {
  /** Such as http://127.0.0.1:7420. */
  readonly baseUrl: string;
  readonly token: string;
  /** Left out: the runtime's own. One of your own may know a certificate that the runtime does not. */
  readonly fetch?: typeof fetch;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How often a request that may be repeated is tried. */
  readonly tries?: number;
  /** How long an order is asked for before this side gives up waiting; the order itself goes on. */
  readonly patienceMs?: number;
}

/** What a counter does while its order goes on. */
export interface OrderHandlers {
  readonly onEvent?: (event: OrderEvent) => void;
  /** The answer; undefined leaves the question to somebody else. */
  readonly onQuestion: (question: Question) => Promise<Given | undefined> | Given | undefined;
}

interface Asked {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** False where asking again might do it twice. */
  readonly repeats: boolean;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 3_000;
/** The terminal cuts it to its own bound. */
const LONG_WAIT_MS = 300_000;
const DEFAULT_TRIES = 8;
const DEFAULT_PATIENCE_MS = 1_800_000;
/** Refusals that say "not now". */
const LATER: ReadonlySet<string> = new Set(["too-many-requests", "too-many-orders", "too-many-streams", "queue-full"]);

const ANSWERED: ReadonlySet<string> = new Set(["question-stale", "question-answered"]);
const NEVER = new AbortController().signal;

export class CounterClient {
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch;
  readonly #sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Bank cards, and what goes with them. */
  readonly bank: BankClient;
  /** Contributions, benefits, and the services of the card. */
  readonly services: ServicesClient;
  #session: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
    this.#sleep = options.sleep ?? sleep;
    const door: Door = { get: (path) => this.#get(path), post: (path, body) => this.#post(path, body), act: (path, body) => this.#act(path, body) };
    this.bank = new BankClient(door);
    this.services = new ServicesClient(door);
  }

  async signIn(operator: string, password: string): Promise<SignedIn> {
    const signed = await this.#json<SignedIn>({ method: "POST", path: "/v1/operators/sign-in", body: { operator, password }, repeats: false });
    this.#session = signed.session;
    return signed;
  }

  async signOut(): Promise<void> {
    await this.#post("/v1/operators/sign-out", {});
    this.#session = undefined;
  }

  /** Sends the basket and waits for its result, however long that takes and however often it has to ask. */
  async place(orderNumber: string, basket: Basket, signal?: AbortSignal): Promise<Order> {
    const begun = await this.#begin(orderNumber, basket, signal);
    return begun.underWay ? this.#result(orderNumber, signal) : begun;
  }

  /** Sends the basket, tells its events, has its questions answered, and gives its result. A handler that throws ends the waiting, not the order. */
  async settle(orderNumber: string, basket: Basket, handlers: OrderHandlers): Promise<Order> {
    const begun = await this.#begin(orderNumber, basket);
    if (!begun.underWay) return begun;
    const over = new AbortController();
    const result = this.#result(orderNumber, over.signal);
    result.catch(() => undefined);
    const serving = this.#serve(orderNumber, handlers, over.signal);
    serving.catch(() => undefined);
    try {
      return await Promise.race([result, serving.then(() => result)]);
    } finally {
      over.abort();
    }
  }

  order(orderNumber: string): Promise<Order> {
    return this.#get(pathOf(orderNumber));
  }

  async answer(orderNumber: string, answer: Answer): Promise<void> {
    await this.#post(`${pathOf(orderNumber)}/answers`, answer);
  }

  cancel(orderNumber: string): Promise<Order> {
    return this.#untilEnded(() => this.#post(`${pathOf(orderNumber)}/cancel`, {}));
  }

  voidOrder(orderNumber: string): Promise<Order> {
    return this.#untilEnded(() => this.#post(`${pathOf(orderNumber)}/void`, {}));
  }

  /** Gives the order back as a whole; what the customer keeps is a new order. Its questions are answered as those of any order. */
  async returnGoods(orderNumber: string, kept: { readonly newOrderNumber: string; readonly basket: Basket }): Promise<Returned> {
    const untilMs = Date.now() + this.#patienceMs;
    for (;;) {
      const returned = await this.#post<Returned>(`${pathOf(orderNumber)}/return`, kept);
      const underWay = returned.kept?.underWay ?? returned.given.underWay;
      if (!underWay || Date.now() > untilMs) return returned;
    }
  }

  reprint(orderNumber: string, receipt: ReceiptKind): Promise<Reprinted> {
    return this.#json({ method: "POST", path: `${pathOf(orderNumber)}/reprint`, body: { receipt }, repeats: false });
  }

  /** `credential` left out: the card as it was read at the sale, where the region settles without its holder. */
  settleLater(orderNumber: string, credential?: Credential): Promise<Order> {
    const body = credential === undefined ? {} : { credential };
    return this.#untilEnded(() => this.#post(`${pathOf(orderNumber)}/settle-later`, body));
  }

  payRefund(orderNumber: string): Promise<Order> {
    return this.#untilEnded(() => this.#post(`${pathOf(orderNumber)}/pay-refund`, {}));
  }

  status(): Promise<Status> {
    return this.#get("/v1/status");
  }

  /** Goods that the insurer did not take note of, for people. */
  uploads(): Promise<ParkedUploads> {
    return this.#get("/v1/uploads");
  }

  /** Tells a parked upload again. */
  retryUpload(subject: string): Promise<UploadAct> {
    return this.#act(`/v1/uploads/${encodeURIComponent(subject)}/retry`);
  }

  /** A person has dealt with it otherwise. */
  dismissUpload(subject: string): Promise<UploadAct> {
    return this.#act(`/v1/uploads/${encodeURIComponent(subject)}/dismiss`);
  }

  /** Sales without the insurer for which something is still to be done. */
  offlineSales(): Promise<OfflineSales> {
    return this.#get("/v1/offline");
  }

  tapTimes(): Promise<TapTimes> {
    return this.#get("/v1/taps");
  }

  devices(): Promise<Devices> {
    return this.#get("/v1/devices");
  }

  scan(timeoutMs?: number): Promise<Scanned> {
    return this.#json({ method: "POST", path: "/v1/scan", body: timeoutMs === undefined ? {} : { timeoutMs }, repeats: false });
  }

  async print(slip: readonly SlipLine[]): Promise<void> {
    await this.#json({ method: "POST", path: "/v1/print", body: { slip }, repeats: false });
  }

  /** The same sale number is the same sale: asking again never debits twice. */
  quickPayment(sale: QuickPaymentRequest): Promise<QuickPayment> {
    return this.#post("/v1/quick-payments", sale);
  }

  /** The same refund number is the same refund: asking again never gives back twice. */
  refundQuickPayment(saleNumber: string, refund: SaleRefundRequest): Promise<SaleRefund> {
    return this.#post(`/v1/quick-payments/${encodeURIComponent(saleNumber)}/refunds`, refund);
  }

  /** Prints the slip of a sale again, marked as a copy. */
  printSale(saleNumber: string): Promise<Slip> {
    return this.#act(`/v1/quick-payments/${encodeURIComponent(saleNumber)}/slip`);
  }

  printRefund(refundNumber: string): Promise<Slip> {
    return this.#act(`/v1/refunds/${encodeURIComponent(refundNumber)}/slip`);
  }

  shift(): Promise<Shift> {
    return this.#get("/v1/shifts/current");
  }

  /** Ends this shift once, however often it is asked to. */
  endShift(shift: number, { prints = false }: { readonly prints?: boolean } = {}): Promise<ShiftEnd> {
    return this.#post(`/v1/shifts/${shift}/end`, { prints });
  }

  printShift(shift: number): Promise<Slip> {
    return this.#act(`/v1/shifts/${shift}/slip`);
  }

  gates(): Promise<Gates> {
    return this.#get("/v1/gates");
  }

  /** Opens a lane for one passage without payment; asked again it would open again. */
  openGate(lane: string): Promise<LaneOpened> {
    return this.#act(`/v1/gates/${encodeURIComponent(lane)}/open`);
  }

  /** Opens every lane until {@link serveGates}. */
  releaseGates(why: "fire" | "staff" = "staff"): Promise<Gates> {
    return this.#post("/v1/gates/release", { why });
  }

  serveGates(): Promise<Gates> {
    return this.#post("/v1/gates/serve", {});
  }

  /** What happens at the lanes, until `signal` ends; lines that break are taken up again where they broke. */
  gateEvents(signal: AbortSignal): AsyncGenerator<GateItem, void> {
    return this.#follow<GateItem>("/v1/gates/events", signal, isFinal);
  }

  reconcile(day: string): Promise<ReconciledDay> {
    return this.#post(`/v1/reconciliation/${day}`, {});
  }

  lastReconciliation(): Promise<ReconciledDay> {
    return this.#get("/v1/reconciliation/last");
  }

  report(from: string, to: string): Promise<ReconciliationReport> {
    return this.#get(`/v1/reconciliation/report.json?from=${from}&to=${to}`);
  }

  async reportAs(form: "html" | "csv", range: { readonly from: string; readonly to: string }): Promise<string> {
    const path = `/v1/reconciliation/report.${form}?from=${range.from}&to=${range.to}`;
    return (await this.#answered({ method: "GET", path, repeats: true })).text();
  }

  /** What is told of an order, from its beginning, until it has ended; lines that break are taken up again where they broke. */
  async *events(orderNumber: string, signal: AbortSignal = NEVER): AsyncGenerator<StreamItem, void> {
    for await (const item of this.#follow<StreamItem>(`${pathOf(orderNumber)}/events`, signal, isFinal)) {
      yield item;
      if (item.type === "result" || item.type === "failed") return;
    }
  }

  get #tries(): number {
    return this.#options.tries ?? DEFAULT_TRIES;
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? DEFAULT_PATIENCE_MS;
  }

  /**
   * Sends the basket until it has arrived. After a lost answer it is looked for first: an order that was refused in between has its result,
   * and sending it once more would try it anew.
   */
  async #begin(orderNumber: string, basket: Basket, signal?: AbortSignal): Promise<Order> {
    const put: Asked = { method: "PUT", path: `${pathOf(orderNumber)}?waitMs=0`, body: basket, repeats: false, signal };
    let delayMs = FIRST_DELAY_MS;
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#json<Order>(put);
      } catch (error) {
        if (isFinal(error) || tried >= this.#tries || signal?.aborted === true) throw error;
      }
      await this.#sleep(delayMs, signal);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      const arrived = await this.#arrived(orderNumber, basket);
      if (arrived !== undefined) return arrived;
    }
  }

  /** The order, if the terminal knows it and it is not at rest. Of another basket only the terminal can tell: it is sent then. */
  async #arrived(orderNumber: string, basket: Basket): Promise<Order | undefined> {
    try {
      const order = await this.order(orderNumber);
      return order.amountFen === basket.amountFen && (order.underWay || order.state === "refused") ? order : undefined;
    } catch (error) {
      if (error instanceof CounterError && error.error === "order-unknown") return undefined;
      throw error;
    }
  }

  #result(orderNumber: string, signal?: AbortSignal): Promise<Order> {
    return this.#untilEnded(() => this.#json<Order>({ method: "GET", path: `${pathOf(orderNumber)}?waitMs=${LONG_WAIT_MS}`, repeats: true, signal }));
  }

  async #untilEnded(ask: () => Promise<Order>): Promise<Order> {
    const untilMs = Date.now() + this.#patienceMs;
    for (;;) {
      const order = await ask();
      if (!order.underWay || Date.now() > untilMs) return order;
    }
  }

  /** Serves the order until `signal` ends: one that rested and is taken up again goes on telling, and one may not be known yet. */
  async #serve(orderNumber: string, handlers: OrderHandlers, signal: AbortSignal): Promise<void> {
    for await (const item of this.#follow<StreamItem>(`${pathOf(orderNumber)}/events`, signal, () => false)) {
      if (item.type === "event") handlers.onEvent?.(item.event);
      if (item.type === "question") await this.#answerFor(orderNumber, item.question, handlers);
    }
  }

  /** One stream after another, each from where the last one ended, until `signal` ends or one of them ends with a `final` error. */
  async *#follow<Item>(path: string, signal: AbortSignal, final: (error: unknown) => boolean): AsyncGenerator<Item, void> {
    let lastId: string | undefined;
    let delayMs = FIRST_DELAY_MS;
    while (!signal.aborted) {
      try {
        for await (const { id, item } of this.#stream<Item>(path, lastId, signal)) {
          lastId = id ?? lastId;
          delayMs = FIRST_DELAY_MS;
          yield item;
        }
      } catch (error) {
        if (!signal.aborted && final(error)) throw error;
      }
      await this.#sleep(delayMs, signal);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    }
  }

  async #answerFor(orderNumber: string, question: Question, { onQuestion }: OrderHandlers): Promise<void> {
    // What is read again from the beginning may have been answered long ago.
    const { question: open } = await this.order(orderNumber);
    if (open?.id !== question.id) return;
    const given = await onQuestion(question);
    if (given === undefined) return;
    try {
      await this.answer(orderNumber, { ...given, question: question.id });
    } catch (error) {
      // Somebody else was quicker, or its time was over: both are told by the order itself.
      if (!(error instanceof CounterError) || !ANSWERED.has(error.error)) throw error;
    }
  }

  async *#stream<Item>(
    path: string,
    lastId: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly id: string | undefined; readonly item: Item }, void> {
    const headers = lastId === undefined ? {} : { "last-event-id": lastId };
    const response = await this.#answered({ method: "GET", path, headers, signal, repeats: false });
    if (response.body === null) return;
    const reader = new EventReader();
    const decoder = new TextDecoder();
    // A body is bytes, whatever its iterator's type says.
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      for (const { id, data } of reader.push(decoder.decode(piece, { stream: true }))) {
        // The terminal's own schema has made it.
        yield { id, item: JSON.parse(data) as Item };
      }
    }
  }

  #get<Told>(path: string): Promise<Told> {
    return this.#json({ method: "GET", path, repeats: true });
  }

  /** What would be done twice if it were asked for twice. */
  #act<Told>(path: string, body: object = {}): Promise<Told> {
    return this.#json({ method: "POST", path, body, repeats: false });
  }

  #post<Told>(path: string, body: object): Promise<Told> {
    return this.#json({ method: "POST", path, body, repeats: true });
  }

  async #json<Told>(asked: Asked): Promise<Told> {
    const response = await this.#answered(asked);
    // The terminal's own schema has made it.
    return (await response.json()) as Told;
  }

  /** The answer, or the last refusal after all tries. */
  async #answered(asked: Asked): Promise<Response> {
    const tries = asked.repeats ? this.#tries : 1;
    let delayMs = FIRST_DELAY_MS;
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#once(asked);
      } catch (error) {
        if (isFinal(error) || tried >= tries || asked.signal?.aborted === true) throw error;
      }
      await this.#sleep(delayMs, asked.signal);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    }
  }

  async #once({ method, path, body, headers, signal }: Asked): Promise<Response> {
    const { baseUrl, token } = this.#options;
    const sent = {
      authorization: `Bearer ${token}`,
      ...(this.#session === undefined ? {} : { "operator-session": this.#session }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    };
    const request = { method, headers: sent, ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal === undefined ? {} : { signal }) };
    const response = await this.#fetch(`${baseUrl}${path}`, request);
    if (response.ok) return response;
    throw new CounterError(response.status, await errorBody(response));
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof CounterError && !LATER.has(error.error);
}

function pathOf(orderNumber: string): string {
  return `/v1/orders/${encodeURIComponent(orderNumber)}`;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted === true) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}
