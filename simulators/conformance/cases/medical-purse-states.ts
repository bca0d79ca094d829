/* The states of the medical purse: every command in every state, and the state that it leaves. */
import { withMedicalPurse } from "../medical-bench.ts";
import { type ScriptRow, SELECT_MEDICAL, type Step, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";
import { ACCOUNT, CREDIT_ZERO_MAC, DEBIT_ZERO_MAC, INITIALIZE, INITIALIZE_LOAD, initialize, PROVE, READ_LOG, SELECTED } from "./medical-purse-commands.ts";

const STATES = "LD/T 32.5, table 49";

const STATE_NAMES = ["idle", "load", "purchase"] as const;
type StateName = (typeof STATE_NAMES)[number];

interface StateCommand {
  readonly name: string;
  readonly command: string;
  /** The answer in each state; one for all of them, where it does not depend on the state. */
  readonly answer: string | Readonly<Record<StateName, string>>;
  /** The state afterwards; "kept": the one before. */
  readonly after: StateName | "kept";
}

const TABLE: readonly StateCommand[] = [
  { name: "INITIALIZE-LOAD", command: INITIALIZE_LOAD, answer: "*9000", after: "load" },
  { name: "INITIALIZE-PURCHASE", command: INITIALIZE, answer: "*9000", after: "purchase" },
  { name: "INITIALIZE-REFUSED", command: initialize(10_001), answer: "9401", after: "idle" },
  { name: "CREDIT", command: CREDIT_ZERO_MAC, answer: { idle: "6901", load: "9302", purchase: "6901" }, after: "idle" },
  { name: "DEBIT", command: DEBIT_ZERO_MAC, answer: { idle: "6901", load: "6901", purchase: "9302" }, after: "idle" },
  { name: "BALANCE", command: ACCOUNT, answer: "000027109000", after: "kept" },
  { name: "BALANCE-REFUSED", command: "B026000904", answer: "6a86", after: "idle" },
  { name: "PROOF-REFUSED", command: PROVE, answer: "9406", after: "idle" },
  { name: "START-DAY", command: "B056000002", answer: "01019000", after: "idle" },
  { name: "READ-RECORD", command: READ_LOG, answer: "6a83", after: "idle" },
  { name: "CHALLENGE", command: "0084000008", answer: "*9000", after: "idle" },
  { name: "SELECT", command: SELECT_MEDICAL, answer: "*9000", after: "idle" },
  { name: "UNKNOWN", command: "B030000000", answer: "6d00", after: "idle" },
];

const WAY: Readonly<Record<StateName, readonly Step[]>> = { idle: [], load: [[INITIALIZE_LOAD, "*9000"]], purchase: [[INITIALIZE, "*9000"]] };

/** DEBIT and CREDIT with a wrong MAC are 9302 in their own state and 6901 in any other, so that two walks tell the state. */
function stateRow(state: StateName, entry: StateCommand): ScriptRow {
  const after = entry.after === "kept" ? state : entry.after;
  const answer = typeof entry.answer === "string" ? entry.answer : entry.answer[state];
  const walk: readonly Step[] = [SELECTED, ...WAY[state], [entry.command, answer]];
  return {
    id: `MED-STATE-${state}-${entry.name}`.toUpperCase(),
    spec: STATES,
    title: `${entry.name.toLowerCase().replaceAll("-", " ")} in the state ${state} answers ${answer.slice(-4)} and leaves the purse in the state ${after}`,
    tags: ["medical-purse", ...(answer.endsWith("9000") ? [] : (["negative"] as const))],
    bench: withMedicalPurse(),
    steps: [...walk, [DEBIT_ZERO_MAC, after === "purchase" ? "9302" : "6901"], "reset", ...walk, [CREDIT_ZERO_MAC, after === "load" ? "9302" : "6901"]],
  };
}

export const MEDICAL_STATE_CASES: readonly ConformanceCase[] = scripted(STATE_NAMES.flatMap((state) => TABLE.map((entry) => stateRow(state, entry))));
