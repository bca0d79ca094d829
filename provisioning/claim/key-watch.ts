/*
 * Goal: no sale of a production terminal with keys that its host did not order, and a name for everything that is not as ordered.
 * Method: each module is asked once, when it is opened and before anything is sold with it; what it told is kept and judged by the orders of this start.
 * Spec: claim/v1, 9.
 */
import { toHex } from "../../device/base/bytes.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
import type { Log } from "../../device/base/log.ts";
import type { Limits } from "../../device/base/ports.ts";
import type { CardReader, ModuleApplication, TellingPsam, ToldKey } from "../../device/drivers/ports.ts";
import { applicationOf, compareKeyLoads, type Judging, type KeyRow, keyName, keyPlaceOf, type ToldModule, whyRefused } from "./key-orders.ts";
import type { KeyLoad } from "./messages.ts";
import type { TestKeyGuard } from "./ports.ts";

export interface KeyWatchParts {
  readonly orders: readonly KeyLoad[];
  /** Of a production terminal: it refuses what is not as ordered, and what is published for tests. Undefined: nothing is refused. */
  readonly guard: TestKeyGuard | undefined;
  /** Undefined: nobody knows what time it is. */
  readonly nowMs: () => number | undefined;
  readonly padMasterCheck: string | undefined;
  readonly log: Log;
}

/** Time for every question to one module. */
const LOOK_MS = 10_000;

export class KeyWatch {
  readonly #parts: KeyWatchParts;
  /** By the reader that each lies in; undefined: none answered there when it was looked for last. */
  readonly #modules = new Map<CardReader, ToldModule | undefined>();

  constructor(parts: KeyWatchParts) {
    this.#parts = parts;
  }

  /** Something of this is known by a module alone. */
  get asksModules(): boolean {
    return this.#parts.guard !== undefined || this.#parts.orders.some(({ place }) => place === "psam");
  }

  /** Each order, and what became of it as far as is known now. */
  rows(): readonly KeyRow[] {
    const { orders, padMasterCheck } = this.#parts;
    const modules = [...this.#modules.values()].filter((told) => told !== undefined);
    return compareKeyLoads(orders, { modules, absent: this.#modules.size > modules.length, padMasterCheck }, this.#judging());
  }

  /**
   * Opens a module, asks it, and gives it out if it may sell. Faults: those of `open`, those of a card channel, "module-refused": it is closed again, and
   * the next call looks anew, because somebody may have put the right one in.
   */
  async opened<Module extends TellingPsam>(reader: CardReader, open: () => Promise<Module>, { signal }: Pick<Limits, "signal">): Promise<Module> {
    const module = await this.#present(reader, open);
    try {
      const told = await this.#told(module, { timeoutMs: LOOK_MS, signal });
      this.#modules.set(reader, told);
      const refused = this.#parts.guard === undefined ? undefined : whyRefused(this.#parts.orders, told, this.#judging());
      if (refused === undefined) return module;
      const { name, state, detail = "" } = refused;
      this.#parts.log.error("module-refused", { name, state, detail });
      throw new Fault("module-refused", `the security module is not what was ordered: ${name}, ${state}`, { effectUnknown: false });
    } catch (error) {
      await module.close();
      throw error;
    }
  }

  #judging(): Judging {
    const { guard, nowMs } = this.#parts;
    return { guard, nowMs: nowMs() };
  }

  async #present<Module>(reader: CardReader, open: () => Promise<Module>): Promise<Module> {
    try {
      return await open();
    } catch (error) {
      // Nobody was there: a slot without a module is mute, and one that is gone answers nothing.
      if (isFault(error) && error.code !== "cancelled") this.#modules.set(reader, undefined);
      throw error;
    }
  }

  async #told(module: TellingPsam, limits: Limits): Promise<ToldModule> {
    const number = toHex(module.terminalNumber);
    const orders = this.#parts.orders.filter((order) => order.place === "psam" && (order.module === undefined || order.module === number));
    const applications: ModuleApplication[] = [];
    for (const application of new Set(orders.map(applicationOf))) {
      if (application !== undefined && (await module.has(application, limits))) applications.push(application);
    }
    return { number, applications, keys: await this.#keysOf(module, orders, limits) };
  }

  async #keysOf(module: TellingPsam, orders: readonly KeyLoad[], limits: Limits): Promise<ReadonlyMap<string, ToldKey>> {
    const keys = new Map<string, ToldKey>();
    for (const place of orders.map(keyPlaceOf)) {
      if (place === undefined || keys.has(keyName(place))) continue;
      const told = await this.#askedKey(() => module.tellKey(place, limits));
      if (told !== undefined) keys.set(keyName(place), told);
    }
    return keys;
  }

  /** A status word that nobody knows tells nothing of the key; it is no reason to be without a module. */
  async #askedKey(ask: () => Promise<ToldKey | undefined>): Promise<ToldKey | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!isFault(error, "reader-refused")) throw error;
      this.#parts.log.warn("module-key-not-told");
      return undefined;
    }
  }
}
