import { describe, expect, test } from "vitest";
import { decideUpload, firstUploadStep, STOCK_UPLOAD_RULES } from "./machine.ts";
import type { UploadEvent, UploadState, UploadStep } from "./types.ts";

const STATES: Readonly<Record<string, UploadState>> = {
  telling: { at: "telling", taken: 1, rows: 3 },
  "telling/last": { at: "telling", taken: 2, rows: 3 },
  noting: { at: "noting", taken: 2, rows: 3 },
  closing: { at: "closing" },
  parking: { at: "parking" },
  rested: { at: "rested", outcome: "open" },
};

const EVENTS: Readonly<Record<string, UploadEvent>> = {
  accepted: { is: "accepted", count: 1 },
  refused: { is: "refused", message: "no" },
  needless: { is: "needless" },
  silent: { is: "silent" },
  "entry-durable": { is: "entry-durable" },
  "journal-failed": { is: "journal-failed", code: "store-full" },
};

function words({ state, commands }: UploadStep): string {
  const told = commands.map((command) => (command.do === "tell" ? `tell ${command.from}` : "taken" in command ? `${command.do} ${command.taken}` : command.do));
  const where = state.at === "rested" ? `rested ${state.outcome}` : state.at;
  return [where, ...told].join(", ");
}

const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  telling: {
    accepted: "noting, note-progress 2",
    refused: "parking, park 1",
    needless: "closing, drop 1",
    silent: "rested silent",
    "journal-failed": "rested open",
  },
  "telling/last": {
    accepted: "closing, close",
    refused: "parking, park 2",
    needless: "closing, drop 2",
    silent: "rested silent",
    "journal-failed": "rested open",
  },
  noting: { "entry-durable": "telling, tell 2", "journal-failed": "rested open" },
  closing: { "entry-durable": "rested done", "journal-failed": "rested open" },
  parking: { "entry-durable": "rested parked", "journal-failed": "rested open" },
  rested: {
    accepted: "rested open",
    refused: "rested open",
    needless: "rested open",
    silent: "rested open",
    "entry-durable": "rested open",
    "journal-failed": "rested open",
  },
};

describe("every state and every event", () => {
  for (const [at, state] of Object.entries(STATES)) {
    for (const [is, event] of Object.entries(EVENTS)) {
      const expected = EXPECTED[at]?.[is];
      test(`${at}, ${is}: ${expected ?? "cannot happen"}`, () => {
        const decide = () => decideUpload(STOCK_UPLOAD_RULES, state, event);
        if (expected === undefined) expect(decide).toThrow(`${is} cannot happen while ${state.at}`);
        else expect(words(decide())).toBe(expected);
      });
    }
  }
});

test("an upload begins where it stopped, and ends where nothing is left", () => {
  expect([0, 2, 3].map((taken) => words(firstUploadStep({ taken, rows: 3 })))).toEqual(["telling, tell 0", "telling, tell 2", "closing, close"]);
});

test.each([0, 2])("an insurer that takes %i of one row is our own mistake", (count) => {
  expect(() => decideUpload(STOCK_UPLOAD_RULES, { at: "telling", taken: 2, rows: 3 }, { is: "accepted", count })).toThrow("has taken what was told");
});
