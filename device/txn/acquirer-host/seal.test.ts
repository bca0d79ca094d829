/* From message to body and back, with a MAC that is easy to see through: what is covered, when the pad is asked, and what is no message. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import { buildIso } from "../../codec/iso8583/build.ts";
import { unwrapIso, wrapIso } from "../../codec/iso8583/frame.ts";
import { parseIso } from "../../codec/iso8583/parse.ts";
import type { IsoValue } from "../../codec/iso8583/types.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { buildRequest } from "./request.ts";
import { bodyOf, judgeReply, plainBody, type Seal, sealedBody } from "./seal.ts";
import { TEST_ACQUIRER } from "./testing.ts";

const LIMITS = { timeoutMs: 1_000, signal: new AbortController().signal };
const SALE = buildRequest(TEST_ACQUIRER, "sale", { trace: "000017", batch: "000003", amount: fen(1_250), account: "6222021234567890128", entry: "chip" });
const ASKED = { business: "sale", request: SALE } as const;
const suite = opensslSuite();

/** What a pad would make, as far as its asker can tell. */
function makeSeal(): Seal & { readonly covered: string[] } {
  const covered: string[] = [];
  const mac = async (data: Bytes) => {
    covered.push(toHex(data));
    return suite.sm3(data).slice(0, 8);
  };
  return { profile: TEST_ACQUIRER, keys: { mac }, covered };
}

const reply = (code: string, further: Readonly<Record<number, IsoValue>> = {}) => ({
  type: "0210",
  fields: new Map<number, IsoValue>([...SALE.fields, [39, code], ...Object.entries(further).map(([field, value]) => [Number(field), value] as const)]),
});

describe("a body", () => {
  it("ends with the MAC of everything from its type on, with its own bit", async () => {
    const seal = makeSeal();
    const body = await sealedBody(seal, SALE, LIMITS);
    const unwrapped = unwrapIso(body);
    const message = unwrapped.ok ? unwrapped.message : new Uint8Array();
    expect(seal.covered).toEqual([toHex(message.slice(0, -8))]);
    expect((message[9] ?? 0) & 1).toBe(1);
    const parsed = parseIso(message, TEST_ACQUIRER);
    expect(parsed.ok && [...parsed.message.fields].filter(([field]) => field !== 64)).toEqual([...SALE.fields].sort(([left], [right]) => left - right));
    expect(toHex(body).startsWith("6000030000603100310001")).toBe(true);
  });

  it("is the same each time it is made", async () => expect(await sealedBody(makeSeal(), SALE, LIMITS)).toEqual(await sealedBody(makeSeal(), SALE, LIMITS)));

  it("has a MAC where its row says so, and asks the pad for none where not", async () => {
    const seal = makeSeal();
    const request = buildRequest(TEST_ACQUIRER, "sign-in", { trace: "000017", batch: "000003" });
    expect(await bodyOf(seal, { business: "sign-in", request }, LIMITS)).toEqual(wrapIso(TEST_ACQUIRER, buildIso(request, TEST_ACQUIRER)));
    expect(seal.covered).toEqual([]);
    expect(await bodyOf(seal, ASKED, LIMITS)).toEqual(await sealedBody(makeSeal(), SALE, LIMITS));
  });

  it("without a MAC has none", () =>
    expect(() => plainBody(TEST_ACQUIRER, { type: "0200", fields: new Map([[64, new Uint8Array(8)]]) })).toThrow(/has no MAC/));

  it("is not made of a MAC of another length", async () => {
    const seal = { profile: TEST_ACQUIRER, keys: { mac: async () => new Uint8Array(4) } };
    await expect(sealedBody(seal, SALE, LIMITS)).rejects.toThrow(/eight bytes/);
  });
});

describe("a reply", () => {
  it("is believed with its MAC", async () => {
    const seal = makeSeal();
    const { verdict, message } = await judgeReply(seal, ASKED, await sealedBody(seal, reply("00"), LIMITS), LIMITS);
    expect(verdict).toEqual({ kind: "approved", responseCode: "00", amount: 1_250 });
    expect(message?.fields.get(39)).toBe("00");
  });

  it.each<[string, Bytes, string]>([
    ["nothing", new Uint8Array(0), "reply-malformed-too-short"],
    ["a page", utf8("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "reply-malformed-tpdu-malformed"],
    ["half a message", wrapIso(TEST_ACQUIRER, fromHex("0210")), "reply-malformed-too-short"],
    ["a field that breaks off", wrapIso(TEST_ACQUIRER, fromHex("0210 0000000002000000 30")), "reply-malformed-value-truncated-in-39"],
    ["an approval without a MAC", plainBody(TEST_ACQUIRER, reply("00")), "reply-mac-absent"],
    ["an approval with somebody else's", wrapIso(TEST_ACQUIRER, buildIso(reply("00", { 64: utf8("00000000") }), TEST_ACQUIRER)), "reply-mac-wrong"],
  ])("is no answer: %s", async (_, body, reason) =>
    expect((await judgeReply(makeSeal(), ASKED, body, LIMITS)).verdict).toMatchObject({ kind: "unknown", reason }),
  );

  it("that says no is judged without the pad, unless the profile wants a MAC of all", async () => {
    const seal = makeSeal();
    const body = plainBody(TEST_ACQUIRER, reply("51"));
    expect((await judgeReply(seal, ASKED, body, LIMITS)).verdict.kind).toBe("declined");
    expect(seal.covered).toEqual([]);
    const strict = { ...seal, profile: { ...TEST_ACQUIRER, macAppliesTo: "all" } as const };
    expect((await judgeReply(strict, ASKED, body, LIMITS)).verdict).toMatchObject({ kind: "unknown", reason: "reply-mac-absent" });
    expect((await judgeReply(strict, ASKED, await sealedBody(seal, reply("51"), LIMITS), LIMITS)).verdict.kind).toBe("declined");
  });

  it("that nobody can check is not judged", async () => {
    const body = await sealedBody(makeSeal(), reply("00"), LIMITS);
    const gone = { profile: TEST_ACQUIRER, keys: { mac: () => Promise.reject(new Fault("pad-gone", "gone", { effectUnknown: false })) } };
    await expect(judgeReply(gone, ASKED, body, LIMITS)).rejects.toMatchObject({ code: "pad-gone" });
  });

  it("that was changed anywhere behind its header is never an approval", async () => {
    const seal = makeSeal();
    const body = await sealedBody(seal, reply("00", { 37: "123456789012", 63: "CUP" }), LIMITS);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 11, max: body.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = concat(body);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect((await judgeReply(seal, ASKED, changed, LIMITS)).verdict.kind).not.toMatch(/^(?:approved|partial)$/);
      }),
      { numRuns: 500 },
    );
  });
});
