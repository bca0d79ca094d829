/* The decisions of a lane, one small function each. The table in machine.ts says when each of them applies. */
import type { Claim, Command, EventOf, State, StateOf, Step, Verdict, Wish } from "./types.ts";

/** Pause between looks at a gate that failed: doubled with each failure, up to the longest. */
const CHECK_PAUSE_MS = 1_000;
const CHECK_PAUSE_MAX_MS = 30_000;
/** Pause before the next look at a reader that could not be reached. */
const READER_PAUSE_MS = 200;

const SERVE: Wish = { to: "serve" };

interface Common {
  readonly wish: Wish;
  readonly faults: number;
}

/** What is under way has ended: the lane turns to what it is wanted for. Words to one holder are kept back where it speaks to everybody. */
function turn({ wish, faults }: Common, before: readonly Command[] = [], pauseMs = 0): Step {
  const first = wish.to === "serve" ? before : before.filter((command) => command.do !== "prompt");
  switch (wish.to) {
    case "serve":
      return { state: { at: "ready", wish, faults }, commands: [...first, { do: "await-card", pauseMs }] };
    case "staff": {
      const claim: Claim = { is: "staff", operator: wish.operator };
      return { state: { at: "recording", wish: SERVE, faults, claim }, commands: [...first, { do: "answer-staff", kind: "opened" }, { do: "record", claim }] };
    }
    case "release":
      return { state: { at: "released", wish, faults }, commands: first };
    case "stop":
      return { state: { at: "stopped", wish, faults }, commands: first };
  }
}

/** Looks at the gate again after a pause, or at once where the lane is wanted for something else. */
function rest(state: Common, first: readonly Command[] = []): Step {
  if (state.wish.to !== "serve") return turn(state, first);
  const pauseMs = Math.min(CHECK_PAUSE_MAX_MS, CHECK_PAUSE_MS * 2 ** Math.min(state.faults, 10));
  return { state: { at: "resting", wish: state.wish, faults: state.faults + 1 }, commands: [...first, { do: "check-gate", pauseMs }] };
}

export function gateWell(state: Common): Step {
  return turn(state);
}

export function gateIll(state: Common): Step {
  return rest(state, [{ do: "prompt", prompt: { what: "closed" } }]);
}

export function fieldFree(state: StateOf<"ready">): Step {
  return { state, commands: state.wish.to === "serve" ? [{ do: "prompt", prompt: { what: "ready" } }] : [] };
}

export function cardArrived(state: StateOf<"ready">): Step {
  const { wish, faults } = state;
  if (wish.to !== "serve") return turn(state, [{ do: "drop-card" }]);
  return { state: { at: "selling", wish, faults, returning: false }, commands: [{ do: "sell" }] };
}

export function cardAbsent(state: StateOf<"ready">, { why }: EventOf<"card-absent">): Step {
  const crowd: readonly Command[] = why === "crowd" ? [{ do: "prompt", prompt: { what: "one-card" } }] : [];
  return turn(state, crowd, why === "nobody" ? 0 : READER_PAUSE_MS);
}

export function wantedAgain(state: StateOf<"selling">): Step {
  if (state.returning || state.wish.to !== "serve") return { state, commands: [] };
  return { state: { ...state, returning: true }, commands: [{ do: "prompt", prompt: { what: "present-again" } }] };
}

export function decided(state: StateOf<"selling">, { verdict }: EventOf<"decided">): Step {
  switch (verdict.is) {
    case "open":
      return recordOpening(state, verdict);
    case "resume":
      return sellOn(state, { do: "resume", resumed: verdict.resumed });
    case "next-purse":
      return sellOn(state, { do: "sell-next-purse" });
    case "keep-shut":
      return keepShut(state, verdict);
    case "next-card":
      return turn(state);
    case "nobody":
      return turn(state, [{ do: "prompt", prompt: { what: verdict.crowd ? "one-card" : "present-again" } }]);
  }
}

/** The same tap goes on with another sale, unless the lane is wanted for something else. */
function sellOn(state: StateOf<"selling">, command: Command): Step {
  return state.wish.to === "serve" ? { state: { ...state, returning: false }, commands: [command] } : turn(state);
}

/** Also where the lane is wanted for something else by now: who has paid passes first, unless every gate stands open. */
function recordOpening(state: StateOf<"selling">, { claim, tap }: Extract<Verdict, { readonly is: "open" }>): Step {
  const { fare, reference } = claim.sale;
  const named = fare > 0 ? { reference } : {};
  const told: Command = { do: "tell", event: { is: "tap", outcome: tap, ...(tap === "paid" ? { fare } : {}), ...named } };
  if (state.wish.to === "release") return turn(state, [told]);
  const { wish, faults } = state;
  return { state: { at: "recording", wish, faults, claim }, commands: [told, { do: "record", claim }] };
}

