/*
 * Goal: the broker of a place where machines are claimed: mutual TLS by the simulated authority, topics bounded by the certificate's name, and a
 * list of revoked certificates that is read again on a signal. Method: private folder, loopback, the process is ours and ended by its own id.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "../../device/base/assert.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";

const PROGRAM = "/usr/sbin/mosquitto";
const START_ATTEMPTS_MAX = 200;
const ATTEMPT_PAUSE_MS = 25;
const END_MS = 5_000;
export const HOST_NAME = "settlement-host";

/** What a certificate's name may read and write. A claim's name is never a terminal's, and no terminal is called boot. Spec: claim/v1, 1. */
const ACCESS = [
  "pattern write pos/v1/%u/up/#",
  "pattern read pos/v1/%u/dn/#",
  "pattern write pos/v1/boot/%u/up",
  "pattern read pos/v1/boot/%u/dn",
  "",
  `user ${HOST_NAME}`,
  "topic readwrite pos/v1/#",
  "",
].join("\n");

export interface ClaimBroker {
  readonly url: string;
  /** Where the list of revoked certificates stands, and where the broker's process id does. */
  readonly revocationFile: string;
  readonly pidFile: string;
  stop(): Promise<void>;
}

export interface ClaimBrokerFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly revocationList: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a listening server has an address");
  server.close();
  await once(server, "close");
  return address.port;
}

/** Where the broker listens. */
export interface BrokerPlace {
  readonly address: string;
  readonly port: number;
}

function configuration(folder: string, { address, port }: BrokerPlace): string {
  return [
    "per_listener_settings true",
    "persistence false",
    // As root the broker would change to a user that cannot read the private folder.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    `pid_file ${folder}/broker.pid`,
    `listener ${port} ${address}`,
    `cafile ${folder}/authority.crt`,
    `certfile ${folder}/broker.crt`,
    `keyfile ${folder}/broker.key`,
    `crlfile ${folder}/revoked.pem`,
    "require_certificate true",
    "use_identity_as_username true",
    `acl_file ${folder}/acl`,
    "log_type error",
    "",
  ].join("\n");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function ended(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([gone, clock.sleep(END_MS)]);
  child.kill("SIGKILL");
}

/** What the broker needs, in a folder of its own; gives the name of its configuration. For whoever starts it in another network than this one. */
export async function layClaimBroker(folder: string, files: ClaimBrokerFiles, place: BrokerPlace): Promise<string> {
  const put = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await put("authority.crt", files.authority);
  await put("broker.crt", files.certificate);
  await put("broker.key", files.key);
  await put("revoked.pem", files.revocationList);
  await put("acl", ACCESS);
  await put("mosquitto.conf", configuration(folder, place));
  return join(folder, "mosquitto.conf");
}

/** Starts the broker with certificates that the caller's authority made. Faults: "process-failed" when it does not come up. */
export async function startClaimBroker(files: ClaimBrokerFiles, clock: Clock): Promise<ClaimBroker> {
  const folder = await mkdtemp(join(tmpdir(), "yikatong-claims-"));
  const port = await freePort();
  const file = await layClaimBroker(folder, files, { address: "127.0.0.1", port });
  const child = spawn(PROGRAM, ["-c", file], { stdio: "ignore" });
  child.on("error", () => undefined);
  const stop = async () => {
    await ended(child, clock);
    await rm(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < START_ATTEMPTS_MAX && child.exitCode === null; attempt += 1) {
    if (await accepts(port))
      return { url: `mqtts://localhost:${port}`, revocationFile: join(folder, "revoked.pem"), pidFile: join(folder, "broker.pid"), stop };
    await clock.sleep(ATTEMPT_PAUSE_MS);
  }
  await stop();
  throw new Fault("process-failed", "mosquitto did not start", { effectUnknown: false });
}
