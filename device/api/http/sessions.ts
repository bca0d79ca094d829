/*
 * Who stands at the counter. A session belongs to the client that opened it, ends by itself, and is known by the hash of its token alone.
 * Wrong passwords cost time that grows; an operator who does not exist costs the same time as one who does.
 */
import { toHex } from "../../base/bytes.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import type { ApiConfig } from "../../config/api.ts";
import { fitsPassword, tokenHash } from "../../crypto/passwords.ts";
import { refusal } from "./errors.ts";
import type { Role } from "./roles.ts";

export interface Session {
  readonly client: string;
  readonly operator: string;
  readonly role: Role;
}

interface Held extends Session {
  readonly endsAtMs: number;
  readonly idleAtMs: number;
}

/** Failures and their wait for one operator at one client; attempts are judged one after another. */
interface Attempts {
  failures: number;
  untilMs: number;
  last: Promise<unknown>;
}

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
const TOKEN_BYTES = 32;
/** Fits no password; takes as long as a real one. */
const NOBODY = `scrypt$15$8$1$${"0".repeat(32)}$${"0".repeat(64)}`;

export interface SessionParts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly config: ApiConfig;
}

export class Sessions {
  readonly #parts: SessionParts;
  readonly #held = new Map<string, Held>();
  readonly #attempts = new Map<string, Attempts>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A new session's token. Refuses "sign-in-refused", "locked-out". */
  async signIn(client: string, operator: string, password: string): Promise<{ readonly token: string; readonly session: Session }> {
    const known = this.#parts.config.operators.find((each) => each.operator === operator);
    // All who do not exist share one count, so that names cannot be tried without end nor fill the memory.
    const attempts = this.#attemptsOf(`${client}/${known?.operator ?? "?"}`);
    const judged = attempts.last.then(() => this.#judge(attempts, password, known?.passwordHash ?? NOBODY));
    attempts.last = judged.catch(() => undefined);
    await judged;
    if (known === undefined) throw refusal("sign-in-refused");
    return this.#open({ client, operator, role: known.role });
  }

  /** Refuses "session-missing", "session-ended". */
  find(client: string, token: string | undefined): Session {
    if (token === undefined) throw refusal("session-missing");
    const key = tokenHash(token);
    const held = this.#held.get(key);
    if (held === undefined || held.client !== client) throw refusal("session-ended");
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= held.endsAtMs || nowMs >= held.idleAtMs) {
      this.#held.delete(key);
      throw refusal("session-ended");
    }
    this.#held.set(key, { ...held, idleAtMs: nowMs + this.#parts.config.bounds.sessionIdleMs });
    return held;
  }

  signOut(token: string): void {
    this.#held.delete(tokenHash(token));
  }

  #attemptsOf(key: string): Attempts {
    const known = this.#attempts.get(key);
    if (known !== undefined) return known;
    const fresh: Attempts = { failures: 0, untilMs: 0, last: Promise.resolve() };
    this.#attempts.set(key, fresh);
    return fresh;
  }

  async #judge(attempts: Attempts, password: string, stored: string): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < attempts.untilMs) throw refusal("locked-out", { retryAfterMs: attempts.untilMs - nowMs });
    if (await fitsPassword(password, stored)) {
      attempts.failures = 0;
      return;
    }
    attempts.failures += 1;
    const beyond = attempts.failures - FREE_FAILURES;
    if (beyond >= 0) attempts.untilMs = this.#parts.clock.monotonicMs() + Math.min(FIRST_WAIT_MS * 2 ** Math.min(beyond, 16), LONGEST_WAIT_MS);
    throw refusal("sign-in-refused");
  }

  #open(session: Session): { readonly token: string; readonly session: Session } {
    const { sessionMs, sessionIdleMs, sessionsPerClient } = this.#parts.config.bounds;
    const own = [...this.#held].filter(([, held]) => held.client === session.client);
    // The longest open ones end first: a program that forgets to sign out must not keep others out.
    for (const [key] of own.slice(0, Math.max(0, own.length + 1 - sessionsPerClient))) this.#held.delete(key);
    const token = toHex(this.#parts.randomness.bytes(TOKEN_BYTES));
    const nowMs = this.#parts.clock.monotonicMs();
    this.#held.set(tokenHash(token), { ...session, endsAtMs: nowMs + sessionMs, idleAtMs: nowMs + sessionIdleMs });
    return { token, session };
  }
}
