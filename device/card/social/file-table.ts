/*
 * The file tree of the social application as data: directories, files, items, and what each wants to be read and written.
 * Files whose items no text at hand lists are read by tag all the same. Spec: LD/T 32.5, file structure and data items.
 */
import { type Bytes, fromHex } from "../../base/bytes.ts";
import type { SocialKeyName } from "./keys.ts";

export type SocialDirectory = "ssse" | "df01" | "df02" | "df03" | "df04" | "df07";

/** Names for SELECT; the first is "sx1.sh.社会保障" in GBK. Spec: LD/T 32.5, application identifiers. */
export const DIRECTORY_NAMES: Readonly<Record<SocialDirectory, Bytes>> = {
  ssse: fromHex("7378312e73682ec9e7bbe1b1a3d5cf"),
  df01: fromHex("d15600000500"),
  df02: fromHex("d15600000501"),
  df03: fromHex("d15600000502"),
  df04: fromHex("d15600000503"),
  df07: fromHex("d15600000504"),
};

/** What must have happened before a file opens. */
export type ReadAccess = { readonly needs: "nothing" | "pin" } | { readonly needs: "key" | "pin-or-key" | "pin-and-key"; readonly key: SocialKeyName };

/** "cn" decimal digits, two a byte, filled with F on the right · "an" text, filled with 00 on the right · "b" a number. Spec: LD/T 32.7, records. */
export type ItemType = "cn" | "an" | "b";

export interface ItemDefinition {
  readonly tag: number;
  readonly name: string;
  readonly type: ItemType;
  /** Bytes of the whole field. */
  readonly length: number;
}

export interface FileDefinition {
  readonly directory: SocialDirectory;
  /** Short file identifier, the low byte of the file's. */
  readonly file: number;
  readonly title: string;
  /** "records" have a tag each; those of a cyclic file have none and the newest is the first. */
  readonly structure: "records" | "cyclic" | "transparent";
  readonly read: ReadAccess;
  /** Where cards of the first two generations ask for less. */
  readonly readBefore3?: ReadAccess;
  /** Key of update control; undefined: the card alone writes, or nobody. */
  readonly update?: SocialKeyName;
  /** Known items; a file with none here is read by whatever tags its owner names. */
  readonly items: readonly ItemDefinition[];
  /** Transparent files: the size of the file. */
  readonly length?: number;
}

const FREE: ReadAccess = { needs: "nothing" };

function item(tag: number, name: string, type: ItemType, length: number): ItemDefinition {
  return { tag, name, type, length };
}

function pinOr(key: SocialKeyName): ReadAccess {
  return { needs: "pin-or-key", key };
}

const ISSUER_ITEMS = [
  item(0x01, "cardIdentifier", "cn", 0x10),
  item(0x02, "category", "an", 1),
  item(0x03, "version", "an", 4),
  item(0x04, "organisation", "cn", 0x0c),
  item(0x05, "issueDate", "cn", 4),
  item(0x06, "expiryDate", "cn", 4),
  item(0x07, "cardNumber", "an", 9),
] as const;

const HOLDER_ITEMS = [
  item(0x08, "socialSecurityNumber", "an", 0x12),
  item(0x09, "name", "an", 0x1e),
  item(0x4e, "nameExtension", "an", 0x14),
  item(0x0a, "sex", "an", 1),
  item(0x0b, "ethnicGroup", "cn", 1),
  item(0x0c, "birthplace", "cn", 3),
  item(0x0d, "birthDate", "cn", 4),
] as const;

const MEDICAL_ITEMS = [
  item(0x81, "insuranceType", "an", 8),
  item(0x84, "insuredPlace", "cn", 3),
  item(0x87, "healthRecordNumber", "an", 0x11),
  item(0x8c, "personCategory", "cn", 1),
  item(0x80, "accountOpened", "cn", 4),
  item(0x8b, "accountNumber", "an", 0x1d),
  item(0x8a, "medicalCertificateNumber", "an", 0x0f),
  item(0x83, "medicalInstitution1", "an", 9),
  item(0x86, "medicalInstitution2", "an", 9),
  item(0x89, "medicalInstitution3", "an", 9),
  item(0x7d, "workInjuryInstitution1", "an", 9),
  item(0x7e, "workInjuryInstitution2", "an", 9),
  item(0x7f, "workInjuryInstitution3", "an", 9),
  item(0x8d, "maternityInstitution1", "an", 9),
  item(0x8e, "maternityInstitution2", "an", 9),
  item(0x8f, "cardUse", "an", 1),
] as const;

const OFFLINE_ITEMS = [item(0x90, "offlineAllowed", "an", 1), item(0x92, "offlineAmount", "cn", 4), item(0x93, "offlineCount", "cn", 2)] as const;

function records(directory: SocialDirectory, file: number, rest: Omit<FileDefinition, "directory" | "file" | "structure" | "items">): FileDefinition {
  return { directory, file, structure: "records", items: [], ...rest };
}

/**
 * Deviation: the text gives DF01 eleven update keys (UK1 to UKB) and does not say which file has which; we count in the order of the
 * files, as the other directories do, and leave the reserved files without one. Spec: LD/T 32.5, file structure.
 */
