/* A PIN pad that gives out encrypted PIN blocks only, under a published TEST key. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, xorBytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { PinBlockOutcome, PinPad } from "../../device/drivers/ports.ts";
import { blockBytes, encryptBlocks, type KeyAlgorithm } from "../crypto/blocks.ts";
import { TEST_PIN_KEY_HEX } from "../crypto/test-keys.ts";
import type { ScriptedHolder } from "./holder.ts";

export interface SimulatedPinPadOptions {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly holder: ScriptedHolder;
  /** "3des": an 8-byte ISO 9564 format 0 block. "sm4": the same content in 16 bytes. */
  readonly algorithm?: KeyAlgorithm;
  readonly keyingMs?: number;
  readonly entryTimeoutMs?: number;
}

const KEYING_MS = 3_000;
const ENTRY_TIMEOUT_MS = 30_000;

/** The clear block: length and digits filled with F, XOR the account digits at the right end. `accountTail` is 12 digits in 6 bytes BCD. */
export function clearPinBlock(digits: string, accountTail: Bytes, length: 8 | 16): Bytes {
  assert(digits.length >= 4 && digits.length <= 12, "a PIN block holds 4 to 12 digits");
  assert(accountTail.length === 6, "12 account digits in 6 bytes");
  const pinField = fromHex(`0${digits.length.toString(16)}${digits}`.padEnd(length * 2, "f"));
  return xorBytes(pinField, concat(new Uint8Array(length - 6), accountTail));
}

export class SimulatedPinPad implements PinPad {
  readonly #options: SimulatedPinPadOptions;
  readonly #algorithm: KeyAlgorithm;
  #present = true;
  #closed = false;

  constructor(options: SimulatedPinPadOptions) {
    this.#options = options;
    this.#algorithm = options.algorithm ?? "3des";
  }

  /** Unplugs the pad, or plugs it in again. */
  setPresent(present: boolean): void {
    this.#present = present;
  }

  async requestPinBlock(
    request: { readonly accountTail: Bytes; readonly minDigits: number; readonly maxDigits: number },
    limits: Limits,
  ): Promise<PinBlockOutcome> {
    if (this.#closed) throw new Fault("closed", "the pad is closed", { effectUnknown: false });
    if (!this.#present) throw new Fault("pad-gone", "the pad is gone", { effectUnknown: false });
    const { clock, holder } = this.#options;
    const act = holder.next();
    const keyingMs = this.#options.keyingMs ?? KEYING_MS;
    const idle = act.kind === "walks-away";
    const spentMs = idle ? (this.#options.entryTimeoutMs ?? ENTRY_TIMEOUT_MS) : keyingMs;
    await withDeadline(clock.sleep(spentMs, limits.signal), { ...limits, clock, what: "PIN entry", effectUnknown: false });
    if (idle) return { kind: "timed-out" };
    if (act.kind !== "enters" || act.digits.length < request.minDigits || act.digits.length > request.maxDigits) return { kind: "cancelled" };
    return {
      kind: "entered",
      block: this.#encrypt(clearPinBlock(act.digits, request.accountTail, blockBytes(this.#algorithm))),
      keyCheckValue: this.#checkValue(),
    };
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #encrypt(block: Bytes): Bytes {
    return encryptBlocks(this.#options.suite, this.#algorithm, fromHex(TEST_PIN_KEY_HEX), block);
  }

  /** Left 4 bytes of the encryption of zeros. */
  #checkValue(): Bytes {
    return this.#encrypt(new Uint8Array(blockBytes(this.#algorithm))).slice(0, 4);
  }
}
