/*
 * Goal: wherever a change of the social application is torn, the card is as before or as after it, and doing it again ends it.
 * Method: each change is a row with its commands in order. Each command is torn at each point; only the deciding one with its answer lost
 * has changed the card. Then the change is asked for again, as a terminal does when its card comes back.
 */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { NATIONAL_KEYS } from "../../../device/card/social/keys.ts";
import { blockApplication, blockCard } from "../../../device/card/social/maintenance.ts";
import { changePin, reloadPin, unblockPin } from "../../../device/card/social/pin.ts";
import type { PinChanger } from "../../../device/drivers/ports.ts";
import type { CardSnapshot, TearPoint } from "../../card/state.ts";
import { CardBench, LIMITS } from "../card-bench.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectTrue, fail } from "../expect.ts";
import { SELECT_ENVIRONMENT } from "../script.ts";
import type { ConformanceCase } from "../types.ts";
import { ENTRY_LIMITS, filesOf, Issuer } from "./social-issuer.ts";

const PIN = "246813";
const NEW_PIN = "135790";
const POINTS: readonly TearPoint[] = ["before", "during", "after"];
type Memory = CardSnapshot["memory"];

interface Change {
  readonly name: string;
  readonly spec: string;
  readonly title: string;
  /** Instructions of the commands that the terminal sends, in order; the last one decides. */
  readonly commands: readonly number[];
  /** What the change makes of the card. */
  readonly state: (memory: Memory) => unknown;
  readonly before: unknown;
  readonly after: unknown;
  /** The card as it is put in at first. */
  readonly prepare?: (memory: Memory) => Memory;
  readonly run: (bench: CardBench) => Promise<unknown>;
  /** What the terminal hears when it asks again on a card that has changed already; "ok" when absent. */
  readonly again?: unknown;
}

const OK = { kind: "ok" };

/** A reader that takes old and new PIN from its holder and presents them. */
const changer: PinChanger = {
  changeOnCard: async (channel, template) => {
    const answer = toHex(await channel.transmit(fromHex(`${toHex(template.header)}07${PIN}${toHex(template.separator)}${NEW_PIN}`), LIMITS));
    if (answer === "9000") return { kind: "verified" };
    return answer.startsWith("63c") ? { kind: "wrong", triesLeft: Number.parseInt(answer.slice(3), 16) } : { kind: "refused", statusWord: 0 };
  },
};

const locked = (memory: Memory): Memory => ({ ...memory, pinTriesLeft: 0 });

const CHANGES: readonly Change[] = [
  {
    name: "CHANGE",
    spec: "LD/T 32.7, CHANGE PIN",
    title: "a change of the PIN",
    commands: [0xa4, 0x20, 0x5e],
    state: (memory) => memory.social?.pin,
    before: undefined,
    after: NEW_PIN,
    run: async (bench) => {
      await bench.apdu(SELECT_ENVIRONMENT);
      return changePin(await bench.channel(), { changer, limits: ENTRY_LIMITS }, LIMITS);
    },
    // The old PIN is not the card's any more, which the card says by a try.
    again: { kind: "wrong", triesLeft: 2 },
  },
  {
    name: "UNBLOCK",
    spec: "LD/T 32.7, PIN UNBLOCK",
    title: "an unlocked PIN",
    commands: [0xa4, 0x84, 0x24],
    state: (memory) => memory.pinTriesLeft,
    before: 0,
    after: 3,
    prepare: locked,
    run: async (bench) => {
      await bench.apdu(SELECT_ENVIRONMENT);
      return unblockPin(await bench.channel(), new Issuer(bench), LIMITS);
    },
  },
  {
    name: "RELOAD",
    spec: "LD/T 32.7, PIN RELOAD",
    title: "a PIN that is set anew",
    commands: [0xa4, 0x84, 0x84, 0x82, 0x84, 0x24],
    state: (memory) => [memory.social?.pin, memory.pinTriesLeft],
    before: [undefined, 0],
    after: [NEW_PIN, 3],
    prepare: locked,
    run: async (bench) => {
      await bench.apdu(SELECT_ENVIRONMENT);
      const keys = new Issuer(bench, NEW_PIN);
      const { algorithm } = bench.card.personalization.social;
      return reloadPin(await bench.channel(), { algorithm, keys, keyTable: NATIONAL_KEYS, service: keys }, LIMITS);
    },
  },
  {
    name: "UPDATE",
    spec: "LD/T 32.7, UPDATE RECORD",
    title: "an item that is written",
    commands: [0xa4, 0x84, 0x84, 0x82, 0x84, 0xdc],
    state: (memory) => memory.social?.records?.["medical/ef06"]?.find(({ tag }) => tag === 0x92)?.valueHex,
    before: undefined,
    after: "00001234",
    run: async (bench) => (await filesOf(bench, new Issuer(bench))).updateItem({ directory: "df04", file: 0x06, tag: 0x92 }, fromHex("00001234")),
  },
  {
    name: "BLOCK",
    spec: "LD/T 32.7, APPLICATION BLOCK",
    title: "a blocked directory",
    commands: [0xa4, 0x84, 0x84, 0x82, 0x84, 0x1e],
    state: (memory) => memory.social?.blocked,
    before: undefined,
    after: ["medical"],
    run: async (bench) => blockApplication(await bench.channel(), { keys: new Issuer(bench), keyTable: NATIONAL_KEYS, directory: "df04" }, LIMITS),
    again: { kind: "already-blocked" },
  },
  {
    name: "CARD-BLOCK",
    spec: "LD/T 32.7, CARD BLOCK",
    title: "a blocked card",
    commands: [0xa4, 0x84, 0x84, 0x82, 0x84, 0x16],
    state: (memory) => memory.cardBlocked,
    before: undefined,
    after: true,
    run: async (bench) => blockCard(await bench.channel(), { keys: new Issuer(bench), keyTable: NATIONAL_KEYS }, LIMITS),
    again: { kind: "already-blocked" },
  },
];

