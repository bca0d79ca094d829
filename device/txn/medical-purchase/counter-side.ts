/* The counter in a medical purchase: told how far it is, asked what only it can say, and its scanner. Every question has an end. */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { classifyCode } from "../../codec/scanned-code.ts";
import type { OrderEvent, OrderQuestion, ProvisionalFigures } from "../medical-desk/desk.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest } from "./ports.ts";
import type { Event, Refusal } from "./types.ts";

/** mdtrt_cert_no takes no more. Spec: FSI, 1101. */
const CODE_SHAPE = /^[\x21-\x7e]{1,50}$/;

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
  async chooseInsurance(choices: readonly string[]): Promise<string | Extract<Event, { is: "stopped" }>> {
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

  /** The holder's e-code, from the counter or from the scanner; undefined where none came. It is a bearer credential: nothing tells it further. */
  async readCode(): Promise<string | undefined> {
    const { credential } = this.#request;
    const given = credential?.kind === "e-code" ? credential.code : undefined;
    if (given !== undefined) return CODE_SHAPE.test(given) ? given : undefined;
    return this.#scan();
  }

  async #scan(): Promise<string | undefined> {
    const { scanner, log } = this.#ports;
    if (scanner === undefined) return undefined;
    const { timeoutMs, signal } = this.#limits;
    const session = scanner.openSession();
    try {
      const { data, symbology } = await session.next({ timeoutMs, signal });
      const code = classifyCode(data, symbology);
      if (code.kind === "medical-e-code") return code.code;
      log.info("no-e-code-scanned", { is: code.kind });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      log.info("no-e-code-scanned", { code: fault.code });
    } finally {
      session.close();
    }
    return undefined;
  }
}

function stopped(refusal: Refusal) {
  return { is: "stopped", refusal } as const;
}
