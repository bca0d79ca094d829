/*
 * SM2 verification, by far the dearest step of a tap, against the package sm-crypto called as its users call it. The rounds of both take
 * turns, so that a busy machine slows both, and the median stands for each.
 */
import { randomBytes } from "node:crypto";
import smCrypto from "sm-crypto";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Bench, type BenchContext, type BenchRow, median, rounded } from "./bench.ts";

const ROUNDS = 15;
const OURS_PER_ROUND = 40;
const THEIRS_PER_ROUND = 2;
const RATIO_BUDGET = 40;

/** Microseconds for each of `count` runs; the clock is read outside the loop. */
function timed(count: number, run: () => boolean): number {
  const start = performance.now();
  let sound = true;
  for (let index = 0; index < count; index += 1) sound = run() && sound;
  const elapsedMs = performance.now() - start;
  if (!sound) throw new Error("a good signature was refused: the figure would mean nothing");
  return (elapsedMs * 1000) / count;
}

function run({ scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const suite = openCipherSuite();
  const scalar = new Uint8Array(randomBytes(32)).map((byte, at) => (at === 0 ? byte & 0x7f : byte));
  const pair = suite.sm2PrivateKey(scalar);
  const message = utf8("one record of the card, as long as a dynamic signature covers");
  const signature = suite.sm2Sign(pair, message);
  const [messageText, signatureHex, publicHex] = [new TextDecoder().decode(message), toHex(signature), `04${toHex(pair.publicKey.point)}`];
  const ours = () => suite.sm2Verify(pair.publicKey, message, signature);
  const theirs = () => smCrypto.sm2.doVerifySignature(messageText, signatureHex, publicHex, { hash: true });
  const [oursUs, theirsUs]: [number[], number[]] = [[], []];
  timed(OURS_PER_ROUND, ours);
  timed(THEIRS_PER_ROUND, theirs);
  const rounds = Math.max(3, Math.round(ROUNDS * scale));
  for (let round = 0; round < rounds; round += 1) {
    oursUs.push(timed(OURS_PER_ROUND, ours));
    theirsUs.push(timed(THEIRS_PER_ROUND, theirs));
  }
  say(`sm2: ${rounds} rounds of ${OURS_PER_ROUND} and ${THEIRS_PER_ROUND} verifications`);
  const [value, baseline] = [median(oursUs), median(theirsUs)];
  return Promise.resolve([
    {
      name: "sm2-verify-vs-sm-crypto",
      value: rounded(value),
      unit: "us",
      baseline: rounded(baseline),
      ratio: rounded(baseline / value),
      budget: `ratio >= ${RATIO_BUDGET}`,
      met: baseline / value >= RATIO_BUDGET,
      note: `provider ${suite.provider}, key imported once, median of ${rounds} interleaved rounds; baseline sm-crypto doVerifySignature with hash`,
    },
  ]);
}

export const bench: Bench = { name: "sm2", run };
