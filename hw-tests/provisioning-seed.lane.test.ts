/*
 * Goal: cloud-init understands a seed as it was meant: every key of it, and the user who comes for repairs may repair.
 * Method: the cloud-init of Debian, in a root of its own so that nothing of it gets onto the machine of the test: its schema judges the file, and then it
 * takes the seed as at a first start, without a network. What it has written is looked at, sudo's rule by sudo itself.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SeedFiles, seedOf } from "../provisioning/install/seed/seed.ts";
import { runProgram } from "../tools/processes.ts";
import { containerObstacle, must, Roots } from "./benches/container/base.ts";
import { runInRoot } from "./benches/container/machine.ts";

const obstacle = containerObstacle();
const FETCH_LIMIT_MS = 300_000;
const START_LIMIT_MS = 120_000;
const SEED_PLACE = "var/lib/cloud/seed/nocloud";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEdoZXJlaXNub3RhcmVhbGtleQ repair";
const CLAIM = { v: 1, claim: "c1", brokerUrl: "mqtt://127.0.0.1:1883", ticket: "0".repeat(32), authority: "a".repeat(128) };
const ORDER = {
  v: 1,
  hostname: "till-1",
  bundle: "yikatong-0.1.0-linux-arm64.bundle",
  timeServer: "ntp.example",
  ethernet: { address: "192.0.2.7/24", gateway: "192.0.2.1", nameServers: ["192.0.2.2"] },
  wifi: { ssid: "shop", password: "not-a-secret", country: "CN" },
  repair: { user: "repair", keys: [KEY] },
  releaseKeys: { maker: "ab".repeat(64) },
  claim: CLAIM,
  devices: { printer: "1-1.3" },
  readOnlyRoot: true,
};
const FETCH = `apt-get -qq -o APT::Sandbox::User=root update &&
DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root install --no-install-recommends cloud-init sudo`;

function filesOf(order: object): SeedFiles {
  const seed = seedOf(order);
  if (!seed.ok) throw new Error(seed.problems.join("; "));
  return seed.files;
}

describe.skipIf(obstacle !== undefined)(`a seed in the eyes of cloud-init${obstacle === undefined ? "" : ` (left out: ${obstacle})`}`, () => {
  let roots: Roots;
  let root = "";

  beforeAll(async () => {
    roots = await Roots.open();
    root = await roots.over(roots.blank);
    const ended = await runInRoot({ root }, ["sh", "-c", FETCH], FETCH_LIMIT_MS);
    expect([ended.code, ended.code === 0 ? "" : ended.stderr.slice(-1_000)]).toEqual([0, ""]);
  }, 480_000);
  afterAll(() => roots?.close(), 60_000);

  // Without this machine's network: cloud-init sets one up.
  const inside = (...args: readonly string[]) =>
    runProgram("systemd-nspawn", ["-q", "-D", root, "--register=no", "--keep-unit", "--private-network", ...args], { limitMs: START_LIMIT_MS });
  const at = (path: string) => join(root, path);

  async function judged(userData: string): Promise<string> {
    writeFileSync(at("srv/user-data"), userData);
    const { code, stdout, stderr } = await inside("cloud-init", "schema", "--config-file", "/srv/user-data");
    return code === 0 ? "valid" : `${stdout}${stderr}`;
  }

  it(
    "has no key that its schema does not know, in the shortest order and in the longest",
    async () => {
      for (const order of [{ v: 1, hostname: "till-1", bundle: ORDER.bundle }, ORDER]) expect(await judged(filesOf(order)["user-data"])).toBe("valid");
    },
    START_LIMIT_MS,
  );

  it(
    "and the schema would have found one",
    async () => {
      const { "user-data": text } = filesOf(ORDER);
      expect(await judged(text.replace('"sudo": "', '"sudoo": "'))).toContain("users.0");
      expect(await judged(text.replace('"0600"', "600"))).toContain("write_files");
    },
    START_LIMIT_MS,
  );

  it(
    "is taken at a first start: keys and claim are there before the installer, which is called as ordered",
    async () => {
      const files = filesOf(ORDER);
      mkdirSync(at(SEED_PLACE), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(at(join(SEED_PLACE, name)), text);
      writeFileSync(at("etc/cloud/cloud.cfg.d/99-place.cfg"), "datasource_list: [ NoCloud ]\n");
      const start = "cloud-init init --local && cloud-init init && cloud-init single --name cc_runcmd --frequency always";
      const ended = await inside("sh", "-c", start);
      expect([ended.code, ended.code === 0 ? "" : ended.stdout + ended.stderr]).toEqual([0, ""]);
      expect(readFileSync(at("etc/yikatong/release-keys"), "utf8")).toBe(`maker = ${ORDER.releaseKeys.maker}\n`);
      expect(JSON.parse(readFileSync(at("etc/yikatong/claim.json"), "utf8"))).toEqual(CLAIM);
      expect((statSync(at("etc/yikatong/claim.json")).mode & 0o777).toString(8)).toBe("600");
      const command = readFileSync(at("var/lib/cloud/instances/yikatong-till-1/scripts/runcmd"), "utf8").replaceAll("'", "");
      expect(command).toContain(
        `install.sh --bundle /boot/firmware/yikatong/${ORDER.bundle} --time-server ntp.example --device printer=1-1.3 --read-only-root`,
      );
    },
    START_LIMIT_MS,
  );

  it(
    "lets the one who repairs in by key alone, to do everything",
    async () => {
      expect(readFileSync(at("home/repair/.ssh/authorized_keys"), "utf8")).toContain(KEY);
      expect(readFileSync(at("etc/shadow"), "utf8")).toMatch(/^repair:!/m);
      const checked = await inside("visudo", "-c");
      expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining("90-cloud-init-users: parsed OK")]);
      expect((await inside("sudo", "-l", "-U", "repair")).stdout).toContain("NOPASSWD: ALL");
      await must("chroot", [root, "setpriv", "--reuid=repair", "--regid=repair", "--init-groups", "sudo", "-n", "true"], START_LIMIT_MS);
    },
    START_LIMIT_MS,
  );
});
