/*
 * Goal: a terminal that can be held: while its door is shut, nobody begins anything new there, whichever way they come, and whoever looks after it
 * sees when the last act has ended.
 * Method: every act that begins something goes through the door, in the words of its own answer. An act that is known already is continued.
 * Lanes and keypad, which begin by themselves, have the same door inside.
 */
import { AssertionFailure } from "./base/assert.ts";
import type { Terminal } from "./terminal.ts";
import type { BankActs } from "./txn/acquiring/acts.ts";
import { type Act, type ActDoor, goesOn } from "./txn/act-door.ts";
import type { CardServiceActs } from "./txn/card-services/acts.ts";
import { refuse } from "./txn/card-services/refusals.ts";
import type { ContributionActs } from "./txn/contributions/acts.ts";
import type { OrderActs, OrderName, OrderRequest, OrderView } from "./txn/medical-order/order.ts";
import { saleMark } from "./txn/quick-payment/record.ts";
import { requestMark } from "./txn/shop/refunds.ts";

const HELD = { kind: "refused", reason: "held" } as const;

export function dooredTerminal(terminal: Terminal, door: ActDoor): Terminal {
  const { bank, contributions, services, readerPlace, gates, reconciliation, shop } = terminal;
  const begin: Begin = <Outcome>(reference: string | undefined, work: () => Promise<Outcome>) =>
    door.begin<Outcome | typeof HELD>({ ...begunAs(terminal, reference), work, refused: () => HELD });
  const quickPayment: Terminal["quickPayment"] = (request, limits) => begin(request.reference, () => terminal.quickPayment(request, limits));
  const perform = services === undefined ? undefined : servicesBehind(services, { door, terminal });
  return {
    ...{ journal: terminal.journal, devices: terminal.devices, uploads: terminal.uploads, gates, reconciliation },
    trustedMs: () => terminal.trustedMs(),
    orders: ordersBehind(terminal.orders, door),
    shop: {
      refund: (request) => {
        const isBegun = async () => (await terminal.journal.mark(requestMark(request.request))) !== undefined;
        return door.begin({ isBegun, work: () => shop.refund(request), refused: () => HELD });
      },
      printSale: (reference, wish, limits) => shop.printSale(reference, wish, limits),
      printRefund: (request, wish, limits) => shop.printRefund(request, wish, limits),
      printShift: (shift, wish, limits) => shop.printShift(shift, wish, limits),
      currentShift: () => shop.currentShift(),
      endShift: (shift, act) => shop.endShift(shift, act),
    },
    bank: bank === undefined ? undefined : bankBehind(bank, begin),
    contributions: contributions === undefined ? undefined : contributionsBehind(contributions, begin),
    services: perform,
    readerPlace:
      readerPlace === undefined
        ? undefined
        : {
            ...readerPlace,
            // A program that drives the reader by itself finds it taken.
            lane: { take: () => takenBehind(readerPlace.lane, door) },
            services: { ...readerPlace.services, perform: (request, limits) => (perform ?? readerPlace.services).perform(request, limits) },
            sell: (request, limits) => begin(request.reference, () => readerPlace.sell(request, limits)),
          },
    quickPayment,
    medicalPurchase: (request, limits) => begin(request.reference, () => terminal.medicalPurchase(request, limits)),
    onLaneEvent: (listener) => terminal.onLaneEvent(listener),
    openOffline: (limit) => terminal.openOffline(limit),
    status: () => terminal.status(),
    tapTimes: () => terminal.tapTimes(),
    settled: () => terminal.settled(),
    idle: (limits) => terminal.idle(limits),
    stop: () => terminal.stop(),
  };
}

function notReached(): never {
  throw new AssertionFailure("what is known goes on");
}

/** An act with money by its reference; without one it is new each time. */
type Begin = <Outcome>(reference: string | undefined, work: () => Promise<Outcome>) => Promise<Outcome | typeof HELD>;

function begunAs({ journal }: Pick<Terminal, "journal">, reference: string | undefined): Pick<Act<never>, "isBegun"> {
  return reference === undefined ? {} : { isBegun: () => goesOn(journal, saleMark(reference)) };
}

function takenBehind(lane: { take(): (() => void) | undefined }, door: ActDoor): (() => void) | undefined {
  const leave = door.enter();
  const giveBack = leave === undefined ? undefined : lane.take();
  if (giveBack === undefined) leave?.();
  return giveBack === undefined
    ? undefined
    : () => {
        giveBack();
        leave?.();
      };
}

