/* The machine's CCID reader behind the real service and the real driver of readers; the host plays the card in it. */
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { openPcsc } from "../../../device/drivers/pcsc/open.ts";
import type { CardChannel, CardReader } from "../../../device/drivers/ports.ts";
import { CARD_SERIAL, RETURNS } from "../cases.ts";
import { nowMs, Returns } from "./pace.ts";
import { CountedProcesses, expectEqual, parts, within } from "./stand.ts";
import type { Talk } from "./talk.ts";

/** The service names it after its maker and model; the rule needs a part. */
const RULE = { interface: "contact", nameIncludes: ["gemplus", "433"] } as const;
/** Of the simulated card with the number that the host gave it. */
const ANSWER_TO_RESET = `3b6d00000081544c5386609901${String(CARD_SERIAL).padStart(8, "0")}`;
const SELECT_ENVIRONMENT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");

export async function readerCases(talk: Talk): Promise<void> {
  await withReader(async (reader, processes) => {
    await dialogueCases(talk, reader);
    await returnsCase(talk, reader, processes);
  });
  // With an adapter of its own: what befell the other is no matter here.
  await withReader((reader) => pulledCase(talk, reader));
}

async function withReader(work: (reader: CardReader, processes: CountedProcesses) => Promise<void>): Promise<void> {
  const processes = new CountedProcesses();
  const pcsc = openPcsc(parts(processes));
  const reader = pcsc.reader(RULE);
  await pcsc.ready(within(10_000)).catch(() => undefined);
  await work(reader, processes);
  await pcsc.close();
}

/** The card's own answer: an FCI with its success. */
async function expectAnswer(channel: CardChannel): Promise<Bytes> {
  const answer = await channel.transmit(SELECT_ENVIRONMENT, within(2_000));
  expectEqual([toHex(answer).startsWith("6f"), toHex(answer).endsWith("9000")], [true, true], `the answer ${toHex(answer)}`);
  return answer;
}

async function codeOf(work: Promise<unknown>): Promise<readonly [code: string, effectUnknown: boolean]> {
  try {
    await work;
    return ["no fault", false];
  } catch (error) {
    return isFault(error) ? [error.code, error.effectUnknown] : [String(error), false];
  }
}

async function dialogueCases(talk: Talk, reader: CardReader): Promise<void> {
  await talk.case("CCID: reader found by rule, the card's own answers come through", async () => {
    const channel = await reader.waitForCard(within(10_000));
    expectEqual(toHex(channel.atr), ANSWER_TO_RESET, "the answer to reset");
    const answer = await expectAnswer(channel);
    await channel.close();
    return `answer to reset ${toHex(channel.atr)}, ${answer.length} bytes to SELECT`;
  });

  await talk.case("CCID: removal and insertion of the card are seen", async () => {
    const channel = await reader.waitForCard(within(5_000));
    await expectAnswer(channel);
    const beganMs = nowMs();
    await talk.ask("remove card");
    await reader.waitForRemoval(within(2_000));
    const removedMs = nowMs() - beganMs;
    const [code, effectUnknown] = await codeOf(channel.transmit(SELECT_ENVIRONMENT, within(2_000)));
    expectEqual([["card-removed", "card-changed"].includes(code), effectUnknown], [true, false], `the dialogue afterwards (${code})`);
    await talk.ask("insert card");
    const next = await reader.waitForCard(within(2_000));
    expectEqual(next.insertion, channel.insertion + 1, "the number of the insertion");
    await expectAnswer(next);
    await next.close();
    return `removal seen after ${Math.round(removedMs)} ms`;
  });
}

async function returnsCase(talk: Talk, reader: CardReader, processes: CountedProcesses): Promise<void> {
  await talk.case("CCID: the reader's name goes with it, and the same reader serves after each return", async () => {
    const forks = processes.forks;
    const returns = new Returns();
    for (let round = 0; round < RETURNS.reader; round += 1) {
      await talk.ask("unplug reader");
      await reader.waitForRemoval(within(2_000));
      if (round === 0) expectEqual(await untilGone(reader), ["reader-gone", false], "a wait without the reader");
      const beganMs = nowMs();
      await talk.ask("plug in reader");
      const channel = await reader.waitForCard(within(10_000));
      await expectAnswer(channel);
      returns.add(nowMs() - beganMs);
      await channel.close();
    }
    // One in sixty is not told of by the binding, and is found by another process.
    return `${returns.judge(RETURNS.reader)}; processes replaced: ${processes.forks - forks}`;
  });
}

async function pulledCase(talk: Talk, reader: CardReader): Promise<void> {
  await talk.case("CCID: a reader that is pulled under a command leaves an unknown effect", async () => {
    await talk.ask("plug in reader");
    const channel = await reader.waitForCard(within(5_000));
    await talk.ask("hold next answer");
    const sent = codeOf(channel.transmit(SELECT_ENVIRONMENT, within(10_000)));
    await talk.ask("wait for held command");
    const beganMs = nowMs();
    await talk.ask("unplug reader");
    const [code, effectUnknown] = await sent;
    const toldMs = nowMs() - beganMs;
    expectEqual(effectUnknown, true, `whether the effect of the command is unknown (${code})`);
    await talk.ask("plug in reader");
    const next = await reader.waitForCard(within(10_000));
    await expectAnswer(next);
    await next.close();
    return `${code} with unknown effect after ${Math.round(toldMs)} ms`;
  });
}

/** The service tells the end of a reader a moment after the end of its card. */
async function untilGone(reader: CardReader): Promise<readonly [string, boolean]> {
  let told: readonly [string, boolean] = ["no fault", false];
  for (let tries = 0; tries < 10; tries += 1) {
    told = await codeOf(reader.waitForCard(within(200)));
    if (told[0] === "reader-gone") break;
  }
  return told;
}
