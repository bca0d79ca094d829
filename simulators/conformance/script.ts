/* Cases that are dialogues: commands in order, each with the answer that the specification expects. */
import { fromHex, toHex } from "../../device/base/bytes.ts";
import type { CardChannel } from "../../device/drivers/ports.ts";
import { CardBench, type CardBenchOptions, LIMITS } from "./card-bench.ts";
import { expectAnswer } from "./expect.ts";
import type { ConformanceCase, Tag } from "./types.ts";

/** A command and the pattern of its answer, or "reset": the card loses power and comes back. */
export type Step = readonly [command: string, answer: string] | "reset";

/** One dialogue as a row of a table. */
export interface ScriptRow {
  readonly id: string;
  readonly spec: string;
  readonly title: string;
  readonly tags: readonly Tag[];
  readonly bench?: CardBenchOptions;
  /** Default: the card. */
  readonly to?: "card" | "psam";
  readonly steps: readonly Step[];
}

/** Frequent commands. */
export const SELECT_ENVIRONMENT = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00";
export const SELECT_MEDICAL = "00A4040006D1560000050300";
export const SELECT_PURSE = "00A4040008A00000063201010500";
export const CHALLENGE = "0084000008";
/** A purchase of one fen by terminal 990100000001, up to INITIALIZE. */
export const INITIALIZE = "805001020B01000000019901000000010F";

async function walk(bench: CardBench, row: ScriptRow): Promise<void> {
  const open = async (): Promise<CardChannel> => (row.to === "psam" ? bench.samReader.waitForCard(LIMITS) : bench.channel());
  let channel = await open();
  for (const [at, step] of row.steps.entries()) {
    if (step === "reset") {
      if (row.to === "psam") await channel.close();
      channel = row.to === "psam" ? await open() : await bench.reset();
      continue;
    }
    const [command, pattern] = step;
    const header = command.slice(0, 8);
    expectAnswer(toHex(await channel.transmit(fromHex(command), LIMITS)), pattern, `answer ${at + 1} to ${header}`);
  }
}

/** Commands that carry a PIN are told by their headers. */
const WITH_PIN = /^(?:0020|805e|8424)/i;

function told(step: Step): string {
  if (step === "reset") return "power off, power on";
  const [command, pattern] = step;
  return `${WITH_PIN.test(command) ? `${command.slice(0, 8)} …` : command} > ${pattern}`;
}

export function scripted(rows: readonly ScriptRow[]): readonly ConformanceCase[] {
  return rows.map((row) => ({
    id: row.id,
    spec: row.spec,
    title: row.title,
    tags: row.tags,
    expects: row.steps.map(told),
    run: (context) => walk(new CardBench(context, row.bench), row),
  }));
}
