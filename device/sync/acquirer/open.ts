/* The acquirer's line as a site's configuration describes it: authorities, certificate and key come from files. */
import type { Clock } from "../../base/ports.ts";
import { siteText } from "../site-files.ts";
import { AcquirerLineHost } from "./acquirer.ts";
import { type AcquirerPlace, openAcquirerWire } from "./wire.ts";

export interface AcquirerSite {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
  /** Left out: in the clear. Without authorities those of the runtime are believed. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
}

/** Reads the files once, at the start. Faults: "config-invalid" where one cannot be read, or says nothing. */
export async function openAcquirerHost(site: AcquirerSite, parts: { readonly clock: Clock }): Promise<AcquirerLineHost> {
  const { host, port, connectTimeoutMs, replyTimeoutMs } = site;
  const tls = site.tls === undefined ? {} : { tls: await readTls(site.tls) };
  return new AcquirerLineHost({ clock: parts.clock, wire: openAcquirerWire({ host, port, ...tls }), connectTimeoutMs, readTimeoutMs: replyTimeoutMs });
}

async function readTls({ caFile, certFile, keyFile }: NonNullable<AcquirerSite["tls"]>): Promise<NonNullable<AcquirerPlace["tls"]>> {
  return {
    ...(caFile === undefined ? {} : { ca: await siteText(caFile, "the acquirer's authorities") }),
    ...(certFile === undefined ? {} : { cert: await siteText(certFile, "the terminal's certificate for the acquirer") }),
    ...(keyFile === undefined ? {} : { key: await siteText(keyFile, "the terminal's key for the acquirer") }),
  };
}
