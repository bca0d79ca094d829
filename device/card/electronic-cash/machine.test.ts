/* The machine by itself: its table is total, each state takes exactly the events that can reach it, and no way through it passes the commit twice. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { CASH_RULES, decideCash } from "./machine.ts";
import type { CashEvent, CashSale, CashState } from "./machine-types.ts";
import { explained, firstStep } from "./rules.ts";
import {
  CONTACT,
  DATA,
  decided,
  EVENTS,
  facts,
  GENERATED,
  INTENT,
  issuerData,
  options,
  outcomeOf,
  RECORDS,
  SALE,
  SELECTED,
  STATES,
  TEST_TERMINAL,
  TEST_TERMS,
  VERIFIED,
} from "./testing.ts";
import type { ProcessingOptions } from "./types.ts";

/** Where a rule stands, by state, and which events are impossible there: dots are impossible, "x" decides, "-" is ignored. */
const TABLE = `
                  | sel bas opt ind rec cnt aut per giv com cry los
selecting         | x   .   .   .   .   .   .   .   .   .   .   x
reading-baseline  | .   x   .   .   .   .   .   .   .   .   .   x
processing        | .   .   x   .   .   .   .   .   .   .   .   x
caching           | .   .   .   x   .   .   .   .   .   .   .   x
reading           | .   .   .   .   x   .   .   .   .   .   .   x
authenticating    | .   .   .   .   .   .   x   .   .   .   .   x
counting          | .   .   .   .   .   x   .   .   .   .   .   x
ready             | .   .   .   .   .   .   .   x   x   .   .   .
committing        | .   .   .   .   .   .   .   .   .   x   x   x
checking          | .   .   .   .   .   .   x   .   .   .   .   .
closing           | .   .   .   .   .   .   .   .   .   .   x   x
explaining        | .   x   .   .   .   .   .   .   .   .   .   x
ended             | -   -   -   -   -   -   -   -   -   -   -   -
`;

const COLUMNS: readonly CashEvent["is"][] = [
  "selected",
  "baseline-read",
  "options-answered",
  "industry-cached",
  "records-read",
  "counters-read",
  "authenticated",
  "permitted",
  "given-up",
  "record-committed",
  "cryptogram-made",
  "card-lost",
];

describe("the table", () => {
  const rows = TABLE.trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split("|"));
  const cells = rows.flatMap(([at = "", marks = ""]) =>
    marks
      .trim()
      .split(/\s+/)
      .map((mark, column) => [at.trim() as CashState["at"], COLUMNS[column] ?? "selected", mark] as const),
  );
  it("has a cell for every state and event", () => expect(cells).toHaveLength(13 * 12));
  it.each(cells)("%s, %s: %s", (at, is, mark) => {
    const rule = CASH_RULES[at][is];
    expect(typeof rule === "function" ? "x" : rule === "ignore" ? "-" : ".").toBe(mark);
    const step = () => decideCash(CASH_RULES, SALE, STATES[at], EVENTS[is]);
    if (mark === ".") expect(step).toThrowError(`${is} cannot happen while ${at}`);
    else expect(step()).toBeDefined();
    if (mark === "-") expect(step()).toEqual({ state: STATES[at] });
  });
});

describe("firstStep", () => {
  const limited = (limits: object, online = false): CashSale => ({ ...SALE, terminal: { ...TEST_TERMINAL, online, limits } });
  const amount = TEST_TERMS.amount;
  it.each<readonly [string, CashSale, string | undefined]>([
    ["no limit", SALE, undefined],
    ["below the contactless limit", limited({ contactlessSaleFen: fen(amount + 1) }), undefined],
    ["at the contactless limit", limited({ contactlessSaleFen: amount }), "amount-above-contactless-limit"],
    ["at the floor limit", limited({ contactlessFloorFen: amount }), undefined],
    ["above the floor limit", limited({ contactlessFloorFen: fen(amount - 1) }), "floor-limit-exceeded"],
    ["above the floor limit with a host", limited({ contactlessFloorFen: fen(amount - 1) }, true), undefined],
    ["the contact limit of a contactless sale", limited({ cashFen: fen(amount - 1) }), undefined],
    ["at the contact limit", { ...limited({ cashFen: amount }), interface: "contact" }, undefined],
    ["above the contact limit", { ...limited({ cashFen: fen(amount - 1) }), interface: "contact" }, "amount-above-cash-limit"],
    ["contactless limits of a contact sale", { ...limited({ contactlessSaleFen: fen(1), contactlessFloorFen: fen(1) }), interface: "contact" }, undefined],
  ])("with %s", (_name, sale, reason) => {
    const { state, command } = firstStep(sale);
    expect(command).toEqual(reason === undefined ? { do: "select" } : undefined);
    expect(state).toEqual(reason === undefined ? { at: "selecting" } : { at: "ended", outcome: { kind: "refused", reason } });
  });
});

