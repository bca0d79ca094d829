/* iReadCard and iWriteCard: items of any files of the social application, by the rights of the module and of the holder's PIN. Spec: LD/T 33; LD/T 32.5. */
import { type Bytes, parseHex, toHex } from "../../base/bytes.ts";
import { parseMedicalLogEntry } from "../../card/medical-purse/answers.ts";
import { CardFiles, type ItemReading, type PinAccess, parseSpecialSettlement } from "../../card/social/card-files.ts";
import { fileDefinition, type ItemDefinition, itemDefinition, type SocialDirectory } from "../../card/social/file-table.ts";
import { tellGeneration } from "../../card/social/generation.ts";
import { firstWithKey, moduleKeys } from "../../card/social/key-holders.ts";
import { NATIONAL_KEYS } from "../../card/social/keys.ts";
import type { ChangeAnswer } from "../../card/social/secure-command.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { FileRequest, FileValues } from "../../codec/read-card-bas.ts";
import { decodeGbText, encodeGbText } from "../../codec/text.ts";
import { type CardAtDesk, type CardDesk, isAnswer, type OrAnswer } from "./card-desk.ts";
import { logFields } from "./debit-functions.ts";
import type { LibraryAnswer, LibraryCall } from "./functions.ts";
import { answerOf, RESULT, resultOfNoAccess, statusResult } from "./numbers.ts";
import { type FileGroup, formatFileValues, groupsOf, parseFileAddress } from "./strings.ts";

/** How the caller wants files opened. Spec: LD/T 33, iReadCard. */
const BY_PIN = 1;
const BY_KEY = 2;

const DIRECTORIES: Readonly<Record<string, SocialDirectory>> = {
  SSSE: "ssse",
  // Some programs name the top directory by its file identifier.
  "3F00": "ssse",
  DF01: "df01",
  DF02: "df02",
  DF03: "df03",
  DF04: "df04",
  DF07: "df07",
};

/** Reads the files of the address, in its order. Faults: those of card, module and keypad. */
export async function readFiles(desk: CardDesk, card: CardAtDesk, { numbers, texts }: LibraryCall): Promise<LibraryAnswer> {
  const { iAuthType } = numbers;
  const requests = parseFileAddress(texts.fileAddress);
  if (requests === undefined || (iAuthType !== BY_PIN && iAuthType !== BY_KEY)) return answerOf(RESULT.parameterWrong);
  const files = await openFiles(desk, card, { cardInfo: texts.cardInfo, byPin: iAuthType === BY_PIN });
  if (isAnswer(files)) return files;
  const read: FileValues[] = [];
  for (const request of requests) {
    const values = await readFile(desk, files, request);
    if (isAnswer(values)) return values;
    read.push(values);
  }
  const output = formatFileValues(read);
  return output === undefined ? answerOf(RESULT.dataNotLegal) : answerOf(RESULT.done, output);
}

/** Nobody reads or writes below a card that has not proved itself: a wrong key costs one of its tries. */
async function openFiles(desk: CardDesk, card: CardAtDesk, how: { readonly cardInfo: string; readonly byPin: boolean }): Promise<OrAnswer<CardFiles>> {
  const found = await desk.nameThis(card, how.cardInfo);
  if (isAnswer(found)) return found;
  const module = await desk.module(card.limits);
  if (module === undefined && !how.byPin) return answerOf(RESULT.noModule);
  const refused = module === undefined ? undefined : await desk.proves(found, module);
  if (refused !== undefined) return refused;
  const { ports, bounds } = desk;
  const { named, channel, limits } = found;
  const { keyTable = NATIONAL_KEYS, pin } = ports;
  const told = tellGeneration(named, ports.cardProfile.emptyVersion);
  const fromModule = module === undefined ? [] : [moduleKeys(module, named, keyTable)];
  const keypad: PinAccess = pin === undefined ? { kind: "not-allowed" } : { kind: "ask", verifier: pin, limits: { ...limits, timeoutMs: bounds.pinTimeoutMs } };
  return new CardFiles(channel, {
    generation: told.kind === "told" ? told.generation : 3,
    keys: firstWithKey(fromModule),
    keyTable,
    pin: how.byPin ? keypad : { kind: "not-allowed" },
    limits,
  });
}

async function readFile(desk: CardDesk, files: CardFiles, { directory: name, file, items }: FileRequest): Promise<OrAnswer<FileValues>> {
  const directory = DIRECTORIES[name];
  if (directory === undefined) return answerOf(RESULT.parameterWrong);
  const values: (readonly string[])[] = [];
  for (const item of items) {
    const cyclic = fileDefinition(directory, file)?.structure === "cyclic";
    const found = cyclic
      ? await readRecords(desk, files, { directory, file, count: item.records ?? 1 })
      : await readOne(files, { directory, file, tag: item.tag, counted: item.records !== undefined });
    if (isAnswer(found)) return found;
    values.push(...found);
  }
  return { directory: name, file, values };
}

interface RecordsWanted {
  readonly directory: SocialDirectory;
  readonly file: number;
  readonly count: number;
}

