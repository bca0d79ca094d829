import { X509Certificate } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { certificateFacts, certificateRequest, isCertificateOf, makeTlsKey } from "../../../device/crypto/tls-identity.ts";
import { systemRandomness } from "../system.ts";
import { issueCertificate, makeAuthority, makeCertified, readRequest, revocationList } from "./authority.ts";

const NOW_MS = 1_790_000_000_000;
const authority = makeAuthority(systemRandomness, NOW_MS);

test("a terminal's request becomes a certificate for its key", () => {
  const keyPem = makeTlsKey();
  const request = readRequest(certificateRequest(keyPem, "any"));
  expect(request).toBeDefined();
  if (request === undefined) return;
  const issued = issueCertificate(authority, systemRandomness, {
    commonName: "T001",
    publicKey: request.publicKey,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + 86_400_000,
  });
  expect(certificateFacts(issued.pem)).toEqual({ commonName: "T001", notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 86_400_000, fingerprint: issued.fingerprint });
  expect(isCertificateOf(issued.pem, { keyPem, authorityPem: authority.certificatePem })).toBe(true);
  expect(isCertificateOf(issued.pem, { keyPem: makeTlsKey(), authorityPem: authority.certificatePem })).toBe(false);
  expect(isCertificateOf(issued.pem, { keyPem, authorityPem: makeAuthority(systemRandomness, NOW_MS).certificatePem })).toBe(false);
});

test("a changed request proves nothing, whatever byte was changed", () => {
  const request = certificateRequest(makeTlsKey(), "T001");
  for (let at = 0; at < request.length; at += 1) {
    const changed = Uint8Array.from(request);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    expect(readRequest(changed)).toBeUndefined();
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readRequest(bytes) === undefined));
});

test("a server's certificate names its hosts, and a list of revoked certificates is a PEM text", () => {
  const server = makeCertified(authority, systemRandomness, {
    commonName: "broker",
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + 1_000_000,
    hosts: ["localhost", "127.0.0.1"],
  });
  expect(new X509Certificate(server.pem).subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
  expect(revocationList(authority, [server.number], NOW_MS)).toMatch(/^-----BEGIN X509 CRL-----\n/);
});
