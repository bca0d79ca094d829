/* One slot of a simulated PC/SC reader: presence, power, commands with their planned fates, and the keypad. */
import { type Bytes, concat, EMPTY, fromHex, toHex, u8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CardModule } from "../card/card.ts";
import { type TearPlace, type TearPoint, tearPoint } from "../card/state.ts";
import type { HolderAct, ScriptedHolder } from "../pinpad/holder.ts";
import { CCID_ESCAPE, type ReaderLamps } from "./lamps.ts";
import {
  changeResult,
  controlCode,
  entryResult,
  featureList,
  GET_FEATURE_REQUEST,
  MODIFY_PIN_DIRECT,
  PIN_PROPERTIES,
  parseModifyRequest,
  parseVerifyRequest,
  pinProperties,
  TLV_PROPERTIES,
  tlvProperties,
  VERIFY_PIN_DIRECT,
} from "./part10.ts";
import type { ExchangeTiming } from "./timing.ts";

/** Answer codes of the handler's protocol. */
export const RC = { ok: 0, communication: 1, timeout: 2, absent: 3, unsupported: 4, power: 5, gone: 6, protocol: 7 } as const;
export const OP = { powerUp: 1, reset: 2, powerDown: 3, transmit: 4, control: 5, presence: 6, protocol: 7 } as const;

/** What shall happen to a command that matches; used once. */
export type SlotPlan = {
  /** Hexadecimal start of the commands meant; every command when absent. */
  readonly commandPrefix?: string;
  /** Matching commands that still pass before. */
  readonly skip?: number;
} /** A number counts the bytes of command and answer that still get across. */ & (
  | { readonly fate: "tear"; readonly at: TearPlace }
  /** No answer until the card is removed or the slot is released. */
  | { readonly fate: "hang"; readonly at?: TearPoint }
  | { readonly fate: "error"; readonly rc: number; readonly at?: TearPoint }
  | { readonly fate: "slow"; readonly extraMs: number }
);

export interface Keypad {
  readonly holder: ScriptedHolder;
  readonly keyingMs: number;
  /** Overrides the time-out that the terminal asks for. */
  readonly timeoutMs?: number;
}

interface Inserted {
  readonly card: CardModule;
}

/** How long things take in a slot. */
export interface SlotTiming {
  readonly exchange: ExchangeTiming;
  /** From power to the answer to reset, asked anew each time. */
  readonly powerUpMs: () => number;
}

/** What a watcher of the slot is told, before it happens to the card. Commands and insertions count from 1, commands anew in each insertion. */
export type SlotEvent =
  | { readonly kind: "command"; readonly command: Bytes; readonly number: number }
  | { readonly kind: "insertion"; readonly number: number };

const DEFAULT_ENTRY_TIMEOUT_MS = 30_000;

