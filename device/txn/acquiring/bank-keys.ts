/*
 * The bank's keys as flows may use them. They lie in the PIN pad: the master key was put there under dual control, working keys come wrapped
 * with each sign-in. Nothing here takes or gives a key or a PIN in the clear.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import type { PinBlockOutcome } from "../../drivers/ports.ts";
import type { MacMethod } from "./profile.ts";

/** One wrapped working key with the check value that came with it. */
export interface WrappedKey {
  /** 8 or 16 bytes under the terminal's master key. */
  readonly wrapped: Bytes;
  /** 3 or 4 bytes, with SM4 up to 16. */
  readonly checkValue: Bytes;
}

/** Keys of one sign-in. */
export interface WorkingKeys {
  readonly pin: WrappedKey;
  readonly mac: WrappedKey;
  readonly track?: WrappedKey;
}

export interface BankKeys {
  /** Loads the keys and compares their check values. Faults: those of the pad. A key whose check value differs is not used: "refused". */
  load(keys: WorkingKeys, limits: Limits): Promise<{ readonly kind: "loaded" } | { readonly kind: "refused"; readonly which: "pin" | "mac" | "track" }>;
  /** Asks the holder for the bank PIN of this account: 8 bytes, with SM4 16. Spec: ANSI X9.8, format 0. Faults: those of the pad. */
  pinBlock(account: string, limits: Limits): Promise<PinBlockOutcome>;
  /** Field 64 over the message up to field 63: 8 bytes. Faults: those of the pad. Spec: UnionPay terminal, MAC. */
  mac(data: Bytes, method: MacMethod, limits: Limits): Promise<Bytes>;
}
