/* What a terminal's configuration may say. A key that nobody knows is refused, because a misspelled limit is no limit. */
import * as z from "zod";
import { DEFAULT_CARD_PROFILE } from "../codec/card-profile.ts";
import { devicesSettings } from "../drivers/roles.ts";
import { acquirerConfig } from "./acquirer.ts";
import { agencyConfig } from "./agency.ts";
import { apiConfig } from "./api.ts";
import { combinationProblems } from "./combinations.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { electronicCashConfig } from "./electronic-cash.ts";
import { gateConfig } from "./gate.ts";
import { limitsConfig } from "./limits.ts";
import { medicalConfig } from "./medical.ts";
import { readerLibraryConfig } from "./reader-library.ts";
import { readerRule, userReaderRule } from "./readers.ts";
import { servicesConfig } from "./services.ts";
import { shopConfig } from "./shop.ts";
import { updateConfig } from "./update.ts";

const path = z.string().min(1).max(1024);

/** Every switch has the default of the code, so that a region's file names only what differs there. */
const hexName = z.string().regex(/^(?:[0-9a-f]{2}){5,16}$/);

const cardProfile = z.strictObject({
  contactlessType: z.enum(["auto", "A", "B"]).default(DEFAULT_CARD_PROFILE.contactlessType),
  contactlessHistorical: z.enum(["atsLast13", "contactOnly"]).default(DEFAULT_CARD_PROFILE.contactlessHistorical),
  contactlessActivation: z.enum(["none", "fileFlag"]).default(DEFAULT_CARD_PROFILE.contactlessActivation),
  acse: z.enum(["off", "on", "assumed"]).default(DEFAULT_CARD_PROFILE.acse),
  algWhenTagAbsent: z.enum(["des", "ssf33", "byRegion"]).default(DEFAULT_CARD_PROFILE.algWhenTagAbsent),
  algorithmByRegion: z.record(z.string().regex(/^(?:\d{2}){1,3}$/), z.enum(["des", "ssf33", "sm4"])).default(DEFAULT_CARD_PROFILE.algorithmByRegion),
  emptyVersion: z.enum(["1.0", "reject"]).default(DEFAULT_CARD_PROFILE.emptyVersion),
  cityFactorTemplate: z.enum(["region6+7378", "region4"]).default(DEFAULT_CARD_PROFILE.cityFactorTemplate),
  hsmKeyAddress: z.record(z.string().regex(/^[a-z0-9-]{1,32}$/), z.string().regex(/^[0-9A-F]{4}$/)).default(DEFAULT_CARD_PROFILE.hsmKeyAddress),
  readCardBasOrder: z.enum(["standard", "numberFirst"]).default(DEFAULT_CARD_PROFILE.readCardBasOrder),
  medicalTypeByte: z.enum(["ascii", "binary"]).default(DEFAULT_CARD_PROFILE.medicalTypeByte),
  medicalLoadTacBalance: z.enum(["after", "before"]).default(DEFAULT_CARD_PROFILE.medicalLoadTacBalance),
  medicalLogMode: z.enum(["fromRecord", "full28", "accountOnly20"]).default(DEFAULT_CARD_PROFILE.medicalLogMode),
  psamCreditError: z.enum(["9302", "63CF"]).default(DEFAULT_CARD_PROFILE.psamCreditError),
  psamLevels: z.enum(["auto321", "3", "2", "1"]).default(DEFAULT_CARD_PROFILE.psamLevels),
  psamKeyCheck: z.enum(["off", "zeroFactors"]).default(DEFAULT_CARD_PROFILE.psamKeyCheck),
  psamAlgByteSm4: z.int().min(0).max(0xff).default(DEFAULT_CARD_PROFILE.psamAlgByteSm4),
  macReduce: z.enum(["left4", "fold4"]).default(DEFAULT_CARD_PROFILE.macReduce),
  sessionPad: z.enum(["zeros", "pad80"]).default(DEFAULT_CARD_PROFILE.sessionPad),
  sm4Diversify: z.enum(["fNotF", "fZeros"]).default(DEFAULT_CARD_PROFILE.sm4Diversify),
  logSeqMode: z.enum(["pre", "post"]).default(DEFAULT_CARD_PROFILE.logSeqMode),
  proveSeqOrder: z
    .array(z.enum(["log1", "seq", "seq+1"]))
    .min(1)
    .max(3)
    .default([...DEFAULT_CARD_PROFILE.proveSeqOrder]),
  cappAuthSuffix: z.enum(["byApplication", "none", "mohurd9"]).default(DEFAULT_CARD_PROFILE.cappAuthSuffix),
  greyLockLc: z.enum(["sum", "manual"]).default(DEFAULT_CARD_PROFILE.greyLockLc),
  purseSocialCard: z.enum(["same-chip", "unknown"]).default(DEFAULT_CARD_PROFILE.purseSocialCard),
  transitAidOrder: z
    .array(hexName)
    .min(1)
    .max(8)
    .default([...DEFAULT_CARD_PROFILE.transitAidOrder]),
  transitBalance: z.enum(["5C0002-5C0102", "5C0302", "5C0002"]).default(DEFAULT_CARD_PROFILE.transitBalance),
  transitAlg: z.enum(["3des", "sm4"]).default(DEFAULT_CARD_PROFILE.transitAlg),
  transitTacKey: z.enum(["byAlgorithm", "xorHalves", "direct"]).default(DEFAULT_CARD_PROFILE.transitTacKey),
  transitPurse: z.enum(["EP", "ED"]).default(DEFAULT_CARD_PROFILE.transitPurse),
  housingTripLayout: z.enum(["withoutMaximumTime", "shortAcquirer"]).default(DEFAULT_CARD_PROFILE.housingTripLayout),
  putDataCla: z.enum(["04", "84"]).default(DEFAULT_CARD_PROFILE.putDataCla),
  acPadding: z.enum(["pad80", "zeros"]).default(DEFAULT_CARD_PROFILE.acPadding),
  acAlgByte: z.enum(["fromCard", "01", "04"]).default(DEFAULT_CARD_PROFILE.acAlgByte),
  df60Segment: z.enum(["01", "04"]).default(DEFAULT_CARD_PROFILE.df60Segment),
  cashTripRecord: z.enum(["behindIdentifier", "behindLengthAndFlag"]).default(DEFAULT_CARD_PROFILE.cashTripRecord),
  cashRecordKey: z.enum(["shared", "account"]).default(DEFAULT_CARD_PROFILE.cashRecordKey),
  cashRecords: z.enum(["all", "unread"]).default(DEFAULT_CARD_PROFILE.cashRecords),
  qpbocBudgetMs: z.int().min(100).max(10_000).default(DEFAULT_CARD_PROFILE.qpbocBudgetMs),
});

