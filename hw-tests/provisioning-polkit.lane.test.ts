/*
 * Goal: on Debian 13, where the service of the readers asks who may use cards, the terminal's own user may without anybody signed in, and nobody else may.
 * Method: a Debian 13 root with its own init, its own PC/SC service and its own polkit, installed by the script; the terminal sells as a service of that machine.
 * Then the rule is taken away, and the same service finds no reader: it was the rule that let it.
 */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerObstacle, PROJECT, Roots } from "./benches/container/base.ts";
import { FieldDesk, FieldHost, fieldConfiguration, sellAtTill } from "./benches/container/field.ts";
import { Machine, runInRoot, until } from "./benches/container/machine.ts";
import { makeBundle } from "./benches/container/release.ts";
import { pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = containerObstacle() ?? pcscdLaneObstacle();
const INSTALL_LIMIT_MS = 240_000;
const LIMIT_MS = 30_000;
const STATE = "/var/lib/yikatong";
const UNIT = "yikatong.service";
const RULE = "etc/polkit-1/rules.d/50-yikatong.rules";
const AS_SERVICE = ["setpriv", "--reuid=yikatong", "--regid=yikatong", "--init-groups"];
const AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];

describe.skipIf(obstacle !== undefined)(`cards on Debian 13${obstacle === undefined ? "" : ` (left out: ${obstacle})`}`, () => {
  let roots: Roots;
  let root = "";
  let machine: Machine | undefined;
  let desk: FieldDesk | undefined;
  let host: FieldHost | undefined;

  const running = (): Machine => {
    if (machine === undefined) throw new Error("the machine does not run");
    return machine;
  };
  /** Names of the readers that somebody is shown. */
  const readersOf = async (as: readonly string[]) => (await running().run([...as, "yikatong", "devices", "--json"], LIMIT_MS)).stdout;

  beforeAll(async () => {
    roots = await Roots.open("trixie");
    const fetching = await roots.over(roots.blank);
    const places = { [join(PROJECT, "provisioning")]: "/mnt/provisioning" };
    const ended = await runInRoot({ root: fetching, readOnlyBinds: places }, ["/mnt/provisioning/install/install.sh", "--packages-only"], INSTALL_LIMIT_MS);
    expect([ended.code, ended.stderr.slice(-500)]).toEqual([0, expect.anything()]);
    root = await roots.over(await roots.layer(fetching), roots.blank);
    const bundle = await makeBundle(join(roots.folder, "bundle"), "0.1.0");
    // In the root itself, so that Debian 13's own openssl judges the bundle.
    const withBundle = { ...places, [dirname(bundle)]: "/mnt/bundle" };
    const args = ["/mnt/provisioning/install/install.sh", "--offline", "--bundle", `/mnt/bundle/${basename(bundle)}`];
    const installed = await runInRoot({ root, readOnlyBinds: withBundle }, args, INSTALL_LIMIT_MS);
    expect([installed.code, installed.stdout]).toEqual([0, expect.stringContaining("signed by test")]);
    desk = await FieldDesk.open(roots.folder);
    desk.attachTo(root);
    machine = await Machine.boot({ root, binds: desk.binds });
  }, 600_000);

  afterAll(async () => {
    await machine?.cut();
    await host?.stop();
    await desk?.close();
    await roots?.close();
  }, 120_000);

  it("has a service of the readers that asks", async () => {
    expect(await running().must("sh", "-c", "pcscd --version 2>&1")).toContain(" polkit ");
    expect(await running().property("polkit.service", "LoadState")).toBe("loaded");
  });

  it("are the terminal's to use: a sale is paid by its service, with nobody signed in", async () => {
    host = await FieldHost.start(running(), join(roots.folder, "host"));
    mkdirSync(join(root, STATE, "config"), { recursive: true });
    writeFileSync(join(root, STATE, "config/wanted.json"), JSON.stringify(await fieldConfiguration(host.brokerUrl)), { mode: 0o644 });
    copyFileSync(host.keyFile, join(root, STATE, "config/terminal.keys"));
    await running().must("sh", "-c", `chown yikatong:yikatong ${STATE}/config/* && chmod 600 ${STATE}/config/*`);
    await running().must(...AS_SERVICE, "yikatong", "config", "set", "--config", `${STATE}/config`, `${STATE}/config/wanted.json`);
    const began = await running().run(["systemctl", "start", UNIT], 60_000);
    expect([began.code, began.code === 0 ? "" : await running().log(UNIT)]).toEqual([0, ""]);
    await desk?.present();
    expect(await sellAtTill(running(), "first", 450)).toMatchObject({ kind: "paid" });
  }, 120_000);

  it("are shown to its user and to no other", async () => {
    await running().must("systemctl", "stop", UNIT);
    expect(await readersOf(AS_SERVICE)).toContain("SIM Counter");
    expect(await readersOf(AS_NOBODY)).not.toContain("SIM Counter");
  }, 60_000);

  it("are refused to it too without the rule, and its again with it", async () => {
    const [rule, aside] = [join(root, RULE), join(root, "etc/rule-aside")];
    const anew = () => running().must("systemctl", "restart", "polkit.service", "pcscd.service");
    renameSync(rule, aside);
    await anew();
    expect(await readersOf(AS_SERVICE)).not.toContain("SIM Counter");
    renameSync(aside, rule);
    await anew();
    await until("its user finds the readers again", LIMIT_MS, async () => (await readersOf(AS_SERVICE)).includes("SIM Counter"));
  }, 120_000);
});
