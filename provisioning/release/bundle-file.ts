/*
 * Goal: a bundle is known before anything of it touches the disk: whole, of one form, signed by somebody whom this terminal knows.
 * Method: three members in a fixed order; the first two are small and read whole, of the third only its place is noted. There is one way to
 * write a bundle of a given content, and every other is refused, so that no byte of it can change unseen.
 */
import { type Bytes, equalBytes } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { ReleaseFiles } from "./files.ts";
import { MANIFEST_FILE, manifestBytes, parseManifest, type ReleaseManifest, SIGNATURE_FILE } from "./manifest.ts";
import { type ReleaseKey, signatureWord } from "./signed.ts";
import { memberSize, paddingAfter, TAR_BLOCK, TAR_END_BYTES } from "./tar-member.ts";

export const PAYLOAD_FILE = "payload.tar.gz";
const MANIFEST_MAX = 4 * 1024 * 1024;
const SIGNATURE_MAX = 4096;

export interface OpenedBundle {
  readonly path: string;
  readonly manifest: ReleaseManifest;
  readonly signature: string;
  readonly signedBy: string;
  readonly payload: Place;
}

export type BundleOpening =
  | { readonly ok: true; readonly bundle: OpenedBundle }
  | { readonly ok: false; readonly code: "bundle-malformed" | "signature-wrong" | "signer-unknown"; readonly text: string };

interface Place {
  readonly at: number;
  readonly size: number;
}

interface OpeningParts {
  readonly files: ReleaseFiles;
  readonly keys: readonly ReleaseKey[];
  readonly suite: CipherSuite;
}

const malformed = (text: string): BundleOpening => ({ ok: false, code: "bundle-malformed", text });

async function memberAt(
  files: ReleaseFiles,
  path: string,
  want: { readonly at: number; readonly name: string; readonly max: number },
): Promise<Place | undefined> {
  const size = memberSize(await files.readPart(path, { at: want.at, size: TAR_BLOCK }), want.name);
  return size === undefined || size > want.max ? undefined : { at: want.at + TAR_BLOCK, size };
}

async function areZeros(files: ReleaseFiles, path: string, { at, size }: Place): Promise<boolean> {
  const bytes = await files.readPart(path, { at, size });
  return bytes.length === size && bytes.every((byte) => byte === 0);
}

/** Where the member after this one begins; undefined when what lies between is not what belongs there. */
async function behind(files: ReleaseFiles, path: string, { at, size }: Place): Promise<number | undefined> {
  const gap = paddingAfter(size);
  return (await areZeros(files, path, { at: at + size, size: gap })) ? at + size + gap : undefined;
}

/** Whether the bundle ends where its last member ends. */
async function endsAfter(files: ReleaseFiles, path: string, last: Place): Promise<boolean> {
  const at = await behind(files, path, last);
  if (at === undefined || !(await areZeros(files, path, { at, size: TAR_END_BYTES }))) return false;
  return (await files.readPart(path, { at: at + TAR_END_BYTES, size: 1 })).length === 0;
}

/** Reads the head of a bundle and proves who signed it. Its payload is looked at when it is copied. */
export async function openBundle(path: string, { files, keys, suite }: OpeningParts): Promise<BundleOpening> {
  const first = await memberAt(files, path, { at: 0, name: MANIFEST_FILE, max: MANIFEST_MAX });
  const secondAt = first === undefined ? undefined : await behind(files, path, first);
  if (first === undefined || secondAt === undefined) return malformed(`it does not begin with ${MANIFEST_FILE}`);
  const second = await memberAt(files, path, { at: secondAt, name: SIGNATURE_FILE, max: SIGNATURE_MAX });
  const thirdAt = second === undefined ? undefined : await behind(files, path, second);
  if (second === undefined || thirdAt === undefined) return malformed(`${SIGNATURE_FILE} does not follow`);
  const bytes = await files.readPart(path, first);
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return malformed(`its manifest: ${parsed.problem}`);
  const { manifest } = parsed;
  if (!equalBytes(bytes, manifestBytes(manifest))) return malformed("its manifest is not in the form that is signed");
  const third = await memberAt(files, path, { at: thirdAt, name: PAYLOAD_FILE, max: manifest.payload.size });
  if (third?.size !== manifest.payload.size || !(await endsAfter(files, path, third))) {
    return malformed(`${PAYLOAD_FILE} of ${manifest.payload.size} bytes is not what follows`);
  }
  const signature = textOf(await files.readPart(path, second));
  const word = signatureWord(manifestBytes(manifest), signature, { keys, suite });
  if (word.kind === "unknown-signer") return { ok: false, code: "signer-unknown", text: "it is signed by nobody whom this terminal knows" };
  if (word.kind !== "signed") return { ok: false, code: "signature-wrong", text: "its signature is not that of its manifest" };
  return { ok: true, bundle: { path, manifest, signature, signedBy: word.by, payload: third } };
}

function textOf(bytes: Bytes): string {
  return new TextDecoder("latin1").decode(bytes);
}
