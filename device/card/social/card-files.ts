/*
 * Goal: any file of the social application, read or written, by whoever may do it.
 * Method: the file table says what each file wants; what the card has granted already is remembered for as long as the card does, so
 * that a key is proved once for many items. A proof ends with the selection of another directory, the PIN with the card's power.
 * Spec: LD/T 32.5, file structure; LD/T 32.7, READ RECORD, READ BINARY, UPDATE RECORD.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, readUint } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import { buildCardItem } from "../../codec/tlv.ts";
import type { CardChannel, PinVerifier } from "../../drivers/ports.ts";
import { exchange, selectByName } from "../dialogue.ts";
import { proveTerminal } from "./authentication.ts";
import { DIRECTORY_NAMES, type FileDefinition, fileDefinition, itemDefinition, messageKey, readAccess, type SocialDirectory } from "./file-table.ts";
import { type ItemAnswer, readItem } from "./files.ts";
import type { KeyHolder } from "./key-holders.ts";
import type { SocialKeyName, SocialKeyTable } from "./keys.ts";
import { type PinCondition, verifyPin } from "./pin.ts";
import { type ChangeAnswer, sendSecured } from "./secure-command.ts";

/** Most records that are read of one cyclic file; the longest that the specification names has 30. */
export const CYCLIC_RECORDS_MAX = 64;
/** Bytes of one READ BINARY. */
const PART_LENGTH = 0xf0;
/** Parts of one transparent file: the longest, the photo, has 4,096 bytes. */
const PARTS_MAX = 32;
const FILE_ID_HIGH = 0xef;
const RECORD_NOT_FOUND = 0x6a83;
const OFFSET_BEYOND_END = 0x6b00;
const END_OF_FILE = 0x6282;

/**
 * Whether the holder may be asked for the PIN, and through what. "not-allowed": what opens by the PIN alone stays shut. "satisfied": the card has taken it
 * already since it got power, or has none.
 */
export type PinAccess =
  | { readonly kind: "not-allowed" }
  | { readonly kind: "satisfied" }
  | { readonly kind: "ask"; readonly verifier: PinVerifier; readonly limits: Limits };

export interface FileContext {
  readonly generation: 1 | 2 | 3;
  readonly keys: KeyHolder;
  readonly keyTable: SocialKeyTable;
  readonly pin: PinAccess;
  /** Bounds of each command. */
  readonly limits: Limits;
}

/** Why a file stays shut. */
export type AccessRefusal =
  | "directory-not-there"
  | "directory-blocked"
  /** The table knows no such file. */
  | "file-unknown"
  /** Nobody here has the key, or no text says how the card calls it. */
  | "key-missing"
  | "proof-refused"
  | "pin-not-allowed"
  | "pin-wrong"
  | "pin-locked"
  | "pin-not-entered";

export interface NoAccess {
  readonly kind: "no-access";
  readonly why: AccessRefusal;
  readonly statusWord?: number;
}

export interface ItemAddress {
  readonly directory: SocialDirectory;
  /** Short file identifier. */
  readonly file: number;
  readonly tag: number;
}

export type ItemReading = ItemAnswer | NoAccess;
export type RecordsReading = { readonly kind: "ok"; readonly records: readonly Bytes[] } | { readonly kind: "refused"; readonly statusWord: number } | NoAccess;
export type ContentReading = { readonly kind: "ok"; readonly content: Bytes } | { readonly kind: "refused"; readonly statusWord: number } | NoAccess;

type Opened = { readonly kind: "open" } | NoAccess;
const OPEN: Opened = { kind: "open" };

/** Reads items of any files, in the given order; each has its own answer. Faults: those of the channel and of whoever holds the keys. */
export async function readFileItems(channel: CardChannel, context: FileContext, wanted: readonly ItemAddress[]): Promise<readonly ItemReading[]> {
  const files = new CardFiles(channel, context);
  const readings: ItemReading[] = [];
  for (const address of wanted) readings.push(await files.readItem(address));
  return readings;
}

/**
 * The files of one card for as long as it stays powered. Nobody else selects anything on the card meanwhile. A key or PIN that has failed
 * is not tried again here; whoever wants another try makes another of these.
 */
export class CardFiles {
  readonly #channel: CardChannel;
  readonly #context: FileContext;
  #selected: SocialDirectory | undefined;
  /** Keys that were proved since the selection. Bounded by the keys of one directory. */
  #proved: ReadonlySet<SocialKeyName> = new Set();
  /** What the card has said to a key or to the holder's PIN: a second failure would only cost another try. Bounded by the keys of the card. */
  readonly #refusals = new Map<SocialKeyName | "pin", NoAccess>();
  #pinSatisfied = false;

  constructor(channel: CardChannel, context: FileContext) {
    this.#channel = channel;
    this.#context = context;
  }

