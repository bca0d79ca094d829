/* Documents of the host for terminals: heads, parts and wants as they travel, strictly read. Spec: pos/v1, 7. */
import { inflateRawSync } from "node:zlib";
import { type Bytes, fromHex } from "../base/bytes.ts";
import { encodeMessage, PAYLOAD_BYTES_MAX, type Signed } from "./upload.ts";
import {
  HASH_SHAPE,
  HEX_16_BYTES_SHAPE,
  type MemberReader,
  type MessageObject,
  type MessageParse,
  NAME_SHAPE,
  parseMessage,
  SIGNATURE_SHAPE,
  TERMINAL_ID_SHAPE,
  toBase64,
  WORD_SHAPE,
} from "./upload-fields.ts";

/** Name of a stream: one or two words, for example "lease" or "list/city". */
export const STREAM_SHAPE = /^[a-z0-9-]{1,24}(?:\/[a-z0-9-]{1,24})?$/;
/** Division of the country as the configuration of a terminal names its own. */
export const REGION_SHAPE = /^\d{6}$/;
/** Parts of one document. */
export const PARTS_MAX = 8_192;
/** Bytes of a document that one part may hold, before compression. */
export const PART_BYTES = { least: 1_024, most: 262_144 } as const;
/** Streams that one terminal takes. */
export const STREAMS_MAX = 16;
/** Parts that one want can ask for. */
export const WANTED_PARTS_MAX = 32;
/** Kinds of trouble that one want can tell of. */
export const PROBLEMS_MAX = 16;

/** What a document is, who it is for and by what its parts are known. Spec: pos/v1, 7. */
export interface DocumentHead {
  /** The one terminal it is for; absent where it is for a whole region. */
  readonly tid?: string;
  /** The region it is for; absent where it is for one terminal. */
  readonly region?: string;
  readonly stream: string;
  readonly sequence: number;
  /** Sequence of the version that it continues; 0: it stands alone. */
  readonly base: number;
  /** Host time at which it was true. */
  readonly issuedMs: number;
  /** Host time after which nobody takes it any more. */
  readonly notAfterMs: number;
  /** Length of the whole document. */
  readonly size: number;
  /** Bytes of the document in each part; the last one holds the rest. */
  readonly partBytes: number;
  /** Root of the tree over the hashes of its parts. */
  readonly root: string;
  /** Whether parts are sealed under a key of the document's own. */
  readonly sealed: boolean;
  /** Data key under which `key` gives the document's own key; both absent where nothing is sealed. */
  readonly kid?: string;
  /** 16 bytes in hexadecimal. */
  readonly key?: string;
}

/** One part of a document, proved by itself: its hash and the hashes beside its way lead to the root. */
export interface DocumentPart {
  readonly stream: string;
  readonly sequence: number;
  /** 0, 1, 2, … */
  readonly index: number;
  /** Hashes beside the way to the root, lowest first, 64 hexadecimal digits each. */
  readonly path: readonly string[];
  /** Of a sealed part: 16 bytes in hexadecimal. */
  readonly iv?: string;
  /** Deflated, and sealed where the head says so. */
  readonly data: Bytes;
}

/** What a terminal has of one stream and what it wants of it now. */
export interface StreamWant {
  readonly stream: string;
  /** Newest version taken; 0: none. */
  readonly have: number;
  /** The version that is being fetched. */
  readonly taking?: number;
  /** Parts of it that the terminal asks for now; absent beside `taking`: its head is asked for once more. */
  readonly parts?: readonly number[];
  /** True: a continuation cannot be used, only a document that stands alone. */
  readonly whole?: true;
  /** The version that was refused last, and why. */
  readonly refused?: number;
  readonly reason?: string;
}

/** What a terminal says about documents. Spec: pos/v1, 7. */
export interface Want {
  readonly tid: string;
  readonly region: string;
  readonly streams: readonly StreamWant[];
  /** What was not understood or not believed since the terminal started, by reason. */
  readonly problems: readonly { readonly reason: string; readonly count: number }[];
}

/** Either kind of message on the topics of documents: one with the member `index` is a part. */
export type DocumentMessage = { readonly kind: "head"; readonly head: SignedHead } | { readonly kind: "part"; readonly part: DocumentPart };

/** Members by which one terminal opens what others open by theirs: they make it no other document. */
const OPENING = ["kid", "key"];

/** A head as it was signed, and what of it says which document it is. Unknown members belong to both. Spec: pos/v1, 7. */
export interface SignedHead extends DocumentHead, Signed {
  readonly identityBytes: Bytes;
}

function without(object: MessageObject, names: readonly string[]): Bytes {
  return encodeMessage(Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))));
}

