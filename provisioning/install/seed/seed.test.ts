import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSeed, type SeedFiles, seedOf } from "./seed.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEdoZXJlaXNub3RhcmVhbGtleQ repair";
const ORDER = { v: 1, hostname: "till-1", bundle: "yikatong-0.1.0-linux-arm64.bundle" };
const WHOLE = {
  ...ORDER,
  timeServer: "ntp.example",
  ethernet: { address: "192.0.2.7/24", gateway: "192.0.2.1", nameServers: ["192.0.2.2"] },
  wifi: { ssid: "shop", password: "not-a-secret", country: "CN" },
  repair: { user: "repair", keys: [KEY] },
  devices: { printer: "1-1.3" },
  readOnlyRoot: true,
};

function filesOf(order: object): SeedFiles {
  const seed = seedOf(order);
  if (!seed.ok) throw new Error(seed.problems.join("; "));
  return seed.files;
}

function userData(files: SeedFiles) {
  return JSON.parse(files["user-data"].replace("#cloud-config\n", "")) as Record<string, unknown>;
}

/** The files with one member of one of them changed. */
function changed(name: keyof SeedFiles, change: object): SeedFiles {
  const files = filesOf(WHOLE);
  const head = name === "user-data" ? "#cloud-config\n" : "";
  return { ...files, [name]: head + JSON.stringify({ ...(JSON.parse(files[name].replace("#cloud-config\n", "")) as object), ...change }) };
}

describe("a seed", () => {
  it("of the shortest order opens no door and installs the bundle", () => {
    const written = userData(filesOf(ORDER));
    expect(written).toMatchObject({ hostname: "till-1", ssh_pwauth: false, timezone: "Asia/Shanghai" });
    // cloud-init refuses empty lists.
    expect([written["users"], written["write_files"]]).toEqual([undefined, undefined]);
    expect(written["runcmd"]).toEqual([
      ["sh", "/boot/firmware/yikatong/install/install.sh", "--bundle", "/boot/firmware/yikatong/yikatong-0.1.0-linux-arm64.bundle"],
    ]);
  });

  it("of a whole order says all of it", () => {
    const files = filesOf(WHOLE);
    expect(userData(files)["runcmd"]).toEqual([expect.arrayContaining(["--time-server", "ntp.example", "--device", "printer=1-1.3", "--read-only-root"])]);
    expect(JSON.parse(files["network-config"])).toMatchObject({
      ethernets: { eth0: { dhcp4: false, routes: [{ via: "192.0.2.1" }] } },
      wifis: { wlan0: { "access-points": { shop: { password: "not-a-secret" } } } },
    });
    expect(checkSeed(files)).toEqual([]);
  });

  it("carries the claim file, readable for root alone", () => {
    const claim = { v: 1, claim: "c1", brokerUrl: "mqtt://127.0.0.1:1883", ticket: "0".repeat(32), authority: "a".repeat(128) };
    const [file] = userData(filesOf({ ...ORDER, claim }))["write_files"] as readonly Record<string, string>[];
    expect(file).toMatchObject({ path: "/etc/yikatong/claim.json", permissions: "0600" });
    expect(JSON.parse(Buffer.from(file?.["content"] ?? "", "base64").toString("utf8"))).toEqual(claim);
  });

  it("carries the keys of releases before the claim file, so that the first bundle is held against them", () => {
    const releaseKeys = { maker: "ab".repeat(64), second: "CD".repeat(64) };
    const [file] = userData(filesOf({ ...ORDER, releaseKeys }))["write_files"] as readonly Record<string, string>[];
    expect(file).toMatchObject({ path: "/etc/yikatong/release-keys", permissions: "0644" });
    expect(Buffer.from(file?.["content"] ?? "", "base64").toString("utf8")).toBe(`maker = ${"ab".repeat(64)}\nsecond = ${"CD".repeat(64)}\n`);
  });

  it.each<[string, object, string]>([
    ["a key of releases that is none", { releaseKeys: { maker: "ab" } }, "releaseKeys.maker"],
    ["no key of releases", { releaseKeys: {} }, "releaseKeys"],
    ["an unknown member", { runcmdd: [] }, "runcmdd"],
    ["a wrong type", { readOnlyRoot: "yes" }, "readOnlyRoot"],
    ["a name that is none", { hostname: "Till 1" }, "hostname"],
    ["a bundle elsewhere", { bundle: "../x.bundle" }, "bundle"],
    ["a folder with a space", { folder: "/boot; reboot" }, "folder"],
    ["a time server with an option", { timeServer: "--dry-run x" }, "timeServer"],
    ["a device that is no port", { devices: { printer: "ttyUSB0" } }, "devices.printer"],
    ["a role that nobody knows", { devices: { kettle: "1-1" } }, "devices"],
    ["half of an address", { ethernet: { address: "192.0.2.7" } }, "ethernet"],
    ["a short password of a network", { wifi: { ssid: "shop", password: "short", country: "CN" } }, "wifi.password"],
    ["a key that is none", { repair: { user: "repair", keys: ["hello"] } }, "repair.keys.0"],
    ["a claim file that is none", { claim: { v: 1 } }, "claim"],
  ])("is refused: %s", (_name, change, member) => {
    const seed = seedOf({ ...WHOLE, ...change });
    expect(seed.ok ? [] : seed.problems).toContainEqual(expect.stringContaining(member));
    expect(JSON.stringify(seed)).not.toContain("not-a-secret");
  });

  it.each<[string, SeedFiles | Partial<SeedFiles>, string]>([
    ["a key that cloud-init would pass over", changed("user-data", { runcmdd: [] }), "user-data"],
    ["a wrong type", changed("user-data", { runcmd: "reboot" }), "user-data: runcmd"],
    ["passwords over the network", changed("user-data", { ssh_pwauth: true }), "user-data: ssh_pwauth"],
    ["an upgrade in the field", changed("user-data", { package_upgrade: true }), "user-data: package_upgrade"],
    ["an unknown key of the network", changed("network-config", { bonds: {} }), "network-config"],
    ["no instance", changed("meta-data", { "instance-id": "" }), "meta-data: instance-id"],
    ["no head", { ...filesOf(WHOLE), "user-data": "{}" }, "user-data: its first line"],
    ["a missing file", { "user-data": filesOf(WHOLE)["user-data"] }, "meta-data: it is missing"],
    ["text that is no seed", { ...filesOf(WHOLE), "meta-data": "a: b" }, "meta-data: it is not"],
  ])("is found to be wrong when it is checked: %s", (_name, files, problem) => expect(checkSeed(files)).toContainEqual(expect.stringContaining(problem)));

  it("never throws, whatever is asked for", () => {
    fc.assert(fc.property(fc.anything(), (asked) => typeof seedOf(asked).ok === "boolean"));
    fc.assert(fc.property(fc.string(), (text) => checkSeed({ "user-data": text, "meta-data": text, "network-config": text }).length > 0));
  });
});
