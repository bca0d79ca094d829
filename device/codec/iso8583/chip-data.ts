/*
 * Field 55: what a chip says of its transaction, and what its issuer says back, as a row of BER-TLV objects.
 * Spec: UnionPay terminal, field 55; ISO/IEC 8825-1, 8.1; JR/T 0025, issuer scripts.
 */
import { type Bytes, concat } from "../../base/bytes.ts";
import { buildTlv, parseTlv, type Tlv, type TlvRefusal } from "../tlv.ts";

/** Commands of the issuer for its card, in their order, to be sent before (71) or after (72) the transaction is ended. */
export interface IssuerScript {
  readonly when: "before" | "after";
  /** 9F18, 4 bytes; absent where the issuer gave none. */
  readonly identifier?: Bytes;
  /** Command APDUs. */
  readonly commands: readonly Bytes[];
}

export interface ChipData {
  /** Objects that are no scripts, by tag. */
  readonly objects: ReadonlyMap<number, Bytes>;
  readonly scripts: readonly IssuerScript[];
}

export type ChipDataParse =
  | { readonly ok: true; readonly data: ChipData }
  /** "script-malformed": something else than an identifier and commands stands in a script; none of its commands may be sent. */
  | { readonly ok: false; readonly reason: TlvRefusal | "object-twice" | "script-malformed" };

const TAG = { scriptBefore: 0x71, scriptAfter: 0x72, scriptIdentifier: 0x9f18, scriptCommand: 0x86 } as const;

/** Reads the field of a request or a reply. Never throws. */
export function parseChipData(bytes: Bytes): ChipDataParse {
  const parsed = parseTlv(bytes);
  if (!parsed.ok) return parsed;
  const objects = new Map<number, Bytes>();
  const scripts: IssuerScript[] = [];
  for (const item of parsed.items) {
    if (item.tag === TAG.scriptBefore || item.tag === TAG.scriptAfter) {
      const script = readScript(item);
      if (script === undefined) return { ok: false, reason: "script-malformed" };
      scripts.push(script);
    } else if (objects.has(item.tag)) return { ok: false, reason: "object-twice" };
    else objects.set(item.tag, item.value);
  }
  return { ok: true, data: { objects, scripts } };
}

/** An identifier at most, and only before the commands; one command at least. */
function readScript({ tag, children = [] }: Tlv): IssuerScript | undefined {
  const [first] = children;
  const identifier = first?.tag === TAG.scriptIdentifier ? first.value : undefined;
  const commands = identifier === undefined ? children : children.slice(1);
  if (commands.length === 0 || commands.some((each) => each.tag !== TAG.scriptCommand)) return undefined;
  return {
    when: tag === TAG.scriptBefore ? "before" : "after",
    ...(identifier === undefined ? {} : { identifier }),
    commands: commands.map(({ value }) => value),
  };
}

/** Objects of the chip, in the order in which they are given. */
export function buildChipData(objects: Iterable<readonly [tag: number, value: Bytes]>): Bytes {
  return concat(...Array.from(objects, ([tag, value]) => buildTlv(tag, value)));
}
