/*
 * Goal: decide what goes up next, so that every durable entry reaches the host in order and none leaves the journal without its receipt.
 * Method: a pure and total table, state by event. Numbers live in a ledger; a step gives the next state and what to do. Waits follow from the
 * state (waitsOf), so that a forgotten timer cannot exist. Spec: pos/v1, 4 and 6.
 */
import { assert } from "../../base/assert.ts";

export interface Ledger {
  /** Last batch with durable boundaries, and the last journal entry in it. */
  readonly lastBatch: number;
  readonly batchedThrough: number;
  /** Last durable journal entry. */
  readonly lastSeq: number;
  /** Last batch whose receipt was handed to the journal. Never runs back. */
  readonly settled: number;
  /** Last batch that the host holds, by its own latest word. Runs back when the host was restored from a backup. */
  readonly acknowledged: number;
  /** Last batch that was sent after `acknowledged`; what lies between is in flight. */
  readonly sentThrough: number;
  /** How many batches may be in flight. */
  readonly window: number;
  /** Receipts, publishes or plans missed in a row; waits grow with it. */
  readonly misses: number;
  /** New boundaries are being made. */
  readonly planning: boolean;
  /** A batch goes out although the host is not heard. */
  readonly probing: boolean;
  /** Nothing is sent before this pause ends. "host": the host asked for it; "retry": something failed. */
  readonly pause: undefined | { readonly kind: "host"; readonly forMs: number } | { readonly kind: "retry" };
  /** The host asked for pauses between batches. */
  readonly slow: boolean;
  /** When a `need` was last obeyed, so that repeated or replayed receipts cannot make us send without end. */
  readonly needAtMs: number;
}

export type HaltReason = "batch-differs" | "journal-failed";

export type State =
  | { readonly at: "stopped"; readonly ledger: Ledger }
  | { readonly at: "offline"; readonly ledger: Ledger }
  /** Connected, host not heard lately. */
  | { readonly at: "unheard"; readonly ledger: Ledger }
  /** The host is there and asks not to drain. */
  | { readonly at: "held"; readonly ledger: Ledger }
  | { readonly at: "draining"; readonly ledger: Ledger }
  /** Going on could do harm; a restart reads the journal again. */
  | { readonly at: "halted"; readonly ledger: Ledger; readonly reason: HaltReason };

export interface ReceiptFacts {
  readonly upTo: number;
  readonly need: number | undefined;
  readonly slowMs: number;
  readonly nowMs: number;
}

export interface Events {
  /** What the journal holds at the start; whether the link is up. */
  started: { readonly lastBatch: number; readonly batchedThrough: number; readonly lastSeq: number; readonly settled: number; readonly linkUp: boolean };
  stopped: object;
  "link-up": object;
  "link-down": object;
  /** A verified message of the host; `drain` when it said whether to drain. */
  "host-heard": { readonly drain: boolean | undefined };
  "host-silent": object;
  "entries-appended": { readonly lastSeq: number };
  /** Boundaries are durable. */
  "batches-planned": { readonly lastBatch: number; readonly batchedThrough: number };
  "plan-failed": object;
  "batch-published": { readonly batchSeq: number };
  "publish-failed": { readonly batchSeq: number };
  /** A receipt whose signature holds and whose hash is our own batch's. */
  receipt: ReceiptFacts;
  "receipt-missing": object;
  "pause-over": object;
  "probe-due": object;
  /** A batch, sealed again, is not the batch that its durable boundary names. */
  "batch-damaged": { readonly batchSeq: number };
  "journal-failed": object;
}

export type Event = { readonly [Name in keyof Events]: { readonly is: Name } & Events[Name] }[keyof Events];

export type Action =
  | { readonly do: "plan"; readonly batchesMax: number }
  | { readonly do: "send"; readonly batchSeq: number }
  | { readonly do: "settle"; readonly upTo: number };

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

export interface WindowLimits {
  readonly least: number;
  readonly most: number;
}

export const WINDOW_LIMITS: WindowLimits = { least: 2, most: 4 };
/** A `need` is obeyed at most once in this time. */
export const NEED_PAUSE_MS = 1_000;

