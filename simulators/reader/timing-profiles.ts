/*
 * Goal: field times without a field: a reader, a card and a security module that take as long as real ones might, under virtual or real time.
 * Method: four named combinations of radio, reader, chips and module line, from what physics allows to what is met in bad places; each part can
 * be changed by itself. All of it is computed from the bytes that travel. Real cards were not measured: the work of chips is an assumption.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import type { ExchangeTiming } from "./timing.ts";
import { type ContactLine, contactLineMs } from "./timing-contacts.ts";
import { activationMs, airMs, type RadioLine } from "./timing-radio.ts";
import { type ChipSpeed, cardWorkMs, moduleWorkMs } from "./timing-work.ts";

/** What a tap meets. */
export interface TimingProfile {
  readonly radio: RadioLine;
  /** The line of a card that is used by its contacts. */
  readonly contacts: ContactLine;
  readonly card: ChipSpeed;
  readonly reader: {
    /** What reader and its driver add to each command of a card. */
    readonly msPerCommand: number;
    /** How often an empty field is looked at; a card waits for the next look. */
    readonly pollMs: number;
  };
  readonly module: { readonly line: ContactLine; readonly chip: ChipSpeed };
}

function contacts(speed: ContactLine["speed"], negotiated = true): ContactLine {
  return { speed, negotiated };
}

/** From the best that physics allows to what bad places have. */
export const TIMING_PROFILES = {
  floor: {
    radio: { type: "A", kbps: 848, frameBytes: 256 },
    contacts: contacts("f512d32"),
    card: "fast",
    reader: { msPerCommand: 0, pollMs: 0 },
    module: { line: contacts("f512d32"), chip: "fast" },
  },
  good: {
    radio: { type: "A", kbps: 424, frameBytes: 256 },
    contacts: contacts("115200"),
    card: "fast",
    reader: { msPerCommand: 1.5, pollMs: 15 },
    module: { line: contacts("115200"), chip: "fast" },
  },
  common: {
    radio: { type: "A", kbps: 106, frameBytes: 256 },
    contacts: contacts("38400"),
    card: "typical",
    reader: { msPerCommand: 3, pollMs: 30 },
    module: { line: contacts("38400"), chip: "typical" },
  },
  bad: {
    radio: { type: "A", kbps: 106, frameBytes: 64 },
    contacts: contacts("9600"),
    card: "typical",
    reader: { msPerCommand: 5, pollMs: 60 },
    module: { line: contacts("115200", false), chip: "typical" },
  },
} as const satisfies Readonly<Record<string, TimingProfile>>;

export type TimingProfileName = keyof typeof TIMING_PROFILES;

export const TIMING_PROFILE_NAMES: readonly TimingProfileName[] = ["floor", "good", "common", "bad"];

/** One profile as the simulated readers take it. */
export interface ReaderTimings {
  readonly contactless: ExchangeTiming;
  readonly contact: ExchangeTiming;
  readonly module: ExchangeTiming;
  /** From a card's arrival in the field to its first command; `phase` (0 to 1) says how much of a polling interval it has to wait. */
  arrivalMs(phase: number): number;
}

export function timingsOf(profile: TimingProfile): ReaderTimings {
  const { radio, card, reader, module } = profile;
  const work = (command: Bytes) => cardWorkMs(card, command) + reader.msPerCommand;
  return {
    contactless: (command, answer) => work(command) + airMs(radio, command.length, answer.length),
    contact: (command, answer) => work(command) + contactLineMs(profile.contacts, command, answer),
    module: (command, answer) => moduleWorkMs(module.chip, command) + contactLineMs(module.line, command, answer),
    arrivalMs: (phase) => reader.pollMs * phase + activationMs(radio),
  };
}
