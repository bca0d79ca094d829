/* The terminal's own security module: opened late, and never for a sale in which no card is read. */
import { AssertionFailure } from "./base/assert.ts";
import { EMPTY } from "./base/bytes.ts";
import type { Limits } from "./base/ports.ts";
import type { Psam, RecordPsam, SocialPsam, TransitPsam } from "./drivers/ports.ts";

/** What a place's own module can do, as far as it holds the keys. */
export type PlaceModule = SocialPsam & TransitPsam & RecordPsam;

/** The module is opened when it is first needed and again after it was lost; a terminal without it still journals and uploads. */
export class LazyPsam {
  readonly #open: (limits: Limits) => Promise<PlaceModule>;
  #psam: PlaceModule | undefined;

  constructor(open: (limits: Limits) => Promise<PlaceModule>) {
    this.#open = open;
  }

  async get(limits: Limits): Promise<PlaceModule> {
    this.#psam ??= await this.#open(limits);
    return this.#psam;
  }

  async close(): Promise<void> {
    await this.#psam?.close();
  }
}

/** A module that is opened by whatever is first asked of it; its number is known from then on. */
export function lazyModule(get: (limits: Limits) => Promise<PlaceModule>): SocialPsam {
  let opened: PlaceModule | undefined;
  const module = async (limits: Limits) => {
    opened = await get(limits);
    return opened;
  };
  return {
    get terminalNumber() {
      return opened?.terminalNumber ?? EMPTY;
    },
    expectedSequence: () => opened?.expectedSequence() ?? 0,
    beginPurchase: async (purchase, limits) => (await module(limits)).beginPurchase(purchase, limits),
    beginMedicalPurchase: async (purchase, limits) => (await module(limits)).beginMedicalPurchase(purchase, limits),
    authenticationData: async (request, limits) => (await module(limits)).authenticationData(request, limits),
    blockMac: async (use, data, limits) => (await module(limits)).blockMac(use, data, limits),
    encipher: async (use, data, limits) => (await module(limits)).encipher(use, data, limits),
    // The lane closes its own module.
    close: async () => undefined,
  };
}

function noModule(): never {
  throw new AssertionFailure("only a card is read with the module");
}

/** For sales in which no card is read. */
export const NO_MODULE: Psam = {
  terminalNumber: EMPTY,
  expectedSequence: noModule,
  beginPurchase: noModule,
  authenticationData: noModule,
  close: async () => undefined,
};
