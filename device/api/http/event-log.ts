/*
 * What was told of one order or of the lanes, for whoever listens now or comes later: bounded, numbered, and named after this start of its life, so
 * that a reader who comes back with the last number it saw misses nothing, or is told that it did.
 */
export interface LoggedItem<Item> {
  /** `<generation>-<number>`: what a reader names as the last that it saw. */
  readonly id: string;
  readonly item: Item;
}

export class EventLog<Item> {
  readonly #generation: string;
  readonly #capacity: number;
  #next = 1;
  #items: LoggedItem<Item>[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(generation: string, capacity: number) {
    this.#generation = generation;
    this.#capacity = capacity;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  append(item: Item): void {
    this.#items.push({ id: `${this.#generation}-${this.#next}`, item });
    this.#next += 1;
    if (this.#items.length > this.#capacity) this.#items.shift();
    for (const listener of this.#listeners) listener();
  }

  /** What came after the item of this id. `gap`: some of it is no longer there, or the id is none of this log. */
  after(lastId: string | undefined): { readonly gap: boolean; readonly items: readonly LoggedItem<Item>[] } {
    const first = this.#next - this.#items.length;
    const seen = this.#numberOf(lastId);
    if (seen === undefined) return { gap: lastId !== undefined || first > 1, items: [...this.#items] };
    return { gap: seen + 1 < first, items: this.#items.slice(Math.max(0, seen + 1 - first)) };
  }

  /** Calls `listener` after each further item, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #numberOf(id: string | undefined): number | undefined {
    const number = id?.startsWith(`${this.#generation}-`) === true ? id.slice(this.#generation.length + 1) : "";
    if (!/^[1-9]\d{0,8}$/.test(number)) return undefined;
    return Number(number) < this.#next ? Number(number) : undefined;
  }
}
