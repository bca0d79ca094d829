import * as fc from "fast-check";
import { expect, test } from "vitest";
import { certificateFacts, certificateRequest, commonNamesIn, isCertificateOf, makeTlsKey } from "./tls-identity.ts";

test("each key is another, and its request names who asks", () => {
  const [one, other] = [makeTlsKey(), makeTlsKey()];
  expect(one).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(one).not.toBe(other);
  const request = Buffer.from(certificateRequest(one, "T-".repeat(16)));
  expect(request.includes("T-".repeat(16))).toBe(true);
  expect(request[0]).toBe(0x30);
});

test("whatever is no certificate is none, and nothing throws", () => {
  const keyPem = makeTlsKey();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.constant(keyPem),
        fc.string().map((text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`),
      ),
      (text) => {
        expect(certificateFacts(text)).toBeUndefined();
        expect(commonNamesIn(text)).toEqual([]);
        expect(isCertificateOf(text, { keyPem, authorityPem: text })).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
});
