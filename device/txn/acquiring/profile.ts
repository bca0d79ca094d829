/* What differs between acquirers: data, never branches. Unconfirmed facts are switches with a default that claims least. */

/** Working keys of a sign-in: 60.3 and the layout of field 62. No layout of SM4 is published: {@link Sm4Keys} says the one that an acquirer has told. */
export type KeyScheme = "des-24" | "tdes-40" | "tdes-track-60" | "triple-19-57" | "sm4";

/** "ecb": the terminal dialect; "x9.19": an acquirer's option; "sm4": the dialect's own steps with the blocks of SM4, unconfirmed. */
export type MacMethod = "ecb" | "x9.19" | "sm4";

export type WorkingKeyName = "pin" | "mac" | "track";

/** One key of a sign-in with SM4: sixteen bytes of cipher text, zeros, a check value. */
export interface Sm4KeyPlace {
  readonly which: WorkingKeyName;
  /** Bytes that must be zero between key and check value. */
  readonly zeros: number;
  readonly checkBytes: number;
}

/** How an acquirer gives out SM4 keys. Unconfirmed in all of it: data of the acquirer's own, without a default. */
export interface Sm4Keys {
  /** 60.3 of the sign-in. */
  readonly network: string;
  /** In the order of field 62; a PIN key and a MAC key are among them. */
  readonly keys: readonly Sm4KeyPlace[];
}

export interface AcquirerProfile {
  /** Field 41, eight characters. */
  readonly terminalNumber: string;
  /** Field 42, fifteen characters. */
  readonly merchantNumber: string;
  /** Destination and source, four hexadecimal digits each. */
  readonly tpdu: { readonly destination: string; readonly source: string };
  /** Twelve hexadecimal digits, such as 603100 and a version. */
  readonly headerHex: string;
  readonly keyScheme: KeyScheme;
  /** With the scheme "sm4", and only with it. */
  readonly sm4Keys?: Sm4Keys;
  /** Bytes of a PIN block in field 52: 16 with SM4. Left out: 8. */
  readonly pinBlockBytes?: 8 | 16;
  /** Bytes of a check value that count: 3 or 4, with SM4 up to 16. */
  readonly checkValueBytes: number;
  /** Where in field 62 the keys begin; some regions put bytes in front. */
  readonly keyOffset: number;
  readonly macMethod: MacMethod;
  /** Replies whose MAC is checked. An approval is never believed without one, whichever is said here. */
  readonly macAppliesTo: "approvals" | "all";
  readonly offlineUpload: {
    readonly type: "0200" | "0220";
    /** Response codes that mean taken. 94 counts only for what was sent before, byte for byte. */
    readonly accepted: readonly string[];
    readonly tries: number;
  };
  readonly reversalTries: number;
  /** Reversals of what stands in a batch that is settled. */
  readonly reversalAfterSettlement: ReversalAfterSettlement;
  readonly field22: "left" | "right";
  /** Whether field 61 ends with the date of the original. */
  readonly originalDate: boolean;
  /** Processing code of a withdrawal; absent: the acquirer has not confirmed any, and none is offered. */
  readonly withdrawalCode?: string;
  /** 60.1 of a withdrawal; absent: that of a sale. */
  readonly withdrawalMessageCode?: string;
  /** 60.1 of a purse load with its bank account; absent: not offered. */
  readonly loadCode?: "45" | "46" | "47";
  /** Processing code of such a load; absent: its message has none. */
  readonly loadProcessingCode?: string;
  /** Type, 60.1 and processing code of a load of the e-purse; absent: not offered. */
  readonly purseLoad?: {
    readonly type: string;
    readonly code: "22" | "40" | "41" | "42";
    readonly processing?: string;
    /** Where the purse's code and its host's stand; unconfirmed. Absent: in field 62. */
    readonly layout?: "field-62" | "field-55";
  };
  /** 60.3 of messages whose own is not recorded; absent: their field 60 ends with the batch. */
  readonly networkCode?: string;
  /** Field 53 beside a PIN block, sixteen digits; absent: not sent. */
  readonly securityControl?: string;
  /** How the parts of a track are told from each other; absent: no track is sent. */
  readonly trackData?: "nibble-d";
  /** Whether an approval of less than was asked for may stand; otherwise it is reversed. */
  readonly partialApproval: boolean;
  /** What becomes of an approval that the card then declines, or does not hear of; left out: it is reversed. */
  readonly cardRefusal?: "reverse" | "keep";
  readonly downloads: readonly DownloadKind[];
  /** How long one message may take. */
  readonly replyTimeoutMs: number;
  readonly pinDigits: { readonly min: number; readonly max: number };
  /** Sales up to this amount need no PIN; 0: every one does. In fen. */
  readonly pinFreeFen: number;
  /** Sales that a batch holds before it must be settled. */
  readonly batchMax: number;
  /** Who clears purchases with electronic cash: each record kind has one route, any other copy is information. */
  readonly electronicCashRoute: "settlement-host" | "acquirer";
}

/**
 * What an acquirer answers to a reversal of a settled batch is unconfirmed. "park": none is sent, a person deals with it. "send": it goes out like
 * others, and counts as taken back by the answers of `undone` alone; with another its tries are used up, and then a person deals with it.
 */
export type ReversalAfterSettlement = { readonly do: "park" } | { readonly do: "send"; readonly undone: readonly string[] };

/** What an acquirer gives for download: 60.3 360, 370, 380, 390. */
export type DownloadKind = "parameters" | "ca-keys" | "aid-parameters" | "exception-list";
