/*
 * What a terminal is told about its insurer: how it is reached, who speaks, and every point in which regions differ. Each switch has the
 * default of the code, so that a region's file names only what differs there. Spec: FSI, regional differences.
 */
import * as z from "zod";
import { fen } from "../base/fen.ts";
import { DEFAULT_REGION, type MedicalProfile, type RegionSwitches } from "../txn/medical-host/profile.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const path = z.string().min(1).max(1024);
const fenAmount = z.int().min(0).max(0xffff_ffff);
const code = (max: number) => z.string().regex(new RegExp(`^[0-9A-Za-z]{1,${max}}$`));
const memberName = z.string().regex(/^[A-Za-z]\w{0,39}$/);
/** "" says that what is named is not connected here. */
const receiver = z.string().max(10);
const medicalTypes = z.array(code(6)).max(64);
/** Codes of one class; a region may use more than one. */
const classCodes = z.array(code(3)).min(1).max(8);

/** What zod is handed as a default must be its own to change. */
const copy = <Value>(values: readonly Value[]): Value[] => [...values];

const trace = z
  .strictObject({
    /** null: no pack is ever scanned here. */
    requiredFrom: z.union([z.iso.date(), z.null()]).default(DEFAULT_REGION.trace.requiredFrom ?? null),
    lengthMax: z.int().min(20).max(100).default(DEFAULT_REGION.trace.lengthMax),
    inSettlement: z.boolean().default(DEFAULT_REGION.trace.inSettlement),
  })
  .prefault({});

const offlineRules = z
  .strictObject({
    allowed: z.boolean().default(DEFAULT_REGION.offline.allowed),
    cardDebit: z.boolean().default(DEFAULT_REGION.offline.cardDebit),
    choices: z
      .array(z.enum(["settle-later", "reimbursement-slip"]))
      .min(1)
      .max(2)
      .default(copy(DEFAULT_REGION.offline.choices)),
    laterCredential: z.enum(["holder-returns", "as-read"]).default(DEFAULT_REGION.offline.laterCredential),
  })
  .prefault({});

/** Every switch of a region, by itself a file that a region hands out. */
export const regionConfig = z.strictObject({
  credentials: z
    .array(z.enum(["card", "resident-id", "e-code"]))
    .min(1)
    .max(3)
    .default(copy(DEFAULT_REGION.credentials)),
  password: z.enum(["card-pin", "none"]).default(DEFAULT_REGION.password),
  druginfoExtras: z
    .array(z.enum(["card_sn", "psn_cert_type", "certno", "psn_name"]))
    .max(4)
    .default(copy(DEFAULT_REGION.druginfoExtras)),
  receivers: z.record(code(6), receiver).default({ ...DEFAULT_REGION.receivers }),
  municipalities: z
    .array(z.string().regex(/^\d{2}$/))
    .max(34)
    .default(copy(DEFAULT_REGION.municipalities)),
  medicalTypes: medicalTypes.min(1).default(copy(DEFAULT_REGION.medicalTypes)),
  /** Left out: the card's own record goes along with its proof. */
  crossProvinceCard: z.enum(["raw-read", "plain"]).exactOptional(),
  farthest: z.enum(["local", "same-province", "cross-province"]).default(DEFAULT_REGION.farthest),
  filingRequired: z.boolean().default(DEFAULT_REGION.filingRequired),
  diseasesExcludedElsewhere: z.array(code(30)).max(1_000).default(copy(DEFAULT_REGION.diseasesExcludedElsewhere)),
  checksEligibility: z.boolean().default(DEFAULT_REGION.checksEligibility),
  chronicTypes: medicalTypes.default(copy(DEFAULT_REGION.chronicTypes)),
  trace,
  credentialCodes: z
    .strictObject({
      card: code(3).default(DEFAULT_REGION.credentialCodes.card),
      "resident-id": code(3).default(DEFAULT_REGION.credentialCodes["resident-id"]),
      "e-code": code(3).default(DEFAULT_REGION.credentialCodes["e-code"]),
    })
    .prefault({}),
  classCodes: z
    .strictObject({
      a: classCodes.default(copy(DEFAULT_REGION.classCodes.a)),
      b: classCodes.default(copy(DEFAULT_REGION.classCodes.b)),
      c: classCodes.default(copy(DEFAULT_REGION.classCodes.c)),
    })
    .prefault({}),
  fieldLengths: z.record(memberName, z.int().min(1).max(4_000)).default({ ...DEFAULT_REGION.fieldLengths }),
  refusalCodes: z.enum(["any", "-2"]).default(DEFAULT_REGION.refusalCodes),
  repliesNameTheirMessage: z.boolean().default(DEFAULT_REGION.repliesNameTheirMessage),
  fileBytes: z.enum(["base64", "list"]).default(DEFAULT_REGION.fileBytes),
  statementResults: z.enum(["last-digit", "one-digit", "six-digits", "three-digits"]).default(DEFAULT_REGION.statementResults),
  unknownOriginal: z.enum(["either", "error", "success"]).default(DEFAULT_REGION.unknownOriginal),
  uploadsStock: z.boolean().default(DEFAULT_REGION.uploadsStock),
  stockInBatches: z.boolean().default(DEFAULT_REGION.stockInBatches),
  fundSumIncludesAccount: z.boolean().default(DEFAULT_REGION.fundSumIncludesAccount),
  mutualAidInsideAccount: z.boolean().default(DEFAULT_REGION.mutualAidInsideAccount),
  offline: offlineRules,
});

