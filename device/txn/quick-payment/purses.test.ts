/* What is peculiar to single purses: what they refuse, whom they ask, and what a card that cannot be believed comes to. */
import { describe, expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import type { TestCardOptions } from "../../../simulators/card/make.ts";
import type { CardFaults } from "../../../simulators/card/state.ts";
import { toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import type { PurseChoice, PurseKind } from "../sale-request.ts";
import type { QuickPaymentPorts } from "./ports.ts";
import { runQuickPayment } from "./run.ts";
import { balanceOf, type CommandFate, type CommandInfo, commits, EVERY_PURSE, SimulatedPlace, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

const AMOUNT = 450;

function choiceOf(kind: PurseKind): PurseChoice {
  const found = EVERY_PURSE.find((each) => each.kind === kind);
  if (found === undefined) throw new Error("every purse has an example");
  return found;
}

interface Tap {
  readonly kind: PurseKind;
  readonly card?: Partial<TestCardOptions>;
  readonly faults?: Partial<CardFaults>;
  readonly profile?: Partial<CardProfile>;
  readonly amount?: number;
  /** Digits that the holder enters; undefined: cancels. */
  readonly pin?: string | undefined;
  readonly ports?: (ports: QuickPaymentPorts) => QuickPaymentPorts;
  readonly plan?: (info: CommandInfo) => CommandFate;
  /** After so many decisions of an electronic-cash card it is slow no more. */
  readonly quickerAfter?: number;
}

interface Tapped {
  readonly place: SimulatedPlace;
  readonly card: SimulatedCard;
  readonly outcome: QuickPaymentOutcome;
  readonly states: readonly string[];
}

async function tap(options: Tap): Promise<Tapped> {
  const place = new SimulatedPlace(options.profile === undefined ? {} : { profile: options.profile });
  if ("pin" in options) place.pin = options.pin;
  const switchedOn = await place.clock.resolve(place.switchOn());
  const ports = options.ports?.(switchedOn) ?? switchedOn;
  const card = place.card(options.card);
  card.setFaults(options.faults ?? {});
  let decisions = 0;
  place.plan((info) => {
    if (info.to === "card" && info.instruction === 0xa8) decisions += 1;
    if (options.quickerAfter !== undefined && decisions > options.quickerAfter) card.setFaults({ slowInstruction: undefined });
    return options.plan?.(info) ?? { kind: "ok" };
  });
  place.reader.insert(card);
  const request = { reference: "r1", amount: fen(options.amount ?? AMOUNT), purse: choiceOf(options.kind) };
  const outcome = await place.clock.resolve(runQuickPayment(ports, request, TEST_LIMITS));
  const states = (await place.clock.resolve(place.entries())).map(({ state }) => state);
  return { place, card, outcome, states };
}

describe("a compound purchase", () => {
  test("of nothing is an entry: its record is written, no money moves", async () => {
    const { card, outcome, states, place } = await tap({ kind: "compound", amount: 0 });
    expect(outcome).toMatchObject({ kind: "paid", verified: true, proof: "psam", amount: 0 });
    expect([states, card.debits.length, balanceOf(card, "compound")]).toEqual([["prepared", "done"], 1, 10_000]);
    const [, done] = await place.clock.resolve(place.entries());
    expect(done?.detail).toMatchObject({ purse: "compound", type: "09", industryFile: 0x1e, industryBy: "identifier", industryData: "31".repeat(48) });
  });

  test("of the housing ministry's card takes the card's code into MAC1", async () => {
    const { card, outcome } = await tap({ kind: "compound", card: { purse: { transit: "housing" } } });
    // EF1E is T-Union's: this card has no such file, and says so before anything is debited.
    expect([outcome.kind, card.debits.length]).toEqual(["refused", 0]);
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const housing = place.card({ purse: { transit: "housing" } });
    place.reader.insert(housing);
    const purse: PurseChoice = {
      kind: "compound",
      record: { file: 0x17, by: "number", record: 2, data: Uint8Array.from([0x02, ...new Uint8Array(47).fill(0x44)]) },
    };
    const sent: string[] = [];
    place.plan(({ to, command }) => {
      if (to === "card") sent.push(toHex(command.subarray(0, 4)));
      return { kind: "ok" };
    });
    const paid = await place.clock.resolve(runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT), purse }, TEST_LIMITS));
    expect(paid).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
    expect(sent.slice(sent.indexOf("80ca0000"))).toEqual(["80ca0000", "80500302", "80dc02bc", "80540100"]);
    expect(housing.debits.length).toBe(1);
  });

  test("of T-Union's card never asks for a code", async () => {
    const { outcome } = await tap({
      kind: "compound",
      plan: ({ to, command }) => (to === "card" && toHex(command.subarray(0, 4)) === "80ca0000" ? { kind: "hang" } : { kind: "ok" }),
    });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
  });

  test("of the housing ministry's card that is torn goes on with a new code, and is debited once", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const housing = place.card({ purse: { transit: "housing" } });
    place.reader.insert(housing);
    place.tearDebit("before", "compound");
    const purse: PurseChoice = {
      kind: "compound",
      record: { file: 0x17, by: "number", record: 2, data: Uint8Array.from([0x02, ...new Uint8Array(47).fill(0x44)]) },
    };
    const paying = runQuickPayment(ports, { reference: "r1", amount: fen(AMOUNT), purse }, TEST_LIMITS);
    await place.clock.runUntil(60_000, () => place.reader.card === undefined);
    place.reader.insert(housing);
    expect(await place.clock.resolve(paying)).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
    expect(housing.debits.length).toBe(1);
  });

  test("is refused by an account that is not in use yet", async () => {
    const { outcome, states } = await tap({ kind: "compound", card: { purse: { transit: "t-union", enabled: false } } });
    expect(outcome).toMatchObject({ kind: "refused", reason: "not-enabled" });
    expect(states).toEqual([]);
  });

  test("from the e-passbook where the profile says so", async () => {
    const passbook = { purse: { transit: "t-union", passbook: { balanceFen: 3_000 } } } as const;
    const { outcome } = await tap({ kind: "compound", card: passbook, profile: { transitPurse: "ED" } });
    expect(outcome).toMatchObject({ kind: "paid", verified: true, balanceAfter: 3_000 - AMOUNT });
  });
});

