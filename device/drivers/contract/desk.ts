/*
 * What a suite asks of a bench at least: as much as a desk with metal and a hand can give. A bench that looks into a simulated device gives more
 * and needs no hand. What is left out skips the cases that need it.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { PassageDirection } from "../peripherals.ts";
import type { CardBench, DisplayBench, GateBench, KeypadBench, PinVerifierBench, PrinterBench, PrinterMishap, ScannerBench, WalkerPlan } from "./bench.ts";

/** What this bench may leave out. */
type Without<Bench, Sight extends keyof Bench> = Omit<Bench, Sight> & Partial<Pick<Bench, Sight>>;

/** How much longer a hand takes than a machine; left out: no longer. */
interface Handed {
  readonly handMs?: number;
}

export type CardDesk = CardBench & Handed;

/** A card that has to be usable for good is not locked. */
export type PinVerifierDesk = PinVerifierBench & { readonly keepsCard?: true };

export type GateDesk = Omit<Without<GateBench, "opened" | "isOpen">, "plan"> & {
  plan(walk: WalkerPlan, direction?: PassageDirection): void;
  /** Somebody looks at the gate; of use where nothing else tells that it is open. */
  seesOpen?(): Promise<boolean>;
};

export type PrinterDesk = Omit<Without<PrinterBench, "lines" | "mistakes">, "befall" | "repair"> & {
  befall?(mishap: PrinterMishap): void | Promise<void>;
  /** Which mishaps can be brought about; left out: all of them. */
  readonly befalls?: readonly PrinterMishap[];
  repair?(): void | Promise<void>;
  /** Somebody looks whether these lines are among the last on the paper, each whole. */
  seesPaper?(lines: readonly string[]): Promise<boolean>;
};

export type DisplayDesk = Without<DisplayBench, "shown" | "mistakes"> & {
  /** Somebody looks whether this is shown. */
  seesShown?(wanted: ReturnType<DisplayBench["shown"]>): Promise<boolean>;
};

export type KeypadDesk = Omit<KeypadBench, "press"> & Handed & { press(keys: string): void | Promise<void> };

export type ScannerDesk = Omit<ScannerBench, "scan"> &
  Handed & {
    scan(code: Bytes): void | Promise<void>;
    /** Codes that can be shown to the scanner, at least two; left out: any code, as quickly as one likes. */
    readonly codes?: readonly Bytes[];
  };
