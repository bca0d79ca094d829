/*
 * Goal: what a terminal may say to its acquirer, business by business, as data: type, processing code, condition, message code, network code and
 * the fields that stand in it.
 * Method: a row names the fields that must be there and those that may; a message that has another, or lacks one, is our own mistake. What the
 * specification leaves to each acquirer comes from the profile, and what no profile names is not offered. Spec: UnionPay terminal, message table.
 */
import type { AcquirerProfile, DownloadKind } from "../acquiring/profile.ts";

export type Business =
  | "sign-in"
  | "sign-off"
  | "sale"
  | "withdrawal"
  | "balance"
  | "void"
  | "refund"
  | "reversal"
  | "offline-upload"
  | "cash-load"
  | "purse-load"
  | "script-result"
  | "settlement"
  | "batch-rows"
  | "batch-proofs-equal"
  | "batch-proofs-unequal"
  | "batch-failed-equal"
  | "batch-failed-unequal"
  | "batch-end-equal"
  | "batch-end-unequal"
  | "parameters-query"
  | "parameters"
  | "ca-keys-query"
  | "ca-keys"
  | "ca-keys-end"
  | "aid-parameters-query"
  | "aid-parameters"
  | "aid-parameters-end"
  | "exception-list";

export interface MessageRow {
  /** In each of the codes, "profile": each acquirer has its own; "original": as in the message that is taken back. */
  readonly type: string;
  readonly processing?: string;
  /** Field 25. */
  readonly condition?: string;
  /** 60.1. */
  readonly code: string;
  /** 60.3; absent: what the profile says of messages whose network code nobody recorded. */
  readonly network?: string;
  readonly must: readonly number[];
  readonly may: readonly number[];
  /** Whether field 64 goes along, and is asked for in the answer. Before the first sign-in there is no key to make it with. */
  readonly mac: boolean;
}

const IDENTITY = [11, 41, 42, 60] as const;
const PIN = [26, 52, 53] as const;
const CARD = [14, 23, 35, 55] as const;
const ONLINE = { condition: "00", may: [...CARD, ...PIN, 63], mac: true } as const;
const PAID = [2, 3, 4, 22, 25, 49, ...IDENTITY] as const;
const BACK_FIELDS = [14, 23, 35, 38, 55, ...PIN, 63] as const;

const managed = (type: "0800" | "0820", network: string, mac: boolean): MessageRow => ({
  type,
  code: "00",
  network,
  must: IDENTITY,
  may: [62, 63],
  mac,
});

const uploaded = (network: string, row: Pick<MessageRow, "must" | "may">): MessageRow => ({
  type: "0320",
  code: "00",
  network,
  must: [...row.must, ...IDENTITY],
  may: row.may,
  mac: true,
});

const PROOFS = { must: [2, 4, 22, 55, 61], may: [14, 23, 25, 49, 62] } as const;
const END = { must: [48], may: [] } as const;

const SALE_CODE = "22";

/** 60.3 of sign-in is the profile's key scheme. */
export const MESSAGES: Readonly<Record<Business, MessageRow>> = {
  "sign-in": { type: "0800", code: "00", network: "profile", must: IDENTITY, may: [62, 63], mac: false },
  "sign-off": managed("0820", "002", false),
  sale: { type: "0200", processing: "000000", code: SALE_CODE, must: PAID, ...ONLINE },
  withdrawal: { type: "0200", processing: "profile", code: "profile", must: PAID, ...ONLINE },
  balance: { type: "0200", processing: "310000", code: "01", must: [2, 3, 22, 25, 49, ...IDENTITY], ...ONLINE },
  void: { type: "0200", processing: "200000", condition: "00", code: "23", must: [...PAID, 37, 61], may: BACK_FIELDS, mac: true },
  refund: { type: "0220", processing: "200000", condition: "00", code: "25", must: [...PAID, 37, 61], may: BACK_FIELDS, mac: true },
  reversal: {
    type: "0400",
    processing: "original",
    condition: "original",
    code: "original",
    must: [25, 39, 61, ...IDENTITY],
    may: [2, 3, 4, 14, 22, 23, 49, 55, 63],
    mac: true,
  },
  "offline-upload": { type: "profile", processing: "000000", condition: "00", code: "36", must: [...PAID, 55, 63], may: [12, 13, 14, 23, 35], mac: true },
  "cash-load": {
    type: "0200",
    processing: "profile",
    code: "profile",
    must: [2, 4, 22, 25, 49, ...IDENTITY],
    ...ONLINE,
    may: [3, ...ONLINE.may],
    condition: "91",
  },
  "purse-load": {
    type: "profile",
    processing: "profile",
    code: "profile",
    must: [2, 4, 22, 25, 49, ...IDENTITY],
    ...ONLINE,
    may: [3, 62, ...ONLINE.may],
    condition: "91",
  },
  "script-result": { type: "0620", code: "00", network: "951", must: [55, 61, ...IDENTITY], may: [2, 3, 4, 22, 23, 25, 37, 38, 49], mac: true },
  settlement: { type: "0500", code: "00", network: "201", must: [48, 49, ...IDENTITY], may: [63], mac: true },
  "batch-rows": uploaded("201", { must: [48], may: [] }),
  "batch-proofs-equal": uploaded("203", PROOFS),
  "batch-proofs-unequal": uploaded("205", PROOFS),
  "batch-failed-equal": uploaded("204", PROOFS),
  "batch-failed-unequal": uploaded("206", PROOFS),
  "batch-end-equal": uploaded("207", END),
  "batch-end-unequal": uploaded("202", END),
  "parameters-query": managed("0820", "362", true),
  parameters: managed("0800", "360", true),
  "ca-keys-query": managed("0820", "372", true),
  "ca-keys": managed("0800", "370", true),
  "ca-keys-end": managed("0800", "371", true),
  "aid-parameters-query": managed("0820", "382", true),
  "aid-parameters": managed("0800", "380", true),
  "aid-parameters-end": managed("0800", "381", true),
  "exception-list": managed("0800", "390", true),
};

