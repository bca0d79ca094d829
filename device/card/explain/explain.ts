/*
 * Goal: whoever holds a card dialogue in hexadecimal learns what it says, in two languages, without seeing what is nobody's business.
 * Method: bytes are tried as what they look like, most telling form first; in a dialogue each answer is read by its command. Nothing throws.
 */
import { type Bytes, parseHex, toHex } from "../../base/bytes.ts";
import { formatStatusWord, parseCommand, parseResponse, type ResponseApdu } from "../../codec/apdu.ts";
import { type ApduLog, type ApduLogEntry, parseApduLog } from "../../codec/apdu-log.ts";
import { parseCardItems } from "../../codec/tlv.ts";
import { explainAnswerToReset } from "./answer-to-reset.ts";
import { BIT_FIELDS, type BitFieldName, explainBits } from "./bit-fields.ts";
import { type CommandMeaning, isKnownCommand, meaningOf } from "./commands.ts";
import { explainLayout, isPlausible, LAYOUTS, type LayoutName } from "./layouts.ts";
import { explainStatusWord } from "./status-words.ts";
import { explainCardItem, explainObjects } from "./values.ts";
import { type Note, note, words } from "./words.ts";

/** Entries of one log that are explained; a longer one is cut, and says so. */
const ENTRIES_MAX = 10_000;
/** Layouts that bare bytes are tried as: their lengths are told apart by nothing else. */
const GUESSED_LAYOUTS: readonly LayoutName[] = ["purseLog", "pursePublic", "industry", "medicalLog", "medicalLogShort"];

const NOTHING_KNOWN = words("nothing that is known here", "无法识别的数据");

function statusNote(sw: number, depth: number): Note {
  const said = explainStatusWord(sw);
  return note(depth, words(`status word: ${said.en}`, `状态字：${said.zh}`), { hex: formatStatusWord(sw).toLowerCase() });
}

function items(bytes: Bytes, depth: number): readonly Note[] | undefined {
  const parsed = parseCardItems(bytes);
  return parsed.ok && parsed.items.length > 0 ? parsed.items.flatMap(({ tag, value }) => explainCardItem(tag, value, depth)) : undefined;
}

/** Answer data by what its command asked for; where it does not have that form, by what it looks like. */
function explainData(data: Bytes, meaning: CommandMeaning, depth: number): readonly Note[] {
  if (data.length === 0) return [];
  const { answer } = meaning;
  const length = note(depth, words(`${data.length} bytes`, `${data.length} 字节`));
  if (answer === "hidden") return [length];
  // An item that cannot be read may still be personal.
  if (answer === "item") return items(data, depth) ?? [length];
  const shaped = answer === "objects" || answer === "bytes" ? undefined : explainLayout(answer, data, depth);
  return shaped ?? explainObjects(data, depth) ?? [note(depth, words(`${data.length} bytes`, `${data.length} 字节`), { hex: toHex(data) })];
}

function explainResponse({ data, sw }: ResponseApdu, meaning: CommandMeaning, depth: number): readonly Note[] {
  return [statusNote(sw, depth), ...explainData(data, meaning, depth)];
}

function explainCommand(bytes: Bytes, depth: number): readonly Note[] {
  const parsed = parseCommand(bytes);
  if (!parsed.ok) return [note(depth, words("a command whose length does not fit", "长度不符的命令"))];
  const { command } = parsed;
  const meaning = meaningOf(command);
  const head = note(depth, words(meaning.en, meaning.zh), { hex: toHex(bytes.subarray(0, 4)) });
  if (command.data.length === 0) return [head];
  if (meaning.secret) return [head, note(depth + 1, words(`${command.data.length} bytes that are not shown`, `${command.data.length} 字节，不显示`))];
  return [head, note(depth + 1, words("data", "数据域"), { hex: toHex(command.data) })];
}

function explainEntry(entry: ApduLogEntry): readonly Note[] {
  if (entry.kind === "reset") return explainAnswerToReset(entry.atr, 0) ?? [note(0, words("not an answer to reset", "不是复位应答"))];
  const asked = parseCommand(entry.command);
  const meaning = meaningOf(asked.ok ? asked.command : { cla: 0xff, ins: 0xff, p1: 0xff, p2: 0xff });
  const command = explainCommand(entry.command, 0);
  if (entry.response.length === 0) return [...command, note(1, words("no answer", "无应答"))];
  const answered = parseResponse(entry.response);
  return [...command, ...(answered.ok ? explainResponse(answered.response, meaning, 1) : [note(1, words("not an answer", "不是应答"))])];
}

