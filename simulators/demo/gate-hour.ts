/*
 * An hour at a gate with two lanes: journeys by card, a tap that is torn, taps that come twice, somebody who turns back, and a fire. Nobody is
 * charged twice, and at the end the lanes' own figures stand beside the books.
 */
import { fen, formatYuan } from "../../device/base/fen.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { LaneEvent } from "../../device/txn/gate/lane.ts";
import type { Walk } from "../gate/walker.ts";
import { ListBook, type ListIssue } from "../host/lists.ts";
import type { TransmitVerdict } from "../reader/in-process.ts";
import type { Shop, ShopCard, ShopLane } from "./shop.ts";

type Tap = Extract<LaneEvent, { readonly is: "tap" }>;

const TAP_LIMIT_MS = 8_000;
const PASSAGE_LIMIT_MS = 12_000;
const RIDE_MS = 17 * 60_000;
const TAKE_AWAY_MS = 60;
const RETURN_MS = 400;
const LOOP_SEEN_MS = 1_200;
const LIST_LIMIT_MS = 15_000;
const LIST_LOOK_MS = 20;
const DEBIT_INSTRUCTION = 0x54;
const GO: TransmitVerdict = { kind: "ok" };

export class GateHour {
  readonly #shop: Shop;
  readonly #say: (line: string) => void;
  readonly #heard = new Set<(lane: string, event: LaneEvent) => void>();

  constructor(shop: Shop, say: (line: string) => void) {
    this.#shop = shop;
    this.#say = say;
    shop.onLaneEvent = (lane, event) => {
      for (const listener of this.#heard) listener(lane, event);
    };
  }

  async run(): Promise<void> {
    const { cards, lanes, clock } = this.#shop;
    const [first, second, third, fourth] = cards;
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) throw new Error("four people travel");
    await this.#pass(lanes.in, first);
    await this.#pass(lanes.in, second);
    clock.letPass(RIDE_MS);
    this.#say("  both lanes at once: one goes in, one comes out");
    await Promise.all([this.#pass(lanes.in, third), this.#pass(lanes.out, first)]);
    this.#say("  the same card once more: the passage was used");
    await this.#tap(lanes.out, first);
    this.#say("  somebody turns back in the gate, and taps again: let through on the same fare");
    lanes.out.walker.walk = "turns-back";
    await this.#pass(lanes.out, second);
    await this.#pass(lanes.out, second);
    this.#say("  a card leaves while it is being debited, and is held there again");
    await this.#torn(lanes.out, third);
    await this.#fire();
    this.#say("  a holder who never got in");
    await this.#tap(lanes.out, fourth);
    await this.#listed(lanes.in, fourth);
    this.#figures();
  }

  /** A tap and, where the gate opened for it, the walk through. */
  async #pass(lane: ShopLane, card: ShopCard): Promise<void> {
    const passed = this.#next(lane, (event) => event.is === "passage", PASSAGE_LIMIT_MS);
    const tap = await this.#tap(lane, card);
    if (tap?.outcome === "refused" || tap?.outcome === "unknown" || tap === undefined) return;
    const event = await passed;
    if (event?.is === "passage" && event.passage !== "passed") this.#say(`    ${lane.name}: the passage is ${event.passage}`);
    lane.walker.walk = "passes" satisfies Walk;
  }

  async #tap(lane: ShopLane, card: ShopCard): Promise<Tap | undefined> {
    const answered = this.#next(lane, (event) => event.is === "tap", TAP_LIMIT_MS);
    lane.reader.insert(card.card);
    const event = await answered;
    await systemClock().sleep(TAKE_AWAY_MS);
    lane.reader.remove();
    if (event?.is !== "tap") {
      this.#say(`    ${lane.name}: the lane said nothing`);
      return undefined;
    }
    this.#say(`    ${lane.name.padEnd(4)} ${this.#words(event)}`);
    return event;
  }