/** Over TLS; in the clear only to a tunnel on this machine. No user, password, path or query in it. */
const GATEWAY_URL = /^(?:https:\/\/[A-Za-z0-9.-]+|https:\/\/\[[0-9a-f:]+\]|http:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]))(?::\d{1,5})?$/;

const gateway = z.strictObject({
  url: z.string().regex(GATEWAY_URL, "a gateway's https address without a path"),
  /** Set for each site: there is no path that holds everywhere. Spec: FSI, transport. */
  servicePath: z.string().regex(/^(?:\/[\w.-]+){1,10}$/),
  paasid: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  /** A file that holds the token and nothing else. */
  tokenFile: path,
  connectTimeoutMs: z.int().min(100).max(60_000).default(10_000),
  readTimeoutMs: z.int().min(1_000).max(600_000).default(60_000),
  connectionsMax: z.int().min(1).max(64).default(16),
  caFile: path.exactOptional(),
});

const offlineLimits = z
  .strictObject({
    amountPerSaleFen: fenAmount.default(50_000),
    unreceiptedCountMax: z.int().min(0).max(100_000).default(100),
    unreceiptedSumMaxFen: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(1_000_000),
    /** How long the settlement host's word to sell offline holds; 0: never. */
    leaseMs: z.int().min(0).max(604_800_000).default(86_400_000),
  })
  .prefault({});

const reconciliation = z
  .strictObject({
    /** Whether this terminal reconciles by itself. One terminal of an institution does. */
    daily: z.boolean().default(true),
    /** China time of the day at which the day before is compared. */
    at: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/)
      .default("02:30"),
    /** How long after midnight a day may still change. */
    graceMs: z.int().min(0).max(43_200_000).default(1_800_000),
    /** How many closed days back are compared where they never were, or are not equal yet. */
    daysBack: z.int().min(1).max(31).default(7),
    /** Groups of the insurer's totals that are asked about before any settlement has told of one. Spec: FSI, 3201. */
    groups: z
      .array(
        z.strictObject({
          insuranceType: code(6),
          clearingType: code(30),
          locality: z.enum(["local", "same-province", "cross-province"]),
          agency: z.string().regex(/^\d{6}$/),
        }),
      )
      .max(64)
      .default([]),
  })
  .prefault({});

