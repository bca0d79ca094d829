import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { entryRecord, fareRecord, tripMeaning } from "../../card/transit/trips.ts";
import type { TripRecord } from "../../card/transit/types.ts";
import type { FareBook, RideAnswer, RideQuestion } from "../fares/fares.ts";
import { EMPTY_RIDER, RIDER_RECORD } from "../fares/rider-record.ts";
import type { Charge, Quote, TransitView, WrittenAt } from "../quick-payment/tariff.ts";
import { DEFAULT_GATE_POLICY, type GatePolicy, type LaneSettings } from "./lane.ts";
import type { Note } from "./recent.ts";
import { quoteTap, type TapTerms, useOf } from "./tariff.ts";
import { laneSettings } from "./testing/station.ts";

const NOW = { date: "20260105", time: "120000" };
const AT: WrittenAt = { ...NOW, terminalNumber: "112233445566", balance: fen(5_000) };
const PLACE = { terminalNumber: "112233445566", industry: 1, place: "00010009", date: "20260105", time: "110000", city: "9901", acquirer: "9901000000000001" };
const INSIDE = entryRecord(PLACE, { balance: fen(5_000), maximumFare: fen(900), maximumTime: "0240" });
const OUTSIDE = fareRecord(PLACE, { kind: "exit", amount: fen(300), balance: fen(4_700) });

function answer(changes: Partial<Extract<RideAnswer, { readonly kind: "fare" }>> = {}): RideAnswer {
  return { kind: "fare", fare: fen(400), fullFare: fen(400), overTime: false, rows: ["flat"], rider: EMPTY_RIDER, ...changes };
}

function book(changes: Partial<FareBook> = {}): FareBook {
  return {
    ride: () => answer(),
    entryTerms: () => ({ minimumBalance: fen(300), maximumFare: fen(800), maximumRideMinutes: 180 }),
    fareWithoutEntry: () => fen(800),
    ...changes,
  };
}

interface Tap {
  readonly lane?: Partial<LaneSettings>;
  readonly policy?: Partial<GatePolicy>;
  readonly fares?: Partial<FareBook>;
  readonly view?: Partial<TransitView>;
  readonly recent?: Note;
  readonly ridesAs?: NonNullable<TapTerms["ridesAs"]>;
}

function quote({ lane, policy, fares, view, recent, ridesAs }: Tap): Quote {
  const terms: TapTerms = {
    settings: laneSettings(lane),
    policy: { ...DEFAULT_GATE_POLICY, ...policy },
    fares: book(fares),
    rider: { id: "2702", codec: RIDER_RECORD },
    now: NOW,
    ...(ridesAs === undefined ? {} : { ridesAs }),
  };
  const card: TransitView = { scheme: "t-union", cardName: "A", issuer: "", cardType: 3, trip: undefined, riderRecord: undefined, ...view };
  return quoteTap(terms, card, recent);
}

function charged(tap: Tap): Charge {
  const made = quote(tap);
  if (made.kind !== "charge") throw new Error(made.reason);
  return made;
}

const ENTRY = { direction: "entry" } as const;

test("a card rides as the card type that a rule of the day gives to its issuer, and as its own where none does", () => {
  const asked: number[] = [];
  const seen: { issuer: string; day: string }[] = [];
  const fares = {
    ride: ({ cardType }: RideQuestion) => {
      asked.push(cardType);
      return answer();
    },
  };
  const ridesAs = (card: { readonly issuer: string; readonly day: string }) => {
    seen.push({ ...card });
    return card.issuer === "629999" ? 7 : undefined;
  };
  for (const issuer of ["629999", "621234"]) quote({ lane: { mode: "single" }, view: { issuer }, fares, ridesAs });
  expect(asked).toEqual([7, 3]);
  expect(seen).toEqual([
    { issuer: "629999", day: NOW.date },
    { issuer: "621234", day: NOW.date },
  ]);
});

const EXIT = { direction: "exit" } as const;

test("a ride that is one tap has no direction", () => {
  expect([useOf({ mode: "journey", direction: "exit" }), useOf({ mode: "single", direction: "exit" })]).toEqual(["exit", "ride"]);
});

describe("what the card did here a moment ago comes first", () => {
  test.each([
    [{ is: "used" }, "pass-back"],
    [{ is: "staff" }, "paid-already"],
    [{ is: "paid", sale: { subject: "s", reference: "gate.a.ride.1.1", fare: fen(1) } }, "paid-already"],
    [{ is: "passing", sale: { subject: "s", reference: "gate.a.ride.1.1", fare: fen(1) } }, "paid-already"],
    [{ is: "torn", reference: "r", purse: "compound" }, "paid-already"],
  ] as const)("%o", (recent, reason) => {
    for (const lane of [ENTRY, EXIT, { mode: "single" } as const]) expect(quote({ lane, recent })).toEqual({ kind: "refused", reason });
  });
});

