/* The claim desk inside the host's process: its configuration, its broker's list of revoked certificates, and what it can be told in lines. */
import { readFileSync, writeFileSync } from "node:fs";
import mqtt from "mqtt";
import type { Log } from "../../../device/base/log.ts";
import { countField, isFields, type JsonFields, textField } from "../canonical.ts";
import { makeCertified } from "./authority.ts";
import type { ClaimSession, KeyLoadOrder } from "./book.ts";
import type { ClaimDesk, ClaimDeskOptions } from "./desk.ts";
import { applyClaimFaults, clearClaimFaults } from "./faults.ts";
import type { Profile } from "./profile.ts";

export interface ClaimConfig {
  /** The book of enrolments, tickets and certificates. */
  readonly file: string | undefined;
  /** Where the broker reads which certificates are revoked, and the process that is told to read it again. */
  readonly revocationFile: string | undefined;
  readonly brokerPidFile: string | undefined;
  /** Address by which terminals reach the broker; the host's own when undefined. */
  readonly terminalsBrokerUrl: string | undefined;
  readonly journalFolder: string;
  /** Members of the configuration that differ from the usual. */
  readonly profile: Profile | undefined;
  readonly certificateMs: number | undefined;
  readonly retireGraceMs: number | undefined;
  readonly keyLoads: readonly KeyLoadOrder[];
}

const MEMBERS: readonly string[] = [
  "file",
  "revocationFile",
  "brokerPidFile",
  "terminalsBrokerUrl",
  "journalFolder",
  "profile",
  "certificateMs",
  "retireGraceMs",
  "keyLoads",
];

/** Reads the member `claim` of the host's configuration; a reason where it is wrong. */
export function readClaimConfig(
  value: unknown,
): { readonly ok: true; readonly value: ClaimConfig | undefined } | { readonly ok: false; readonly reason: string } {
  if (value === undefined) return { ok: true, value: undefined };
  if (!isFields(value)) return { ok: false, reason: "it is no object" };
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) return { ok: false, reason: `unknown member ${unknown}` };
  const { profile, keyLoads = [] } = value;
  if (profile !== undefined && !isFields(profile)) return { ok: false, reason: "profile is no object" };
  if (!Array.isArray(keyLoads)) return { ok: false, reason: "keyLoads is no list" };
  return {
    ok: true,
    value: {
      file: textField(value, "file"),
      revocationFile: textField(value, "revocationFile"),
      brokerPidFile: textField(value, "brokerPidFile"),
      terminalsBrokerUrl: textField(value, "terminalsBrokerUrl"),
      journalFolder: textField(value, "journalFolder") ?? "/var/lib/yikatong/journal",
      // Both come out of JSON; the terminal judges them by its own rules.
      profile: profile as Profile | undefined,
      certificateMs: countField(value, "certificateMs"),
      retireGraceMs: countField(value, "retireGraceMs"),
      keyLoads: keyLoads as ClaimConfig["keyLoads"],
    },
  };
}

/** How the host reaches its broker, to put a client out. */
export interface BrokerAccess {
  readonly url: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
}

const KICK_MS = 10_000;

/**
 * Ends the connection of a client: a broker keeps one connection for each client identifier, and the newer one stays. The terminal comes back at
 * once, and is refused by the list of revoked certificates.
 */
async function kick({ url, tls }: BrokerAccess, clientId: string): Promise<void> {
  const client = mqtt.connect(url, {
    clientId,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: KICK_MS,
    protocolVersion: 4,
    ...(tls === undefined ? {} : { ...tls, rejectUnauthorized: true }),
  });
  await new Promise<void>((resolve) => {
    client.once("connect", () => resolve());
    client.once("close", () => resolve());
    client.on("error", () => undefined);
  });
  await client.endAsync(true);
}

/** Gives the broker the list and ends the connection of whoever was revoked. */
export function revoker(
  config: Pick<ClaimConfig, "revocationFile" | "brokerPidFile">,
  access: BrokerAccess,
  log: Log,
): NonNullable<ClaimDeskOptions["onRevoked"]> {
  const reload = (list: string) => {
    const { revocationFile, brokerPidFile } = config;
    if (revocationFile !== undefined) writeFileSync(revocationFile, list, { mode: 0o644 });
    if (brokerPidFile !== undefined) process.kill(Number(readFileSync(brokerPidFile, "utf8").trim()), "SIGHUP");
  };
  return ({ tid, list }) => {
    try {
      reload(list);
    } catch (error) {
      log.error("revocation-not-published", { error: error instanceof Error ? error.message : "unknown" });
    }
    // The broker reads the list first: who is put out before that comes straight back in.
    setTimeout(() => {
      kick(access, tid).then(
        () => log.info("client-put-out", { tid }),
        () => log.warn("client-not-put-out", { tid }),
      );
    }, 300);
  };
}

type Reply = { readonly [name: string]: unknown };
const refused = (reason: string): Reply => ({ ok: false, reason });
const YEAR_MS = 365 * 86_400_000;

