/* The card proves itself to the terminal and the terminal to the card, with module keys of every level, in both algorithms. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { authenticateCard, authenticateTerminal, HOLDER_READ_KEY, INTERNAL_AUTHENTICATION_KEY } from "../../../device/card/social/authentication.ts";
import { readItem } from "../../../device/card/social/files.ts";
import { parseHistoricalBytes, socialFactors } from "../../../device/card/social/historical.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import { TEST_REGION } from "../../card/make.ts";
import type { KeyLevel } from "../../psam/make.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectFault, fail } from "../expect.ts";
import { CHALLENGE, SELECT_ENVIRONMENT, SELECT_PURSE, type Step, scripted } from "../script.ts";
import type { ConformanceCase } from "../types.ts";

const INTERNAL = "LD/T 32.7, INTERNAL AUTHENTICATE";
const EXTERNAL = "LD/T 32.7, EXTERNAL AUTHENTICATE";
const ALGORITHMS = ["3des", "sm4"] as const;
const LEVELS: readonly KeyLevel[] = [1, 2, 3];

/** Everything that authentication needs, with the card's environment selected. */
async function ready(bench: CardBench) {
  const channel = await bench.channel();
  await bench.apdu(SELECT_ENVIRONMENT);
  const historical = parseHistoricalBytes(channel.atr) ?? fail("the answer to reset carries the card's factor");
  const { algorithm } = bench.card.personalization.social;
  return { channel, context: { psam: await bench.openPsam(), algorithm, factors: socialFactors(historical.cardFactor, TEST_REGION) } };
}

async function internal(bench: CardBench) {
  const { channel, context } = await ready(bench);
  return authenticateCard(channel, { ...context, randomness: new SeededRandomness("conformance"), key: INTERNAL_AUTHENTICATION_KEY }, LIMITS);
}

async function external(bench: CardBench) {
  const { channel, context } = await ready(bench);
  return authenticateTerminal(channel, { ...context, key: HOLDER_READ_KEY }, LIMITS);
}

const BY_LEVEL: readonly ConformanceCase[] = ALGORITHMS.flatMap((algorithm) =>
  LEVELS.flatMap((level): readonly ConformanceCase[] => {
    const options: CardBenchOptions = { card: { algorithm }, psam: { socialLevel: level } };
    const name = `${algorithm.toUpperCase()}-L${level}`;
    return [
      {
        id: `AUT-INT-${name}`,
        spec: INTERNAL,
        title: `the card proves itself to a module with ${algorithm} keys of level ${level}`,
        tags: ["authentication", "social", "psam", algorithm, "profile:psamLevels=auto321"],
        run: async (context) => expectEqual(await internal(new CardBench(context, options)), "authentic", "the card's proof"),
      },
      {
        id: `AUT-EXT-${name}`,
        spec: EXTERNAL,
        title: `the card opens the holder's file to a module with ${algorithm} keys of level ${level}`,
        tags: ["authentication", "social", "psam", algorithm, "profile:psamLevels=auto321"],
        run: async (context) => {
          const bench = new CardBench(context, options);
          expectEqual(await external(bench), "authentic", "the terminal's proof");
          expectEqual((await readItem(await bench.channel(), { file: 0x06, tag: 0x08 }, LIMITS)).kind, "ok", "reading the holder's file");
        },
      },
    ];
  }),
);

const PINNED: readonly (readonly [psamLevels: CardProfile["psamLevels"], level: KeyLevel, found: boolean])[] = [
  ["3", 3, true],
  ["2", 2, true],
  ["1", 1, true],
  ["3", 2, false],
  ["2", 1, false],
  ["1", 3, false],
];