function ordersBehind(orders: OrderActs, door: ActDoor): OrderActs {
  const behind = (name: OrderName, work: () => Promise<OrderView>, refused: (known: OrderView | undefined) => OrderView | undefined) => {
    return beginOrder(door, { work, refused, known: () => orders.query(name) });
  };
  return {
    // What rests or is done is taken up again by its name.
    place: (request, desk, limits) =>
      behind(
        request,
        () => orders.place(request, desk, limits),
        (known) => (known === undefined ? notBegun(request) : undefined),
      ),
    voidOrder: (name, act, limits) => behind(name, () => orders.voidOrder(name, act, limits), heldUnlessOpen),
    settleLater: (name, act, desk, limits) => behind(name, () => orders.settleLater(name, act, desk, limits), heldUnlessOpen),
    payRefund: (name, act, limits) => door.begin({ isBegun: async () => true, work: () => orders.payRefund(name, act, limits), refused: notReached }),
    reprint: (name, act, limits) => orders.reprint(name, act, limits),
    query: (name) => orders.query(name),
  };
}

interface OrderAct {
  readonly work: () => Promise<OrderView>;
  readonly known: () => Promise<OrderView | undefined>;
  /** Undefined: it goes on, shut or not. */
  readonly refused: (known: OrderView | undefined) => OrderView | undefined;
}

async function beginOrder(door: ActDoor, { work, known, refused }: OrderAct): Promise<OrderView> {
  const refusal: { view?: OrderView } = {};
  const isBegun = async () => {
    const view = refused(await known());
    if (view !== undefined) refusal.view = view;
    return view === undefined;
  };
  return door.begin({ isBegun, work, refused: () => refusal.view ?? notReached() });
}

/** An order that is not decided, or that nobody knows, is for the order's own answer. */
function heldUnlessOpen(known: OrderView | undefined): OrderView | undefined {
  return known === undefined || known.state === "open" || known.state === "unknown" ? undefined : { ...known, reason: "held" };
}

function notBegun({ client, orderNumber, amount, operator }: OrderRequest): OrderView {
  return { client, orderNumber, amount, operator, state: "refused", reason: "held", tenders: [], rest: amount, receipts: [] };
}

function bankBehind(bank: BankActs, begin: Begin): BankActs {
  return {
    signIn: (limits) => begin(undefined, () => bank.signIn(limits)),
    signOff: (limits) => begin(undefined, () => bank.signOff(limits)),
    pay: (request, limits) => begin(request.reference, () => bank.pay(request, limits)),
    takeBack: (request, limits) => begin(request.reference, () => bank.takeBack(request, limits)),
    balance: (request, limits) => begin(undefined, () => bank.balance(request, limits)),
    load: (request, limits) => begin(request.reference, () => bank.load(request, limits)),
    settle: (request, limits) => begin(undefined, () => bank.settle(request, limits)),
    known: (reference) => bank.known(reference),
    settlementDealtWith: (word, limits) => bank.settlementDealtWith(word, limits),
    download: (what, limits) => bank.download(what, limits),
    parked: (limit) => bank.parked(limit),
    settleParked: (subject, act) => bank.settleParked(subject, act),
    view: () => bank.view(),
  };
}

function contributionsBehind(acts: ContributionActs, begin: Begin): ContributionActs {
  return {
    bills: (request, limits) => begin(undefined, () => acts.bills(request, limits)),
    benefits: (request, limits) => begin(undefined, () => acts.benefits(request, limits)),
    pay: (request, limits) => begin(request.reference, () => acts.pay(request, limits)),
    known: (reference) => acts.known(reference),
    receipt: (reference) => acts.receipt(reference),
    settleCase: (subject, act) => acts.settleCase(subject, act),
    openCases: (limit) => acts.openCases(limit),
  };
}

function servicesBehind(services: CardServiceActs, { door, terminal }: { readonly door: ActDoor; readonly terminal: Terminal }): CardServiceActs {
  return {
    perform: (request, limits) =>
      door.begin({
        ...begunAs(terminal, "reference" in request ? request.reference : undefined),
        work: () => services.perform(request, limits),
        refused: () => refuse("held"),
      }),
    table: () => services.table(),
  };
}