test.each(["e-purse", "medical-purse", "electronic-cash"] as const)("the %s takes no amount of zero", async (kind) => {
  expect((await tap({ kind, amount: 0 })).outcome).toEqual({ kind: "refused", reason: "amount-zero" });
});

describe("the medical purse and the holder's PIN", () => {
  test.each([
    ["654321", "pin-wrong"],
    [undefined, "pin-cancelled"],
  ])("%s: %s", async (pin, reason) => {
    const { card, outcome, states } = await tap({ kind: "medical-purse", card: { pin: "123456" }, pin });
    expect(outcome).toMatchObject({ kind: "refused", reason });
    expect([states, card.debits]).toEqual([[], []]);
  });

  test("a place that cannot take a PIN refuses a card that has one, and serves one that has none", async () => {
    const noPin = (ports: QuickPaymentPorts): QuickPaymentPorts => {
      const { medicalPurse } = ports;
      if (medicalPurse === undefined) return ports;
      const { psam, randomness, keyIndex } = medicalPurse;
      return { ...ports, medicalPurse: { psam, randomness, keyIndex, alone: "card-flags" } };
    };
    expect((await tap({ kind: "medical-purse", card: { pin: "123456" }, ports: noPin })).outcome).toMatchObject({ kind: "refused", reason: "pin-refused" });
    expect((await tap({ kind: "medical-purse", ports: noPin })).outcome).toMatchObject({ kind: "paid", verified: true });
  });

  test("a holder who gives no PIN on return leaves the sale open for the next time", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const card = place.card({ pin: "123456" });
    place.reader.insert(card);
    const request = { reference: "r1", amount: fen(AMOUNT), purse: choiceOf("medical-purse") };
    place.tearDebit("after", "medical-purse");
    const paying = runQuickPayment(ports, request, TEST_LIMITS);
    await place.clock.runUntil(60_000, () => place.reader.card === undefined);
    place.pin = undefined;
    await place.clock.resolve(place.clock.sleep(300));
    place.reader.insert(card);
    expect(await place.clock.resolve(paying)).toMatchObject({ kind: "unknown", reason: "log-unreadable" });
    place.pin = "123456";
    expect(await place.clock.resolve(runQuickPayment(ports, request, TEST_LIMITS))).toMatchObject({ kind: "paid", verified: false, proof: "log" });
    expect(card.debits.length).toBe(1);
  });
});

