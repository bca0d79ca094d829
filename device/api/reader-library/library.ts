/*
 * Goal: programs written for the national reader interface find its functions here, as if this terminal were such a reader.
 * Method: each function is one dialogue with the card, a service of the card, or a sale of the terminal; one caller is served at a time and
 * everybody else is told so at once. Spec: LD/T 33; LD/T 6001.
 */

import { toHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardServiceRequest } from "../../txn/card-services/acts.ts";
import { readBasicData, readBasicDataBySteps } from "./basic-data.ts";
import { CardDesk, isAnswer } from "./card-desk.ts";
import { debit, readDebitRecords } from "./debit-functions.ts";
import { readFiles, writeFiles } from "./file-functions.ts";
import { FUNCTIONS, type FunctionName, type LibraryAnswer, type LibraryCall } from "./functions.ts";
import { answerOf, answerOfService, OWN_RESULT, RESULT } from "./numbers.ts";
import { reloadBySteps, unblockBySteps, verifyHolder } from "./pin-functions.ts";
import type { ReaderLibraryPorts } from "./ports.ts";
import { buildAnswer } from "./protocol.ts";
import { type AskCaller, StepDialogue } from "./steps.ts";

/** Whoever calls: one connection, one client of the API. Steps belong to the caller that began them. */
export interface LibraryCaller {
  /** No other caller has it. */
  readonly name: string;
  /** Who uses the program, where it says so; stands in records. */
  readonly operator?: string;
}

export interface ReaderLibrary {
  /** One call. `signal` aborts when the caller is gone. Never rejects for what the world does. */
  call(caller: LibraryCaller, call: LibraryCall, signal: AbortSignal): Promise<LibraryAnswer>;
  /** The caller is gone: what it began and did not end lets the card go. */
  leave(caller: LibraryCaller): Promise<void>;
  /** Ends what waits for a next step. */
  close(): Promise<void>;
}

export function openReaderLibrary(ports: ReaderLibraryPorts): ReaderLibrary {
  return new Library(ports);
}

/** A dialogue in steps: the function that begins it, and the ones that go on. */
type StepFamily = "iReadCardBas" | "iReloadPIN" | "iUnblockPIN";

interface Step {
  readonly family: StepFamily;
  readonly step: number;
}

type StepName = Extract<FunctionName, `${string}_HSM_${string}`>;

const STEPS: { readonly [Name in StepName]: Step } = {
  iReadCardBas_HSM_Step1: { family: "iReadCardBas", step: 1 },
  iReadCardBas_HSM_Step2: { family: "iReadCardBas", step: 2 },
  iReloadPIN_HSM_Step1: { family: "iReloadPIN", step: 1 },
  iReloadPIN_HSM_Step2: { family: "iReloadPIN", step: 2 },
  iReloadPIN_HSM_Step3: { family: "iReloadPIN", step: 3 },
  iUnblockPIN_HSM_Step1: { family: "iUnblockPIN", step: 1 },
  iUnblockPIN_HSM_Step2: { family: "iUnblockPIN", step: 2 },
};

/** Functions that end with their answer. */
type WholeName = Exclude<FunctionName, StepName>;

function isStepName(name: FunctionName): name is StepName {
  return Object.hasOwn(STEPS, name);
}

interface Begun {
  readonly caller: LibraryCaller;
  readonly family: StepFamily;
  readonly dialogue: StepDialogue;
}

class Library implements ReaderLibrary {
  readonly #desk: CardDesk;
  #working = false;
  #begun: Begun | undefined;

  constructor(ports: ReaderLibraryPorts) {
    this.#desk = new CardDesk(ports);
  }

  async call(caller: LibraryCaller, call: LibraryCall, signal: AbortSignal): Promise<LibraryAnswer> {
    const others = this.#begun?.dialogue.open === true && this.#begun.caller.name !== caller.name;
    if (this.#working || others) return answerOf(OWN_RESULT.busy);
    this.#working = true;
    try {
      return fitted(call.name, await this.#perform(caller, call, signal));
    } finally {
      this.#working = false;
    }
  }

  async leave(caller: LibraryCaller): Promise<void> {
    if (this.#begun?.caller.name === caller.name) await this.#endSteps();
  }

  close(): Promise<void> {
    return this.#endSteps();
  }

  async #endSteps(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    await begun?.dialogue.giveUp();
  }

  async #perform(caller: LibraryCaller, call: LibraryCall, signal: AbortSignal): Promise<LibraryAnswer> {
    const { name } = call;
    if (isStepName(name) && STEPS[name].step > 1) return this.#goOn(STEPS[name], call.texts.key);
    // Another function means that the steps of before are not wanted any more.
    await this.#endSteps();
    return isStepName(name) ? this.#begin(caller, STEPS[name].family, call) : this.#whole({ caller, name }, call, signal);
  }

  #goOn({ family, step }: Step, key: string): Promise<LibraryAnswer> {
    const begun = this.#begun;
    if (begun?.family !== family || !begun.dialogue.open || begun.dialogue.step !== step - 1) return Promise.resolve(answerOf(OWN_RESULT.noStep));
    return begun.dialogue.next(key);
  }

