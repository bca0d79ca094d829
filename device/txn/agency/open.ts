/*
 * Goal: whoever asks the agency learns whether it has acted, as long as there is any way to learn it, and nothing is asked twice under two ids.
 * Method: a request leaves once; without an answer that decides, the agency is asked what became of its id until it says so or the caller's time
 * is over. "Unknown id" is the agency's promise never to act on it, so that it counts as never sent. Spec: agency/v1, 3.
 */
import { toHex } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import type { AgencyHost } from "../hosts.ts";
import type { AgencyClient, AgencyReply, AgencyRequest } from "./client.ts";
import { AGENCY_V1, type AgencyAnswer, type AgencyLayout } from "./layout.ts";
import { parseOutcome } from "./outcome.ts";
import { type AgencyProfile, changesSomething, DEFAULT_AGENCY_PROFILE } from "./profile.ts";

export interface AgencyPorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly host: AgencyHost;
  readonly terminalId: string;
  /** Left out: this project's own layout, everything offered. */
  readonly profile?: AgencyProfile;
  /** The layout that the profile names; left out: `agency/v1`. */
  readonly layout?: AgencyLayout;
}

/** Longest wait for the answer to one message; a request is given at most half of its caller's time, the rest is for asking what became of it. */
const EXCHANGE_MS_MAX = 15_000;
/** Longest wait for the answer to one question about an outcome. */
const QUESTION_MS_MAX = 5_000;
/** Pause between two questions about an outcome. */
const PAUSE_MS = 500;
/** Below this nothing is begun. */
const LEAST_MS = 1;
const REQUEST_ID_BYTES = 16;

/** What is known of a request of an earlier time. "never": certain, the agency has not acted on it and never will. */
export type AgencyOutcome =
  | Extract<AgencyReply, { readonly kind: "ok" | "refused" }>
  | { readonly kind: "never" }
  | { readonly kind: "open"; readonly reason: string };

export interface OpenedAgency extends AgencyClient {
  /** What became of a request without an answer; asks until the agency tells or the time is over. Never rejects. */
  outcomeOf(request: { readonly id: string; readonly operator: string }, limits: Limits): Promise<AgencyOutcome>;
  readonly profile: AgencyProfile;
}

export function openAgencyClient(ports: AgencyPorts): OpenedAgency {
  return new Client(ports);
}

/** A new id for an intent. */
export function drawAgencyId(randomness: Randomness): string {
  return toHex(randomness.bytes(REQUEST_ID_BYTES));
}

type Exchanged = AgencyAnswer | Extract<AgencyReply, { readonly kind: "not-sent" | "unknown" }>;

class Client implements OpenedAgency {
  readonly profile: AgencyProfile;
  readonly #ports: AgencyPorts;
  readonly #layout: AgencyLayout;

  constructor(ports: AgencyPorts) {
    this.#ports = ports;
    this.profile = ports.profile ?? DEFAULT_AGENCY_PROFILE;
    this.#layout = ports.layout ?? AGENCY_V1;
  }

  async ask(request: AgencyRequest, limits: Limits): Promise<AgencyReply> {
    const { clock } = this.#ports;
    if (!this.profile.services.includes(request.service)) return { kind: "refused", reason: "not-offered" };
    const untilMs = clock.monotonicMs() + limits.timeoutMs;
    const asks = changesSomething(request.service);
    const timeoutMs = asks ? Math.min(EXCHANGE_MS_MAX, limits.timeoutMs / 2) : limits.timeoutMs;
    const answer = await this.#exchange(request, { ...limits, timeoutMs });
    if (answer.kind === "ok" || answer.kind === "not-sent") return answer;
    if (answer.kind === "refused" && !saysNothing(answer)) return givenUp(answer) ?? answer;
    const reason = reasonOf(answer);
    if (!asks) return { kind: "unknown", reason };
    const outcome = await this.outcomeOf(request, { ...limits, timeoutMs: untilMs - clock.monotonicMs() });
    if (outcome.kind === "never") return { kind: "not-sent", reason };
    return outcome.kind === "open" ? { kind: "unknown", reason } : outcome;
  }

  async outcomeOf({ id, operator }: { readonly id: string; readonly operator: string }, limits: Limits): Promise<AgencyOutcome> {
    const { clock, randomness } = this.#ports;
    const untilMs = clock.monotonicMs() + limits.timeoutMs;
    const leftMs = () => untilMs - clock.monotonicMs();
    let reason = "timeout";
    while (leftMs() > LEAST_MS && !limits.signal.aborted) {
      const question: AgencyRequest = { service: "outcome", id: drawAgencyId(randomness), operator, input: { of: id } };
      const answer = await this.#exchange(question, { signal: limits.signal, timeoutMs: Math.min(QUESTION_MS_MAX, leftMs()) });
      const told = this.#judge(answer);
      if (told.kind !== "open") return told;
      reason = told.reason;
      if (!(await this.#pause(Math.min(PAUSE_MS, Math.max(0, leftMs())), limits.signal))) break;
    }
    return { kind: "open", reason };
  }

  /** What an answer to a question about an outcome says; "open" where it says nothing yet. */
  #judge(answer: Exchanged): AgencyOutcome {
    if (answer.kind !== "ok") return { kind: "open", reason: reasonOf(answer) };
    const told = parseOutcome(answer.output);
    switch (told.kind) {
      case "ok":
        return told;
      case "refused":
        return givenUp(told) === undefined ? told : { kind: "never" };
      case "unknown-id":
        return this.profile.outcomeQuery === "promised" ? { kind: "never" } : { kind: "open", reason: "unknown-id" };
      case "pending":
      case "malformed":
        return { kind: "open", reason: told.kind };
    }
  }

  async #exchange(request: AgencyRequest, limits: Limits): Promise<Exchanged> {
    const { clock, host, log, terminalId } = this.#ports;
    const { service, id } = request;
    const body = this.#layout.build(request, { terminal: terminalId, atMs: clock.wallMs() });
    if (body === undefined) return { kind: "not-sent", reason: "payload-too-large" };
    if (limits.timeoutMs < LEAST_MS) return { kind: "not-sent", reason: "timeout" };
    const reply = await host.exchange(body, limits);
    if (reply.kind !== "answered") return reply;
    const answer = this.#layout.parse(reply.body, id);
    if (answer.kind === "undecided") log.warn("agency-reply-undecided", { service, why: answer.why });
    if (answer.kind === "refused") log.info("agency-refused", { service, reason: answer.reason });
    return answer;
  }

  /** False: nobody waits any more. */
  async #pause(durationMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#ports.clock.sleep(durationMs, signal);
      return true;
    } catch (fault) {
      if (!isFault(fault, "cancelled")) throw fault;
      return false;
    }
  }
}

function reasonOf(answer: Exclude<Exchanged, { readonly kind: "ok" }>): string {
  return answer.kind === "undecided" ? `reply-${answer.why}` : answer.reason;
}

/** A refusal of the repeated message, which tells nothing about the first one. */
function saysNothing({ reason }: { readonly reason: string }): boolean {
  return reason === "id-reused";
}

/** The agency keeps its promise about an id that it did not know: it was never acted on and never will be. */
function givenUp({ reason }: { readonly reason: string }): Extract<AgencyReply, { readonly kind: "not-sent" }> | undefined {
  return reason === "id-given-up" ? { kind: "not-sent", reason } : undefined;
}
