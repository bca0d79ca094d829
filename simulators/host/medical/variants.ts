/* Regional variants of the insurer as somebody outside writes them: an unknown name, or a value that is none of its words, is refused by name. */
import { isFields } from "../canonical.ts";
import { DEFAULT_VARIANTS, type InsurerVariants } from "./service.ts";

/** Words of each variant that has words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  amounts: ["text", "number"],
  output: ["object", "json-text"],
  infcode: ["number", "text"],
  unknownOriginal: ["error", "success"],
  eCodeUse: ["many", "one-query", "one-settlement"],
  unfiledElsewhere: ["refused", "reduced"],
  traceInSettlement: ["ignored", "checked", "required"],
  traceInUpload: ["optional", "required"],
  repeatedUpload: ["same", "refused"],
  uploadResult: ["node", "output"],
  fileBytes: ["base64", "list"],
  statementResult: ["a", "b", "c"],
  statementRows: ["different", "all"],
};

function isText(value: unknown): value is string {
  return typeof value === "string";
}

interface Kind {
  readonly fits: (value: unknown) => boolean;
  /** What it takes, in words. */
  readonly wanted: string;
}

const TIME: Kind = { fits: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0, wanted: "a number of milliseconds" };
const LIST: Kind = { fits: (value) => Array.isArray(value) && value.every(isText), wanted: "a list of texts" };
const NAMES: Kind = { fits: (value) => isFields(value) && Object.values(value).every(isText), wanted: "texts by name" };
const SWITCH: Kind = { fits: (value) => typeof value === "boolean", wanted: "true or false" };

const KINDS: Readonly<Record<string, Kind>> = {
  signInValidMs: TIME,
  eCodeValidMs: TIME,
  fileValidMs: TIME,
  municipalities: LIST,
  diseasesExcludedElsewhere: LIST,
  receivers: NAMES,
};

function kindOf(name: string): Kind {
  const words = WORDS[name];
  if (words === undefined) return KINDS[name] ?? SWITCH;
  return { fits: (value) => isText(value) && words.includes(value), wanted: `one of ${words.join(", ")}` };
}

export type VariantsParse = { readonly ok: true; readonly variants: Partial<InsurerVariants> } | { readonly ok: false; readonly reason: string };

export function parseInsurerVariants(value: unknown): VariantsParse {
  if (!isFields(value)) return { ok: false, reason: "not-an-object" };
  for (const [name, setting] of Object.entries(value)) {
    if (!Object.hasOwn(DEFAULT_VARIANTS, name)) return { ok: false, reason: `unknown variant ${name}` };
    const { fits, wanted } = kindOf(name);
    if (!fits(setting)) return { ok: false, reason: `${name} takes ${wanted}` };
  }
  return { ok: true, variants: value as Partial<InsurerVariants> };
}
