/*
 * How a pad of the 02h family is known: it tells its version, in one coding or the other. The split question comes first, because most pads
 * speak so. A binary pad takes it for the beginning of a long frame, which is filled up with zeros before the binary question; a frame whose
 * check is wrong is passed over.
 */
import { type Bytes, concat, EMPTY } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Clock } from "../../base/ports.ts";
import type { Recognized, SerialProbe } from "../adapter.ts";
import { LineTalk } from "../framing/line-talk.ts";
import type { ByteLine } from "../framing/lines.ts";
import { DEFAULT_PAD_CODING, encodeFrame, type PadCoding, type PadEvent, PadFrameReader } from "./frame.ts";

const READ_VERSION = 0x30;
const ANSWER_MS = 600;
const START_BYTES = 1;

type PadFrame = Extract<PadEvent, { readonly is: "frame" }>;

/** The question itself comes back from a line that echoes. */
function isAnswer(event: PadEvent): event is PadFrame {
  return event.is === "frame" && event.code !== READ_VERSION;
}

/** Zeros up to the end of the frame that a binary pad takes a split question for. */
function fillUp(split: Bytes): Bytes {
  const [, length = 0] = split;
  const wanted = START_BYTES + 1 + length + 1;
  return new Uint8Array(Math.max(0, wanted - split.length));
}

async function answers(line: ByteLine, clock: Clock, question: { readonly bytes: Bytes; readonly coding: PadCoding; readonly signal: AbortSignal }) {
  const { bytes, coding, signal } = question;
  const talk = new LineTalk<PadEvent>(line, { clock, reader: new PadFrameReader(coding) });
  try {
    await talk.ask(bytes, isAnswer, { timeoutMs: ANSWER_MS, signal });
    return true;
  } catch (fault) {
    if (isFault(fault)) return false;
    throw fault;
  } finally {
    talk.close();
  }
}

/** Asks for the version in split coding. */
export async function askSplit(line: ByteLine, clock: Clock, signal: AbortSignal): Promise<Recognized | undefined> {
  const bytes = encodeFrame(DEFAULT_PAD_CODING, READ_VERSION, EMPTY);
  const isPad = await answers(line, clock, { bytes, coding: DEFAULT_PAD_CODING, signal });
  return isPad ? { why: "it answered the 02h question for its version, in split coding", settings: { profile: { coding: "split" } } } : undefined;
}

export const pad02hProbe: SerialProbe = {
  on: "serial",
  turn: 3,
  baudRate: 9_600,
  ask: async (line, { clock }, { signal }) => {
    const split = await askSplit(line, clock, signal);
    if (split !== undefined) return split;
    const coding: PadCoding = { ...DEFAULT_PAD_CODING, coding: "binary" };
    const bytes = concat(fillUp(encodeFrame(DEFAULT_PAD_CODING, READ_VERSION, EMPTY)), encodeFrame(coding, READ_VERSION, EMPTY));
    const isPad = await answers(line, clock, { bytes, coding, signal });
    return isPad ? { why: "it answered the 02h question for its version, in binary coding", settings: { profile: { coding: "binary" } } } : undefined;
  },
};