/** Steps of one download: what is there, each piece of it, and that all of it was taken. */
export interface DownloadSteps {
  readonly query?: Business;
  readonly body: Business;
  readonly end?: Business;
}

export const DOWNLOADS: Readonly<Record<DownloadKind, DownloadSteps>> = {
  parameters: { query: "parameters-query", body: "parameters" },
  "ca-keys": { query: "ca-keys-query", body: "ca-keys", end: "ca-keys-end" },
  "aid-parameters": { query: "aid-parameters-query", body: "aid-parameters", end: "aid-parameters-end" },
  "exception-list": { body: "exception-list" },
};

/** 60.3 of a sign-in. The scheme of three times nineteen bytes has no recorded code of its own: it is asked for as 3DES. Spec: UnionPay terminal, sign-in. */
const SIGN_IN_NETWORK: Readonly<Record<Exclude<AcquirerProfile["keyScheme"], "sm4">, string>> = {
  "des-24": "001",
  "tdes-40": "003",
  "tdes-track-60": "004",
  "triple-19-57": "003",
};

function signInNetwork({ keyScheme, sm4Keys }: AcquirerProfile): string | undefined {
  return keyScheme === "sm4" ? sm4Keys?.network : SIGN_IN_NETWORK[keyScheme];
}

/** Why this acquirer does not offer it; undefined: it does. */
export function notOffered(profile: AcquirerProfile, business: Business): string | undefined {
  if (business === "sign-in" && signInNetwork(profile) === undefined) return "sm4-keys-not-confirmed";
  if (business === "withdrawal" && profile.withdrawalCode === undefined) return "withdrawal-not-confirmed";
  if (business === "cash-load" && profile.loadCode === undefined) return "cash-load-not-offered";
  if (business === "purse-load" && profile.purseLoad === undefined) return "purse-load-not-offered";
  const download = Object.entries(DOWNLOADS).find(([, steps]) => Object.values(steps).includes(business))?.[0];
  return download === undefined || profile.downloads.some((each) => each === download) ? undefined : "download-not-offered";
}

/** The row with what this profile puts into it; undefined where it is not offered. A reversal's row comes from its original. */
export function rowFor(profile: AcquirerProfile, business: Business): MessageRow | undefined {
  if (notOffered(profile, business) !== undefined) return undefined;
  const { network = profile.networkCode, processing, ...row } = { ...MESSAGES[business], ...FROM_PROFILE[business]?.(profile) };
  return {
    ...row,
    ...(network === undefined ? {} : { network }),
    // Where the profile has none the message has no field 3.
    ...(processing === undefined || processing === "profile" ? {} : { processing }),
  };
}

type Filled = Partial<Pick<MessageRow, "type" | "processing" | "code" | "network">>;

const processing = (code: string | undefined): Filled => (code === undefined ? {} : { processing: code });

/** What stands as "profile" in the table, by business. */
const FROM_PROFILE: { readonly [Each in Business]?: (profile: AcquirerProfile) => Filled } = {
  "sign-in": (profile) => {
    const network = signInNetwork(profile);
    return network === undefined ? {} : { network };
  },
  withdrawal: ({ withdrawalCode, withdrawalMessageCode = SALE_CODE }) => ({ code: withdrawalMessageCode, ...processing(withdrawalCode) }),
  "offline-upload": ({ offlineUpload }) => ({ type: offlineUpload.type }),
  "cash-load": ({ loadCode, loadProcessingCode }) => ({ ...(loadCode === undefined ? {} : { code: loadCode }), ...processing(loadProcessingCode) }),
  "purse-load": ({ purseLoad }) => (purseLoad === undefined ? {} : { type: purseLoad.type, code: purseLoad.code, ...processing(purseLoad.processing) }),
};
