/*
 * Offline data authentication with a delayed charge (脱机数据认证, 延迟扣款): the gate believes the card's signature and opens, the bank is asked
 * for the money later. The place carries the risk of the first ride, so that nothing of it happens unless its profile says so.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";

export interface DelayedChargeProfile {
  /** "off": bank cards are not taken this way. */
  readonly odaDelayedCharge: "off" | "on";
  /** A card that this terminal has never charged before: "refuse" sends its holder online first, "accept" lets it ride up to a limit. */
  readonly firstUse: "refuse" | "accept";
  /** Most that the first ride of a card may cost. */
  readonly firstRideLimitFen: Fen;
  /** Applications in the order of trying, hexadecimal: debit, credit, quasi-credit, electronic cash. */
  readonly applicationIds: readonly string[];
}

export const DEFAULT_DELAYED_CHARGE: DelayedChargeProfile = {
  odaDelayedCharge: "off",
  firstUse: "refuse",
  firstRideLimitFen: ZERO_FEN,
  applicationIds: ["a000000333010101", "a000000333010102", "a000000333010103", "a000000333010106"],
};
