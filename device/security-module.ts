/* The terminal's own security module: opened late, and never for a sale in which no card is read. */
import { AssertionFailure } from "./base/assert.ts";
import { EMPTY } from "./base/bytes.ts";
import type { Limits } from "./base/ports.ts";
import type { CardReader, Psam, RecordPsam, SocialPsam, TellingPsam, TransitPsam } from "./drivers/ports.ts";

/** What a place's own module can do, as far as it holds the keys. */
export type PlaceModule = SocialPsam & TransitPsam & RecordPsam;

/** Opens a module under the eyes of whoever knows which one belongs here. Faults: those of `open`, "module-refused". */
export type ModuleOpening = (reader: CardReader, open: () => Promise<PlaceModule & TellingPsam>, limits: Limits) => Promise<PlaceModule>;

/** The module is opened when it is first needed and again after it was lost; a terminal without it still journals and uploads. */
export class LazyPsam {
  readonly #open: (limits: Limits) => Promise<PlaceModule>;
  #opening: Promise<PlaceModule> | undefined;
  #psam: PlaceModule | undefined;

  constructor(open: (limits: Limits) => Promise<PlaceModule>) {
    this.#open = open;
  }

  /** Whoever comes while somebody opens it waits for the end of that, which has a bound of its own: two openings would take the module from each other. */
  async get(limits: Limits): Promise<PlaceModule> {
    while (this.#opening !== undefined) await this.#opening.catch(() => undefined);
    if (this.#psam !== undefined) return this.#psam;
    this.#opening = this.#open(limits);
    try {
      this.#psam = await this.#opening;
      return this.#psam;
    } finally {
      this.#opening = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
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
