/* What the terminal makes of a card over contacts: velocity, floor limit, ways to verify the holder, action codes. */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { CashSale } from "./machine-types.ts";
import type { CashFacts } from "./record.ts";
import { CONTACT, DATA, decided, EVENTS, facts, GENERATED, issuerData, options, outcomeOf, RECORDS, TEST_TERMINAL, TEST_TERMS, VERIFIED } from "./testing.ts";

describe("the contact path's judgement", () => {
  const counted = (
    change: Partial<CashFacts>,
    more: {
      readonly sale?: Partial<CashSale["terminal"]>;
      readonly counters?: { readonly atc?: number; readonly lastOnline?: number };
      readonly failed?: true;
    } = {},
  ) => {
    const terminal = { ...TEST_TERMINAL, ...more.sale };
    const authentication = more.failed === true ? ({ kind: "failed", method: "dynamic", why: "signature-wrong" } as const) : VERIFIED;
    const given = facts({ ...change, options: options({ path: "full", interchangeProfile: fromHex(change.options === undefined ? "3c00" : "2c00") }) });
    const event = { is: "counters-read", counters: more.counters ?? { atc: 7, lastOnline: 1 } } as const;
    return decided("counting", event, { sale: { ...CONTACT, terminal }, state: { facts: given, authentication } });
  };
  const data = (items: readonly (readonly [number, string])[]): Partial<CashFacts> => ({
    records: {
      ...RECORDS,
      data: new Map([
        ...DATA,
        [0x9f0d, fromHex("0000000000")],
        [0x9f0e, fromHex("0000000000")],
        [0x9f0f, fromHex("0000000000")],
        ...items.map(([tag, hex]) => [tag, fromHex(hex)] as const),
      ]),
    },
  });
  const LIMITS: readonly (readonly [number, string])[] = [
    [0x9f14, "05"],
    [0x9f23, "08"],
  ];

  it.each<readonly [string, Partial<CashFacts>, Parameters<typeof counted>[1], object]>([
    ["nothing speaks against it", data([]), {}, { state: { at: "ready", intent: { atc: 7 } } }],
    ["velocity at its limits", data(LIMITS), { counters: { atc: 7, lastOnline: 2 } }, { state: { at: "ready", facts: { results: [] } } }],
    [
      "velocity above the lower limit",
      data(LIMITS),
      { counters: { atc: 8, lastOnline: 2 } },
      { state: { at: "ready", facts: { results: ["lower-velocity-limit-exceeded"] } } },
    ],
    [
      "velocity above the upper limit, a new card",
      data(LIMITS),
      { counters: { atc: 9, lastOnline: 0 } },
      { state: { facts: { results: ["lower-velocity-limit-exceeded", "upper-velocity-limit-exceeded", "new-card"] } } },
    ],
    [
      "velocity without counters",
      data(LIMITS),
      { counters: { atc: 7 } },
      { state: { facts: { results: ["lower-velocity-limit-exceeded", "upper-velocity-limit-exceeded"] } } },
    ],
    ["the floor limit reached", data([]), { sale: { limits: { floorFen: fen(1_250) } } }, { state: { at: "ready", facts: { results: [] } } }],
    [
      "the floor limit passed",
      data([]),
      { sale: { limits: { floorFen: fen(1_249) } } },
      { state: { at: "ready", facts: { results: ["floor-limit-exceeded"] } } },
    ],
    [
      "a finding that the card denies",
      data([...LIMITS, [0x9f0e, "0000004000"]]),
      { counters: { atc: 8, lastOnline: 2 } },
      { state: { at: "closing", reason: "declined-by-terminal" }, command: { do: "generate", wanted: "AAC" } },
    ],
    [
      "a finding that the terminal denies",
      data(LIMITS),
      { counters: { atc: 8, lastOnline: 2 }, sale: { actionCodes: { ...TEST_TERMINAL.actionCodes, denial: "0000004000" } } },
      { command: { do: "generate", wanted: "AAC" } },
    ],
    [
      "a finding for the host, without one",
      data([...LIMITS, [0x9f0d, "0000004000"]]),
      { counters: { atc: 8, lastOnline: 2 } },
      { command: { do: "generate", wanted: "AAC" } },
    ],
    [
      "a finding for the host, with one",
      data([...LIMITS, [0x9f0f, "0000004000"]]),
      { counters: { atc: 8, lastOnline: 2 }, sale: { online: true } },
      { state: { at: "closing", reason: "online-required" }, command: { do: "generate", wanted: "ARQC" } },
    ],
    [
      "a finding for the host by the terminal",
      data(LIMITS),
      { counters: { atc: 8, lastOnline: 2 }, sale: { online: true, actionCodes: { ...TEST_TERMINAL.actionCodes, online: "0000004000" } } },
      { command: { do: "generate", wanted: "ARQC" } },
    ],
    [
      "a finding for the default of an offline terminal",
      data(LIMITS),
      { counters: { atc: 8, lastOnline: 2 }, sale: { actionCodes: { ...TEST_TERMINAL.actionCodes, default: "0000004000" } } },
      { command: { do: "generate", wanted: "AAC" } },
    ],
    ["a false signature, whatever the codes say", data([]), { failed: true }, { state: { reason: "authentication-failed" }, command: { wanted: "AAC" } }],
    [
      "a false signature with a host",
      data([]),
      { failed: true, sale: { online: true } },
      { state: { reason: "online-required" }, command: { wanted: "ARQC" } },
    ],
    [
      "a signature on paper that the terminal has",
      data([[0x8e, "00000000000000001e03"]]),
      { sale: { signature: true } },
      { state: { at: "ready", holder: "signature" } },
    ],
    [
      "a signature on paper that it has not",
      data([[0x8e, "00000000000000001e00"]]),
      {},
      { state: { at: "closing", reason: "holder-verification-required", facts: { results: ["holder-verification-failed"] } }, command: { wanted: "AAC" } },
    ],
    [
      "a PIN and nothing else",
      data([[0x8e, "00000000000000000200"]]),
      {},
      { state: { reason: "holder-verification-required", facts: { results: ["holder-verification-failed", "pin-pad-missing"] } } },
    ],
    ["a PIN or nothing", data([[0x8e, "000000000000000042001f00"]]), {}, { state: { at: "ready", holder: "none" } }],
    ["nothing below an amount", data([[0x8e, "000004e3000000001f060200"]]), {}, { state: { at: "ready" } }],
    ["nothing below an amount that is reached", data([[0x8e, "000004e2000000001f060200"]]), {}, { state: { at: "closing" } }],
    ["nothing above an amount", data([[0x8e, "00000000000004e11f09"]]), {}, { state: { at: "ready" } }],
    ["nothing above an amount that is not passed", data([[0x8e, "00000000000004e21f09"]]), {}, { state: { at: "closing" } }],
    [
      "an unknown method",
      data([[0x8e, "00000000000000003f00"]]),
      {},
      { state: { facts: { results: ["holder-verification-failed", "verification-method-unknown"] } } },
    ],
    ["no counter", data([]), { counters: {} }, { state: { at: "ended", outcome: { reason: "card-data-missing" } } }],
  ])("%s", (_name, change, more, expected) => expect(counted(change, more)).toMatchObject(expected));

  it("goes online below the card's threshold where there is a host", () => {
    const baseline = { balance: fen(10_000), resetThreshold: fen(8_751) };
    expect(counted({ ...data([]), baseline }, { sale: { online: true } })).toMatchObject({ command: { wanted: "ARQC" } });
    expect(counted({ ...data([]), baseline })).toMatchObject({ state: { at: "ready" } });
  });

  it.each([
    ["expired", "application-expired"],
    ["not-yet-valid", "application-not-yet-effective"],
    ["usage-not-allowed", "service-not-allowed"],
    ["on-invalid-list", "card-on-exception-list"],
  ] as const)("declines with %s", (reason, result) => {
    expect(counted({ ...data([]), results: [result] })).toMatchObject({ state: { at: "closing", reason }, command: { wanted: "AAC" } });
  });

  it("tells the refusal even when the card leaves meanwhile", () => {
    expect(outcomeOf(decided("closing", EVENTS["card-lost"]).state)).toEqual({ kind: "refused", reason: "expired", details: [] });
  });
  it("says that the card declined where it wanted the host and the card did not", () => {
    const event = { is: "cryptogram-made", answer: { ...GENERATED, decision: "AAC", issuerData: issuerData("801000") }, sent: new Map() } as const;
    const state = { reason: "online-required" };
    expect(outcomeOf(decided("closing", event, { sale: CONTACT, state }).state)).toEqual({
      kind: "refused",
      reason: "declined-by-card",
      details: ["new-card"],
    });
  });
  it("keeps what the host's answer needs", () => {
    const event = { is: "cryptogram-made", answer: { ...GENERATED, decision: "ARQC" }, sent: new Map() } as const;
    expect(outcomeOf(decided("closing", event, { sale: CONTACT, state: { reason: "online-required" } }).state)).toMatchObject({
      record: { decision: "ARQC" },
      awaiting: { terms: TEST_TERMS },
    });
  });
});
