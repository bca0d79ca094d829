/*
 * A PIN pad with keys and MACs at its port, without a line: for worlds that have many of them. Working keys come wrapped under the master key that it
 * was made with; PIN blocks and MACs need one that was loaded. TEST keys only. Spec: ANSI X9.8, format 0; ANSI X9.19; UnionPay terminal, MAC.
 */
import { type Bytes, fromHex, toHex, utf8, xorBytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { CheckValue, Device, DeviceHealth, MacAbility, NewPinPad, PadKeyPlace, PadKeys, PadMac } from "../../device/drivers/peripherals.ts";
import type { PinBlockOutcome, PinPad } from "../../device/drivers/ports.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, type KeyAlgorithm, zeroExtend } from "../crypto/blocks.ts";
import type { ScriptedHolder } from "./holder.ts";
import { clearPinBlock } from "./pin-pad.ts";

export interface SimulatedKeyPadOptions {
  readonly clock: Clock;
  readonly suite: CipherSuite;
  readonly holder: ScriptedHolder;
  /** Master key 0, 16 bytes, as injected before delivery. */
  readonly masterKeyHex: string;
  /** Cipher of all its keys; 3DES where nothing is said. */
  readonly algorithm?: KeyAlgorithm;
  /** Key under which PIN blocks are made; master 0 and work 0 where nothing is said. */
  readonly pinKey?: PadKeyPlace;
  readonly keyingMs?: number;
  readonly entryTimeoutMs?: number;
}

const KEYING_MS = 3_000;
const ENTRY_TIMEOUT_MS = 30_000;
const BLOCK = 8;
const FIRST_KEY: PadKeyPlace = { master: 0, work: 0 };

export class SimulatedKeyPad implements Device, PinPad, PadKeys, PadMac, MacAbility, NewPinPad {
  readonly name = "simulated pad with keys";
  readonly #options: SimulatedKeyPadOptions;
  readonly #algorithm: KeyAlgorithm;
  readonly #works = new Map<string, Bytes>();
  #master: Bytes | undefined;
  #present = true;
  #closed = false;
  #givesCheckValues = true;

  constructor(options: SimulatedKeyPadOptions) {
    this.#options = options;
    this.#algorithm = options.algorithm ?? "3des";
    this.#master = fromHex(options.masterKeyHex);
  }

  get macs(): PadMac {
    return this;
  }

  get keyCiphers(): readonly KeyAlgorithm[] {
    return [this.#algorithm];
  }

  /** Unplugs the pad, or plugs it in again: it keeps its keys. */
  setPresent(present: boolean): void {
    this.#present = present;
  }

  /** A pad of another terminal in its place: another master key, and no working key. */
  replaceMaster(masterKeyHex: string): void {
    this.#master = fromHex(masterKeyHex);
    this.#works.clear();
  }

  /** Whether it tells check values of the keys that it is given. */
  setCheckValues(gives: boolean): void {
    this.#givesCheckValues = gives;
  }

  async health(): Promise<DeviceHealth> {
    return this.#present ? { kind: "well" } : { kind: "away" };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async loadWorkKey({ place, algorithm, wrapped }: Parameters<PadKeys["loadWorkKey"]>[0]): Promise<CheckValue | undefined> {
    this.#demandPresent();
    const lengths = this.#algorithm === "sm4" ? [2 * BLOCK] : [BLOCK, 2 * BLOCK];
    if (algorithm !== this.#algorithm || !lengths.includes(wrapped.length))
      throw refused(`this pad takes ${this.#algorithm} keys of ${lengths.join(" or ")} bytes`);
    if (this.#master === undefined || place.master !== 0) throw new Fault("key-missing", "no such master key", { effectUnknown: false });
    const { suite } = this.#options;
    const handle = suite.secretKey(this.#master);
    const key = algorithm === "sm4" ? suite.sm4Decrypt(handle, wrapped) : suite.tdesDecrypt(handle, wrapped);
    this.#works.set(nameOf(place), key);
    return this.#givesCheckValues ? this.#checkValue(key) : undefined;
  }

  /** Nobody types at this pad. */
  enterMasterKey(): Promise<void> {
    return Promise.reject(refused("master keys are injected"));
  }

  async wipeKeys(): Promise<void> {
    this.#demandPresent();
    this.#master = undefined;
    this.#works.clear();
  }

  async requestPinBlock(request: Parameters<PinPad["requestPinBlock"]>[0], limits: Limits): Promise<PinBlockOutcome> {
    this.#demandPresent();
    const key = this.#key(this.#options.pinKey ?? FIRST_KEY);
    const { clock, holder, keyingMs = KEYING_MS, entryTimeoutMs = ENTRY_TIMEOUT_MS } = this.#options;
    const act = holder.next();
    const spentMs = act.kind === "walks-away" ? entryTimeoutMs : keyingMs;
    await withDeadline(clock.sleep(spentMs, limits.signal), { ...limits, clock, what: "PIN entry", effectUnknown: false });
    if (act.kind === "walks-away") return { kind: "timed-out" };
    if (act.kind !== "enters" || act.digits.length < request.minDigits || act.digits.length > request.maxDigits) return { kind: "cancelled" };
    return {
      kind: "entered",
      block: this.#encipher(key, clearPinBlock(act.digits, request.accountTail, blockBytes(this.#algorithm))),
      keyCheckValue: this.#checkValue(key),
    };
  }

  async requestNewPinBlock(request: Parameters<NewPinPad["requestNewPinBlock"]>[0], limits: Limits): ReturnType<NewPinPad["requestNewPinBlock"]> {
    const first = await this.requestPinBlock(request, limits);
    if (first.kind !== "entered") return first;
    const second = await this.requestPinBlock(request, limits);
    if (second.kind !== "entered") return second;
    return toHex(first.block) === toHex(second.block) ? second : { kind: "entries-differ" };
  }

  async mac({ place, method, data }: Parameters<PadMac["mac"]>[0]): Promise<Bytes> {
    this.#demandPresent();
    const key = this.#key(place);
    if ((method === "sm4-unionpay") !== (this.#algorithm === "sm4")) throw refused("the pad's keys are of another cipher");
    const block = blockBytes(this.#algorithm);
    const blocks = zeroExtend(data, Math.ceil(data.length / block) * block);
    if (method === "sm4-unionpay") return this.#dialect(key, blocks);
    if (method === "unionpay") return this.#dialect(key, blocks);
    if (method === "x9.9") return this.#chain(key, blocks);
    if (method !== "x9.19") throw refused("this pad makes no MAC with SM4");
    const before = blocks.slice(0, -BLOCK);
    const link = before.length === 0 ? new Uint8Array(BLOCK) : this.#chain(key.slice(0, BLOCK), before);
    return this.#encipher(key, xorBytes(link, blocks.slice(-BLOCK)));
  }

  #chain(key: Bytes, data: Bytes): Bytes {
    return cbcLastBlock(this.#options.suite, "3des", { key, iv: new Uint8Array(BLOCK), data });
  }

  #dialect(key: Bytes, blocks: Bytes): Bytes {
    const block = blockBytes(this.#algorithm);
    let sum: Bytes = new Uint8Array(block);
    for (let at = 0; at < blocks.length; at += block) sum = xorBytes(sum, blocks.slice(at, at + block));
    const text = upperHex(sum);
    return upperHex(this.#encipher(key, xorBytes(this.#encipher(key, text.slice(0, block)), text.slice(block)))).slice(0, BLOCK);
  }

  #encipher(key: Bytes, blocks: Bytes): Bytes {
    return encryptBlocks(this.#options.suite, this.#algorithm, key, blocks);
  }

  /** First bytes of the encryption of zeros: 4, and 8 with SM4. */
  #checkValue(key: Bytes): Bytes {
    return this.#encipher(key, new Uint8Array(blockBytes(this.#algorithm))).slice(0, blockBytes(this.#algorithm) / 2);
  }

  #key(place: PadKeyPlace): Bytes {
    const key = this.#works.get(nameOf(place));
    if (key === undefined) throw new Fault("key-missing", "no working key lies there", { effectUnknown: false });
    return key;
  }

  #demandPresent(): void {
    if (this.#closed) throw new Fault("closed", "the pad is closed", { effectUnknown: false });
    if (!this.#present) throw new Fault("pad-gone", "the pad is gone", { effectUnknown: false });
  }
}

function nameOf({ master, work }: PadKeyPlace): string {
  return `${master}/${work}`;
}

function refused(why: string): Fault {
  return new Fault("pad-refused", why, { effectUnknown: false });
}

function upperHex(bytes: Bytes): Bytes {
  return utf8(toHex(bytes).toUpperCase());
}
