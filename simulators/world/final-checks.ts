/* What must be true when the faults have ended and everything has settled. */
import type { Fen } from "../../device/base/fen.ts";
import { promised } from "./checks/violation.ts";
import type { WatchedCard } from "./observed.ts";
import { balancesOf, worldPurse } from "./purses.ts";
import { BALANCE_FEN, TERMINAL_ID, type Town } from "./town.ts";

/** What the settlement host does not have to know the end of. */
export interface LeftToOthers {
  /** Fen by subject of the sales that somebody else books; to the settlement host they are information. */
  readonly clearedElsewhere: ReadonlyMap<string, Fen>;
  /** Subjects that the terminal lists for people. */
  readonly parked: ReadonlySet<string>;
  /** The insurer's books are compared with orders, which may have been voided since. */
  readonly soldByOrder?: boolean;
}

const NOBODY: LeftToOthers = { clearedElsewhere: new Map(), parked: new Set() };

const OPEN = new Set(["prepared", "acting", "unknown", "resolving"]);

/**
 * Bookings equal debits, subject by subject; what is unknown is what was scripted never to return; everything is receipted.
 */
export function finalChecks(town: Town, gone: ReadonlySet<WatchedCard>, { clearedElsewhere, parked, soldByOrder = false }: LeftToOthers = NOBODY): void {
  everythingReceipted(town);
  bookingsEqualDebits(town, clearedElsewhere);
  unknownAsScripted(town, gone, parked);
  balancesAsDebited(town);
  if (!soldByOrder) town.medicalCheck.settled();
  if (!soldByOrder) medicalBookings(town);
  promised(5, town.ledger.quarantines().length === 0, () => "the host has quarantined the terminal");
  promised(
    2,
    town.ledger.rejects().length === 0,
    () =>
      `the host parked ${town.ledger
        .rejects()
        .map(({ seq, reason }) => `${seq} ${reason}`)
        .join(", ")}`,
  );
}

/** Besides: what cards hold, what went back over the till, and what bank cards have ridden. */
export function gateFinalChecks(town: Town, gone: ReadonlySet<WatchedCard>): void {
  const { holdCheck, refundCheck, rideCheck, journalCheck, charges } = town;
  const goneSerials = serialsOf(gone);
  holdCheck.settled(
    (subject) => journalCheck.subjects.get(subject)?.state,
    (serial) => goneSerials.has(serial),
  );
  refundCheck.settled(bookedAs(town, "cash-refund"));
  const rides = bookedAs(town, "delayed-charge");
  const charged = [...rides.keys()].flatMap((subject) => charges.charge(subject) ?? []);
  rideCheck.settled(rides, charged);
}

function bookedAs({ ledger }: Town, wanted: string): ReadonlyMap<string, number> {
  const booked = ledger.bookings().filter(({ kind }) => kind === wanted);
  return new Map(booked.map(({ subject, amountFen }) => [subject, amountFen]));
}

/** Open sales of the cards that the scenario has taken away for good, when the faults have ended. */
export function countScriptedGone({ moneyCheck, journalCheck, purseCounts }: Town, gone: ReadonlySet<WatchedCard>): void {
  const goneSerials = serialsOf(gone);
  for (const [subject, { kind, state }] of journalCheck.subjects) {
    if (kind !== "quick-payment" || !OPEN.has(state) || !goneSerials.has(moneyCheck.cardOf(subject) ?? "")) continue;
    purseCounts[worldPurse(moneyCheck.purseOf(subject) ?? "")].scriptedGone += 1;
  }
}

function serialsOf(cards: ReadonlySet<WatchedCard>): ReadonlySet<string> {
  return new Set([...cards].map(({ card }) => card.serial));
}