export const EMPTY_LEDGER: Ledger = {
  lastBatch: 0,
  batchedThrough: 0,
  lastSeq: 0,
  settled: 0,
  acknowledged: 0,
  sentThrough: 0,
  window: WINDOW_LIMITS.most,
  misses: 0,
  planning: false,
  probing: false,
  pause: undefined,
  slow: false,
  needAtMs: Number.NEGATIVE_INFINITY,
};

type Rule<Name extends keyof Events> = (ledger: Ledger, event: Events[Name]) => Step;
/** "stay": nothing changes. A rule says what does. */
type Cell<Name extends keyof Events> = "stay" | Rule<Name>;
export type OutboxRules = { readonly [At in State["at"]]: { readonly [Name in keyof Events]: Cell<Name> } };

type Going = Exclude<State["at"], "halted">;

const to = (at: Going, ledger: Ledger): Step => ({ state: { at, ledger }, actions: [] });
const halt = (ledger: Ledger, reason: HaltReason): Step => ({ state: { at: "halted", ledger, reason }, actions: [] });

/** Forgets what is in flight: it will be sent again. */
const recall = (ledger: Ledger): Ledger => ({ ...ledger, sentThrough: ledger.acknowledged });

/** Sends, or plans, as much as window and pause allow. */
function drain(ledger: Ledger): Step {
  if (ledger.pause !== undefined) return to("draining", ledger);
  const window = ledger.slow ? 1 : ledger.window;
  const actions: Action[] = [];
  let { sentThrough, planning } = ledger;
  while (sentThrough < ledger.lastBatch && sentThrough - ledger.acknowledged < window) {
    sentThrough += 1;
    actions.push({ do: "send", batchSeq: sentThrough });
  }
  const free = window - (sentThrough - ledger.acknowledged);
  if (free > 0 && !planning && ledger.lastSeq > ledger.batchedThrough) {
    planning = true;
    actions.push({ do: "plan", batchesMax: free });
  }
  return { state: { at: "draining", ledger: { ...ledger, sentThrough, planning } }, actions };
}

/** One batch, the oldest, although the host is not heard; made first where there is none. */
function probe(ledger: Ledger): Step {
  const recalled = recall(ledger);
  const batchSeq = recalled.acknowledged + 1;
  if (batchSeq <= recalled.lastBatch) {
    return { state: { at: "unheard", ledger: { ...recalled, sentThrough: batchSeq, probing: false } }, actions: [{ do: "send", batchSeq }] };
  }
  if (recalled.planning || recalled.lastSeq <= recalled.batchedThrough) return to("unheard", recalled);
  return { state: { at: "unheard", ledger: { ...recalled, planning: true, probing: true } }, actions: [{ do: "plan", batchesMax: 1 }] };
}

function planned(ledger: Ledger, event: Events["batches-planned"]): Ledger {
  return {
    ...ledger,
    lastBatch: event.lastBatch,
    batchedThrough: event.batchedThrough,
    lastSeq: Math.max(ledger.lastSeq, event.batchedThrough),
    planning: false,
  };
}

const appended = (ledger: Ledger, event: Events["entries-appended"]): Ledger => ({ ...ledger, lastSeq: Math.max(ledger.lastSeq, event.lastSeq) });

const missed = (ledger: Ledger): Ledger => ({ ...ledger, misses: ledger.misses + 1, window: Math.max(WINDOW_LIMITS.least, Math.floor(ledger.window / 2)) });

function unpublished(ledger: Ledger, event: Events["publish-failed"]): Ledger {
  if (event.batchSeq <= ledger.acknowledged) return ledger;
  return { ...ledger, sentThrough: Math.min(ledger.sentThrough, event.batchSeq - 1), misses: ledger.misses + 1, pause: ledger.pause ?? { kind: "retry" } };
}

/**
 * What the host holds after this receipt. Without progress `need` = upTo + 1 tells of a gap or of a restored host: sending starts again there.
 * With progress it only repeats what upTo says. A `need` further below names the place to go back to; one further above contradicts upTo.
 */
