/*
 * Goal: the bank's keys in the PIN pad, behind the port of the flows: no key and no PIN is ever in this process.
 * Method: a short MAC key that comes beside a long PIN key is loaded twice in a row, which makes it the same cipher in a place for long keys. X9.19
 * with a long key is put together of two keys in the pad, the whole one and its left half, because what a pad's own code for it means is not
 * recorded. SM4 is unconfirmed as a whole: keys, PIN block and MAC are what a profile says, and a pad that has not the cipher is refused. Spec: ANSI X9.8, format 0; ANSI X9.19; UnionPay terminal, working keys, MAC.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, equalBytes, fromHex, xorBytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { MacAbility, PadAlgorithm, PadKeyPlace, PadKeys, PadMac } from "../../drivers/peripherals.ts";
import type { PinBlockOutcome, PinPad } from "../../drivers/ports.ts";
import type { BankKeys, WorkingKeys, WrappedKey } from "../acquiring/bank-keys.ts";
import type { AcquirerProfile, MacMethod } from "../acquiring/profile.ts";

export type BankPad = PinPad & PadKeys & MacAbility;

export interface PadBankKeysOptions {
  /** Where the pad was told to take its key for PIN blocks from; the bank's other keys lie in the places behind it, under the same master key. */
  readonly pinKey: PadKeyPlace;
  readonly pinDigits: AcquirerProfile["pinDigits"];
  /** Cipher of the keys and of what wraps them; left out: 3DES. */
  readonly algorithm?: PadAlgorithm;
}

/** "pad-makes-no-mac", "pad-has-another-cipher": nothing of the bank is offered with such a pad. */
export type PadBankKeysOpening =
  | { readonly ok: true; readonly keys: BankKeys }
  | { readonly ok: false; readonly reason: "pad-makes-no-mac" | "pad-has-another-cipher" };

/** The cipher of an acquirer's keys. */
export function keyAlgorithm({ keyScheme }: Pick<AcquirerProfile, "keyScheme">): PadAlgorithm {
  return keyScheme === "sm4" ? "sm4" : "3des";
}

const BLOCK = 8;
const PIN_BLOCK = { "3des": 8, sm4: 16 } as const;
const LONG_KEY = 16;
const CHECK_BYTES_MIN = 3;
/** A master key has four working keys. */
const WORK_KEYS = 4;
const BEHIND = { mac: 1, track: 2, macLeft: 3 } as const;
const ACCOUNT_DIGITS = 12;

export function openPadBankKeys(pad: BankPad, options: PadBankKeysOptions): PadBankKeysOpening {
  const { macs, keyCiphers = ["3des"] } = pad;
  if (macs === undefined) return { ok: false, reason: "pad-makes-no-mac" };
  if (!keyCiphers.includes(options.algorithm ?? "3des")) return { ok: false, reason: "pad-has-another-cipher" };
  return { ok: true, keys: new PadBankKeys(pad, macs, options) };
}

class PadBankKeys implements BankKeys {
  readonly #pad: BankPad;
  readonly #macs: PadMac;
  readonly #options: PadBankKeysOptions;
  readonly #algorithm: PadAlgorithm;
  #longMacKey = false;

  constructor(pad: BankPad, macs: PadMac, options: PadBankKeysOptions) {
    this.#pad = pad;
    this.#macs = macs;
    this.#options = options;
    this.#algorithm = options.algorithm ?? "3des";
  }

