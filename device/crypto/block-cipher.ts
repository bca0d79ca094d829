/*
 * Block ciphers of node:crypto. Keys go in as KeyObject: with raw bytes the pinned Node spends most of the time on the key.
 * Two-key triple DES is `des-ede` there; the pinned Node has no single DES, which `des-ede` with two equal halves is.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";
import { checkBlocks, DES_BLOCK, SM4_BLOCK } from "./checks.ts";
import type { CipherSuite, SecretKey } from "./face.ts";
import { openSecretKey } from "./keys.ts";

const BLOCK_LENGTH = { "sm4-ecb": SM4_BLOCK, "sm4-cbc": SM4_BLOCK, "des-ede-ecb": DES_BLOCK, "des-ede-cbc": DES_BLOCK } as const;

export type BlockCipher = keyof typeof BLOCK_LENGTH;

export interface BlockRun {
  readonly cipher: BlockCipher;
  readonly key: SecretKey;
  readonly blocks: Bytes;
  /** Of one block; left out for ECB. */
  readonly iv?: Bytes;
}

export function encryptBlocks(run: BlockRun): Bytes {
  checkBlocks(BLOCK_LENGTH[run.cipher], run.blocks, run.iv);
  const cipher = createCipheriv(run.cipher, openSecretKey(run.key), run.iv ?? null);
  cipher.setAutoPadding(false);
  const result = new Uint8Array(cipher.update(run.blocks));
  // Whole blocks without padding are complete after update; final only checks that.
  cipher.final();
  return result;
}

export function decryptBlocks(run: BlockRun): Bytes {
  checkBlocks(BLOCK_LENGTH[run.cipher], run.blocks, run.iv);
  const decipher = createDecipheriv(run.cipher, openSecretKey(run.key), run.iv ?? null);
  decipher.setAutoPadding(false);
  const result = new Uint8Array(decipher.update(run.blocks));
  decipher.final();
  return result;
}

/** The triple-DES part of a suite. Both providers share it: sm-crypto has no DES, and its oracle is the openssl program. */
export const tripleDes: Pick<CipherSuite, "tdesEncrypt" | "tdesDecrypt" | "tdesCbcEncrypt"> = {
  tdesEncrypt: (key, blocks) => encryptBlocks({ cipher: "des-ede-ecb", key, blocks }),
  tdesDecrypt: (key, blocks) => decryptBlocks({ cipher: "des-ede-ecb", key, blocks }),
  tdesCbcEncrypt: (key, iv, blocks) => encryptBlocks({ cipher: "des-ede-cbc", key, iv, blocks }),
};
