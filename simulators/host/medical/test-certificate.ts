/* A certificate for loopback that nobody trusts unless he is told to: made by openssl at the start, good for a day. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ServerCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

const OPENSSL_TIMEOUT_MS = 30_000;

/** Undefined where openssl is not there, or fails. */
export function makeTestCertificate(): ServerCertificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  try {
    execFileSync("openssl", [...request, ...subject, "-keyout", keyFile, "-out", certificateFile], { timeout: OPENSSL_TIMEOUT_MS, stdio: "ignore" });
    return { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  } catch {
    // Whoever wants HTTPS then passes a certificate of his own.
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
