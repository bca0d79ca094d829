/*
 * Goal: a terminal whose system is only read sells, keeps every record through a power cut, and can still be claimed; and no record ever stands in memory.
 * Method: a Debian root with its own init, installed with `--read-only-root`, records on an ext4 image as on a partition of their own. The manager mounts
 * what fstab says; then mounts, units and a sale are looked at, and the power fails.
 */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../tools/processes.ts";
import { containerObstacle, must, PROJECT, Roots } from "./benches/container/base.ts";
import { FieldDesk, FieldHost, fieldConfiguration, sellAtTill } from "./benches/container/field.ts";
import { Machine, runInRoot, until } from "./benches/container/machine.ts";
import { makeBundle } from "./benches/container/release.ts";
import { TreeReader, treeDifference } from "./benches/container/tree.ts";
import { pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = containerObstacle() ?? pcscdLaneObstacle();
const SCRIPT = join(PROJECT, "provisioning/install/install.sh");
const INSTALL_LIMIT_MS = 180_000;
const MOUNT_LIMIT_MS = 30_000;
const STATE = "/var/lib/yikatong";
const UNIT = "yikatong.service";
/** As the bench mounts it; the manager mounts it once more, with what then stands here. */
const ROOT_LINE = "overlay / overlay rw,noatime 0 1";
const REFUSED = 7;

describe.skipIf(obstacle !== undefined)(`a system that is only read${obstacle === undefined ? "" : ` (left out: ${obstacle})`}`, () => {
  let roots: Roots;
  let root = "";
  let bundle = "";
  let machine: Machine | undefined;
  let desk: FieldDesk | undefined;
  let host: FieldHost | undefined;
  const mounted: string[] = [];

  const install = (...args: readonly string[]) => runProgram("sh", [SCRIPT, "--root", root, "--offline", ...args], { limitMs: INSTALL_LIMIT_MS });
  const fstab = () => readFileSync(join(root, "etc/fstab"), "utf8");
  const running = (): Machine => {
    if (machine === undefined) throw new Error("the machine does not run");
    return machine;
  };
  /** How a place is mounted inside of the machine. */
  const mount = async (path: string): Promise<readonly string[]> =>
    (await running().must("findmnt", "-n", "-o", "FSTYPE,OPTIONS", "-T", path)).trim().split(/[\s,]+/);

  beforeAll(async () => {
    roots = await Roots.open();
    const fetching = await roots.over(roots.blank);
    const places = { [join(PROJECT, "provisioning")]: "/mnt/provisioning" };
    const ended = await runInRoot({ root: fetching, readOnlyBinds: places }, ["/mnt/provisioning/install/install.sh", "--packages-only"], INSTALL_LIMIT_MS);
    expect([ended.code, ended.stderr.slice(-500)]).toEqual([0, expect.anything()]);
    root = await roots.over(await roots.layer(fetching), roots.blank);
    bundle = await makeBundle(join(roots.folder, "bundle"), "0.1.0");
    const image = join(roots.folder, "records.img");
    await must("truncate", ["-s", "300M", image], MOUNT_LIMIT_MS);
    await must("mkfs.ext4", ["-q", "-F", "-m", "0", image], MOUNT_LIMIT_MS);
    mkdirSync(join(root, STATE), { recursive: true });
    await must("mount", ["-o", "loop", image, join(root, STATE)], MOUNT_LIMIT_MS);
    mounted.push(join(root, STATE));
  }, 480_000);

  afterAll(async () => {
    await machine?.cut();
    await host?.stop();
    await desk?.close();
    for (const place of mounted) await runProgram("umount", ["--lazy", place], { limitMs: MOUNT_LIMIT_MS });
    await roots?.close();
  }, 120_000);

  it.each([
    ["no partition for records", ""],
    ["records in memory", `tmpfs ${STATE} tmpfs defaults 0 0`],
    ["records on a file system without a journal", `LABEL=records ${STATE} vfat defaults 0 2`],
    ["records that are not mounted by themselves", `LABEL=records ${STATE} ext4 noauto 0 2`],
    ["records that are only read", `LABEL=records ${STATE} ext4 noatime,ro 0 2`],
  ])(
    "is refused with %s, before anything is changed",
    async (_, line) => {
      writeFileSync(join(root, "etc/fstab"), `${ROOT_LINE}\n${line}\n`);
      const trees = new TreeReader();
      const before = trees.read(root);
      const ended = await install("--bundle", bundle, "--read-only-root");
      expect([ended.code, ended.stderr]).toEqual([REFUSED, expect.stringContaining(STATE)]);
      expect(treeDifference(before, trees.read(root))).toEqual([]);
    },
    60_000,
  );

  it("is written into fstab once, and what others write there stays", async () => {
    writeFileSync(join(root, "etc/fstab"), `${ROOT_LINE}\nLABEL=records ${STATE} ext4 defaults,noatime 0 2\n`);
    const first = await install("--bundle", bundle, "--read-only-root");
    expect([first.code, first.stderr, first.stdout]).toEqual([0, "", expect.stringContaining("no partition for /opt/yikatong")]);
    expect(fstab()).toContain("overlay / overlay noatime,ro 0 1");
    const written = fstab();
    expect((await install("--bundle", bundle, "--read-only-root")).code).toBe(0);
    expect(fstab()).toBe(written);
    appendFileSync(join(root, "etc/fstab"), "LABEL=spare /srv ext4 defaults 0 2\n");
    expect((await install("--bundle", bundle, "--read-only-root")).code).toBe(0);
    expect(fstab().split("\n").sort()).toEqual(`${written}LABEL=spare /srv ext4 defaults 0 2\n`.split("\n").sort());
    writeFileSync(join(root, "etc/fstab"), written);
  }, 120_000);

  it("starts with nothing failed; the system is read, records are on their disk, and only what may be forgotten is in memory", async () => {
    desk = await FieldDesk.open(roots.folder);
    desk.attachTo(root);
    machine = await Machine.boot({ root, binds: desk.binds, readOnlyBinds: { [join(PROJECT, "provisioning")]: "/mnt/provisioning" } });
    expect(await mount("/etc")).toContain("ro");
    expect((await machine.run(["touch", "/etc/written"])).code).not.toBe(0);
    expect((await mount(`${STATE}/journal`)).slice(0, 2)).toEqual(["ext4", "rw"]);
    for (const place of ["/tmp", "/var/tmp", "/var/log", "/var/lib/systemd"]) expect((await mount(place)).slice(0, 2), place).toEqual(["tmpfs", "rw"]);
    expect((await machine.must("systemctl", "list-units", "--failed", "--no-legend", "--plain")).trim()).toBe("");
    expect(await machine.property("pcscd.socket", "ActiveState")).toBe("active");
  }, 120_000);

  it("is told from one that can be changed, by the script too", async () => {
    const again = await running().run(["sh", "/mnt/provisioning/install/install.sh", "--offline"]);
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining("mount -o remount,rw /")]);
    expect((await running().must("yikatong", "update", "status")).trim()).toContain("0.1.0 starts");
  }, 60_000);

  it("sells, and the sale outlives the power", async () => {
    host = await FieldHost.start(running(), join(roots.folder, "host"));
    writeFileSync(join(root, STATE, "config/wanted.json"), JSON.stringify(await fieldConfiguration(host.brokerUrl)), { mode: 0o644 });
    copyFileSync(host.keyFile, join(root, STATE, "config/terminal.keys"));
    await running().must("sh", "-c", `chown yikatong:yikatong ${STATE}/config/* && chmod 600 ${STATE}/config/*`);
    const as = ["setpriv", "--reuid=yikatong", "--regid=yikatong", "--init-groups"];
    await running().must(...as, "yikatong", "config", "set", "--config", `${STATE}/config`, `${STATE}/config/wanted.json`);
    const began = await running().run(["systemctl", "start", UNIT], 60_000);
    expect([began.code, began.code === 0 ? "" : await running().log(UNIT)]).toEqual([0, ""]);
    await desk?.present();
    expect(await sellAtTill(running(), "first", 450)).toMatchObject({ kind: "paid" });
    await running().cut();
    await host.stop();
    machine = await Machine.boot({ root, binds: desk?.binds ?? {} });
    await until("it is ready", 60_000, async () => (await running().property(UNIT, "ActiveState")) === "active");
    expect(await mount("/etc")).toContain("ro");
    await running().must("systemctl", "stop", UNIT);
    const verified = JSON.parse(await running().must("yikatong", "journal", "verify", "--json", `${STATE}/journal`)) as { readonly entries: number };
    expect(verified).toMatchObject({ whole: true, openSubjects: 0 });
    expect(verified.entries).toBeGreaterThan(0);
  }, 240_000);

  it("may be claimed: while the claim runs its file can be erased, and afterwards the system is only read again", async () => {
    const drop = "/run/systemd/system/yikatong-claim.service.d";
    // In the claim's place, inside of its unit: what it does last. It is also asked how it finds the system.
    const erase = "findmnt -n -o OPTIONS -T /etc/yikatong > /run/found; exec rm /etc/yikatong/claim.json";
    await running().must(
      "sh",
      "-c",
      `mount -o remount,rw / && touch /etc/yikatong/claim.json && mount -o remount,ro / && mkdir -p ${drop} &&
       printf '[Service]\nReadWritePaths=/run\nExecStart=\nExecStart=/bin/sh -c "${erase}"\n' > ${drop}/stand-in.conf && systemctl daemon-reload`,
    );
    expect(await mount("/etc")).toContain("ro");
    const ended = await running().run(["systemctl", "start", "yikatong-claim.service"]);
    expect([ended.code, ended.code === 0 ? "" : await running().log("yikatong-claim.service")]).toEqual([0, ""]);
    expect((await running().must("cat", "/run/found")).split(",")).toContain("rw");
    expect((await running().run(["test", "-e", "/etc/yikatong/claim.json"])).code).toBe(1);
    expect(await mount("/etc")).toContain("ro");
  }, 90_000);
});
