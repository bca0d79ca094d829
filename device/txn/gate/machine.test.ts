import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../base/assert.ts";
import { fen } from "../../base/fen.ts";
import { decide, FIRST_STEP, LANE_RULES } from "./machine.ts";
import type { Claim, Command, Event, State, Verdict, Wish } from "./types.ts";

const SALE = { subject: "j-1", reference: "gate.a.exit.1.1", fare: fen(300), balanceAfter: fen(700) };
const PAID: Claim = { is: "sale", sale: SALE, card: "A" };
const AGAIN: Claim = { is: "again", sale: SALE, card: "A" };
const STAFF: Claim = { is: "staff", operator: "op" };
const OPEN: Verdict = { is: "open", claim: PAID, tap: "paid" };

const WISHES: readonly Wish[] = [{ to: "serve" }, { to: "staff", operator: "op" }, { to: "release", why: "fire" }, { to: "stop" }];

const BARE = {
  starting: {},
  ready: {},
  selling: { returning: false },
  recording: { claim: PAID },
  passing: { claim: PAID },
  noting: { faulty: false },
  resting: {},
  released: {},
  stopped: {},
} as const;

function state(at: State["at"], wish: Wish = { to: "serve" }, more: object = {}): State {
  return { at, wish, faults: 0, ...BARE[at], ...more } as State;
}

const EVENTS: readonly Event[] = [
  { is: "gate-well" },
  { is: "gate-ill" },
  { is: "field-free" },
  { is: "card-arrived" },
  { is: "card-absent", why: "nobody" },
  { is: "wanted-again" },
  { is: "decided", verdict: OPEN },
  { is: "recorded" },
  { is: "passage-over", passage: "passed", end: { state: "done", said: "passed" } },
  { is: "noted" },
  { is: "release", why: "fire" },
  { is: "serve" },
  { is: "stop" },
  { is: "staff", operator: "op" },
];

/** Commands in a few words. */
function words(commands: readonly Command[]): readonly string[] {
  return commands.map((command) => {
    if (command.do === "prompt") return `prompt ${command.prompt.what}`;
    if (command.do === "tell") return command.event.is === "alarm" ? `alarm ${command.event.why}` : command.event.is;
    return command.do === "answer-staff" ? `answer ${command.kind}` : command.do;
  });
}

function step(from: State, event: Event): string {
  const { state: to, commands } = decide(from, event);
  return [`${to.at}/${to.wish.to}`, ...words(commands)].join(", ");
}

/** Where a word from outside is only a wish, and where each event of the lane's own is expected. Everything else cannot happen, or is ignored. */
const EXPECTED: { readonly [At in State["at"]]: Partial<Record<Event["is"], string>> } = {
  starting: {
    "gate-well": "ready/serve, await-card",
    "gate-ill": "resting/serve, prompt closed, check-gate",
    "field-free": "ignored",
    release: "starting/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "starting/serve",
    stop: "starting/stop, interrupt",
    staff: "starting/serve, answer refused",
  },
  ready: {
    "field-free": "ready/serve, prompt ready",
    "card-arrived": "selling/serve, sell",
    "card-absent": "ready/serve, await-card",
    release: "ready/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "ready/serve",
    stop: "ready/stop, interrupt",
    staff: "ready/staff, interrupt",
  },
  selling: {
    "field-free": "ignored",
    "wanted-again": "selling/serve, prompt present-again",
    decided: "recording/serve, tap, record",
    release: "selling/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "selling/serve",
    stop: "selling/stop, interrupt",
    staff: "selling/serve, answer refused",
  },
  recording: {
    "field-free": "ignored",
    recorded: "passing/serve, open, prompt go",
    release: "recording/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "recording/serve",
    stop: "recording/stop, interrupt",
    staff: "recording/serve, answer refused",
  },
  passing: {
    "field-free": "ignored",
    "passage-over": "noting/serve, passage, note",
    release: "passing/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "passing/serve",
    stop: "passing/stop, interrupt",
    staff: "passing/serve, answer refused",
  },
  noting: {
    "field-free": "ignored",
    noted: "ready/serve, await-card",
    release: "noting/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "noting/serve",
    stop: "noting/stop, interrupt",
    staff: "noting/serve, answer refused",
  },
  resting: {
    "gate-well": "ready/serve, await-card",
    "gate-ill": "resting/serve, prompt closed, check-gate",
    "field-free": "ignored",
    release: "resting/release, interrupt, hold-open, prompt fire, alarm fire",
    serve: "resting/serve",
    stop: "resting/stop, interrupt",
    staff: "resting/serve, answer refused",
  },
  // Released for a person's word; the state of this table wishes to serve, which no lane at rest does.
  released: {
    "field-free": "ignored",
    release: "released/release, hold-open, prompt fire, alarm fire",
    serve: "starting/serve, let-go, prompt closed, check-gate",
    stop: "stopped/stop, let-go",
    staff: "released/serve, answer refused",
  },
  stopped: Object.fromEntries(EVENTS.map(({ is }) => [is, is === "staff" ? "stopped/serve, answer refused" : "ignored"])),
};

