/* The machine's steps in full: what each one keeps, what it asks for next, and what it refuses to reason about. */
import { describe, expect, it } from "vitest";
import { type Bytes, fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { Authentication } from "./authentication.ts";
import type { CashEvent, CashSale } from "./machine-types.ts";
import type { CashFacts } from "./record.ts";
import {
  CONTACT,
  DATA,
  decided,
  facts,
  GENERATED,
  INTENT,
  issuerData,
  options,
  outcomeOf,
  RECORDS,
  SALE,
  SELECTED,
  TEST_TERMINAL,
  TEST_TERMS,
  VERIFIED,
} from "./testing.ts";
import type { CardRecords, CashBaseline } from "./types.ts";

const SALE_OF = (terms: Partial<CashSale["terms"]>): CashSale => ({ ...SALE, terms: { ...TEST_TERMS, ...terms } });
const recordsWith = (items: readonly (readonly [number, string])[]): CardRecords => ({
  ...RECORDS,
  data: new Map<number, Bytes>([...DATA, ...items.map(([tag, hex]) => [tag, fromHex(hex)] as const)]),
});

describe("the way to a contactless commit", () => {
  it("selects, reads the figures, asks the card, reads its records", () => {
    expect(decided("selecting", { is: "selected", answer: SELECTED })).toEqual({
      state: { at: "reading-baseline", selected: SELECTED },
      command: { do: "read-baseline" },
    });
    const baseline = { balance: fen(10_000), atc: 6 };
    expect(decided("reading-baseline", { is: "baseline-read", baseline })).toEqual({
      state: { at: "processing", selected: SELECTED, baseline },
      command: { do: "process" },
    });
    const answer = options();
    const reading = decided("processing", { is: "options-answered", answer }, { state: { baseline } });
    const given = { ...facts({ baseline, options: answer }), records: { data: answer.data, signedBytes: new Uint8Array(0) } };
    expect(reading).toEqual({ state: { at: "reading", facts: given, holder: "none" }, command: { do: "read-records" } });
  });

  it("finds the qualifiers among other wanted data", () => {
    const answer = {
      ...SELECTED,
      dataWanted: [
        { tag: 0x9f02, length: 6 },
        { tag: 0x9f66, length: 4 },
      ],
    };
    expect(decided("selecting", { is: "selected", answer }).state.at).toBe("reading-baseline");
  });

  it("fills the card's cache first where an industry record takes part", () => {
    const sale = SALE_OF({ industry: "segment-fare" });
    expect(decided("processing", { is: "options-answered", answer: options() }, { sale })).toMatchObject({
      state: { at: "caching", holder: "none" },
      command: { do: "cache-industry" },
    });
    const given = { facts: facts(), holder: "signature" };
    expect(decided("caching", { is: "industry-cached", answer: { kind: "ok" } }, { state: given })).toEqual({
      state: { at: "reading", ...given },
      command: { do: "read-records" },
    });
    expect(outcomeOf(decided("caching", { is: "industry-cached", answer: { kind: "refused", statusWord: 0x6988 } }).state)).toEqual({
      kind: "refused",
      reason: "card-refused",
      statusWord: 0x6988,
    });
  });

  it("asks a card that declined for its figures, with what it said of itself", () => {
    const declined = options({ decision: "AAC", issuerData: issuerData("80a000") });
    expect(decided("processing", { is: "options-answered", answer: declined })).toMatchObject({
      state: { at: "explaining", details: ["last-online-incomplete", "velocity-exceeded"] },
      command: { do: "read-limits" },
    });
    const { issuerData: _, ...silent } = declined;
    expect(decided("processing", { is: "options-answered", answer: silent })).toMatchObject({ state: { at: "explaining", details: [] } });
  });

  it.each(["atc", "issuerData"] as const)("names no record for the host without %s", (missing) => {
    const data = new Map([[0x57, fromHex("6299990000000001d40122010000000f")]]);
    const answer = Object.fromEntries(Object.entries(options({ decision: "ARQC", data })).filter(([name]) => name !== missing)) as unknown as ReturnType<
      typeof options
    >;
    const told = outcomeOf(decided("processing", { is: "options-answered", answer }).state);
    expect(told).toMatchObject({ kind: "refused", reason: "online-required" });
    expect(told).not.toHaveProperty("record");
  });

  it("goes over contacts with the full path alone", () => {
    expect(decided("processing", { is: "options-answered", answer: options({ path: "full" }) }, { sale: CONTACT })).toMatchObject({
      state: { at: "reading", holder: "none" },
      command: { do: "read-records" },
    });
  });

  it("cannot become ready without a counter", () => {
    const { atc: _, ...without } = options();
    const event = { is: "records-read", answer: { kind: "ok", ...RECORDS } } as const;
    expect(() => decided("reading", event, { state: { facts: facts({ options: without }) } })).toThrowError("names its counter");
  });

  it("notes that a version differs and goes on, whatever stands before it", () => {
    const event = {
      is: "records-read",
      answer: {
        kind: "ok",
        ...recordsWith([
          [0x9f08, "0001"],
          [0x5f24, "261120"],
        ]),
      },
    } as const;
    expect(outcomeOf(decided("reading", event).state)).toEqual({ kind: "refused", reason: "expired" });
  });

  it.each([
    [undefined, { kind: "refused", reason: "authentication-impossible", why: "not-offered" }],
    [true, "ready"],
  ] as const)("takes a card that can only be copied when told so (%s)", (acceptsStatic, expected) => {
    const sale: CashSale = { ...SALE, terminal: { ...TEST_TERMINAL, ...(acceptsStatic === undefined ? {} : { acceptsStatic }) } };
    const event = { is: "records-read", answer: { kind: "ok", ...RECORDS } } as const;
    expect(
      outcomeOf(decided("reading", event, { sale, state: { facts: facts({ options: options({ interchangeProfile: fromHex("4000") }) }) } }).state),
    ).toEqual(expected);
  });

  it("calls a card that offers no proof impossible to authenticate", () => {
    const event = { is: "records-read", answer: { kind: "ok", ...RECORDS }, foreseen: "not-offered" } as const;
    expect(outcomeOf(decided("reading", event).state)).toEqual({ kind: "refused", reason: "authentication-impossible", why: "not-offered" });
  });
});

describe("behind a contactless commit", () => {
  const committed = (answer: CardRecords) => decided("committing", { is: "record-committed", answer: { kind: "ok", ...answer } });

  it("keeps what the last record said, and has it checked", () => {
    const more = recordsWith([[0x9f69, "01aabbccdd200000"]]);
    expect(committed(more)).toEqual({ state: { at: "checking", facts: { ...facts(), records: more }, holder: "none" }, command: { do: "authenticate" } });
  });

  it("keeps nothing that contradicts what the card said before", () => {
    const given = facts({ options: options({ data: new Map([[0x5a, fromHex("6299990000000001")]]) }) });
    const answer = { kind: "ok", ...recordsWith([[0x9f69, "01aabbccdd200000"]]), data: new Map([[0x5a, fromHex("6299990000000002")]]) } as const;
    const { state } = decided("committing", { is: "record-committed", answer }, { state: { facts: given } });
    expect(state.at === "checking" && state.facts.records.data).toEqual(RECORDS.data);
  });

  const proved = (change: Partial<CashFacts>, result: Authentication = VERIFIED) =>
    outcomeOf(decided("checking", { is: "authenticated", result }, { state: { facts: facts(change) } }).state);

  it.each<readonly [string, Partial<CashFacts>, number | undefined]>([
    ["more than the amount", {}, 8_750],
    ["exactly the amount", { baseline: { balance: TEST_TERMS.amount } }, 0],
    ["less than the amount", { baseline: { balance: fen(1_249) } }, undefined],
    ["unknown", { baseline: {} }, undefined],
    ["that of an industry sale", { terms: { ...TEST_TERMS, industry: "segment-fare" } }, undefined],
  ])("names the new balance where the old one is %s", (_name, change, after) => {
    const told = proved(change) as { readonly kind: string; readonly balanceAfter?: number };
    expect(told.kind).toBe("approved");
    expect(told.balanceAfter).toBe(after);
  });

  it.each<readonly [Authentication, string]>([
    [VERIFIED, "0000000000"],
    [{ ...VERIFIED, method: "static" }, "0200000000"],
    [{ kind: "failed", method: "none", why: "not-offered" }, "8000000000"],
    [{ kind: "failed", method: "static", why: "signature-wrong" }, "4200000000"],
    [{ kind: "failed", method: "dynamic", why: "signature-wrong" }, "0800000000"],
    [{ kind: "failed", method: "dynamic", why: "data-missing" }, "2800000000"],
    [{ kind: "failed", method: "static", why: "data-missing" }, "6200000000"],
  ])("notes %j as %s", (result, verificationResults) => expect(proved({}, result)).toMatchObject({ record: { verificationResults } }));

  it("does not reason about a sale without number or cryptogram", () => {
    expect(() => proved({ records: { ...RECORDS, data: new Map() } })).toThrowError("both were there");
    for (const missing of ["issuerData", "decision", "atc"]) {
      const without = Object.fromEntries(Object.entries(options()).filter(([name]) => name !== missing)) as unknown as ReturnType<typeof options>;
      expect(() => proved({ options: without })).toThrowError("both were there");
    }
  });
});

describe("the way to a contact commit", () => {
  const read = (items: readonly (readonly [number, string])[], baseline: CashBaseline = { balance: fen(10_000) }) =>
    decided(
      "reading",
      { is: "records-read", answer: { kind: "ok", ...recordsWith(items) } },
      { sale: CONTACT, state: { facts: facts({ baseline, options: options({ path: "full" }) }) } },
    );
  const CODE = [[0x9f74, "010203040506"]] as const;

  it("has the card authenticated", () => {
    expect(read(CODE)).toMatchObject({ state: { at: "authenticating", holder: "none" }, command: { do: "authenticate" } });
  });
  it.each<readonly [string, readonly (readonly [number, string])[], CashBaseline, string]>([
    ["without the issuer's code", [], { balance: fen(10_000) }, "not-electronic-cash"],
    ["without the balance", CODE, { balance: fen(1_249) }, "insufficient-funds"],
    ["above the limit of a sale", CODE, { saleLimit: fen(1_249) }, "amount-above-card-limit"],
    ["without the balance, nor the code", [], { balance: fen(1_249) }, "insufficient-funds"],
  ])("ends %s", (_name, items, baseline, reason) => expect(outcomeOf(read(items, baseline).state)).toEqual({ kind: "refused", reason }));
  it("leaves the threshold to the terminal's judgement", () => {
    expect(read(CODE, { balance: fen(10_000), resetThreshold: fen(9_000) }).state.at).toBe("authenticating");
    expect(outcomeOf(read([], { balance: fen(10_000), resetThreshold: fen(9_000) }).state)).toEqual({ kind: "refused", reason: "not-electronic-cash" });
  });

  it.each<readonly [Authentication, readonly string[], readonly string[]]>([
    [VERIFIED, [], ["authentication-performed"]],
    [{ ...VERIFIED, method: "static" }, ["static-authentication-selected"], ["authentication-performed"]],
    [{ kind: "failed", method: "dynamic", why: "signature-wrong" }, ["dynamic-authentication-failed"], ["authentication-performed"]],
    [{ kind: "failed", method: "none", why: "not-offered" }, ["authentication-not-performed"], []],
  ])("keeps the finding %j", (result, results, status) => {
    expect(decided("authenticating", { is: "authenticated", result }, { sale: CONTACT })).toEqual({
      state: { at: "counting", facts: { ...facts(), results, status }, holder: "none", authentication: result },
      command: { do: "read-counters" },
    });
  });

  it("notes that holder and risk were looked at", () => {
    const given = facts({ options: options({ path: "full" }) });
    const { state } = decided("counting", { is: "counters-read", counters: { atc: 7, lastOnline: 1 } }, { sale: CONTACT, state: { facts: given } });
    expect(state).toMatchObject({
      at: "ready",
      facts: { status: ["holder-verification-performed", "terminal-risk-management-performed"] },
      authentication: VERIFIED,
    });
  });

  it("with a host goes online for a card that is not proved, and for nothing else that the codes allow", () => {
    const online: CashSale = { ...CONTACT, terminal: { ...TEST_TERMINAL, online: true } };
    const lenient = recordsWith([
      [0x9f0d, "0000000000"],
      [0x9f0e, "0000000000"],
      [0x9f0f, "0000000000"],
    ]);
    const given = (results: CashFacts["results"]) => ({ facts: facts({ results, records: lenient, options: options({ path: "full" }) }) });
    const event = { is: "counters-read", counters: { atc: 7 } } as const;
    expect(decided("counting", event, { sale: online, state: given(["application-expired"]) })).toMatchObject({
      state: { reason: "expired", details: ["application-expired"] },
      command: { wanted: "AAC" },
    });
    const failed = { kind: "failed", method: "dynamic", why: "signature-wrong" } as const;
    expect(decided("counting", event, { sale: online, state: { ...given([]), authentication: failed } })).toMatchObject({
      state: { reason: "online-required" },
      command: { wanted: "ARQC" },
    });
    const unknown = { ...failed, why: "authority-unknown" } as const;
    expect(decided("counting", event, { sale: online, state: { ...given([]), authentication: unknown } })).toMatchObject({
      state: { reason: "authentication-impossible" },
      command: { wanted: "AAC" },
    });
  });

  it("asks for what the codes ask for, whatever the reason", () => {
    const strict = recordsWith([
      [0x9f0e, "0080000000"],
      [0x9f0f, "0000000000"],
    ]);
    const online: CashSale = { ...CONTACT, terminal: { ...TEST_TERMINAL, online: true } };
    const failed = { kind: "failed", method: "dynamic", why: "signature-wrong" } as const;
    const given = facts({ results: ["versions-differ"], records: strict, options: options({ path: "full" }) });
    expect(decided("counting", { is: "counters-read", counters: {} }, { sale: online, state: { facts: given, authentication: failed } })).toMatchObject({
      command: { wanted: "AAC" },
    });
  });
});

describe("the contact card's cryptogram", () => {
  const made = (change: {
    readonly decision?: "TC" | "ARQC" | "AAC";
    readonly issuerData?: ReturnType<typeof issuerData>;
  }): CashEvent & { readonly is: "cryptogram-made" } => ({
    is: "cryptogram-made",
    answer: { ...GENERATED, ...change },
    sent: new Map([[0x95, fromHex("0000008000")]]),
  });
  const REFUSED = { is: "cryptogram-made", answer: { kind: "refused", statusWord: 0x6985 }, sent: new Map() } as const;

  it("is an approval with the results that the card saw and those at the end", () => {
    const told = outcomeOf(decided("committing", made({}), { sale: CONTACT }).state);
    expect(told).toMatchObject({
      kind: "approved",
      authentication: VERIFIED,
      record: { verificationSent: "0000008000", statusInformation: "2000", decision: "TC" },
    });
  });
  it("refused at the commit took nothing", () => {
    expect(outcomeOf(decided("committing", REFUSED, { sale: CONTACT }).state)).toEqual({ kind: "refused", reason: "card-refused", statusWord: 0x6985 });
  });
  it("for the host keeps what completes it", () => {
    const told = outcomeOf(decided("committing", made({ decision: "ARQC", issuerData: issuerData("a02000") }), { sale: CONTACT }).state);
    expect(told).toMatchObject({
      reason: "online-required",
      details: ["velocity-exceeded"],
      record: { decision: "ARQC" },
      awaiting: { status: ["card-risk-management-performed"] },
    });
  });
  it("that declines is explained", () => {
    expect(decided("committing", made({ decision: "AAC", issuerData: issuerData("801000") }), { sale: CONTACT })).toMatchObject({
      state: { at: "explaining", details: ["new-card"], facts: { status: ["card-risk-management-performed"] } },
      command: { do: "read-limits" },
    });
  });
  it.each([{ kind: "failed", method: "dynamic", why: "signature-wrong" } as const, undefined])(
    "is never asked for as an approval of a card that is not proved",
    (authentication) => {
      expect(() => decided("committing", made({}), { sale: CONTACT, state: { authentication } })).toThrowError("not proved");
    },
  );
  it("of a card without a number is nothing that we reason about", () => {
    expect(() => decided("committing", made({}), { sale: CONTACT, state: { facts: facts({ records: { ...RECORDS, data: new Map() } }) } })).toThrowError(
      "was there before the commit",
    );
  });

  it.each([
    ["a refusal of the command", REFUSED, "expired", { kind: "refused", reason: "expired", details: ["new-card"], statusWord: 0x6985 }],
    ["a decline", made({ decision: "AAC" }), "expired", { kind: "refused", reason: "expired", details: ["new-card"] }],
    ["more than was asked for", made({ decision: "TC" }), "expired", { kind: "refused", reason: "expired", details: ["new-card"] }],
    [
      "a decline where the host was wanted",
      made({ decision: "AAC", issuerData: issuerData("804000") }),
      "online-required",
      { kind: "refused", reason: "declined-by-card", details: ["pin-tries-exceeded"] },
    ],
  ] as const)("at the close: %s", (_name, event, reason, expected) => {
    expect(outcomeOf(decided("closing", event, { sale: CONTACT, state: { reason, details: ["new-card"] } }).state)).toEqual(expected);
  });
  it("at the close for the host names record and results", () => {
    const told = outcomeOf(
      decided("closing", made({ decision: "ARQC" }), { sale: CONTACT, state: { reason: "online-required", details: ["new-card"] } }).state,
    );
    expect(told).toMatchObject({
      reason: "online-required",
      details: ["new-card"],
      record: { verificationSent: "0000008000" },
      awaiting: { status: ["card-risk-management-performed"] },
    });
  });
});

describe("the reason why a card declined", () => {
  const told = (baseline: CashBaseline, before: CashBaseline = {}) =>
    outcomeOf(decided("explaining", { is: "baseline-read", baseline }, { state: { facts: facts({ baseline: before }), details: ["new-card"] } }).state);
  it("is what its figures say, old and new", () => {
    expect(told({ balance: fen(1) })).toEqual({ kind: "refused", reason: "insufficient-funds", details: ["new-card"] });
    expect(told({ saleLimit: fen(1) }, { balance: fen(10_000) })).toEqual({ kind: "refused", reason: "amount-above-card-limit", details: ["new-card"] });
    expect(told({ resetThreshold: fen(9_000) }, { balance: fen(10_000) })).toEqual({
      kind: "refused",
      reason: "balance-below-threshold",
      details: ["new-card"],
    });
    expect(told({ balance: fen(10_000) }, { balance: fen(1) })).toEqual({ kind: "refused", reason: "declined-by-card", details: ["new-card"] });
  });
  it("stays what was known when the card leaves meanwhile", () => {
    const lost = { is: "card-lost", code: "card-removed", effectUnknown: true } as const;
    expect(outcomeOf(decided("explaining", lost, { state: { facts: facts({ baseline: {} }), details: ["new-card"] } }).state)).toEqual({
      kind: "refused",
      reason: "declined-by-card",
      details: ["new-card"],
    });
  });
});

describe("a tap that is ready", () => {
  it("commits with everything that it knew", () => {
    const ready = { at: "ready", facts: facts(), holder: "signature", intent: INTENT, authentication: VERIFIED } as const;
    expect(decided("ready", { is: "permitted" }, { state: ready })).toEqual({ state: { ...ready, at: "committing" }, command: { do: "commit" } });
  });
  it("may be given up, for a reason", () => {
    expect(outcomeOf(decided("ready", { is: "given-up", reason: "field-time-exceeded" }).state)).toEqual({ kind: "refused", reason: "field-time-exceeded" });
  });
});
