/* A folder of small files that can lose its power: a replacement that was not flushed may or may not have happened, never half. */
import type { Bytes } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Randomness, Storage } from "../../device/base/ports.ts";

/** What becomes of one change. */
export type ChangeFate =
  | { readonly kind: "go" }
  | { readonly kind: "cut"; readonly when: "before" | "during" | "after" }
  | { readonly kind: "full" }
  | { readonly kind: "broken"; readonly written: boolean };

/** A change of one file; without contents it is removed. */
export interface StorageChange {
  readonly name: string;
  readonly contents: Bytes | undefined;
}

export class SimulatedStorageDisk {
  readonly clock: Clock | undefined;
  readonly flushMs: number;
  readonly #files = new Map<string, Bytes>();
  #pending: StorageChange[] = [];
  #incarnation = 0;
  #hooks: ((change: StorageChange) => ChangeFate)[] = [];
  #cutListeners: (() => void)[] = [];

  constructor(options: { readonly clock?: Clock; readonly flushMs?: number } = {}) {
    this.clock = options.clock;
    this.flushMs = options.flushMs ?? 0;
  }

  get files(): ReadonlyMap<string, Bytes> {
    return this.#files;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  onChange(hook: (change: StorageChange) => ChangeFate): void {
    this.#hooks.push(hook);
  }

  onCut(listener: () => void): void {
    this.#cutListeners.push(listener);
  }

  /** Power goes; of the changes that were not flushed none has happened, or the first few, drawn from `randomness`. */
  crash(keep: "none" | { readonly some: Randomness } = "none"): void {
    const kept = keep === "none" ? 0 : (keep.some.bytes(1)[0] ?? 0) % (this.#pending.length + 1);
    for (const change of this.#pending.slice(0, kept)) this.#apply(change);
    this.#pending = [];
    this.#incarnation += 1;
  }

  /** Damages a file as a dying card does. */
  damage(name: string, contents: Bytes): void {
    this.#files.set(name, contents.slice());
  }

  /** Begins one life of the terminal; calls of earlier lives never come back. */
  open(): Storage {
    this.#incarnation += 1;
    return new SimulatedStorage(this, this.#incarnation);
  }

  fateOf(change: StorageChange): ChangeFate {
    for (const hook of this.#hooks) {
      const fate = hook(change);
      if (fate.kind !== "go") return fate;
    }
    return { kind: "go" };
  }

  write(change: StorageChange): void {
    this.#pending.push(change);
  }

  forgetPending(): void {
    this.#pending = [];
  }

  flush(): void {
    for (const change of this.#pending) this.#apply(change);
    this.#pending = [];
  }

  cut(): void {
    this.crash();
    for (const listener of this.#cutListeners) listener();
  }

  #apply(change: StorageChange): void {
    if (change.contents === undefined) this.#files.delete(change.name);
    else this.#files.set(change.name, change.contents);
  }
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

class SimulatedStorage implements Storage {
  readonly #disk: SimulatedStorageDisk;
  readonly #incarnation: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(disk: SimulatedStorageDisk, incarnation: number) {
    this.#disk = disk;
    this.#incarnation = incarnation;
  }

  read(name: string): Promise<Bytes | undefined> {
    return this.#inTurn(async () => this.#disk.files.get(name)?.slice());
  }

  write(name: string, contents: Bytes): Promise<void> {
    const change = { name, contents: contents.slice() };
    return this.#inTurn(() => this.#change(change));
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(() => this.#change({ name, contents: undefined }));
  }

  list(): Promise<readonly string[]> {
    return this.#inTurn(async () => [...this.#disk.files.keys()].sort());
  }

  get #alive(): boolean {
    return this.#disk.incarnation === this.#incarnation;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(() => (this.#alive ? work() : never<Value>()));
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #change(change: StorageChange): Promise<void> {
    const disk = this.#disk;
    const fate = disk.fateOf(change);
    if (fate.kind === "full") throw new Fault("store-full", "no space left", { effectUnknown: false });
    if (fate.kind === "cut" && fate.when === "before") return this.#cut();
    disk.write(change);
    if (fate.kind === "broken") {
      if (fate.written) disk.flush();
      else disk.forgetPending();
      throw new Fault("store-broken", "a write failed, its effect is not known", { effectUnknown: true });
    }
    if (disk.clock !== undefined && disk.flushMs > 0) await disk.clock.sleep(disk.flushMs);
    if (!this.#alive) return never();
    disk.flush();
    if (fate.kind === "cut" && fate.when === "during") return this.#cut();
    if (fate.kind === "cut") void this.#cutAfterwards();
  }

  #cut(): Promise<never> {
    this.#disk.cut();
    return never();
  }

  async #cutAfterwards(): Promise<void> {
    for (let turn = 0; turn < 64; turn += 1) await Promise.resolve();
    if (this.#alive) this.#disk.cut();
  }
}