/** How the region's medical host is spoken to. Spec: FSI, request envelope. */
export const medicalConfig = z
  .strictObject({
    receiverSystem: receiver.default(""),
    interfaceVersion: z.string().max(6).default("V1.0"),
    operatorType: z.enum(["1", "2", "3"]).default("2"),
    operator: z.string().max(30).default("terminal"),
    operatorName: z.string().max(50).default("terminal"),
    signsIn: z.boolean().default(true),
    queryTimeoutMs: z.int().min(1_000).max(120_000).default(20_000),
    settleTimeoutMs: z.int().min(1_000).max(600_000).default(60_000),
    /** How long after its not-after time a slow host may still book. */
    lateMarginMs: z.int().min(0).max(86_400_000).default(600_000),
    /** Members that the region adds to the envelope, such as serv_code and serv_sign. */
    envelopeExtras: z.record(memberName, z.string().max(200)).default({}),
    transport: z.union([z.literal("mqtt"), z.strictObject({ gateway })]).default("mqtt"),
    region: regionConfig.prefault({}),
    /** The region's fee policy; without one nothing is worked out offline. */
    policyFile: path.exactOptional(),
    offline: offlineLimits,
    reconciliation,
  })
  .superRefine((config, context) => {
    const { offline } = config.region;
    if (offline.allowed && config.policyFile === undefined)
      context.addIssue({ code: "custom", path: ["policyFile"], message: "a region that sells without its insurer needs a fee policy" });
    for (const name of Object.keys(config.envelopeExtras).filter((each) => ENVELOPE.has(each)))
      context.addIssue({ code: "custom", path: ["envelopeExtras", name], message: "is a member of every envelope" });
  })
  .prefault({});

/** What no region's extra may overwrite. Spec: FSI, request envelope. */
const ENVELOPE: ReadonlySet<string> = new Set([
  "infno",
  "msgid",
  "mdtrtarea_admvs",
  "insuplc_admdvs",
  "recer_sys_code",
  "infver",
  "opter_type",
  "opter",
  "opter_name",
  "inf_time",
  "fixmedins_code",
  "fixmedins_name",
  "sign_no",
  "input",
]);

export type MedicalConfig = DeepReadonly<z.infer<typeof medicalConfig>>;
export type GatewayConfig = DeepReadonly<z.infer<typeof gateway>>;

export type RegionParse = { readonly ok: true; readonly region: RegionSwitches } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a region's file. Never throws. Problems name the place and the rule, never the value. */
export function parseRegion(value: unknown): RegionParse {
  const parsed = regionConfig.safeParse(value);
  if (parsed.success) return { ok: true, region: switchesOf(parsed.data) };
  return { ok: false, problems: parsed.error.issues.slice(0, 20).map((issue) => `${issue.path.map(String).join(".") || "region"}: ${issue.message}`) };
}

function switchesOf(region: MedicalConfig["region"]): RegionSwitches {
  const { requiredFrom, ...rest } = region.trace;
  return { ...region, trace: { ...rest, ...(requiredFrom === null ? {} : { requiredFrom }) } };
}

/** The parts of a terminal's configuration that speak of its insurer. */
export interface MedicalSource {
  readonly terminalId: string;
  readonly institution: { readonly code: string; readonly name: string; readonly areaCode: string };
  readonly medical: MedicalConfig;
}

/** The insurer's side of the configuration, in the flows' own words. */
export function medicalSettingsOf({ terminalId, institution, medical }: MedicalSource) {
  const { receiverSystem, interfaceVersion, operatorType, operator, operatorName, signsIn, envelopeExtras, offline } = medical;
  const profile: MedicalProfile = {
    signsIn,
    region: switchesOf(medical.region),
    sender: {
      institution: institution.code,
      institutionName: institution.name.slice(0, medical.region.fieldLengths["fixmedins_name"] ?? institution.name.length),
      treatmentArea: institution.areaCode,
      receiverSystem,
      interfaceVersion,
      operatorType,
      operator,
      operatorName,
      deviceNumber: terminalId,
      ...(Object.keys(envelopeExtras).length === 0 ? {} : { extra: envelopeExtras }),
    },
  };
  return {
    profile,
    gateway: medical.transport === "mqtt" ? undefined : medical.transport.gateway,
    offline: {
      limits: {
        amountPerSaleFen: fen(offline.amountPerSaleFen),
        unreceiptedCount: offline.unreceiptedCountMax,
        unreceiptedSumFen: fen(offline.unreceiptedSumMaxFen),
      },
      leaseMs: offline.leaseMs,
    },
    reconciliation: medical.reconciliation,
    policyFile: medical.policyFile,
  };
}