const BY_PROFILE: readonly ConformanceCase[] = PINNED.map(([psamLevels, socialLevel, found]) => ({
  id: `AUT-LEVEL-${psamLevels}-OF-${socialLevel}`,
  spec: "LD/T 32.9, DELIVERY SESSION KEY",
  title: `a terminal set to level ${psamLevels} ${found ? "uses" : "does not find"} module keys of level ${socialLevel}`,
  tags: ["authentication", "psam", `profile:psamLevels=${psamLevels}`, ...(found ? [] : (["negative"] as const))],
  run: async (context) => {
    const bench = new CardBench(context, { profile: { psamLevels }, psam: { socialLevel } });
    if (found) expectEqual(await internal(bench), "authentic", "the card's proof");
    else await expectFault(internal(bench), { code: "key-missing", effectUnknown: false }, "keys of another level");
  },
}));

const FOREIGN: readonly ConformanceCase[] = [
  {
    id: "AUT-010",
    spec: INTERNAL,
    title: "a card of another issuer does not convince a module of this one",
    tags: ["authentication", "negative"],
    run: async (context) =>
      expectEqual(await internal(new CardBench(context, { psam: { regionCode: "110000", socialLevel: 1 } })), "not-authentic", "the card's proof"),
  },
  {
    id: "AUT-011",
    spec: EXTERNAL,
    title: "a module of another issuer is refused by the card, which counts it",
    tags: ["authentication", "negative"],
    run: async (context) => {
      const answer = await external(new CardBench(context, { psam: { regionCode: "110000", socialLevel: 1 } }));
      expectEqual(answer, { kind: "refused", statusWord: 0x63c9 }, "the card's answer");
    },
  },
  {
    id: "AUT-012",
    spec: "LD/T 32.9, SELECT",
    title: "a module without keys of the card's algorithm has no key",
    tags: ["authentication", "psam", "sm4", "negative"],
    run: async (context) => {
      await expectFault(
        internal(new CardBench(context, { psam: { algorithms: ["3des"] } })),
        { code: "key-missing", effectUnknown: false },
        "internal authentication",
      );
    },
  },
  {
    id: "AUT-013",
    spec: "LD/T 32.7, security states",
    title: "the terminal's proof is forgotten when another application is selected",
    tags: ["authentication", "social", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      expectEqual(await external(bench), "authentic", "the terminal's proof");
      await bench.apdu(SELECT_PURSE);
      await bench.apdu(SELECT_ENVIRONMENT);
      expectEqual(
        await readItem(await bench.channel(), { file: 0x06, tag: 0x08 }, LIMITS),
        { kind: "refused", statusWord: 0x6982 },
        "reading the holder's file",
      );
    },
  },
  {
    id: "AUT-014",
    spec: "LD/T 32.7, security states",
    title: "the terminal's proof is forgotten with the power",
    tags: ["authentication", "social", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      expectEqual(await external(bench), "authentic", "the terminal's proof");
      await bench.reset();
      await bench.apdu(SELECT_ENVIRONMENT);
      expectEqual(
        await readItem(await bench.channel(), { file: 0x06, tag: 0x08 }, LIMITS),
        { kind: "refused", statusWord: 0x6982 },
        "reading the holder's file",
      );
    },
  },
  {
    id: "AUT-015",
    spec: EXTERNAL,
    title: "a right proof sets the card's counter back",
    tags: ["authentication", "social"],
    run: async (context) => {
      const bench = new CardBench(context);
      await bench.apdu(SELECT_ENVIRONMENT);
      for (const answer of ["63c9", "63c8"]) {
        await bench.apdu(CHALLENGE);
        expectEqual(await bench.apdu(WRONG_PROOF), answer, "answer to a wrong proof");
      }
      expectEqual(await external(bench), "authentic", "the terminal's proof");
      await bench.apdu(CHALLENGE);
      expectEqual(await bench.apdu(WRONG_PROOF), "63c9", "answer to the next wrong proof");
    },
  },
  {
    id: "AUT-016",
    spec: "LD/T 32.7, GET CHALLENGE",
    title: "no challenge comes twice, not even after loss of power",
    tags: ["authentication", "social"],
    run: async (context) => {
      const bench = new CardBench(context);
      const challenges = new Set<string>();
      for (let round = 0; round < 8; round += 1) {
        if (round % 4 === 0) await bench.reset();
        challenges.add(await bench.apdu(CHALLENGE));
      }
      expectEqual(challenges.size, 8, "different challenges of eight");
    },
  },
  {
    id: "AUT-017",
    spec: INTERNAL,
    title: "another session factor gives another proof",
    tags: ["authentication", "social"],
    run: async (context) => {
      const bench = new CardBench(context);
      await bench.apdu(SELECT_ENVIRONMENT);
      const proofs = [1, 2].map((factor) => bench.context.suite.sm3(fromHex(`0${factor}`)).slice(0, 8));
      const answers: string[] = [];
      for (const factor of proofs) answers.push(await bench.apdu(`0088000010${toHex(factor)}000102030405060708`));
      expectEqual(new Set(answers).size, 2, "different proofs");
      expectEqual(
        answers.map((answer) => answer.slice(-4)),
        ["9000", "9000"],
        "status words",
      );
    },
  },
];

