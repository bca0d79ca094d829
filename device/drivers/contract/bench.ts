/*
 * What a bench must be able to do so that one suite serves simulators, the real PC/SC stack and metal. A bench is made anew for each
 * test. What only some benches can do is optional; a test that needs it is skipped where it is missing, never passed.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { AmountKeypad, CustomerDisplay, DisplayedAmount, Gate, PassageDirection, Printer, Scanner } from "../peripherals.ts";
import type { CardChannel, CardReader, PinPad, PinTemplate, PinVerifier, Psam, PsamPurchase, PurchaseInitialization } from "../ports.ts";

export interface Bench {
  /** Runs work to its end: in virtual time, or simply by waiting. */
  run<Value>(work: Promise<Value>): Promise<Value>;
  /** Releases everything; the bench is not used again. */
  close(): Promise<void>;
}

/** A reader and a hand that puts cards in and takes them out. */
export interface CardBench extends Bench {
  readonly reader: CardReader;
  /** A command that the card answers with a status word and without any effect; it needs no selection. */
  readonly harmlessCommand: Bytes;
  /** Puts the card in; it is taken out at first. Resolves when the reader could have noticed. */
  insert(): Promise<void>;
  remove(): Promise<void>;
  /** The next command never gets an answer until the card is removed. */
  hangNextCommand?(): Promise<void>;
  /** The card leaves while the next command is under way. */
  tearNextCommand?(): Promise<void>;
  /** A card without an answer to reset is put in instead of the usual one. */
  insertMute?(): Promise<void>;
  /** The reader goes away and comes back. */
  loseReader?(): Promise<void>;
  restoreReader?(): Promise<void>;
}

export interface PsamBench extends Bench {
  readonly psam: Psam;
  /** A purchase that the module has a key for. */
  readonly purchase: PurchaseInitialization;
  /** The MAC2 that the card of `purchase` gives for this sequence and MAC1; left out where the bench has no card. */
  cardMac2?(held: PsamPurchase): Promise<Bytes>;
  /** Takes the module's power away and gives it back. */
  resetModule?(): Promise<void>;
}

/** What the person in front of the keypad does. */
export type HolderPlan = "right" | "wrong" | "cancel" | "nothing";

export interface PinVerifierBench extends Bench {
  readonly verifier: PinVerifier;
  readonly template: PinTemplate;
  /** Long enough for the keypad to give up by itself. */
  readonly entryLimits: Limits;
  /** Makes the holder act by this list. The card has three tries. */
  plan(acts: readonly HolderPlan[]): void;
  /** A dialogue with the card, whose PIN application is selected. */
  channel(): Promise<CardChannel>;
  removeCard(): Promise<void>;
}

export interface PinPadBench extends Bench {
  readonly pad: PinPad;
  readonly entryLimits: Limits;
  plan(acts: readonly HolderPlan[]): void;
  /** Whether an entered block is the one for the right PIN, checked by somebody who holds the pad's test key. */
  isRightBlock(block: Bytes): boolean;
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

/** What the person in front of the open gate does. */
export type WalkerPlan = "passes" | "stays" | "turns-back";

export interface GateBench extends Bench {
  readonly gate: Gate;
  readonly clock: Clock;
  /** Longer than it takes anybody to pass, and than the gate's own time where it has one. */
  readonly passageTimeoutMs: number;
  /** For the gate's own answers. */
  readonly answerLimits: Limits;
  /** Whether the gate tells somebody who came back from nobody at all. */
  readonly tellsReversal: boolean;
  /** The board has no word that shuts it; it does so by itself when its time is over. */
  readonly locksByItself?: true;
  plan(walk: WalkerPlan): void;
  /** Directions that the gate itself was opened in so far. */
  opened(): readonly PassageDirection[];
  /** Whether the gate itself lets somebody through just now. */
  isOpen(): boolean;
  /** The gate says that it cannot, once. */
  refuseNext?(): void;
  /** Somebody passes although nobody opened: a direction that is free. */
  passFreely?(direction: PassageDirection): void;
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

/** What befalls a printer, and how it is put right. */
export type PrinterMishap = "paper-low" | "paper-end" | "cover-open" | "offline" | "error" | "deaf" | "slow" | "noisy";

export interface PrinterBench extends Bench {
  readonly printer: Printer;
  readonly clock: Clock;
  /** What stands on the paper: a line for each printed line, "[code …]" for a square code, "[cut]". */
  lines(): readonly string[];
  /** What the printer did not understand. */
  mistakes(): readonly string[];
  befall?(mishap: PrinterMishap): void;
  /** The paper ends behind so many more lines. */
  endPaperAfter?(lines: number): void;
  /** Everything is right again. */
  repair?(): void;
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

export interface DisplayBench extends Bench {
  readonly display: CustomerDisplay;
  readonly clock: Clock;
  /** What a customer reads, and which lamp is lit. */
  shown(): { readonly text: string; readonly lamp: DisplayedAmount | "off" };
  mistakes(): readonly string[];
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

export interface ScannerBench extends Bench {
  readonly scanner: Scanner;
  readonly clock: Clock;
  /** Symbology that each scanned code has, where the scanner tells it. */
  readonly symbology: string | undefined;
  /** Somebody holds a code before the window; it is heard a moment later. */
  scan(code: Bytes): void;
  /** A scan that is broken off in the middle. */
  scanHalf?(code: Bytes): void;
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

export interface KeypadBench extends Bench {
  readonly keypad: AmountKeypad;
  readonly clock: Clock;
  /** Somebody presses these keys, with a space between: digits, ".", "back", "esc", "enter". They are heard a moment later. */
  press(keys: string): void;
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}

export function limits(timeoutMs: number): Limits {
  return { timeoutMs, signal: new AbortController().signal };
}
