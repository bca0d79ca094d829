/*
 * Goal: a msgid is never used twice in the institution, because the host reverses by it. Spec: FSI, request envelope.
 * Method: institution code, then (second, serial) pairs that strictly rise. The serial counts on for ever and wraps; whenever it wraps the
 * second moves on, so one second never sees the same serial twice. Terminals share the institution code: each has its own leading
 * digits of the serial. The last pair is a durable mark before its msgid is sent.
 */
import { assert } from "../../base/assert.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { Journal } from "../journal/types.ts";
import { secondOfMark, wallSecond } from "../sale-time.ts";

export const MESSAGE_ID_MARK = "fsi-message-id";

const SERIAL_DIGITS = 4;

export interface MessageId {
  /** 30 characters: institution 12, time 14, serial 4. */
  readonly text: string;
  /** The time part as "yyyy-MM-dd HH:mm:ss". */
  readonly sentAt: string;
  /** To be durable before the message is sent. */
  readonly mark: { readonly name: string; readonly value: string };
}

export interface MessageIds {
  next(wallMs: number): MessageId;
}

export interface MessageIdScope {
  /** fixmedins_code, 12 characters. */
  readonly institution: string;
  /** Leading serial digits of this terminal, 1 to 3 of them; no terminal's may begin with another's. */
  readonly serialLane: string;
}

export async function openMessageIds(journal: Pick<Journal, "mark">, scope: MessageIdScope): Promise<MessageIds> {
  assert(/^[0-9A-Za-z]{12}$/.test(scope.institution), "the institution code was checked with the configuration");
  assert(/^\d{1,3}$/.test(scope.serialLane), "the serial lane was checked with the configuration");
  const counterDigits = SERIAL_DIGITS - scope.serialLane.length;
  const serials = 10 ** counterDigits;
  const [secondText, serialText] = (await journal.mark(MESSAGE_ID_MARK))?.split(":") ?? [];
  // A restart moves the second on, so that not even other leading digits than before can meet an old serial in its second.
  let second = (secondOfMark(secondText) ?? -1) + 1;
  let serial = serialText === undefined ? -1 : Number(serialText);
  return {
    next: (wallMs) => {
      serial = serial + 1 < serials ? serial + 1 : 0;
      second = Math.max(wallSecond(wallMs), serial === 0 ? second + 1 : second);
      const { compact, iso } = civilTime(second * 1000);
      return {
        text: `${scope.institution}${compact}${scope.serialLane}${String(serial).padStart(counterDigits, "0")}`,
        sentAt: iso,
        mark: { name: MESSAGE_ID_MARK, value: `${second}:${serial}` },
      };
    },
  };
}
