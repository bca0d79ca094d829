/* A terminal behind its door: what begins is refused in the words of each act, what is known goes on, what only asks or tells is never shut. */
import { describe, expect, it } from "vitest";
import { fen } from "./base/fen.ts";
import { dooredTerminal } from "./doored-terminal.ts";
import { limits } from "./drivers/contract/bench.ts";
import type { Terminal } from "./terminal.ts";
import { ActDoor } from "./txn/act-door.ts";
import type { OrderRequest, OrderView } from "./txn/medical-order/order.ts";

const LIMITS = limits(1_000);
const ORDER = { client: "till", orderNumber: "n1", operator: "op", amount: fen(500) } as OrderRequest;

function opened(known: { readonly order?: Partial<OrderView>; readonly marks?: readonly string[]; readonly state?: string } = {}) {
  const begun: string[] = [];
  const view: OrderView = { ...ORDER, state: "done", tenders: [], rest: fen(0), receipts: [], ...known.order };
  const act = (name: string) => async () => {
    begun.push(name);
    return view;
  };
  const acts = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, act(name)]));
  const lane = { take: () => () => void begun.push("given-back") };
  // Only what is called here is there.
  const terminal = {
    ...acts("quickPayment", "medicalPurchase"),
    journal: {
      mark: async (name: string) => (known.marks?.includes(name) === true ? "subject" : undefined),
      entriesOf: async () => [{ state: known.state ?? "unknown" }],
    },
    orders: { ...acts("place", "voidOrder", "settleLater", "payRefund", "reprint"), query: async () => (known.order === undefined ? undefined : view) },
    shop: acts("refund", "printSale", "printRefund", "printShift", "currentShift", "endShift"),
    bank: acts(
      "signIn",
      "signOff",
      "pay",
      "takeBack",
      "balance",
      "load",
      "settle",
      "known",
      "settlementDealtWith",
      "download",
      "parked",
      "settleParked",
      "view",
    ),
    contributions: acts("bills", "benefits", "pay", "known", "receipt", "settleCase", "openCases"),
    services: acts("perform", "table"),
    readerPlace: { lane, services: acts("perform"), ...acts("sell") },
  } as unknown as Terminal;
  const door = new ActDoor();
  return { begun, door, terminal: dooredTerminal(terminal, door) };
}

const REQUEST = { reference: "r1", request: "q1", amount: fen(1), operator: "op" };

/** Every act that begins something, by the name of what does it. */
const BEGINS: readonly (readonly [string, (terminal: Terminal) => Promise<unknown> | undefined])[] = [
  ["quickPayment", (terminal) => terminal.quickPayment(REQUEST, LIMITS)],
  ["medicalPurchase", (terminal) => terminal.medicalPurchase(REQUEST as never, LIMITS)],
  ["refund", (terminal) => terminal.shop.refund(REQUEST as never)],
  ["signIn", (terminal) => terminal.bank?.signIn(LIMITS)],
  ["signOff", (terminal) => terminal.bank?.signOff(LIMITS)],
  ["pay", (terminal) => terminal.bank?.pay(REQUEST as never, LIMITS)],
  ["takeBack", (terminal) => terminal.bank?.takeBack(REQUEST as never, LIMITS)],
  ["balance", (terminal) => terminal.bank?.balance(REQUEST, LIMITS)],
  ["load", (terminal) => terminal.bank?.load(REQUEST as never, LIMITS)],
  ["settle", (terminal) => terminal.bank?.settle(REQUEST, LIMITS)],
  ["bills", (terminal) => terminal.contributions?.bills(REQUEST, LIMITS)],
  ["benefits", (terminal) => terminal.contributions?.benefits(REQUEST, LIMITS)],
  ["pay", (terminal) => terminal.contributions?.pay(REQUEST as never, LIMITS)],
  ["perform", (terminal) => terminal.services?.perform(REQUEST as never, LIMITS)],
  ["perform", (terminal) => terminal.readerPlace?.services.perform(REQUEST as never, LIMITS)],
  ["sell", (terminal) => terminal.readerPlace?.sell(REQUEST, LIMITS)],
];

const KNOWN_BY_REFERENCE = new Set(["quickPayment", "medicalPurchase", "pay", "takeBack", "load", "perform", "sell"]);

describe("a terminal behind its door", () => {
  it.each(BEGINS)("begins %s while nobody holds it, and refuses it while somebody does", async (name, ask) => {
    const { begun, door, terminal } = opened();
    await ask(terminal);
    expect(begun).toEqual([name === "sell" ? "sell" : name]);
    door.hold(true);
    expect(await ask(terminal)).toMatchObject({ kind: "refused", reason: "held" });
    expect(begun).toHaveLength(1);
    expect(door.underWay).toBe(0);
  });

  it.each(BEGINS.filter(([name]) => KNOWN_BY_REFERENCE.has(name)))("goes on with %s that it knows by its reference", async (_name, ask) => {
    const { begun, door, terminal } = opened({ marks: ["sale/r1"] });
    door.hold(true);
    await ask(terminal);
    expect(begun).toHaveLength(1);
  });

  it.each(BEGINS.filter(([name]) => KNOWN_BY_REFERENCE.has(name)))("does not begin %s anew by the name of one of which nothing is left", async (_name, ask) => {
    for (const state of ["refused", "void"]) {
      const { begun, door, terminal } = opened({ marks: ["sale/r1"], state });
      door.hold(true);
      expect(await ask(terminal)).toMatchObject({ kind: "refused", reason: "held" });
      expect(begun).toEqual([]);
    }
  });

  it("tells a refund that is on the books once more", async () => {
    const { begun, door, terminal } = opened({ marks: ["refund-request/q1"] });
    door.hold(true);
    await terminal.shop.refund(REQUEST as never);
    expect(begun).toEqual(["refund"]);
  });

  it.each<[string, Partial<OrderView> | undefined, string, string | undefined]>([
    ["place", undefined, "refused", undefined],
    ["place", { state: "open" }, "open", "place"],
    ["place", { state: "done" }, "done", "place"],
    ["voidOrder", undefined, "done", "voidOrder"],
    ["voidOrder", { state: "done" }, "done", undefined],
    ["voidOrder", { state: "unknown" }, "unknown", "voidOrder"],
    ["settleLater", { state: "offline" }, "offline", undefined],
    ["payRefund", { state: "offline" }, "offline", "payRefund"],
  ])("asked to %s an order known as %o while it is held", async (act, order, state, begins) => {
    const { begun, door, terminal } = opened(order === undefined ? {} : { order });
    door.hold(true);
    const { orders } = terminal;
    const asked = {
      place: () => orders.place(ORDER, {} as never, LIMITS),
      voidOrder: () => orders.voidOrder(ORDER, ORDER, LIMITS),
      settleLater: () => orders.settleLater(ORDER, ORDER, {} as never, LIMITS),
      payRefund: () => orders.payRefund(ORDER, ORDER, LIMITS),
    }[act];
    const view = await asked?.();
    expect(view?.state).toBe(state);
    expect(begun).toEqual(begins === undefined ? [] : [begins]);
    if (begins === undefined) expect(view?.reason).toBe("held");
  });

  it("gives no program the reader's lane while it is held, and counts the one that has it", () => {
    const { begun, door, terminal } = opened();
    const giveBack = terminal.readerPlace?.lane.take();
    expect(door.underWay).toBe(1);
    door.hold(true);
    expect(terminal.readerPlace?.lane.take()).toBeUndefined();
    giveBack?.();
    expect([door.underWay, begun]).toEqual([0, ["given-back"]]);
  });
});