function keepShut(state: StateOf<"selling">, { tap, reason, alarm }: Extract<Verdict, { readonly is: "keep-shut" }>): Step {
  return turn(state, [
    { do: "tell", event: { is: "tap", outcome: tap, reason } },
    { do: "prompt", prompt: { what: "refused", reason } },
    ...(alarm ? [{ do: "tell", event: { is: "alarm", why: "pass-back" } } as const] : []),
  ]);
}

/** Where every gate stands open by now, nobody needs this opening: its right is kept. */
export function openGate({ wish, faults, claim }: StateOf<"recording">): Step {
  if (wish.to === "release") {
    return { state: { at: "noting", wish, faults, faulty: false }, commands: [{ do: "note", claim, end: { state: "void", said: "released" } }] };
  }
  return { state: { at: "passing", wish, faults, claim }, commands: [{ do: "open", claim }, ...welcome(claim)] };
}

function welcome(claim: Claim): readonly Command[] {
  if (claim.is === "staff") {
    return [
      { do: "prompt", prompt: { what: "go" } },
      { do: "tell", event: { is: "alarm", why: "staff-release" } },
    ];
  }
  const { fare, balanceAfter } = claim.sale;
  const balance = balanceAfter === undefined ? {} : { balanceAfter };
  return [{ do: "prompt", prompt: claim.is === "again" ? { what: "go-again", ...balance } : { what: "go", fare, ...balance } }];
}

export function passageOver(state: StateOf<"passing">, { end, passage }: EventOf<"passage-over">): Step {
  const { wish, claim } = state;
  const faulty = passage === "fault";
  const told: Command = { do: "tell", event: { is: "passage", passage } };
  const alarm: readonly Command[] = faulty ? [{ do: "tell", event: { is: "alarm", why: "gate-fault" } }] : [];
  return {
    // One passage that went well ends a row of failures.
    state: { at: "noting", wish, faults: faulty ? state.faults : 0, faulty },
    commands: [told, ...alarm, { do: "note", claim, end }],
  };
}

export function noted(state: StateOf<"noting">): Step {
  return state.faulty ? gateIll(state) : turn(state);
}

function wished<At extends State>(state: At, wish: Wish): At {
  return { ...state, wish };
}

/** The answer that a person still waits for, where the lane is wanted for something else now. */
function unanswered({ wish }: Common): readonly Command[] {
  return wish.to === "staff" ? [{ do: "answer-staff", kind: "refused" }] : [];
}

function opened(why: "fire" | "staff"): readonly Command[] {
  return [
    { do: "hold-open", why },
    { do: "prompt", prompt: { what: why === "fire" ? "fire" : "go" } },
    { do: "tell", event: { is: "alarm", why: why === "fire" ? "fire" : "staff-release" } },
  ];
}

/** The gate is opened at once, whatever is under way; a debit that was sent runs to its end. */
export function release(state: State, { why }: EventOf<"release">): Step {
  // Whoever stops lets go of every gate; the fire loop opens them without us.
  if (state.wish.to === "stop") return { state, commands: [] };
  return { state: wished(state, { to: "release", why }), commands: [...unanswered(state), { do: "interrupt" }, ...opened(why)] };
}

/** The gates stand open already; a fire is more than a person's word. */
export function releaseAgain(state: StateOf<"released">, { why }: EventOf<"release">): Step {
  const known = state.wish.to === "release" ? state.wish.why : undefined;
  if (known === why || known === "fire") return { state, commands: [] };
  return { state: wished(state, { to: "release", why }), commands: opened(why) };
}

/** Back to service. What was interrupted ends first, and then the lane serves. */
export function serveSoon(state: State): Step {
  if (state.wish.to !== "release") return { state, commands: [] };
  return { state: wished(state, SERVE), commands: [{ do: "let-go" }] };
}

export function serveAgain({ faults }: StateOf<"released">): Step {
  const commands: readonly Command[] = [{ do: "let-go" }, { do: "prompt", prompt: { what: "closed" } }, { do: "check-gate", pauseMs: 0 }];
  return { state: { at: "starting", wish: SERVE, faults }, commands };
}

export function stopSoon(state: State): Step {
  const letGo: readonly Command[] = state.wish.to === "release" ? [{ do: "let-go" }] : [];
  return { state: wished(state, { to: "stop" }), commands: [...unanswered(state), { do: "interrupt" }, ...letGo] };
}

export function stopNow({ faults }: StateOf<"released">): Step {
  return { state: { at: "stopped", wish: { to: "stop" }, faults }, commands: [{ do: "let-go" }] };
}

export function letSomebodyPass(state: StateOf<"ready">, { operator }: EventOf<"staff">): Step {
  if (state.wish.to !== "serve") return refuseStaff(state);
  return { state: wished(state, { to: "staff", operator }), commands: [{ do: "interrupt" }] };
}

export function refuseStaff(state: State): Step {
  return { state, commands: [{ do: "answer-staff", kind: "refused" }] };
}
