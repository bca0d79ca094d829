/* A reader with its own keypad that changes the card's PIN: it takes old and new digits and presents both, so the terminal never sees them. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, readUint, u8 } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { CardChannel, PinChangeOutcome, PinChanger, PinChangeTemplate } from "../../device/drivers/ports.ts";

/** What the holder does when asked to change the PIN; `again` is the second entry of the new one, the same when absent. */
export type PinChangeAct =
  | { readonly kind: "changes"; readonly old: string; readonly next: string; readonly again?: string }
  | { readonly kind: "cancels" }
  /** Does nothing until the device gives up. */
  | { readonly kind: "walks-away" };

export interface SimulatedPinChangerOptions {
  readonly clock: Clock;
  /** Acts in their order; the last one repeats. */
  readonly acts: readonly PinChangeAct[];
  /** The PIN that cards are issued with, where the keypad knows it and refuses to set it again. */
  readonly initialPin?: string;
  /** Time that the holder takes for all three entries, or to cancel. */
  readonly keyingMs?: number;
}

const KEYING_MS = 9_000;
const ENTRY_TIMEOUT_MS = 60_000;
/** Time kept back from the caller's limit for the card's own answer. */
const CARD_MARGIN_MS = 1_000;

function outcomeOf(answer: Bytes): PinChangeOutcome {
  if (answer.length < 2) throw new Fault("card-answer-malformed", "CHANGE PIN was answered by less than a status word", { effectUnknown: true });
  const statusWord = readUint(answer, answer.length - 2, 2);
  if (statusWord === 0x9000) return { kind: "verified" };
  if (statusWord === 0x6983 || statusWord === 0x63c0) return { kind: "locked" };
  if ((statusWord & 0xfff0) === 0x63c0) return { kind: "wrong", triesLeft: statusWord & 0x0f };
  return { kind: "refused", statusWord };
}

function coded(digits: string): Bytes {
  return fromHex(digits.length % 2 === 0 ? digits : `${digits}f`);
}

export class SimulatedPinChanger implements PinChanger {
  readonly #options: SimulatedPinChangerOptions;
  #asked = 0;

  constructor(options: SimulatedPinChangerOptions) {
    this.#options = options;
  }

  /** How often the holder was asked. */
  get asked(): number {
    return this.#asked;
  }

  async changeOnCard(channel: CardChannel, template: PinChangeTemplate, limits: Limits): Promise<PinChangeOutcome> {
    assert(template.minDigits >= 2 && template.maxDigits <= 16 && template.minDigits <= template.maxDigits, "the length bounds make sense");
    const { clock, acts } = this.#options;
    const act = acts[Math.min(this.#asked, acts.length - 1)] ?? { kind: "walks-away" };
    this.#asked += 1;
    const entryLimitMs = Math.min(ENTRY_TIMEOUT_MS, Math.max(0, limits.timeoutMs - CARD_MARGIN_MS));
    const keyingMs = this.#options.keyingMs ?? KEYING_MS;
    const idle = act.kind === "walks-away" || keyingMs > entryLimitMs;
    const spentMs = idle ? entryLimitMs : keyingMs;
    await withDeadline(clock.sleep(spentMs, limits.signal), { ...limits, clock, what: "change of the PIN", effectUnknown: false });
    if (idle) return { kind: "timed-out" };
    if (act.kind === "changes" && act.next === this.#options.initialPin) return { kind: "initial-pin-again" };
    return present(act, { channel, template, limits: { ...limits, timeoutMs: limits.timeoutMs - spentMs } });
  }
}

/** Digits outside the length bounds cannot be confirmed on the keypad, so the holder gives up; two new entries that differ never reach the card. */
async function present(
  act: PinChangeAct,
  to: { readonly channel: CardChannel; readonly template: PinChangeTemplate; readonly limits: Limits },
): Promise<PinChangeOutcome> {
  const { channel, template, limits } = to;
  const fits = (digits: string) => digits.length >= template.minDigits && digits.length <= template.maxDigits;
  if (act.kind !== "changes" || !fits(act.old) || !fits(act.next)) return { kind: "cancelled" };
  if (act.again !== undefined && act.again !== act.next) return { kind: "entries-differ" };
  const data = concat(coded(act.old), template.separator, coded(act.next));
  return outcomeOf(await channel.transmit(concat(template.header, u8(data.length), data), limits));
}
