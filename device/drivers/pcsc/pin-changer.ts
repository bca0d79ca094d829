/* A change of the card's PIN through a reader with its own keypad: old and new digits go from the keys to the card and never come here. */
import { assert } from "../../base/assert.ts";
import { EMPTY } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel, PinChangeOutcome, PinChanger, PinChangeTemplate } from "../ports.ts";
import { DEFAULT_SPE_PROFILE, GET_FEATURE_REQUEST, type SpeProfile } from "./part10.ts";
import { modifyPinCode, pinChangeOutcome, pinModifyStructure } from "./part10-modify.ts";
import type { PinVerifierOptions } from "./pin-verifier.ts";
import { isControlChannel } from "./reader.ts";

/** The reader gives up this much before we do, so that its own answer comes, and not our deadline. */
const READER_MARGIN_MS = 2_000;
const READER_SECONDS_MAX = 0xff;
/** The reader's own time runs for each of the three entries. */
const ENTRIES = 3;

export class PcscPinChanger implements PinChanger {
  readonly #digits: number;
  readonly #profile: SpeProfile;

  constructor(options: PinVerifierOptions) {
    this.#digits = options.digits;
    this.#profile = options.profile ?? DEFAULT_SPE_PROFILE;
  }

  async changeOnCard(channel: CardChannel, template: PinChangeTemplate, limits: Limits): Promise<PinChangeOutcome> {
    assert(isControlChannel(channel), "the PIN is changed on a card in a PC/SC reader");
    assert(this.#digits >= template.minDigits && this.#digits <= template.maxDigits, "the fixed number of digits suits the card");
    const code = modifyPinCode(await channel.control(GET_FEATURE_REQUEST, EMPTY, limits));
    if (code === undefined) throw new Fault("reader-refused", "the reader cannot change a PIN by itself", { effectUnknown: false });
    const seconds = Math.floor((limits.timeoutMs - READER_MARGIN_MS) / (1_000 * ENTRIES));
    const entry = { template, digits: this.#digits, timeoutSeconds: Math.min(READER_SECONDS_MAX, Math.max(1, seconds)), profile: this.#profile };
    const outcome = pinChangeOutcome(await channel.control(code, pinModifyStructure(entry), limits), this.#profile);
    if (outcome === undefined)
      throw new Fault("card-answer-malformed", "the reader's answer to the change of a PIN is no status word", { effectUnknown: true });
    return outcome;
  }
}
