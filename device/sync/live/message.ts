/* Builds live requests and reads live replies. Spec: pos/v1, 5. */
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { encodeMessage, type LiveReply, type LiveRequest, parseReply, SEALING_ALGORITHM, signedBytesOf } from "../../codec/upload.ts";
import { type MessageProblem, parseBase64, toBase64 } from "../../codec/upload-fields.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey, Sm2PublicKey } from "../../crypto/face.ts";
import { openBody, sealBody } from "../sealing.ts";

export interface LiveKeys {
  readonly signing: Sm2PrivateKey;
  readonly hostKey: Sm2PublicKey;
  readonly dataKey: SecretKey;
  readonly kid: string;
}

/** Seals and signs a request. `iv`: 16 fresh bytes. */
export function buildRequest(suite: CipherSuite, keys: LiveKeys, parts: { readonly request: LiveRequest; readonly iv: Bytes; readonly plain: Bytes }): Bytes {
  const open = { ...parts.request, hash: toHex(suite.sm3(parts.plain)), alg: SEALING_ALGORITHM, kid: keys.kid };
  const sig = toHex(suite.sm2Sign(keys.signing, signedBytesOf(open)));
  const body = toBase64(sealBody(suite, keys.dataKey, { iv: parts.iv, plain: parts.plain }));
  return encodeMessage({ v: 1, ...open, iv: toHex(parts.iv), body, sig });
}

export type ReplyRefusal = MessageProblem | "other-terminal" | "signature-wrong" | "other-key" | "body-wrong";

export type ReplyRead =
  | { readonly ok: true; readonly reply: LiveReply; readonly plain: Bytes }
  /** `hostHeard` when the signature is the host's although the rest is wrong. */
  | { readonly ok: false; readonly reason: ReplyRefusal; readonly hostHeard: boolean };

/** Reads, verifies and opens a reply from outside. Never throws. */
export function readReply(suite: CipherSuite, keys: LiveKeys, from: { readonly tid: string; readonly payload: Bytes }): ReplyRead {
  const refuse = (reason: ReplyRefusal, hostHeard = false): ReplyRead => ({ ok: false, reason, hostHeard });
  const parsed = parseReply(from.payload);
  if (!parsed.ok) return refuse(parsed.reason);
  const { tid, reqId, outcome, hostTimeMs, hash, alg, kid, iv, body, signedBytes, signature } = parsed.message;
  if (tid !== from.tid) return refuse("other-terminal");
  if (!suite.sm2Verify(keys.hostKey, signedBytes, signature)) return refuse("signature-wrong");
  if (alg !== SEALING_ALGORITHM || kid !== keys.kid) return refuse("other-key", true);
  // The body is not signed, its hash is: only what hashes to the signed value is the host's.
  const plain = openBody(suite, keys.dataKey, { iv: fromHex(iv), sealed: parseBase64(body) ?? new Uint8Array(0) });
  if (plain === undefined || toHex(suite.sm3(plain)) !== hash) return refuse("body-wrong", true);
  return { ok: true, reply: { tid, reqId, outcome, hostTimeMs }, plain };
}
