/*
 * What the device needs from the things around the card: pads that keep keys, scanners, printers, displays, signals and gates.
 * The same rules as in ports.ts: adapters implement these and know nothing of cards, flows or sync; each port has one exported contract
 * suite in contract/; an ability that only some hardware has is an interface of its own. Every device heals by itself: after its loss each
 * call tries again from the beginning, and nobody has to restart anything.
 */
import type { Bytes } from "../base/bytes.ts";
import type { Fen } from "../base/fen.ts";
import type { Limits } from "../base/ports.ts";

/** What a device says of itself; "degraded" works, but somebody should look (a battery, a paper roll). */
export type DeviceHealth =
  | { readonly kind: "well" }
  | { readonly kind: "degraded"; readonly why: string }
  | { readonly kind: "away" }
  | { readonly kind: "broken"; readonly why: string };

/** Every device can be asked how it is, without any effect on what it does. */
export interface Device {
  /** For people; never used to decide anything. */
  readonly name: string;
  health(limits: Limits): Promise<DeviceHealth>;
  close(): Promise<void>;
}

// ---- codes

/** One scanned code as the scanner gave it. It may be a bearer credential: it enters no log. */
export interface ScannedCode {
  /** Data without symbology mark and line end, at most 4,096 bytes. */
  readonly data: Bytes;
  /** AIM identifier, for example "]Q1", where the scanner tells it. */
  readonly symbology?: string;
}

/** Codes scanned from the moment of opening: what was scanned before belongs to somebody else. At most 64 wait; later ones are dropped. */
export interface ScanSession {
  /** Resolves with the next code. Faults: "timeout", "cancelled", "closed". A scanner that is away is waited for. */
  next(limits: Limits): Promise<ScannedCode>;
  close(): void;
}

export interface Scanner extends Device {
  /** One session at a time; opening another ends the first. */
  openSession(): ScanSession;
}

// ---- amounts

/** What an amount at a keypad may be, and how it is typed. */
export interface AmountWish {
  /** "yuan": 12.5 is twelve yuan fifty. "fen": digits come in from the right, 1250 is twelve yuan fifty. */
  readonly typed: "yuan" | "fen";
  /** A key that would make more of it is not taken. */
  readonly amountMax: Fen;
  /** Told what is typed so far, whenever it changes. It never throws. */
  readonly onTyped?: (amount: Fen) => void;
}

export type TypedAmount = { readonly kind: "entered"; readonly amount: Fen } | { readonly kind: "cancelled" };

/** A keypad at which the counter types amounts. */
export interface AmountKeypad extends Device {
  /**
   * Reads one amount, which is never zero, from the keys that are pressed from now on; keys of before belong to nobody. `limits.timeoutMs` is the
   * longest wait for the next key. What was typed when the keypad went away is dropped, because a key may be missing in it.
   * Faults: "timeout", "cancelled", "closed", "device-refused" (somebody reads already). A keypad that is away is waited for.
   */
  readAmount(wish: AmountWish, limits: Limits): Promise<TypedAmount>;
}

// ---- paper

export type PrintLine =
  | {
      readonly kind: "text";
      /** Chinese text; what the printer's character set lacks is replaced, never a reason to fail. */
      readonly text: string;
      readonly align?: "left" | "center" | "right";
      readonly bold?: boolean;
      /** 1 or 2; both directions. */
      readonly scale?: 1 | 2;
    }
  /** Text at both margins on one line. */
  | { readonly kind: "columns"; readonly left: string; readonly right: string }
  | { readonly kind: "rule" }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "cut" };

export type PrinterState = "ready" | "paper-low" | "paper-end" | "cover-open" | "offline" | "error" | "unknown";

/** "unknown": the printer went away while it printed; the slip may be there or not. */
export type PrintOutcome = { readonly kind: "printed" } | { readonly kind: "not-ready"; readonly state: PrinterState } | { readonly kind: "unknown" };

export interface Printer extends Device {
  state(limits: Limits): Promise<PrinterState>;
  /** Prints one slip, at most 500 lines. Faults: "timeout", "cancelled", "closed". */
  print(slip: readonly PrintLine[], limits: Limits): Promise<PrintOutcome>;
}

// ---- light and sound

/** "balance": what is left on a purse. */
export type DisplayedAmount = "price" | "total" | "received" | "change" | "balance";

/** The customer's display: an amount with its meaning, or nothing. Faults: "device-gone", "timeout". */
export interface CustomerDisplay extends Device {
  show(what: DisplayedAmount, amount: Fen, limits: Limits): Promise<void>;
  clear(limits: Limits): Promise<void>;
}

/** What a holder is told without words. */
export type Signal = "idle" | "working" | "accepted" | "refused" | "present-again";

/** Light and sound at the reader. Signals are advice: one that cannot be given is no reason to stop a sale. */
export interface SignalLamp extends Device {
  signal(signal: Signal, limits: Limits): Promise<void>;
}

