/*
 * Goal: a terminal that goes leaves no record behind, no key that anybody could use, and never starts again as what it was.
 * Method: steps in one order, each durable before the next: records are safe, the end is begun (from here on nothing starts), the host is told by a
 * signed word, keys are wiped, it is over. Cut off anywhere, it goes on. Spec: claim/v1, 8.
 */
import { fromHex } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Log } from "../../device/base/log.ts";
import type { Clock, MessageLink, Randomness, Storage } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { AskingLink } from "./ask.ts";
import { IDENTITY_FILES, readIdentity, readObject, writeObject } from "./identity.ts";
import { CARE_FILES } from "./key-care.ts";
import { KEY_FILE, keyLine } from "./key-file.ts";
import { signingKeyOf } from "./keys.ts";
import { claimTopics, makeQuestion, wordOf } from "./messages.ts";
import type { JsonObject } from "./types.ts";

/** What the journal still has to say. */
export interface JournalRest {
  readonly journalId: string;
  readonly lastSeq: number;
  readonly receiptedThrough: number;
  /** Sales and other acts that have not ended. */
  readonly openSubjects: number;
  /** Records that owe the bank a message which nobody has begun to send. */
  readonly owedUploads: number;
}

export interface DecommissionPorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly log: Log;
  readonly identity: Storage;
  readonly config: Storage;
  /** Undefined where there never was a journal. Faults: "store-in-use" while the service runs. */
  journal(): Promise<JournalRest | undefined>;
  /** Overwrites a file in its place, flushes it and removes it; one that is not there is no fault. */
  shred(folder: "identity" | "config", name: string): Promise<void>;
  connect(tid: string): MessageLink | Promise<MessageLink>;
}

export interface DecommissionOptions {
  /** The host cannot be reached any more, and a person goes on without it. */
  readonly withoutHost: boolean;
  /** A person holds an export of everything up to this entry; undefined: nobody does. */
  readonly exportedThrough: number | undefined;
  readonly signal: AbortSignal;
}

export type DecommissionOutcome =
  | { readonly kind: "over"; readonly tid: string; readonly hostTold: boolean }
  /** Nothing was changed: records are here alone. */
  | { readonly kind: "refused"; readonly reason: "records-here-alone"; readonly rest: JournalRest }
  /** It is begun, and the host was not reached: nothing starts, nothing is wiped. */
  | { readonly kind: "host-silent"; readonly tid: string };

const TRIES_MAX = 4;
const ANSWER_TIMEOUT_MS = 15_000;
const PAUSE_MS = 3_000;

/** Secrets first: should it be cut off, what is left tells who this was and nothing more. */
const WIPED: readonly (readonly ["identity" | "config", string])[] = [
  ["config", KEY_FILE],
  ["identity", IDENTITY_FILES.link],
  ["identity", CARE_FILES.nextLink],
  ["identity", CARE_FILES.next],
  ["identity", CARE_FILES.keys],
  ["identity", IDENTITY_FILES.keys],
  ["identity", IDENTITY_FILES.authority],
  ["identity", IDENTITY_FILES.state],
];

/** Ends a terminal. Faults: "not-claimed" (it is nobody), "store-in-use", those of the storages, "cancelled". */
export async function decommission(ports: DecommissionPorts, options: DecommissionOptions): Promise<DecommissionOutcome> {
  const { identity } = ports;
  let mark = await readObject(identity, IDENTITY_FILES.decommission);
  if (mark === undefined) {
    const begun = await begin(ports, options);
    if (begun.kind === "refused") return begun;
    mark = begun.mark;
  }
  const tid = typeof mark["tid"] === "string" ? mark["tid"] : "";
  if (mark["at"] === "begun") {
    const told = await tellHost(ports, mark, options);
    if (!told && !options.withoutHost) return { kind: "host-silent", tid };
    mark = { ...mark, at: "told", hostTold: told };
    await writeObject(identity, IDENTITY_FILES.decommission, mark);
  }
  if (mark["at"] === "told") {
    for (const [folder, name] of WIPED) await ports.shred(folder, name);
    await identity.remove(IDENTITY_FILES.identity);
    mark = { ...mark, at: "over" };
    await writeObject(identity, IDENTITY_FILES.decommission, mark);
  }
  return { kind: "over", tid, hostTold: mark["hostTold"] === true };
}

/** Begun only when no record would be lost with this machine. */
async function begin(
  ports: DecommissionPorts,
  { exportedThrough = 0 }: DecommissionOptions,
): Promise<{ readonly kind: "begun"; readonly mark: JsonObject } | Extract<DecommissionOutcome, { kind: "refused" }>> {
  const identity = await readIdentity(ports.identity);
  if (identity === undefined) throw new Fault("not-claimed", "this machine is nobody's terminal", { effectUnknown: false });
  const rest = await ports.journal();
  if (rest !== undefined && exportedThrough < rest.lastSeq && (rest.receiptedThrough < rest.lastSeq || rest.openSubjects + rest.owedUploads > 0))
    return { kind: "refused", reason: "records-here-alone", rest };
  const mark = {
    v: 1,
    at: "begun",
    tid: identity.tid,
    lastSeq: rest?.lastSeq ?? 0,
    receiptedThrough: rest?.receiptedThrough ?? 0,
    exported: exportedThrough > 0,
  };
  await writeObject(ports.identity, IDENTITY_FILES.decommission, mark);
  return { kind: "begun", mark };
}

/** Whether the host has taken the terminal from its list. */
async function tellHost(ports: DecommissionPorts, mark: JsonObject, { withoutHost, signal }: DecommissionOptions): Promise<boolean> {
  const { suite, clock, log } = ports;
  const identity = await readIdentity(ports.identity);
  const contents = await ports.config.read(KEY_FILE);
  const scalar = contents === undefined ? undefined : keyLine(contents, "signing-scalar");
  if (identity === undefined || scalar === undefined) return false;
  const { tid, session } = identity;
  const { lastSeq = 0, receiptedThrough = 0, exported = false } = mark;
  const members = { v: 1, tid, session, step: "retire", lastSeq, receiptedThrough, exported };
  const question = makeQuestion({ suite, signing: signingKeyOf(suite, scalar) }, claimTopics(tid), members);
  const link = new AskingLink(await ports.connect(tid));
  try {
    const parts = { clock, suite, log, signal, authority: suite.sm2PublicKey(fromHex(identity.authority)) };
    for (let attempt = 0; attempt < (withoutHost ? 1 : TRIES_MAX); attempt += 1) {
      if (attempt > 0) await clock.sleep(PAUSE_MS, signal);
      const answer = await link.ask(parts, question, ANSWER_TIMEOUT_MS);
      if (answer?.["outcome"] === "granted") return true;
      if (answer !== undefined) log.warn("decommission-refused", { reason: wordOf(answer["reason"]) });
    }
    return false;
  } finally {
    await link.close();
  }
}