  #words({ outcome, reason, fare }: Tap): string {
    switch (outcome) {
      case "let-in":
        return "let in";
      case "paid":
        return `fare ${formatYuan(fare ?? fen(0))} yuan paid, the gate opens`;
      case "again":
        return "paid already, the gate opens again and nothing is charged";
      case "refused":
      case "unknown":
        return `${outcome} (${reason ?? ""})`;
    }
  }

  async #torn(lane: ShopLane, card: ShopCard): Promise<void> {
    const left = new Promise<void>((resolve) => {
      lane.reader.setFate(({ command }) => {
        if (command[1] !== DEBIT_INSTRUCTION) return GO;
        resolve();
        return { kind: "tear", at: "after" };
      });
    });
    const again = this.#next(lane, (event) => event.is === "prompt" && event.prompt.what === "present-again", TAP_LIMIT_MS);
    const passed = this.#next(lane, (event) => event.is === "passage", PASSAGE_LIMIT_MS);
    const answered = this.#next(lane, (event) => event.is === "tap", TAP_LIMIT_MS);
    lane.reader.insert(card.card);
    await left;
    lane.reader.setFate(() => GO);
    await again;
    this.#say(`    ${lane.name}: please hold the same card there again`);
    await systemClock().sleep(RETURN_MS);
    lane.reader.insert(card.card);
    const event = await answered;
    lane.reader.remove();
    this.#say(`    ${lane.name.padEnd(4)} ${event?.is === "tap" ? this.#words(event) : "the lane said nothing"}`);
    await passed;
  }

  /** The loop opens the locks; the service only notices. */
  async #fire(): Promise<void> {
    const { lanes, terminal } = this.#shop;
    const all = [lanes.in, lanes.out];
    const noticed = Promise.all(all.map((lane) => this.#next(lane, (event) => event.is === "alarm" && event.why === "fire", PASSAGE_LIMIT_MS)));
    for (const { gate } of all) gate.fireLoop.set(true);
    this.#say(`  fire: the loop is open, ${all.every(({ gate }) => gate.isOpen) ? "both gates stand open at once" : "A GATE IS SHUT"}`);
    await noticed;
    this.#say("    the service has noticed: every lane is released, nobody is charged");
    for (const { gate } of all) gate.fireLoop.set(false);
    // While the loop was seen open, nobody could take the release back.
    await systemClock().sleep(LOOP_SEEN_MS);
    const ready = Promise.all(all.map((lane) => this.#next(lane, (event) => event.is === "prompt" && event.prompt.what === "ready", PASSAGE_LIMIT_MS)));
    await terminal.gates?.serve();
    await ready;
    this.#say("    all clear: the lanes serve again");
  }

  /** The host lists a card, and takes that back: each a document of its own, signed and numbered. */
  async #listed(lane: ShopLane, card: ShopCard): Promise<void> {
    const book = new ListBook("city");
    const entry = { entry: "number", number: "purse-serial", value: card.card.serial } as const;
    book.list(entry);
    await this.#publish(book.whole());
    this.#say("  a card that the city has listed, once the list is here");
    await this.#tap(lane, card);
    book.takeBack(entry);
    await this.#publish(book.changes());
    this.#say("  the same card when the entry was taken back");
    await this.#pass(lane, card);
  }

  async #publish(issue: ListIssue): Promise<void> {
    const { host, terminal } = this.#shop;
    const { stream, sequence, base, body } = issue;
    host.documents.publish({ to: { tid: terminal.journal.terminalId }, stream, sequence, base, body });
    const limitMs = systemClock().monotonicMs() + LIST_LIMIT_MS;
    const taken = () => terminal.status().permission?.lists.find(({ level }) => level === "city")?.sequence === sequence;
    while (!taken() && systemClock().monotonicMs() < limitMs) await systemClock().sleep(LIST_LOOK_MS);
    this.#say(`    ${taken() ? "taken" : "NOT TAKEN"}: version ${sequence} of ${stream}, ${body.length} bytes`);
  }

  #figures(): void {
    this.#say(`  ${"lane".padEnd(6)} ${"taps".padStart(5)} ${"passages".padStart(9)} ${"refused".padStart(8)} ${"fares".padStart(9)}`);
    for (const { name, taps, passages, refused, fareFen } of this.#shop.terminal.gates?.lanes ?? []) {
      this.#say(
        `  ${name.padEnd(6)} ${String(taps).padStart(5)} ${String(passages).padStart(9)} ${String(refused).padStart(8)} ${formatYuan(fen(fareFen)).padStart(9)}`,
      );
    }
  }

  /** The next event of a lane that fits; undefined when it does not come in time. */
  #next(lane: ShopLane, fits: (event: LaneEvent) => boolean, withinMs: number): Promise<LaneEvent | undefined> {
    return new Promise((resolve) => {
      const over = new AbortController();
      const done = (event: LaneEvent | undefined) => {
        this.#heard.delete(listener);
        over.abort();
        resolve(event);
      };
      const listener = (at: string, event: LaneEvent) => {
        if (at === lane.name && fits(event)) done(event);
      };
      this.#heard.add(listener);
      systemClock()
        .sleep(withinMs, over.signal)
        .then(
          () => done(undefined),
          () => undefined,
        );
    });
  }
}