/** For one terminal or for one region, never both and never neither. */
function readAddressee(members: MemberReader): Pick<DocumentHead, "tid" | "region"> {
  if (!members.has("tid")) return { region: members.text("region", REGION_SHAPE) };
  if (members.has("region")) members.fail("wrong-member: region");
  return { tid: members.text("tid", TERMINAL_ID_SHAPE) };
}

function readHead(members: MemberReader, object: MessageObject): SignedHead {
  const sequence = members.integer("sequence", 1);
  const partBytes = members.integer("partBytes", PART_BYTES.least, PART_BYTES.most);
  const sealed = members.flag("sealed");
  return {
    ...readAddressee(members),
    stream: members.text("stream", STREAM_SHAPE),
    sequence,
    base: members.integer("base", 0, Math.max(0, sequence - 1)),
    issuedMs: members.integer("issuedMs", 0),
    notAfterMs: members.integer("notAfterMs", 0),
    size: members.integer("size", 1, PARTS_MAX * partBytes),
    partBytes,
    root: members.text("root", HASH_SHAPE),
    sealed,
    ...(sealed ? { kid: members.text("kid", NAME_SHAPE), key: members.text("key", HEX_16_BYTES_SHAPE) } : {}),
    signature: fromHex(members.text("sig", SIGNATURE_SHAPE)),
    signedBytes: without(object, ["sig"]),
    identityBytes: without(object, ["sig", ...OPENING]),
  };
}

const PATH_SHAPE = /^(?:[0-9a-f]{64}){0,13}$/;

/**
 * Bytes of canonical base64. Encoding them again and comparing costs a tenth of what the shape costs that short members are checked by, and parts
 * come while people pay.
 */
function readData(members: MemberReader, text: unknown): Bytes {
  const bytes = new Uint8Array(typeof text === "string" ? Buffer.from(text, "base64") : []);
  if (bytes.length === 0 || toBase64(bytes) !== text) members.fail("wrong-member: data");
  return bytes;
}

function readPart(members: MemberReader, object: MessageObject): DocumentPart {
  const path = members.text("path", PATH_SHAPE);
  return {
    stream: members.text("stream", STREAM_SHAPE),
    sequence: members.integer("sequence", 1),
    index: members.integer("index", 0, PARTS_MAX - 1),
    path: Array.from({ length: path.length / HASH_DIGITS }, (_, at) => path.slice(at * HASH_DIGITS, (at + 1) * HASH_DIGITS)),
    ...(members.has("iv") ? { iv: members.text("iv", HEX_16_BYTES_SHAPE) } : {}),
    data: readData(members, object["data"]),
  };
}

const HASH_DIGITS = 64;

/** Reads a head or a part. Spec: pos/v1, 7. Never throws. */
export function parseDocumentMessage(payload: Bytes): MessageParse<DocumentMessage> {
  return parseMessage(payload, PAYLOAD_BYTES_MAX, (members, object): DocumentMessage => {
    members.version();
    return members.has("index") ? { kind: "part", part: readPart(members, object) } : { kind: "head", head: readHead(members, object) };
  });
}

/** Builds the payload of a want. */
export function encodeWant(want: Want): Bytes {
  return encodeMessage({ v: 1, ...want });
}

/** How many parts a document of this size has. */
export function partCount({ size, partBytes }: Pick<DocumentHead, "size" | "partBytes">): number {
  return Math.ceil(size / partBytes);
}

/** Bytes of the document that the part `index` holds. */
export function partLength(head: Pick<DocumentHead, "size" | "partBytes">, index: number): number {
  return Math.max(0, Math.min(head.partBytes, head.size - index * head.partBytes));
}

/** Inflates a part to exactly `length` bytes; undefined for anything else. Never throws and never makes more than that. */
export function inflatePart(deflated: Bytes, length: number): Bytes | undefined {
  try {
    const plain = new Uint8Array(inflateRawSync(deflated, { maxOutputLength: Math.max(1, length) }));
    return plain.length === length ? plain : undefined;
  } catch {
    // Not deflated, or longer than its head says.
    return undefined;
  }
}

/** Topics of documents of one terminal. Spec: pos/v1, 1. */
export function documentTopicsOf(tid: string): Readonly<Record<"lists" | "settings" | "want", string>> {
  const root = `pos/v1/${tid}`;
  return { lists: `${root}/dn/list`, settings: `${root}/dn/cfg`, want: `${root}/up/want` };
}

/** A reason as a stable word; whatever is none becomes "refused". */
export function reasonWord(reason: string): string {
  return reason.length <= REASON_LENGTH_MAX && WORD_SHAPE.test(reason) ? reason : "refused";
}

const REASON_LENGTH_MAX = 64;
