/* For tests: a terminal's side of the conversation with an insurer that says what the test wants. */
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { HostReply } from "../hosts.ts";
import type { Journal } from "../journal/types.ts";
import { openMessageIds } from "./message-id.ts";
import type { HostPorts } from "./ports.ts";
import { DEFAULT_REGION, type MedicalProfile, type RegionSwitches } from "./profile.ts";
import { createSignInBook } from "./sign-in.ts";

export const LIMITS = { timeoutMs: 5_000, signal: new AbortController().signal };

/** 2026-11-22 12:00:00 in China. */
export const NOON_MS = 1_795_320_000_000;

export interface SentMessage {
  readonly infno: string;
  readonly msgid: string;
  readonly recer_sys_code: string;
  readonly insuplc_admdvs: string;
  readonly sign_no: string;
  readonly input: unknown;
}

/** An answer, or the promise of one. */
export type Say = (message: SentMessage) => unknown;

export interface Conversation {
  readonly ports: HostPorts;
  readonly clock: VirtualClock;
  readonly sent: SentMessage[];
  /** Every event of the log with its fields, as text. */
  readonly logged: string[];
}

export function testProfile(region: Partial<RegionSwitches> = {}): MedicalProfile {
  return {
    region: { ...DEFAULT_REGION, ...region },
    signsIn: true,
    sender: {
      institution: "P53010000001",
      institutionName: "Test Pharmacy",
      treatmentArea: "530102",
      receiverSystem: "FSI",
      interfaceVersion: "V1.0",
      operatorType: "1",
      operator: "op1",
      operatorName: "Operator One",
      deviceNumber: "T1",
    },
  };
}

/** `say` gives the output of a reply that books; bytes are the reply as they stand, and a host's reply is taken as it is. */
export async function converse(say: Say, region: Partial<RegionSwitches> = {}): Promise<Conversation> {
  const clock = new VirtualClock(NOON_MS);
  const sent: SentMessage[] = [];
  const logged: string[] = [];
  const note = (event: string, fields = {}) => void logged.push(`${event} ${JSON.stringify(fields)}`);
  const log: Log = { info: note, warn: note, error: note };
  const marks = new Map<string, string>();
  const journal: Pick<Journal, "mark" | "setMarks"> = {
    mark: async (name) => marks.get(name),
    setMarks: async (list) => {
      for (const { name, value } of list) marks.set(name, value);
    },
  };
  const exchange = async (body: Bytes): Promise<HostReply> => {
    const message = JSON.parse(new TextDecoder().decode(body)) as SentMessage;
    sent.push(message);
    return replyOf(await say(message));
  };
  const ports: HostPorts = {
    clock,
    // Questions use the journal's marks and nothing else of it.
    journal: journal as Journal,
    host: { exchange },
    messageIds: await openMessageIds(journal, { institution: "P53010000001", serialLane: "1" }),
    medical: testProfile(region),
    signIns: createSignInBook(),
    log,
  };
  return { ports, clock, sent, logged };
}

function replyOf(said: unknown): HostReply {
  if (said instanceof Uint8Array) return { kind: "answered", body: said };
  if (typeof said === "object" && said !== null && "kind" in said) return said as HostReply;
  return { kind: "answered", body: utf8(JSON.stringify({ infcode: 0, inf_refmsgid: "1", respond_time: "20261122120000000", err_msg: "", output: said })) };
}