const WRONG_PROOF = "0082000A1000112233445566770011223344556677";
const TEN_FAILURES: readonly Step[] = Array.from({ length: 10 }, (_, at): readonly Step[] => [
  [CHALLENGE, "*9000"],
  [WRONG_PROOF, `63c${9 - at}`],
]).flat();

const DIALOGUES = scripted([
  {
    id: "AUT-020",
    spec: "LD/T 32.7, GET CHALLENGE",
    title: "challenges have four, eight or sixteen bytes",
    tags: ["authentication", "social"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0084000004", "........9000"],
      [CHALLENGE, "................9000"],
      ["0084000010", "................................9000"],
    ],
  },
  {
    id: "AUT-021",
    spec: "LD/T 32.7, GET CHALLENGE",
    title: "another length, or other parameters, are refused",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0084000005", "6700"],
      ["0084000020", "6700"],
      ["0084010008", "6a86"],
    ],
  },
  {
    id: "AUT-022",
    spec: EXTERNAL,
    title: "without a challenge there is no proof",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [WRONG_PROOF, "6985"],
    ],
  },
  {
    id: "AUT-023",
    spec: EXTERNAL,
    title: "a challenge of four bytes does not do",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0084000004", "*9000"],
      [WRONG_PROOF, "6985"],
    ],
  },
  {
    id: "AUT-024",
    spec: EXTERNAL,
    title: "a challenge serves once",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [CHALLENGE, "*9000"],
      [WRONG_PROOF, "63c9"],
      [WRONG_PROOF, "6985"],
    ],
  },
  {
    id: "AUT-025",
    spec: EXTERNAL,
    title: "an unknown key, an unknown version and a wrong length are refused",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      [CHALLENGE, "*9000"],
      ["0082000B1000112233445566770011223344556677", "6a88"],
      [CHALLENGE, "*9000"],
      ["0082000A110011223344556677001122334455667702", "6a88"],
      [CHALLENGE, "*9000"],
      ["0082000A080011223344556677", "6700"],
    ],
  },
  {
    id: "AUT-026",
    spec: EXTERNAL,
    title: "ten wrong proofs lock the key, also for later",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ...TEN_FAILURES,
      [CHALLENGE, "*9000"],
      [WRONG_PROOF, "6983"],
      "reset",
      [SELECT_ENVIRONMENT, "*9000"],
      [CHALLENGE, "*9000"],
      [WRONG_PROOF, "6983"],
    ],
  },
  {
    id: "AUT-027",
    spec: INTERNAL,
    title: "the key's version may be named, and must be the right one",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["00880000110011223344556677001122334455667701 08", "................9000"],
      ["00880000110011223344556677001122334455667702 08", "6a88"],
      ["00880001100011223344556677 0011223344556677 08", "6a88"],
    ],
  },
  {
    id: "AUT-028",
    spec: INTERNAL,
    title: "a wrong length is refused",
    tags: ["authentication", "social", "negative"],
    steps: [
      [SELECT_ENVIRONMENT, "*9000"],
      ["0088000008001122334455667708", "6700"],
    ],
  },
]);

export const AUTHENTICATION_CASES: readonly ConformanceCase[] = [...BY_LEVEL, ...BY_PROFILE, ...FOREIGN, ...DIALOGUES];
