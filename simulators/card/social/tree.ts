/*
 * The file tree of the social application: what each file is, who may read it and who may write it. Spec: LD/T 32.5, file structure.
 * The contents of files that no test personalises are made up from the table, the same for every card with the same number.
 */
import { type Bytes, fromHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { ReadRule } from "../files.ts";
import type { DirectoryName, Generation, StoredRecord } from "./state.ts";

/** Name of the social security environment, "sx1.sh." and four characters in GBK. Spec: LD/T 32.7, SELECT. */
export const ENVIRONMENT_NAME = "7378312e73682ec9e7bbe1b1a3d5cf";
/** The medical insurance directory DF04. */
export const MEDICAL_NAME = "d15600000503";

interface Directory {
  readonly name: DirectoryName;
  readonly nameHex: string;
  /** Identifier for SELECT with P1 00. */
  readonly id: number;
}

/** In the order in which a partial name finds them. */
export const DIRECTORIES: readonly Directory[] = [
  { name: "environment", nameHex: ENVIRONMENT_NAME, id: 0xdf00 },
  { name: "df01", nameHex: "d15600000500", id: 0xdf01 },
  { name: "df02", nameHex: "d15600000501", id: 0xdf02 },
  { name: "df03", nameHex: "d15600000502", id: 0xdf03 },
  { name: "medical", nameHex: MEDICAL_NAME, id: 0xdf04 },
  { name: "df07", nameHex: "d15600000504", id: 0xdf07 },
];

/** How a file may be changed: by a terminal that has proved the key, perhaps under secure messaging only; undefined: by the card alone. */
export interface UpdateRule {
  /** Name of the key in the directory. */
  readonly key: string;
  readonly secureOnly: boolean;
}

export interface FileDefinition {
  readonly id: number;
  readonly read: ReadRule;
  readonly update: UpdateRule | undefined;
  readonly structure:
    | { readonly kind: "variable" }
    | { readonly kind: "cyclic"; readonly recordBytes: number; readonly recordsMax: number }
    | { readonly kind: "transparent"; readonly bytes: number };
}

const VARIABLE = { kind: "variable" } as const;

function byKey(key: string, secureOnly = false): UpdateRule {
  return { key, secureOnly };
}

function pinOr(key: string): ReadRule {
  return { needs: "pin-or-key", key };
}

const CYCLIC = { kind: "cyclic", recordBytes: 0x10, recordsMax: 8 } as const;
const RESERVED = { kind: "transparent", bytes: 0x40 } as const;

/** Files of one directory: the update keys are counted in their order, one for each file. */
function numbered(
  directory: string,
  read: ReadRule,
  files: readonly (readonly [id: number, structure: FileDefinition["structure"]])[],
): readonly FileDefinition[] {
  return files.map(([id, structure], at) => ({ id, read: structure === RESERVED ? "free" : read, update: byKey(`uk${at + 1}-${directory}`), structure }));
}

const FILES: Readonly<Record<Exclude<DirectoryName, "environment">, readonly FileDefinition[]>> = {
  df01: [
    ...numbered("df01", pinOr("rk1-df01"), [
      [0xef05, VARIABLE],
      [0xef06, VARIABLE],
      [0xef07, VARIABLE],
      [0xef08, VARIABLE],
      [0xef09, VARIABLE],
      [0xef0a, VARIABLE],
      [0xef15, VARIABLE],
      [0xef16, RESERVED],
      [0xef17, RESERVED],
      [0xef18, RESERVED],
      [0xef19, RESERVED],
    ]),
    { id: 0xef1a, read: "free", update: undefined, structure: RESERVED },
  ],
  df02: numbered("df02", pinOr("rk1-df02"), [
    [0xef05, VARIABLE],
    [0xef06, VARIABLE],
    [0xef07, CYCLIC],
    [0xef09, VARIABLE],
    [0xef15, VARIABLE],
    [0xef16, CYCLIC],
  ]),
  df03: numbered("df03", pinOr("rk1-df03"), [
    [0xef05, VARIABLE],
    [0xef06, VARIABLE],
    [0xef07, VARIABLE],
    [0xef15, VARIABLE],
    [0xef16, VARIABLE],
    [0xef17, VARIABLE],
    [0xef18, VARIABLE],
    [0xef19, VARIABLE],
  ]).map((file) => (file.id === 0xef05 ? { ...file, read: pinOr("rk2-df03") } : file)),
  medical: [
    { id: 0xef05, read: pinOr("rk1-df04"), update: byKey("uk1-df04", true), structure: VARIABLE },
    { id: 0xef06, read: { needs: "pin-and-key", key: "rk1-df04" }, update: byKey("uk2-df04", true), structure: VARIABLE },
    { id: 0xef08, read: "pin", update: undefined, structure: { kind: "cyclic", recordBytes: 0x1c, recordsMax: 30 } },
    { id: 0xef15, read: pinOr("rk1-df04"), update: byKey("uk2-df04", true), structure: { kind: "cyclic", recordBytes: 3, recordsMax: 8 } },
  ],
  df07: [1, 2, 3].map((each) => ({
    id: 0xef04 + each,
    read: { needs: "key", key: `rk${each}-df07` },
    update: byKey(`uk${each}-df07`),
    structure: VARIABLE,
  })),
};

const FINGERPRINT_BYTES = 0x300;
const PHOTO_BYTES = 0x1000;

/** The first place for files beyond the national list; where a card has the certificate application we put its certificates there. */
export const CERTIFICATE_FILE = 0xef0c;
const CERTIFICATE: FileDefinition = { id: CERTIFICATE_FILE, read: "free", update: undefined, structure: { kind: "transparent", bytes: 0x200 } };

function environmentFiles(generation: Generation, hasCertificate: boolean): readonly FileDefinition[] {
  const update = byKey("uk-ssse");
  return [
    { id: 0xef05, read: "free", update, structure: VARIABLE },
    { id: 0xef06, read: generation === "3" ? "rkssse" : "free", update, structure: VARIABLE },
    { id: 0xef07, read: "rkssse", update, structure: { kind: "transparent", bytes: FINGERPRINT_BYTES } },
    ...(generation === "1" ? [] : ([{ id: 0xef08, read: "rkssse", update, structure: { kind: "transparent", bytes: PHOTO_BYTES } }] as const)),
    ...(hasCertificate ? [CERTIFICATE] : []),
  ];
}

/** The directories that a card of this generation has. */
export function hasDirectory(generation: Generation, directory: DirectoryName): boolean {
  return generation !== "1" || directory !== "df07";
}

/** What decides which files a card has besides its directory. */
export interface TreeOptions {
  readonly generation: Generation;
  /** The card has the certificate application (ACSE) of the third generation. */
  readonly acse: boolean;
}

/** The files of a directory. The first generation has neither photo nor the file for offline settlement. */
export function fileDefinitions({ generation, acse }: TreeOptions, directory: DirectoryName): readonly FileDefinition[] {
  if (directory === "environment") return environmentFiles(generation, acse && generation === "3");
  const files = FILES[directory];
  return generation === "1" && directory === "medical" ? files.filter(({ id }) => id !== 0xef06) : files;
}

/** Made-up contents of a transparent file: no picture of anybody. */
export function madeUpContent(bytes: number, id: number): Bytes {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + id) & 0xff);
}

/** Items of the file for offline settlement: allowed, amount and count since the last online settlement. Spec: LD/T 32.5, data items. */
const OFFLINE_SETTLEMENT: readonly StoredRecord[] = [
  { tag: 0x90, valueHex: "31" },
  { tag: 0x92, valueHex: "00000000" },
  { tag: 0x93, valueHex: "0000" },
];

/** Made-up records of a file that the card's personalisation does not name. */
export function madeUpRecords(directory: DirectoryName, id: number): readonly StoredRecord[] {
  if (directory === "medical" && id === 0xef06) return OFFLINE_SETTLEMENT;
  const label = `TEST ${directory.toUpperCase()} ${toHex(fromHex(id.toString(16)))}`;
  return [
    { tag: 0x20, valueHex: toHex(utf8(label.slice(0, 0x18).padEnd(0x18, " "))) },
    { tag: 0x21, valueHex: "20200101" },
  ];
}
