/*
 * Goal: a set that the acquirer gives is here whole or not at all, and what it means is what the rest of the terminal understands.
 * Method: an acquirer written from the paper by others gives its sets; pages and pieces are spoiled one by one.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DOWNLOAD_SERVICES } from "../../../simulators/host/acquirer/downloads.ts";
import type { BankContext, BankRequest, DownloadTables } from "../../../simulators/host/acquirer/request.ts";
import { TEST_TABLES, testPan } from "../../../simulators/host/acquirer/test-customers.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import type { Storage } from "../../base/ports.ts";
import { openAuthorities } from "../../card/electronic-cash/authorities.ts";
import { buildTlv } from "../../codec/tlv.ts";
import { type BankDownloads, openBankDownloads } from "./download.ts";
import { authoritiesOf, readPage } from "./download-sets.ts";
import { BATCH_LIMITS, BatchBench, networkOf, SUITE } from "./testing/batch.ts";

function memory(): Storage & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name) => files.get(name),
    write: async (name, contents) => void files.set(name, contents),
    remove: async (name) => void files.delete(name),
    list: async () => [...files.keys()].toSorted(),
  };
}

interface Scene {
  readonly made: BatchBench;
  readonly storage: ReturnType<typeof memory>;
  readonly downloads: BankDownloads;
}

async function scene(tables: DownloadTables = TEST_TABLES): Promise<Scene> {
  const made = new BatchBench();
  const { ports, journal } = await made.run(made.switchOn());
  const storage = memory();
  made.acquirer.answer = (message) => {
    const texts = [...message.fields].map(([field, value]) => [field, typeof value === "string" ? value : toHex(value).toUpperCase()] as const);
    const service = DOWNLOAD_SERVICES[`${message.type}/${networkOf(message)}`];
    // The services of downloads read the tables and the message, nothing else.
    const answer = service?.({ tables } as unknown as BankContext, { message: { fields: new Map(texts) } } as unknown as BankRequest);
    return [...(answer?.fields ?? [])].map(([field, text]) => [field, fromHex(text)] as const);
  };
  const downloads = await made.run(openBankDownloads({ ...ports, storage, journal }));
  return { made, storage, downloads };
}

const get = ({ made, downloads }: Scene, what: Parameters<BankDownloads["download"]>[0]) => made.run(downloads.download(what, BATCH_LIMITS));

describe("each set", () => {
  it.each([
    ["parameters", 1],
    ["ca-keys", TEST_TABLES.caKeys.length],
    ["aid-parameters", TEST_TABLES.aids.length],
    ["exception-list", 1],
  ] as const)("%s is taken whole and kept", async (what, entries) => {
    const here = await scene();
    expect(await get(here, what)).toEqual({ kind: "taken", what, entries });
    const again = await here.made.run(openBankDownloads({ ...here.made.life.ports, storage: here.storage, journal: here.made.life.journal }));
    expect([again.view()[what]?.entries, here.storage.files.size]).toEqual([entries, 1]);
    expect([again.view(), again.authorities(), again.isListed(testPan(99_999_999))]).toEqual([
      here.downloads.view(),
      here.downloads.authorities(),
      here.downloads.isListed(testPan(99_999_999)),
    ]);
  });

  it("is fetched page by page", async () => {
    const accounts = Array.from({ length: 95 }, (_, at) => testPan(at));
    const here = await scene({ ...TEST_TABLES, exceptions: accounts });
    expect(await get(here, "exception-list")).toMatchObject({ kind: "taken", entries: 95 });
    expect(here.made.acquirer.heard).toHaveLength(3);
    expect(accounts.every((account) => here.downloads.isListed(account))).toBe(true);
    expect(here.downloads.isListed(testPan(96))).toBe(false);
    const file = new TextDecoder().decode(here.storage.files.get("bank-exception-list.json"));
    expect(accounts.some((account) => file.includes(account))).toBe(false);
  });

  it("is not asked for where the acquirer does not offer it", async () => {
    const here = await scene();
    here.made.profile = { ...here.made.profile, downloads: [] };
    const downloads = await here.made.run(
      openBankDownloads({ ...here.made.life.ports, profile: here.made.profile, storage: here.storage, journal: here.made.life.journal }),
    );
    expect(await here.made.run(downloads.download("ca-keys", BATCH_LIMITS))).toMatchObject({ kind: "refused", reason: "download-not-offered" });
  });
});

describe("a set that is not whole", () => {
  it.each(["lost-after", "not-sent", { code: "96" }] as const)("after any message that is %j is not taken, and the earlier one serves on", async (fate) => {
    const here = await scene();
    await get(here, "ca-keys");
    const messages = here.made.acquirer.heard.length;
    const before = new Map(here.storage.files);
    for (let at = 0; at < messages; at += 1) {
      here.made.plan(...Array.from({ length: at }, () => "take" as const), fate);
      expect(await get(here, "ca-keys")).toMatchObject({ kind: "refused" });
    }
    expect([here.storage.files, here.downloads.authorities().authorities.length]).toEqual([before, TEST_TABLES.caKeys.length]);
  });

  it.each([
    ["no page", "39"],
    ["an object that breaks off", "315a"],
    ["an object of another kind", `31${toHex(buildTlv(0x9f06, fromHex("00")))}`],
    ["an account that is none", `31${toHex(buildTlv(0x5a, fromHex("abcd")))}`],
    ["pages without end", "32"],
  ])("%s is refused", async (_name, field) => {
    const here = await scene();
    here.made.acquirer.answer = () => [[62, fromHex(field)]];
    expect(await get(here, "exception-list")).toMatchObject({ kind: "refused" });
    expect(here.downloads.isListed(testPan(1))).toBe(false);
  });

  it("a file that cannot be read is as if there were none", async () => {
    const here = await scene();
    here.storage.files.set("bank-ca-keys.json", fromHex("7b"));
    const downloads = await here.made.run(openBankDownloads({ ...here.made.life.ports, storage: here.storage, journal: here.made.life.journal }));
    expect(downloads.view()["ca-keys"]).toBeUndefined();
  });
});

describe("keys of authorities", () => {
  it("are what electronic cash is configured with, and pass their own check", async () => {
    const here = await scene();
    await get(here, "ca-keys");
    const { authorities, unusable } = here.downloads.authorities();
    expect([unusable, openAuthorities(SUITE, authorities).rejected]).toEqual([0, []]);
  });

  it("that cannot be read are left out", () => {
    expect(authoritiesOf([fromHex("9f0605a000000333"), fromHex("00")])).toEqual({ authorities: [], unusable: 2 });
  });

  it("no bytes make a reader throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(["undefined", "object"]).toContain(typeof readPage(bytes));
        expect(authoritiesOf([bytes]).unusable).toBeLessThanOrEqual(1);
      }),
    );
  });
});
