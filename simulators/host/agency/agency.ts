/*
 * Goal: an agency that acts once for each id, and that refuses, delays, loses and spoils replies as real hosts are reported to do.
 * Method: an act and its reply are one transaction of the books; between the message and the service stands one planned fault, or none.
 * Written from the page alone. Spec: agency/v1.
 */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { type Log, SILENT } from "../../../device/base/log.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type JsonFields, parseFields, textField } from "../canonical.ts";
import { HostFrame } from "../host-frame.ts";
import { buildReply, parseRequest, type Request, resultOf, type ServiceAnswer } from "./envelope.ts";
import { type AgencyFault, type AgencyFaults, noAgencyFaults, takeAgencyFault } from "./faults.ts";
import type { AgencyLedger } from "./ledger.ts";
import { TEST_ENROLMENTS } from "./persons.ts";
import { type AgencyVariants, DEFAULT_AGENCY_VARIANTS, MALFORMED, refuse, type ServiceContext } from "./service.ts";
import { SERVICES } from "./services.ts";
import type { Enrolment } from "./words.ts";

export interface AgencyOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly ledger: AgencyLedger;
  /** Left out: holders of the first test cards. */
  readonly enrolments?: readonly Enrolment[];
  readonly variants?: Partial<AgencyVariants>;
  readonly faults?: AgencyFaults;
  /** How long every reply takes. */
  readonly latencyMs?: number;
  readonly log?: Log;
}

export interface Agency {
  readonly ledger: AgencyLedger;
  /** May be changed at any time. */
  readonly faults: AgencyFaults;
  /** How often each outcome was given, for example "contribution-confirm ok" or "activate refused". */
  readonly counters: ReadonlyMap<string, number>;
  /** One message. Acts before the first await; undefined means that no reply will ever come. Has the shape of a head-end service. */
  readonly exchange: (body: Bytes) => Promise<Bytes | undefined>;
  /** Requests that are still on their way, or taken and not decided. */
  readonly late: () => number;
  /** Time at the agency. */
  readonly nowMs: () => number;
  /** Gives up waiting: nothing that is late will happen any more. */
  stop(): void;
}

const UNPARSABLE = utf8("<html><body>502 Bad Gateway</body></html>");
const OTHER_ID = "f".repeat(32);
const ID = /^[0-9a-f]{32}$/;

class SimulatedAgency implements Agency {
  readonly ledger: AgencyLedger;
  readonly faults: AgencyFaults;
  readonly #options: AgencyOptions;
  readonly #context: ServiceContext;
  readonly #frame: HostFrame;
  readonly #log: Log;

  constructor(options: AgencyOptions) {
    const { clock, randomness, suite, ledger, enrolments = TEST_ENROLMENTS } = options;
    this.#options = options;
    this.#frame = new HostFrame(options);
    this.#log = options.log ?? SILENT;
    this.ledger = ledger;
    this.faults = options.faults ?? noAgencyFaults();
    this.#context = { clock, randomness, suite, ledger, variants: { ...DEFAULT_AGENCY_VARIANTS, ...options.variants } };
    for (const enrolment of enrolments) ledger.enrol(enrolment, clock.wallMs());
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#frame.counters;
  }

  late = (): number => this.#frame.late;

  nowMs = (): number => this.#options.clock.wallMs();

  stop(): void {
    this.#frame.stop();
  }

  exchange = async (body: Bytes): Promise<Bytes | undefined> => {
    if (this.faults.absent || this.#frame.stopped) return undefined;
    const parsed = parseRequest(body);
    if (!parsed.ok) return this.#frame.deliver(buildReply(parsed.id, resultOf(MALFORMED)), 0);
    const { request } = parsed;
    const fault = takeAgencyFault(this.faults, request.service, this.#options.randomness);
    const reply = this.#act(request, fault);
    return reply === undefined ? undefined : this.#frame.deliver(reply, fault.slowMs);
  };

  /** Does what the fault lets be done, at once, and makes the reply that the fault lets be seen. */
  #act(request: Request, fault: AgencyFault): Bytes | undefined {
    switch (fault.effect) {
      case "none":
        return fault.reply === "refusal" ? buildReply(request.id, resultOf(refuse(fault.reason))) : this.#seen(request, fault, undefined);
      case "late":
        this.#frame.later(fault.lateMs, () => this.#serve(request));
        return undefined;
      case "pending":
        this.#take(request, fault.lateMs);
        return undefined;
      case "twice":
        this.#serve(request);
        return this.#seen(request, fault, this.#serve(request));
      case "done":
        return this.#seen(request, fault, this.#serve(request));
    }
  }

  #seen({ id }: Request, { reply }: AgencyFault, result: JsonFields | undefined): Bytes | undefined {
    if (result === undefined || reply === "none") return undefined;
    switch (reply) {
      case "normal":
      case "refusal":
        return buildReply(id, result);
      case "other-id":
        return buildReply(OTHER_ID, result);
      case "unparsable":
        return UNPARSABLE;
      case "half": {
        const whole = buildReply(id, result);
        return whole.slice(0, Math.floor(whole.length / 2));
      }
      case "output-missing":
        return buildReply(id, { ...result, output: {} });
    }
  }

  /** Taken in, and decided later: until then its outcome is pending. */
  #take(request: Request, lateMs: number): void {
    const { id, content } = request;
    if (this.ledger.seen(id) !== undefined) return;
    this.ledger.remember(id, { content, state: "pending", reply: "" }, this.nowMs());
    this.#frame.later(lateMs, () => this.#decide(request));
  }

  /** What is said to a request: once, and ever after the same. Undefined while it is pending. */
  #serve(request: Request): JsonFields | undefined {
    const { id, service, content } = request;
    const seen = this.ledger.seen(id);
    if (seen?.state === "given-up") return this.#counted(service, refuse("id-given-up"));
    if (seen !== undefined && seen.content !== content) return this.#counted(service, refuse("id-reused"));
    if (seen?.state === "pending") return undefined;
    return seen === undefined ? this.#decide(request) : parseFields(utf8(seen.reply));
  }

  #decide(request: Request): JsonFields {
    const { id, service, content, input } = request;
    return this.ledger.atomically(() => {
      const answer = service === "outcome" ? this.#outcome(input) : (SERVICES.get(service)?.(this.#context, request) ?? refuse("service-unknown"));
      const result = this.#counted(service, answer);
      // An outcome may be another one later: only what it gives up is kept.
      if (service !== "outcome") this.ledger.remember(id, { content, state: "done", reply: JSON.stringify(result) }, this.nowMs());
      return result;
    });
  }

  #counted(service: string, answer: ServiceAnswer): JsonFields {
    this.#frame.count(`${service} ${answer.ok ? "ok" : "refused"}`);
    if (!answer.ok) this.#log.info("agency-refused", { service, reason: answer.reason });
    return resultOf(answer);
  }

  /** An id that nobody knows is given up before this is said. */
  #outcome(input: JsonFields): ServiceAnswer {
    const of = textField(input, "of") ?? "";
    if (!ID.test(of)) return MALFORMED;
    const seen = this.ledger.seen(of);
    if (seen?.state === "pending") return { ok: true, output: { state: "pending" } };
    if (seen?.state === "done") return { ok: true, output: { state: "done", reply: parseFields(utf8(seen.reply)) } };
    if (seen === undefined) this.ledger.remember(of, { content: "", state: "given-up", reply: "" }, this.nowMs());
    return { ok: true, output: { state: "unknown-id" } };
  }
}

/** Opens the simulated agency over its books. */
export function openAgency(options: AgencyOptions): Agency {
  return new SimulatedAgency(options);
}