  /** Reads one data item. "absent": the file has no such record. */
  async readItem(address: ItemAddress): Promise<ItemReading> {
    const opened = await this.#openForReading(address.directory, address.file, "records");
    return opened.kind === "open" ? readItem(this.#channel, address, this.#context.limits) : opened;
  }

  /** Reads the records of a cyclic file, the newest first, at most {@link CYCLIC_RECORDS_MAX}. */
  async readCyclic(address: Omit<ItemAddress, "tag">): Promise<RecordsReading> {
    const opened = await this.#openForReading(address.directory, address.file, "cyclic");
    if (opened.kind !== "open") return opened;
    const records: Bytes[] = [];
    while (records.length < CYCLIC_RECORDS_MAX) {
      const apdu = { cla: 0x00, ins: 0xb2, p1: records.length + 1, p2: (address.file << 3) | 0x04, data: EMPTY, le: 256 };
      const { data, sw } = await exchange(this.#channel, apdu, this.#context.limits);
      if (sw === RECORD_NOT_FOUND) break;
      if (!isOk(sw)) return { kind: "refused", statusWord: sw };
      records.push(data);
    }
    return { kind: "ok", records };
  }

  /** Reads a transparent file (photo, fingerprint) in parts, up to its length in the table or its end on the card. */
  async readContent(address: Omit<ItemAddress, "tag">): Promise<ContentReading> {
    const opened = await this.#openForReading(address.directory, address.file, "transparent");
    if (opened.kind !== "open") return opened;
    const id = Uint8Array.of(FILE_ID_HIGH, address.file);
    const selected = await exchange(this.#channel, command("00 A4 02 00", { data: id, le: 256 }), this.#context.limits);
    if (!isOk(selected.sw)) return { kind: "refused", statusWord: selected.sw };
    return this.#readParts(fileDefinition(address.directory, address.file)?.length ?? PARTS_MAX * PART_LENGTH);
  }

  /**
   * Writes one data item under the update key of its file and the MAC key of its directory. A value shorter than its field is filled up as
   * its type wants. Faults as those of {@link sendSecured}.
   */
  async updateItem(address: ItemAddress, value: Bytes): Promise<ChangeAnswer | NoAccess> {
    const opened = await this.#openForWriting(address, "records");
    if (opened.kind !== "open") return opened;
    return this.#updateRecord(address.directory, { p1: address.tag, p2: address.file << 3, data: buildCardItem(address.tag, fillItem(address, value)) });
  }

  /** Puts a new record in front of the others of a cyclic file; the oldest goes. Faults as those of {@link sendSecured}. */
  async appendRecord(address: Omit<ItemAddress, "tag">, record: Bytes): Promise<ChangeAnswer | NoAccess> {
    const opened = await this.#openForWriting(address, "cyclic");
    if (opened.kind !== "open") return opened;
    return this.#updateRecord(address.directory, { p1: 0x00, p2: (address.file << 3) | 0x03, data: record });
  }

  #updateRecord(directory: SocialDirectory, body: { readonly p1: number; readonly p2: number; readonly data: Bytes }): Promise<ChangeAnswer> {
    const { keys, limits } = this.#context;
    return sendSecured(this.#channel, { apdu: { cla: 0x04, ins: 0xdc, ...body }, key: messageKey(directory), signer: keys }, limits);
  }

  async #openForWriting({ directory, file }: Omit<ItemAddress, "tag">, structure: FileDefinition["structure"]): Promise<Opened> {
    const definition = fileDefinition(directory, file);
    if (definition?.update === undefined || definition.structure !== structure) return { kind: "no-access", why: "file-unknown" };
    const selected = await this.#select(directory);
    return selected.kind === "open" ? this.#prove(definition.update) : selected;
  }

  async #openForReading(directory: SocialDirectory, file: number, structure: FileDefinition["structure"]): Promise<Opened> {
    const definition = fileDefinition(directory, file);
    if (definition?.structure !== structure) return { kind: "no-access", why: "file-unknown" };
    const selected = await this.#select(directory);
    if (selected.kind !== "open") return selected;
    const access = readAccess(definition, this.#context.generation);
    switch (access.needs) {
      case "nothing":
        return OPEN;
      case "pin":
        return this.#satisfyPin();
      case "key":
        return this.#prove(access.key);
      case "pin-or-key":
        return this.#proveOrPin(access.key);
      case "pin-and-key": {
        const pin = await this.#satisfyPin();
        return pin.kind === "open" ? this.#prove(access.key) : pin;
      }
    }
  }

  async #select(directory: SocialDirectory): Promise<Opened> {
    if (this.#selected === directory) return OPEN;
    this.#selected = undefined;
    this.#proved = new Set();
    const answer = await selectByName(this.#channel, DIRECTORY_NAMES[directory], this.#context.limits);
    switch (answer.kind) {
      case "ok":
        this.#selected = directory;
        return OPEN;
      case "blocked":
        return { kind: "no-access", why: "directory-blocked" };
      case "not-found":
        return { kind: "no-access", why: "directory-not-there" };
      case "refused":
        return { kind: "no-access", why: "directory-not-there", statusWord: answer.statusWord };
    }
  }

  async #prove(key: SocialKeyName): Promise<Opened> {
    if (this.#proved.has(key)) return OPEN;
    const before = this.#refusals.get(key);
    if (before !== undefined) return before;
    const answer = await this.#askForProof(key);
    if (answer.kind === "open") this.#proved = new Set([...this.#proved, key]);
    else this.#refusals.set(key, answer);
    return answer;
  }

  async #askForProof(key: SocialKeyName): Promise<Opened> {
    const { keys, keyTable, limits } = this.#context;
    const onCard = keyTable[key]?.onCard;
    if (onCard === undefined) return { kind: "no-access", why: "key-missing" };
    try {
      const answer = await proveTerminal(this.#channel, { onCard, proof: (values) => keys.authenticationData({ key, ...values }, limits) }, limits);
      return answer === "authentic" ? OPEN : { kind: "no-access", why: "proof-refused", statusWord: answer.statusWord };
    } catch (error) {
      if (!isFault(error, "key-missing")) throw error;
      return { kind: "no-access", why: "key-missing" };
    }
  }

  /** The key first, because it costs the holder nothing; the PIN where there is no key, or the card does not want it. */
  async #proveOrPin(key: SocialKeyName): Promise<Opened> {
    if (this.#pinSatisfied) return OPEN;
    const proved = await this.#prove(key);
    if (proved.kind === "open" || this.#context.pin.kind === "not-allowed") return proved;
    return this.#satisfyPin();
  }

  async #satisfyPin(): Promise<Opened> {
    const { pin, limits } = this.#context;
    if (this.#pinSatisfied || pin.kind === "satisfied") return OPEN;
    const before = this.#refusals.get("pin");
    if (before !== undefined) return before;
    const answer = pinAccess(await verifyPin(this.#channel, pin.kind === "ask" ? pin : undefined, limits));
    if (answer.kind === "open") this.#pinSatisfied = true;
    else this.#refusals.set("pin", answer);
    return answer;
  }

  async #readParts(length: number): Promise<ContentReading> {
    let content: Bytes = EMPTY;
    for (let part = 0; part < PARTS_MAX && content.length < length; part += 1) {
      const wanted = Math.min(PART_LENGTH, length - content.length);
      const at = content.length;
      const apdu = { cla: 0x00, ins: 0xb0, p1: at >>> 8, p2: at & 0xff, data: EMPTY, le: wanted };
      const { data, sw } = await exchange(this.#channel, apdu, this.#context.limits);
      if (sw === OFFSET_BEYOND_END && at > 0) break;
      if (!isOk(sw) && sw !== END_OF_FILE) return { kind: "refused", statusWord: sw };
      content = concat(content, data);
      if (data.length < wanted) break;
    }
    return { kind: "ok", content: content.slice(0, length) };
  }
}

/** What became of the PIN, as a condition of files. */
function pinAccess(outcome: PinCondition): Opened {
  switch (outcome.kind) {
    case "verified":
    case "none-set":
      return OPEN;
    case "not-allowed":
      return { kind: "no-access", why: "pin-not-allowed" };
    case "wrong":
      return { kind: "no-access", why: "pin-wrong" };
    case "locked":
      return { kind: "no-access", why: "pin-locked" };
    case "cancelled":
    case "timed-out":
      return { kind: "no-access", why: "pin-not-entered" };
    case "refused":
      return { kind: "no-access", why: "pin-not-entered", statusWord: outcome.statusWord };
  }
}

/** The whole field of an item: digits are filled with F, text with 00, numbers with 00 in front. Spec: LD/T 32.7, records. */
function fillItem({ directory, file, tag }: ItemAddress, value: Bytes): Bytes {
  const definition = itemDefinition(directory, file, tag);
  if (definition === undefined) return value;
  assert(value.length <= definition.length, "the value fits its field");
  const filling = new Uint8Array(definition.length - value.length).fill(definition.type === "cn" ? 0xff : 0x00);
  return definition.type === "b" ? concat(filling, value) : concat(value, filling);
}

/** One record of DF04/15, special medical settlement: which kind, and under which number. Undefined for any other bytes. Spec: LD/T 32.5, DF04/15. */
export function parseSpecialSettlement(record: Bytes): { readonly sequence: number; readonly category: string } | undefined {
  if (record.length !== 3 || record.every((byte) => byte === 0x00) || record.every((byte) => byte === 0xff)) return undefined;
  const category = readUint(record, 2, 1);
  return category >= 0x31 && category <= 0x39 ? { sequence: readUint(record, 0, 2), category: String.fromCharCode(category) } : undefined;
}
