/* Orders that callers join, leave and take up again; under virtual time. */
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { Fault } from "../../base/fault.ts";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { apiConfig } from "../../config/api.ts";
import type { CounterDesk, OrderAnswer, OrderQuestion } from "../../txn/medical-desk/desk.ts";
import type { OrderView } from "../../txn/medical-order/order.ts";
import { ApiError } from "./errors.ts";
import { EventLog } from "./event-log.ts";
import { JoinedWork } from "./joined.ts";
import type { OrderWork } from "./live-order.ts";
import { LiveOrders } from "./live-orders.ts";
import type { StreamItem } from "./wire.ts";

const NAME = { client: "pos1", orderNumber: "1" };
const FIRST: OrderView = { ...NAME, operator: "cashier", amount: fen(1_000), state: "open", tenders: [], rest: fen(1_000), receipts: [] };
const DONE: OrderView = { ...FIRST, state: "done", rest: ZERO_FEN };
const QUESTION: OrderQuestion = { ask: "tender", rest: fen(200), choices: ["cash", "e-purse"] };
const NEVER = new AbortController().signal;

function made(bounds: object = {}) {
  const clock = new VirtualClock(0);
  const closing = new AbortController();
  const defects: unknown[] = [];
  const { bounds: full } = apiConfig.parse({ clients: [{ client: "pos1", tokenSha256: "0".repeat(64) }], operators: OPERATORS, bounds });
  const parts = {
    clock,
    randomness: new SeededRandomness("live"),
    bounds: full,
    log: SILENT,
    signal: closing.signal,
    onDefect: (error: unknown) => defects.push(error),
  };
  return { clock, closing, defects, live: new LiveOrders(parts) };
}

const OPERATORS = [{ operator: "a", role: "cashier", passwordHash: `scrypt$10$8$1$${"0".repeat(32)}$${"0".repeat(64)}` }];

/** Work that asks one question and tells what it was answered. */
function asking(answers: OrderAnswer[], question: OrderQuestion = QUESTION): OrderWork & { runs: number } {
  const work = {
    key: "place:1",
    first: FIRST,
    runs: 0,
    run: async (desk: CounterDesk) => {
      work.runs += 1;
      const answer = await desk.ask(question, { timeoutMs: 3_600_000, signal: NEVER });
      answers.push(answer);
      return answer.answer === "none" ? { ...FIRST, reason: "no-answer" as const } : DONE;
    },
  };
  return work;
}

function refusedWith(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.body.error;
    throw error;
  }
  return "taken";
}

const types = (items: readonly { readonly item: StreamItem }[]) => items.map(({ item }) => item.type);