function acknowledge(ledger: Ledger, { upTo, need, nowMs }: ReceiptFacts): Ledger {
  const backTo = need === undefined || need > upTo + 1 ? undefined : need - 1;
  const progress = upTo > ledger.acknowledged && (backTo === undefined || backTo === upTo);
  if (progress) {
    const window = Math.min(WINDOW_LIMITS.most, ledger.window + 1);
    return { ...ledger, acknowledged: upTo, sentThrough: Math.max(ledger.sentThrough, upTo), window, misses: 0 };
  }
  if (backTo === undefined || nowMs - ledger.needAtMs < NEED_PAUSE_MS) return ledger;
  return { ...ledger, acknowledged: backTo, sentThrough: backTo, needAtMs: nowMs };
}

function receipted(at: Going, ledger: Ledger, event: ReceiptFacts): Step {
  assert(event.upTo <= ledger.lastBatch, "a receipt is checked against our own batch before it gets here");
  const pause = event.slowMs > 0 ? { kind: "host" as const, forMs: event.slowMs } : ledger.pause;
  const next = { ...acknowledge(ledger, event), settled: Math.max(ledger.settled, event.upTo), slow: event.slowMs > 0, pause };
  const { state, actions } = at === "draining" ? drain(next) : to(at, next);
  return { state, actions: event.upTo > ledger.settled ? [{ do: "settle", upTo: event.upTo }, ...actions] : actions };
}

/**
 * A batch that the host holds already may have lost its personal fields by rule and cannot be made again; that must not stop the others.
 * A batch that was never receipted and differs is damage: sending it would look like two truths.
 */
function damaged(at: Going, ledger: Ledger, event: Events["batch-damaged"]): Step {
  if (event.batchSeq > ledger.settled) return halt(ledger, "batch-differs");
  const acknowledged = Math.max(ledger.acknowledged, ledger.settled);
  return to(at, { ...ledger, acknowledged, sentThrough: acknowledged, misses: ledger.misses + 1, pause: { kind: "retry" } });
}

const unplanned = (ledger: Ledger): Ledger => ({
  ...ledger,
  planning: false,
  probing: false,
  misses: ledger.misses + 1,
  pause: ledger.pause ?? { kind: "retry" },
});

const start: Rule<"started"> = (_, { linkUp, lastBatch, batchedThrough, lastSeq, settled }) =>
  to(linkUp ? "unheard" : "offline", { ...EMPTY_LEDGER, lastBatch, batchedThrough, lastSeq, settled, acknowledged: settled, sentThrough: settled });

/** What every state that is at work answers in the same way; states differ in what they send. */
function working(
  at: Going,
): Pick<
  OutboxRules["offline"],
  | "started"
  | "stopped"
  | "entries-appended"
  | "batches-planned"
  | "plan-failed"
  | "batch-published"
  | "publish-failed"
  | "receipt"
  | "pause-over"
  | "batch-damaged"
  | "journal-failed"
> {
  return {
    started: "stay",
    stopped: (ledger) => to("stopped", ledger),
    "entries-appended": (ledger, event) => to(at, appended(ledger, event)),
    "batches-planned": (ledger, event) => to(at, planned(ledger, event)),
    "plan-failed": (ledger) => to(at, unplanned(ledger)),
    // The broker's word is no receipt: nothing follows from it.
    "batch-published": "stay",
    "publish-failed": (ledger, event) => to(at, unpublished(ledger, event)),
    receipt: (ledger, event) => receipted(at, ledger, event),
    "pause-over": (ledger) => to(at, { ...ledger, pause: undefined }),
    "batch-damaged": (ledger, event) => damaged(at, ledger, event),
    "journal-failed": (ledger) => halt(ledger, "journal-failed"),
  };
}

const heard = (ledger: Ledger, { drain: wanted }: Events["host-heard"], otherwise: "draining" | "held"): Step => {
  const draining = wanted ?? otherwise === "draining";
  return draining ? drain({ ...ledger, probing: false, misses: 0 }) : to("held", { ...ledger, probing: false });
};

