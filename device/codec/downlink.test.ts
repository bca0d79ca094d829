import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../base/bytes.ts";
import { documentTopicsOf, encodeWant, inflatePart, PARTS_MAX, parseDocumentMessage, partCount, partLength, reasonWord } from "./downlink.ts";
import { canonicalJson } from "./json.ts";

const HEAD = {
  v: 1,
  tid: "T1",
  stream: "list/city",
  sequence: 8,
  base: 7,
  issuedMs: 5,
  notAfterMs: 9,
  size: 70_000,
  partBytes: 32_768,
  root: "ab".repeat(32),
  sealed: true,
  kid: "data-1",
  key: "cd".repeat(16),
  sig: "ef".repeat(64),
};
const PART = { v: 1, stream: "lease", sequence: 1, index: 0, path: "", data: "AAAA" };
const { tid: _tid, ...NOBODY } = HEAD;
const { kid: _kid, key: _key, ...OPEN } = HEAD;

const parse = (message: object) => parseDocumentMessage(utf8(JSON.stringify(message)));

describe("messages of documents", () => {
  it("a head gives all its members, the bytes that were signed, and those that say which document it is", () => {
    const parsed = parse({ ...HEAD, later: [1] });
    if (!parsed.ok || parsed.message.kind !== "head") throw new Error("a head");
    const { signedBytes, identityBytes, signature, ...head } = parsed.message.head;
    const { v, sig, ...members } = HEAD;
    expect({ v, ...head, sig: toHex(signature) }).toEqual({ v, ...members, sig });
    const { sig: _, ...signed } = { ...HEAD, later: [1] };
    expect(new TextDecoder().decode(signedBytes)).toBe(canonicalJson(signed));
    const { kid, key, ...identity } = signed;
    expect([kid, key, new TextDecoder().decode(identityBytes)]).toEqual(["data-1", "cd".repeat(16), canonicalJson(identity)]);
  });

  it("a head for a region and without a key", () => {
    const parsed = parse({ ...OPEN, tid: undefined, region: "530100", sealed: false });
    expect(parsed).toMatchObject({ ok: true, message: { kind: "head", head: { region: "530100", sealed: false } } });
  });

  it("a part, with and without a seal", () => {
    expect(parse({ ...PART, index: 3, path: "12".repeat(64), iv: "34".repeat(16) })).toMatchObject({
      ok: true,
      message: { kind: "part", part: { index: 3, path: ["12".repeat(32), "12".repeat(32)], iv: "34".repeat(16), data: new Uint8Array(3) } },
    });
    expect(parse(PART)).toEqual({ ok: true, message: { kind: "part", part: { stream: "lease", sequence: 1, index: 0, path: [], data: new Uint8Array(3) } } });
  });

  it.each([
    ["wrong-version", { ...HEAD, v: 2 }],
    ["wrong-member: region", NOBODY],
    ["wrong-member: region", { ...HEAD, region: "530100" }],
    ["wrong-member: region", { ...NOBODY, region: "5301" }],
    ["wrong-member: tid", { ...HEAD, tid: "" }],
    ["wrong-member: stream", { ...HEAD, stream: "List" }],
    ["wrong-member: stream", { ...HEAD, stream: "a/b/c" }],
    ["wrong-member: sequence", { ...HEAD, sequence: 0 }],
    ["wrong-member: base", { ...HEAD, base: 8 }],
    ["wrong-member: size", { ...HEAD, size: 0 }],
    ["wrong-member: size", { ...HEAD, size: PARTS_MAX * 32_768 + 1 }],
    ["wrong-member: partBytes", { ...HEAD, partBytes: 1_023 }],
    ["wrong-member: partBytes", { ...HEAD, partBytes: 262_145 }],
    ["wrong-member: root", { ...HEAD, root: "ab" }],
    ["wrong-member: sealed", { ...HEAD, sealed: 1 }],
    ["wrong-member: kid", OPEN],
    ["wrong-member: sig", { ...HEAD, sig: "" }],
    ["wrong-member: path", { ...PART, path: "12".repeat(31) }],
    ["wrong-member: path", { ...PART, path: "12".repeat(32 * 14) }],
    ["wrong-member: index", { ...PART, index: PARTS_MAX }],
    ["wrong-member: iv", { ...PART, iv: "" }],
    ["wrong-member: data", { ...PART, data: "A" }],
    ["wrong-member: data", { ...PART, data: "" }],
    ["wrong-member: data", { ...PART, data: "AAB=" }],
    ["wrong-member: data", { ...PART, data: "AA-_" }],
    ["wrong-member: data", { ...PART, data: 5 }],
    ["not-an-object", [HEAD]],
  ])("refuses with %s", (reason, message) => {
    expect(parse(message)).toEqual({ ok: false, reason });
  });

  it("takes any bytes, and any JSON, without a throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), (bytes) => {
        expect(typeof parseDocumentMessage(bytes).ok).toBe("boolean");
      }),
    );
  });

  it("takes any one member of any form without a throw", () => {
    const members = fc.constantFrom(...Object.keys(HEAD), "index", "path", "region", "iv", "data");
    fc.assert(
      fc.property(members, fc.jsonValue(), (name, value) => {
        expect(typeof parse({ ...HEAD, [name]: value }).ok).toBe("boolean");
        expect(typeof parse({ ...PART, [name]: value }).ok).toBe("boolean");
      }),
    );
  });
});

describe("parts of a document", () => {
  it("hold all its bytes once, in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1_024, max: 262_144 }), (size, partBytes) => {
        const lengths = Array.from({ length: partCount({ size, partBytes }) }, (_, index) => partLength({ size, partBytes }, index));
        expect(lengths.every((length) => length >= 1 && length <= partBytes)).toBe(true);
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(size);
        expect(partLength({ size, partBytes }, lengths.length)).toBe(0);
      }),
    );
  });

  it("inflate to what they were, and to nothing when the length is another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), fc.integer({ min: -3, max: 3 }), (plain, off) => {
        const inflated = inflatePart(deflateRawSync(plain), plain.length + off);
        expect(inflated === undefined ? undefined : toHex(inflated)).toBe(off === 0 ? toHex(plain) : undefined);
      }),
    );
  });

  it("never become longer than their head says, whatever they hold", () => {
    expect(inflatePart(deflateRawSync(new Uint8Array(10_000_000)), 1_024)).toBeUndefined();
    expect(inflatePart(fromHex("ff00ff00"), 4)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(inflatePart(bytes, 64)?.length ?? 64).toBe(64);
      }),
    );
  });
});

it("a want is canonical JSON", () => {
  const want = { tid: "T1", region: "530100", streams: [{ stream: "lease", have: 1, taking: 2, parts: [0] }], problems: [] };
  expect(new TextDecoder().decode(encodeWant(want))).toBe(
    '{"problems":[],"region":"530100","streams":[{"have":1,"parts":[0],"stream":"lease","taking":2}],"tid":"T1","v":1}',
  );
});

it("reasons become words, topics stay within 64 characters", () => {
  expect([reasonWord("not-sorted"), reasonWord("Not sorted"), reasonWord("a".repeat(65))]).toEqual(["not-sorted", "refused", "refused"]);
  for (const topic of Object.values(documentTopicsOf("T".repeat(32)))) expect(topic.length).toBeLessThanOrEqual(64);
});
