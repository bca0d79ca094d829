/* One message as the services see it, and what a service says to it. */
import { type Bytes, fromHex } from "../../../device/base/bytes.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import { findTlv, parseTlv, type Tlv } from "../../../device/codec/tlv.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { AcquirerFault, AcquirerFaults } from "./acquirer-faults.ts";
import type { KeyLayout, MacForm, Sm4Terms } from "./ciphers.ts";
import type { AcquirerLedger } from "./ledger.ts";
import type { BankMessage } from "./message.ts";
import type { Session } from "./session-book.ts";
import type { MessagePlace } from "./words.ts";

/** A terminal that the acquirer knows. */
export interface TerminalContract {
  /** Field 41, eight characters. */
  readonly terminal: string;
  /** Field 42, fifteen characters. */
  readonly merchant: string;
  /** Master key, 8 or 16 bytes. */
  readonly masterKey: Bytes;
  readonly keyLayout: KeyLayout;
  /** Bytes in front of the keys in field 62. */
  readonly keyFront: Bytes;
  readonly macForm: MacForm;
  /** With the layout "sm4"; left out: the test bank's own. */
  readonly sm4?: Sm4Terms;
}

/** What acquirers do differently. */
export interface AcquirerVariants {
  /** Sales up to this amount need no PIN. */
  readonly pinFreeFen: number;
  /** Processing code of a withdrawal; "": there is none here. */
  readonly withdrawalCode: string;
  /** What is said to the reversal of a message that never came: 25, or 00. */
  readonly unknownReversal: "25" | "00";
  /** Whether what stands in a settled batch may still be reversed, as a load may whose card comes back days later. */
  readonly reversesSettled: boolean;
  /** What is said instead where it may not: refused, or as if it had never come. */
  readonly settledRefusal: "12" | "25";
}

export const DEFAULT_VARIANTS: AcquirerVariants = {
  pinFreeFen: 30_000,
  withdrawalCode: "010000",
  unknownReversal: "25",
  reversesSettled: false,
  settledRefusal: "12",
};

/** One piece: what names it in a query, and all of it. */
export interface DownloadPiece {
  readonly name: Bytes;
  readonly whole: Bytes;
}

export interface DownloadTables {
  readonly parameters: Bytes;
  readonly caKeys: readonly DownloadPiece[];
  readonly aids: readonly DownloadPiece[];
  /** Account numbers. */
  readonly exceptions: readonly string[];
}

export interface BankContext {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly profile: CardProfile;
  readonly ledger: AcquirerLedger;
  readonly variants: AcquirerVariants;
  readonly tables: DownloadTables;
  readonly faults: AcquirerFaults;
}

export interface BankRequest {
  readonly message: BankMessage;
  readonly contract: TerminalContract;
  readonly session: Session;
  readonly place: MessagePlace;
  /** 60.1 and 60.3, "" where they are not there. */
  readonly code: string;
  readonly network: string;
  /** Field 3. */
  readonly processing: string;
  /** Field 4; undefined where it is not there. */
  readonly amountFen: number | undefined;
  /** Account out of field 2, the track, or the chip; "" where none is named. */
  readonly pan: string;
  /** Objects of field 55; empty where there are none. */
  readonly chip: readonly Tlv[];
  /** Only a part of the amount is approved. */
  readonly partly: boolean;
  /** How the issuer answers the chip. */
  readonly issuer: AcquirerFault["issuer"];
}

/** Field 39 and what stands beside it. "00" and "10" are the only ones that say yes. */
export interface BankAnswer {
  readonly code: string;
  readonly fields?: ReadonlyMap<number, string>;
}

export type BankService = (context: BankContext, request: BankRequest) => BankAnswer;

export function no(code: string): BankAnswer {
  return { code };
}

export function yes(fields: readonly (readonly [number, string])[] = []): BankAnswer {
  return { code: "00", fields: new Map(fields) };
}

export function fieldOf({ fields }: BankMessage, number: number): string {
  return fields.get(number) ?? "";
}

/** A value of field 55; undefined where it is not there. */
export function chipValue(chip: readonly Tlv[], tag: number): Bytes | undefined {
  return findTlv(chip, tag)?.value;
}

function chipOf(message: BankMessage): readonly Tlv[] | undefined {
  const text = fieldOf(message, 55);
  if (text === "") return [];
  const parsed = parseTlv(fromHex(text));
  return parsed.ok ? parsed.items : undefined;
}

function accountOf(message: BankMessage, chip: readonly Tlv[]): string {
  const plain = fieldOf(message, 2);
  if (plain !== "") return plain;
  const [track = ""] = fieldOf(message, 35).split("D");
  if (track !== "") return track;
  const value = chipValue(chip, 0x5a);
  return value === undefined ? "" : Buffer.from(value).toString("hex").replace(/f+$/, "");
}

/** Reads what every service needs; undefined where a part has no form: 39 = 30. */
export function readRequest(message: BankMessage, contract: TerminalContract, session: Session): BankRequest | undefined {
  const shape = /^(\d{2})(\d{6})(\d{3})?\d*$/.exec(fieldOf(message, 60));
  const stan = fieldOf(message, 11);
  const chip = chipOf(message);
  if (shape === null || stan === "" || chip === undefined) return undefined;
  const [, code = "", batch = "", network = ""] = shape;
  const amount = fieldOf(message, 4);
  return {
    message,
    contract,
    session,
    place: { terminal: contract.terminal, batch, stan },
    code,
    network,
    processing: fieldOf(message, 3),
    amountFen: amount === "" ? undefined : Number(amount),
    pan: accountOf(message, chip),
    chip,
    partly: false,
    issuer: "right",
  };
}