const STATES = Object.keys(LANE_RULES) as readonly State["at"][];

describe("every state of a lane meets every event", () => {
  for (const at of STATES) {
    test.each(EVENTS.map((event) => [event.is, event] as const))(`${at}: %s`, (is, event) => {
      const expected = EXPECTED[at][is];
      if (expected === undefined) expect(() => decide(state(at), event)).toThrow(AssertionFailure);
      else if (expected === "ignored") expect(decide(state(at), event)).toEqual({ state: state(at), commands: [] });
      else expect(step(state(at), event)).toBe(expected);
    });
  }
});

test("a lane begins with a look at its gate", () => {
  expect(`${FIRST_STEP.state.at}, ${words(FIRST_STEP.commands).join()}`).toBe("starting, check-gate");
});

describe("what is under way ends first, and then the lane does what it is wanted for", () => {
  const AFTER: Readonly<Record<Wish["to"], string>> = {
    serve: "ready/serve, await-card",
    staff: "recording/serve, answer opened, record",
    release: "released/release",
    stop: "stopped/stop",
  };

  test.each(WISHES)("$to", (wish) => {
    expect(step(state("ready", wish), { is: "card-absent", why: "nobody" })).toBe(AFTER[wish.to]);
    expect(step(state("noting", wish), { is: "noted" })).toBe(AFTER[wish.to]);
    expect(step(state("starting", wish), { is: "gate-well" })).toBe(AFTER[wish.to]);
    if (wish.to !== "serve") {
      // Whatever the gate's health, nobody waits for it; and no word to one holder drowns what is said to all.
      expect(step(state("resting", wish), { is: "gate-ill" })).toBe(AFTER[wish.to]);
      expect(step(state("ready", wish), { is: "card-arrived" })).toBe(AFTER[wish.to].replace(/(\/[a-z]+)/, "$1, drop-card"));
      expect(step(state("ready", wish), { is: "card-absent", why: "crowd" })).toBe(AFTER[wish.to]);
      expect(step(state("ready", wish), { is: "field-free" })).toBe(`ready/${wish.to}`);
    }
  });

  test("a release opens at once, takes a person's question back, and cannot stop what stops", () => {
    expect(step(state("ready", { to: "staff", operator: "op" }), { is: "release", why: "staff" })).toBe(
      "ready/release, answer refused, interrupt, hold-open, prompt go, alarm staff-release",
    );
    expect(step(state("ready", { to: "staff", operator: "op" }), { is: "stop" })).toBe("ready/stop, answer refused, interrupt");
    expect(step(state("ready", { to: "stop" }), { is: "release", why: "fire" })).toBe("ready/stop");
    expect(step(state("ready", { to: "staff", operator: "op" }), { is: "staff", operator: "other" })).toBe("ready/staff, answer refused");
  });

  test("a fire is told also where a person has released already, and not the other way round", () => {
    expect(step(state("released", { to: "release", why: "staff" }), { is: "release", why: "fire" })).toBe(
      "released/release, hold-open, prompt fire, alarm fire",
    );
    expect(step(state("released", { to: "release", why: "fire" }), { is: "release", why: "staff" })).toBe("released/release");
    expect(step(state("released", { to: "release", why: "fire" }), { is: "release", why: "fire" })).toBe("released/release");
  });

  test("a release that is taken back before the lane came to it is let go", () => {
    expect(step(state("selling", { to: "release", why: "staff" }), { is: "serve" })).toBe("selling/serve, let-go");
    expect(step(state("selling", { to: "release", why: "staff" }), { is: "stop" })).toBe("selling/stop, interrupt, let-go");
  });
});

