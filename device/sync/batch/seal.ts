/*
 * Turns a planned batch into its payload. The hash depends on the records alone; IV and signature are fresh each time,
 * so a batch that is sealed again after a power cut is the same batch. Spec: pos/v1, 3. Spec: RFC 1951, 3.
 */
import { deflateRawSync } from "node:zlib";
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { type BatchHeader, batchPlaintextAround, batchSignedBytes, encodeBatch, SEALING_ALGORITHM } from "../../codec/upload.ts";
import { toBase64 } from "../../codec/upload-fields.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey } from "../../crypto/face.ts";
import { sealBody } from "../sealing.ts";

/** What a batch needs to be sealed; plain data, so that it can go to a worker. */
export interface SealInput {
  readonly header: BatchHeader;
  /** UTF-8 of the canonical JSON array of the records. A sealer may take the bytes away from the caller. */
  readonly records: Bytes;
  readonly boot: number;
  /** 16 fresh bytes. */
  readonly iv: Bytes;
}

export interface SealedBatch {
  /** SM3 of the canonical plaintext, 64 hexadecimal digits. */
  readonly hash: string;
  /** The message, ready to publish. */
  readonly payload: Bytes;
}

/** Seals batches, in this thread or in another. Rejects with the fault "process-failed" when the other thread is gone. */
export interface BatchSealer {
  seal(input: SealInput): Promise<SealedBatch>;
  close(): Promise<void>;
}

export interface SealKeys {
  readonly signing: Sm2PrivateKey;
  readonly dataKey: SecretKey;
  /** Name of the data key, as the host knows it. */
  readonly kid: string;
}

export function sealBatch(suite: CipherSuite, keys: SealKeys, input: SealInput): SealedBatch {
  const { before, after } = batchPlaintextAround(input.header);
  const hash = toHex(suite.sm3(utf8(before), input.records, utf8(after)));
  const body = sealBody(suite, keys.dataKey, { iv: input.iv, plain: deflateRawSync(input.records) });
  const sig = suite.sm2Sign(keys.signing, batchSignedBytes(hash, input.header.tid));
  const payload = encodeBatch({
    ...input.header,
    boot: input.boot,
    hash,
    alg: SEALING_ALGORITHM,
    kid: keys.kid,
    iv: toHex(input.iv),
    body: toBase64(body),
    sig: toHex(sig),
  });
  return { hash, payload };
}
