/* Where the time of a tap went. Times are milliseconds since the card was powered; nothing here says whose card it was. */

/** "wait": for a card to come, or for a person at a keypad. What is left over is our own. */
export type TapPart = "wait" | "card" | "module" | "disk";

/** One thing that was done, from its beginning to its end. */
export interface TapStep {
  readonly part: TapPart;
  /** The command's header in hexadecimal, or the name of what was asked; never data. */
  readonly what: string;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly failed?: true;
}

/** Sums of one tap. Parts overlap, so that they may come to more than the whole. */
export interface TapTimes {
  /** From the powered card to its last answer: it may go then. Waiting for a person is not in it. */
  readonly field: number;
  readonly card: number;
  readonly module: number;
  readonly disk: number;
  /** While neither card nor module nor disk was at work: code, messages between processes, the operating system. */
  readonly host: number;
  /** While the card waited for nothing but an entry to become durable. */
  readonly diskWait: number;
  /** What card and module did while that entry became durable, and would have done anyway: so long may a flush take unseen. */
  readonly diskCover: number;
}

export interface TapTimeline {
  /** When the card was powered, by the terminal's clock. */
  readonly wallMs: number;
  readonly times: TapTimes;
  /** In the order of their ends. */
  readonly steps: readonly TapStep[];
}

/** How many taps took at most so long, the shorter ones counted in; the last bucket has no bound. */
export interface TimeHistogram {
  readonly buckets: readonly { readonly leMs: number | null; readonly count: number }[];
  readonly count: number;
  readonly sumMs: number;
}

/** For status, API and console: plain data. */
export interface TapTimesView {
  readonly taps: number;
  readonly times: { readonly [Name in keyof TapTimes]: TimeHistogram };
  /** The taps whose cards had to stay longest, the longest first. */
  readonly slowest: readonly TapTimeline[];
}
