/* The gateway as a site's configuration describes it: its secret and its authorities come from files. */
import type { Log } from "../../base/log.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import { sha256 } from "../../crypto/digest.ts";
import { siteText } from "../site-files.ts";
import { GatewayHost } from "./gateway.ts";
import { openGatewayWire } from "./wire.ts";

export interface GatewaySite {
  readonly url: string;
  readonly servicePath: string;
  readonly paasid: string;
  readonly tokenFile: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly connectionsMax: number;
  /** Left out: the authorities of the runtime are believed. */
  readonly caFile?: string;
}

/** Reads the files once, at the start. Faults: "config-invalid" where one cannot be read, or says nothing. */
export async function openGatewayHost(
  site: GatewaySite,
  parts: { readonly clock: Clock; readonly randomness: Randomness; readonly log: Log },
): Promise<GatewayHost> {
  const token = await siteText(site.tokenFile, "the gateway's token");
  const ca = site.caFile === undefined ? {} : { ca: await siteText(site.caFile, "the gateway's authorities") };
  const wire = openGatewayWire({ url: site.url, servicePath: site.servicePath, ...ca });
  const { paasid, connectTimeoutMs, readTimeoutMs, connectionsMax } = site;
  return new GatewayHost({ ...parts, wire, sha256, paasid, token, connectTimeoutMs, readTimeoutMs, connectionsMax });
}
