/*
 * Industry records signed by the security module of the place. Whether a record's key is the same on all cards, or made for each account of a root
 * by the rule of the bank's own keys, the texts do not say: a profile does. Spec: JR/T 0025, extension for small payments, key derivation.
 */
import type { Bytes } from "../../base/bytes.ts";
import { digitsToBcd } from "../../codec/bcd.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { ModuleRecordMac, RecordPsam } from "../../drivers/ports.ts";
import type { IndustrySigner } from "./industry.ts";

/** Which key of the module it is. */
export type RecordKey = Pick<ModuleRecordMac, "keyId" | "algorithm">;

const FACTOR_DIGITS = 16;

export function moduleRecordSigner(psam: RecordPsam, key: RecordKey, { cashRecordKey }: Pick<CardProfile, "cashRecordKey">): IndustrySigner {
  return {
    mac: ({ iv, input, account = "" }, limits) => {
      const factors = cashRecordKey === "account" ? [accountFactor(account)] : [];
      return psam.recordMac({ ...key, factors, vector: iv, data: input }, limits);
    },
  };
}

function accountFactor(digits: string): Bytes {
  return digitsToBcd(digits.slice(-FACTOR_DIGITS).padStart(FACTOR_DIGITS, "0"));
}
