/* The desk that a bench file describes; the path of the file stands in YIKATONG_BENCH, where `npm run hw-test` puts it. */
import { assert } from "../../device/base/assert.ts";
import { type MetalBenchFile, readBenchFile } from "./metal-file.ts";
import { type Hand, openHand } from "./metal-hand.ts";

export interface Desk {
  readonly file: MetalBenchFile;
  readonly hand: Hand;
}

export function metalDesk(path: string | undefined = process.env["YIKATONG_BENCH"]): Desk {
  assert(path !== undefined, "hardware tests are started by: HW=1 npm run hw-test -- --bench FILE");
  const read = readBenchFile(path);
  assert(read.ok, `${path}: ${read.ok ? "" : read.problems.join("; ")}`);
  return { file: read.file, hand: openHand(read.file) };
}
