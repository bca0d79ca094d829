/* The card's own PIN: asked about, entered at a reader that keeps it to itself, counted, locked. */
import { CARD_PIN_TEMPLATE, queryPinState } from "../../../device/card/social/read-identity.ts";
import type { PinOutcome } from "../../../device/drivers/ports.ts";
import type { TearPoint } from "../../card/state.ts";
import { type HolderAct, ScriptedHolder } from "../../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../pinpad/pin-verifier.ts";
import { CardBench, type CardBenchOptions } from "../card-bench.ts";
import { expectEqual, expectFault } from "../expect.ts";
import { SELECT_ENVIRONMENT, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const VERIFY = "LD/T 32.7, VERIFY";
const PIN = "246813";
const RIGHT: HolderAct = { kind: "enters", digits: PIN };
const WRONG: HolderAct = { kind: "enters", digits: "111111" };
/** Long enough for a person who types, and for one who does not. */
const ENTRY_LIMITS = { timeoutMs: 60_000, signal: new AbortController().signal };

interface PinRow {
  readonly id: string;
  readonly title: string;
  readonly bench?: CardBenchOptions;
  readonly acts: readonly HolderAct[];
  readonly outcomes: readonly PinOutcome[];
  /** What the card says about its PIN afterwards. */
  readonly state: Awaited<ReturnType<typeof queryPinState>>;
  readonly negative?: boolean;
}

const wrong = (triesLeft: number): PinOutcome => ({ kind: "wrong", triesLeft });
const set = (triesLeft: number) => ({ kind: "set", triesLeft }) as const;
const VERIFIED: PinOutcome = { kind: "verified" };
const LOCKED: PinOutcome = { kind: "locked" };

const ENTRIES: readonly PinRow[] = [
  { id: "PIN-001", title: "no PIN is set", bench: { card: {} }, acts: [], outcomes: [], state: { kind: "none" } },
  { id: "PIN-002", title: "a PIN is set, and asking uses no try", acts: [], outcomes: [], state: set(3) },
  { id: "PIN-003", title: "the right PIN is taken", acts: [RIGHT], outcomes: [VERIFIED], state: set(3) },
  { id: "PIN-004", title: "a wrong PIN costs a try", acts: [WRONG], outcomes: [wrong(2)], state: set(2), negative: true },
  { id: "PIN-005", title: "the second wrong PIN costs the next", acts: [WRONG, WRONG], outcomes: [wrong(2), wrong(1)], state: set(1), negative: true },
  {
    id: "PIN-006",
    title: "the third wrong PIN locks",
    acts: [WRONG, WRONG, WRONG],
    outcomes: [wrong(2), wrong(1), LOCKED],
    state: { kind: "locked" },
    negative: true,
  },
  {
    id: "PIN-007",
    title: "a locked PIN is not taken any more",
    acts: [WRONG, WRONG, WRONG, RIGHT],
    outcomes: [wrong(2), wrong(1), LOCKED, LOCKED],
    state: { kind: "locked" },
    negative: true,
  },
  { id: "PIN-008", title: "the right PIN gives the tries back", acts: [WRONG, WRONG, RIGHT], outcomes: [wrong(2), wrong(1), VERIFIED], state: set(3) },
  {
    id: "PIN-009",
    title: "an odd number of digits is filled up",
    bench: { card: { pin: "1234567" } },
    acts: [{ kind: "enters", digits: "1234567" }],
    outcomes: [VERIFIED],
    state: set(3),
  },
  {
    id: "PIN-010",
    title: "one digit less is not the same PIN",
    bench: { card: { pin: "1234567" } },
    acts: [{ kind: "enters", digits: "123456" }],
    outcomes: [wrong(2)],
    state: set(2),
    negative: true,
  },
  {
    id: "PIN-011",
    title: "the longest PIN is taken",
    bench: { card: { pin: "1234567890123456" } },
    acts: [{ kind: "enters", digits: "1234567890123456" }],
    outcomes: [VERIFIED],
    state: set(3),
  },
  { id: "PIN-012", title: "a holder who cancels costs no try", acts: [{ kind: "cancels" }], outcomes: [{ kind: "cancelled" }], state: set(3), negative: true },
  {
    id: "PIN-013",
    title: "a holder who walks away costs no try",
    acts: [{ kind: "walks-away" }],
    outcomes: [{ kind: "timed-out" }],
    state: set(3),
    negative: true,
  },
  {
    id: "PIN-014",
    title: "digits below the least number never reach the card",
    acts: [{ kind: "enters", digits: "12" }],
    outcomes: [{ kind: "cancelled" }],
    state: set(3),
    negative: true,
  },
];

function entryCase(row: PinRow): ConformanceCase {
  return {
    id: row.id,
    spec: VERIFY,
    title: row.title,
    tags: ["pin", "social", ...(row.negative === true ? (["negative"] as const) : [])],
    run: async (context) => {
      const bench = new CardBench(context, row.bench ?? { card: { pin: PIN } });
      const channel = await bench.channel();
      await bench.apdu(SELECT_ENVIRONMENT);
      const verifier = new SimulatedPinVerifier({ clock: context.clock, holder: new ScriptedHolder(row.acts) });
      for (const [at, outcome] of row.outcomes.entries()) {
        expectEqual(await verifier.verifyOnCard(channel, CARD_PIN_TEMPLATE, ENTRY_LIMITS), outcome, `entry ${at + 1}`);
      }
      for (const asking of ["first", "second"])
        expectEqual(await queryPinState(channel, ENTRY_LIMITS), row.state, `state of the PIN, asked the ${asking} time`);
    },
  };
}

const TORN: readonly (readonly [at: TearPoint, triesLeft: number])[] = [
  ["before", 3],
  ["during", 2],
  ["after", 2],
];

const TORN_CASES: readonly ConformanceCase[] = TORN.map(([at, triesLeft]) => ({
  id: `PIN-TORN-${at.toUpperCase()}`,
  spec: VERIFY,
  title: `a wrong PIN torn ${at} the card's own step leaves ${triesLeft} tries`,
  tags: ["pin", "social", "torn"],
  run: async (context) => {
    const bench = new CardBench(context, { card: { pin: PIN } });
    const channel = await bench.channel();
    await bench.apdu(SELECT_ENVIRONMENT);
    bench.tearNext(0x20, at);
    const verifier = new SimulatedPinVerifier({ clock: context.clock, holder: new ScriptedHolder([WRONG]) });
    await expectFault(verifier.verifyOnCard(channel, CARD_PIN_TEMPLATE, ENTRY_LIMITS), { code: "card-removed", effectUnknown: true }, "the torn entry");
    const again = await bench.reset();
    await bench.apdu(SELECT_ENVIRONMENT);
    expectEqual(await queryPinState(again, ENTRY_LIMITS), set(triesLeft), "state of the PIN");
  },
}));

const DIALOGUES = scripted([
  {
    id: "PIN-020",
    spec: VERIFY,
    title: "a PIN of one byte or of nine is no PIN",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00200000 01 24", "6700"],
      ["00200000 09 246813246813246813", "6700"],
      ["0020000000", "63c3"],
    ],
  },
  {
    id: "PIN-021",
    spec: VERIFY,
    title: "other parameters are refused",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0020000100", "6a86"],
      ["0020010003246813", "6a86"],
      ["0020000000", "63c3"],
    ],
  },
  {
    id: "PIN-022",
    spec: VERIFY,
    title: "a PIN is not entered where none is set",
    tags: ["pin", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0020000003246813", "6985"],
      ["0020000000", "9000"],
    ],
  },
  {
    id: "PIN-023",
    spec: VERIFY,
    title: "the tries left outlast the loss of power",
    tags: ["pin", "social"],
    bench: { card: { pin: PIN } },
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0020000003111111", "63c2"],
      "reset",
      [SELECT_ENVIRONMENT, "*9000"],
      ["0020000000", "63c2"],
      ["0020000003246813", "9000"],
      ["0020000000", "63c3"],
    ],
  },
  {
    id: "PIN-024",
    spec: VERIFY,
    title: "a wrong PIN takes back an earlier acceptance",
    tags: ["pin", "social", "negative"],
    bench: { card: { pin: PIN } },
    steps: [
      ["00A4040006D1560000050300", "*9000"],
      ["0020000003246813", "9000"],
      ["00B2812800", "8108*9000"],
      ["0020000003111111", "63c2"],
      ["00B2812800", "6982"],
    ],
  },
]);

export const PIN_CASES: readonly ConformanceCase[] = [...ENTRIES.map(entryCase), ...TORN_CASES, ...DIALOGUES];
