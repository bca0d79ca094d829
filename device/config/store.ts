/*
 * Goal: after a power cut the configuration is the last one that was acknowledged, or the terminal says that it has none; never a
 * mixture, never silent defaults. Method: lowdb above an adapter of our own: two slots written in turn, each with a generation and a
 * hash, each replaced whole and flushed by the storage below.
 */

import { type Adapter, Low } from "lowdb";
import { type Bytes, toHex, utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Storage } from "../base/ports.ts";
import { WorkRow } from "../base/work-row.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../codec/json.ts";
import type { CipherSuite } from "../crypto/face.ts";

export const CONFIG_SLOTS = ["terminal-a.json", "terminal-b.json"] as const;

type SlotName = (typeof CONFIG_SLOTS)[number];

const SLOT_BYTES_MAX = 256 * 1024;
const SLOT_DEPTH_MAX = 16;

/** What is stored, before anybody looked at its meaning. */
export type StoredConfig =
  /** There is no file at all: a new machine that must be provisioned. */
  | { readonly kind: "unprovisioned" }
  | {
      readonly kind: "stored";
      /** Counts the writes. */
      readonly generation: number;
      readonly data: JsonValue;
      /** Slots that were there but damaged; worth a warning and a rewrite. */
      readonly damagedSlots: readonly string[];
    };

export interface ConfigStore {
  /** Faults: "config-corrupt" when files are there and none is whole, and those of the storage. */
  read(): Promise<StoredConfig>;
  /** Resolves when `data` is durable. Values of canonical JSON only. */
  write(data: JsonValue): Promise<void>;
}

export function openConfigStore(storage: Storage, suite: CipherSuite): ConfigStore {
  return new LowConfigStore(storage, suite);
}

const UNPROVISIONED: StoredConfig = { kind: "unprovisioned" };

class LowConfigStore implements ConfigStore {
  readonly #database: Low<StoredConfig>;
  readonly #row = new WorkRow("the configuration");

  constructor(storage: Storage, suite: CipherSuite) {
    this.#database = new Low<StoredConfig>(new TwoSlots(storage, suite), UNPROVISIONED);
  }

  read(): Promise<StoredConfig> {
    return this.#row.run(async () => {
      await this.#refresh();
      return this.#database.data;
    });
  }

  write(data: JsonValue): Promise<void> {
    return this.#row.run(async () => {
      await this.#refresh();
      const generation = this.#database.data.kind === "stored" ? this.#database.data.generation + 1 : 1;
      this.#database.data = { kind: "stored", generation, data, damagedSlots: [] };
      await this.#database.write();
    });
  }

  async #refresh(): Promise<void> {
    this.#database.data = UNPROVISIONED;
    await this.#database.read();
  }
}

interface Slot {
  readonly name: SlotName;
  readonly content: "absent" | "damaged" | { readonly generation: number; readonly data: JsonValue };
}

class TwoSlots implements Adapter<StoredConfig> {
  readonly #storage: Storage;
  readonly #suite: CipherSuite;

  constructor(storage: Storage, suite: CipherSuite) {
    this.#storage = storage;
    this.#suite = suite;
  }

  readonly read = async (): Promise<StoredConfig | null> => {
    const slots = await this.#slots();
    if (slots.every((slot) => slot.content === "absent")) return null;
    const newest = newestOf(slots);
    const damagedSlots = slots.filter((slot) => slot.content === "damaged").map((slot) => slot.name);
    if (newest === undefined)
      throw new Fault("config-corrupt", `no whole configuration: ${damagedSlots.join(", ")} damaged; provision the terminal anew`, { effectUnknown: false });
    return { kind: "stored", ...newest.content, damagedSlots };
  };

  readonly write = async (config: StoredConfig): Promise<void> => {
    if (config.kind === "unprovisioned") return;
    const newest = newestOf(await this.#slots());
    // The newest whole slot is never touched: until the other one is durable it is all we have.
    const target = newest?.name === CONFIG_SLOTS[0] ? CONFIG_SLOTS[1] : CONFIG_SLOTS[0];
    const { generation, data } = config;
    const text = canonicalJson({ generation, data, checksum: this.#checksum(generation, data) });
    await this.#storage.write(target, utf8(text));
  };

  async #slots(): Promise<readonly Slot[]> {
    return Promise.all(CONFIG_SLOTS.map(async (name) => ({ name, content: this.#parse(await this.#storage.read(name)) })));
  }

  #parse(bytes: Bytes | undefined): Slot["content"] {
    if (bytes === undefined) return "absent";
    const parsed = parseJson(bytes, { maxBytes: SLOT_BYTES_MAX, maxDepth: SLOT_DEPTH_MAX });
    if (!parsed.ok || !isObject(parsed.value)) return "damaged";
    const { generation, data, checksum } = parsed.value;
    if (typeof generation !== "number" || generation < 1 || data === undefined || checksum !== this.#checksum(generation, data)) return "damaged";
    return { generation, data };
  }

  #checksum(generation: number, data: JsonValue): string {
    return toHex(this.#suite.sm3(utf8(canonicalJson({ generation, data }))));
  }
}

function newestOf(
  slots: readonly Slot[],
): { readonly name: SlotName; readonly content: { readonly generation: number; readonly data: JsonValue } } | undefined {
  let newest: ReturnType<typeof newestOf>;
  for (const { name, content } of slots) {
    if (typeof content === "string") continue;
    if (newest === undefined || content.generation > newest.content.generation) newest = { name, content };
  }
  return newest;
}