  #begin(caller: LibraryCaller, family: StepFamily, { numbers, texts }: LibraryCall): Promise<LibraryAnswer> {
    const desk = this.#desk;
    const { ports, bounds } = desk;
    const run = (ask: AskCaller, signal: AbortSignal) =>
      desk.faultsAsNumbers(family === "iReadCardBas" ? "nothing" : "perhaps", () =>
        desk.withCard(numbers.iType, signal, (card) => {
          switch (family) {
            case "iReadCardBas":
              return readBasicDataBySteps(desk, card, ask);
            case "iReloadPIN":
              return reloadBySteps(desk, card, texts.cardInfo, ask);
            case "iUnblockPIN":
              return unblockBySteps(desk, card, texts.cardInfo, ask);
          }
        }),
      );
    const dialogue = new StepDialogue({ clock: ports.clock, stepTimeoutMs: bounds.stepTimeoutMs, run });
    this.#begun = { caller, family, dialogue };
    return dialogue.begin();
  }

  #whole({ caller, name }: { readonly caller: LibraryCaller; readonly name: WholeName }, call: LibraryCall, signal: AbortSignal): Promise<LibraryAnswer> {
    const desk = this.#desk;
    const { iType } = call.numbers;
    switch (name) {
      case "iReadCardBas":
        return desk.faultsAsNumbers("nothing", () => desk.withCard(iType, signal, (card) => readBasicData(desk, card)));
      case "iReadCard":
        return desk.faultsAsNumbers("nothing", () => desk.withCard(iType, signal, (card) => readFiles(desk, card, call)));
      case "iWriteCard":
        return desk.faultsAsNumbers("perhaps", () => desk.withCard(iType, signal, (card) => writeFiles(desk, card, call)));
      case "iVerifyPIN":
        return desk.faultsAsNumbers("nothing", () => desk.withCard(iType, signal, (card) => verifyHolder(desk, card)));
      case "iReadDebitRecord":
        return desk.faultsAsNumbers("nothing", () => desk.withCard(iType, signal, (card) => readDebitRecords(desk, card)));
      case "iDoDebit":
        return desk.faultsAsNumbers("perhaps", () => debit(desk, { ...call, operator: operatorOf(caller) }, signal));
      case "iChangePIN":
        return this.#service(call, { operator: operatorOf(caller), service: "change-pin" }, signal);
      case "iReloadPIN":
        return this.#service(call, { operator: operatorOf(caller), service: "reset-pin", reference: this.#reference() }, signal);
      case "iUnblockPIN":
        return this.#service(call, { operator: operatorOf(caller), service: "unlock-pin", reference: this.#reference() }, signal);
    }
  }

  /** What the card's services do, with their own rules, records and hosts. They take the reader themselves. */
  async #service(call: LibraryCall, request: CardServiceRequest, signal: AbortSignal): Promise<LibraryAnswer> {
    const desk = this.#desk;
    const { services } = desk.ports;
    if (services === undefined) return answerOf(RESULT.notSupported);
    const named = FUNCTIONS[call.name].parameters.includes("cardInfo");
    const looked = await desk.faultsAsNumbers("nothing", () => this.#look(call, named, signal));
    if (looked.result !== RESULT.done) return looked;
    const limits: Limits = { timeoutMs: desk.bounds.serviceTimeoutMs, signal };
    return desk.faultsAsNumbers("perhaps", async () => answerOfService(await services.perform(request, limits), desk.provider));
  }

  /** Whether a card is there, and the right one where the caller names it. */
  #look({ numbers, texts }: LibraryCall, named: boolean, signal: AbortSignal): Promise<LibraryAnswer> {
    const desk = this.#desk;
    return desk.withCard(numbers.iType, signal, async (card) => {
      const found = named ? await desk.nameThis(card, texts.cardInfo) : await desk.name(card);
      return isAnswer(found) ? found : answerOf(RESULT.done);
    });
  }

  /** A service that a program asks for is a new one each time: such programs know no references. */
  #reference(): string {
    return `driver-${toHex(this.#desk.ports.randomness.bytes(16))}`;
  }
}

/** Programs behind the shared library do not say who uses them. */
function operatorOf({ operator = "reader-library" }: LibraryCaller): string {
  return operator;
}

/** An answer longer than the caller's buffer would be a lie if it were cut. */
function fitted(name: FunctionName, answer: LibraryAnswer): LibraryAnswer {
  return buildAnswer(name, answer).ok ? answer : answerOf(OWN_RESULT.answerTooLong);
}