describe("an entry", () => {
  test("takes nothing, wants what a journey needs, and writes its bounds", () => {
    const made = charged({ lane: ENTRY, view: { trip: OUTSIDE } });
    expect([made.amount, made.minimumBalance]).toEqual([0, 300]);
    expect(made.writes(AT)).toEqual({
      trip: entryRecord({ ...PLACE, place: "00010001", time: "120000" }, { balance: fen(5_000), maximumFare: fen(800), maximumTime: "0180" }),
    });
    expect(made.detail).toEqual({ lane: "a", use: "entry", place: "00010001" });
  });

  test.each([
    ["refuse", "entry-twice"],
    ["charge-maximum", 900],
    ["allow", 0],
  ] as const)("while the holder is inside: %s", (entryTwice, expected) => {
    const made = quote({ lane: ENTRY, policy: { entryTwice }, view: { trip: INSIDE } });
    if (made.kind === "refused") expect(made.reason).toBe(expected);
    else {
      expect(made.amount).toBe(expected);
      expect(made.minimumBalance).toBe(made.amount + 300);
      expect(made.writes(AT).trip).toMatchObject({ type: 3, amount: expected, balance: 5_000 - made.amount });
    }
  });

  test("takes the table's highest fare where the card names none, and never below zero", () => {
    const made = charged({ lane: ENTRY, policy: { entryTwice: "charge-maximum" }, view: { trip: { ...INSIDE, maximumFare: fen(0) } } });
    expect(made.amount).toBe(800);
    expect(made.writes({ ...AT, balance: fen(100) }).trip.balance).toBe(0);
    expect(made.detail).toMatchObject({ unended: "00010009" });
  });

  test("into another city's open ride is none of this city's business", () => {
    expect(quote({ lane: ENTRY, view: { trip: { ...INSIDE, city: "1000" } } }).kind).toBe("charge");
  });

  test("without a table in force is refused", () => {
    expect(quote({ lane: ENTRY, fares: { entryTerms: () => undefined } })).toEqual({ kind: "refused", reason: "no-fare" });
  });
});

describe("an exit", () => {
  test("is a ride from where the card got in, by the card's own type and the operator's record", () => {
    const asked: RideQuestion[] = [];
    const ride = (question: RideQuestion) => {
      asked.push(question);
      return answer({ fare: fen(320), rows: ["flat", "concession/3"], rider: { ...EMPTY_RIDER, day: "20260105", daySpent: fen(320), dayRides: 1 } });
    };
    const made = charged({ lane: EXIT, fares: { ride }, view: { trip: INSIDE, riderRecord: new Uint8Array(60) } });
    expect(asked).toEqual([
      { entry: { place: "00010009", date: "20260105", time: "110000" }, exit: { place: "00010001", ...NOW }, cardType: 3, rider: EMPTY_RIDER },
    ]);
    const { trip, riderRecord } = made.writes(AT);
    expect([made.amount, trip.type, trip.amount, trip.balance, riderRecord?.length]).toEqual([320, 4, 320, 4_680, 60]);
    expect(RIDER_RECORD.parse(riderRecord ?? new Uint8Array(0))).toMatchObject({ day: "20260105", daySpent: 320 });
    expect(made.detail).toEqual({
      lane: "a",
      owed: true,
      use: "exit",
      place: "00010001",
      rows: ["flat", "concession/3"],
      fullFareFen: 400,
      from: "00010009",
      since: "20260105110000",
    });
  });

  test("is no ride back in time where the other gate's clock is ahead: nobody is kept inside for that", () => {
    const asked: RideQuestion[] = [];
    const ride = (question: RideQuestion) => {
      asked.push(question);
      return answer();
    };
    const trip = { ...INSIDE, date: "20260106", time: "000130" };
    expect(charged({ lane: EXIT, fares: { ride }, view: { trip } }).amount).toBe(400);
    expect(asked[0]?.exit).toEqual({ place: "00010001", date: "20260106", time: "000130" });
  });

  test("leaves a record alone that is not of its form", () => {
    const made = charged({ lane: EXIT, view: { trip: INSIDE, riderRecord: new Uint8Array(60).fill(0x17) } });
    expect(made.writes(AT).riderRecord).toBeUndefined();
  });

  test.each([
    [OUTSIDE, "refuse", "exit-without-entry"],
    [undefined, "refuse", "exit-without-entry"],
    [{ ...INSIDE, city: "1000" }, "refuse", "exit-without-entry"],
    [OUTSIDE, "charge-table", 800],
  ] as const)("of somebody who is not inside, %#", (trip, exitWithoutEntry, expected) => {
    const made = quote({ lane: EXIT, policy: { exitWithoutEntry }, view: { trip } });
    expect(made.kind === "refused" ? made.reason : made.amount).toBe(expected);
  });

  test("without an entry goes to the staff where the table says so", () => {
    const fares = { fareWithoutEntry: () => undefined };
    expect(quote({ lane: EXIT, fares, policy: { exitWithoutEntry: "charge-table" } })).toEqual({ kind: "refused", reason: "exit-without-entry" });
  });

  test.each([
    ["refuse", "over-time"],
    ["charge-table", 400],
  ] as const)("after too long: %s", (overTime, expected) => {
    const made = quote({ lane: EXIT, policy: { overTime }, fares: { ride: () => answer({ overTime: true }) }, view: { trip: INSIDE } });
    expect(made.kind === "refused" ? made.reason : made.amount).toBe(expected);
  });

  test("without a fare is refused", () => {
    expect(quote({ lane: EXIT, fares: { ride: () => ({ kind: "no-fare", why: "runs-back" }) }, view: { trip: INSIDE } })).toEqual({
      kind: "refused",
      reason: "no-fare",
    });
  });
});

