/*
 * Information record (信息记录): what stands on the card, each file by its right. Without the key or the PIN that a file wants, it stays shut and
 * the counter is told which was missing. Spec: LD/T 32.5, file structure.
 */
import { type Bytes, toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { type AccessRefusal, CardFiles, type NoAccess, type PinAccess } from "../../card/social/card-files.ts";
import { type FileDefinition, type ItemDefinition, SOCIAL_FILES, type SocialDirectory } from "../../card/social/file-table.ts";
import { parseDate, parseText } from "../../card/social/files.ts";
import { bcdToDigits } from "../../codec/bcd.ts";
import type { JsonObject, JsonValue } from "../journal/types.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import type { ServedCard, ServiceDesk } from "./desk.ts";
import { refuse, type ServiceReason } from "./refusals.ts";

/** Tags of a file whose items no text lists: all that one byte names are asked for where the region gives none. */
const TAGS_ASKED_MAX = 64;

export function readBasic(desk: ServiceDesk, request: Extract<CardServiceRequest, { service: "read-basic" }>, limits: Limits): Promise<CardServiceOutcome> {
  return desk.withCard({ operator: request.operator, mayTrade: true }, limits, async ({ card }) => {
    const { cardNumber, cardIdentifier, version, category, organisation, issueDate, expiryDate, regionCode, holder } = card;
    const { name, socialSecurityNumber, sex, birthDate } = holder;
    const onCard = { cardNumber, cardIdentifier, version, category, organisation, issueDate, expiryDate, regionCode };
    return { kind: "done", output: { ...onCard, name, socialSecurityNumber, sex, birthDate } };
  });
}

export function readRecord(desk: ServiceDesk, request: Extract<CardServiceRequest, { service: "read-record" }>, limits: Limits): Promise<CardServiceOutcome> {
  const definition = fileNamed(request.file);
  if (definition === undefined) return Promise.resolve(refuse("file-unknown"));
  return desk.withCard({ operator: request.operator, mayTrade: true }, limits, async (served) => {
    const read = await readFile(desk, served, { definition, withPin: request.withPin }, limits);
    return read.kind === "no-access" ? refuseAccess(read) : { kind: "done", output: { file: request.file, title: definition.title, ...read.told } };
  });
}

/** "EF05" is a file of the top directory, "DF04/EF08" one of a directory; undefined for a name that the table does not have. */
export function fileNamed(name: string): FileDefinition | undefined {
  const [, directory = "SSSE", file = ""] = /^(?:(SSSE|DF0[12347])\/)?EF([0-9A-F]{2})$/i.exec(name) ?? [];
  const id = Number.parseInt(file, 16);
  return SOCIAL_FILES.find((each) => each.directory === (directory.toLowerCase() as SocialDirectory) && each.file === id);
}

export function openFiles(desk: ServiceDesk, { channel, card }: ServedCard, options: { readonly withPin: boolean; readonly signal: AbortSignal }): CardFiles {
  const { withPin, signal } = options;
  const { pin: verifier } = desk.ports;
  const pin: PinAccess = withPin && verifier !== undefined ? { kind: "ask", verifier, limits: desk.pinLimits(signal) } : { kind: "not-allowed" };
  return new CardFiles(channel, { generation: card.generation, keys: desk.keys(card), keyTable: desk.keyTable, pin, limits: desk.commandLimits(signal) });
}

async function readFile(
  desk: ServiceDesk,
  served: ServedCard,
  { definition, withPin }: { readonly definition: FileDefinition; readonly withPin: boolean },
  { signal }: Limits,
): Promise<Content | NoAccess> {
  const files = openFiles(desk, served, { withPin, signal });
  switch (definition.structure) {
    case "records":
      return readItems(files, definition);
    case "cyclic": {
      const read = await files.readCyclic(definition);
      if (read.kind === "no-access") return read;
      return read.kind === "ok" ? content({ records: read.records.map(toHex) }) : shut(read.statusWord);
    }
    case "transparent": {
      const read = await files.readContent(definition);
      if (read.kind === "no-access") return read;
      return read.kind === "ok" ? content({ contentHex: toHex(read.content) }) : shut(read.statusWord);
    }
  }
}

interface Content {
  readonly kind: "content";
  readonly told: JsonObject;
}

function content(told: JsonObject): Content {
  return { kind: "content", told };
}

function shut(statusWord: number): NoAccess {
  return { kind: "no-access", why: "proof-refused", statusWord };
}

/** Items of the table by their names; of a file without a table every tag that the card has, in hexadecimal. */
async function readItems(files: CardFiles, { directory, file, items }: FileDefinition): Promise<Content | NoAccess> {
  const values: { [name: string]: JsonValue } = {};
  const wanted: readonly Pick<ItemDefinition, "tag" | "name" | "type">[] = items.length > 0 ? items : unlistedItems();
  for (const { tag, name, type } of wanted) {
    const reading = await files.readItem({ directory, file, tag });
    if (reading.kind === "no-access") return reading;
    if (reading.kind === "refused") return shut(reading.statusWord);
    if (reading.kind === "ok") values[name] = itemText(reading.value, type);
  }
  return content({ items: values });
}

function unlistedItems(): readonly Pick<ItemDefinition, "tag" | "name" | "type">[] {
  return Array.from({ length: TAGS_ASKED_MAX }, (_, at) => ({ tag: at + 1, name: `tag${(at + 1).toString(16).padStart(2, "0")}`, type: "b" as const }));
}

function itemText(value: Bytes, type: ItemDefinition["type"]): string {
  if (type === "an") return parseText(value) ?? toHex(value);
  if (type === "b") return toHex(value);
  if (value.length === 4 && parseDate(value) !== "") return parseDate(value);
  const digits = bcdToDigits(value);
  return digits.ok ? digits.digits : toHex(value);
}

const ACCESS_REASONS: Readonly<Record<AccessRefusal, ServiceReason>> = {
  "directory-not-there": "file-unknown",
  "directory-blocked": "file-not-readable",
  "file-unknown": "file-unknown",
  "key-missing": "no-read-key",
  "proof-refused": "file-not-readable",
  "pin-not-allowed": "pin-needed",
  "pin-wrong": "pin-wrong",
  "pin-locked": "pin-locked",
  "pin-not-entered": "pin-cancelled",
};

export function refuseAccess({ why }: NoAccess): CardServiceOutcome {
  return refuse(ACCESS_REASONS[why]);
}