export class ReaderSlot {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #counts = new Map<number, number>();
  #inserted: Inserted | undefined;
  #keypad: Keypad | undefined;
  #lamps: ReaderLamps | undefined;
  #timing: SlotTiming | undefined;
  #plans: SlotPlan[] = [];
  #gone: (() => void)[] = [];
  /** Further cards in the field: while there is one, no card can be powered. */
  #crowd: readonly CardModule[] = [];
  #watch: (event: SlotEvent) => void = () => undefined;
  #insertions = 0;
  #commands = 0;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get card(): CardModule | undefined {
    return this.#inserted?.card;
  }

  /** Operations so far, by name: "no polling storm" and "no extra reset" are read from here. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(OP).map(([name, op]) => [name, this.#counts.get(op) ?? 0]));
  }

  setKeypad(keypad: Keypad | undefined): void {
    this.#keypad = keypad;
  }

  get lamps(): ReaderLamps | undefined {
    return this.#lamps;
  }

  /** A reader with light and sound; undefined: it has none, or its driver passes no commands on to it. */
  setLamps(lamps: ReaderLamps | undefined): void {
    this.#lamps = lamps;
  }

  /** Modelled times; undefined: everything is answered at once. */
  setTiming(timing: SlotTiming | undefined): void {
    this.#timing = timing;
  }

  plan(plan: SlotPlan): void {
    this.#plans.push(plan);
  }

  clearPlans(): void {
    this.#plans = [];
  }

  /** Tells of each command before its fate is decided, and of each insertion. */
  setWatch(watch: (event: SlotEvent) => void): void {
    this.#watch = watch;
  }

  insert(card: CardModule): void {
    card.powerDown();
    this.#inserted = { card };
    this.#insertions += 1;
    this.#commands = 0;
    this.#watch({ kind: "insertion", number: this.#insertions });
    this.#onChange();
  }

  /** More than one card comes into the field: a reader of this kind cannot tell them apart and finds no card that answers. Empty: they are gone. */
  crowd(cards: readonly CardModule[]): void {
    this.#crowd = cards;
    this.losePower();
    this.release();
  }

  /** Takes the card out; whatever waits is answered "absent" first, then the event goes out. */
  remove(): CardModule | undefined {
    const card = this.#inserted?.card;
    this.#inserted = undefined;
    card?.powerDown();
    this.release();
    this.#onChange();
    return card;
  }

  /** Ends a hang without taking the card out: the reader reports that the card gave no answer. */
  release(): void {
    const gone = this.#gone;
    this.#gone = [];
    for (const wake of gone) wake();
  }

  /** Contacts lose their power without the card leaving: the connection that held them has gone. */
  losePower(): void {
    this.#inserted?.card.powerDown();
  }

  /** Answers one request of the handler. */
  async serve(request: Bytes): Promise<Bytes> {
    const op = request[0] ?? 0;
    this.#counts.set(op, (this.#counts.get(op) ?? 0) + 1);
    if (op === OP.presence) return Uint8Array.of(RC.ok, this.#inserted === undefined ? 0 : 1);
    if (op === OP.control) return this.#control(request.slice(1));
    const inserted = this.#inserted;
    if (inserted === undefined) return op === OP.powerDown ? Uint8Array.of(RC.ok) : Uint8Array.of(RC.absent);
    if (op === OP.transmit) return this.#transmit(inserted, request.slice(2));
    return this.#managePower(op, inserted);
  }

  async #managePower(op: number, inserted: Inserted): Promise<Bytes> {
    const { card } = inserted;
    if (op === OP.powerUp || op === OP.reset) {
      await this.#pass(this.#timing?.powerUpMs() ?? 0);
      if (this.#inserted !== inserted) return Uint8Array.of(RC.absent);
      const atr = this.#crowd.length > 0 ? EMPTY : card.powerUp();
      return atr.length === 0 ? Uint8Array.of(RC.power) : concat(u8(RC.ok), atr);
    }
    if (op === OP.powerDown) card.powerDown();
    return Uint8Array.of(op === OP.powerDown || op === OP.protocol ? RC.ok : RC.unsupported);
  }

  async #transmit(inserted: Inserted, command: Bytes): Promise<Bytes> {
    const { card } = inserted;
    // A reader of that kind answers for itself what looks like a command for the card.
    const own = this.#lamps?.dialect === "together" ? this.#lamps.answer(command) : undefined;
    if (own !== undefined) return concat(u8(RC.ok), own);
    this.#commands += 1;
    this.#watch({ kind: "command", command, number: this.#commands });
    if (this.#inserted !== inserted) return Uint8Array.of(RC.absent);
    if (this.#crowd.length > 0) return Uint8Array.of(RC.timeout);
    const plan = this.#takePlan(command);
    const ownMs = (card.extraMsFor?.(command) ?? card.extraMsPerCommand) + (plan?.fate === "slow" ? plan.extraMs : 0);
    const extraMs = ownMs + (this.#timing?.exchange(command, EMPTY) ?? 0) / 2;
    await this.#pass(extraMs);
    if (this.#inserted !== inserted) return Uint8Array.of(RC.absent);
    // Whoever held the connection has gone meanwhile, and the power with it; the card still lies there.
    if (!card.powered) return Uint8Array.of(RC.timeout);
    if (plan !== undefined && plan.fate !== "slow") return this.#befall(plan, inserted, command);
    const answer = card.transmit(command);
    await this.#pass((this.#timing?.exchange(command, answer) ?? 0) - (extraMs - ownMs));
    if (this.#inserted !== inserted) return Uint8Array.of(RC.absent);
    if (answer.length > 0) return concat(u8(RC.ok), answer);
    if (card.powered) return Uint8Array.of(RC.timeout);
    this.remove();
    return Uint8Array.of(RC.absent);
  }

  async #befall(plan: Exclude<SlotPlan, { fate: "slow" }>, inserted: Inserted, command: Bytes): Promise<Bytes> {
    const at: TearPoint = plan.fate === "tear" ? tearPoint(command, plan.at) : (plan.at ?? "before");
    // An error of the reader alone leaves the card powered; it acts only when the plan says that the command got through.
    if (plan.fate === "error" && at !== "during") {
      if (at === "after") inserted.card.transmit(command);
      return Uint8Array.of(plan.rc);
    }
    inserted.card.tear(command, at);
    if (plan.fate === "error") return Uint8Array.of(plan.rc);
    if (plan.fate === "tear") this.remove();
    else await this.#untilGone(inserted);
    return Uint8Array.of(this.#inserted === inserted ? RC.timeout : RC.absent);
  }

  async #pass(durationMs: number): Promise<void> {
    if (durationMs > 0) await this.#clock.sleep(durationMs);
  }

  async #untilGone(inserted: Inserted): Promise<void> {
    if (this.#inserted !== inserted) return;
    await new Promise<void>((resolve) => {
      this.#gone.push(resolve);
    });
  }

  #takePlan(command: Bytes): SlotPlan | undefined {
    const sent = toHex(command);
    const at = this.#plans.findIndex((plan) => sent.startsWith((plan.commandPrefix ?? "").toLowerCase()));
    const plan = this.#plans[at];
    if (plan === undefined) return undefined;
    const skip = plan.skip ?? 0;
    if (skip > 0) {
      this.#plans[at] = { ...plan, skip: skip - 1 };
      return undefined;
    }
    this.#plans.splice(at, 1);
    return plan;
  }

  async #control(data: Bytes): Promise<Bytes> {
    const answer = await this.#controlAnswer(controlCode(data), data.slice(4));
    if (answer === "no-card") return Uint8Array.of(RC.absent);
    return answer === undefined ? Uint8Array.of(RC.unsupported) : concat(u8(RC.ok), answer);
  }

  async #controlAnswer(code: number | undefined, input: Bytes): Promise<Bytes | "no-card" | undefined> {
    if (code === undefined) return undefined;
    switch (code) {
      case GET_FEATURE_REQUEST:
        return featureList(this.#keypad !== undefined);
      case PIN_PROPERTIES:
        return pinProperties();
      case TLV_PROPERTIES:
        return tlvProperties();
      case VERIFY_PIN_DIRECT:
        return this.#keypad === undefined ? undefined : this.#verifyPin(this.#keypad, input);
      case MODIFY_PIN_DIRECT:
        return this.#keypad === undefined ? undefined : this.#changePin(this.#keypad, input);
      case CCID_ESCAPE:
        return this.#lamps?.answer(input);
      default:
        return undefined;
    }
  }

  async #verifyPin(keypad: Keypad, input: Bytes): Promise<Bytes | "no-card"> {
    const request = parseVerifyRequest(input);
    if (request === undefined) return fromHex("6b80");
    return this.#entry(keypad, { asked: 1, timeoutMs: request.timeoutMs, result: ([act]) => entryResult(act ?? { kind: "walks-away" }, request) });
  }

  /** Old PIN, new PIN, new PIN again, as far as the request asks for them; the holder's acts follow one another. */
  async #changePin(keypad: Keypad, input: Bytes): Promise<Bytes | "no-card"> {
    const request = parseModifyRequest(input);
    if (request === undefined) return fromHex("6b80");
    const asked = 1 + Number(request.asksOld) + Number(request.asksTwice);
    return this.#entry(keypad, { asked, timeoutMs: request.timeoutMs, result: (acts) => changeResult(acts, request) });
  }

  /** A reader without a card reports that, and no status word: 6400 would mean a holder who walked away. */
  async #entry(
    keypad: Keypad,
    wanted: { readonly asked: number; readonly timeoutMs: number | undefined; readonly result: (acts: readonly HolderAct[]) => ReturnType<typeof entryResult> },
  ): Promise<Bytes | "no-card"> {
    const inserted = this.#inserted;
    if (inserted === undefined) return "no-card";
    const acts: HolderAct[] = [];
    for (let entry = 0; entry < wanted.asked && acts.every(({ kind }) => kind === "enters"); entry += 1) {
      const act = keypad.holder.next();
      acts.push(act);
      const waitMs = act.kind === "walks-away" ? (keypad.timeoutMs ?? wanted.timeoutMs ?? DEFAULT_ENTRY_TIMEOUT_MS) : keypad.keyingMs;
      if (waitMs > 0) await Promise.race([this.#clock.sleep(waitMs), this.#untilGone(inserted)]);
      if (this.#inserted !== inserted) return "no-card";
    }
    const result = wanted.result(acts);
    if (result.kind === "status") return result.sw;
    const answer = (await this.#transmit(inserted, result.command)).slice(1);
    return answer.length === 0 ? "no-card" : answer;
  }
}
