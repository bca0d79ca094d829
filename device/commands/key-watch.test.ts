/* Which authorities a production terminal starts with. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { issueCertificate, makeAuthority, readRequest } from "../../simulators/host/claim/authority.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { certificateRequest, makeTlsKey } from "../crypto/tls-identity.ts";
import { refuseTestAuthority } from "./key-watch.ts";

const NOW_MS = 1_790_000_000_000;
const randomness = new SeededRandomness("authorities");
const published = makeAuthority(randomness, NOW_MS);

/** A certificate of another name, which stands for a real authority. */
function otherAuthority(): string {
  const publicKey = readRequest(certificateRequest(makeTlsKey(), "x"))?.publicKey ?? new Uint8Array();
  return issueCertificate(published, randomness, { commonName: "authority of the city", publicKey, notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 86_400_000 }).pem;
}

async function startsWith(pem: string, profile: "test" | "production"): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "authorities-"));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, pem);
  try {
    await refuseTestAuthority({ profile, link: { url: "mqtts://127.0.0.1:8883", tls: { caFile, certFile: "", keyFile: "" } } }, openCipherSuite());
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "config-invalid" });
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a production terminal starts with no list of authorities that names the published one, wherever it stands", async () => {
  const other = otherAuthority();
  expect(await startsWith(other, "production")).toBe(true);
  expect(await startsWith(published.certificatePem, "production")).toBe(false);
  expect(await startsWith(`${other}\n${published.certificatePem}`, "production")).toBe(false);
  expect(await startsWith(`# of tests\r\n${other.replaceAll("\n", "\r\n")}${published.certificatePem.replaceAll("\n", "\r\n")}`, "production")).toBe(false);
  expect(await startsWith(published.certificatePem, "test")).toBe(true);
});
