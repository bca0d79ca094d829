/*
 * Who gets in. A page in a browser never does, whatever it can make a browser send; a name that is not ours is not answered, so that nobody's
 * DNS can point a browser here; a program shows its token; and nobody may ask more than its share.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../base/ports.ts";
import type { ApiConfig } from "../../config/api.ts";
import { isLoopback } from "../../config/api.ts";
import { sameTokenHash, tokenHash } from "../../crypto/passwords.ts";
import { refusal } from "./errors.ts";

/** Tokens of a rate: `perSecond` come back up to `burst`. */
export class RateBound {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor(clock: Clock, bound: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock;
    this.#perSecond = bound.perSecond;
    this.#burst = bound.burst;
    this.#left = bound.burst;
    this.#atMs = clock.monotonicMs();
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

interface Known {
  readonly client: string;
  readonly tokenSha256: string;
  readonly rate: RateBound;
  underWay: number;
}

/** All who show no good token share this. */
const STRANGERS = { perSecond: 10, burst: 50 };
const BEARER = /^Bearer ([\x21-\x7e]{16,512})$/;

export class Guard {
  readonly #config: ApiConfig;
  readonly #clients: readonly Known[];
  readonly #strangers: RateBound;

  constructor(config: ApiConfig, clock: Clock) {
    const { requestsPerSecond: perSecond, requestBurst: burst } = config.bounds;
    this.#config = config;
    this.#strangers = new RateBound(clock, STRANGERS);
    this.#clients = config.clients.map((each) => ({ ...each, rate: new RateBound(clock, { perSecond, burst }), underWay: 0 }));
  }

  /** The client of these headers, with a place among its requests that the caller gives back. Refuses everybody else. */
  admit(headers: IncomingHttpHeaders, port: number): { readonly client: string; readonly leave: () => void } {
    refuseBrowsers(headers);
    if (!this.#isOurName(headers.host, port)) throw refusal("host-refused");
    const known = this.#client(headers.authorization);
    if (known === undefined) throw refusal(this.#strangers.take() ? "client-unknown" : "too-many-requests", { retryAfterMs: 1_000 });
    if (!known.rate.take() || known.underWay >= this.#config.bounds.requestsAtOnce) throw refusal("too-many-requests", { retryAfterMs: 1_000 });
    known.underWay += 1;
    let inside = true;
    const leave = () => {
      if (inside) known.underWay -= 1;
      inside = false;
    };
    return { client: known.client, leave };
  }

  /** Every client's hash is compared, found or not, so that time tells nothing of which are there. */
  #client(authorization: string | undefined): Known | undefined {
    const token = BEARER.exec(authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const hash = tokenHash(token);
    return this.#clients.filter((each) => sameTokenHash(each.tokenSha256, hash)).at(0);
  }

  #isOurName(host: string | undefined, port: number): boolean {
    const { address, hosts } = this.#config;
    const named = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/i.exec(host ?? "");
    if (named === null || (named[2] !== undefined && Number(named[2]) !== port)) return false;
    const name = (named[1] ?? "").toLowerCase();
    const own = isLoopback(address) ? ["localhost", "127.0.0.1", "[::1]", bracketed(address)] : [bracketed(address)];
    return own.includes(name) || hosts.includes(name);
  }
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** Programs send neither; browsers send one of them with whatever a page asks for. */
function refuseBrowsers(headers: IncomingHttpHeaders): void {
  const site = headers["sec-fetch-site"];
  if (headers.origin !== undefined || (site !== undefined && site !== "none")) throw refusal("origin-refused");
}
