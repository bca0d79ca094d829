/* Personalisation of a test card's bank application. */
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { ElectronicCashData, ElectronicCashMemory } from "./state.ts";

export interface ElectronicCashOptions {
  readonly balanceFen: number;
}

/** What a bank application is made for. */
export interface ElectronicCashRecipe {
  readonly suite: CipherSuite;
  readonly profile: CardProfile;
  /** Number of the test card, 0 to 99,999,999. */
  readonly serial: number;
}

export function makeElectronicCash(
  recipe: ElectronicCashRecipe,
  options: ElectronicCashOptions,
): { readonly data: ElectronicCashData; readonly memory: ElectronicCashMemory } {
  return { data: { pan: `629999${String(recipe.serial).padStart(10, "0")}` }, memory: { balanceFen: options.balanceFen } };
}
