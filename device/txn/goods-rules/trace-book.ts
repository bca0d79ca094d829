/*
 * Goal: a pack is sold once. A whole pack never again; parts of an opened pack may be sold on, the whole pack then no more.
 * Method: durable marks of the journal, set in the same commit as the order; before that a reservation in memory, so that two orders
 * under way can never both have the same pack. An empty mark is a pack that came back.
 */
import { assert } from "../../base/assert.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { Journal } from "../journal/types.ts";
import type { OrderItem } from "../medical-desk/basket.ts";
import type { GoodsRefusal } from "./types.ts";

export interface TraceMark {
  readonly name: string;
  readonly value: string;
}

export interface TraceBookPorts {
  readonly journal: Pick<Journal, "mark">;
  readonly suite: Pick<CipherSuite, "sm3">;
}

/** As a mark says it: sold whole, or opened; by which order, or by several. */
const WHOLE = "whole:";
const OPENED = "opened:";
const SEVERAL = "*";
const NAME_DIGITS = 32;

type Reserved = { readonly kind: "reserved" } | GoodsRefusal;

interface Pack {
  /** Name of its mark. */
  readonly name: string;
  /** Place of its line in the basket, from 1. */
  readonly line: number;
  readonly opened: boolean;
}

interface Hold {
  readonly doing: "selling" | "freeing";
  readonly packs: ReadonlyMap<string, Pack>;
  /** Packs that other orders have opened as well: no single order gives them back. */
  readonly shared: Set<string>;
  readonly result: Promise<Reserved>;
}

/** One for the whole terminal, shared by all its counters. */
export class TraceBook {
  readonly #ports: TraceBookPorts;
  readonly #holds = new Map<string, Hold>();

  constructor(ports: TraceBookPorts) {
    this.#ports = ports;
  }

  /**
   * Takes the packs for this order, or says which line was sold before. Kept until {@link release}; asking again with the same reference is
   * the same reservation. Faults: those of the journal; then nothing is kept.
   */
  reserve(items: readonly OrderItem[], reference: string): Promise<Reserved> {
    const known = this.#holds.get(reference);
    if (known !== undefined) return known.doing === "selling" ? known.result : Promise.resolve(firstSold(known.packs));
    const packs = this.#packsOf(items);
    const taken = [...packs.values()].find((pack) => this.#others(pack, reference).some((hold) => !mayShare(hold, pack)));
    if (taken !== undefined) return Promise.resolve(soldAt(taken));
    const shared = this.#share(packs, reference);
    // Held before anything is waited for, so that nobody else finds these packs free meanwhile.
    const result = this.#compare(packs, shared, reference);
    this.#holds.set(reference, { doing: "selling", packs, shared, result });
    return result;
  }

  /** For EntryDraft.marks of the entry by which the order becomes durable. Its packs are reserved. */
  marks(reference: string): readonly TraceMark[] {
    const hold = this.#holds.get(reference);
    assert(hold?.doing === "selling", "the packs of an order are reserved before it becomes durable");
    return Array.from(hold.packs.values(), ({ name, opened }) => ({
      name,
      value: opened ? `${OPENED}${hold.shared.has(name) ? SEVERAL : reference}` : `${WHOLE}${reference}`,
    }));
  }

  /**
   * For EntryDraft.marks of the entry that ends the order without a sale (refused, void, returned): frees its packs. Nobody can reserve
   * them until {@link release}. Faults: those of the journal.
   */
  async freeingMarks(items: readonly OrderItem[], reference: string): Promise<readonly TraceMark[]> {
    const packs = this.#packsOf(items);
    const alone = new Map([...packs].filter(([, pack]) => this.#others(pack, reference).length === 0));
    this.#holds.set(reference, { doing: "freeing", packs: alone, shared: new Set(), result: Promise.resolve({ kind: "reserved" }) });
    const marks: TraceMark[] = [];
    for (const name of alone.keys()) {
      const value = await this.#ports.journal.mark(name);
      if (value === `${WHOLE}${reference}` || value === `${OPENED}${reference}`) marks.push({ name, value: "" });
    }
    return marks;
  }

  /** The order's marks are durable, or it was given up: nothing is kept in memory for it. */
  release(reference: string): void {
    this.#holds.delete(reference);
  }

  #packsOf(items: readonly OrderItem[]): ReadonlyMap<string, Pack> {
    const packs = new Map<string, Pack>();
    for (const [index, item] of items.entries()) {
      for (const { code, splitPack } of item.traceCodes ?? []) {
        const name = `trace/${toHex(this.#ports.suite.sm3(utf8(code))).slice(0, NAME_DIGITS)}`;
        packs.set(name, { name, line: index + 1, opened: splitPack });
      }
    }
    return packs;
  }

  /** Orders under way that have the same pack. */
  #others({ name }: Pack, reference: string): readonly Hold[] {
    return Array.from(this.#holds).flatMap(([holder, hold]) => (holder !== reference && hold.packs.has(name) ? [hold] : []));
  }

  /** Opened packs that orders under way have as well: from now on they belong to several. */
  #share(packs: ReadonlyMap<string, Pack>, reference: string): Set<string> {
    const shared = new Set<string>();
    for (const pack of packs.values()) {
      for (const hold of this.#others(pack, reference)) {
        hold.shared.add(pack.name);
        shared.add(pack.name);
      }
    }
    return shared;
  }

  /** What the marks of earlier sales say. */
  async #compare(packs: ReadonlyMap<string, Pack>, shared: Set<string>, reference: string): Promise<Reserved> {
    try {
      for (const pack of packs.values()) {
        const value = (await this.#ports.journal.mark(pack.name)) ?? "";
        if (value === "" || value === `${WHOLE}${reference}` || value === `${OPENED}${reference}`) continue;
        if (!pack.opened || !value.startsWith(OPENED)) {
          this.#drop(packs, reference);
          return soldAt(pack);
        }
        shared.add(pack.name);
      }
      return { kind: "reserved" };
    } catch (fault) {
      this.#drop(packs, reference);
      throw fault;
    }
  }

  /** Gives a reservation up, unless another has taken its place meanwhile. */
  #drop(packs: ReadonlyMap<string, Pack>, reference: string): void {
    if (this.#holds.get(reference)?.packs === packs) this.release(reference);
  }
}

function mayShare({ doing, packs }: Hold, { name, opened }: Pack): boolean {
  return doing === "selling" && opened && packs.get(name)?.opened === true;
}

function soldAt({ line }: Pack): GoodsRefusal {
  return { kind: "refused", reason: "trace-code-sold", line };
}

function firstSold(packs: ReadonlyMap<string, Pack>): Reserved {
  const [first] = packs.values();
  return first === undefined ? { kind: "reserved" } : soldAt(first);
}
