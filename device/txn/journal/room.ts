/*
 * Whether a new sale may still begin. A sale that has begun must be able to end, so new ones stop while there is room left for
 * the rest of those under way. The answer is needed at once, the store answers later: between two answers each append is
 * reckoned at more than it can take.
 */
import type { JournalStore } from "../../base/ports.ts";

/** Pages, indexes and marks of one commit beside its text, generously. */
const OVERHEAD_BYTES = 8192;
/** Appends after which the store is asked again. */
const REFRESH_APPENDS = 16;

export class RoomGauge {
  readonly #store: JournalStore;
  readonly #reservedBytes: number | undefined;
  #limitBytes = 0;
  #usedBytes = 0;
  #addedBytes = 0;
  #appends = 0;
  #asking = false;

  constructor(store: JournalStore, reservedBytes: number | undefined) {
    this.#store = store;
    this.#reservedBytes = reservedBytes;
  }

  /** Asks the store; what was appended since the question counts on top of its answer. */
  async refresh(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    this.#appends = 0;
    const addedBefore = this.#addedBytes;
    try {
      const usage = await this.#store.usage();
      this.#limitBytes = usage.limitBytes;
      this.#usedBytes = usage.usedBytes;
      this.#addedBytes -= addedBefore;
    } finally {
      this.#asking = false;
    }
  }

  added(textBytes: number): void {
    this.#addedBytes += textBytes + OVERHEAD_BYTES;
    this.#appends += 1;
    // A store that fails here fails the next append as well, and there it is told.
    if (this.#appends >= REFRESH_APPENDS) this.refresh().catch(() => undefined);
  }

  /** Whether a new sale may begin. */
  hasRoom(): boolean {
    const reserved = this.#reservedBytes ?? defaultReserve(this.#limitBytes);
    const room = this.#usedBytes + this.#addedBytes + reserved <= this.#limitBytes;
    if (!room) this.refresh().catch(() => undefined);
    return room;
  }
}

/** A twentieth of the limit, at least 256 KiB, at most 8 MiB. */
function defaultReserve(limitBytes: number): number {
  return Math.min(8 * 1024 * 1024, Math.max(256 * 1024, Math.floor(limitBytes / 20)));
}
