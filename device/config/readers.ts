/* Which readers play which role, and what is known of them. */
import * as z from "zod";

/** Which reader plays a role: parts of its name, never the whole, because the reader service numbers readers anew. */
export const readerRule = z.strictObject({
  interface: z.enum(["contact", "contactless", "sam"]),
  nameIncludes: z.array(z.string().min(1).max(100)).max(8),
  nameExcludes: z.array(z.string().min(1).max(100)).max(8).exactOptional(),
  slot: z.int().min(0).max(0xff).exactOptional(),
  group: z.string().min(1).max(40).exactOptional(),
});

export const userReaderRule = readerRule.extend({
  /** Who takes the card's own PIN: the reader at its keypad, or nobody. With nobody, a terminal whose flows ask for it does not start. */
  pinEntry: z.enum(["reader", "none"]).default("reader"),
  /** Digits of a card PIN: a reader that takes it must be told, and cannot leave it to the holder. Spec: PC/SC 10, PIN verification. */
  pinDigits: z.int().min(4).max(16).default(6),
  /** Light, sound and polling of a reader of the ACR family; absent: it is told nothing. Spec: ACR, LED and buzzer. */
  lamp: z
    .strictObject({
      dialect: z.enum(["together", "escape"]),
      driver: z.enum(["ccid", "acs"]).default("ccid"),
      acsLed: z.enum(["send", "skip"]).default("skip"),
      acr122AutoBeep: z.enum(["send", "skip"]).default("skip"),
      /** "fast": the reader looks for cards as often as it can. */
      polling: z.enum(["as-delivered", "fast"]).default("as-delivered"),
    })
    .exactOptional(),
});
