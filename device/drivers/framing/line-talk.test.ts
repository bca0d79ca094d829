/* Talk over a byte line: what becomes of a line whose device says nothing any more. */
import { describe, expect, it } from "vitest";
import { InProcessLine } from "../../../simulators/line/in-process.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { LineTalk } from "./line-talk.ts";

const QUESTION = utf8("?");
const isWord = (word: Bytes): word is Bytes => word.length > 0;

/** A line with a device that answers the questions with these numbers, counted from 1; how often the line was renewed. */
function bench(answers: (question: number) => Bytes | undefined) {
  const clock = new VirtualClock(0);
  const line = new InProcessLine(clock, { name: "line" });
  let [renewed, questions] = [0, 0];
  const end = line.device(() => {
    questions += 1;
    const answer = answers(questions);
    if (answer !== undefined) end.write(answer);
  });
  const renewable = Object.assign(line, {
    renew: () => {
      renewed += 1;
    },
  });
  const talk = new LineTalk<Bytes>(renewable, { clock, reader: { feed: (bytes) => [bytes], reset: () => undefined } });
  const ask = () => clock.resolve(talk.ask(QUESTION, isWord, limits(100)).catch(() => undefined));
  return { clock, talk, ask, renewed: () => renewed };
}

describe("a line whose device says nothing", () => {
  it("is started anew after every second question in a row without an answer", async () => {
    const { ask, renewed } = bench(() => undefined);
    const after: number[] = [];
    for (let questions = 0; questions < 5; questions += 1) {
      await ask();
      after.push(renewed());
    }
    expect(after).toEqual([0, 1, 1, 2, 2]);
  });

  it("is left alone while it answers now and then", async () => {
    const { ask, renewed } = bench((question) => (question % 2 === 0 ? utf8("!") : undefined));
    for (let questions = 0; questions < 6; questions += 1) await ask();
    expect(renewed()).toBe(0);
  });

  it("is left alone while it says anything at all", async () => {
    const { clock, talk, renewed } = bench(() => utf8("."));
    const never = (word: Bytes): word is Bytes => word.length > 1;
    for (let questions = 0; questions < 4; questions += 1) await clock.resolve(talk.ask(QUESTION, never, limits(100)).catch(() => undefined));
    expect(renewed()).toBe(0);
  });

  it("is left alone when the asker gives up", async () => {
    const { clock, talk, renewed } = bench(() => undefined);
    const limitsOf = () => ({ timeoutMs: 100, signal: AbortSignal.abort() });
    for (let questions = 0; questions < 4; questions += 1) await clock.resolve(talk.ask(QUESTION, isWord, limitsOf()).catch(() => undefined));
    expect(renewed()).toBe(0);
  });
});
