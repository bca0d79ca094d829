/*
 * The functions of the national reader interface as data: what each takes, and how much it may write back. The shared library, the wire between
 * the two and the documentation follow this one table. Spec: LD/T 33; LD/T 6001.
 */

/** "iType" and "iAuthType" are numbers, everything else is text. */
export type NumberParameter = "iType" | "iAuthType";
export type TextParameter = "cardInfo" | "fileAddress" | "data" | "payInfo" | "key";
export type Parameter = NumberParameter | TextParameter;

export type FunctionName =
  | "iReadCardBas"
  | "iReadCardBas_HSM_Step1"
  | "iReadCardBas_HSM_Step2"
  | "iReadCard"
  | "iWriteCard"
  | "iVerifyPIN"
  | "iChangePIN"
  | "iReloadPIN"
  | "iReloadPIN_HSM_Step1"
  | "iReloadPIN_HSM_Step2"
  | "iReloadPIN_HSM_Step3"
  | "iUnblockPIN"
  | "iUnblockPIN_HSM_Step1"
  | "iUnblockPIN_HSM_Step2"
  | "iDoDebit"
  | "iReadDebitRecord";

export interface FunctionDefinition {
  /** Stands for the name on the wire. */
  readonly code: number;
  readonly parameters: readonly Parameter[];
  /** Size of the caller's buffer: no answer is longer, the zero at its end counted. */
  readonly outputBytes: number;
  /** How long the shared library waits for the answer: longer than the terminal takes for whatever may happen. */
  readonly answerMs: number;
}

const QUESTION_MS = 40_000;
/** The holder's time at the keypad, and what stands around it. */
const KEYPAD_MS = 110_000;
/** A torn debit waits for its card to come back. */
const DEBIT_MS = 260_000;
const SHORT = 256;
const USUAL = 1_024;
const LONG = 4_096;

export const FUNCTIONS: Readonly<Record<FunctionName, FunctionDefinition>> = {
  iReadCardBas: { code: 0x01, parameters: ["iType"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iReadCardBas_HSM_Step1: { code: 0x02, parameters: ["iType"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iReadCardBas_HSM_Step2: { code: 0x03, parameters: ["key"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iReadCard: { code: 0x10, parameters: ["iType", "iAuthType", "cardInfo", "fileAddress"], outputBytes: LONG, answerMs: KEYPAD_MS },
  iWriteCard: { code: 0x11, parameters: ["iType", "cardInfo", "fileAddress", "data"], outputBytes: SHORT, answerMs: QUESTION_MS },
  iVerifyPIN: { code: 0x20, parameters: ["iType"], outputBytes: SHORT, answerMs: KEYPAD_MS },
  iChangePIN: { code: 0x21, parameters: ["iType"], outputBytes: SHORT, answerMs: KEYPAD_MS },
  iReloadPIN: { code: 0x22, parameters: ["iType", "cardInfo"], outputBytes: SHORT, answerMs: KEYPAD_MS },
  iReloadPIN_HSM_Step1: { code: 0x23, parameters: ["iType", "cardInfo"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iReloadPIN_HSM_Step2: { code: 0x24, parameters: ["key"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iReloadPIN_HSM_Step3: { code: 0x25, parameters: ["key"], outputBytes: SHORT, answerMs: QUESTION_MS },
  iUnblockPIN: { code: 0x28, parameters: ["iType", "cardInfo"], outputBytes: SHORT, answerMs: KEYPAD_MS },
  iUnblockPIN_HSM_Step1: { code: 0x29, parameters: ["iType", "cardInfo"], outputBytes: USUAL, answerMs: QUESTION_MS },
  iUnblockPIN_HSM_Step2: { code: 0x2a, parameters: ["key"], outputBytes: SHORT, answerMs: QUESTION_MS },
  iDoDebit: { code: 0x30, parameters: ["iType", "cardInfo", "payInfo"], outputBytes: USUAL, answerMs: DEBIT_MS },
  iReadDebitRecord: { code: 0x31, parameters: ["iType"], outputBytes: LONG, answerMs: KEYPAD_MS },
};

// The keys of a record by names are those names.
export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as readonly FunctionName[];

/** The function that a code stands for; undefined for any other number. */
export function functionOfCode(code: number): FunctionName | undefined {
  return FUNCTION_NAMES.find((name) => FUNCTIONS[name].code === code);
}

export function isNumberParameter(parameter: Parameter): parameter is NumberParameter {
  return parameter === "iType" || parameter === "iAuthType";
}

/** One call, its parameters by name; those that the function has not are 0 and "". */
export interface LibraryCall {
  readonly name: FunctionName;
  readonly numbers: Readonly<Record<NumberParameter, number>>;
  readonly texts: Readonly<Record<TextParameter, string>>;
}

/** A call of our own making, for callers inside this process. */
export function libraryCall(name: FunctionName, given: Partial<LibraryCall["numbers"] & LibraryCall["texts"]> = {}): LibraryCall {
  const { iType = 0, iAuthType = 0, cardInfo = "", fileAddress = "", data = "", payInfo = "", key = "" } = given;
  return { name, numbers: { iType, iAuthType }, texts: { cardInfo, fileAddress, data, payInfo, key } };
}

/** What a function returns: 0 or a negative number, and what it writes into the caller's buffer. */
export interface LibraryAnswer {
  readonly result: number;
  readonly output: string;
}
