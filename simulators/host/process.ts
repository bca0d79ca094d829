/*
 * The settlement host, its head-end, the insurer, the acquirer and the agency as one process of their own, to be killed and started again.
 * Usage: process.ts <configuration file, or the JSON itself>. Commands come as JSON lines on standard input, answers leave on standard output;
 * the first line is {"event":"ready"} as soon as the broker has answered.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import type { Log } from "../../device/base/log.ts";
import type { MessageLink } from "../../device/base/ports.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Acquirer, openAcquirer } from "./acquirer/acquirer.ts";
import { type AcquirerServer, openAcquirerServer } from "./acquirer/acquirer-server.ts";
import { AcquirerLedger } from "./acquirer/ledger.ts";
import { type Agency, openAgency } from "./agency/agency.ts";
import { AgencyLedger } from "./agency/ledger.ts";
import { LossLists } from "./agency/loss-list.ts";
import { ClaimDesk } from "./claim/desk.ts";
import { type ClaimCommandContext, revoker } from "./claim/process.ts";
import { profileFrom } from "./claim/profile.ts";
import { ChargeDesk } from "./debts.ts";
import { noHostFaults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { type Gateway, openGateway } from "./medical/gateway.ts";
import { type Insurer, openInsurer } from "./medical/insurer.ts";
import { InsurerLedger } from "./medical/insurer-ledger.ts";
import { makeTestCertificate } from "./medical/test-certificate.ts";
import { openHostMqttLink } from "./mqtt-link.ts";
import { runCommand } from "./process-commands.ts";
import { type HostProcessConfig, parseProcessConfig } from "./process-config.ts";
import { hostKeys, type OpenHostKeys, openSettlementHost, type SettlementHost, type SettlementHostOptions } from "./settlement.ts";
import { systemClock, systemRandomness } from "./system.ts";
import { testDebitOracle } from "./tac-oracle.ts";

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Diagnostics leave on standard error so that standard output stays machine-readable. */
function stderrLog(): Log {
  const put =
    (level: string) =>
    (event: string, fields: object = {}) => {
      process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
    };
  return { info: put("info"), warn: put("warn"), error: put("error") };
}

function readConfig(argument: string | undefined): HostProcessConfig | undefined {
  if (argument === undefined) {
    process.stderr.write("usage: process.ts <configuration file or JSON>\n");
    return undefined;
  }
  const text = argument.trimStart().startsWith("{") ? utf8(argument) : readFileSync(argument);
  const parsed = parseProcessConfig(text, readFileSync);
  if (parsed.ok) return parsed.config;
  process.stderr.write(`configuration refused: ${parsed.reason}\n`);
  return undefined;
}

function linkOf(config: HostProcessConfig) {
  const { tls, username, password } = config;
  return openHostMqttLink({
    clock: systemClock,
    url: config.brokerUrl,
    clientId: config.clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined
      ? {}
      : { tls: { ca: readFileSync(tls.caFile, "utf8"), cert: readFileSync(tls.certFile, "utf8"), key: readFileSync(tls.keyFile, "utf8") } }),
  });
}

/** The way to the insurer without the broker, where one is configured. */
async function gatewayOf({ gateway }: HostProcessConfig, insurer: Insurer): Promise<Gateway | undefined> {
  if (gateway === undefined) return undefined;
  const certificate = gateway.tls ? makeTestCertificate() : undefined;
  if (gateway.tls && certificate === undefined) throw new Error("openssl made no certificate for the gateway");
  const { paasid, token, path, port } = gateway;
  return openGateway({
    clock: systemClock,
    exchange: insurer.exchange,
    callers: [{ paasid, token }],
    port,
    ...(path === undefined ? {} : { path }),
    ...(certificate === undefined ? {} : { tls: certificate }),
  });
}

function acquirerOf({ acquirer }: HostProcessConfig, log: Log): Acquirer {
  const { file, contracts, accounts, variants } = acquirer;
  return openAcquirer({
    clock: systemClock,
    randomness: systemRandomness,
    suite: openCipherSuite(),
    ledger: AcquirerLedger.open(file),
    log,
    ...(contracts === undefined ? {} : { contracts }),
    ...(accounts === undefined ? {} : { accounts }),
    variants,
  });
}

function agencyOf({ agency }: HostProcessConfig, log: Log): Agency {
  const ledger = AgencyLedger.open(agency.file);
  return openAgency({ clock: systemClock, randomness: systemRandomness, suite: openCipherSuite(), ledger, log, variants: agency.variants });
}

/** The way to the acquirer without the broker, where one is configured. */
async function acquirerServerOf({ acquirer }: HostProcessConfig, { exchange }: Acquirer): Promise<AcquirerServer | undefined> {
  const { port } = acquirer;
  return port === undefined ? undefined : openAcquirerServer({ clock: systemClock, exchange, port });
}

