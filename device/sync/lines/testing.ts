/* For tests over real connections on loopback: waits are virtual, and time stands still until the lines are quiet. */
import type { Server } from "node:net";
import { makeTestCertificate, type ServerCertificate } from "../../../simulators/host/medical/test-certificate.ts";
import type { VirtualClock } from "../../../simulators/world/virtual-clock.ts";

/** Real time in which a line on loopback has said what it has to say. */
const QUIET_MS = 40;
const TURNS_MAX = 500;
const TURN_MS = 500;

export const quiet = () => new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));

/** Lets real lines come to rest, then virtual time pass, in turn, until the work has ended. */
export async function rest<Value>(clock: VirtualClock, work: Promise<Value>): Promise<Value> {
  let ended = false;
  const mark = () => {
    ended = true;
  };
  work.then(mark, mark);
  for (let turns = 0; turns < TURNS_MAX && !ended; turns += 1) {
    await quiet();
    if (!ended) await clock.runUntil(clock.monotonicMs() + TURN_MS, () => ended);
  }
  return work;
}

export function certificate(): ServerCertificate {
  const made = makeTestCertificate();
  if (made === undefined) throw new Error("openssl makes a certificate");
  return made;
}

/** The port of a server on loopback, once it listens. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server on loopback has a port");
  return address.port;
}
