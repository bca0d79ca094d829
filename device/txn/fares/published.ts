/*
 * Goal: fare tables that the settlement host has published are in force from one question to the next, through every restart, and a set that turns out
 * wrong is taken back by one word.
 * Method: a taker of the stream "fares". The newest set and the one before it stand in one small file, so that a power cut leaves one whole pair. A
 * rollback exchanges the two. A set that a gate could not charge by is refused, and the one in use stays. Spec: pos/v1, 8.
 */
import { type Bytes, utf8 } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../../codec/json.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../hosts.ts";
import { openFareBook } from "./book.ts";
import type { FareBook } from "./fares.ts";
import { laneProblems, type StandingLane } from "./lanes.ts";
import { parseFareTables } from "./table.ts";

export interface PublishedFares {
  readonly taker: DocumentTaker;
  /** Answers by the newest set; by the configured tables as long as none was published. */
  readonly book: FareBook;
}

const STREAM = "fares";
const FILE = "fares";
const BODY_BYTES_MAX = 2_097_152;
const FILE_LIMITS = { maxBytes: 3 * BODY_BYTES_MAX, maxDepth: 32 };

/** A set as it came; tables are read again at each start, because what counts as right may have become stricter. */
type RawSet = readonly JsonValue[];

interface Kept {
  readonly sequence: number;
  readonly current: RawSet;
  /** Empty: there is none. */
  readonly previous: RawSet;
}

const NOTHING: Kept = { sequence: 0, current: [], previous: [] };

function isList(value: JsonValue | undefined): value is RawSet {
  return Array.isArray(value);
}

function parseKept(contents: Bytes | undefined): Kept {
  const parsed = contents === undefined ? undefined : parseJson(contents, FILE_LIMITS);
  if (parsed?.ok !== true || !isObject(parsed.value)) return NOTHING;
  const { sequence, current, previous } = parsed.value;
  return typeof sequence === "number" && isList(current) && isList(previous) ? { sequence, current, previous } : NOTHING;
}

/** What a document makes of what is kept, or why it is refused. Never throws. */
function nextKept(kept: Kept, { sequence, base, body }: HostDocument): Kept | string {
  if (base !== 0) return "fares-continue-nothing";
  if (sequence <= kept.sequence) return "fares-older";
  const parsed = parseJson(body, { ...FILE_LIMITS, maxBytes: BODY_BYTES_MAX });
  if (!parsed.ok || !isObject(parsed.value)) return "fares-malformed";
  const { tables, rollback, ...rest } = parsed.value;
  if (Object.keys(rest).length > 0 || (tables === undefined) === (rollback === undefined)) return "fares-malformed";
  if (isList(tables)) return { sequence, current: tables, previous: kept.current };
  if (rollback !== true) return "fares-malformed";
  return kept.previous.length === 0 ? "fares-nothing-before" : { sequence, current: kept.previous, previous: kept.current };
}

function bookOf(set: RawSet, lanes: readonly StandingLane[]): FareBook | undefined {
  const parsed = parseFareTables(set);
  return parsed.ok && laneProblems(parsed.tables, lanes).length === 0 ? openFareBook(parsed.tables) : undefined;
}

/** The tables of the configuration, and the lanes that every set has to know. */
export interface ConfiguredFares {
  readonly book: FareBook;
  readonly lanes: readonly StandingLane[];
}

/** Opens what is kept. Faults: those of the storage. */
export async function openPublishedFares(ports: { readonly storage: Storage; readonly log: Log }, configured: ConfiguredFares): Promise<PublishedFares> {
  let kept = parseKept(await ports.storage.read(FILE));
  const opened = bookOf(kept.current, configured.lanes);
  if (kept.current.length > 0 && opened === undefined) {
    ports.log.error("published-fares-unusable", { sequence: kept.sequence });
    // The host sends it again and is told by the refusal what it is worth here.
    kept = { ...kept, sequence: 0 };
  }
  let book = opened ?? configured.book;
  const take = async (document: HostDocument): Promise<DocumentAnswer> => {
    const next = nextKept(kept, document);
    if (typeof next === "string") return { kind: "refused", reason: next };
    const nextBook = bookOf(next.current, configured.lanes);
    if (nextBook === undefined) return { kind: "refused", reason: "fares-unusable" };
    await ports.storage.write(FILE, utf8(canonicalJson(next)));
    kept = next;
    book = nextBook;
    return { kind: "taken" };
  };
  return {
    taker: { stream: STREAM, have: () => kept.sequence, take },
    book: {
      ride: (question) => book.ride(question),
      entryTerms: (at) => book.entryTerms(at),
      fareWithoutEntry: (at, cardType) => book.fareWithoutEntry(at, cardType),
    },
  };
}