/** The change is torn at one command; the fault says that its effect is not known. */
async function tear(bench: CardBench, change: Change, place: { readonly index: number; readonly at: TearPoint }): Promise<void> {
  const torn: number[] = [];
  bench.reader.setFate(({ command, index }) => {
    if (index !== place.index) return { kind: "ok" };
    torn.push(command[1] ?? 0);
    return { kind: "tear", at: place.at };
  });
  try {
    await change.run(bench);
    fail("the tear is noticed");
  } catch (error) {
    if (!isFault(error, "card-removed")) throw error;
    expectTrue(error.effectUnknown, "the effect of a torn command is unknown");
  }
  expectEqual(torn, [change.commands[place.index]], "the instruction that was torn");
  bench.reader.setFate(() => ({ kind: "ok" }));
}

async function expectWhole(context: ConformanceContext, change: Change, place: { readonly index: number; readonly at: TearPoint }, algorithm: "sm4" | "3des") {
  const card = context.card({ pin: PIN, algorithm });
  const ready = context.altered(card, (snapshot) => ({ ...snapshot, memory: change.prepare?.(snapshot.memory) ?? snapshot.memory }));
  const bench = new CardBench(context, { ready });
  await tear(bench, change, place);
  const happened = place.at === "after" && place.index === change.commands.length - 1;
  expectEqual(change.state(ready.toSnapshot().memory), happened ? change.after : change.before, "the card after the tear");
  await bench.reset();
  const changedPin = change.name === "CHANGE" ? { kind: "verified" } : OK;
  expectEqual(await change.run(bench), happened ? (change.again ?? OK) : changedPin, "the same once more");
  expectEqual(change.state(ready.toSnapshot().memory), change.after, "the card in the end");
}

export const SOCIAL_TORN_CASES: readonly ConformanceCase[] = CHANGES.flatMap((change) =>
  change.commands.flatMap((instruction, index) =>
    POINTS.map((at, point): ConformanceCase => {
      const algorithm = (index + point) % 2 === 0 ? "sm4" : "3des";
      return {
        id: `SOC-TORN-${change.name}-${index + 1}-${at.toUpperCase()}`,
        spec: change.spec,
        title: `${change.title}, torn ${at} command ${index + 1} (${instruction.toString(16).toUpperCase().padStart(2, "0")}) did its work, is whole or nothing`,
        tags: ["social", "maintenance", "torn", algorithm],
        run: (context) => expectWhole(context, change, { index, at }, algorithm),
      };
    }),
  ),
);
