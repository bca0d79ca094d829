/* What may go wrong with the host's answers to claims. Each is a switch, settable at any time. */
import { isFields } from "../canonical.ts";

export interface ClaimFaults {
  /** Nothing is read and nothing answered. */
  vanished: boolean;
  /** The next n questions are not even read. */
  loseNextQuestions: number;
  /** The next n answers are not sent; what they say has happened all the same. */
  loseNextAnswers: number;
  /** The next n answers are sent twice. */
  duplicateNextAnswers: number;
  /** The next n answers bear a signature that does not hold. */
  wrongSignatureNextAnswers: number;
  /** The next n answers answer another question (rightly signed). */
  otherQuestionNextAnswers: number;
  /** The next n certificates are for another key (rightly signed). */
  foreignKeyNextCertificates: number;
  /** The next n answers to terminals that ask what is to change name a host key that a stranger has signed. */
  strangersNextHostKeys: number;
  /** Every claim waits for a person. */
  pendingForEver: boolean;
  /** Every question is refused with this word. */
  refuse: string;
  /** Answers leave that much later. */
  slowMs: number;
  /** The next n profiles cannot be used: they lack their readers. */
  spoilNextProfiles: number;
}

const NONE: Readonly<ClaimFaults> = {
  vanished: false,
  loseNextQuestions: 0,
  loseNextAnswers: 0,
  duplicateNextAnswers: 0,
  wrongSignatureNextAnswers: 0,
  otherQuestionNextAnswers: 0,
  foreignKeyNextCertificates: 0,
  strangersNextHostKeys: 0,
  pendingForEver: false,
  refuse: "",
  slowMs: 0,
  spoilNextProfiles: 0,
};

export function noClaimFaults(initial: Partial<ClaimFaults> = {}): ClaimFaults {
  return { ...NONE, ...initial };
}

export function clearClaimFaults(faults: ClaimFaults): void {
  Object.assign(faults, NONE);
}

type CountName = { [Name in keyof ClaimFaults]: ClaimFaults[Name] extends number ? Name : never }[keyof ClaimFaults];

/** Whether a counted fault is due now; counts it. */
export function takeFault(faults: ClaimFaults, name: Exclude<CountName, "slowMs">): boolean {
  if (faults[name] <= 0) return false;
  faults[name] -= 1;
  return true;
}

/** Sets switches from outside; the reason when a name or a value is wrong. */
export function applyClaimFaults(faults: ClaimFaults, value: unknown): string | undefined {
  if (!isFields(value)) return "not-an-object";
  for (const [name, setting] of Object.entries(value)) {
    if (!Object.hasOwn(NONE, name)) return `unknown switch ${name}; known are ${Object.keys(NONE).join(", ")}`;
    const model = NONE[name as keyof ClaimFaults];
    if (typeof setting !== typeof model) return `${name} takes a ${typeof model}`;
    if (typeof setting === "number" && !(Number.isSafeInteger(setting) && setting >= 0)) return `${name} is a whole number of at least 0`;
  }
  Object.assign(faults, value);
  return undefined;
}
