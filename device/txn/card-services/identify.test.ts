/* Identity credential: a statement that anybody with the terminal's key can check, and no statement for a card or holder that failed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard, type TestCardOptions } from "../../../simulators/card/make.ts";
import { testSocialAuthority } from "../../../simulators/crypto/social-certificates.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { concat, fromHex, toHex, u8 } from "../../base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { type CardSignatureParts, openCardSignatures } from "../../services/card-authorities.ts";
import { textMember } from "../journal/members.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { openCardServices } from "./open.ts";
import { verifyStatement } from "./statement.ts";
import { cardNumbers, counter, OPERATOR, PIN, person, SUITE, TERMINAL_KEY, testCard } from "./testing.ts";

const NO_LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** The check of an authority's key, worked out anew. */
const checkOf = ({ index, pointHex }: { readonly index: number; readonly pointHex: string }) =>
  toHex(SUITE.sm3(concat(fromHex("d156000005"), u8(index), fromHex(pointHex))));

type Identify = Extract<CardServiceRequest, { service: "identify" }>;
const ask = (more: Partial<Identify> = {}): Identify => ({ service: "identify", withPin: false, operator: OPERATOR, ...more });

function signedOf(outcome: CardServiceOutcome) {
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
  return { statement: textMember(outcome.output, "statement"), signature: textMember(outcome.output, "signature") };
}

describe("an identity statement", () => {
  it("tells terminal, time with its quality, card, methods and challenge, and is signed by the terminal", async () => {
    const bench = await counter();
    const signed = signedOf(await bench.perform(ask({ withPin: true, challenge: "c-1" })));
    const checked = verifyStatement(signed, { suite: SUITE, terminalKey: TERMINAL_KEY, challenge: "c-1" });
    expect(checked).toMatchObject({
      ok: true,
      statement: {
        terminal: "T1",
        institution: "测试服务点",
        at: { clock: { quality: "trusted", errorMs: 40 } },
        card: { kind: "keyed-hash" },
        methods: ["internal-authentication", "holder-file-by-terminal-proof", "card-pin"],
        challenge: "c-1",
      },
    });
    const { cardNumber, cardIdentifier } = cardNumbers();
    for (const secret of [cardNumber, cardIdentifier, person().identityNumber, PIN]) expect(signed.statement).not.toContain(secret);
  });

  it("names the same card alike and another card otherwise; a number only where the profile wants it", async () => {
    const cardOf = async (options: Parameters<typeof counter>[0]) => {
      const bench = await counter(options);
      const checked = verifyStatement(signedOf(await bench.perform(ask())), { suite: SUITE, terminalKey: TERMINAL_KEY });
      return checked.ok ? checked.statement.card.value : "";
    };
    const first = await cardOf({});
    expect(await cardOf({})).toBe(first);
    expect(await cardOf({ card: { serial: 8 } })).not.toBe(first);
    expect(await cardOf({ profile: { statementCard: "number" } })).toBe(cardNumbers().cardNumber);
  });

  it("is refused by its checker when any byte, the key or the challenge is another", async () => {
    const bench = await counter();
    const signed = signedOf(await bench.perform(ask({ challenge: "c-1" })));
    const against = { suite: SUITE, terminalKey: TERMINAL_KEY };
    const other = SUITE.sm2PrivateKey(new Uint8Array(32).fill(4)).publicKey;
    const reasonOf = (check: ReturnType<typeof verifyStatement>) => (check.ok ? "ok" : check.reason);
    expect(reasonOf(verifyStatement({ ...signed, statement: signed.statement.replace("T1", "T2") }, against))).toBe("signature-wrong");
    expect(reasonOf(verifyStatement(signed, { ...against, terminalKey: other }))).toBe("signature-wrong");
    expect(reasonOf(verifyStatement({ ...signed, signature: "00" }, against))).toBe("signature-malformed");
    expect(reasonOf(verifyStatement(signed, { ...against, challenge: "c-2" }))).toBe("challenge-differs");
    const key = SUITE.sm2PrivateKey(new Uint8Array(32).fill(9));
    const text = JSON.stringify({ v: 1, form: "another" });
    const signature = Buffer.from(SUITE.sm2Sign(key, new TextEncoder().encode(text))).toString("hex");
    expect(reasonOf(verifyStatement({ statement: text, signature }, against))).toBe("statement-malformed");
  });

  it("any text that the terminal never signed is refused without a throw, and so is any that it signed otherwise", () => {
    const key = SUITE.sm2PrivateKey(new Uint8Array(32).fill(9));
    const against = { suite: SUITE, terminalKey: TERMINAL_KEY };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (statement, signature) => {
        expect(verifyStatement({ statement, signature }, against).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (statement) => {
        const signature = Buffer.from(SUITE.sm2Sign(key, new TextEncoder().encode(statement))).toString("hex");
        expect(verifyStatement({ statement, signature }, against)).toMatchObject({ ok: false });
      }),
      { numRuns: 25 },
    );
  });
});

