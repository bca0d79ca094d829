/*
 * A gate at the port itself, for worlds and demonstrations: somebody walks through, stays, turns back, or the gate fails. Its lock is held by
 * current that runs through the fire loop: when the loop is open the gate is open, whatever the service says or whether it lives.
 */
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Limits } from "../../device/base/ports.ts";
import type { DeviceHealth, FireInput, Gate, Passage, PassageDirection } from "../../device/drivers/peripherals.ts";
import { FireLoop } from "./fire-loop.ts";
import type { Walk, Walker } from "./walker.ts";

export interface SimulatedGateParts {
  readonly name?: string;
  readonly clock: Clock;
  readonly walker: Walker;
  /** False: a gate that cannot tell who passes. True when absent. */
  readonly reportsPassage?: boolean;
  /** One for all lanes of a building; left out: a loop of its own. */
  readonly fireLoop?: FireLoop;
}

/** What the gate did once, and how that ended. */
export interface SimulatedPassage {
  readonly direction: PassageDirection;
  readonly atMs: number;
  /** Undefined while it is open, and where its caller left in the middle. */
  passage: Passage | undefined;
  /** What the person in front of it did. */
  readonly walk: Walk;
}

export class SimulatedGate implements Gate {
  readonly name: string;
  readonly reportsPassage: boolean;
  /** Every opening by command, in order. */
  readonly passages: SimulatedPassage[] = [];
  readonly fireLoop: FireLoop;
  /** The panel's second contact, which tells the service. */
  readonly fire: FireInput = { fire: () => this.#sees() };
  readonly #clock: Clock;
  readonly #walker: Walker;
  #open: SimulatedPassage | undefined;
  #health: DeviceHealth = { kind: "well" };
  #inputSilent = false;
  #fail: "fault" | "lost" | "refused" | undefined;

  constructor(parts: SimulatedGateParts) {
    this.name = parts.name ?? "simulated gate";
    this.fireLoop = parts.fireLoop ?? new FireLoop();
    this.#clock = parts.clock;
    this.#walker = parts.walker;
    this.reportsPassage = parts.reportsPassage ?? true;
  }

  /** Whether one can walk through: by a command, or because the lock has no current. */
  get isOpen(): boolean {
    return this.fireLoop.isOpen || this.#open !== undefined;
  }

  setHealth(health: DeviceHealth): void {
    this.#health = health;
  }

  /** Opens or closes the fire loop. */
  setFireLoop(open: boolean): void {
    this.fireLoop.set(open);
  }

  /** "silent": the panel's second contact is not heard any more. */
  setFireInput(how: "answers" | "silent"): void {
    this.#inputSilent = how === "silent";
  }

  /** The next opening goes wrong: "fault" as the gate's own word in its middle, "lost" with its line in its middle, "refused" before anything moves. */
  failNext(how: "fault" | "lost" | "refused"): void {
    this.#fail = how;
  }

  health(): Promise<DeviceHealth> {
    return Promise.resolve(this.#health);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async open(direction: PassageDirection, { passageTimeoutMs }: { readonly passageTimeoutMs: number }, limits: Limits): Promise<Passage> {
    if (limits.signal.aborted) throw new Fault("cancelled", `${this.name}: cancelled`, { effectUnknown: false });
    if (this.#open !== undefined) throw new Fault("device-refused", `${this.name} is open for somebody else`, { effectUnknown: false });
    const fail = this.#fail;
    this.#fail = undefined;
    if (fail === "refused") throw new Fault("device-refused", `${this.name} refuses`, { effectUnknown: false });
    if (this.#health.kind === "away") throw new Fault("device-gone", `${this.name} is away`, { effectUnknown: false });
    const { walk, afterMs } = this.#walker;
    const opened: SimulatedPassage = { direction, atMs: this.#clock.monotonicMs(), passage: undefined, walk };
    this.passages.push(opened);
    this.#open = opened;
    try {
      const stays = walk === "stays" || afterMs >= passageTimeoutMs;
      await this.#openFor(stays ? passageTimeoutMs : afterMs, limits.signal);
      if (fail === "lost") throw new Fault("device-gone", `${this.name} went away`, { effectUnknown: true });
      opened.passage = fail === "fault" ? "fault" : this.#told(stays ? "stays" : walk);
      return opened.passage;
    } finally {
      this.#open = undefined;
    }
  }

  #sees(): Promise<boolean> {
    if (this.#inputSilent) return Promise.reject(new Fault("timeout", `${this.name}: no answer`, { effectUnknown: false }));
    return Promise.resolve(this.fireLoop.isOpen);
  }

  /** Whoever leaves in the middle does not know who went through. */
  async #openFor(durationMs: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(durationMs, signal);
    } catch (cause) {
      throw new Fault("cancelled", `${this.name}: left open by its caller`, { effectUnknown: true, cause });
    }
  }

  #told(walk: Walk): Passage {
    if (!this.reportsPassage || walk === "stays") return "timeout";
    return walk === "passes" ? "passed" : "reversed";
  }
}
