/*
 * Goal: everything that was sold or taken back reaches the insurer once, also when answers are lost.
 * Method: one round of one upload as a total table. What was taken is noted before anything further is told, so that a power cut repeats
 * at most the last message, which the insurer knows by its rows' own numbers. Spec: FSI, 3505; FSI, 3506.
 */
import { assert } from "../../base/assert.ts";
import type { UploadEvent, UploadRules, UploadState, UploadStep } from "./types.ts";

type At<Name extends UploadState["at"]> = Extract<UploadState, { readonly at: Name }>;
type Is<Name extends UploadEvent["is"]> = Extract<UploadEvent, { readonly is: Name }>;

export function firstUploadStep({ taken, rows }: { readonly taken: number; readonly rows: number }): UploadStep {
  return taken < rows ? { state: { at: "telling", taken, rows }, commands: [{ do: "tell", from: taken }] } : CLOSING;
}

const CLOSING: UploadStep = { state: { at: "closing" }, commands: [{ do: "close" }] };

function rested(outcome: At<"rested">["outcome"]): UploadStep {
  return { state: { at: "rested", outcome }, commands: [] };
}

const restOpen = (): UploadStep => rested("open");

/** The last message closes the upload by its own entry; every other one is noted first. */
function accepted({ taken, rows }: At<"telling">, { count }: Is<"accepted">): UploadStep {
  const after = taken + count;
  assert(count > 0 && after <= rows, "the insurer has taken what was told");
  return after === rows ? CLOSING : { state: { at: "noting", taken: after, rows }, commands: [{ do: "note-progress", taken: after }] };
}

export const STOCK_UPLOAD_RULES: UploadRules = {
  telling: {
    accepted,
    refused: ({ taken }, { message }) => ({ state: { at: "parking" }, commands: [{ do: "park", taken, message }] }),
    needless: ({ taken }) => ({ state: { at: "closing" }, commands: [{ do: "drop", taken }] }),
    silent: () => rested("silent"),
    "entry-durable": "impossible",
    "journal-failed": restOpen,
  },
  noting: {
    accepted: "impossible",
    refused: "impossible",
    needless: "impossible",
    silent: "impossible",
    "entry-durable": firstUploadStep,
    "journal-failed": restOpen,
  },
  closing: {
    accepted: "impossible",
    refused: "impossible",
    needless: "impossible",
    silent: "impossible",
    "entry-durable": () => rested("done"),
    "journal-failed": restOpen,
  },
  parking: {
    accepted: "impossible",
    refused: "impossible",
    needless: "impossible",
    silent: "impossible",
    "entry-durable": () => rested("parked"),
    "journal-failed": restOpen,
  },
  rested: {
    accepted: "ignore",
    refused: "ignore",
    needless: "ignore",
    silent: "ignore",
    "entry-durable": "ignore",
    "journal-failed": "ignore",
  },
};

type AnyRule = "ignore" | "impossible" | ((state: UploadState, event: UploadEvent) => UploadStep);

/** What follows from `event` in this round. Pure and total. */
export function decideUpload(rules: UploadRules, state: UploadState, event: UploadEvent): UploadStep {
  // The table's type has paired each rule with its own state and event; the compiler cannot follow two indexes at once.
  const rule = rules[state.at][event.is] as AnyRule;
  if (rule === "ignore") return { state, commands: [] };
  assert(rule !== "impossible", `${event.is} cannot happen while ${state.at}`);
  return rule(state, event);
}