describe("what a tap has come to", () => {
  const decided = (verdict: Verdict, wish: Wish = { to: "serve" }) => step(state("selling", wish), { is: "decided", verdict });

  test("opens for who has paid, and once more for who has paid and not passed", () => {
    expect(decided({ is: "open", claim: AGAIN, tap: "again" })).toBe("recording/serve, tap, record");
    expect(decide(state("recording", { to: "serve" }, { claim: AGAIN }), { is: "recorded" }).commands).toContainEqual({
      do: "prompt",
      prompt: { what: "go-again", balanceAfter: fen(700) },
    });
    expect(decide(state("recording"), { is: "recorded" }).commands).toContainEqual({
      do: "prompt",
      prompt: { what: "go", fare: fen(300), balanceAfter: fen(700) },
    });
  });

  test("lets whoever has paid pass before the lane stops, and keeps the right where every gate stands open", () => {
    expect(decided(OPEN, { to: "stop" })).toBe("recording/stop, tap, record");
    expect(decided(OPEN, { to: "release", why: "fire" })).toBe("released/release, tap");
    expect(step(state("recording", { to: "release", why: "fire" }), { is: "recorded" })).toBe("noting/release, note");
  });

  test("tells why not, and raises the alarm where the policy wants it", () => {
    expect(decided({ is: "keep-shut", tap: "refused", reason: "pass-back", alarm: false })).toBe("ready/serve, tap, prompt refused, await-card");
    expect(decided({ is: "keep-shut", tap: "refused", reason: "pass-back", alarm: true })).toBe(
      "ready/serve, tap, prompt refused, alarm pass-back, await-card",
    );
  });

  test("goes on with the same tap, unless the lane is wanted elsewhere", () => {
    expect(decided({ is: "resume", resumed: { reference: "r", purse: "compound" } })).toBe("selling/serve, resume");
    expect(decided({ is: "next-purse" })).toBe("selling/serve, sell-next-purse");
    expect(decided({ is: "next-purse" }, { to: "stop" })).toBe("stopped/stop");
  });

  test("serves another card at once, and asks a card that left too early for another try", () => {
    expect(decided({ is: "next-card" })).toBe("ready/serve, await-card");
    expect(decided({ is: "nobody", crowd: false })).toBe("ready/serve, prompt present-again, await-card");
    expect(decided({ is: "nobody", crowd: true })).toBe("ready/serve, prompt one-card, await-card");
  });

  test("says once that a torn card is wanted again", () => {
    expect(step(state("selling", { to: "serve" }, { returning: true }), { is: "wanted-again" })).toBe("selling/serve");
    expect(step(state("selling", { to: "release", why: "fire" }), { is: "wanted-again" })).toBe("selling/release");
  });
});

describe("a gate that fails", () => {
  const FAULT: Event = { is: "passage-over", passage: "fault", end: { state: "unknown", said: "fault" } };

  test("raises the alarm, and the lane rests until its gate is well", () => {
    expect(step(state("passing"), FAULT)).toBe("noting/serve, passage, alarm gate-fault, note");
    expect(step(state("noting", { to: "serve" }, { faulty: true, faults: 1 }), { is: "noted" })).toBe("resting/serve, prompt closed, check-gate");
  });

  test("is looked at less and less often, up to a bound, and a good passage ends the row", () => {
    const pauses: number[] = [];
    let now = state("resting");
    for (let looks = 0; looks < 12; looks += 1) {
      const next = decide(now, { is: "gate-ill" });
      for (const command of next.commands) if (command.do === "check-gate") pauses.push(command.pauseMs);
      now = next.state;
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    const passed = decide(state("passing", { to: "serve" }, { faults: 5 }), {
      is: "passage-over",
      passage: "timeout",
      end: { state: "void", said: "timeout" },
    });
    expect(passed.state.faults).toBe(0);
  });

  test("opens for people without a word about money", () => {
    expect(step(state("recording", { to: "serve" }, { claim: STAFF }), { is: "recorded" })).toBe("passing/serve, open, prompt go, alarm staff-release");
  });
});