export const OUTBOX_RULES: OutboxRules = {
  stopped: {
    started: start,
    stopped: "stay",
    "link-up": "stay",
    "link-down": "stay",
    "host-heard": "stay",
    "host-silent": "stay",
    "entries-appended": "stay",
    "batches-planned": "stay",
    "plan-failed": "stay",
    "batch-published": "stay",
    "publish-failed": "stay",
    receipt: "stay",
    "receipt-missing": "stay",
    "pause-over": "stay",
    "probe-due": "stay",
    "batch-damaged": "stay",
    "journal-failed": "stay",
  },
  offline: {
    ...working("offline"),
    // What failed while there was no link says nothing about the new one.
    "link-up": (ledger) => to("unheard", { ...recall(ledger), misses: 0, pause: undefined }),
    "link-down": "stay",
    // It was heard before the link went down; what it said of draining is asked for again after the next connect.
    "host-heard": "stay",
    "host-silent": "stay",
    "receipt-missing": "stay",
    "probe-due": "stay",
  },
  unheard: {
    ...working("unheard"),
    "link-up": "stay",
    "link-down": (ledger) => to("offline", { ...recall(ledger), probing: false }),
    "host-heard": (ledger, event) => heard(ledger, event, "draining"),
    "host-silent": "stay",
    "batches-planned": (ledger, event) => (ledger.probing ? probe(planned(ledger, event)) : to("unheard", planned(ledger, event))),
    // Only the next probe sends again.
    "receipt-missing": "stay",
    "probe-due": probe,
  },
  held: {
    ...working("held"),
    "link-up": "stay",
    "link-down": (ledger) => to("offline", recall(ledger)),
    "host-heard": (ledger, event) => heard(ledger, event, "held"),
    "host-silent": (ledger) => to("unheard", ledger),
    "receipt-missing": "stay",
    "probe-due": "stay",
  },
  draining: {
    ...working("draining"),
    "link-up": "stay",
    "link-down": (ledger) => to("offline", recall(ledger)),
    "host-heard": (ledger, event) => (event.drain === false ? to("held", ledger) : to("draining", ledger)),
    "host-silent": (ledger) => to("unheard", ledger),
    "entries-appended": (ledger, event) => drain(appended(ledger, event)),
    "batches-planned": (ledger, event) => drain(planned(ledger, event)),
    "receipt-missing": (ledger) => drain(recall(missed(ledger))),
    "pause-over": (ledger) => drain({ ...ledger, pause: undefined }),
    "probe-due": "stay",
  },
  halted: {
    started: start,
    stopped: (ledger) => to("stopped", ledger),
    "link-up": "stay",
    "link-down": "stay",
    "host-heard": "stay",
    "host-silent": "stay",
    "entries-appended": "stay",
    "batches-planned": "stay",
    "plan-failed": "stay",
    "batch-published": "stay",
    "publish-failed": "stay",
    receipt: "stay",
    "receipt-missing": "stay",
    "pause-over": "stay",
    "probe-due": "stay",
    "batch-damaged": "stay",
    "journal-failed": "stay",
  },
};

/** One step of the machine. `rules` may be exchanged by a test that plants a bug. */
export function step(state: State, event: Event, rules: OutboxRules = OUTBOX_RULES): Step {
  // The table is total by type; the compiler cannot follow that the cell of an event's own name takes that event.
  const cell = rules[state.at][event.is] as Cell<keyof Events>;
  return cell === "stay" ? { state, actions: [] } : (cell as (ledger: Ledger, event: Event) => Step)(state.ledger, event);
}

export type Wait =
  | { readonly for: "receipt"; readonly key: string; readonly misses: number }
  | { readonly for: "pause"; readonly key: string; readonly forMs: number | undefined; readonly misses: number }
  | { readonly for: "probe"; readonly key: string };

/** What a state waits for. A wait with a new key starts anew; one that is no longer listed is dropped. */
export function waitsOf(state: State): readonly Wait[] {
  const { ledger } = state;
  const waits: Wait[] = [];
  if (state.at === "stopped" || state.at === "halted") return waits;
  if (ledger.pause !== undefined) {
    waits.push({
      for: "pause",
      key: `pause-${ledger.pause.kind}-${ledger.acknowledged}`,
      forMs: ledger.pause.kind === "host" ? ledger.pause.forMs : undefined,
      misses: ledger.misses,
    });
  }
  if (state.at === "draining" && ledger.sentThrough > ledger.acknowledged)
    waits.push({ for: "receipt", key: `receipt-${ledger.acknowledged}-${ledger.misses}-${ledger.needAtMs}`, misses: ledger.misses });
  if (state.at === "unheard" && (ledger.lastBatch > ledger.acknowledged || ledger.lastSeq > ledger.batchedThrough)) waits.push({ for: "probe", key: "probe" });
  return waits;
}