/** As many records as were asked for: those that the card has not are empty. */
async function readRecords({ ports }: CardDesk, files: CardFiles, { count, ...address }: RecordsWanted): Promise<OrAnswer<readonly (readonly string[])[]>> {
  const read = await files.readCyclic(address);
  if (read.kind === "no-access") return answerOf(resultOfNoAccess(read));
  if (read.kind === "refused") return answerOf(statusResult(read.statusWord));
  return Array.from({ length: count }, (_, at) => {
    const record = read.records[at];
    return record === undefined ? [""] : recordItems(address, record, ports.cardProfile.medicalLogMode);
  });
}

/** The items of a record whose layout is known; any other one is told in hexadecimal. */
function recordItems({ directory, file }: Omit<RecordsWanted, "count">, record: Bytes, logMode: CardProfile["medicalLogMode"]): readonly string[] {
  if (directory === "df04" && file === 0x08) {
    const entry = parseMedicalLogEntry(record, logMode);
    if (entry === "unwritten") return [""];
    if (entry !== undefined) return logFields(entry);
  }
  const special = directory === "df04" && file === 0x15 ? parseSpecialSettlement(record) : undefined;
  return special === undefined ? [toHex(record).toUpperCase()] : [String(special.sequence), special.category];
}

async function readOne(
  files: CardFiles,
  { counted, ...address }: { readonly directory: SocialDirectory; readonly file: number; readonly tag: number; readonly counted: boolean },
): Promise<OrAnswer<readonly (readonly string[])[]>> {
  // Only cyclic files have records to be counted.
  if (counted) return answerOf(RESULT.parameterWrong);
  const text = textOf(await files.readItem(address), itemDefinition(address.directory, address.file, address.tag));
  return isAnswer(text) ? text : [[text.value]];
}

function textOf(reading: ItemReading, definition: ItemDefinition | undefined): OrAnswer<{ readonly value: string }> {
  switch (reading.kind) {
    case "absent":
      return { value: "" };
    case "malformed":
      return answerOf(RESULT.dataNotLegal);
    case "refused":
      return answerOf(statusResult(reading.statusWord));
    case "no-access":
      return answerOf(resultOfNoAccess(reading));
    case "ok": {
      const value = valueText(reading.value, definition);
      return value === undefined ? answerOf(RESULT.dataNotLegal) : { value };
    }
  }
}

/** Digits without their filling, text, or hexadecimal; undefined for text that is none. */
function valueText(value: Bytes, definition: ItemDefinition | undefined): string | undefined {
  const digits = toHex(value).toUpperCase();
  if (definition?.type === "cn") return /^(\d*)F+$/.exec(digits)?.[1] ?? digits;
  if (definition?.type !== "an") return digits;
  const text = decodeGbText(value);
  return text.ok ? text.text : undefined;
}

interface Writing {
  readonly directory: SocialDirectory;
  readonly file: number;
  readonly tag: number;
  readonly value: Bytes;
}

/** Writes the items of the address with the values of the data, which has its shape. All of it is looked at before the first is written. */
export async function writeFiles(desk: CardDesk, card: CardAtDesk, { texts }: LibraryCall): Promise<LibraryAnswer> {
  const writings = writingsOf(texts.fileAddress, texts.data);
  if (isAnswer(writings)) return writings;
  const files = await openFiles(desk, card, { cardInfo: texts.cardInfo, byPin: false });
  if (isAnswer(files)) return files;
  for (const { value, ...address } of writings) {
    const answer: ChangeAnswer | Awaited<ReturnType<CardFiles["updateItem"]>> = await files.updateItem(address, value);
    if (answer.kind === "no-access") return answerOf(resultOfNoAccess(answer));
    if (answer.kind === "refused") return answerOf(statusResult(answer.statusWord));
  }
  return answerOf(RESULT.done);
}

function writingsOf(fileAddress: string, data: string): OrAnswer<readonly Writing[]> {
  const requests = parseFileAddress(fileAddress);
  const groups = groupsOf(data);
  if (requests === undefined || groups === undefined || groups.length !== requests.length) return answerOf(RESULT.parameterWrong);
  const writings: Writing[] = [];
  for (const [at, request] of requests.entries()) {
    const found = fileWritings(request, groups[at]);
    if (isAnswer(found)) return found;
    writings.push(...found);
  }
  return writings;
}

function fileWritings({ directory: name, file, items }: FileRequest, group: FileGroup | undefined): OrAnswer<readonly Writing[]> {
  const directory = DIRECTORIES[name];
  const fits = group?.directory === name && group.file === file && group.values.length === items.length;
  if (!fits || directory === undefined) return answerOf(RESULT.parameterWrong);
  const writings: Writing[] = [];
  for (const [at, { tag, records }] of items.entries()) {
    const value = records === undefined ? bytesOf(group.values[at] ?? "", itemDefinition(directory, file, tag)) : undefined;
    if (value === undefined) return answerOf(RESULT.characterNotLegal);
    writings.push({ directory, file, tag, value });
  }
  return writings;
}

/** The bytes of a value as its item wants them; undefined where it is too long or of another kind. */
function bytesOf(text: string, definition: ItemDefinition | undefined): Bytes | undefined {
  if (definition?.type !== "an") {
    const bytes = parseHex(definition?.type === "cn" && text.length % 2 === 1 ? `${text}F` : text);
    return bytes === undefined || bytes.length > (definition?.length ?? 0xff) ? undefined : bytes;
  }
  const built = encodeGbText(text, definition.length);
  return built.ok ? built.bytes : undefined;
}