test("a card that keeps the account alone is told zeros for the other figures, and its record says so", async () => {
  const { card, outcome, place } = await tap({
    kind: "medical-purse",
    profile: { medicalLogMode: "accountOnly20" },
    card: { medicalPurse: { accountFen: 10_000, logMode: "accountOnly20" } },
  });
  expect(outcome).toMatchObject({ kind: "paid", verified: true });
  const [, done] = await place.clock.resolve(place.entries());
  expect([done?.detail["selfPayFen"], done?.detail["pooledFen"], card.debits[0]?.selfPayFen ?? 0]).toEqual([0, 0, 0]);
});

describe("payment by the card alone", () => {
  const alone = (word: "off" | "card-flags") => (ports: QuickPaymentPorts) =>
    ports.medicalPurse === undefined ? ports : { ...ports, medicalPurse: { ...ports.medicalPurse, alone: word } };
  const refusal = { kind: "refused", reason: "offline-medical-not-allowed" };

  test.each([
    ["is used on the line", { medicalPurse: { accountFen: 10_000, cardUse: "1" } }],
    ["may not leave the line", { medicalPurse: { accountFen: 10_000, offlineAllowed: false } }],
    ["is of the first generation and has no such file", { generation: "1" }],
  ] as const)("a card that %s is refused, with its PIN and without one", async (_, card) => {
    for (const pin of [{}, { pin: "123456" }]) {
      const refused = await tap({ kind: "medical-purse", card: { ...card, ...pin }, ports: alone("card-flags") });
      expect([refused.outcome, refused.states, refused.card.debits]).toEqual([refusal, [], []]);
    }
  });

  test("a card that allows it pays, with its PIN and without one", async () => {
    for (const pin of [{}, { pin: "123456" }]) {
      const { outcome } = await tap({ kind: "medical-purse", card: pin, ports: alone("card-flags") });
      expect(outcome).toMatchObject({ kind: "paid", verified: true });
    }
  });

  test("where the region has none of it nobody is asked for a PIN", async () => {
    const { outcome, place, card } = await tap({ kind: "medical-purse", card: { pin: "123456" }, pin: "654321", ports: alone("off") });
    expect([outcome, card.debits, card.toSnapshot().memory.pinTriesLeft]).toEqual([refusal, [], 3]);
    expect(await place.clock.resolve(place.entries())).toEqual([]);
  });

  test("what was paid before is proved and closed whatever the region says now", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const card = place.card();
    place.reader.insert(card);
    const request = { reference: "r1", amount: fen(AMOUNT), purse: choiceOf("medical-purse") };
    place.tearDebit("after", "medical-purse");
    expect(await place.clock.resolve(runQuickPayment(ports, request, TEST_LIMITS))).toMatchObject({ kind: "unknown" });
    place.plan(() => ({ kind: "ok" }));
    place.reader.insert(card);
    expect(await place.clock.resolve(runQuickPayment(alone("off")(ports), request, TEST_LIMITS))).toMatchObject({ kind: "paid", proof: "log" });
    expect(card.debits).toHaveLength(1);
  });
});

describe("the initial PIN", () => {
  const rule =
    (initialPin: InitialPinRule) =>
    (ports: QuickPaymentPorts): QuickPaymentPorts =>
      ports.medicalPurse === undefined ? ports : { ...ports, medicalPurse: { ...ports.medicalPurse, initialPin } };

  test.each<[InitialPinRule, string]>([
    [{ policy: "refuse-initial", evidence: () => "initial" }, "initial-pin"],
    [{ policy: "require-changed" }, "initial-pin-unknown"],
  ])("%o: %s", async (initialPin, reason) => {
    const { card, outcome, states } = await tap({ kind: "medical-purse", card: { pin: "123456" }, ports: rule(initialPin) });
    expect(outcome).toEqual({ kind: "refused", reason });
    expect([states, card.debits]).toEqual([[], []]);
  });

  test("a card without a PIN has none, and a changed one pays", async () => {
    expect((await tap({ kind: "medical-purse", ports: rule({ policy: "require-changed" }) })).outcome).toMatchObject({ kind: "paid" });
    const asked: string[] = [];
    const evidence = (cardIdentifier: string) => {
      asked.push(cardIdentifier);
      return "changed" as const;
    };
    const { outcome, place } = await tap({ kind: "medical-purse", card: { pin: "123456" }, ports: rule({ policy: "require-changed", evidence }) });
    expect(outcome).toMatchObject({ kind: "paid", verified: true });
    const [entry] = await place.clock.resolve(place.entries());
    expect(asked).toEqual([entry?.personal?.["cardIdentifier"]]);
  });

  test("a wrong PIN is that and nothing else", async () => {
    const { outcome } = await tap({ kind: "medical-purse", card: { pin: "123456" }, pin: "654321", ports: rule({ policy: "require-changed" }) });
    expect(outcome).toMatchObject({ kind: "refused", reason: "pin-wrong" });
  });

  test("keeps no card from proving what it paid before", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const card = place.card({ pin: "123456" });
    place.reader.insert(card);
    place.tearDebit("after", "medical-purse");
    const request = { reference: "r1", amount: fen(AMOUNT), purse: choiceOf("medical-purse") };
    expect(await place.clock.resolve(runQuickPayment(ports, request, { ...TEST_LIMITS, returnTimeoutMs: 400 }))).toMatchObject({ kind: "unknown" });
    place.reader.insert(card);
    const refusing = rule({ policy: "refuse-initial", evidence: () => "initial" })(ports);
    const next = { ...request, reference: "r2" };
    expect(await place.clock.resolve(runQuickPayment(refusing, next, TEST_LIMITS))).toEqual({ kind: "refused", reason: "initial-pin" });
    expect((await place.clock.resolve(place.entries())).map(({ state }) => state)).toEqual(["prepared", "unknown", "done"]);
    expect(card.debits.length).toBe(1);
  });
});

