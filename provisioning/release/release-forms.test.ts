import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { canonicalJson, type JsonValue } from "../../device/codec/json.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { testReleaseKey } from "../../tools/bundle/test-key.ts";
import { migratorOf } from "./judge.ts";
import { manifestBytes, parseManifest, type ReleaseManifest } from "./manifest.ts";
import { parseStatus } from "./service.ts";
import { canonicalBytes, parseReleaseKeys, readPermit, signatureLine, signatureWord } from "./signed.ts";
import { healthyStatus } from "./status-for-tests.ts";
import { memberSize, TAR_BLOCK, tarBlock } from "./tar-member.ts";
import { parseTrial, type Trial, trialText } from "./trial.ts";
import { compareVersions, parseVersion } from "./version.ts";

const suite = openCipherSuite();
const DIGEST = "0".repeat(64);
const MANIFEST: ReleaseManifest = {
  ...{
    v: 1,
    name: "yikatong",
    version: "0.2.0",
    arch: "arm64",
    node: "24.21.0",
    builtMs: 1,
    journalSchema: 2,
    journalSchemasWritten: [1, 2],
    emergency: false,
  },
  files: [
    { path: "bin/yikatong", mode: "755", size: 180, sm3: DIGEST },
    { path: "dist/a.js", mode: "644", size: 1, sm3: DIGEST },
  ],
  payload: { size: 10, sm3: DIGEST },
};

const versions = fc
  .tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.array(fc.constantFrom("0", "1", "10", "a", "rc", "x-y", "9a"), { maxLength: 3 }))
  .map(([a, b, c, before]) => `${a}.${b}.${c}${before.length === 0 ? "" : `-${before.join(".")}`}`);

function ordered(left: string, right: string): number {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  if (a === undefined || b === undefined) throw new Error(`${left} or ${right} is no version`);
  return Math.sign(compareVersions(a, b));
}

describe("versions", () => {
  // Spec: SemVer, 11.
  it("come in the order that the specification gives", () => {
    const row = [
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-rc.1",
      "1.0.0",
      "1.0.1",
      "1.1.0",
      "2.0.0",
      "10.0.0",
    ];
    for (const [at, left] of row.entries())
      for (const [other, right] of row.entries()) expect([left, right, ordered(left, right)]).toEqual([left, right, Math.sign(at - other)]);
  });

  it("have an order that is one", () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(ordered(a, b)).toBe(0 - ordered(b, a) + 0);
        if (ordered(a, b) <= 0 && ordered(b, c) <= 0) expect(ordered(a, c)).toBeLessThanOrEqual(0);
        expect(ordered(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it.each(["", "1", "1.0", "01.0.0", "1.0.0+build", "1.0.0-", "1.0.0-01", "../1.0.0", "1.0.0/..", "1.0.0-a..b", `1.0.0-${"a".repeat(64)}`, "1.0.0\n"])(
    "%j is none",
    (text) => expect(parseVersion(text)).toBeUndefined(),
  );
});

describe("a manifest", () => {
  it("comes back from its own text", () => expect(parseManifest(manifestBytes(MANIFEST))).toEqual({ ok: true, manifest: MANIFEST }));

  it("is refused or understood, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof parseManifest(bytes).ok).toBe("boolean");
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(MANIFEST)), fc.jsonValue(), (key, value) => {
        const parsed = parseManifest(utf8(JSON.stringify({ ...MANIFEST, [key]: value })));
        if (parsed.ok) expect(parseManifest(manifestBytes(parsed.manifest))).toEqual(parsed);
      }),
    );
  });

  const file = (path: string) => ({ path, mode: "644", size: 1, sm3: DIGEST });
  it.each([
    ["a member more", { more: 1 }],
    ["another form", { v: 2 }],
    ["a version that is a path", { version: "../0.2.0" }],
    ["no program", { files: [file("dist/a.js")] }],
    ["a program that cannot be run", { files: [file("bin/yikatong")] }],
    ["a file twice", { files: [MANIFEST.files[0], MANIFEST.files[0]] }],
    ["files out of order", { files: [...MANIFEST.files].reverse() }],
    ["its own name", { files: [...MANIFEST.files, file("manifest.json")] }],
    ["a path that leaves", { files: [...MANIFEST.files, file("dist/../../etc/passwd")] }],
    ["an absolute path", { files: [file("/etc/passwd"), ...MANIFEST.files] }],
    ["an option for a path", { files: [file("-rf"), ...MANIFEST.files] }],
    ["a schema that it cannot write", { journalSchemasWritten: [1] }],
  ])("with %s is refused", (_, more) => expect(parseManifest(utf8(JSON.stringify({ ...MANIFEST, ...more }))).ok).toBe(false));
});