// ---- passage

export type PassageDirection = "entry" | "exit";

/** "timeout": nobody passed and the gate is closed again. "reversed": somebody went in and came back. "fault": the gate says it cannot. */
export type Passage = "passed" | "timeout" | "reversed" | "fault";

export interface Gate extends Device {
  /**
   * Opens for one passage and resolves when it is over. `passageTimeoutMs` bounds the passage; `limits` bounds the gate's own answers.
   * A gate that cannot report passages is never called passed: it resolves with "timeout" after its pulse and says so in `reportsPassage`.
   * A second call while one runs is refused with "device-refused" and not kept: it would open the gate at a time that nobody chose.
   * Where the line was lost or the caller left in the middle, the gate is shut as soon as it can be reached again. Closed in the middle, it
   * is told to shut before its line goes, where it can be told so.
   * Faults: "device-gone" (no effect, or unknown when the command was on its way), "timeout" (effect unknown), "cancelled", "closed", "device-refused".
   */
  open(direction: PassageDirection, passage: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage>;
  readonly reportsPassage: boolean;
  /** Where this gate's hardware sees the fire loop; absent where it does not. */
  readonly fire?: FireInput;
}

/**
 * The fire loop of a building, where a driver can see it. The loop opens the locks by itself, whatever a driver knows: this tells the service,
 * which charges nobody and says so.
 */
export interface FireInput {
  /** Whether the loop is open, which is a fire. Faults: those of its device. */
  fire(limits: Limits): Promise<boolean>;
}

// ---- pads

export type PadAlgorithm = "3des" | "sm4";

/** A key of the pad by its places: the master key that protects, the working key that works. */
export interface PadKeyPlace {
  readonly master: number;
  readonly work: number;
}

/** First bytes of an encryption of zeros; compared as a prefix, at least 3 bytes. */
export type CheckValue = Bytes;

/** Keys of a pad that takes wrapped working keys. No method takes or gives a key in the clear. */
export interface PadKeys {
  /**
   * Loads a working key that is encrypted under a master key (8, 16 or 24 bytes). Resolves with the pad's check value, or with none where it
   * gives none. Faults: "pad-refused", "key-missing" (no such master key), "device-gone", "timeout".
   */
  loadWorkKey(
    key: {
      readonly place: PadKeyPlace;
      readonly algorithm: PadAlgorithm;
      readonly wrapped: Bytes;
      /** What came with the key: a pad that gives no check value itself tells by this one which key made a PIN block. */
      readonly checkValue?: CheckValue;
    },
    limits: Limits,
  ): Promise<CheckValue | undefined>;
  /** Has two or more persons type a master key's components at the keypad. Faults: as above. */
  enterMasterKey(place: { readonly master: number }, limits: Limits): Promise<void>;
  /** Forgets all keys. */
  wipeKeys(limits: Limits): Promise<void>;
}

/** A master key in the clear: test profiles only; production configurations have no such port. */
export interface PadTestKeys {
  loadMasterKey(key: { readonly master: number; readonly algorithm: PadAlgorithm; readonly clear: Bytes }, limits: Limits): Promise<CheckValue | undefined>;
}

export type PadMacMethod = "x9.9" | "x9.19" | "unionpay" | "sm4-cbc" | "sm4-unionpay";

/** Message authentication with a working key. */
export interface PadMac {
  /**
   * 8-byte MAC over 1 to 1,024 bytes, filled with zeros to whole blocks. "x9.9": a chain under the whole key. "x9.19": a chain under its left half, the
   * last block under both. "unionpay": eight digits of text. Faults: "key-missing", "pad-refused" (the pad does not make this one with this key),
   * "pad-gone", "timeout". "sm4-unionpay": the steps of "unionpay" with blocks of sixteen bytes and SM4; "sm4-cbc": at most 240 bytes, cut to eight.
   */
  mac(request: { readonly place: PadKeyPlace; readonly method: PadMacMethod; readonly data: Bytes }, limits: Limits): Promise<Bytes>;
}

/** What a pad may be able to do besides: absent where it makes no MACs, or nobody knows how it is told to. */
export interface MacAbility {
  readonly macs?: PadMac;
  /** Ciphers in which this pad, as it is set, takes keys, makes MACs and PIN blocks; left out: 3DES alone. */
  readonly keyCiphers?: readonly PadAlgorithm[];
}

/** A PIN that is chosen: entered twice, given out as one encrypted block. */
export interface NewPinPad {
  requestNewPinBlock(
    request: { readonly accountTail: Bytes; readonly minDigits: number; readonly maxDigits: number },
    limits: Limits,
  ): Promise<
    { readonly kind: "entered"; readonly block: Bytes; readonly keyCheckValue: Bytes } | { readonly kind: "cancelled" | "timed-out" | "entries-differ" }
  >;
}
