/* Answers in several parts: 61xx and 6Cxx are followed within bounds, and what cannot be an answer is a fault. */
import { fromHex } from "../../../device/base/bytes.ts";
import { fen } from "../../../device/base/fen.ts";
import { exchange } from "../../../device/card/dialogue.ts";
import { debitPurchase, initializePurchase, readBalance, readPublicData } from "../../../device/card/purse/commands.ts";
import { command } from "../../../device/codec/apdu.ts";
import { EXCHANGE_ROUNDS_MAX } from "../../../device/codec/apdu-exchange.ts";
import type { CardChannel } from "../../../device/drivers/ports.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "../card-bench.ts";
import { expectEqual, expectFault, expectMatch } from "../expect.ts";
import { type Play, PlayedModule } from "../played-module.ts";
import { INITIALIZE, SELECT_ENVIRONMENT, SELECT_PURSE, scripted } from "../script.ts";
import type { ConformanceCase, Tag } from "../types.ts";

const STATUS = "ISO/IEC 7816-4, status bytes";
const RESPONSE = "ISO/IEC 7816-4, GET RESPONSE";
const T0: CardBenchOptions = { card: { interface: "contact", lengthRule: "t0" } };
const CHALLENGE = command("00 84 00 00", { le: 8 });
const COMPLETION = { terminalSequence: 1, date: fromHex("20261121"), time: fromHex("101500"), mac1: fromHex("00000000") };

const DIALOGUES = scripted([
  {
    id: "TRN-001",
    spec: RESPONSE,
    title: "T=0: data after data in waits for GET RESPONSE",
    tags: ["transport", "t0"],
    bench: T0,
    steps: [
      [SELECT_ENVIRONMENT, "611e"],
      ["00C000001E", "6f1c*9000"],
    ],
  },
  {
    id: "TRN-002",
    spec: RESPONSE,
    title: "T=0: GET RESPONSE with a wrong length is told the right one, and may be repeated",
    tags: ["transport", "t0"],
    bench: T0,
    steps: [
      [SELECT_PURSE, "612f"],
      ["00C0000008", "6c2f"],
      ["00C000002F", "6f2d*9000"],
    ],
  },
  {
    id: "TRN-003",
    spec: RESPONSE,
    title: "T=0: what waits is given once",
    tags: ["transport", "t0", "negative"],
    bench: T0,
    steps: [
      [SELECT_ENVIRONMENT, "611e"],
      ["00C000001E", "*9000"],
      ["00C000001E", "6985"],
    ],
  },
  {
    id: "TRN-004",
    spec: RESPONSE,
    title: "T=0: what waits is forgotten by another command",
    tags: ["transport", "t0", "negative"],
    bench: T0,
    steps: [
      [SELECT_PURSE, "612f"],
      ["805C000204", "000027109000"],
      ["00C000002F", "6985"],
    ],
  },
  {
    id: "TRN-005",
    spec: RESPONSE,
    title: "without anything waiting, and with other parameters, it is refused",
    tags: ["transport", "negative"],
    steps: [
      ["00C0000008", "6985"],
      ["00C0010008", "6a86"],
    ],
  },
  {
    id: "TRN-006",
    spec: "LD/T 32.7, READ RECORD",
    title: "T=0: an open length is answered by the right one",
    tags: ["transport", "t0", "files"],
    bench: T0,
    steps: [
      [SELECT_ENVIRONMENT, "611e"],
      ["00C000001E", "*9000"],
      ["00B2012800", "6c12"],
      ["00B2012812", "0110*9000"],
    ],
  },
  {
    id: "TRN-007",
    spec: RESPONSE,
    title: "T=0: fetching the answer of INITIALIZE leaves the purchase open",
    tags: ["transport", "t0", "purchase"],
    bench: T0,
    steps: [
      [SELECT_PURSE, "612f"],
      [INITIALIZE, "610f"],
      ["00C000000F", "00002710*9000"],
      ["805401000F000000012026112110150000000000 08", "9302"],
    ],
  },
]);

