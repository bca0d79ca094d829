/*
 * Goal: a real broker with mutual TLS for tests and lanes, in a private folder, on a free port of loopback, gone afterwards.
 * Method: certificates by the openssl program, one CA; a client's common name is its user name and bounds its topics. The process is ours and is
 * ended by its own id.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert } from "../../device/base/assert.ts";
import { Fault } from "../../device/base/fault.ts";

const run = promisify(execFile);
const PROGRAM = "/usr/sbin/mosquitto";
const START_ATTEMPTS_MAX = 200;
const ATTEMPT_PAUSE_MS = 25;
const HOST_NAME = "settlement-host";

export interface CertificateFiles {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Mosquitto {
  readonly host: "localhost";
  /** Mutual TLS. */
  readonly port: number;
  /** Process id of the running broker; undefined while it is stopped. */
  readonly pid: number | undefined;
  /** Common name of the settlement host, which may read and write all terminals' topics. */
  readonly hostName: string;
  /** Files of a terminal that was named at the start, or of the host. */
  certificateOf(name: string): CertificateFiles;
  /** A certificate that this broker's CA did not sign. */
  foreignCertificate(): Promise<CertificateFiles>;
  /** SIGKILL: whatever the broker had acknowledged and not delivered is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: a connection that is half open. */
  freeze(): void;
  thaw(): void;
  /** Ends the broker and removes its folder. */
  stop(): Promise<void>;
}

async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  await run("openssl", [...args], { cwd: folder, timeout: 20_000 });
}

async function makeAuthority(folder: string, name: string): Promise<void> {
  await openssl(
    folder,
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "3650",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.crt`,
  );
}

async function issue(folder: string, options: { readonly authority: string; readonly name: string; readonly extensions: string }): Promise<void> {
  const { authority, name, extensions } = options;
  await writeFile(join(folder, `${name}.ext`), extensions);
  await openssl(
    folder,
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    `/CN=${name}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
  );
  await openssl(
    folder,
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    `${authority}.crt`,
    "-CAkey",
    `${authority}.key`,
    "-CAcreateserial",
    "-days",
    "3650",
    "-extfile",
    `${name}.ext`,
    "-out",
    `${name}.crt`,
  );
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

function configuration(folder: string, port: number): string {
  return [
    "per_listener_settings true",
    "persistence false",
    // As root the broker would change to a user that cannot read the private folder.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    `listener ${port} 127.0.0.1`,
    `cafile ${folder}/authority.crt`,
    `certfile ${folder}/broker.crt`,
    `keyfile ${folder}/broker.key`,
    "require_certificate true",
    "use_identity_as_username true",
    `acl_file ${folder}/acl`,
    "log_type error",
    "",
  ].join("\n");
}

const ACCESS = ["pattern write pos/v1/%u/up/#", "pattern read pos/v1/%u/dn/#", "", `user ${HOST_NAME}`, "topic readwrite pos/v1/#", ""].join("\n");

class RunningMosquitto implements Mosquitto {
  readonly host = "localhost";
  readonly hostName = HOST_NAME;
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  certificateOf(name: string): CertificateFiles {
    return { caFile: join(this.#folder, "authority.crt"), certificateFile: join(this.#folder, `${name}.crt`), keyFile: join(this.#folder, `${name}.key`) };
  }

  async foreignCertificate(): Promise<CertificateFiles> {
    await makeAuthority(this.#folder, "foreign-authority");
    await issue(this.#folder, { authority: "foreign-authority", name: "foreign", extensions: "extendedKeyUsage=clientAuth\n" });
    return this.certificateOf("foreign");
  }

  async restart(): Promise<void> {
    assert(this.#process === undefined, "the broker is not running");
    const child = spawn(PROGRAM, ["-c", join(this.#folder, "mosquitto.conf")], { stdio: "ignore" });
    this.#process = child;
    child.on("error", () => {
      this.#process = undefined;
    });
    for (let attempt = 0; attempt < START_ATTEMPTS_MAX; attempt += 1) {
      if (child.exitCode !== null) break;
      if (await accepts(this.port)) return;
      await pause(ATTEMPT_PAUSE_MS);
    }
    await this.kill();
    throw new Fault("process-failed", "mosquitto did not start", { effectUnknown: false });
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.#end("SIGTERM");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

/** Makes the certificates and starts the broker. Faults: "process-failed" when it does not come up. */
export async function startMosquitto(terminals: readonly string[]): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), "yikatong-mosquitto-"));
  const port = await freePort();
  await makeAuthority(folder, "authority");
  await issue(folder, { authority: "authority", name: "broker", extensions: "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n" });
  for (const name of [...terminals, HOST_NAME]) await issue(folder, { authority: "authority", name, extensions: "extendedKeyUsage=clientAuth\n" });
  await writeFile(join(folder, "mosquitto.conf"), configuration(folder, port));
  await writeFile(join(folder, "acl"), ACCESS, { mode: 0o600 });
  const broker = new RunningMosquitto(folder, port);
  await broker.restart();
  return broker;
}