describe("electronic cash and its time in the field", () => {
  test("a card that is not ready in time is asked for again, and its last record is never read", async () => {
    let lastRecords = 0;
    const { card, outcome, states } = await tap({
      kind: "electronic-cash",
      profile: { qpbocBudgetMs: 100 },
      plan: ({ to, command }) => {
        if (to === "card" && commits("electronic-cash", command)) lastRecords += 1;
        return { kind: "ok" };
      },
    });
    expect(outcome).toMatchObject({ kind: "refused", reason: "timeout" });
    expect([states, card.debits, lastRecords]).toEqual([Array.from({ length: 3 }, () => ["prepared", "acting", "void"]).flat(), [], 0]);
  });

  test("each presentation has its own time", async () => {
    const { card, outcome, states } = await tap({ kind: "electronic-cash", faults: { slowInstruction: { ins: 0xa8, extraMs: 400 } }, quickerAfter: 1 });
    expect(outcome).toMatchObject({ kind: "paid", verified: true, proof: "signature" });
    expect([states, card.debits.length]).toEqual([["prepared", "acting", "void", "prepared", "acting", "done"], 1]);
  });
});

describe("electronic cash that cannot be believed", () => {
  test.each([
    [{ wrongCardCertificate: true }, "authentication-failed"],
    [{ wrongIssuerCertificate: true }, "authentication-failed"],
    [{ expiredCertificate: true }, "authentication-failed"],
  ] as const)("%o is refused before anything is debited", async (faults, reason) => {
    const { card, outcome, states } = await tap({ kind: "electronic-cash", faults });
    expect(outcome).toMatchObject({ kind: "refused", reason });
    expect([states, card.debits]).toEqual([["prepared", "acting", "void"], []]);
  });

  test("a card without dynamic data is refused: what it shows could be copied", async () => {
    const { card, outcome } = await tap({ kind: "electronic-cash", card: { electronicCash: { balanceFen: 10_000, authentication: "none" } } });
    expect(outcome).toMatchObject({ kind: "refused", reason: "authentication-impossible" });
    expect(card.debits).toEqual([]);
  });

  test("a card whose signature is over fixed data alone is refused before it is debited", async () => {
    const { card, outcome } = await tap({ kind: "electronic-cash", card: { electronicCash: { balanceFen: 10_000, authentication: "static" } } });
    expect(outcome).toMatchObject({ kind: "refused", reason: "authentication-impossible" });
    expect(card.debits).toEqual([]);
  });

  test.each([
    [{ limits: { contactlessSaleFen: fen(AMOUNT) } }, "amount-limit"],
    [{ online: false, limits: { contactlessFloorFen: fen(AMOUNT - 1) } }, "amount-limit"],
    [{ signature: true, limits: { contactlessVerificationFen: fen(100) } }, "holder-verification-required"],
  ] as const)("the terminal's own limits hold: %o", async (terminal, reason) => {
    const ports = (given: QuickPaymentPorts): QuickPaymentPorts => {
      const { electronicCash } = given;
      if (electronicCash === undefined) return given;
      return { ...given, electronicCash: { ...electronicCash, terminal: { ...electronicCash.terminal, ...terminal } } };
    };
    const { card, outcome } = await tap({ kind: "electronic-cash", ports });
    expect(outcome).toMatchObject({ kind: "refused", reason });
    expect(card.debits).toEqual([]);
  });

  test("a terminal without the authority's key refuses", async () => {
    const ports = (given: QuickPaymentPorts): QuickPaymentPorts => {
      const { electronicCash } = given;
      if (electronicCash === undefined) return given;
      return { ...given, electronicCash: { ...electronicCash, authorities: { find: () => undefined, rejected: [] } } };
    };
    expect((await tap({ kind: "electronic-cash", ports })).outcome).toMatchObject({ kind: "refused", reason: "key-missing" });
  });

  test("a signature that does not verify after the debit is no payment", async () => {
    const { card, outcome, states } = await tap({ kind: "electronic-cash", faults: { wrongDynamicSignature: true } });
    expect(outcome).toMatchObject({ kind: "unverified", reason: "signature-refused" });
    expect([states, card.debits.length]).toEqual([["prepared", "acting", "unknown", "done"], 1]);
  });

  test("a card that has lost its last answer is believed by its balance, within the limited policy", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const card = place.card({ electronicCash: { balanceFen: 10_000, algorithms: "sm", signatureVersion: "01" } });
    card.setFaults({ lastAnswerLost: true });
    let torn = false;
    place.plan(({ to, command }) => {
      if (torn || to !== "card" || !commits("electronic-cash", command)) return { kind: "ok" };
      torn = true;
      return { kind: "hang", at: "after" };
    });
    place.reader.insert(card);
    const request = { reference: "r1", amount: fen(AMOUNT), purse: choiceOf("electronic-cash") };
    expect(await place.clock.resolve(runQuickPayment(ports, request, TEST_LIMITS))).toMatchObject({ kind: "paid", verified: false, proof: "balance" });
    expect(card.debits.length).toBe(1);
  });
});

