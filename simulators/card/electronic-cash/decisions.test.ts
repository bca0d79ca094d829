/* The order of the card's decisions, as a table. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { decideQuick, pathOf, paymentQualifiers, type QuickQuestion, terminalAbilities } from "./decisions.ts";

const offline = terminalAbilities(fromHex("2a000000"));
const online = terminalAbilities(fromHex("26000000"));
const plain: QuickQuestion = {
  terminal: offline,
  amountFen: 100,
  foreignCurrency: undefined,
  newCard: false,
  pinTriesLeft: 3,
  supportsOnlinePin: true,
  supportsSignature: true,
  availableFen: 1_000,
  singleLimitFen: 500,
  resetThresholdFen: 200,
};
const verified = (terminal: QuickQuestion["terminal"]) => ({ ...terminal, verificationRequired: true });
const decided = (outcome: string, verification = "none", velocity = false) => ({ kind: "decided", outcome, verification, velocity });
const refused = { kind: "refused", sw: 0x6985 };

describe("the path", () => {
  it.each([
    ["20000000", "quick"],
    ["40000000", "full"],
    ["60000000", "full"],
    ["9f000000", undefined],
  ] as const)("by the qualifiers %s", (qualifiers, path) => {
    expect(pathOf(fromHex(qualifiers))).toBe(path);
  });
});

describe("abilities", () => {
  it.each([
    ["08000000", "offlineOnly"],
    ["04000000", "onlinePin"],
    ["02000000", "signature"],
    ["00800000", "onlineRequired"],
    ["00400000", "verificationRequired"],
    ["01000000", "authenticatesOnline"],
  ] as const)("%s is %s", (qualifiers, name) => {
    const on = Object.entries(terminalAbilities(fromHex(qualifiers))).filter(([, value]) => value);
    expect(on.map(([each]) => each)).toEqual([name]);
  });
});

describe("without a host", () => {
  const cases: readonly (readonly [string, Partial<QuickQuestion>, object])[] = [
    ["a payment inside every limit is approved", {}, decided("approved")],
    ["the whole balance may be spent, below the reset threshold", { amountFen: 500, availableFen: 500 }, decided("approved")],
    ["one fen above the balance is declined", { amountFen: 401, availableFen: 400 }, decided("declined")],
    ["exactly the single limit is approved", { amountFen: 500 }, decided("approved")],
    ["one fen above the single limit is declined", { amountFen: 501 }, decided("declined")],
    ["a new card is declined", { newCard: true }, decided("declined")],
    ["no PIN tries left is declined", { pinTriesLeft: 0 }, decided("declined")],
    ["a barred currency is declined", { foreignCurrency: "decline" }, decided("declined")],
    ["a currency that needs the issuer is declined", { foreignCurrency: "online" }, decided("declined")],
    ["verification is a signature", { terminal: verified(offline) }, decided("approved", "signature")],
    ["a decline names the signature too", { terminal: verified(offline), amountFen: 501 }, decided("declined", "signature")],
    ["without signatures of the card verification is refused", { terminal: verified(offline), supportsSignature: false }, refused],
    ["without signatures of the terminal too", { terminal: verified({ ...offline, signature: false }) }, refused],
    ["a new card is declined before verification is asked", { terminal: verified(offline), supportsSignature: false, newCard: true }, decided("declined")],
    ["a terminal that wants to go online and cannot gets the offline decision", { terminal: { ...offline, onlineRequired: true } }, decided("approved")],
  ];
  it.each(cases)("%s", (_, change, expected) => {
    expect(decideQuick({ ...plain, ...change })).toEqual(expected);
  });
});

describe("with a host", () => {
  const at = (change: Partial<QuickQuestion>): QuickQuestion => ({ ...plain, terminal: online, ...change });
  const cases: readonly (readonly [string, Partial<QuickQuestion>, object])[] = [
    ["a payment inside every limit is approved", {}, decided("approved")],
    ["a barred currency is declined", { foreignCurrency: "decline" }, decided("declined")],
    ["a currency that needs the issuer goes online", { foreignCurrency: "online" }, decided("online")],
    ["verification is an online PIN", { terminal: verified(online) }, decided("online", "online-pin")],
    ["without PINs of the card it is a signature", { terminal: verified(online), supportsOnlinePin: false }, decided("approved", "signature")],
    ["without PINs of the terminal too", { terminal: verified({ ...online, onlinePin: false }) }, decided("approved", "signature")],
    ["with neither it is refused", { terminal: verified(online), supportsOnlinePin: false, supportsSignature: false }, refused],
    ["the terminal may want to go online", { terminal: { ...online, onlineRequired: true } }, decided("online")],
    ["a new card goes online", { newCard: true }, decided("online")],
    ["no PIN tries left goes online", { pinTriesLeft: 0 }, decided("online")],
    ["above the single limit it goes online, with velocity", { amountFen: 501 }, decided("online", "none", true)],
    ["just above the reset threshold it is approved", { amountFen: 300, availableFen: 500 }, decided("approved")],
    ["below the reset threshold it goes online, with velocity", { amountFen: 301, availableFen: 500 }, decided("online", "none", true)],
  ];
  it.each(cases)("%s", (_, change, expected) => {
    expect(decideQuick(at(change))).toEqual(expected);
  });
});

describe("any question", () => {
  it("is never approved above the balance or the single limit", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.record({ amountFen: fc.nat(1_200), availableFen: fc.nat(1_200), singleLimitFen: fc.nat(1_200), newCard: fc.boolean(), pinTriesLeft: fc.nat(3) }),
        (qualifiers, figures) => {
          const decision = decideQuick({ ...plain, ...figures, terminal: terminalAbilities(qualifiers) });
          if (decision.kind !== "decided" || decision.outcome !== "approved") return;
          expect(figures.amountFen).toBeLessThanOrEqual(Math.min(figures.availableFen, figures.singleLimitFen));
          expect(figures.newCard || figures.pinTriesLeft === 0).toBe(false);
        },
      ),
    );
  });
});

describe("the qualifiers of a payment", () => {
  it.each([
    ["none", "2000"],
    ["signature", "6000"],
    ["online-pin", "a000"],
  ] as const)("with %s are %s", (verification, expected) => {
    expect(toHex(paymentQualifiers(fromHex("2000"), verification))).toBe(expected);
  });
});
