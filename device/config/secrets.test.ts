/* No secret of a configuration is printed, none is forgotten in the list of them, and the stored file is its owner's alone. */
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { SILENT } from "../base/log.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { openFolderStorage } from "../system/storage.ts";
import { saveConfig } from "./load.ts";
import { parseTerminalConfig, terminalConfig } from "./schema.ts";
import { HIDDEN, withoutSecrets } from "./secrets.ts";
import { CONFIG_SLOTS } from "./store.ts";
import { exampleConfig } from "./testing.ts";

const AUTHORIZATION = "0a1b2c3d4e5f6071";
const DEVICES = { pinPad: { adapter: "padNewland", port: { path: "/dev/yikatong/pin-pad" }, authorizationHex: AUTHORIZATION } };

/** A member that ends so holds a secret, or is named below with what it holds instead. */
const SECRET_WORD = /(?:key|scalar|secret|password|passphrase|token|credentials?|authori[sz]ation|pin|seed)(?:hash|sha256|hex|bytes|text)?$/i;

const NO_SECRETS: ReadonlyMap<string, string> = new Map([
  ["cashRecordKey", "how a key is made"],
  ["credentials", "which kinds a region takes"],
  ["endKey", "what the pad's key for the end of an entry does"],
  ["laterCredential", "what a later settlement asks of its holder"],
  ["password", "who verifies a holder"],
  ["pinKey", "where in the pad the key lies"],
  ["recordKey", "which key of the module it is"],
  ["transitTacKey", "how a key is made"],
]);

/** Names of all members that the schema knows, at any depth. */
function members(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = "properties" in schema && typeof schema.properties === "object" && schema.properties !== null ? Object.keys(schema.properties) : [];
  return [...own, ...Object.values(schema).flatMap(members)];
}

const ALL_MEMBERS = new Set(members(z.toJSONSchema(terminalConfig, { io: "input", unrepresentable: "any" })));

describe("secrets of a configuration", () => {
  it("are hidden at any depth, and everything else is as it was", () => {
    const parsed = parseTerminalConfig(exampleConfig({ devices: DEVICES }));
    if (!parsed.ok) throw new Error(parsed.problems.join("; "));
    const { config } = parsed;
    expect(config.devices.pinPad).toMatchObject({ authorizationHex: AUTHORIZATION });
    const shown = withoutSecrets(config);
    expect(JSON.stringify(shown)).not.toContain(AUTHORIZATION);
    expect(shown).toEqual({ ...config, devices: { pinPad: { ...config.devices.pinPad, authorizationHex: HIDDEN } } });
    expect(JSON.stringify(withoutSecrets([{ one: [DEVICES] }]))).not.toContain(AUTHORIZATION);
  });

  it("are told by the list: every member with a secret's name is hidden, or known to hold none", () => {
    expect([...ALL_MEMBERS]).toEqual(expect.arrayContaining(["authorizationHex", "pinKey", "authorities", "terminalId"]));
    const named = [...ALL_MEMBERS].filter((member) => SECRET_WORD.test(member));
    const shown = named.filter((member) => !JSON.stringify(withoutSecrets({ [member]: 1 })).includes(HIDDEN));
    expect(shown.sort()).toEqual([...NO_SECRETS.keys()].sort());
  });

  it("are not stored hidden: what was printed is refused as a configuration", () => {
    expect(parseTerminalConfig(withoutSecrets(exampleConfig({ devices: DEVICES })))).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^devices\.pinPad\.authorizationHex: /)],
    });
  });

  it("are in no problem that is told of a bent one", () => {
    const bent = { pinPad: { ...DEVICES.pinPad, authorizationHex: `${AUTHORIZATION}77` } };
    expect(JSON.stringify(parseTerminalConfig(exampleConfig({ devices: bent })))).not.toContain(AUTHORIZATION);
  });
});

describe("the stored configuration", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ykt-config-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is for its owner's eyes alone, also where somebody had opened it to others", async () => {
    const parts = { storage: await openFolderStorage(folder), suite: openCipherSuite(), log: SILENT };
    const mode = (name: string) => statSync(join(folder, name)).mode & 0o777;
    for (const name of CONFIG_SLOTS) {
      await saveConfig(parts, exampleConfig({ devices: DEVICES }));
      expect([name, mode(name)]).toEqual([name, 0o600]);
      chmodSync(join(folder, name), 0o644);
    }
    for (const name of CONFIG_SLOTS) {
      await saveConfig(parts, exampleConfig({ devices: DEVICES }));
      expect([name, mode(name)]).toEqual([name, 0o600]);
    }
  });
});
