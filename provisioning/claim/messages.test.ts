import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { canonicalJson, type JsonValue } from "../../device/codec/json.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { parseClaimFile } from "./claim-file.ts";
import { keyLine } from "./key-file.ts";
import { activationOf, checkAnswer, eventOf, keyLoadsOf, wordOf } from "./messages.ts";
import type { JsonObject } from "./types.ts";

const suite = openCipherSuite();
const authority = suite.sm2PrivateKey(fromHex("3".repeat(64)));
const OF = "ab".repeat(32);

function signed(members: JsonObject, key = authority): Uint8Array {
  return utf8(canonicalJson({ ...members, sig: toHex(suite.sm2Sign(key, utf8(canonicalJson(members)))) }));
}

const FILE = { v: 1, claim: "C-1", brokerUrl: "mqtt://127.0.0.1:1883", ticket: "ab".repeat(16), authority: "cd".repeat(64) };
const PEM = "-----BEGIN X-----\nAA==\n-----END X-----\n";
const bytesOf = (value: unknown) => utf8(JSON.stringify(value));

describe("the claim file", () => {
  test("a whole one is read, with the usual facts where it names none", () => {
    expect(parseClaimFile(bytesOf(FILE))).toMatchObject({ claim: "C-1", serial: undefined, facts: ["pi-serial", "dmi-uuid", "machine-id", "disk-id"] });
    const secure = { ...FILE, brokerUrl: "mqtts://broker:8883", tls: { ca: PEM, certificate: PEM, key: PEM } };
    expect(parseClaimFile(bytesOf(secure))).toMatchObject({ tls: { ca: PEM } });
  });

  test.each([
    ["v", { v: 2 }],
    ["claim", { claim: "a/b" }],
    ["brokerUrl", { brokerUrl: "http://x" }],
    ["brokerUrl", { brokerUrl: "mqtt://name:word@host" }],
    ["ticket", { ticket: "AB" }],
    ["authority", { authority: "" }],
    ["belong together", { brokerUrl: "mqtts://x" }],
    ["belong together", { tls: { ca: PEM, certificate: PEM, key: PEM } }],
    ["tls", { tls: { ca: PEM } }],
    ["facts", { facts: [] }],
    ["facts", { facts: ["shoe-size"] }],
    ["serial", { serial: "a b" }],
    ["colour", { colour: "red" }],
  ])("a wrong %s is named, and its value is not", (word, change) => {
    const refused = parseClaimFile(bytesOf({ ...FILE, ...change }));
    expect(refused).toEqual(expect.stringContaining(word));
    expect(refused).not.toContain("name:word");
  });

  test("whatever else it is, the reader says so and does not throw", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof parseClaimFile(bytes) === "string"));
    fc.assert(fc.property(fc.json(), (text) => typeof parseClaimFile(utf8(text)) === "string"));
  });
});

describe("answers", () => {
  const parts = { suite, authority: authority.publicKey };

  test("the authority's answer to this question is one; to another, by another, or changed, it is none", () => {
    const answer = { v: 1, of: OF, outcome: "granted", step: "proof" };
    expect(checkAnswer(parts, OF, signed(answer))).toEqual({ ok: true, answer });
    expect(checkAnswer(parts, "00".repeat(32), signed(answer))).toEqual({ ok: false, reason: "other-question" });
    expect(checkAnswer(parts, OF, signed(answer, suite.sm2PrivateKey(fromHex("4".repeat(64)))))).toEqual({ ok: false, reason: "signature-wrong" });
    const changed = utf8(new TextDecoder().decode(signed(answer)).replace("granted", "refused"));
    expect(checkAnswer(parts, OF, changed)).toEqual({ ok: false, reason: "signature-wrong" });
    expect(checkAnswer(parts, OF, utf8("{}"))).toEqual({ ok: false, reason: "malformed" });
  });

  test("bytes from outside never throw, and are no answer", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => !checkAnswer(parts, OF, bytes).ok));
  });

  test("even what the authority has signed is taken only where it says something", () => {
    const anyObject = fc.dictionary(
      fc.constantFrom("outcome", "reason", "retryMs", "tid", "certificate", "ca", "dataKey", "profile", "state", "keyLoads"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(anyObject, fc.constantFrom("certificate", "register", "proof", "done"), (answer, step) => {
        // fast-check's values are JSON.
        const event = eventOf(step as "proof", answer as JsonObject);
        expect(activationOf(answer as JsonObject)).toBeUndefined();
        if (event?.is === "refused") expect(event.reason).toMatch(/^[a-z0-9-]{1,40}$/);
        if (event?.is === "waiting") expect(event.retryMs).toBeLessThanOrEqual(3_600_000);
        expect(event?.is).not.toBe("certificate-granted");
      }),
    );
    expect(eventOf("proof", { outcome: "wait", retryMs: 99_999_999 })).toEqual({ is: "waiting", retryMs: 3_600_000 });
    expect(eventOf("proof", { outcome: "refused", reason: "<b>no</b>" })).toEqual({ is: "refused", reason: "refused" });
    expect(eventOf("certificate", { outcome: "granted", tid: "a/b", certificate: PEM, ca: PEM })).toBeUndefined();
  });

  test("key-loading orders are read whole or not at all", () => {
    const row = { place: "psam", name: "social-sm4", check: "a1b2c3" };
    expect(keyLoadsOf([row, { place: "pin-pad", name: "pin" }])).toEqual([row, { place: "pin-pad", name: "pin", check: undefined }]);
    for (const wrong of [{ ...row, place: "pocket" }, { ...row, name: "A B" }, { ...row, check: "a1" }, 7])
      expect(keyLoadsOf([wrong as JsonValue])).toBeUndefined();
    expect(keyLoadsOf(Array.from({ length: 65 }, () => row))).toBeUndefined();
    expect(wordOf("plain-word")).toBe("plain-word");
  });
});

test("a line of the key file is found by its name alone, whatever else stands there", () => {
  const contents = utf8("# storage-key = 00\nstorage-key = 0A\n\tdata-key=0b \nx\n");
  expect([keyLine(contents, "storage-key"), keyLine(contents, "data-key"), keyLine(contents, "signing-scalar")]).toEqual(["0a", "0b", undefined]);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => keyLine(bytes, "data-key") === undefined));
});
