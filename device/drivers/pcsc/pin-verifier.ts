/* The card's PIN through a reader with its own keypad: the digits go from the keys to the card and never come here. */
import { assert } from "../../base/assert.ts";
import { EMPTY } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel, PinOutcome, PinTemplate, PinVerifier } from "../ports.ts";
import { DEFAULT_SPE_PROFILE, GET_FEATURE_REQUEST, pinOutcome, pinVerifyStructure, type SpeProfile, verifyPinCode } from "./part10.ts";
import { isControlChannel } from "./reader.ts";

export interface PinVerifierOptions {
  /** How many digits a PIN has here; the reader cannot leave it to the holder. */
  readonly digits: number;
  /** Left out: as most readers do it. */
  readonly profile?: SpeProfile;
}

/** The reader gives up this much before we do, so that its own answer comes, and not our deadline. */
const READER_MARGIN_MS = 2_000;
const READER_SECONDS_MAX = 0xff;

export class PcscPinVerifier implements PinVerifier {
  readonly #digits: number;
  readonly #profile: SpeProfile;

  constructor(options: PinVerifierOptions) {
    this.#digits = options.digits;
    this.#profile = options.profile ?? DEFAULT_SPE_PROFILE;
  }

  async verifyOnCard(channel: CardChannel, template: PinTemplate, limits: Limits): Promise<PinOutcome> {
    assert(isControlChannel(channel), "the PIN is verified on a card in a PC/SC reader");
    assert(this.#digits >= template.minDigits && this.#digits <= template.maxDigits, "the fixed number of digits suits the card");
    const code = verifyPinCode(await channel.control(GET_FEATURE_REQUEST, EMPTY, limits));
    if (code === undefined) throw new Fault("reader-refused", "the reader has no PIN entry of its own", { effectUnknown: false });
    const seconds = Math.floor((limits.timeoutMs - READER_MARGIN_MS) / 1_000);
    const entry = { template, digits: this.#digits, timeoutSeconds: Math.min(READER_SECONDS_MAX, Math.max(1, seconds)), profile: this.#profile };
    const outcome = pinOutcome(await channel.control(code, pinVerifyStructure(entry), limits));
    if (outcome === undefined) throw new Fault("card-answer-malformed", "the reader's answer to PIN entry is no status word", { effectUnknown: true });
    return outcome;
  }
}