const QUALIFIERS = { onlinePin: false, signature: false, onlineIfAuthenticationFails: false, switchInterface: false };
const SIGNING: CashSale = { ...SALE, terminal: { ...TEST_TERMINAL, signature: true } };
const ONLINE: CashSale = { ...SALE, terminal: { ...TEST_TERMINAL, online: true } };

describe("what the card decided", () => {
  it.each<readonly [string, Partial<ProcessingOptions>, CashSale, unknown]>([
    ["an approval", {}, SALE, "reading"],
    ["an approval of an industry sale", {}, { ...SALE, terms: { ...TEST_TERMS, industry: "segment-fare" } }, "caching"],
    ["a signature that the terminal has", { cardQualifiers: { ...QUALIFIERS, signature: true } }, SIGNING, "reading"],
    ["a signature that it has not", { cardQualifiers: { ...QUALIFIERS, signature: true } }, SALE, { kind: "refused", reason: "holder-verification-required" }],
    ["an online PIN", { cardQualifiers: { ...QUALIFIERS, onlinePin: true } }, SIGNING, { kind: "refused", reason: "holder-verification-required" }],
    [
      "a request for the host",
      { decision: "ARQC", issuerData: issuerData("a02000") },
      SALE,
      { kind: "refused", reason: "online-required", details: ["velocity-exceeded"] },
    ],
    ["a refusal", { decision: "AAC", issuerData: issuerData("801000") }, SALE, "explaining"],
    [
      "another interface instead",
      { decision: "AAC", cardQualifiers: { ...QUALIFIERS, switchInterface: true } },
      SALE,
      { kind: "refused", reason: "switch-interface" },
    ],
    ["an approval, and another interface", { cardQualifiers: { ...QUALIFIERS, switchInterface: true } }, SALE, "reading"],
    ["the full path", { path: "full" }, SALE, { kind: "refused", reason: "not-electronic-cash" }],
    ["the full path over contacts", { path: "full" }, CONTACT, "reading"],
    ["the quick path over contacts", {}, CONTACT, { kind: "refused", reason: "card-data-malformed" }],
  ])("is %s", (_name, change, sale, expected) => {
    const { state } = decided("processing", { is: "options-answered", answer: options(change) }, { sale });
    expect(outcomeOf(state)).toEqual(expected);
    if (state.at === "reading") expect(state.holder).toBe(change.cardQualifiers?.signature === true ? "signature" : "none");
  });

  it("is nothing when it refuses", () => {
    expect(outcomeOf(decided("processing", { is: "options-answered", answer: { kind: "refused", statusWord: 0x6985 } }).state)).toEqual({
      kind: "refused",
      reason: "card-refused",
      statusWord: 0x6985,
    });
  });

  it("names the record that a host is asked with when the card named itself", () => {
    const data = new Map([[0x57, fromHex("6299990000000001d40122010000000f")]]);
    const { state } = decided("processing", { is: "options-answered", answer: options({ decision: "ARQC", data }) });
    expect(outcomeOf(state)).toMatchObject({ reason: "online-required", record: { accountNumber: "6299990000000001", decision: "ARQC", atc: 7 } });
  });
});

describe("selection", () => {
  it.each([
    [{ kind: "no-application" }, "no-application"],
    [{ kind: "blocked", what: "application" }, "application-blocked"],
    [{ kind: "blocked", what: "card" }, "card-blocked"],
    [{ ...SELECTED, dataWanted: [{ tag: 0x9f02, length: 6 }] }, "not-electronic-cash"],
  ] as const)("%j is %s", (answer, reason) => expect(outcomeOf(decided("selecting", { is: "selected", answer }).state)).toEqual({ kind: "refused", reason }));
  it("needs no qualifiers over contacts", () => {
    const answer = { ...SELECTED, dataWanted: [] };
    expect(decided("selecting", { is: "selected", answer }, { sale: CONTACT })).toMatchObject({
      state: { at: "reading-baseline" },
      command: { do: "read-baseline" },
    });
  });
});