/** A whole dialogue. */
export function explainLog(log: ApduLog): readonly Note[] {
  const notes = log.entries.slice(0, ENTRIES_MAX).flatMap(explainEntry);
  if (log.entries.length <= ENTRIES_MAX) return notes;
  return [...notes, note(0, words(`only the first ${ENTRIES_MAX} steps are explained`, `仅解释前 ${ENTRIES_MAX} 步`))];
}

/** Bytes that nobody has named, by what they look like. Never empty. */
export function explainBytes(bytes: Bytes): readonly Note[] {
  const guesses: readonly (() => readonly Note[] | undefined)[] = [
    () => explainAnswerToReset(bytes, 0),
    () => answerGuess(bytes),
    () => explainObjects(bytes, 0),
    () => (bytes.length >= 4 && isKnownCommand(bytes) && parseCommand(bytes).ok ? explainCommand(bytes, 0) : undefined),
    () => guessedLayout(bytes, 0),
    () => items(bytes, 0),
    () => (bytes.length === 5 ? explainBits("tvr", bytes, 0) : undefined),
  ];
  for (const guess of guesses) {
    const found = guess();
    if (found !== undefined) return found;
  }
  return [note(0, NOTHING_KNOWN, { value: `${bytes.length}` })];
}

/** A status word alone, or objects with one behind them. */
function answerGuess(bytes: Bytes): readonly Note[] | undefined {
  const parsed = parseResponse(bytes);
  if (!parsed.ok) return undefined;
  const { data, sw } = parsed.response;
  if (data.length === 0) return [statusNote(sw, 0)];
  const objects = explainObjects(data, 1);
  if (objects !== undefined) return [statusNote(sw, 0), ...objects];
  if (sw !== 0x9000) return undefined;
  const shaped = guessedLayout(data, 1);
  return shaped === undefined ? undefined : [statusNote(sw, 0), ...shaped];
}

function guessedLayout(bytes: Bytes, depth: number): readonly Note[] | undefined {
  const name = GUESSED_LAYOUTS.find((each) => isPlausible(each, bytes));
  return name === undefined ? undefined : explainLayout(name, bytes, depth);
}

/** Names that may stand before the bytes, with a colon: bit fields, layouts, and the general forms. */
export const NAMED_FORMS: readonly string[] = ["atr", "tlv", "sw", "command", "item", ...Object.keys(BIT_FIELDS), ...Object.keys(LAYOUTS)];

function explainAs(form: string, bytes: Bytes): readonly Note[] | undefined {
  if (form === "atr") return explainAnswerToReset(bytes, 0);
  if (form === "tlv") return explainObjects(bytes, 0);
  if (form === "item") return items(bytes, 0);
  if (form === "command") return explainCommand(bytes, 0);
  if (form === "sw") return bytes.length === 2 ? [statusNote((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0), 0)] : undefined;
  if (Object.hasOwn(BIT_FIELDS, form)) return explainBits(form as BitFieldName, bytes, 0);
  return Object.hasOwn(LAYOUTS, form) ? explainLayout(form as LayoutName, bytes, 0) : undefined;
}

/**
 * Explains a text: bytes in hexadecimal, a name and bytes ("tvr:0000008000"), or a whole dialogue in any of the forms that tools write.
 * Never throws and is never empty.
 */
export function explainText(text: string): readonly Note[] {
  const trimmed = text.trim();
  const [, form = "", rest = ""] = /^([a-zA-Z]{2,20}):([\s\S]*)$/.exec(trimmed) ?? [];
  const name = NAMED_FORMS.find((each) => each.toLowerCase() === form.toLowerCase());
  const named = name === undefined ? undefined : parseHex(rest.replaceAll(/\s/g, ""));
  if (name !== undefined && named !== undefined && named.length > 0) {
    return explainAs(name, named) ?? [note(0, words(`these bytes are no ${name}`, `数据不符合 ${name} 格式`))];
  }
  const bytes = parseHex(trimmed.replaceAll(/\s/g, ""));
  if (bytes !== undefined && bytes.length > 0 && !trimmed.includes("\n")) return explainBytes(bytes);
  const log = parseApduLog(text);
  if (log.entries.length > 0) return explainLog(log);
  return bytes !== undefined && bytes.length > 0 ? explainBytes(bytes) : [note(0, NOTHING_KNOWN)];
}

/** Lines for a person: what it is in both languages, what it says, and the bytes. */
export function formatNotes(notes: readonly Note[]): string {
  return notes
    .map(
      ({ depth, label, en, zh, hex, value }) =>
        `${"  ".repeat(depth)}${label === undefined ? "" : `${label} `}${en} / ${zh}${value === undefined ? "" : ` = ${value}`}${hex === undefined ? "" : `  [${hex}]`}`,
    )
    .join("\n");
}