/** Where machines claim to be terminals, if the configuration has that. */
function claimsOf(
  config: HostProcessConfig,
  parts: { readonly link: MessageLink; readonly keys: OpenHostKeys; readonly host: SettlementHost; readonly log: Log },
) {
  const { claim, tls, brokerUrl } = config;
  if (claim === undefined) return undefined;
  const suite = openCipherSuite();
  const { link, keys, host, log } = parts;
  const terminalsUrl = claim.terminalsBrokerUrl ?? brokerUrl;
  const pem = (path: string) => readFileSync(path, "utf8");
  const access = { url: brokerUrl, terminalsUrl, tls: tls === undefined ? undefined : { ca: pem(tls.caFile), cert: pem(tls.certFile), key: pem(tls.keyFile) } };
  const options = { clock: systemClock, randomness: systemRandomness };
  const desk = new ClaimDesk({
    ...options,
    ...{ suite, link, log, file: claim.file, keyLoads: claim.keyLoads },
    hostPublicKey: toHex(keys.signing.publicKey.point),
    hostKey: keys.signing,
    profile: profileFrom(claim.profile, { brokerUrl: terminalsUrl, journalFolder: claim.journalFolder }),
    onTerminal: ({ tid, publicKeyHex, dataKeys }) => {
      for (const { kid, hex } of dataKeys) keys.dataKeys.set(kid, suite.secretKey(fromHex(hex)));
      host.terminals.register({ tid, publicKey: suite.sm2PublicKey(fromHex(publicKeyHex)), kids: dataKeys.map(({ kid }) => kid) });
    },
    onGone: (tid) => host.terminals.remove(tid),
    onRevoked: revoker(claim, access, log),
    ...(claim.certificateMs === undefined ? {} : { certificateMs: claim.certificateMs }),
    ...(claim.retireGraceMs === undefined ? {} : { retireGraceMs: claim.retireGraceMs }),
  });
  keys.signingFor = (tid) => desk.signingFor(tid);
  return { desk, access, options } satisfies ClaimCommandContext;
}

function insurerOf({ insurerFile, insurerVariants: variants }: HostProcessConfig, log: Log): Insurer {
  return openInsurer({ clock: systemClock, randomness: systemRandomness, ledger: InsurerLedger.open(insurerFile), log, variants });
}

/** The settlement host, and the place where machines become its terminals. */
function hostOf(
  config: HostProcessConfig,
  parts: Pick<SettlementHostOptions, "ledger" | "link" | "services"> & { readonly charges: ChargeDesk; readonly log: Log },
) {
  const suite = openCipherSuite();
  const keys = hostKeys(suite, config.keys);
  const opened: { claims?: ClaimCommandContext | undefined } = {};
  const host: SettlementHost = openSettlementHost({
    ...parts,
    ...{ clock: systemClock, randomness: systemRandomness, suite, keys },
    onClone: (why, tid) => opened.claims?.desk.report(why, tid),
    terminals: config.terminals.map(({ tid, publicKeyHex, kids }) => ({ tid, kids, publicKey: suite.sm2PublicKey(fromHex(publicKeyHex)) })),
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
    faults: noHostFaults(config.faults),
    ...(config.reconnectWindowMs === undefined ? {} : { reconnectWindowMs: config.reconnectWindowMs }),
  });
  const claims = claimsOf(config, { link: parts.link, keys, host, log: parts.log });
  opened.claims = claims;
  claims?.desk.listen();
  return { host, claims };
}

async function run(config: HostProcessConfig): Promise<void> {
  const log = stderrLog();
  const ledger = Ledger.open(config.ledgerFile);
  const charges = ChargeDesk.open(config.ledgerFile === ":memory:" ? ":memory:" : `${config.ledgerFile}.charges`);
  const insurer = insurerOf(config, log);
  const gateway = await gatewayOf(config, insurer);
  if (gateway !== undefined) write({ event: "gateway", url: gateway.url });
  const acquirer = acquirerOf(config, log);
  const acquirerServer = await acquirerServerOf(config, acquirer);
  if (acquirerServer !== undefined) write({ event: "acquirer", port: acquirerServer.port });
  const agency = agencyOf(config, log);
  const link = linkOf(config);
  const services = new Map([
    ["fsi", insurer.exchange],
    ["acquirer", acquirer.exchange],
    ["agency", agency.exchange],
  ]);
  const { host, claims } = hostOf(config, { ledger, charges, link, services, log });
  const lossLists = new LossLists({ agency, publish: (publication) => void host.documents.publish(publication) });
  const lines = createInterface({ input: process.stdin });
  let stopped = false;
  const stop = () => {
    // Closing the lines comes back here.
    if (stopped) return;
    stopped = true;
    host.stop();
    claims?.desk.stop();
    insurer.stop();
    acquirer.stop();
    agency.stop();
    lines.close();
    // A pipe that its owner keeps open would keep this process alive.
    process.stdin.destroy();
    void Promise.all([link.close(), gateway?.close(), acquirerServer?.close()]).finally(() => {
      ledger.close();
      charges.close();
      insurer.ledger.close();
      acquirer.ledger.close();
      agency.ledger.close();
    });
  };
  let announced = false;
  link.onState((state) => {
    write({ event: announced || state === "down" ? state : "ready" });
    announced ||= state === "up";
  });
  const told = {
    host,
    insurer,
    acquirer,
    agency,
    lossLists,
    charges,
    claims: () => claims,
    stop,
    gateway: () => gateway,
    acquirerServer: () => acquirerServer,
  };
  lines.on("line", (line) => write(runCommand(told, line)));
  // Whoever started this process has gone: nobody could stop it any more.
  lines.on("close", stop);
}

const config = readConfig(process.argv[2]);
if (config === undefined) process.exitCode = 2;
else await run(config);