describe("the records", () => {
  const read = (
    data: ReadonlyMap<number, Uint8Array>,
    more: { readonly sale?: CashSale; readonly options?: ProcessingOptions; readonly foreseen?: "card-certificate-wrong" | "authority-unknown" } = {},
  ) => {
    const answer = { kind: "ok", ...RECORDS, data } as const;
    const event = { is: "records-read", answer, ...(more.foreseen === undefined ? {} : { foreseen: more.foreseen }) } as const;
    return decided("reading", event, {
      ...(more.sale === undefined ? {} : { sale: more.sale }),
      ...(more.options === undefined ? {} : { state: { facts: facts({ options: more.options }) } }),
    });
  };
  const withItem = (tag: number, hex: string) => new Map(DATA).set(tag, fromHex(hex));
  const asksHost = options({ cardQualifiers: { ...QUALIFIERS, onlineIfAuthenticationFails: true } });

  it("make the tap ready, with everything that a torn commit is decided from", () => {
    const { state, command } = read(DATA);
    expect(command).toBeUndefined();
    expect(state).toMatchObject({
      at: "ready",
      facts: { results: [], status: [] },
      intent: {
        accountNumber: "6299990000000001",
        atc: 7,
        amount: 1_250,
        balanceBefore: 10_000,
        cryptogram: "0102030405060708",
        lastRecord: { sfi: 5, number: 1 },
      },
    });
  });

  it.each<readonly [string, ReadonlyMap<number, Uint8Array>, object]>([
    ["without an account number", new Map([[0x5f24, fromHex("401231")]]), { reason: "card-data-missing" }],
    ["without an end", new Map([[0x5a, fromHex("6299990000000001")]]), { reason: "card-data-missing" }],
    ["of another currency", withItem(0x9f51, "0840"), { reason: "wrong-currency" }],
    ["past their end", withItem(0x5f24, "261120"), { reason: "expired" }],
    ["before their beginning", withItem(0x5f25, "261122"), { reason: "not-yet-valid" }],
    ["for other uses", withItem(0x9f07, "fe00"), { reason: "usage-not-allowed" }],
  ])("%s end it", (_name, data, expected) => expect(outcomeOf(read(data).state)).toEqual({ kind: "refused", ...expected }));

  it.each([
    ["on the last day", withItem(0x5f24, "261121")],
    ["on the first day", withItem(0x5f25, "261121")],
    ["of this currency", withItem(0x9f51, "0156")],
    ["of another version", withItem(0x9f08, "0001")],
    ["for domestic goods", withItem(0x9f07, "2100").set(0x5f28, fromHex("0156"))],
  ])("%s are good", (_name, data) => expect(read(data).state.at).toBe("ready"));

  it("of another version are noted", () => expect(read(withItem(0x9f08, "0001")).state).toMatchObject({ facts: { results: ["versions-differ"] } }));
  it("for foreign use alone end it at home", () => {
    expect(outcomeOf(read(withItem(0x9f07, "1500").set(0x5f28, fromHex("0156"))).state)).toMatchObject({ reason: "usage-not-allowed" });
  });
  it("of a listed card end it", () => {
    const asked: unknown[] = [];
    const sale = { ...SALE, isListed: (card: object) => asked.push(card) > 0 };
    expect(outcomeOf(read(withItem(0x5f34, "01"), { sale }).state)).toEqual({ kind: "refused", reason: "on-invalid-list" });
    expect(asked).toEqual([{ accountNumber: "6299990000000001", accountSequence: "01" }]);
  });
  it("that contradict the answer before end it", () => {
    expect(outcomeOf(read(DATA, { options: options({ data: new Map([[0x5a, fromHex("6299990000000002")]]) }) }).state)).toEqual({
      kind: "refused",
      reason: "card-data-malformed",
    });
  });
  it("that the card refuses end it", () => {
    const answer = { kind: "refused", statusWord: 0x6a83, record: { sfi: 1, number: 1, signed: false } } as const;
    expect(outcomeOf(decided("reading", { is: "records-read", answer }).state)).toEqual({ kind: "refused", reason: "card-refused", statusWord: 0x6a83 });
  });
  it.each([
    ["without a host", SALE, options(), "card-certificate-wrong", "authentication-failed"],
    ["without a key", SALE, options(), "authority-unknown", "authentication-impossible"],
    ["with a host that the card did not ask for", ONLINE, options(), "card-certificate-wrong", "authentication-failed"],
    ["with a host that the card asked for", ONLINE, asksHost, "card-certificate-wrong", "online-required"],
    ["without the host that the card asked for", SALE, asksHost, "card-certificate-wrong", "authentication-failed"],
  ] as const)("that foresee a failure end it before the commit: %s", (_name, sale, given, foreseen, reason) => {
    expect(outcomeOf(read(DATA, { sale, options: given, foreseen }).state)).toEqual({ kind: "refused", reason, why: foreseen });
  });
});

