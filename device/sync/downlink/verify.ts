/* Whether a head or a part is what the host has signed for this terminal; pure. Spec: pos/v1, 7. */
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { type DocumentHead, type DocumentPart, inflatePart, partCount, partLength, type SignedHead } from "../../codec/downlink.ts";
import type { CipherSuite, SecretKey, Sm2PublicKey } from "../../crypto/face.ts";
import { IV_BYTES, openBody } from "../sealing.ts";
import { leafOf, rootAbove } from "./tree.ts";

/** Who takes documents here, and by which keys. */
export interface Addressee {
  readonly tid: string;
  readonly region: string;
  readonly hostKey: Sm2PublicKey;
  readonly dataKey: SecretKey;
  readonly kid: string;
}

/** A head whose signature and addressee are right. */
export interface CheckedHead {
  readonly head: DocumentHead;
  /** Hash of what makes it this document: two documents of one number differ in it. */
  readonly digest: string;
  /** Key of its parts; undefined where they are not sealed. */
  readonly contentKey: SecretKey | undefined;
}

export type HeadCheck =
  | { readonly ok: true; readonly checked: CheckedHead }
  | { readonly ok: false; readonly reason: "other-terminal" | "other-region" | "signature-wrong" | "other-key" };

/** Looks at addressee, signature and key of a head. */
export function checkHead(suite: CipherSuite, addressee: Addressee, message: SignedHead): HeadCheck {
  const { signedBytes, identityBytes, signature, ...head } = message;
  if (head.tid !== undefined && head.tid !== addressee.tid) return { ok: false, reason: "other-terminal" };
  if (head.region !== undefined && head.region !== addressee.region) return { ok: false, reason: "other-region" };
  if (!suite.sm2Verify(addressee.hostKey, signedBytes, signature)) return { ok: false, reason: "signature-wrong" };
  if (head.sealed && head.kid !== addressee.kid) return { ok: false, reason: "other-key" };
  const contentKey = head.key === undefined ? undefined : suite.sm4DerivedKey(addressee.dataKey, fromHex(head.key));
  return { ok: true, checked: { head, digest: toHex(suite.sm3(identityBytes)), contentKey } };
}

/** A part as it is kept: what was sealed stays sealed. */
function keptPart({ data, iv }: DocumentPart): Bytes {
  return iv === undefined ? data : concat(fromHex(iv), data);
}

/** The bytes of the document in a kept part; undefined when it cannot be opened or has another length. Never throws. */
export function openPart(suite: CipherSuite, { head, contentKey }: CheckedHead, kept: { readonly index: number; readonly bytes: Bytes }): Bytes | undefined {
  const deflated =
    contentKey === undefined ? kept.bytes : openBody(suite, contentKey, { iv: kept.bytes.subarray(0, IV_BYTES), sealed: kept.bytes.subarray(IV_BYTES) });
  return deflated === undefined ? undefined : inflatePart(deflated, partLength(head, kept.index));
}

/** The part as it is kept, when it is a part of this very document; undefined otherwise. Never throws. */
export function checkPart(suite: CipherSuite, checked: CheckedHead, part: DocumentPart): Bytes | undefined {
  const { head } = checked;
  const count = partCount(head);
  if (part.index >= count || (part.iv !== undefined) !== head.sealed) return undefined;
  const bytes = keptPart(part);
  const plain = openPart(suite, checked, { index: part.index, bytes });
  if (plain === undefined) return undefined;
  return rootAbove(suite, leafOf(suite, plain), { index: part.index, count, path: part.path }) === head.root ? bytes : undefined;
}
