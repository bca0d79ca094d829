/* A reader with its own keypad: it takes the digits and presents them to the card, so the terminal never sees them. */

import { assert } from "../../device/base/assert.ts";
import type { Bytes } from "../../device/base/bytes.ts";
import { equalBytes } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CardChannel, PinOutcome, PinTemplate, PinVerifier } from "../../device/drivers/ports.ts";
import type { HolderAct, ScriptedHolder } from "./holder.ts";
import { verifyCommand } from "./verify-command.ts";

export interface SimulatedPinVerifierOptions {
  readonly clock: Clock;
  readonly holder: ScriptedHolder;
  /** Time that the holder takes to enter or cancel. */
  readonly keyingMs?: number;
  /** The keypad gives up after this time of its own. */
  readonly entryTimeoutMs?: number;
}

const VERIFY_HEADER = Uint8Array.of(0x00, 0x20, 0x00, 0x00);
const KEYING_MS = 3_000;
const ENTRY_TIMEOUT_MS = 30_000;
/** Time kept back from the caller's limit for the card's own answer. */
const CARD_MARGIN_MS = 1_000;

function outcomeOf(answer: Bytes): PinOutcome {
  if (answer.length < 2) throw new Fault("card-answer-malformed", "VERIFY was answered by less than a status word", { effectUnknown: true });
  const statusWord = (answer[answer.length - 2] ?? 0) * 256 + (answer[answer.length - 1] ?? 0);
  if (statusWord === 0x9000) return { kind: "verified" };
  // The card counts tries in the low nibble; none left is the same as locked. Spec: ISO/IEC 7816-4, status 63Cx.
  if (statusWord === 0x6983 || statusWord === 0x63c0) return { kind: "locked" };
  if ((statusWord & 0xfff0) === 0x63c0) return { kind: "wrong", triesLeft: statusWord & 0x0f };
  return { kind: "refused", statusWord };
}

export class SimulatedPinVerifier implements PinVerifier {
  readonly #options: SimulatedPinVerifierOptions;

  constructor(options: SimulatedPinVerifierOptions) {
    this.#options = options;
  }

  async verifyOnCard(channel: CardChannel, template: PinTemplate, limits: Limits): Promise<PinOutcome> {
    assert(equalBytes(template.header, VERIFY_HEADER), "this keypad presents a PIN by VERIFY only");
    assert(template.minDigits >= 2 && template.maxDigits <= 16 && template.minDigits <= template.maxDigits, "the length bounds make sense");
    const { clock, holder } = this.#options;
    const act = holder.next();
    const entryLimitMs = Math.min(this.#options.entryTimeoutMs ?? ENTRY_TIMEOUT_MS, Math.max(0, limits.timeoutMs - CARD_MARGIN_MS));
    const keyingMs = this.#options.keyingMs ?? KEYING_MS;
    const idle = act.kind === "walks-away" || keyingMs > entryLimitMs;
    const spentMs = idle ? entryLimitMs : keyingMs;
    await withDeadline(clock.sleep(spentMs, limits.signal), { ...limits, clock, what: "PIN entry", effectUnknown: false });
    if (idle) return { kind: "timed-out" };
    return this.#present(act, { channel, template, limits: { ...limits, timeoutMs: limits.timeoutMs - spentMs } });
  }

  /** Digits outside the length bounds cannot be confirmed on the keypad, so the holder gives up. */
  async #present(act: HolderAct, to: { readonly channel: CardChannel; readonly template: PinTemplate; readonly limits: Limits }): Promise<PinOutcome> {
    const { channel, template, limits } = to;
    if (act.kind !== "enters" || act.digits.length < template.minDigits || act.digits.length > template.maxDigits) return { kind: "cancelled" };
    return outcomeOf(await channel.transmit(verifyCommand(template.header, act.digits), limits));
  }
}
