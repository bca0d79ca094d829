/* A reader of the town and what lies in it: what one life of the terminal makes of a spot. */
import type { Bytes } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { TearPoint } from "../card/state.ts";
import { SimulatedReader, type TransmitInfo, type TransmitVerdict } from "../reader/in-process.ts";
import type { WatchedCard } from "./observed.ts";
import type { Power } from "./power.ts";
import type { Spot } from "./spot.ts";
import type { Town } from "./town.ts";

const OK: TransmitVerdict = { kind: "ok" };

export class Place {
  readonly spot: Spot;
  readonly reader: SimulatedReader;
  /** The card fell out of the field by a fault; its holder has to act. */
  onTorn: () => void = () => undefined;
  onReaderLost: () => void = () => undefined;
  /** Where a scenario has the card fall out of the field at a command that matters to it. */
  tearAt: (command: Bytes) => TearPoint | undefined = () => undefined;
  readonly #town: Town;
  readonly #power: Power;

  constructor(town: Town, spot: Spot, { power, clock }: { readonly power: Power; readonly clock: Clock }) {
    this.#town = town;
    this.#power = power;
    this.spot = spot;
    this.reader = new SimulatedReader({ name: spot.name, interface: town.bank?.reader ?? "contactless", clock, beforeTransmit: (info) => this.#fateOf(info) });
  }

  /** Lays a card down for a tap of this kind; false where another one lies there, or nothing has power. */
  present(card: WatchedCard, kind: string): boolean {
    if (!this.#power.on || this.reader.card !== undefined) return false;
    this.#town.trace.note(`card ${card.card.serial.slice(-4)} presented`);
    this.spot.tears?.presented(kind);
    this.layDown(card);
    return true;
  }

  layDown(card: WatchedCard): void {
    this.spot.card = card;
    this.spot.lastCard = card;
    card.spot = this.spot;
    this.reader.insert(card);
  }

  /** Takes whatever lies there away, and mends the reader. */
  clear(): void {
    if (!this.#power.on) return;
    this.reader.remove();
    this.reader.restoreReader();
    this.spot.card = undefined;
  }

  #fateOf(info: TransmitInfo): TransmitVerdict {
    const { plan, trace } = this.#town;
    const { card } = this.spot;
    if (card === undefined) return OK;
    if (plan.strikes("power-cut-before-apdu")) return this.#cut();
    if (plan.strikes("power-cut-after-apdu")) {
      card.tear(info.command, "after");
      return this.#cut();
    }
    const at = this.#tornAt(info);
    if (at !== undefined) {
      trace.note(`card torn ${at} command ${info.index}`);
      this.spot.card = undefined;
      this.onTorn();
      return { kind: "tear", at };
    }
    if (plan.strikes("reader-hung")) return { kind: "hang", at: "after" };
    if (!plan.strikes("reader-lost")) return OK;
    trace.note("reader lost");
    this.onReaderLost();
    return { kind: "reader-lost", at: "after" };
  }

  /** The scenario tears taps; where single faults are tried, each command may be torn. */
  #tornAt({ command }: TransmitInfo): TearPoint | undefined {
    const { plan } = this.#town;
    const { tears } = this.spot;
    if (plan.isCalm) return undefined;
    const asked = this.tearAt(command);
    if (asked !== undefined) {
      plan.struck(`card-torn-${asked}`);
      return asked;
    }
    if (tears === undefined) return (["before", "during", "after"] as const).find((point) => plan.strikes(`card-torn-${point}`));
    const at = tears.strikes();
    if (at !== undefined) plan.struck(`card-torn-${at}`);
    return at;
  }

  #cut(): TransmitVerdict {
    this.#power.cut();
    return OK;
  }
}
