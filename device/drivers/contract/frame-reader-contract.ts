/*
 * Goal: 200,000 bent frames, and a reader neither throws nor grows nor gives more than there was; two valid frames behind each, it is in step
 * again.
 * Method: good frames are bent by the shared mutator and fed in two pieces to one reader, which is told to forget only where its
 * driver does so with each command.
 */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, concat, toHex } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

const COUNT = 200_000;
/** Findings that are shown; a reader that is broken has very many. */
const SHOWN_MAX = 20;

export interface FrameReaderUnderTest<Word> {
  makeReader(): WordReader<Word> & { readonly held: number };
  /** A frame that the reader hears as one word. */
  readonly valid: Bytes;
  /** Good frames besides, of every kind. */
  readonly others: readonly Bytes[];
  /** The reader needs a new command to be in step again: frames claim a length, and a false start claims a long one. */
  readonly told?: boolean;
  /** Bytes that the reader may hold at most. */
  readonly heldMax: number;
  /** Bytes that any word has at least. */
  readonly shortestBytes: number;
}

/** What every reader of frames must do with bad input. */
export function frameReaderContract<Word>(name: string, under: FrameReaderUnderTest<Word>): void {
  const { makeReader, valid, others, told = false, heldMax, shortestBytes } = under;
  describe(`bad input: ${name}`, () => {
    it("hears a valid frame as one word", () => {
      expect(makeReader().feed(valid)).toHaveLength(1);
    });

    it(`${COUNT} bent frames`, () => {
      const [wanted] = makeReader().feed(valid);
      const reader = makeReader();
      const twice = concat(valid, valid);
      const wrong: string[] = [];
      let made = 0;
      let words = 0;
      for (const bent of mutations(4, [valid, ...others])) {
        const cut = made % (bent.length + 1);
        const heard = [...reader.feed(bent.subarray(0, cut)), ...reader.feed(bent.subarray(cut))];
        words += heard.length;
        // What was held from before may end here.
        if (heard.length > bent.length / shortestBytes + 1) wrong.push(`${toHex(bent)}: ${heard.length} words`);
        if (reader.held > heldMax) wrong.push(`${toHex(bent)}: holds ${reader.held}`);
        if (told) reader.reset();
        if (!reader.feed(twice).some((word) => isDeepStrictEqual(word, wanted))) wrong.push(`${toHex(bent)}: not in step again`);
        made += 1;
        if (made >= COUNT || wrong.length > SHOWN_MAX) break;
      }
      expect(wrong).toEqual([]);
      expect(words).toBeGreaterThan(0);
    }, 300_000);
  });
}