test.each([
  [{ balanceFen: 10_000, singleLimitFen: AMOUNT - 1 }, "card-declined"],
  [{ balanceFen: 10_000, currency: "0840", foreignCurrency: "decline" }, "card-declined"],
  [{ balanceFen: 10_000, expiryDate: "211231" }, "expired"],
  [{ balanceFen: 10_000, effectiveDate: "300101" }, "not-yet-valid"],
] as const)("electronic cash %o: %s", async (electronicCash, reason) => {
  const { card, outcome } = await tap({ kind: "electronic-cash", card: { electronicCash: { algorithms: "sm", ...electronicCash } } });
  expect(outcome).toMatchObject({ kind: "refused", reason });
  expect(card.debits).toEqual([]);
});

test("electronic cash with RSA certificates is proved by its signature too", async () => {
  const { outcome } = await tap({ kind: "electronic-cash", card: { electronicCash: { balanceFen: 10_000, algorithms: "rsa" } } });
  expect(outcome).toMatchObject({ kind: "paid", verified: true, proof: "signature" });
});

test("a place without a purse's parts does not offer it", async () => {
  const bare = ({ medicalPurse: _, electronicCash: __, ...ports }: QuickPaymentPorts): QuickPaymentPorts => ports;
  for (const kind of ["medical-purse", "electronic-cash"] as const)
    expect((await tap({ kind, ports: bare })).outcome).toEqual({ kind: "refused", reason: "purse-not-offered" });
});

test("a reference belongs to its purse", async () => {
  const { place, card } = await tap({ kind: "e-purse" });
  const other = { reference: "r1", amount: fen(AMOUNT), purse: choiceOf("electronic-cash") };
  expect(await place.clock.resolve(runQuickPayment(place.ports, other, TEST_LIMITS))).toEqual({ kind: "refused", reason: "reference-conflict" });
  expect(card.debits.length).toBe(1);
});