describe("an order under way", () => {
  it("is joined by whoever sends it again, and is one piece of work", async () => {
    const { clock, live } = made();
    const answers: OrderAnswer[] = [];
    const work = asking(answers);
    const [first, second] = [live.begin(NAME, work), live.begin(NAME, work)];
    const limits = { timeoutMs: 60_000, signal: NEVER };
    const waits = Promise.all([first.wait(limits), second.wait(limits)]);
    const question = first.wire()?.question;
    expect(question).toEqual({ id: expect.any(String), ask: "tender", restFen: 200, choices: ["cash", "e-purse"] });
    first.answer({ question: question?.id ?? "", answer: "tender", tender: "cash", amountFen: 200 });
    const ends = await clock.resolve(waits);
    expect(ends[0]).toBe(ends[1]);
    expect([work.runs, answers]).toEqual([1, [{ answer: "tender", tender: "cash", amount: 200 }]]);
  });

  it.each([
    ["place:2", "order-conflict"],
    ["void", "order-open"],
  ])("is not %s: %s", (key, told) => {
    const { live } = made();
    live.begin(NAME, asking([]));
    expect(refusedWith(() => live.begin(NAME, { ...asking([]), key }))).toBe(told);
  });

  it("goes on when its caller's wait is over", async () => {
    const { clock, live } = made();
    const order = live.begin(NAME, asking([]));
    expect(await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }))).toBeUndefined();
    const gone = new AbortController();
    const wait = order.wait({ timeoutMs: 1_000, signal: gone.signal });
    gone.abort();
    expect(await wait).toBeUndefined();
    expect(order.underWay).toBe(true);
  });

  it("rests when nobody answers, and is taken up by asking again", async () => {
    const { clock, live } = made({ questionTimeoutMs: 5_000 });
    const answers: OrderAnswer[] = [];
    const order = live.begin(NAME, asking(answers));
    const end = await clock.resolve(order.wait({ timeoutMs: 60_000, signal: NEVER }));
    expect(end).toMatchObject({ view: { state: "open", reason: "no-answer" } });
    expect(clock.monotonicMs()).toBe(5_000);
    const again = live.begin(NAME, asking(answers));
    expect(again).toBe(order);
    again.answer({ question: again.wire()?.question?.id ?? "", answer: "tender", tender: "e-purse", amountFen: 1 });
    await clock.resolve(again.wait({ timeoutMs: 60_000, signal: NEVER }));
    expect(answers).toEqual([{ answer: "none" }, { answer: "tender", tender: "e-purse", amount: 1 }]);
    expect(types(order.events.after(undefined).items)).toEqual(["question", "answered", "result", "question", "answered", "result"]);
  });

  it("that has ended already tells its end to whoever comes a moment late", async () => {
    const { live, clock } = made();
    const order = live.begin(NAME, {
      key: "place:1",
      first: FIRST,
      run: () => Promise.reject(new Fault("store-broken", "no journal", { effectUnknown: false })),
    });
    await clock.resolve(clock.sleep(1));
    expect(order.underWay).toBe(false);
    expect(await order.wait({ timeoutMs: 1, signal: NEVER })).toMatchObject({ error: { body: { error: "store-broken" } } });
  });

  it("rests when the API closes", async () => {
    const { clock, closing, live } = made();
    const seen: boolean[] = [];
    const run: OrderWork["run"] = async (desk, limits) => {
      const { answer } = await desk.ask(QUESTION, limits);
      seen.push(answer === "none", limits.signal.aborted);
      return FIRST;
    };
    const order = live.begin(NAME, { key: "place:1", first: FIRST, run });
    closing.abort();
    await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }));
    expect(seen).toEqual([true, true]);
  });

  it("that fails tells its failure to everybody", async () => {
    const { clock, live, defects } = made();
    const run = () => Promise.reject(new Fault("store-broken", "no journal", { effectUnknown: true }));
    const order = live.begin(NAME, { key: "place:1", first: FIRST, run });
    const end = await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }));
    expect(end).toMatchObject({ error: { status: 503, body: { error: "store-broken", problems: [expect.stringContaining("effect: unknown")] } } });
    expect([types(order.events.after(undefined).items), defects]).toEqual([["failed"], []]);
  });

  it("that meets our own mistake says so and reports it", async () => {
    const { clock, live, defects } = made();
    const order = live.begin(NAME, { key: "place:1", first: FIRST, run: () => Promise.reject(new Error("mistake")) });
    expect(await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }))).toMatchObject({ error: { body: { error: "terminal-failed" } } });
    expect(defects).toHaveLength(1);
  });
});

describe("an answer", () => {
  const choice = {
    ask: "offline",
    figures: { final: false, total: fen(1), fund: ZERO_FEN, account: ZERO_FEN, mutualAid: ZERO_FEN, cash: fen(1) },
    choices: ["settle-later"],
  } as const;
  it.each([
    [QUESTION, { answer: "confirm" }, "answer-unfitting"],
    [QUESTION, { answer: "tender", tender: "bank-card", amountFen: 1 }, "answer-unfitting"],
    [QUESTION, { answer: "tender", tender: "cash", amountFen: 201 }, "answer-unfitting"],
    [QUESTION, { answer: "tender", tender: "cash", amountFen: 200 }, "taken"],
    [QUESTION, { answer: "cancel" }, "taken"],
    [{ ask: "insurance", choices: ["310"] }, { answer: "insurance", insuranceType: "390" }, "answer-unfitting"],
    [{ ask: "insurance", choices: ["310"] }, { answer: "insurance", insuranceType: "310" }, "taken"],
    [choice, { answer: "offline", choice: "reimbursement-slip" }, "answer-unfitting"],
    [choice, { answer: "offline", choice: "settle-later" }, "taken"],
    [{ ask: "confirm", figures: choice.figures }, { answer: "confirm" }, "taken"],
    [{ ask: "confirm", figures: choice.figures }, { answer: "insurance", insuranceType: "310" }, "answer-unfitting"],
  ] as const)("%o, %o: %s", (question, given, told) => {
    const { live } = made();
    const order = live.begin(NAME, asking([], question));
    const id = order.wire()?.question?.id ?? "";
    expect(refusedWith(() => order.answer({ question: id, ...given }))).toBe(told);
  });

  it("to another question is stale; sent again it is the same; another one is not", async () => {
    const { clock, live } = made();
    const answers: OrderAnswer[] = [];
    const order = live.begin(NAME, asking(answers));
    const id = order.wire()?.question?.id ?? "";
    expect(refusedWith(() => order.answer({ question: "other", answer: "cancel" }))).toBe("question-stale");
    for (let sent = 0; sent < 2; sent += 1) order.answer({ question: id, answer: "tender", tender: "cash", amountFen: 1 });
    await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }));
    order.answer({ question: id, answer: "tender", tender: "cash", amountFen: 1 });
    expect(refusedWith(() => order.answer({ question: id, answer: "cancel" }))).toBe("question-answered");
    expect(answers).toHaveLength(1);
  });
});