describe("a card with certificates of its own", () => {
  const profile = { ...DEFAULT_CARD_PROFILE, acse: "assumed" } as const;
  const signing = (more: Partial<CardSignatureParts> = {}) =>
    openCardSignatures({
      suite: SUITE,
      randomness: new SeededRandomness("signatures"),
      log: NO_LOG,
      profile,
      authorities: [testSocialAuthority(SUITE)],
      ...more,
    });
  const signingCounter = (options: Partial<TestCardOptions> = {}, cardSignature = signing()) =>
    counter({ card: { profile, ...options }, more: { cardProfile: profile, ...(cardSignature === undefined ? {} : { cardSignature }) } });
  const methodsOf = (outcome: CardServiceOutcome) => {
    const checked = verifyStatement(signedOf(outcome), { suite: SUITE, terminalKey: TERMINAL_KEY });
    return checked.ok ? checked.statement.methods : [];
  };

  it("proves itself by both, and the statement says so", async () => {
    const bench = await signingCounter();
    expect(methodsOf(await bench.perform(ask({ withPin: true })))).toEqual([
      "internal-authentication",
      "sm2-card-signature",
      "holder-file-by-terminal-proof",
      "card-pin",
    ]);
  });

  it.each([
    ["wrong-signature", "not-genuine", "signature-wrong"],
    ["no-signature", "not-genuine", "signature-not-made"],
    ["expired", "expired", "certificate-not-valid-today"],
    ["foreign", "not-genuine", "certificate-wrong"],
    ["forged", "not-genuine", "certificate-wrong"],
    ["other-card", "not-genuine", "certificate-of-another-card"],
    ["damaged", "not-genuine", "certificate-malformed"],
  ] as const)("%s: no statement", async (socialCertificate, reason, why) => {
    const bench = await signingCounter({ faults: { socialCertificate } });
    expect(await bench.perform(ask())).toMatchObject({ kind: "refused", reason, office: "agency" });
    expect(bench.logged.join("\n")).toContain(`card-signature-refused {"why":"${why}"}`);
    bench.card.setFaults({ socialCertificate: undefined });
    bench.present();
    expect(methodsOf(await bench.perform(ask()))).toContain("sm2-card-signature");
  });

  it("without the file, or of an older generation, is believed by its internal authentication, and the statement says no more", async () => {
    const without = await signingCounter({ faults: { socialCertificate: "no-file" } });
    expect(methodsOf(await without.perform(ask()))).toEqual(["internal-authentication", "holder-file-by-terminal-proof"]);
    const older = await signingCounter({ generation: "2" });
    expect(methodsOf(await older.perform(ask()))).toEqual(["internal-authentication"]);
  });

  it("is not believed by an authority that nobody named, whose time is over, or whose key fails its own check", async () => {
    const named = testSocialAuthority(SUITE);
    const cases = [[], [{ ...named, index: 1 }], [{ ...named, checkHex: "00".repeat(32) }], [{ ...named, expiryDate: "20251231" }]];
    const reasons = [];
    for (const authorities of cases) {
      const checked = authorities.map((each) => ({ ...each, checkHex: each.index === 1 ? checkOf(each) : each.checkHex }));
      const bench = await signingCounter({}, signing({ authorities: checked }));
      const outcome = await bench.perform(ask());
      reasons.push(outcome.kind === "refused" ? outcome.reason : outcome.kind);
    }
    expect(reasons).toEqual(["not-genuine", "not-genuine", "not-genuine", "expired"]);
  });

  it("is asked for nothing where the profile does not assume it", () => {
    expect(signing({ profile: { acse: "off" } })).toBeUndefined();
  });

  it.each(["before", "after"] as const)("torn %s its signature: no statement, and the next time there is one", async (at) => {
    const bench = await signingCounter();
    bench.reader.setFate(({ command }) => (command[1] === 0x88 && command[3] === 0x20 ? { kind: "tear", at } : { kind: "ok" }));
    expect((await bench.perform(ask())).kind).not.toBe("done");
    bench.reader.setFate(() => ({ kind: "ok" }));
    bench.present();
    expect(methodsOf(await bench.perform(ask()))).toContain("sm2-card-signature");
  });
});