describe("a single ride", () => {
  test("has no entry, whatever the card says, and is written as one", () => {
    const asked: RideQuestion[] = [];
    const ride = (question: RideQuestion) => {
      asked.push(question);
      return answer();
    };
    const made = charged({ lane: { mode: "single" }, fares: { ride }, view: { trip: INSIDE } });
    expect(asked.map(({ entry }) => entry)).toEqual([undefined]);
    expect(tripMeaning(made.writes(AT).trip.type)).toEqual({ kind: "single", money: "purse" });
  });
});

test("the record says whose money it was", () => {
  for (const [lane, kind, trip] of [
    [ENTRY, "entry", OUTSIDE],
    [EXIT, "exit", INSIDE],
    [{ mode: "single" }, "single", undefined],
  ] as const) {
    const made = charged({ lane, view: { scheme: "electronic-cash", trip } });
    expect(tripMeaning(made.writes(AT).trip.type)).toEqual({ kind, money: "electronic-cash" });
  }
});

test("a trip of a type that nobody names is sent to the staff", () => {
  expect(quote({ view: { trip: { ...INSIDE, type: 0x40 } } })).toEqual({ kind: "refused", reason: "trip-unreadable" });
});

test("whatever stands on a card, a quote comes back and writes what it takes", () => {
  const hex = (digits: number) => fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });
  const trips: fc.Arbitrary<TripRecord> = fc.record({
    type: fc.nat(255),
    terminalNumber: hex(16),
    industry: fc.nat(255),
    place: hex(8),
    placeExtension: hex(6),
    amount: fc.nat(100_000).map(fen),
    balance: fc.nat(100_000).map(fen),
    date: hex(8),
    time: hex(6),
    city: fc.constantFrom("9901", "1000"),
    acquirer: hex(16),
    maximumFare: fc.nat(100_000).map(fen),
    maximumTime: hex(4),
  });
  fc.assert(
    fc.property(trips, fc.uint8Array({ maxLength: 80 }), fc.constantFrom(ENTRY, EXIT, { mode: "single" as const }), (trip, riderRecord, lane) => {
      const policy = { entryTwice: "charge-maximum", exitWithoutEntry: "charge-table" } as const;
      const made = quote({ lane, policy, view: { trip, riderRecord } });
      if (made.kind === "refused") return;
      const written = made.writes(AT);
      expect(written.trip.balance).toBe(Math.max(0, AT.balance - made.amount));
      expect(written.trip.amount).toBe(made.amount);
      expect(written.riderRecord?.length ?? riderRecord.length).toBe(riderRecord.length);
    }),
    { numRuns: 2_000 },
  );
});

test("an exit is owed, whatever led to it; an entry and a single ride are not", () => {
  const exits = [charged({ lane: EXIT, view: { trip: INSIDE } }), charged({ lane: EXIT, policy: { exitWithoutEntry: "charge-table" } })];
  expect(exits.map(({ isOwed, detail }) => [isOwed, detail["owed"]])).toEqual([
    [true, true],
    [true, true],
  ]);
  const beginnings = [
    charged({ lane: ENTRY }),
    charged({ lane: { mode: "single" } }),
    charged({ lane: ENTRY, policy: { entryTwice: "charge-maximum" }, view: { trip: INSIDE } }),
  ];
  expect(beginnings.map(({ isOwed, detail }) => [isOwed, detail["owed"]])).toEqual(beginnings.map(() => [undefined, undefined]));
});