/** Each store of each card has lost exactly what was debited from it. */
function balancesAsDebited({ cards, moneyCheck }: Town): void {
  const debited = new Map<string, number>();
  for (const { serial, purse, amountFen } of moneyCheck.debitsBySubject.values()) {
    const store = `${serial}/${purse === "compound" ? "e-purse" : purse}`;
    debited.set(store, (debited.get(store) ?? 0) + amountFen);
  }
  for (const { card } of cards) {
    const loadedFen = (store: string) => card.loads.filter(({ purse }) => (purse ?? "e-purse") === store).reduce((sum, { amountFen }) => sum + amountFen, 0);
    for (const [store, balanceFen] of Object.entries(balancesOf(card))) {
      const lostFen = BALANCE_FEN - balanceFen + loadedFen(store);
      const knownFen = debited.get(`${card.serial}/${store}`) ?? 0;
      promised(1, lostFen === knownFen, () => `the ${store} of card ${card.serial.slice(-4)} lost ${lostFen} fen, debits say ${knownFen}`);
    }
  }
}

function everythingReceipted({ journalCheck, ledger, disk }: Town): void {
  promised(
    4,
    journalCheck.receiptedThrough === journalCheck.lastSeq,
    () => `${journalCheck.receiptedThrough} of ${journalCheck.lastSeq} entries are receipted`,
  );
  const held = ledger.receiptedThrough(TERMINAL_ID, disk.flushed.mark("journal/id") ?? "");
  promised(1, held === journalCheck.lastSeq, () => `the host holds ${held} of ${journalCheck.lastSeq} entries`);
}

function bookingsEqualDebits({ moneyCheck, ledger, journalCheck }: Town, clearedElsewhere: ReadonlyMap<string, Fen>): void {
  const debits = moneyCheck.debitsBySubject;
  const booked = new Map(
    ledger
      .bookings()
      .filter(({ kind }) => kind === "quick-payment")
      .map((booking) => [booking.subject, booking.amountFen]),
  );
  for (const [subject, amountFen] of clearedElsewhere) {
    promised(2, !booked.has(subject), () => `${subject} is cleared twice`);
    booked.set(subject, amountFen);
  }
  for (const [subject, debit] of debits) {
    const open = OPEN.has(journalCheck.subjects.get(subject)?.state ?? "");
    promised(1, open || booked.get(subject) === debit.amountFen, () => `${subject}: card debited ${debit.amountFen}, host booked ${booked.get(subject) ?? 0}`);
  }
  for (const [subject, amountFen] of booked) promised(2, debits.has(subject), () => `${subject}: ${amountFen} fen booked, no card was debited`);
}

function medicalBookings({ ledger, medicalCheck }: Town): void {
  const booked = new Set(
    ledger
      .bookings()
      .filter(({ kind }) => kind === "medical-purchase")
      .map(({ subject }) => subject),
  );
  for (const [subject, { state }] of medicalCheck.purchases) {
    promised(
      1,
      booked.has(subject) === (state === "done"),
      () => `${subject} is ${state}, the settlement host has ${booked.has(subject) ? "" : "not "}booked it`,
    );
  }
}

function unknownAsScripted({ moneyCheck, journalCheck, ledger, purseCounts }: Town, gone: ReadonlySet<WatchedCard>, parked: ReadonlySet<string>): void {
  const goneSerials = serialsOf(gone);
  const listed = new Set(
    ledger
      .unknownSubjects()
      .map(({ subject }) => subject)
      .filter((subject) => !parked.has(subject)),
  );
  for (const subject of listed) purseCounts[worldPurse(moneyCheck.purseOf(subject) ?? "")].unknown += 1;
  for (const [purse, { unknown, scriptedGone }] of Object.entries(purseCounts)) {
    promised(1, unknown === scriptedGone, () => `${unknown} sales of the ${purse} are left unknown, ${scriptedGone} were scripted so`);
  }
  for (const [subject, { kind, state }] of journalCheck.subjects) {
    // Who went through a gate when the power failed, nobody will ever know; it is no money.
    if (!OPEN.has(state) || kind === "passage" || parked.has(subject)) continue;
    const serial = moneyCheck.cardOf(subject);
    promised(1, kind === "quick-payment" && serial !== undefined && goneSerials.has(serial), () => `${subject} is still ${state} although its card came back`);
    promised(1, listed.has(subject), () => `${subject} is ${state} and the host does not list it as unknown`);
  }
}