/** What a machine is given on paper or by cable: place, credentials, ticket, authority. */
function claimFile(
  desk: ClaimDesk,
  parts: {
    readonly fields: JsonFields;
    readonly access: BrokerAccess & { readonly terminalsUrl: string };
    readonly nowMs: number;
    readonly options: Pick<ClaimDeskOptions, "randomness">;
  },
): Reply {
  const { fields, access, nowMs, options } = parts;
  const serial = textField(fields, "serial");
  if (serial === undefined || !desk.enrolments.some((each) => each.serial === serial)) return refused("serial is not enrolled");
  const claim = textField(fields, "claim") ?? "claim-1";
  const secure = /^(?:mqtts|tls):/.test(access.terminalsUrl);
  const own = secure
    ? makeCertified(desk.authority, options.randomness, { commonName: claim, notBeforeMs: nowMs - 86_400_000, notAfterMs: nowMs + YEAR_MS })
    : undefined;
  const tls = own === undefined ? {} : { tls: { ca: desk.authority.certificatePem, certificate: own.pem, key: own.keyPem } };
  const facts = Array.isArray(fields["facts"]) ? { facts: fields["facts"] as readonly unknown[] } : {};
  const ticket = desk.issueTicket(serial, { again: fields["again"] === true });
  return { ok: true, file: { v: 1, claim, brokerUrl: access.terminalsUrl, ...tls, ticket, authority: desk.authorityPoint, serial, ...facts } };
}

export interface ClaimCommandContext {
  readonly desk: ClaimDesk;
  readonly access: BrokerAccess & { readonly terminalsUrl: string };
  readonly options: Pick<ClaimDeskOptions, "randomness" | "clock">;
}

/** Acts of the people at the desk: `{"act":"enrol"|"file"|"list"|"revoke"|"order"|"call"|"withdraw-data-keys"|"rotate-host-key"|"end-host-keys"|"fault"|…}`. */
export function actAtClaimDesk({ desk, access, options }: ClaimCommandContext, value: unknown): Reply {
  if (!isFields(value)) return refused("set is no object");
  switch (value["act"]) {
    case "enrol":
      return enrol(desk, value);
    case "file":
      return claimFile(desk, { fields: value, access, nowMs: options.clock.wallMs(), options });
    case "list":
      return {
        ok: true,
        enrolments: desk.enrolments,
        claims: desk.sessions.map(claimRow),
      };
    case "revoke":
      return { ok: desk.revoke(textField(value, "tid") ?? "") };
    case "order":
      return order(desk, value);
    case "call":
      return { ok: desk.call(textField(value, "tid") ?? "") };
    case "withdraw-data-keys":
      return withdrawn(desk.keys.withdrawDataKeys(textField(value, "tid") ?? "", value["force"] === true));
    case "rotate-host-key": {
      const publicKey = desk.hostKeys.rotate();
      return publicKey === undefined ? refused("the host's own key is not known here") : { ok: true, publicKey };
    }
    case "end-host-keys":
      desk.hostKeys.end();
      return { ok: true };
    case "fault": {
      const { act: _act, ...faults } = value;
      const wrong = applyClaimFaults(desk.faults, faults);
      return wrong === undefined ? { ok: true } : refused(wrong);
    }
    case "clear-faults":
      clearClaimFaults(desk.faults);
      return { ok: true };
    case "reports":
      return { ok: true, reports: desk.reports };
    default:
      return refused("act is one of enrol, file, list, revoke, order, call, withdraw-data-keys, rotate-host-key, end-host-keys, fault, clear-faults, reports");
  }
}

/** One claim, for people: what the terminal uses is its own word. */
function claimRow({ session, serial, tid, at, certificate, following, hardware, told, dataKeys, keyLoads }: ClaimSession): Reply {
  return {
    ...{ session, serial, tid, at, notAfterMs: certificate.notAfterMs, hardware },
    certificate: certificate.fingerprint,
    ...(following === undefined ? {} : { following: following.fingerprint }),
    dataKeys: dataKeys.map(({ kid }) => kid),
    ...(told === undefined ? {} : { told }),
    ...(keyLoads === undefined ? {} : { keyLoads }),
  };
}

const KEY_LOADS_MAX = 64;

/** What a terminal is to change: its certificate, its data key, or what lies in its module and pad. */
function order(desk: ClaimDesk, fields: JsonFields): Reply {
  const { what, keyLoads } = fields;
  const tid = textField(fields, "tid") ?? "";
  if (what === "certificate" || what === "data-key") return { ok: desk.order(tid, what) };
  if (what !== "key-loads") return refused("what is certificate, data-key or key-loads");
  if (!Array.isArray(keyLoads) || keyLoads.length > KEY_LOADS_MAX || !keyLoads.every(isFields)) return refused("keyLoads is a list of orders");
  // The terminal judges them by its own rules.
  return { ok: desk.keys.orderKeyLoads(tid, keyLoads as unknown as readonly KeyLoadOrder[]) };
}

function withdrawn(outcome: "withdrawn" | "no-such-terminal" | "in-use"): Reply {
  if (outcome === "withdrawn") return { ok: true };
  return refused(outcome === "in-use" ? "the terminal has not said that it uses the newest; force withdraws all the same" : "there is no such terminal");
}

const NAME = /^[A-Za-z0-9_-]{1,32}$/;

function enrol(desk: ClaimDesk, fields: JsonFields): Reply {
  const [serial, tid, merchant = "M-1", site = "S-1"] = ["serial", "tid", "merchant", "site"].map((name) => textField(fields, name));
  // "boot" is the first word of the topics of claims.
  if (serial === undefined || tid === undefined || !NAME.test(tid) || tid === "boot") return refused("serial and tid are needed; no terminal is called boot");
  const { status, policy, approved } = fields;
  const row = desk.enrol({
    ...{ serial, tid, merchant, site },
    ...(status === "enabled" || status === "disabled" ? { status } : {}),
    ...(policy === "keep" || policy === "reset" ? { policy } : {}),
    ...(typeof approved === "boolean" ? { approved } : {}),
  });
  return { ok: true, enrolment: row };
}
