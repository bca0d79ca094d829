/*
 * What a terminal is told about its acquirer: how it is reached, who the terminal is to it, and every point in which acquirers differ. Each switch
 * has the default of the code, so that a file names only what differs here. Spec: UnionPay terminal, profile switches.
 */
import * as z from "zod";
import { DEFAULT_ACQUIRER } from "../txn/acquirer-host/defaults.ts";
import { checkBytesOf, keyPlaces } from "../txn/acquirer-host/working-keys.ts";
import type { AcquirerProfile, DownloadKind } from "../txn/acquiring/profile.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const path = z.string().min(1).max(1024);
const digits = (length: number) => z.string().regex(new RegExp(`^\\d{${length}}$`), `${length} digits`);
const hexDigits = (length: number) => z.string().regex(new RegExp(`^[0-9A-Fa-f]{${length}}$`), `${length} hexadecimal digits`);
const characters = (length: number) => z.string().regex(new RegExp(`^[\\x20-\\x7e]{${length}}$`), `${length} characters`);
const tries = z.int().min(1).max(20);

/** What zod is handed as a default must be its own to change. */
const copy = <Value>(values: readonly Value[]): Value[] => [...values];

const DOWNLOAD_KINDS = ["parameters", "ca-keys", "aid-parameters", "exception-list"] as const satisfies readonly DownloadKind[];

/** Through the head-end, which relays; or straight to the acquirer's own front, over a line that is nobody else's, or TLS. */
const connection = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mqtt") }),
  z.strictObject({
    kind: z.literal("tcp"),
    host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, "a name or an address"),
    port: z.int().min(1).max(65_535),
    connectTimeoutMs: z.int().min(100).max(60_000).default(10_000),
    /** Left out: in the clear. Without a file the authorities of the runtime are believed. */
    tls: z.strictObject({ caFile: path.exactOptional(), certFile: path.exactOptional(), keyFile: path.exactOptional() }).exactOptional(),
  }),
]);

const offlineUpload = z
  .strictObject({
    type: z.enum(["0200", "0220"]).default(DEFAULT_ACQUIRER.offlineUpload.type),
    accepted: z.array(characters(2)).min(1).max(8).default(copy(DEFAULT_ACQUIRER.offlineUpload.accepted)),
    tries: tries.default(DEFAULT_ACQUIRER.offlineUpload.tries),
  })
  .prefault({});

const reversalAfterSettlement = z
  .discriminatedUnion("do", [
    z.strictObject({ do: z.literal("park") }),
    z.strictObject({ do: z.literal("send"), undone: z.array(characters(2)).min(1).max(8).prefault(["00"]) }),
  ])
  .prefault({ do: "park" });

const pinDigits = z
  .strictObject({
    min: z.int().min(4).max(12).default(DEFAULT_ACQUIRER.pinDigits.min),
    max: z.int().min(4).max(12).default(DEFAULT_ACQUIRER.pinDigits.max),
  })
  .prefault({});

const loads = {
  loadCode: z.enum(["45", "46", "47"]).exactOptional(),
  loadProcessingCode: digits(6).exactOptional(),
  purseLoad: z
    .strictObject({
      type: digits(4),
      code: z.enum(["22", "40", "41", "42"]),
      processing: digits(6).exactOptional(),
      layout: z.enum(["field-62", "field-55"]).exactOptional(),
    })
    .exactOptional(),
};

const SM4_CHECK_BYTES_MAX = 16;

const sm4Keys = z.strictObject({
  network: digits(3),
  keys: z
    .array(
      z.strictObject({
        which: z.enum(["pin", "mac", "track"]),
        zeros: z.int().min(0).max(64).default(0),
        checkBytes: z.int().min(3).max(SM4_CHECK_BYTES_MAX),
      }),
    )
    .min(2)
    .max(3),
});

/** What this acquirer takes beside the common fields; each left out: not sent. */
const extras = {
  networkCode: digits(3).exactOptional(),
  securityControl: digits(16).exactOptional(),
  trackData: z.enum(["nibble-d"]).exactOptional(),
};

interface KeySwitches extends Pick<AcquirerProfile, "keyScheme" | "sm4Keys" | "macMethod" | "trackData"> {
  readonly checkValueBytes?: number;
}

/** Keys, check values and MACs are of one cipher, and no track leaves in the clear while there is a key for it. */
function complainOfKeys(config: KeySwitches, complain: (place: readonly string[], message: string) => void): void {
  const { keyScheme, sm4Keys: told, macMethod, checkValueBytes = 0, trackData } = config;
  const names = (told?.keys ?? []).map(({ which }) => which);
  if ((keyScheme === "sm4") !== (told !== undefined)) complain(["sm4Keys"], "goes with the key scheme sm4, which has no published layout");
  if ((keyScheme === "sm4") !== (macMethod === "sm4")) complain(["macMethod"], "the MAC sm4 and the key scheme sm4 go together");
  if (told !== undefined && (new Set(names).size !== names.length || !names.includes("pin") || !names.includes("mac")))
    complain(["sm4Keys", "keys"], "a PIN key and a MAC key, each once");
  if (checkValueBytes > checkBytesOf(config)) complain(["checkValueBytes"], `this key scheme has ${checkBytesOf(config)} bytes of each check value`);
  if (trackData !== undefined && keyPlaces(config).some(({ which }) => which === "track"))
    complain(["trackData"], "this key scheme has a key for tracks, and how one enciphers them nobody has recorded: no track is sent in the clear beside it");
}

