/* The openssl program of the system as a third opinion: another library version, reached by another door, in both directions. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { opensslSuite } from "./openssl.ts";
import { smCryptoSuite } from "./sm-crypto.ts";
import { signatureFromDer, signatureToDer } from "./sm2-format.ts";

/** A machine without the program skips these, visibly; everything they compare is also compared between the two providers. */
const MISSING = spawnSync("openssl", ["version"]).status !== 0;

const suite = opensslSuite();
const LENGTHS = [0, 1, 2, 5];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "openssl-program-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function openssl(args: readonly string[], input: Bytes = new Uint8Array(0)): { readonly code: number | null; readonly output: Bytes } {
  const run = spawnSync("openssl", args, { input, timeout: 20_000 });
  if (run.error !== undefined) throw run.error;
  return { code: run.status, output: new Uint8Array(run.stdout) };
}

function mustRun(args: readonly string[], input?: Bytes): Bytes {
  const { code, output } = openssl(args, input);
  expect(code, args.join(" ")).toBe(0);
  return output;
}

function random(length: number): Bytes {
  return new Uint8Array(randomBytes(length));
}

function file(name: string, contents: Bytes): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

describe.skipIf(MISSING)("the openssl program agrees", () => {
  it.each([0, 3, 64, 1000])("on SM3 of %d bytes", (length) => {
    const message = random(length);
    expect(toHex(suite.sm3(message))).toBe(toHex(mustRun(["dgst", "-sm3", "-binary"], message)));
  });

  it.each([0, 3, 64, 1000])("on HMAC-SM3 of %d bytes", (length) => {
    const [key, message] = [random(16), random(length)];
    const expected = mustRun(["dgst", "-sm3", "-mac", "HMAC", "-macopt", `hexkey:${toHex(key)}`, "-binary"], message);
    for (const other of [suite, smCryptoSuite()]) expect(toHex(other.hmacSm3(other.secretKey(key), message))).toBe(toHex(expected));
  });

  it.each(LENGTHS)("on SM4 of %d blocks", (count) => {
    const [key, iv, blocks] = [random(16), random(16), random(16 * count)];
    const handle = suite.secretKey(key);
    const arguments_ = ["-K", toHex(key), "-nopad"];
    const ecb = mustRun(["enc", "-sm4-ecb", ...arguments_], blocks);
    const cbc = mustRun(["enc", "-sm4-cbc", "-iv", toHex(iv), ...arguments_], blocks);
    expect(suite.sm4Encrypt(handle, blocks)).toEqual(ecb);
    expect(suite.sm4CbcEncrypt(handle, iv, blocks)).toEqual(cbc);
    expect(suite.sm4Decrypt(handle, ecb)).toEqual(blocks);
    expect(suite.sm4CbcDecrypt(handle, iv, cbc)).toEqual(blocks);
    expect(mustRun(["enc", "-d", "-sm4-cbc", "-iv", toHex(iv), ...arguments_], suite.sm4CbcEncrypt(handle, iv, blocks))).toEqual(blocks);
  });

  it.each(LENGTHS)("on two-key triple DES of %d blocks", (count) => {
    const [key, iv, blocks] = [random(16), random(8), random(8 * count)];
    const handle = suite.secretKey(key);
    const ecb = mustRun(["enc", "-des-ede", "-K", toHex(key), "-nopad"], blocks);
    expect(suite.tdesEncrypt(handle, blocks)).toEqual(ecb);
    expect(suite.tdesDecrypt(handle, ecb)).toEqual(blocks);
    expect(suite.tdesCbcEncrypt(handle, iv, blocks)).toEqual(mustRun(["enc", "-des-ede-cbc", "-iv", toHex(iv), "-K", toHex(key), "-nopad"], blocks));
  });

  it.each(LENGTHS)("on single DES of %d blocks, through its own single DES", (count) => {
    const [key, iv, blocks] = [random(8), random(8), random(8 * count)];
    const handle = suite.secretKey(concat(key, key));
    const legacy = ["-provider", "legacy", "-provider", "default"];
    const ecb = mustRun(["enc", "-des-ecb", "-K", toHex(key), "-nopad", ...legacy], blocks);
    const cbc = mustRun(["enc", "-des-cbc", "-iv", toHex(iv), "-K", toHex(key), "-nopad", ...legacy], blocks);
    expect(suite.tdesEncrypt(handle, blocks)).toEqual(ecb);
    expect(suite.tdesDecrypt(handle, ecb)).toEqual(blocks);
    expect(suite.tdesCbcEncrypt(handle, iv, blocks)).toEqual(cbc);
  });
});

/** PEM files of a key pair, written here byte by byte so that neither provider's import is on trial as a writer. */
function pemFiles(scalar: Bytes, point: Bytes): { readonly privateFile: string; readonly publicFile: string } {
  const info = concat(fromHex("3059301306072a8648ce3d020106082a811ccf5501822d03420004"), point);
  const pkcs8 = concat(fromHex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420"), scalar, fromHex("a14403420004"), point);
  return { privateFile: file("private.pem", utf8(pem("PRIVATE KEY", pkcs8))), publicFile: file("public.pem", utf8(pem("PUBLIC KEY", info))) };
}

function pem(label: string, der: Bytes): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replace(/(.{64})/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

const OPTIONS = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"];

describe.skipIf(MISSING)("the openssl program and SM2", () => {
  it("it verifies our signatures, of both providers, and refuses them altered", () => {
    const message = random(100);
    const messageFile = file("message", message);
    for (const ours of [suite, smCryptoSuite()]) {
      const scalar = random(32).map((byte, at) => (at === 0 ? byte & 0x7f : byte));
      const key = ours.sm2PrivateKey(scalar);
      const { publicFile } = pemFiles(scalar, key.publicKey.point);
      const der = signatureToDer(ours.sm2Sign(key, message));
      const verify = (signature: Bytes) =>
        openssl(["pkeyutl", "-verify", "-pubin", "-inkey", publicFile, "-in", messageFile, "-sigfile", file("signature", signature), ...OPTIONS]).code;
      expect(verify(der), ours.provider).toBe(0);
      expect(verify(der.map((byte, at) => (at === der.length - 1 ? byte ^ 1 : byte))), ours.provider).not.toBe(0);
    }
  });

  it("we verify its signatures, of any message length, and refuse another message", () => {
    for (const length of [1, 32, 1000]) {
      const [scalar, message] = [random(32).map((byte, at) => (at === 0 ? byte & 0x7f : byte)), random(length)];
      const { point } = suite.sm2PrivateKey(scalar).publicKey;
      const { privateFile } = pemFiles(scalar, point);
      const der = mustRun(["pkeyutl", "-sign", "-inkey", privateFile, "-in", file("message", message), ...OPTIONS]);
      const signature = signatureFromDer(der) ?? new Uint8Array(0);
      for (const ours of [suite, smCryptoSuite()]) {
        expect(ours.sm2Verify(ours.sm2PublicKey(point), message, signature), ours.provider).toBe(true);
        expect(ours.sm2Verify(ours.sm2PublicKey(point), concat(message, message), signature), ours.provider).toBe(false);
      }
    }
  });
});
