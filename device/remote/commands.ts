/*
 * Goal: what the settlement host orders is done here once, through every power cut, and the host learns from the journal what came of it.
 * Method: a taker of the stream "commands". An order is made durable as begun, done, told in the journal, and made durable as over. What was begun and
 * is not over is done again at the next start: every act may be done twice with the effect of once. Spec: pos/v1, 8.
 */
import { type Bytes, utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import { ZERO_FEN } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Storage } from "../base/ports.ts";
import { WorkRow } from "../base/work-row.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../codec/json.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../txn/hosts.ts";
import type { Journal } from "../txn/journal/types.ts";
import { type Order, parseOrders } from "./orders.ts";

/** What can be done. Each may be called again for the same order; each tells its troubles by a fault. */
export interface RemoteActs {
  /** Asks for a new start of the service as soon as nothing is under way; it need not happen before this resolves. */
  restart(): void;
  setLogLevel(level: "info" | "warn" | "error"): void;
  /** Sends now what waits, whatever pauses were agreed. */
  drain(): void;
  /** Reads keys and certificates anew. */
  reloadKeys(): Promise<void>;
  /** Ends this terminal's life: from now on nothing new begins, and when every record is at the host its keys go. */
  decommission(): Promise<void>;
}

export interface RemoteCommandParts {
  readonly storage: Storage;
  readonly journal: Pick<Journal, "append">;
  readonly acts: RemoteActs;
  readonly log: Log;
}

export interface RemoteCommands {
  readonly taker: DocumentTaker;
  /** Does what was begun and is not over; called once, when the service is ready. Faults: those of storage and journal. */
  resume(): Promise<void>;
}

const STREAM = "commands";
const FILE = "commands";
const FILE_LIMITS = { maxBytes: 65_536, maxDepth: 8 };
/** Orders that are remembered, so that one which comes again under a later sequence is not done again. */
const REMEMBERED_MAX = 256;

interface Kept {
  readonly sequence: number;
  /** Ids of orders that are over, the newest last. */
  readonly over: readonly string[];
  /** Begun, in their order. */
  readonly begun: readonly Order[];
}

const NOTHING: Kept = { sequence: 0, over: [], begun: [] };

function parseKept(contents: Bytes | undefined): Kept {
  const parsed = contents === undefined ? undefined : parseJson(contents, FILE_LIMITS);
  if (parsed?.ok !== true || !isObject(parsed.value)) return NOTHING;
  const { sequence, over, begun } = parsed.value;
  const orders = parseOrders(begun);
  if (typeof sequence !== "number" || !isListOfText(over) || orders === undefined) return NOTHING;
  return { sequence, over, begun: orders };
}

function isListOfText(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function ordersOf({ base, body }: HostDocument): readonly Order[] | undefined {
  const parsed = base === 0 ? parseJson(body, FILE_LIMITS) : undefined;
  if (parsed?.ok !== true || !isObject(parsed.value)) return undefined;
  const { commands, ...rest } = parsed.value;
  return Object.keys(rest).length > 0 ? undefined : parseOrders(commands);
}

/** Opens what is kept. Faults: those of the storage. */
export async function openRemoteCommands(parts: RemoteCommandParts): Promise<RemoteCommands> {
  const { storage, log } = parts;
  let kept = parseKept(await storage.read(FILE));
  const keep = async (next: Kept) => {
    await storage.write(FILE, utf8(canonicalJson({ ...next, over: next.over.slice(-REMEMBERED_MAX) })));
    kept = next;
  };
  const work = async () => {
    for (const order of kept.begun) {
      const reason = await done(order, parts);
      log.info("remote-command", { id: order.id, do: order.do, outcome: reason ?? "done" });
      await keep({ ...kept, over: [...kept.over, order.id], begun: kept.begun.filter(({ id }) => id !== order.id) });
    }
  };
  // One after the other: what one has read of the kept orders still holds when it writes them.
  const row = new WorkRow("orders of the host");
  const take = async (document: HostDocument): Promise<DocumentAnswer> => {
    if (document.sequence <= kept.sequence) return { kind: "refused", reason: "commands-older" };
    const orders = ordersOf(document);
    if (orders === undefined) return { kind: "refused", reason: "commands-malformed" };
    const known = new Set([...kept.over, ...kept.begun.map(({ id }) => id)]);
    await keep({ ...kept, sequence: document.sequence, begun: [...kept.begun, ...orders.filter(({ id }) => !known.has(id))] });
    await work();
    return { kind: "taken" };
  };
  return { taker: { stream: STREAM, have: () => kept.sequence, take: (document) => row.run(() => take(document)) }, resume: () => row.run(work) };
}

/** Does one order and tells it; the reason where it was not done. Faults: those of the journal, after which it is done again. */
async function done(order: Order, { acts, journal }: RemoteCommandParts): Promise<string | undefined> {
  const reason = await tried(order, acts);
  const outcome = reason === undefined ? { outcome: "done" } : { outcome: "failed", reason };
  await journal.append({
    kind: "operation",
    state: "done",
    amount: ZERO_FEN,
    detail: { operation: "remote-command", command: order.id, do: order.do, ...outcome },
  });
  return reason;
}

async function tried(order: Order, acts: RemoteActs): Promise<string | undefined> {
  try {
    switch (order.do) {
      case "restart":
        acts.restart();
        return undefined;
      case "log-level":
        acts.setLogLevel(order.level);
        return undefined;
      case "drain":
        acts.drain();
        return undefined;
      case "reload-keys":
        await acts.reloadKeys();
        return undefined;
      case "decommission":
        await acts.decommission();
        return undefined;
    }
  } catch (fault) {
    // What this machine cannot do is told; a mistake of ours is not hidden behind it.
    if (isFault(fault)) return fault.code;
    throw fault;
  }
}