describe("the commit", () => {
  it.each([
    [SALE, { do: "commit" }],
    [CONTACT, { do: "generate", wanted: "TC" }],
  ] as const)("is what the interface has for it", (sale, command) => {
    expect(decided("ready", { is: "permitted" }, { sale })).toMatchObject({ state: { at: "committing", intent: INTENT }, command });
  });
  it("refused leaves the money where it was", () => {
    expect(outcomeOf(decided("committing", { is: "record-committed", answer: { kind: "refused", statusWord: 0x6974 } }).state)).toEqual({
      kind: "refused",
      reason: "card-refused",
      statusWord: 0x6974,
    });
  });
  it("lost has the effect that the channel says", () => {
    for (const effectUnknown of [true, false]) {
      expect(outcomeOf(decided("committing", { is: "card-lost", code: "card-removed", effectUnknown }).state)).toEqual({
        kind: "card-lost",
        code: "card-removed",
        effectUnknown,
      });
    }
  });
  it.each(["selecting", "reading-baseline", "processing", "caching", "reading", "authenticating", "counting"] as const)(
    "lost before, while %s, has none",
    (at) => {
      expect(outcomeOf(decided(at, { is: "card-lost", code: "card-removed", effectUnknown: true }).state)).toEqual({
        kind: "card-lost",
        code: "card-removed",
        effectUnknown: false,
      });
    },
  );
  it("proved is an approval, with the results at their end", () => {
    expect(outcomeOf(decided("checking", { is: "authenticated", result: VERIFIED }).state)).toMatchObject({
      kind: "approved",
      balanceAfter: 8_750,
      record: { statusInformation: "a000", verificationResults: "0000000000", cryptogram: "0102030405060708" },
    });
  });
  it.each([
    [SALE, QUALIFIERS, false],
    [ONLINE, QUALIFIERS, false],
    [ONLINE, { ...QUALIFIERS, onlineIfAuthenticationFails: true }, true],
  ] as const)("not proved is no approval", (sale, cardQualifiers, onlineInstead) => {
    const state = { facts: facts({ options: options({ cardQualifiers }) }) };
    const { state: end } = decided("checking", { is: "authenticated", result: { kind: "failed", method: "dynamic", why: "signature-wrong" } }, { sale, state });
    expect(outcomeOf(end)).toMatchObject({ kind: "debited-unproven", why: "signature-wrong", onlineInstead, record: { verificationResults: "0800000000" } });
  });
  it.each([
    ["ARQC", { kind: "refused", reason: "online-required" }],
    ["AAC", "explaining"],
    ["TC", { kind: "approved" }],
  ] as const)("over contacts may come to less: %s", (decision, expected) => {
    const event = { is: "cryptogram-made", answer: { ...GENERATED, decision }, sent: new Map() } as const;
    const told = outcomeOf(decided("committing", event, { sale: CONTACT }).state);
    if (typeof expected === "string") expect(told).toBe(expected);
    else expect(told).toMatchObject(expected);
  });
});

describe("explained", () => {
  const amount = TEST_TERMS.amount;
  it.each([
    [{}, undefined],
    [{ balance: fen(amount - 1) }, "insufficient-funds"],
    [{ balance: amount }, undefined],
    [{ saleLimit: fen(amount - 1) }, "amount-above-card-limit"],
    [{ saleLimit: amount }, undefined],
    [{ balance: amount, resetThreshold: fen(1) }, "balance-below-threshold"],
    [{ balance: fen(amount + 1), resetThreshold: fen(1) }, undefined],
    [{ resetThreshold: fen(1) }, undefined],
    [{ balance: fen(1), saleLimit: fen(1) }, "insufficient-funds"],
  ])("%j is %s", (baseline, expected) => expect(explained(baseline, { terms: TEST_TERMS })).toBe(expected));
  it("stands when the card has left", () => {
    expect(outcomeOf(decided("explaining", EVENTS["card-lost"], { state: { facts: facts({ baseline: { balance: fen(1) } }) } }).state)).toMatchObject({
      reason: "insufficient-funds",
    });
  });
});

describe("any row of possible events", () => {
  it("permits at most one commit and ends in one outcome that stays", () => {
    const events = fc.array(fc.constantFrom(...Object.values(EVENTS)), { maxLength: 60 });
    fc.assert(
      fc.property(events, fc.constantFrom(SALE, CONTACT), (row, sale) => {
        let { state } = firstStep(sale);
        let commits = 0;
        for (const event of row) {
          if (CASH_RULES[state.at][event.is] === "impossible") continue;
          if ((sale.interface === "contact") !== (event.is === "cryptogram-made") && (event.is === "cryptogram-made" || event.is === "record-committed"))
            continue;
          const step = decideCash(CASH_RULES, sale, state, event);
          if (step.command?.do === "commit" || (step.command?.do === "generate" && step.command.wanted === "TC")) commits += 1;
          if (state.at === "ended") expect(step.state).toBe(state);
          ({ state } = step);
        }
        expect(commits).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});