const DF01_FILES: readonly FileDefinition[] = [
  records("df01", 0x05, { title: "household", read: pinOr("rk1-df01"), update: "uk1-df01" }),
  records("df01", 0x06, { title: "residence", read: pinOr("rk1-df01"), update: "uk2-df01" }),
  records("df01", 0x07, { title: "personal", read: pinOr("rk1-df01"), update: "uk3-df01" }),
  records("df01", 0x08, { title: "marriage", read: pinOr("rk1-df01"), update: "uk4-df01" }),
  records("df01", 0x09, { title: "employer", read: pinOr("rk1-df01"), update: "uk5-df01" }),
  records("df01", 0x0a, { title: "nationality", read: pinOr("rk1-df01"), update: "uk6-df01" }),
  records("df01", 0x15, { title: "education", read: pinOr("rk1-df01"), update: "uk7-df01" }),
  ...[0x16, 0x17, 0x18, 0x19, 0x1a].map(
    (file): FileDefinition => ({ directory: "df01", file, title: "reserved", structure: "transparent", read: FREE, items: [] }),
  ),
];

const DF02_FILES: readonly FileDefinition[] = [
  records("df02", 0x05, { title: "employment", read: pinOr("rk1-df02"), update: "uk1-df02" }),
  records("df02", 0x06, { title: "employment", read: pinOr("rk1-df02"), update: "uk2-df02" }),
  { ...records("df02", 0x07, { title: "employment history", read: pinOr("rk1-df02"), update: "uk3-df02" }), structure: "cyclic" },
  records("df02", 0x09, { title: "employment", read: pinOr("rk1-df02"), update: "uk4-df02" }),
  records("df02", 0x15, { title: "employment", read: pinOr("rk1-df02"), update: "uk5-df02" }),
  { ...records("df02", 0x16, { title: "employment history", read: pinOr("rk1-df02"), update: "uk6-df02" }), structure: "cyclic" },
];

const DF03_FILES: readonly FileDefinition[] = [
  records("df03", 0x05, { title: "unemployment", read: pinOr("rk2-df03"), update: "uk1-df03" }),
  records("df03", 0x06, { title: "pension", read: pinOr("rk1-df03"), update: "uk2-df03" }),
  records("df03", 0x07, { title: "pension", read: pinOr("rk1-df03"), update: "uk3-df03" }),
  records("df03", 0x15, { title: "work injury", read: pinOr("rk1-df03"), update: "uk4-df03" }),
  records("df03", 0x16, { title: "maternity", read: pinOr("rk1-df03"), update: "uk5-df03" }),
  records("df03", 0x17, { title: "insurance", read: pinOr("rk1-df03"), update: "uk6-df03" }),
  records("df03", 0x18, { title: "insurance", read: pinOr("rk1-df03"), update: "uk7-df03" }),
  records("df03", 0x19, { title: "insurance certificate", read: pinOr("rk1-df03"), update: "uk8-df03" }),
];

const DF04_FILES: readonly FileDefinition[] = [
  { ...records("df04", 0x05, { title: "medical basics", read: pinOr("rk1-df04"), update: "uk1-df04" }), items: MEDICAL_ITEMS },
  {
    ...records("df04", 0x06, { title: "temporary offline settlement", read: { needs: "pin-and-key", key: "rk1-df04" }, update: "uk2-df04" }),
    items: OFFLINE_ITEMS,
  },
  { directory: "df04", file: 0x08, title: "medical transaction log", structure: "cyclic", read: { needs: "pin" }, items: [] },
  { ...records("df04", 0x15, { title: "special medical settlement", read: pinOr("rk1-df04"), update: "uk2-df04" }), structure: "cyclic" },
];

const DF07_FILES: readonly FileDefinition[] = [
  records("df07", 0x05, { title: "honours", read: { needs: "key", key: "rk1-df07" }, update: "uk1-df07" }),
  records("df07", 0x06, { title: "experts", read: { needs: "key", key: "rk2-df07" }, update: "uk2-df07" }),
  records("df07", 0x07, { title: "veterans", read: { needs: "key", key: "rk3-df07" }, update: "uk3-df07" }),
];

/** Every file of the application. */
export const SOCIAL_FILES: readonly FileDefinition[] = [
  { ...records("ssse", 0x05, { title: "issuer", read: FREE, update: "uk-ssse" }), items: ISSUER_ITEMS },
  { ...records("ssse", 0x06, { title: "holder", read: { needs: "key", key: "rk-ssse" }, readBefore3: FREE, update: "uk-ssse" }), items: HOLDER_ITEMS },
  {
    directory: "ssse",
    file: 0x07,
    title: "fingerprint",
    structure: "transparent",
    read: { needs: "key", key: "rk-ssse" },
    update: "uk-ssse",
    items: [],
    length: 0x300,
  },
  {
    directory: "ssse",
    file: 0x08,
    title: "photo",
    structure: "transparent",
    read: { needs: "key", key: "rk-ssse" },
    update: "uk-ssse",
    items: [],
    length: 0x1000,
  },
  ...DF01_FILES,
  ...DF02_FILES,
  ...DF03_FILES,
  ...DF04_FILES,
  ...DF07_FILES,
];

/** The definition of a file; undefined for one that no text at hand names. */
export function fileDefinition(directory: SocialDirectory, file: number): FileDefinition | undefined {
  return SOCIAL_FILES.find((each) => each.directory === directory && each.file === file);
}

/** The item with this tag in a file; undefined where the table knows no such item. */
export function itemDefinition(directory: SocialDirectory, file: number, tag: number): ItemDefinition | undefined {
  return fileDefinition(directory, file)?.items.find((each) => each.tag === tag);
}

/** What reading a file takes on a card of this generation. */
export function readAccess(definition: FileDefinition, generation: 1 | 2 | 3): ReadAccess {
  return generation < 3 && definition.readBefore3 !== undefined ? definition.readBefore3 : definition.read;
}

/** The key of the MACs of a directory's commands; DF07 has none of its own. Spec: LD/T 32.9, annex B. */
export function messageKey(directory: SocialDirectory): SocialKeyName {
  return directory === "df07" ? "stk-ssse" : `stk-${directory}`;
}