  async load(keys: WorkingKeys, limits: Limits): ReturnType<BankKeys["load"]> {
    const { pin, mac, track } = keys;
    const [long, des] = [pin.wrapped.length === LONG_KEY, this.#algorithm === "3des"];
    if (!(await this.#loadOne(this.#options.pinKey, pin, limits))) return { kind: "refused", which: "pin" };
    if (!(await this.#loadOne(this.#behind("mac"), long ? asLong(mac) : mac, limits))) return { kind: "refused", which: "mac" };
    this.#longMacKey = mac.wrapped.length === LONG_KEY;
    // An SM4 key has no halves.
    if (this.#longMacKey && des) {
      const wrapped = mac.wrapped.subarray(0, BLOCK);
      await this.#pad.loadWorkKey({ place: this.#behind("macLeft"), algorithm: "3des", wrapped: concat(wrapped, wrapped) }, limits);
    }
    if (track !== undefined && !(await this.#loadOne(this.#behind("track"), track, limits))) return { kind: "refused", which: "track" };
    return { kind: "loaded" };
  }

  async pinBlock(account: string, limits: Limits): Promise<PinBlockOutcome> {
    const { min, max } = this.#options.pinDigits;
    const outcome = await this.#pad.requestPinBlock({ accountTail: accountTail(account), minDigits: min, maxDigits: max }, limits);
    // A pad that is set to another cipher gives a block of another length.
    if (outcome.kind === "entered" && outcome.block.length !== PIN_BLOCK[this.#algorithm])
      throw new Fault("pad-refused", "the pad's PIN block is not one of the bank's", { effectUnknown: false });
    return outcome;
  }

  async mac(data: Bytes, method: MacMethod, limits: Limits): Promise<Bytes> {
    const place = this.#behind("mac");
    // What one of the ciphers has a word for, the other has not.
    if ((method === "sm4") !== (this.#algorithm === "sm4"))
      throw new Fault("pad-refused", "the MAC is of another cipher than its key", { effectUnknown: false });
    if (method === "sm4") return this.#macs.mac({ place, method: "sm4-unionpay", data }, limits);
    if (method === "ecb") return this.#macs.mac({ place, method: "unionpay", data }, limits);
    if (!this.#longMacKey) return this.#macs.mac({ place, method: "x9.9", data }, limits);
    return this.#retailMac(data, limits);
  }

  /** A chain under the left half, and the last block under both. One block under a key of two halves is the same in every method of a pad. */
  async #retailMac(data: Bytes, limits: Limits): Promise<Bytes> {
    const blocks = new Uint8Array(Math.ceil(data.length / BLOCK) * BLOCK);
    blocks.set(data);
    const [before, last] = [blocks.subarray(0, -BLOCK), blocks.subarray(-BLOCK)];
    const link = before.length === 0 ? new Uint8Array(BLOCK) : await this.#macs.mac({ place: this.#behind("macLeft"), method: "x9.9", data: before }, limits);
    return this.#macs.mac({ place: this.#behind("mac"), method: "x9.9", data: xorBytes(link, last) }, limits);
  }

  #behind(which: keyof typeof BEHIND): PadKeyPlace {
    const { master, work } = this.#options.pinKey;
    return { master, work: (work + BEHIND[which]) % WORK_KEYS };
  }

  /** A key that the pad gives no check value of is not believed: nobody could tell a wrong one before money has moved. */
  async #loadOne(place: PadKeyPlace, { wrapped, checkValue }: WrappedKey, limits: Limits): Promise<boolean> {
    assert(checkValue.length >= CHECK_BYTES_MIN, "a check value of three bytes at least");
    try {
      const told = await this.#pad.loadWorkKey({ place, algorithm: this.#algorithm, wrapped, checkValue }, limits);
      const length = Math.min(told?.length ?? 0, checkValue.length);
      return told !== undefined && length >= CHECK_BYTES_MIN && equalBytes(told.subarray(0, length), checkValue.subarray(0, length));
    } catch (fault) {
      // The pad has compared them itself, or does not take such a key.
      if (isFault(fault, "pad-refused")) return false;
      throw fault;
    }
  }
}

/** The same cipher in a place for long keys: what is wrapped block by block may be put together block by block. */
function asLong(key: WrappedKey): WrappedKey {
  return key.wrapped.length === BLOCK ? { ...key, wrapped: concat(key.wrapped, key.wrapped) } : key;
}

/** The twelve digits before the check digit, with zeros in front of a short account. Spec: ANSI X9.8, format 0. */
export function accountTail(account: string): Bytes {
  assert(/^\d{8,19}$/.test(account), "an account has 8 to 19 digits");
  return fromHex(account.slice(0, -1).slice(-ACCOUNT_DIGITS).padStart(ACCOUNT_DIGITS, "0"));
}
