/* Certificates and signatures of cards: what is read, what is followed, and that nothing from outside is believed or throws. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { socialCertificateFile, testSocialAuthority } from "../../../simulators/crypto/social-certificates.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { selectByName } from "../dialogue.ts";
import { cardBench, LIMITS, ScriptedChannel, SUITE } from "../testing.ts";
import { type CardSignatureContext, cardKeyOf, parseCertificateFile, proveBySignature } from "./card-signature.ts";
import { SOCIAL_ENVIRONMENT_NAME } from "./read-identity.ts";

const IDENTIFIER = "990100d1560000050000000754455354";
const ROOT = testSocialAuthority(SUITE);

function context(more: Partial<CardSignatureContext> = {}): CardSignatureContext {
  const key = SUITE.sm2PublicKey(fromHex(ROOT.pointHex));
  const authority = (index: number) => (index === ROOT.index ? { key, expiryDate: ROOT.expiryDate } : undefined);
  return { suite: SUITE, randomness: new SeededRandomness("proof"), authority, cardIdentifier: IDENTIFIER, today: "20260105", ...more };
}

const good = socialCertificateFile(SUITE, IDENTIFIER);

describe("a certificate file", () => {
  it("is a chain from the authority to the card", () => {
    const file = parseCertificateFile(good);
    expect(file?.certificates.map(({ kind, subject }) => [kind, subject])).toEqual([
      ["authority", "5445535420415554484f524954592031"],
      ["card", IDENTIFIER],
    ]);
    expect(file === undefined ? undefined : cardKeyOf(file, context())).toMatchObject({ point: expect.any(Uint8Array) });
  });

  it.each([
    ["before its first day", { today: "20191231" }, "certificate-not-valid-today"],
    ["on its first day", { today: "20200101" }, "good"],
    ["on its last day", { today: "20401231" }, "good"],
    ["after its last day", { today: "20410101" }, "certificate-not-valid-today"],
    ["of another card", { cardIdentifier: "990100d1560000050000000854455354" }, "certificate-of-another-card"],
    ["under an authority that is not known", { authority: () => undefined }, "authority-unknown"],
  ] as const)("%s", (_, more, expected) => {
    const file = parseCertificateFile(good);
    const found = file === undefined ? "malformed" : cardKeyOf(file, context(more));
    expect(typeof found === "string" ? found : "good").toBe(expected);
  });

  it("with any one bit turned is believed no more, and any bytes are read without a fault", () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
        const bytes = good.slice();
        bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        const file = parseCertificateFile(bytes);
        const found = file === undefined ? "certificate-malformed" : cardKeyOf(file, context());
        expect(typeof found).toBe("string");
      }),
      { numRuns: 120 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(parseCertificateFile(bytes)?.certificates.length ?? 0).toBeLessThanOrEqual(3);
      }),
    );
  });

  it("of a card cannot stand in the place of an authority's", () => {
    // A holder who has a card's key signs a certificate for a card of his own: the chain has a card in its middle.
    const middle = good.slice(2 + 157);
    const bytes = new Uint8Array(2 + 2 * 157);
    bytes.set([ROOT.index, 2]);
    bytes.set(middle, 2);
    bytes.set(middle, 2 + 157);
    expect(parseCertificateFile(bytes)).toBeUndefined();
  });
});

describe("the dialogue", () => {
  const prove = async (channel: ScriptedChannel) => {
    const answer = await proveBySignature(channel, context(), LIMITS);
    expect(channel.done).toBe(true);
    return answer;
  };
  const SELECT = "00A4020002EF0C00";

  it("asks for the file, reads what its head announces, and has a challenge signed once", async () => {
    const bench = cardBench({ card: { serial: 7 }, profile: { acse: "assumed" } });
    const channel = await bench.channel();
    await bench.run(selectByName(channel, SOCIAL_ENVIRONMENT_NAME, LIMITS));
    expect(await bench.run(proveBySignature(channel, context(), LIMITS))).toEqual({ kind: "authentic" });
    expect(await bench.run(proveBySignature(channel, context({ cardIdentifier: "00".repeat(16) }), LIMITS))).toMatchObject({
      why: "certificate-of-another-card",
    });
  });

  it("believes no answer that was made for another challenge", async () => {
    const bench = cardBench({ card: { serial: 7 }, profile: { acse: "assumed" } });
    const channel = await bench.channel();
    await bench.run(selectByName(channel, SOCIAL_ENVIRONMENT_NAME, LIMITS));
    const recorded = toHex(await bench.run(channel.transmit(fromHex(`0088002010${"11".repeat(16)}48`), LIMITS)));
    const parts = [good.slice(2, 130), good.slice(130, 258), good.slice(258)].map(toHex);
    const replayed = new ScriptedChannel([
      [SELECT, "9000"],
      ["00B0000002", `${toHex(good.slice(0, 2))}9000`],
      ["00B0000280", `${parts[0]}9000`],
      ["00B0008280", `${parts[1]}9000`],
      ["00B001023A", `${parts[2]}9000`],
      ["0088002010*", recorded],
    ]);
    expect(await prove(replayed)).toEqual({ kind: "not-authentic", why: "signature-wrong" });
  });

  it.each([
    ["no such file", [[SELECT, "6A82"]], { kind: "not-offered" }],
    ["a file that may not be selected", [[SELECT, "6982"]], { kind: "not-authentic", why: "certificate-malformed" }],
    [
      "an empty file",
      [
        [SELECT, "9000"],
        ["00B0000002", "6B00"],
      ],
      { kind: "not-authentic", why: "certificate-malformed" },
    ],
    [
      "more certificates than there may be",
      [
        [SELECT, "9000"],
        ["00B0000002", "F5049000"],
      ],
      { kind: "not-authentic", why: "certificate-malformed" },
    ],
    [
      "no certificate",
      [
        [SELECT, "9000"],
        ["00B0000002", "F5009000"],
      ],
      { kind: "not-authentic", why: "certificate-malformed" },
    ],
    [
      "parts that bring nothing",
      [
        [SELECT, "9000"],
        ["00B0000002", "F5019000"],
        ["00B0000280", "9000"],
      ],
      { kind: "not-authentic", why: "certificate-malformed" },
    ],
  ] as const)("%s", async (_, steps, expected) => {
    expect(await prove(new ScriptedChannel(steps))).toEqual(expected);
  });
});
