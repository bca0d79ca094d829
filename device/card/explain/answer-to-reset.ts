/* The answer to reset, byte by byte. Spec: ISO/IEC 7816-4, historical bytes; PC/SC 3, ATR of contactless and storage cards; LD/T 32.5, historical bytes. */
import { type Bytes, toHex } from "../../base/bytes.ts";
import { type Note, note, type Words, words } from "./words.ts";

const GROUPS_MAX = 8;
const SOCIAL_HISTORICAL_LENGTH = 13;

/** Storage cards by the two bytes of their name behind the standard's byte. Spec: PC/SC 3, storage cards. */
const STORAGE_CARDS: ReadonlyMap<number, string> = new Map([
  [0x0001, "MIFARE Classic 1K"],
  [0x0002, "MIFARE Classic 4K"],
  [0x0003, "MIFARE Ultralight"],
  [0x0026, "MIFARE Mini"],
  [0x003a, "MIFARE Ultralight C"],
  [0x0036, "MIFARE Plus SL1 2K"],
  [0x0037, "MIFARE Plus SL1 4K"],
  [0xf004, "Topaz and Jewel"],
  [0xf011, "FeliCa 212K"],
  [0xf012, "FeliCa 424K"],
]);

interface Walk {
  readonly notes: readonly Note[];
  readonly historicalAt: number;
  readonly protocols: readonly number[];
}

const GROUP_NAMES = ["TA", "TB", "TC", "TD"] as const;

interface Group {
  readonly notes: readonly Note[];
  /** The last byte of the group, when it is a TD: it announces the next group. */
  readonly next: number | undefined;
  readonly at: number;
}

function interfaceNote(name: string, byte: number, depth: number): Note {
  const said = name.startsWith("TD") ? words(`protocol T=${byte & 0x0f}`, `协议 T=${byte & 0x0f}`) : words("interface byte", "接口字节");
  return note(depth, said, { label: name, hex: toHex(Uint8Array.of(byte)) });
}

/** One group of interface bytes; undefined when the answer ends in it. */
function readGroup(atr: Bytes, place: { readonly announced: number; readonly at: number; readonly group: number }, depth: number): Group | undefined {
  const notes: Note[] = [];
  let { at } = place;
  for (const [bit, name] of GROUP_NAMES.entries()) {
    if ((place.announced & (0x10 << bit)) === 0) continue;
    const byte = atr[at];
    if (byte === undefined) return undefined;
    notes.push(interfaceNote(`${name}${place.group}`, byte, depth));
    at += 1;
  }
  return { notes, next: (place.announced & 0x80) === 0 ? undefined : atr[at - 1], at };
}

/** The interface bytes, group by group; undefined when the answer ends among them. */
function walkInterface(atr: Bytes, depth: number): Walk | undefined {
  const notes: Note[] = [];
  const protocols: number[] = [];
  let announced: number | undefined = atr[1] ?? 0;
  let at = 2;
  for (let group = 1; group <= GROUPS_MAX && announced !== undefined; group += 1) {
    const read = readGroup(atr, { announced, at, group }, depth);
    if (read === undefined) return undefined;
    notes.push(...read.notes);
    if (read.next !== undefined) protocols.push(read.next & 0x0f);
    announced = read.next;
    at = read.at;
  }
  return { notes, historicalAt: at, protocols };
}

function socialNotes(historical: Bytes, depth: number): readonly Note[] {
  const part = (from: number, to: number) => ({ hex: toHex(historical.subarray(from, to)) });
  return [
    note(depth, words("in the form of a social security card", "符合社会保障卡历史字节格式")),
    note(depth + 1, words("chip vendor", "芯片商"), part(0, 2)),
    note(depth + 1, words("chip and operating system", "芯片及操作系统"), part(2, 5)),
    note(depth + 1, words("card maker", "卡商"), part(5, 7)),
    note(depth + 1, words("region, first four digits", "城市代码前四位"), part(7, 9)),
    note(depth + 1, words("serial number", "序列号"), { value: `******${toHex(historical.subarray(12, 13))}` }),
  ];
}

function storageNotes(historical: Bytes, depth: number): readonly Note[] {
  const name = STORAGE_CARDS.get((historical[9] ?? 0) * 256 + (historical[10] ?? 0));
  const said = name === undefined ? words("storage card of an unknown kind", "未知存储卡") : words(`storage card: ${name}`, `存储卡：${name}`);
  return [note(depth, said), note(depth, words("not a card with applications: it can pay nothing here", "非 CPU 卡，无法在此交易"))];
}

/** An identifier of PC/SC follows 80 4F 0C. Spec: PC/SC 3, ATR of storage cards. */
function isStorageCard(historical: Bytes): boolean {
  return toHex(historical.subarray(0, 8)) === "804f0ca000000306";
}

function historicalNotes(historical: Bytes, depth: number): readonly Note[] {
  if (historical.length === 0) return [note(depth, words("no historical bytes", "无历史字节"))];
  const head = note(depth, words(`${historical.length} historical bytes`, `${historical.length} 个历史字节`));
  if (isStorageCard(historical)) return [head, ...storageNotes(historical, depth + 1)];
  if (historical.length === SOCIAL_HISTORICAL_LENGTH) return [head, ...socialNotes(historical, depth + 1)];
  return [{ ...head, hex: toHex(historical) }];
}

/** The check byte, present when a protocol other than T=0 is offered: all bytes from T0 on give zero by XOR. */
function checkNote(atr: Bytes, at: number, depth: number): readonly Note[] {
  const check = atr[at];
  if (check === undefined) return [note(depth, words("the check byte is missing", "缺少校验字节 TCK"))];
  const sum = atr.subarray(1, at + 1).reduce((total, byte) => total ^ byte, 0);
  const said: Words = sum === 0 ? words("check byte, right", "校验字节 TCK 正确") : words("check byte, WRONG", "校验字节 TCK 错误");
  return [note(depth, said, { hex: toHex(Uint8Array.of(check)) })];
}

/** Lines for an answer to reset; undefined when the bytes are none. */
export function explainAnswerToReset(atr: Bytes, depth: number): readonly Note[] | undefined {
  const [first, format] = atr;
  if (format === undefined || (first !== 0x3b && first !== 0x3f)) return undefined;
  const walk = walkInterface(atr, depth + 1);
  if (walk === undefined) return undefined;
  const end = walk.historicalAt + (format & 0x0f);
  if (end > atr.length) return undefined;
  const convention = first === 0x3b ? words("direct convention", "正向约定") : words("inverse convention", "反向约定");
  const protocols = walk.protocols.length === 0 ? [0] : [...new Set(walk.protocols)];
  return [
    note(depth, words("answer to reset", "复位应答")),
    note(depth + 1, words(`TS ${convention.en}`, `TS ${convention.zh}`), { hex: toHex(atr.subarray(0, 1)) }),
    ...walk.notes,
    note(
      depth + 1,
      words(`protocols offered: ${protocols.map((each) => `T=${each}`).join(", ")}`, `支持协议：${protocols.map((each) => `T=${each}`).join("，")}`),
    ),
    ...historicalNotes(atr.slice(walk.historicalAt, end), depth + 1),
    ...(protocols.some((each) => each !== 0) ? checkNote(atr, end, depth + 1) : []),
  ];
}
