/* The answer to GET PROCESSING OPTIONS, in both of its forms. Spec: JR/T 0025, GET PROCESSING OPTIONS. */
import { type Bytes, readUint } from "../../base/bytes.ts";
import { parseAfl, type RecordName } from "../../codec/afl.ts";
import { parseIssuerApplicationData } from "../../codec/issuer-application-data.ts";
import { parseTlv } from "../../codec/tlv.ts";
import { parseCardQualifiers } from "../../codec/transaction-qualifiers.ts";
import { addData, amountOf, NO_DATA } from "./data.ts";
import type { CardData, ProcessingOptions } from "./types.ts";

const PROFILE_LENGTH = 2;
const CRYPTOGRAM_LENGTH = 8;

/** Reads the answer; undefined when it has not the form of one. Never throws. */
export function parseProcessingOptions(answer: Bytes, sent: ReadonlyMap<number, Bytes>): ProcessingOptions | undefined {
  const data = dataOf(answer);
  const interchangeProfile = data?.get(0x82);
  if (data === undefined || interchangeProfile?.length !== PROFILE_LENGTH) return undefined;
  const records = recordsOf(data.get(0x94));
  if (records === undefined) return undefined;
  const common = { kind: "ok", interchangeProfile, records, data, sent } as const;
  // A card that has decided tells so in its issuer data; one that has not, waits for GENERATE AC.
  if (!data.has(0x9f10) && !data.has(0x9f26)) return records.length === 0 ? undefined : { ...common, path: "full" };
  return quickOptions(common);
}

function quickOptions(common: Pick<ProcessingOptions, "kind" | "interchangeProfile" | "records" | "data" | "sent">): ProcessingOptions | undefined {
  const { data, records } = common;
  const issuerData = parseIssuerApplicationData(data.get(0x9f10) ?? new Uint8Array(0));
  const atc = data.get(0x9f36);
  const cryptogram = data.get(0x9f26);
  if (issuerData === undefined || atc?.length !== 2) return undefined;
  if (cryptogram !== undefined && cryptogram.length !== CRYPTOGRAM_LENGTH) return undefined;
  // An approval is committed by its last record: without records there is nothing to commit.
  if (issuerData.decision === "TC" && records.length === 0) return undefined;
  const cardQualifiers = parseCardQualifiers(data.get(0x9f6c) ?? new Uint8Array(0));
  const available = amountOf(data.get(0x9f5d));
  return {
    ...common,
    path: "quick",
    decision: issuerData.decision,
    issuerData,
    atc: readUint(atc, 0, 2),
    ...(cryptogram === undefined ? {} : { cryptogram }),
    ...(cardQualifiers === undefined ? {} : { cardQualifiers }),
    ...(available === undefined ? {} : { available }),
  };
}

/** Template 77 holds objects, template 80 the profile and the locator without tags. */
function dataOf(answer: Bytes): CardData | undefined {
  const parsed = parseTlv(answer);
  const [template, ...more] = parsed.ok ? parsed.items : [];
  if (template === undefined || more.length > 0) return undefined;
  if (template.tag === 0x77) return addData(NO_DATA, template.children ?? []);
  if (template.tag !== 0x80 || template.value.length < PROFILE_LENGTH) return undefined;
  return new Map([
    [0x82, template.value.slice(0, PROFILE_LENGTH)],
    [0x94, template.value.slice(PROFILE_LENGTH)],
  ]);
}

function recordsOf(locator: Bytes | undefined): readonly RecordName[] | undefined {
  const parsed = parseAfl(locator ?? new Uint8Array(0));
  return parsed.ok ? parsed.records : undefined;
}