describe("giving up", () => {
  it("answers the open question, and every later one", async () => {
    const { clock, live } = made();
    const answers: OrderAnswer[] = [];
    const run: OrderWork["run"] = async (desk, limits) => {
      answers.push(await desk.ask(QUESTION, limits), await desk.ask(QUESTION, limits));
      return DONE;
    };
    const order = live.begin(NAME, { key: "place:1", first: FIRST, run });
    order.cancel();
    await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }));
    expect(answers).toEqual([{ answer: "cancel" }, { answer: "cancel" }]);
  });

  it.each([
    [["started", "present-card"], true],
    [["started", "present-card", "card-read"], false],
    [["started", "settling", "present-card"], false],
    [["started", "voiding", "present-card"], false],
  ] as const)("after %o ends the wait for a card: %s", (told, ends) => {
    const { live } = made();
    let aborted = () => false;
    const run: OrderWork["run"] = (desk, { signal }) => {
      aborted = () => signal.aborted;
      for (const is of told) desk.tell({ is });
      return new Promise(() => undefined);
    };
    live.begin(NAME, { key: "place:1", first: FIRST, run }).cancel();
    expect(aborted()).toBe(ends);
  });
});

describe("bounds", () => {
  it("more orders than the terminal takes are refused", () => {
    const { live } = made({ orders: 2 });
    for (const orderNumber of ["1", "2"]) live.begin({ ...NAME, orderNumber }, asking([]));
    expect(refusedWith(() => live.begin({ ...NAME, orderNumber: "3" }, asking([])))).toBe("too-many-orders");
    expect(live.underWay).toBe(2);
  });

  it("ended orders are forgotten, the longest unused first, those under way and listened to never", async () => {
    const { clock, live } = made({ ordersRemembered: 2 });
    const ended: OrderWork = { key: "place:1", first: FIRST, run: () => Promise.resolve(DONE) };
    const open = live.begin({ ...NAME, orderNumber: "open" }, asking([]));
    for (const orderNumber of ["1", "2", "3", "4"]) {
      const order = live.begin({ ...NAME, orderNumber }, ended);
      if (orderNumber === "1") order.events.listen(() => undefined);
      await clock.resolve(order.wait({ timeoutMs: 1_000, signal: NEVER }));
    }
    const held = ["open", "1", "2", "3", "4"].filter((orderNumber) => live.find({ ...NAME, orderNumber }) !== undefined);
    expect(held).toEqual(["open", "1", "4"]);
    expect(open.underWay).toBe(true);
  });
});

describe("work with a name", () => {
  it("is done once for all who ask while it is under way, and anew afterwards", async () => {
    const joined = new JoinedWork<number>();
    let [done, end] = [0, (_result: number): void => undefined];
    const work = () => {
      done += 1;
      return new Promise<number>((resolve) => {
        end = resolve;
      });
    };
    const both = Promise.all([joined.run("q1", "a", work), joined.run("q1", "a", work)]);
    expect(refusedWith(() => joined.run("q1", "b", work))).toBe("order-conflict");
    end(7);
    expect([await both, done]).toEqual([[7, 7], 1]);
    void joined.run("q1", "b", work);
    expect(done).toBe(2);
  });
});

describe("the log of an order", () => {
  const log = new EventLog("g", 3);
  for (let number = 1; number <= 5; number += 1) log.append({ type: "answered", question: `q${number}`, by: "counter" });
  it.each([
    [undefined, true, ["g-3", "g-4", "g-5"]],
    ["g-1", true, ["g-3", "g-4", "g-5"]],
    ["g-2", false, ["g-3", "g-4", "g-5"]],
    ["g-4", false, ["g-5"]],
    ["g-5", false, []],
    ["g-6", true, ["g-3", "g-4", "g-5"]],
    ["h-4", true, ["g-3", "g-4", "g-5"]],
    ["g-", true, ["g-3", "g-4", "g-5"]],
    ["g-04", true, ["g-3", "g-4", "g-5"]],
  ])("after %j: gap %s, %j", (last, gap, ids) => {
    const told = log.after(last);
    expect([told.gap, told.items.map(({ id }) => id)]).toEqual([gap, ids]);
  });
  it("of a young order has no gap", () => expect(new EventLog("g", 3).after(undefined)).toEqual({ gap: false, items: [] }));
});