/** How the bank is spoken to; absent from a configuration: this terminal offers nothing of the bank's. */
export const acquirerConfig = z
  .strictObject({
    connection,
    terminalNumber: characters(8),
    merchantNumber: characters(15),
    tpdu: z.strictObject({ destination: hexDigits(4), source: hexDigits(4).default("0000") }),
    headerHex: hexDigits(12),
    /** First bytes of zeros under the master key, as its custodians read them off the pad; a production terminal says it. */
    masterKeyCheckHex: z
      .string()
      .regex(/^(?:[0-9a-fA-F]{2}){3,8}$/, "3 to 8 bytes in hexadecimal digits")
      .exactOptional(),
    keyScheme: z.enum(["des-24", "tdes-40", "tdes-track-60", "triple-19-57", "sm4"]).default(DEFAULT_ACQUIRER.keyScheme),
    /** Goes with the scheme "sm4", of which nobody has published a layout: what this acquirer has told. */
    sm4Keys: sm4Keys.exactOptional(),
    /** Left out: as many as the scheme has. */
    checkValueBytes: z.int().min(3).max(SM4_CHECK_BYTES_MAX).exactOptional(),
    keyOffset: z.int().min(0).max(900).default(DEFAULT_ACQUIRER.keyOffset),
    macMethod: z.enum(["ecb", "x9.19", "sm4"]).default(DEFAULT_ACQUIRER.macMethod),
    macAppliesTo: z.enum(["approvals", "all"]).default(DEFAULT_ACQUIRER.macAppliesTo),
    offlineUpload,
    reversalTries: tries.default(DEFAULT_ACQUIRER.reversalTries),
    reversalAfterSettlement,
    field22: z.enum(["left", "right"]).default(DEFAULT_ACQUIRER.field22),
    originalDate: z.boolean().default(DEFAULT_ACQUIRER.originalDate),
    withdrawalCode: digits(6).exactOptional(),
    withdrawalMessageCode: digits(2).exactOptional(),
    ...loads,
    ...extras,
    partialApproval: z.boolean().default(DEFAULT_ACQUIRER.partialApproval),
    cardRefusal: z.enum(["reverse", "keep"]).exactOptional(),
    downloads: z.array(z.enum(DOWNLOAD_KINDS)).max(DOWNLOAD_KINDS.length).default(copy(DEFAULT_ACQUIRER.downloads)),
    replyTimeoutMs: z.int().min(1_000).max(300_000).default(DEFAULT_ACQUIRER.replyTimeoutMs),
    pinDigits,
    pinFreeFen: z.int().min(0).max(0xffff_ffff).default(DEFAULT_ACQUIRER.pinFreeFen),
    /** The acquirer counts a batch with three digits. */
    batchMax: z.int().min(1).max(999).default(DEFAULT_ACQUIRER.batchMax),
    electronicCashRoute: z.enum(["settlement-host", "acquirer"]).default(DEFAULT_ACQUIRER.electronicCashRoute),
  })
  .superRefine((config, context) => {
    const complain = (place: readonly string[], message: string) => context.addIssue({ code: "custom", path: [...place], message });
    if (config.pinDigits.min > config.pinDigits.max) complain(["pinDigits"], "the fewest digits are not more than the most");
    complainOfKeys(config, complain);
    if (config.withdrawalMessageCode !== undefined && config.withdrawalCode === undefined) complain(["withdrawalMessageCode"], "no withdrawal is offered");
    if (config.loadProcessingCode !== undefined && config.loadCode === undefined) complain(["loadProcessingCode"], "no load is offered");
    if (new Set(config.downloads).size !== config.downloads.length) complain(["downloads"], "each once");
    if (config.connection.kind === "tcp" && (config.connection.tls?.certFile === undefined) !== (config.connection.tls?.keyFile === undefined))
      complain(["connection", "tls"], "a certificate and its key, or neither");
  });

export type AcquirerConfig = DeepReadonly<z.infer<typeof acquirerConfig>>;
/** Whoever speaks to the acquirer without the head-end. */
export type AcquirerLineConfig = Extract<AcquirerConfig["connection"], { readonly kind: "tcp" }>;

/** The acquirer's side of the configuration, in the flows' own words. */
export function acquirerProfileOf({ connection: _connection, masterKeyCheckHex: _check, checkValueBytes, ...switches }: AcquirerConfig): AcquirerProfile {
  const longBlock = switches.keyScheme === "sm4" ? ({ pinBlockBytes: 16 } as const) : {};
  return { ...switches, ...longBlock, checkValueBytes: checkValueBytes ?? checkBytesOf(switches) };
}
