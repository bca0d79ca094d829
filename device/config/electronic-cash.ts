/* What a terminal that takes electronic cash is told: who it is to the card, its limits, and the authorities whose cards it believes. */
import * as z from "zod";
import { fen } from "../base/fen.ts";
import type { CertificationAuthority } from "../card/electronic-cash/authorities.ts";
import type { RecordKey } from "../card/electronic-cash/record-signer.ts";
import type { CashLimits, CashTerminal } from "../card/electronic-cash/types.ts";

const fenAmount = z.int().min(0).max(0xffff_ffff);
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`, "i"));
const hexUpTo = (bytes: number) => z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){1,${bytes}}$`, "i"));
const printable = (length: number) => z.string().regex(new RegExp(`^[\\x20-\\x7e]{1,${length}}$`));
const digits = (length: number) => z.string().regex(new RegExp(`^\\d{${length}}$`));

const authorityHead = { rid: hex(5), index: z.int().min(0).max(0xff), expiryDate: digits(8), checkHex: hexUpTo(32) };

const authority = z.discriminatedUnion("kind", [
  z.strictObject({ ...authorityHead, kind: z.literal("sm"), pointHex: hexUpTo(65) }),
  z.strictObject({ ...authorityHead, kind: z.literal("rsa"), modulusHex: hexUpTo(248), exponentHex: hexUpTo(3) }),
]);

/** An absent limit does not limit; the limits of all sales hold beside these. */
const limits = z.strictObject({
  contactlessFloorFen: fenAmount.exactOptional(),
  contactlessSaleFen: fenAmount.exactOptional(),
  contactlessVerificationFen: fenAmount.exactOptional(),
  cashFen: fenAmount.exactOptional(),
  floorFen: fenAmount.exactOptional(),
});

const NO_ACTION = "0000000000";

/** Spec: JR/T 0025, terminal data. */
export const electronicCashConfig = z.strictObject({
  merchantId: z.string().regex(/^[\x20-\x7e]{15}$/),
  merchantCategory: digits(4),
  merchantName: printable(20),
  terminalCode: z.string().regex(/^[\x20-\x7e]{8}$/),
  countryCode: digits(4).default("0156"),
  currencyCode: digits(4).default("0156"),
  terminalType: digits(2).default("25"),
  capabilities: hex(3).default("e008c8"),
  applicationVersion: hex(2).default("0030"),
  signature: z.boolean().default(false),
  signatureVersion: z.union([z.literal(0), z.literal(1)]).default(1),
  limits: limits.prefault({}),
  actionCodes: z.strictObject({ denial: hex(5).default(NO_ACTION), online: hex(5).default(NO_ACTION), default: hex(5).default(NO_ACTION) }).prefault({}),
  authorities: z.array(authority).min(1).max(64),
  /** Key of industry records in the security modules, for segment fares and held amounts; absent: none are sold. */
  recordKey: z.strictObject({ id: z.int().min(0).max(0xff), algorithm: z.enum(["3des", "sm4"]).default("sm4") }).exactOptional(),
});

export type ElectronicCashConfig = z.infer<typeof electronicCashConfig>;

/** What a sale needs of it. A quick sale never asks an acquirer, so that the card is told that this terminal is offline. */
export interface ElectronicCashSettings {
  readonly terminal: CashTerminal;
  readonly authorities: readonly CertificationAuthority[];
  /** Absent: no sale changes an industry record. */
  readonly recordKey?: RecordKey;
}

type Frozen<Value> = { readonly [Key in keyof Value]: Value[Key] extends object ? Frozen<Value[Key]> : Value[Key] };

export function electronicCashSettings(config: Frozen<ElectronicCashConfig>): ElectronicCashSettings {
  const { terminalCode, limits: amounts, authorities, recordKey: key, ...terminal } = config;
  const limitsFen: CashLimits = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, fen(amount as number)]));
  const recordKey = key === undefined ? {} : { recordKey: { keyId: key.id, algorithm: key.algorithm } };
  return { terminal: { ...terminal, terminalId: terminalCode, online: false, chineseAlgorithms: true, limits: limitsFen }, authorities, ...recordKey };
}
