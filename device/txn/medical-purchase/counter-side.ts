/* The counter in a medical purchase: told how far it is, asked what only it can say, and its scanner. Every question has an end. */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { classifyCode } from "../../codec/scanned-code.ts";
import type { OrderEvent, OrderQuestion, ProvisionalFigures } from "../medical-desk/desk.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest } from "./ports.ts";
import type { Event, Refusal } from "./types.ts";

/** mdtrt_cert_no takes no more. Spec: FSI, 1101. */
const CODE_LENGTH_MAX = 50;
const CODE_SHAPE = /^[\x21-\x7e]+$/;

type Stopped = Extract<Event, { readonly is: "stopped" }>;

export class CounterSide {
  readonly #ports: Pick<MedicalPurchasePorts, "scanner" | "log">;
  readonly #request: MedicalPurchaseRequest;
  readonly #limits: MedicalPurchaseLimits;

  constructor(ports: Pick<MedicalPurchasePorts, "scanner" | "log">, request: MedicalPurchaseRequest, limits: MedicalPurchaseLimits) {
    this.#ports = ports;
    this.#request = request;
    this.#limits = limits;
  }

  /** Whether anybody can be asked. */
  get present(): boolean {
    return this.#request.desk !== undefined;
  }

  tell(event: OrderEvent): void {
    this.#request.desk?.tell(event);
  }

  async #ask(question: OrderQuestion) {
    const { timeoutMs, answerTimeoutMs = timeoutMs, signal } = this.#limits;
    const limits: Limits = { timeoutMs: answerTimeoutMs, signal };
    return (await this.#request.desk?.ask(question, limits)) ?? ({ answer: "none" } as const);
  }

  /** The insurance that pays, one of the choices; an event where nobody has chosen. */
  async chooseInsurance(choices: readonly string[]): Promise<string | Stopped> {
    const answer = await this.#ask({ ask: "insurance", choices });
    if (answer.answer === "cancel") return stopped({ reason: "cancelled" });
    if (answer.answer === "insurance" && choices.includes(answer.insuranceType)) return answer.insuranceType;
    return stopped({ reason: "insurance-choice-needed", choices });
  }

  /** What cannot be shown cannot be confirmed. */
  async confirm(figures: ProvisionalFigures | undefined): Promise<Event> {
    if (figures === undefined) return stopped({ reason: "no-answer" });
    const { answer } = await this.#ask({ ask: "confirm", figures });
    if (answer === "confirm") return { is: "confirmed" };
    return stopped({ reason: answer === "cancel" ? "cancelled" : "no-answer" });
  }

  /** The holder's e-code, from the counter or from the scanner; an event where none came. It is a bearer credential: nothing tells it further. */
  async readCode(): Promise<string | Stopped> {
    const { credential } = this.#request;
    const given = credential?.kind === "e-code" ? credential.code : undefined;
    if (given === undefined) return this.#scan();
    if (given.length > CODE_LENGTH_MAX) return TOO_LONG;
    return CODE_SHAPE.test(given) ? given : NOT_SCANNED;
  }

  async #scan(): Promise<string | Stopped> {
    const { scanner, log } = this.#ports;
    if (scanner === undefined) return NOT_SCANNED;
    const { timeoutMs, signal } = this.#limits;
    const session = scanner.openSession();
    try {
      const { data, symbology } = await session.next({ timeoutMs, signal });
      const code = classifyCode(data, symbology);
      if (code.kind === "medical-e-code") return code.code;
      log.info("no-e-code-scanned", { is: code.kind });
      // What is somebody else's code is only no e-code, however long it is.
      if (code.kind === "unknown" && data.length > CODE_LENGTH_MAX) return TOO_LONG;
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.info("no-e-code-scanned", { code: fault.code });
    } finally {
      session.close();
    }
    return NOT_SCANNED;
  }
}

function stopped(refusal: Refusal): Stopped {
  return { is: "stopped", refusal };
}

const NOT_SCANNED = stopped({ reason: "code-not-scanned" });
const TOO_LONG = stopped({ reason: "code-too-long" });
