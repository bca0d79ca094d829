/* A host that has something to say of keys need not wait for the hour: its notice is heard on the terminal's own line, and looked into at once, but not often. */
import type { Identity } from "../../provisioning/claim/identity.ts";
import { isKeyNotice } from "../../provisioning/claim/messages.ts";
import { type Bytes, fromHex } from "../base/bytes.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Clock } from "../base/ports.ts";
import type { CipherSuite } from "../crypto/face.ts";

/** However often a host calls, the rounds that follow one another are so far apart. */
const APART_MS = 60_000;
/** What no answer to a question has. */
const MAY_BE_CALL = /"step":"look"/;
/** Signatures that are looked at in that time: a flood costs no more. */
const CHECKS_MAX = 8;

export class KeyNotices {
  readonly #clock: Clock;
  readonly #suite: CipherSuite;
  readonly #identity: Identity | undefined;
  #wake: (() => void) | undefined;
  #waiting = false;
  #checks = 0;

  constructor(parts: { readonly clock: Clock; readonly suite: CipherSuite; readonly identity: Identity | undefined }) {
    this.#clock = parts.clock;
    this.#suite = parts.suite;
    this.#identity = parts.identity;
  }

  /** A message on the topic of keys; most are answers to another line of this terminal. Never throws. */
  hear(payload: Bytes): void {
    if (this.#identity === undefined || this.#waiting || this.#checks >= CHECKS_MAX || !MAY_BE_CALL.test(new TextDecoder().decode(payload))) return;
    this.#checks += 1;
    const { session, authority } = this.#identity;
    if (!isKeyNotice({ suite: this.#suite, authority: this.#suite.sm2PublicKey(fromHex(authority)), session }, payload)) return;
    this.#waiting = true;
    this.#wake?.();
  }

  /** Resolves after `waitMs`, or sooner when a host calls: a minute after the last round at the earliest. Faults: "cancelled". */
  async rest(waitMs: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.#checks = 0;
      const shortMs = Math.min(waitMs, APART_MS);
      await this.#clock.sleep(shortMs, signal);
      this.#checks = 0;
      if (!this.#waiting) await this.#sleepOrWake(waitMs - shortMs, over);
      if (signal.aborted) throw new Fault("cancelled", "the care for keys is over", { effectUnknown: false });
      this.#waiting = false;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#wake = undefined;
      over.abort();
    }
  }

  async #sleepOrWake(waitMs: number, over: AbortController): Promise<void> {
    this.#wake = () => over.abort();
    try {
      await this.#clock.sleep(waitMs, over.signal);
    } catch (error) {
      // Woken: whoever stopped us is asked for by the caller.
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}
