/* Where cards are laid down; it outlives the terminal's power. */
import type { WatchedCard } from "./observed.ts";
import type { Tears } from "./tears.ts";

export interface Spot {
  readonly name: string;
  /** Undefined where single faults are tried. */
  readonly tears: Tears | undefined;
  /** Card that lies in the reader. */
  card: WatchedCard | undefined;
  /** The card that was presented last: its sale may become durable after it has left. */
  lastCard: WatchedCard | undefined;
}