describe("before any service", () => {
  const refusals: readonly (readonly [string, Parameters<typeof counter>[0], string])[] = [
    ["an expired card", { card: { expired: true } }, "expired"],
    ["a card on a list", { hit: { level: "city", how: "exact", blockOrdered: false } }, "on-invalid-list"],
    ["a blocked card", { card: { faults: { blocked: "social" } } }, "card-blocked"],
    ["a card of another category", { more: { social: { acceptsCategory: (category) => category === "9" } } }, "category-not-accepted"],
    ["a card of another issuer", { more: { social: { acceptsOrganisation: () => false } } }, "organisation-not-accepted"],
    ["a card that is not activated", { status: "inactive" }, "not-activated"],
    ["a card that the agency holds for lost", { status: "formal-loss" }, "card-reported-lost"],
    ["a cancelled card", { status: "cancelled" }, "card-cancelled"],
    ["a card with its initial PIN", { more: { initialPin: { policy: "refuse-initial", evidence: () => "initial" } } }, "initial-pin"],
    ["a card whose PIN nobody knows, where the region wants to know", { more: { initialPin: { policy: "require-changed" } } }, "initial-pin-unknown"],
  ];

  it.each(refusals)("%s is refused", async (_, options, reason) => {
    const bench = await counter(options);
    const outcome = await bench.perform(ask());
    expect(outcome).toMatchObject({ kind: "refused", reason });
    expect(outcome.kind === "refused" && [outcome.text.zh, outcome.text.en, outcome.office].every((words) => words !== "")).toBe(true);
  });

  it("a card that cannot prove its key is refused", async () => {
    const bench = await counter();
    const { personalization, ...snapshot } = testCard().toSnapshot();
    const forged = { ...snapshot, personalization: { ...personalization, social: { ...personalization.social, irkHex: "00".repeat(16) } } };
    bench.present(SimulatedCard.fromSnapshot(SUITE, forged));
    expect(await bench.perform(ask())).toMatchObject({ kind: "refused", reason: "not-genuine", office: "agency" });
  });

  it("the terminal has no module", async () => {
    const bench = await counter();
    const { psam: _psam, ...ports } = bench.ports;
    expect(await bench.run(openCardServices(ports).perform(ask(), { timeoutMs: 1_000, signal: new AbortController().signal }))).toMatchObject({
      reason: "no-security-module",
    });
  });

  it("no card comes in time, and one that leaves in between is said", async () => {
    const bench = await counter();
    bench.reader.remove();
    expect(await bench.perform(ask())).toEqual({ kind: "no-card" });
    bench.present();
    bench.tearOnce([0x00, 0x88], "before");
    expect(await bench.perform(ask())).toMatchObject({ reason: "card-removed" });
  });

  it("one at a time", async () => {
    const bench = await counter();
    const [first, second] = await Promise.all([bench.perform(ask()), bench.perform(ask())]);
    expect([first.kind, second]).toMatchObject(["done", { kind: "refused", reason: "lane-busy" }]);
  });
});

describe("the holder's PIN", () => {
  it.each([
    ["a wrong one", {}, [{ kind: "enters", digits: "111111" }], { reason: "pin-wrong", triesLeft: 2 }],
    ["none, after a while", {}, [{ kind: "walks-away" }], { reason: "pin-timed-out" }],
    ["none, on purpose", {}, [{ kind: "cancels" }], { reason: "pin-cancelled" }],
  ] as const)("%s", async (_, options, holder, expected) => {
    const bench = await counter({ ...options, holder });
    expect(await bench.perform(ask({ withPin: true }))).toMatchObject({ kind: "refused", ...expected });
  });

  it("three wrong ones lock it, and then nobody is asked", async () => {
    const bench = await counter({ holder: [{ kind: "enters", digits: "111111" }] });
    const outcomes = [];
    for (let count = 0; count < 4; count += 1) {
      outcomes.push(await bench.perform(ask({ withPin: true })));
      bench.present();
    }
    expect(outcomes.map((outcome) => outcome.kind === "refused" && outcome.reason)).toEqual(["pin-wrong", "pin-wrong", "pin-locked", "pin-locked"]);
    expect([outcomes[3], bench.holder.asked]).toMatchObject([{ office: "agency" }, 3]);
  });

  it("a card without one proves no holder", async () => {
    const bench = await counter();
    bench.present(makeTestCard(SUITE, { serial: 7, balanceFen: 0, algorithm: "sm4" }));
    expect(await bench.perform(ask({ withPin: true }))).toMatchObject({ kind: "refused", reason: "no-pin-set" });
  });
});
