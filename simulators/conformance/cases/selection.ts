/* Answer to reset, selection by name and what the card tells about itself there. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { selectByName } from "../../../device/card/dialogue.ts";
import { DEFAULT_PURSE_APPLICATIONS, selectPurse } from "../../../device/card/purse/commands.ts";
import { parseAlgorithm } from "../../../device/card/social/files.ts";
import { parseHistoricalBytes } from "../../../device/card/social/historical.ts";
import { SOCIAL_ENVIRONMENT_NAME } from "../../../device/card/social/read-identity.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectAnswer, expectEqual, expectFault, expectTrue } from "../expect.ts";
import { CHALLENGE, INITIALIZE, SELECT_ENVIRONMENT, SELECT_MEDICAL, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const NAME = "7378312e73682ec9e7bbe1b1a3d5cf";
const SELECT = "LD/T 32.7, SELECT";

const DIALOGUES = scripted([
  {
    id: "SEL-001",
    spec: SELECT,
    title: "the environment of an SM4 card tells name, directory file and algorithm 03",
    tags: ["selection", "social", "sm4"],
    steps: [[SELECT_ENVIRONMENT, `6f1c840f${NAME}a50988011e9f0c038601039000`]],
  },
  {
    id: "SEL-002",
    spec: SELECT,
    title: "the environment of a triple-DES card tells algorithm 01",
    tags: ["selection", "social", "3des"],
    bench: { card: { algorithm: "3des" } },
    steps: [[SELECT_ENVIRONMENT, `6f1c840f${NAME}a50988011e9f0c038601019000`]],
  },
  {
    id: "SEL-003",
    spec: SELECT,
    title: "a card that names no algorithm has no issuer's data",
    tags: ["selection", "social"],
    bench: { card: { showsAlgorithm: false } },
    steps: [[SELECT_ENVIRONMENT, `6f16840f${NAME}a50388011e9000`]],
  },
  {
    id: "SEL-004",
    spec: "LD/T 32.5, DF04",
    title: "the medical directory is selected by its identifier",
    tags: ["selection", "social"],
    steps: [[SELECT_MEDICAL, "6f138406d15600000503a50988011e9f0c038601039000"]],
  },
  {
    id: "SEL-005",
    spec: SELECT,
    title: "an unknown name is not found",
    tags: ["selection", "negative"],
    steps: [["00A4040006D1560000059900", "6a82"]],
  },
  {
    id: "SEL-006",
    spec: SELECT,
    title: "a blocked card says so to every SELECT",
    tags: ["selection", "negative"],
    bench: { card: { faults: { blocked: "card" } } },
    steps: [
      [SELECT_ENVIRONMENT, "6a81"],
      [SELECT_MEDICAL, "6a81"],
      [SELECT_PURSE, "6a81"],
    ],
  },
  {
    id: "SEL-007",
    spec: SELECT,
    title: "a blocked application says so to SELECT and to everything after it",
    tags: ["selection", "social", "negative"],
    bench: { card: { faults: { blocked: "social" } } },
    steps: [
      [SELECT_ENVIRONMENT, "9303"],
      [CHALLENGE, "9303"],
      ["00B2012800", "9303"],
      ["0020000000", "9303"],
    ],
  },
  {
    id: "SEL-008",
    spec: SELECT,
    title: "a blocked social application leaves the purse alone",
    tags: ["selection", "social", "purse"],
    bench: { card: { faults: { blocked: "social" } } },
    steps: [
      [SELECT_ENVIRONMENT, "9303"],
      [SELECT_PURSE, "*9000"],
      ["805C000204", "000027109000"],
    ],
  },
  {
    id: "SEL-009",
    spec: "PBOC purse, APPLICATION BLOCK",
    title: "a blocked purse refuses its commands and leaves the social application alone",
    tags: ["selection", "purse", "negative"],
    bench: { card: { faults: { blocked: "purse" } } },
    steps: [
      [SELECT_PURSE, "9303"],
      [INITIALIZE, "9303"],
      ["805C000204", "9303"],
      [SELECT_ENVIRONMENT, "*9000"],
      ["00B2012800", "0110*9000"],
    ],
  },
  {
    id: "SEL-010",
    spec: SELECT,
    title: "a wrong P2 or P1 of SELECT is refused",
    tags: ["selection", "negative"],
    steps: [
      ["00A4040C0F7378312E73682EC9E7BBE1B1A3D5CF00", "6a86"],
      ["00A4050002000500", "6a86"],
    ],
  },
  {
    id: "SEL-011",
    spec: "ISO/IEC 7816-4, SELECT",
    title: "a file is selected by identifier under the current directory only",
    tags: ["selection", "files"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00A4020002EF05", "9000"],
      ["00B2010000", "0110*9000"],
      ["00A4020002EF77", "6a82"],
      ["00A40200010500", "6700"],
    ],
  },
  {
    id: "SEL-012",
    spec: "PBOC purse, SELECT",
    title: "the purse's answer carries its public data",
    tags: ["selection", "purse"],
    steps: [[SELECT_PURSE, "6f2d8408a000000632010105a5219f0c1e9901000000000001 0201 0000 9900000000000001 20200101 20401231 55669000"]],
  },
  {
    id: "SEL-013",
    spec: "ISO/IEC 7816-4, status bytes",
    title: "an unknown class and an unknown instruction are refused by their own words",
    tags: ["selection", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["E084000008", "6e00"],
      ["00EE000000", "6d00"],
      ["8077000000", "6d00"],
    ],
  },
  {
    id: "SEL-014",
    spec: SELECT,
    title: "loss of power forgets the selection",
    tags: ["selection"],
    steps: [[SELECT_ENVIRONMENT, "*9000"], ["00B2012800", "0110*9000"], "reset", ["00B2012800", "6a82"]],
  },
  {
    id: "SEL-015",
    spec: "LD/T 32.7, SELECT",
    title: "a command of the social application outside of it is refused",
    tags: ["selection", "social", "negative"],
    steps: [
      [SELECT_PURSE, "*9000"],
      ["0020000000", "6985"],
      ["008800001000000000000000000000000000000000 08", "6985"],
      ["0082000A1000000000000000000000000000000000", "6985"],
    ],
  },
  {
    id: "SEL-016",
    spec: "PBOC purse, commands",
    title: "a command of the purse outside of it is refused",
    tags: ["selection", "purse", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [INITIALIZE, "6985"],
      ["805C000204", "6985"],
      ["805A000602000108", "6985"],
    ],
  },
  {
    id: "SEL-017",
    spec: "ISO/IEC 7816-4, command APDU",
    title: "a command whose lengths do not fit is refused whole",
    tags: ["selection", "negative"],
    steps: [
      ["00A404000F7378", "6700"],
      ["00A4040000", "6700"],
      [SELECT_ENVIRONMENT, "*9000"],
    ],
  },
]);

interface TerminalRow {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench: CardBenchOptions;
  readonly expected: unknown;
}

const PURSE_SELECTION: readonly TerminalRow[] = [
  {
    id: "SEL-020",
    title: "the terminal finds the city's purse",
    tags: ["selection", "purse"],
    bench: {},
    expected: { kind: "ok", applicationId: "a000000632010105" },
  },
  {
    id: "SEL-021",
    title: "the terminal finds the purse under its alternative name",
    tags: ["selection", "purse"],
    bench: { card: { purseAidHex: "a000000632010106" } },
    expected: { kind: "ok", applicationId: "a000000632010106" },
  },
  {
    id: "SEL-022",
    title: "the terminal finds the purse of the ministry of housing",
    tags: ["selection", "purse"],
    bench: { card: { purseAidHex: "a00000000386980701" } },
    expected: { kind: "ok", applicationId: "a00000000386980701" },
  },
  {
    id: "SEL-023",
    title: "the terminal leaves a card with a foreign purse alone",
    tags: ["selection", "purse", "negative"],
    bench: { card: { purseAidHex: "a000000003000000" } },
    expected: { kind: "no-purse" },
  },
  {
    id: "SEL-024",
    title: "the terminal tells a blocked purse from a missing one",
    tags: ["selection", "purse", "negative"],
    bench: { card: { faults: { blocked: "purse" } } },
    expected: { kind: "blocked" },
  },
];

const BY_TERMINAL: readonly ConformanceCase[] = PURSE_SELECTION.map(({ id, title, tags, bench, expected }) => ({
  id,
  spec: "PBOC purse, SELECT",
  title,
  tags,
  run: async (context) => {
    const channel = await new CardBench(context, bench).channel();
    expectEqual(await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, LIMITS), expected, "selection of the purse");
  },
}));

const SELECT_ANSWERS: readonly TerminalRow[] = [
  { id: "SEL-030", title: "the terminal reads algorithm 03 from the card's answer", tags: ["selection", "social", "sm4"], bench: {}, expected: 0x03 },
  {
    id: "SEL-031",
    title: "the terminal reads algorithm 01 from the card's answer",
    tags: ["selection", "social", "3des"],
    bench: { card: { algorithm: "3des" } },
    expected: 0x01,
  },
  {
    id: "SEL-032",
    title: "the terminal sees that a card names no algorithm",
    tags: ["selection", "social"],
    bench: { card: { showsAlgorithm: false } },
    expected: undefined,
  },
  {
    id: "SEL-033",
    title: "the terminal sees that the card is blocked",
    tags: ["selection", "negative"],
    bench: { card: { faults: { blocked: "card" } } },
    expected: "blocked",
  },
];

const ALGORITHM: readonly ConformanceCase[] = SELECT_ANSWERS.map(({ id, title, tags, bench, expected }) => ({
  id,
  spec: SELECT,
  title,
  tags,
  run: async (context) => {
    const answer = await selectByName(await new CardBench(context, bench).channel(), SOCIAL_ENVIRONMENT_NAME, LIMITS);
    expectEqual(answer.kind === "ok" ? parseAlgorithm(answer.fci) : answer.kind, expected, "what the terminal makes of the answer");
  },
}));

const RESETS: readonly (readonly [id: string, title: string, bench: CardBenchOptions, atr: string])[] = [
  [
    "SEL-040",
    "the contact answer to reset carries thirteen historical bytes",
    { card: { interface: "contact", serial: 7 } },
    "3b6d0000 0081544c538660990100000007",
  ],
  ["SEL-041", "the contactless answer to reset carries the same bytes and a check byte", { card: { serial: 7 } }, "3b8d8001 0081544c538660990100000007 .."],
];

const ANSWERS_TO_RESET: readonly ConformanceCase[] = RESETS.map(([id, title, options, pattern]) => ({
  id,
  spec: "LD/T 32.5, answer to reset",
  title,
  tags: ["selection"],
  run: async (context) => {
    const { atr } = await new CardBench(context, options).channel();
    expectAnswer(toHex(atr), pattern, "answer to reset");
    const historical = parseHistoricalBytes(atr);
    expectTrue(historical !== undefined, "the terminal understands the answer to reset");
    expectEqual(historical, { regionDigits: "9901", serial: "00000007", cardFactor: fromHex("8660990100000007") }, "region, serial and the card's factor");
    if (atr[1] === 0x8d)
      expectEqual(
        atr.slice(1).reduce((sum, byte) => sum ^ byte, 0),
        0,
        "sum of the bytes with the check byte",
      );
  },
}));

const MUTE: ConformanceCase = {
  id: "SEL-042",
  spec: "ISO/IEC 7816-4, status bytes",
  title: "a card without an answer to reset is a fault of the card, without effect",
  tags: ["selection", "negative"],
  run: async (context) => {
    const bench = new CardBench(context, { card: { faults: { mute: true } } });
    await expectFault(bench.channel(), { code: "card-mute", effectUnknown: false }, "power-up of a mute card");
  },
};

export const SELECTION_CASES: readonly ConformanceCase[] = [...DIALOGUES, ...BY_TERMINAL, ...ALGORITHM, ...ANSWERS_TO_RESET, MUTE];
