/* What the acquirer remembers of each terminal between messages: its open batch and the working keys of its last sign-in. */
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import type { Row, SqlStore } from "../sql-store.ts";
import type { SessionKeys } from "./ciphers.ts";

export interface Session {
  /** The batch that is open, six digits. */
  readonly batch: string;
  readonly signedIn: boolean;
  /** Undefined until the first sign-in. They outlive a sign-off: a reversal that was sealed before may still come. */
  readonly keys: SessionKeys | undefined;
}

const FIRST_BATCH = "000001";

function keysOf(row: Row): SessionKeys | undefined {
  const [pin, mac, track] = [row["pin_key"], row["mac_key"], row["track_key"]].map(String);
  if (pin === undefined || mac === undefined || pin === "" || mac === "") return undefined;
  return { pin: fromHex(pin), mac: fromHex(mac), track: track === undefined || track === "" ? undefined : fromHex(track) };
}

/** The number behind a batch; after the last one they begin anew. */
export function batchAfter(batch: string): string {
  return batch === "999999" ? FIRST_BATCH : String(Number(batch) + 1).padStart(6, "0");
}

export class SessionBook {
  readonly #store: SqlStore;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  of(terminal: string): Session {
    const row = this.#store.one("SELECT * FROM sessions WHERE terminal = ?", terminal);
    if (row === undefined) return { batch: FIRST_BATCH, signedIn: false, keys: undefined };
    return { batch: String(row["batch"]), signedIn: row["signed_in"] === 1, keys: keysOf(row) };
  }

  signIn(terminal: string, keys: SessionKeys): void {
    const { batch } = this.of(terminal);
    const track = keys.track === undefined ? "" : toHex(keys.track);
    this.#store.run(
      "INSERT OR REPLACE INTO sessions (terminal, batch, signed_in, pin_key, mac_key, track_key) VALUES (?, ?, 1, ?, ?, ?)",
      ...[terminal, batch, toHex(keys.pin), toHex(keys.mac), track],
    );
  }

  signOff(terminal: string): void {
    this.#store.run("UPDATE sessions SET signed_in = 0 WHERE terminal = ?", terminal);
  }

  /** All terminals have to sign in again. */
  endAll(): void {
    this.#store.run("UPDATE sessions SET signed_in = 0");
  }

  openBatch(terminal: string, batch: string): void {
    this.#store.run("UPDATE sessions SET batch = ? WHERE terminal = ?", batch, terminal);
  }
}
