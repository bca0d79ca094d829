/* A pipe with a person at its end, for tests of the simulators' commands. */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { OptionValues } from "../../device/system/command-line.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { runSim } from "./sim.ts";
import type { SimIo } from "./sim-stand.ts";

export type Line = Readonly<Record<string, unknown>>;

/** Lines that a test writes one at a time, and everything that came back. */
export class Pipe implements SimIo {
  readonly printed: string[] = [];
  readonly complained: string[] = [];
  readonly lines: AsyncIterable<string>;
  readonly #waiting: string[] = [];
  #ended = false;
  #wake: () => void = () => undefined;
  #taken = 0;
  #printedWake: () => void = () => undefined;

  constructor() {
    const next = () => this.#next();
    this.lines = { [Symbol.asyncIterator]: () => ({ next }) };
  }

  print(text: string): void {
    this.printed.push(...text.split("\n"));
    this.#printedWake();
  }

  complain(text: string): void {
    this.complained.push(text);
  }

  write(...lines: readonly string[]): void {
    this.#waiting.push(...lines);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The next printed line that nobody has taken yet. */
  async take(): Promise<string> {
    while (this.#taken >= this.printed.length)
      await new Promise<void>((resolve) => {
        this.#printedWake = resolve;
      });
    this.#taken += 1;
    return this.printed[this.#taken - 1] ?? "";
  }

  async ask(line: string): Promise<string> {
    this.write(line);
    return this.take();
  }

  async askJson(line: string): Promise<Line> {
    return JSON.parse(await this.ask(line)) as Line;
  }

  async #next(): Promise<IteratorResult<string>> {
    for (;;) {
      const line = this.#waiting.shift();
      if (line !== undefined) return { done: false, value: line };
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface LineRun {
  readonly code: number;
  readonly printed: readonly string[];
  readonly complained: readonly string[];
}

const SUITE = openCipherSuite();

/** A session that stays open, under a virtual clock. */
export function openSim(values: OptionValues, clock: VirtualClock = new VirtualClock(0)): { readonly pipe: Pipe; readonly ended: Promise<number> } {
  const pipe = new Pipe();
  return { pipe, ended: runSim(values, pipe, { suite: SUITE, clock }) };
}

/** Runs `sim` over these lines to its end, under a virtual clock. */
export async function runLines(values: OptionValues, lines: readonly string[]): Promise<LineRun> {
  const clock = new VirtualClock(0);
  const { pipe, ended } = openSim(values, clock);
  pipe.write(...lines);
  pipe.end();
  return { code: await clock.resolve(ended), printed: pipe.printed, complained: pipe.complained };
}

/** The same with `--apdu --json`: what was printed for each line, without the first answer to reset and without the last summary. */
export async function runJsonLines(values: OptionValues, lines: readonly string[]): Promise<{ readonly replies: readonly Line[]; readonly end: Line }> {
  const { printed } = await runLines({ apdu: true, json: true, ...values }, lines);
  const parsed = printed.map((line) => JSON.parse(line) as Line);
  return { replies: parsed.slice(values["out"] === true ? 0 : 1, -1), end: parsed.at(-1) ?? {} };
}