/** The terminal's exchange with a card that plays. */
interface PlayRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags?: readonly Tag[];
  readonly play: Play;
  readonly run: (channel: CardChannel, played: PlayedModule) => Promise<void>;
}

const inTurn =
  (...answers: readonly string[]): Play =>
  (_, at) =>
    answers[at] ?? "6f00";

const PLAYS: readonly PlayRow[] = [
  {
    id: "TRN-020",
    spec: RESPONSE,
    title: "the terminal fetches an answer in several parts and joins them",
    play: inTurn("6104", "010203046104", "050607089000"),
    run: async (channel, played) => {
      expectEqual(await exchange(channel, CHALLENGE, LIMITS), { data: fromHex("0102030405060708"), sw: 0x9000 }, "the joined answer");
      expectEqual(played.commands.slice(1), ["00c0000004", "00c0000004"], "commands");
    },
  },
  {
    id: "TRN-021",
    spec: STATUS,
    title: "the terminal repeats a command with the length that the card names",
    play: inTurn("6c04", "010203049000"),
    run: async (channel, played) => {
      expectEqual(await exchange(channel, CHALLENGE, LIMITS), { data: fromHex("01020304"), sw: 0x9000 }, "the answer");
      expectEqual(played.commands, ["0084000008", "0084000004"], "commands");
    },
  },
  {
    id: "TRN-022",
    spec: STATUS,
    title: "61 00 and 6C 00 stand for 256 bytes",
    play: inTurn("6100", "6c00", `${"ab".repeat(256)}9000`),
    run: async (channel, played) => {
      expectEqual((await exchange(channel, CHALLENGE, LIMITS)).data.length, 256, "bytes");
      expectEqual(played.commands.slice(1), ["00c0000000", "00c0000000"], "commands");
    },
  },
  {
    id: "TRN-023",
    spec: RESPONSE,
    title: "a card that never ends its answer is given up after a bound",
    tags: ["negative"],
    play: () => "01 6101",
    run: async (channel, played) => {
      await expectFault(exchange(channel, CHALLENGE, LIMITS), { code: "card-chain-too-long", effectUnknown: true }, "the endless answer");
      expectEqual(played.commands.length, EXCHANGE_ROUNDS_MAX, "commands");
    },
  },
  {
    id: "TRN-024",
    spec: STATUS,
    title: "a card that always names another length is given up after a bound",
    tags: ["negative"],
    play: (_, at) => (at % 2 === 0 ? "6c04" : "6c05"),
    run: async (channel, played) => {
      await expectFault(exchange(channel, CHALLENGE, LIMITS), { code: "card-chain-too-long", effectUnknown: true }, "the endless correction");
      expectEqual(played.commands.length, EXCHANGE_ROUNDS_MAX, "commands");
    },
  },
  {
    id: "TRN-025",
    spec: STATUS,
    title: "data beside 6Cxx is no answer",
    tags: ["negative"],
    play: inTurn("016c04"),
    run: (channel) => expectFault(exchange(channel, CHALLENGE, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "the answer"),
  },
  {
    id: "TRN-026",
    spec: STATUS,
    title: "one byte is no answer",
    tags: ["negative"],
    play: inTurn("90"),
    run: (channel) => expectFault(exchange(channel, CHALLENGE, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "the answer"),
  },
  {
    id: "TRN-027",
    spec: "PBOC purse, EF15",
    title: "success with too few bytes of public data is no answer",
    tags: ["negative"],
    play: inTurn(`${"00".repeat(29)}9000`),
    run: (channel) => expectFault(readPublicData(channel, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "reading EF15"),
  },
  {
    id: "TRN-028",
    spec: "PBOC purse, GET BALANCE",
    title: "success without a balance is no answer",
    tags: ["negative"],
    play: inTurn("9000"),
    run: (channel) => expectFault(readBalance(channel, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "asking for the balance"),
  },
  {
    id: "TRN-029",
    spec: "PBOC purse, INITIALIZE FOR PURCHASE",
    title: "success with a byte too many is no answer",
    tags: ["negative"],
    play: inTurn(`${"00".repeat(16)}9000`),
    run: (channel) => {
      const start = { keyIndex: 1, amount: fen(1), terminalNumber: fromHex("990100000001") };
      return expectFault(initializePurchase(channel, start, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "INITIALIZE");
    },
  },
  {
    id: "TRN-030",
    spec: "PBOC purse, DEBIT FOR PURCHASE",
    title: "a debit that answers success without a proof may have happened",
    tags: ["negative", "purchase"],
    play: inTurn("9000"),
    run: (channel) => expectFault(debitPurchase(channel, COMPLETION, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "the debit"),
  },
  {
    id: "TRN-031",
    spec: "PBOC purse, DEBIT FOR PURCHASE",
    title: "a debit refused after 61xx may have happened",
    tags: ["negative", "purchase"],
    play: inTurn("6108", "6985"),
    run: (channel) => expectFault(debitPurchase(channel, COMPLETION, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "the debit"),
  },
  ...["6581", "6200", "6f00", "6401"].map(
    (sw): PlayRow => ({
      id: `TRN-032-${sw.toUpperCase()}`,
      spec: STATUS,
      title: `a debit answered ${sw.toUpperCase()} may have happened`,
      tags: ["negative", "purchase"],
      play: inTurn(sw),
      run: (channel) => expectFault(debitPurchase(channel, COMPLETION, LIMITS), { code: "card-answer-malformed", effectUnknown: true }, "the debit"),
    }),
  ),
  ...["6700", "6901", "6982", "6985", "6a81", "6a86", "6d00", "6e00", "9302", "9303", "9401", "9402", "9403"].map(
    (sw): PlayRow => ({
      id: `TRN-033-${sw.toUpperCase()}`,
      spec: "PBOC purse, status words",
      title: `a debit answered ${sw.toUpperCase()} has not happened`,
      tags: ["negative", "purchase"],
      play: inTurn(sw),
      run: async (channel) =>
        expectEqual(await debitPurchase(channel, COMPLETION, LIMITS), { kind: "refused", statusWord: Number.parseInt(sw, 16) }, "the debit"),
    }),
  ),
  {
    id: "TRN-034",
    spec: "PBOC purse, GET BALANCE",
    title: "a refusal is an answer and no fault",
    tags: ["negative"],
    play: inTurn("6e00"),
    run: async (channel) => expectMatch(await readBalance(channel, LIMITS), { kind: "refused", statusWord: 0x6e00 }, "asking for the balance"),
  },
];

const BY_PLAY: readonly ConformanceCase[] = PLAYS.map(({ id, spec, title, tags = [], play, run }) => ({
  id,
  spec,
  title,
  tags: ["transport", ...tags],
  run: async (context) => {
    const played = new PlayedModule(play);
    await run(await new CardBench(context, { instead: played }).channel(), played);
  },
}));

const SLOW: readonly ConformanceCase[] = [
  {
    id: "TRN-040",
    spec: "ISO/IEC 7816-4, command APDU",
    title: "a card that never answers is given up at the deadline, the command perhaps taken",
    tags: ["transport", "negative"],
    run: async (context) => {
      const bench = new CardBench(context);
      const channel = await bench.channel();
      bench.reader.setFate(() => ({ kind: "hang" }));
      const startedMs = context.clock.monotonicMs();
      await expectFault(exchange(channel, CHALLENGE, LIMITS), { code: "reader-hung", effectUnknown: true }, "the command");
      expectEqual(context.clock.monotonicMs() - startedMs, LIMITS.timeoutMs, "milliseconds until it was given up");
    },
  },
  {
    id: "TRN-041",
    spec: "ISO/IEC 7816-4, command APDU",
    title: "a slow card is waited for within the deadline",
    tags: ["transport"],
    run: async (context) => {
      const bench = new CardBench(context, { card: { faults: { extraMsPerCommand: 2_000 } } });
      expectMatch(await exchange(await bench.channel(), CHALLENGE, LIMITS), { sw: 0x9000 }, "the answer");
    },
  },
];

export const TRANSPORT_CASES: readonly ConformanceCase[] = [...DIALOGUES, ...BY_PLAY, ...SLOW];