/** All of it; whoever has a configuration to check takes {@link parseTerminalConfig}. */
export const terminalConfig = z
  .strictObject({
    /** Short enough that every topic built from it has at most 64 characters. */
    terminalId: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
    institution: z.strictObject({
      code: z.string().regex(/^[A-Za-z0-9]{12}$/),
      name: z.string().min(1).max(200),
      areaCode: z.string().regex(/^\d{6}$/),
      /** Grade that the region's fee policy goes by: 1 primary, 2 secondary, 3 tertiary. */
      level: z.literal([1, 2, 3]).default(1),
      /** Leading digits of this terminal's message serials; no two terminals of an institution may share them. */
      serialLane: z.string().regex(/^\d{1,3}$/),
    }),
    regionCode: z.string().regex(/^\d{6}$/),
    profile: z.enum(["test", "production"]),
    cardProfile: cardProfile.prefault({}),
    /** Whether a card pays while nobody knows if its PIN was changed since it was issued; with a PIN known to be the initial one it never does. */
    initialPinPolicy: z.enum(["refuse-initial", "require-changed"]).default("refuse-initial"),
    limits: limitsConfig,
    /** How the region's medical host is spoken to. */
    medical: medicalConfig,
    /** Absent: this terminal does not offer electronic cash. */
    electronicCash: electronicCashConfig.exactOptional(),
    /** How the bank's acquirer is spoken to; absent: nothing of the bank's is offered. */
    acquirer: acquirerConfig.exactOptional(),
    /** How the region's agency is spoken to; absent: no contributions, and services of the card without it. */
    agency: agencyConfig.exactOptional(),
    /** Switches of the card's services, and local rules; left out: what little every region offers. */
    services: servicesConfig.prefault({}),
    readers: z.strictObject({ user: userReaderRule, sam: readerRule }),
    /** The local API for counter software; absent: none is served. */
    api: apiConfig.exactOptional(),
    /** The same terminal for programs that were written for a reader's library; absent: none is served. */
    readerLibrary: readerLibraryConfig.exactOptional(),
    /** Lanes that work by themselves; absent: this terminal has none. */
    gate: gateConfig.exactOptional(),
    /** How money of purses goes back, and whether amounts are typed at the terminal itself; left out: the usual rules, and they are not. */
    shop: shopConfig.exactOptional(),
    /** What stands around the readers; a role that is left out is not filled. */
    devices: devicesSettings.prefault({}),
    link: z.strictObject({
      url: z.string().regex(/^(?:mqtts?|tcp|tls|wss?):\/\/[^\s/@]+(?:\/\S*)?$/, "a broker's address without a password in it"),
      tls: z.strictObject({ caFile: path, certFile: path, keyFile: path }).exactOptional(),
    }),
    sync: z.strictObject({
      kid: z.string().regex(/^[A-Za-z0-9_.-]{1,32}$/),
      messagesPerSecondMax: z.int().min(1).max(20).default(20),
      batchRecordsMax: z.int().min(1).max(400).default(400),
      windowMax: z.int().min(1).max(4).default(4),
    }),
    journal: z.strictObject({
      folder: path,
      limitBytes: z
        .int()
        .min(4 * 1024 * 1024)
        .max(64 * 1024 * 1024 * 1024),
      /** What has ended and is receipted leaves the journal after so many days; a sale is found, refunded and told again by its reference as long.
       * Behind that it is known as spent, and begins nothing (docs/api.md). */
      keepDays: z.int().min(15).max(3_650).default(40),
      /** Its personal parts leave it after so many days, where that is sooner. */
      erasePersonalDays: z.int().min(1).max(3_650).default(40),
    }),
    /** Beside what a new release may be put in place. */
    update: updateConfig.prefault({}),
  })
  .superRefine((config, context) => {
    for (const { path: at, message } of combinationProblems(config)) context.addIssue({ code: "custom", path: [...at], message });
  });

/** The configuration of one terminal, checked and frozen. */
export type TerminalConfig = DeepReadonly<z.infer<typeof terminalConfig>>;

export type ConfigParse = { readonly ok: true; readonly config: TerminalConfig } | { readonly ok: false; readonly problems: readonly string[] };

/** Most problems that are listed: enough to mend a file, not enough to fill a log. */
const PROBLEMS_MAX = 20;

/** Checks and freezes a configuration from outside. Never throws. Problems name the place and the rule, never the value. */
export function parseTerminalConfig(value: unknown): ConfigParse {
  const parsed = terminalConfig.safeParse(value);
  if (parsed.success) return { ok: true, config: deepFreeze(parsed.data) };
  const problems = parsed.error.issues.slice(0, PROBLEMS_MAX).map((issue) => `${issue.path.map(String).join(".") || "configuration"}: ${issue.message}`);
  return { ok: false, problems };
}

function deepFreeze<Value>(value: Value): DeepReadonly<Value> {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  // Frozen all the way down is what the type says.
  return value as DeepReadonly<Value>;
}
