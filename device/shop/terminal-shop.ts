/* The shop of one terminal: its acts, and the sales at its keypad where it has one. */
import type { Fen } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import { notPaidSlip } from "../txn/receipts/not-paid.ts";
import { printSlip } from "../txn/receipts/print.ts";
import { DEFAULT_REFUND_RULES, type RefundRules } from "../txn/shop/refunds.ts";
import { openShop, type ShopActs } from "./acts.ts";
import { type KeypadSaleParts, type KeypadSaleSettings, type KeypadSales, openKeypadSales } from "./keypad-sale.ts";

/** What is decided by configuration. */
export interface ShopSettings {
  readonly refunds: RefundRules;
  /** Absent: nothing is sold at a keypad. */
  readonly keypad?: KeypadSaleSettings;
  /** What people are told of a reason; left out: the reason alone. */
  readonly words?: KeypadSaleParts["words"];
}

export interface TerminalShopParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: TerminalJournal;
  readonly devices: Pick<Devices, "printer" | "keypad" | "display">;
  /** Left out: refunds by the usual rules, and no keypad. */
  readonly settings: ShopSettings | undefined;
  readonly unverifiedAmountFen: Fen;
  readonly institution: string;
  readonly quickPayment: KeypadSaleParts["quickPayment"];
  /** Told before nothing is left of a sale, and what it gives is called where nothing went back. */
  readonly onReturned?: (sale: string) => (() => void) | undefined;
}

export interface TerminalShop {
  readonly acts: ShopActs;
  start(): void;
  stop(): Promise<void>;
}

export function openTerminalShop(parts: TerminalShopParts): TerminalShop {
  const { journal, institution, settings } = parts;
  const acts = openShop({ ...parts, rules: settings?.refunds ?? DEFAULT_REFUND_RULES, place: { institution, terminal: journal.terminalId } });
  const keypad = keypadSales(parts, acts);
  return {
    acts,
    start: () => keypad?.start(),
    stop: async () => {
      await keypad?.stop();
    },
  };
}

function keypadSales({ clock, log, journal, devices, settings, quickPayment }: TerminalShopParts, shop: ShopActs): KeypadSales | undefined {
  const { keypad, display, printer } = devices;
  if (settings?.keypad === undefined) return undefined;
  if (keypad === undefined) {
    log.warn("keypad-not-configured", {});
    return undefined;
  }
  const shown = display === undefined ? {} : { display };
  const { words } = settings;
  const told: Pick<KeypadSaleParts, "tellNotPaid" | "words"> = {
    ...(words === undefined ? {} : { words }),
    ...(printer === undefined ? {} : { tellNotPaid: (why, limits) => printSlip(printer, notPaidSlip(why), limits) }),
  };
  return openKeypadSales({ clock, log, boot: journal.boot, keypad, settings: settings.keypad, quickPayment, shop, ...shown, ...told });
}