describe("signatures", () => {
  const key = testReleaseKey(suite);
  const list = `# keys\n\ntest = ${Buffer.from(key.publicKey.point).toString("hex")}\n`;
  const parsed = parseReleaseKeys(list, { suite, profile: "test" });
  const by = { keys: parsed.ok ? parsed.keys : [], suite };

  it("count for what was signed, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (content, other) => {
        const line = signatureLine(content, { name: "test", key }, suite);
        expect(signatureWord(content, line, by)).toEqual({ kind: "signed", by: "test" });
        if (Buffer.compare(content, other) !== 0) expect(signatureWord(other, line, by).kind).toBe("wrong");
      }),
      { numRuns: 10 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(signatureWord(Uint8Array.of(1), text, by).kind).not.toBe("signed");
      }),
    );
  });

  it.each(["", "test", "test = 00", `test = ${"0".repeat(128)}`, `${list}${list}`, "#"])("a list of keys %j is refused", (text) =>
    expect(parseReleaseKeys(text, { suite, profile: "test" }).ok).toBe(false),
  );

  it("a published key is refused in production, and so are those of the examples of the standard", () => {
    expect(parseReleaseKeys(list, { suite, profile: "production" })).toEqual({ ok: false, problem: expect.stringContaining("published") });
    expect(parseReleaseKeys(list, { suite, profile: "test" }).ok).toBe(true);
  });

  it("a leave is what was signed, or none", () => {
    const leave = { v: 1, kind: "downgrade", terminalId: "*", to: "0.1.0", notAfterMs: 5 };
    const signed = (value: JsonValue) => ({
      bytes: utf8(JSON.stringify(value)),
      signature: signatureLine(canonicalBytes(value), { name: "test", key }, suite),
    });
    expect(readPermit(signed(leave), by)).toEqual(leave);
    expect(readPermit({ ...signed(leave), bytes: utf8(JSON.stringify({ ...leave, to: "0.0.9" })) }, by)).toBeUndefined();
    expect(readPermit(signed({ ...leave, more: 1 }), by)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, signature) => {
        expect(readPermit({ bytes, signature }, by)).toBeUndefined();
      }),
    );
  });
});

describe("the block before a member", () => {
  it("is one for each name and size", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 33 - 1), fc.nat(TAR_BLOCK - 1), fc.integer({ min: 1, max: 255 }), (size, at, change) => {
        const block = tarBlock({ name: "manifest.json", size });
        expect(memberSize(block, "manifest.json")).toBe(size);
        expect(memberSize(block, "manifest.sig")).toBeUndefined();
        block[at] = (block[at] ?? 0) ^ change;
        expect(memberSize(block, "manifest.json")).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(memberSize(bytes, "a")).toBeUndefined();
      }),
    );
  });
});

describe("the note of an update", () => {
  const trial: Trial = {
    ...{ version: "0.2.0", previous: "0.1.0", starts: 2, startsMax: 3, step: "returning" },
    ...{ schema: 2, previousSchema: 1, migrator: "0.2.0", devices: ["user", "gate:north"] },
  };
  it("comes back from its own text, and any other text is one or none", () => {
    expect(parseTrial(trialText(trial))).toEqual(trial);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseTrial(text)).toBeUndefined();
      }),
    );
  });
});

describe("the service's word", () => {
  it("is read or not, whatever the bytes", () => {
    expect(parseStatus(utf8(canonicalJson(healthyStatus() as unknown as JsonValue)))).toEqual(healthyStatus());
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseStatus(bytes)).toBeUndefined();
      }),
    );
  });
});

describe("who migrates", () => {
  const release = (journalSchema: number, ...journalSchemasWritten: number[]) => ({ version: "1.0.0", journalSchema, journalSchemasWritten });
  it.each([
    [release(1, 1), release(1, 1), "none"],
    [release(2, 1, 2), release(1, 1), "next"],
    [release(1, 1), release(2, 1, 2), "current"],
    [release(2, 2), release(1, 1), undefined],
    [release(3, 2, 3), release(1, 1), undefined],
  ])("of %j after %j: %s", (next, current, who) => expect(migratorOf(next, current)).toBe(who));
});
