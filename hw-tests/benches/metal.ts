/*
 * A bench on a desk with real readers. A bench file is JSON; its path stands in YIKATONG_BENCH:
 *
 *   { "name": "desk 2", "hand": "person", "card": { "interface": "contactless", "nameIncludes": ["PICC"] },
 *     "module": { "interface": "sam", "nameIncludes": ["SAM"] } }
 *
 * The hand that puts cards in and takes them out is a person who follows the lines on the screen, or a program (a relay, a robot) that is
 * run with the argument "insert" or "remove".
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { fromHex } from "../../device/base/bytes.ts";
import { withDeadline } from "../../device/base/deadline.ts";
import { SILENT } from "../../device/base/log.ts";
import { type CardBench, limits } from "../../device/drivers/contract/bench.ts";
import { openPcsc } from "../../device/drivers/pcsc/open.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";

const RULE = z.strictObject({
  interface: z.enum(["contact", "contactless", "sam"]),
  nameIncludes: z.array(z.string().min(1)).min(1),
  slot: z.number().int().min(0).max(255).default(0),
});

const BENCH_FILE = z.strictObject({
  name: z.string().min(1),
  /** "person", or the path of a program. */
  hand: z.string().min(1),
  card: RULE,
  module: RULE.optional(),
});

export type MetalBenchFile = z.infer<typeof BENCH_FILE>;

const HAND_LIMIT_MS = 60_000;

/** The bench file of this desk, or undefined where there is none. A file that is wrong is an error, never "no bench". */
export function metalBenchFile(path: string | undefined = process.env["YIKATONG_BENCH"]): MetalBenchFile | undefined {
  return path === undefined ? undefined : BENCH_FILE.parse(JSON.parse(readFileSync(path, "utf8")));
}

async function handDoes(file: MetalBenchFile, act: "insert" | "remove"): Promise<void> {
  if (file.hand !== "person") {
    await systemProcesses().run(file.hand, [act], limits(HAND_LIMIT_MS));
    return;
  }
  const person = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const done = person.question(`${file.name}: ${act} the card, then press Enter `);
    await withDeadline(done, { ...limits(HAND_LIMIT_MS), clock: systemClock(), what: "the person at the bench", effectUnknown: true });
  } finally {
    person.close();
  }
}

/** A card bench on real readers. Tears, hangs and lost readers are not planned on metal, so that their tests are skipped. */
export async function metalCardBench(file: MetalBenchFile): Promise<CardBench> {
  const pcsc = openPcsc({ processes: systemProcesses(), clock: systemClock(), log: SILENT });
  const reader = pcsc.reader(file.card);
  await pcsc.ready(limits(10_000));
  return {
    reader,
    harmlessCommand: fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf"),
    run: (work) => work,
    insert: () => handDoes(file, "insert"),
    remove: () => handDoes(file, "remove"),
    close: async () => {
      await pcsc.close();
      await handDoes(file, "remove");
    },
  };
}