test("an open compound sale is decided by a tap of the e-purse, which shares its card's name and log", async () => {
  const place = new SimulatedPlace();
  const ports = await place.clock.resolve(place.switchOn());
  const card = place.card();
  place.reader.insert(card);
  place.tearDebit("after", "compound");
  const torn = await place.clock.resolve(
    runQuickPayment(ports, { reference: "trip", amount: fen(AMOUNT), purse: choiceOf("compound") }, { ...TEST_LIMITS, returnTimeoutMs: 400 }),
  );
  expect(torn).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
  place.reader.insert(card);
  expect(await place.clock.resolve(runQuickPayment(ports, { reference: "shop", amount: fen(AMOUNT) }, TEST_LIMITS))).toMatchObject({ kind: "paid" });
  const states = (await place.clock.resolve(place.entries())).map(({ state, detail }) => `${state} ${String(detail["purse"] ?? "e-purse")}`);
  expect(states).toEqual(["prepared compound", "unknown compound", "done compound", "prepared e-purse", "done e-purse"]);
  expect(card.debits.length).toBe(2);
});

describe("a log with sales of two kinds", () => {
  const KINDS = ["e-purse", "compound"] as const;
  const cases = (["EP", "ED"] as const).flatMap((transitPurse) =>
    KINDS.flatMap((torn) => KINDS.flatMap((returns) => (["before", "after"] as const).map((at) => ({ transitPurse, torn, returns, at })))),
  );

  async function sell(
    place: SimulatedPlace,
    card: SimulatedCard,
    sale: { readonly reference: string; readonly kind: PurseKind; readonly returnTimeoutMs?: number },
  ) {
    if (place.reader.card === undefined) place.reader.insert(card);
    const { reference, kind, returnTimeoutMs = 30_000 } = sale;
    const request = { reference, amount: fen(AMOUNT), purse: choiceOf(kind) };
    const outcome = await place.clock.resolve(runQuickPayment(place.ports, request, { ...TEST_LIMITS, returnTimeoutMs }));
    if (place.reader.card !== undefined) place.reader.remove();
    return outcome;
  }

  async function open(transitPurse: "EP" | "ED"): Promise<SimulatedPlace> {
    const place = new SimulatedPlace({ profile: { transitPurse } });
    await place.clock.resolve(place.switchOn());
    return place;
  }

  async function expectDecided(place: SimulatedPlace, card: SimulatedCard, expected: { readonly at: string; readonly elsewhere: number }): Promise<void> {
    const entries = await place.clock.resolve(place.entries());
    const decided = entries.filter(({ detail }) => detail["reference"] === "torn").at(-1);
    expect(decided?.state).toBe(expected.at === "after" ? "done" : "void");
    const done = entries.filter(({ state }) => state === "done");
    expect(done.length).toBe(expected.at === "after" ? 5 : 4);
    expect(card.debits.length).toBe(done.length + expected.elsewhere);
  }

  const passbook = { purse: { transit: "t-union", passbook: { balanceFen: 10_000 } } } as const;
  const otherThan = (kind: PurseKind): PurseKind => (kind === "compound" ? "e-purse" : "compound");

  test.each(cases)("$transitPurse, $torn torn $at, decided by a tap of the $returns: the other kind has counted further", async (row) => {
    const place = await open(row.transitPurse);
    const card = place.card(passbook);
    for (const reference of ["a", "b", "c"]) expect(await sell(place, card, { reference, kind: otherThan(row.torn) })).toMatchObject({ verified: true });
    place.tearDebit(row.at, row.torn);
    expect(await sell(place, card, { reference: "torn", kind: row.torn, returnTimeoutMs: 400 })).toMatchObject({ kind: "unknown" });
    expect(await sell(place, card, { reference: "next", kind: row.returns })).toMatchObject({ kind: "paid", verified: true });
    await expectDecided(place, card, { at: row.at, elsewhere: 0 });
  });

  test.each(cases)("$transitPurse, $torn torn $at, decided by a tap of the $returns: the other kind has been sold elsewhere since", async (row) => {
    const place = await open(row.transitPurse);
    const card = place.card(passbook);
    for (const reference of ["a", "b", "c"]) expect(await sell(place, card, { reference, kind: row.torn })).toMatchObject({ verified: true });
    place.tearDebit(row.at, row.torn);
    expect(await sell(place, card, { reference: "torn", kind: row.torn, returnTimeoutMs: 400 })).toMatchObject({ kind: "unknown" });
    expect(await sell(await open(row.transitPurse), card, { reference: "elsewhere", kind: otherThan(row.torn) })).toMatchObject({ kind: "paid" });
    expect(await sell(place, card, { reference: "next", kind: row.returns })).toMatchObject({ kind: "paid", verified: true });
    await expectDecided(place, card, { at: row.at, elsewhere: 1 });
  });
});
