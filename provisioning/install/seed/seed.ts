/*
 * Goal: a blank card of a Raspberry Pi, or a blank cloud machine, becomes a terminal at its first start, and a slip of the pen is found at the desk.
 * Method: an order in our own words, every member of it checked, gives the three files that cloud-init reads. They are written as JSON, which is YAML,
 * so that they can be checked again with the same strictness: cloud-init itself passes over a key that it does not know.
 */
import * as z from "zod";
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import { parseClaimFile } from "../../claim/claim-file.ts";

const hostname = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const publicKey = z.string().regex(/^(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) [A-Za-z0-9+/=]+(?: [^\n"]{0,80})?$/);
const serverName = z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/);
const port = z.string().regex(/^\d{1,3}-\d{1,3}(?:\.\d{1,3}){0,6}$/);
const DEVICE_ROLES = ["scanner", "printer", "display", "pad", "keypad", "gate"] as const;

const ethernet = z.union([
  z.strictObject({ dhcp: z.literal(true) }),
  z.strictObject({ address: z.cidrv4(), gateway: z.ipv4(), nameServers: z.array(z.ipv4()).min(1).max(3) }),
]);

/** What is decided at the desk. */
const order = z.strictObject({
  v: z.literal(1),
  hostname,
  timezone: z
    .string()
    .regex(/^[A-Za-z_]+(?:\/[A-Za-z_+-]+){0,2}$/)
    .default("Asia/Shanghai"),
  /** Time server of this place; left out: as the system has it. */
  timeServer: serverName.exactOptional(),
  ethernet: ethernet.default({ dhcp: true }),
  wifi: z.strictObject({ ssid: z.string().min(1).max(32), password: z.string().min(8).max(63), country: z.string().regex(/^[A-Z]{2}$/) }).exactOptional(),
  /** Who may come in for repairs, by key alone; left out: nobody. */
  repair: z.strictObject({ user: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/), keys: z.array(publicKey).min(1).max(8) }).exactOptional(),
  /** The claim file, as the place that claims terminals has issued it. */
  claim: z.record(z.string(), z.json()).exactOptional(),
  /** Who may sign releases, the first one too: names with their public points; left out: as a file beside the bundle says. */
  releaseKeys: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), z.string().regex(/^[0-9A-Fa-f]{128}$/))
    .refine((keys) => Object.keys(keys).length > 0, "at least one key")
    .exactOptional(),
  /** Folder in which the installer and the bundle lie on the machine. */
  folder: z
    .string()
    .regex(/^\/[A-Za-z0-9._/-]{1,200}$/)
    .default("/boot/firmware/yikatong"),
  bundle: z.string().regex(/^[A-Za-z0-9._+-]{1,120}\.bundle$/),
  devices: z.partialRecord(z.enum(DEVICE_ROLES), port).default({}),
  readOnlyRoot: z.boolean().default(false),
});

type SeedOrder = z.infer<typeof order>;

export type SeedFileName = "user-data" | "meta-data" | "network-config";
export type SeedFiles = Readonly<Record<SeedFileName, string>>;

/** What is wrong, for people: "member: why". A value is never quoted, because some are secrets. */
export type SeedProblem = string;

export type SeedResult = { readonly ok: true; readonly files: SeedFiles } | { readonly ok: false; readonly problems: readonly SeedProblem[] };

const HEAD = "#cloud-config\n";
const KEYS_PATH = "/etc/yikatong/release-keys";
const CLAIM_PATH = "/etc/yikatong/claim.json";

/** The three files of an order. Never throws. */
export function seedOf(asked: unknown): SeedResult {
  const parsed = order.safeParse(asked);
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error) };
  const claim = parsed.data.claim === undefined ? undefined : parseClaimFile(utf8(JSON.stringify(parsed.data.claim)));
  if (typeof claim === "string") return { ok: false, problems: [`claim: ${claim}`] };
  const files = {
    "user-data": `${HEAD}${json(userData(parsed.data))}`,
    "meta-data": json(metaData(parsed.data)),
    "network-config": json(networkConfig(parsed.data)),
  };
  const problems = checkSeed(files);
  return problems.length === 0 ? { ok: true, files } : { ok: false, problems };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function metaData({ hostname: name }: SeedOrder): z.infer<typeof metaDataFile> {
  // Another instance would be another first start.
  return { "instance-id": `yikatong-${name}`, "local-hostname": name };
}

function userData(asked: SeedOrder): z.infer<typeof userDataFile> {
  const { hostname: name, timezone, repair } = asked;
  const written = writtenFiles(asked);
  return {
    hostname: name,
    manage_etc_hosts: true,
    timezone,
    ssh_pwauth: false,
    disable_root: true,
    package_update: false,
    package_upgrade: false,
    // An empty list is no list for cloud-init. Without one it makes a user of its own, whom no password and no key lets in.
    ...(repair === undefined
      ? {}
      : {
          users: [
            {
              name: repair.user,
              groups: ["sudo"],
              shell: "/bin/bash",
              lock_passwd: true as const,
              sudo: "ALL=(ALL) NOPASSWD:ALL",
              ssh_authorized_keys: [...repair.keys],
            },
          ],
        }),
    ...(written.length === 0 ? {} : { write_files: written }),
    runcmd: [installCommand(asked)],
  };
}

/** Written before anything is installed: the installer holds the bundle against these keys. */
function writtenFiles({ claim, releaseKeys }: SeedOrder): NonNullable<z.infer<typeof userDataFile>["write_files"]> {
  const file = (path: string, permissions: string, content: string) => {
    return { path, owner: "root:root", permissions, encoding: "b64" as const, content: base64(content) };
  };
  const keys = Object.entries(releaseKeys ?? {}).map(([name, point]) => `${name} = ${point}\n`);
  return [...(keys.length === 0 ? [] : [file(KEYS_PATH, "0644", keys.join(""))]), ...(claim === undefined ? [] : [file(CLAIM_PATH, "0600", json(claim))])];
}

function installCommand({ folder, bundle, timeServer, devices, readOnlyRoot }: SeedOrder): string[] {
  return [
    ...["sh", `${folder}/install/install.sh`, "--bundle", `${folder}/${bundle}`],
    ...(timeServer === undefined ? [] : ["--time-server", timeServer]),
    ...Object.entries(devices).flatMap(([role, at]) => ["--device", `${role}=${at}`]),
    ...(readOnlyRoot ? ["--read-only-root"] : []),
  ];
}

function networkConfig({ ethernet: wired, wifi }: SeedOrder): z.infer<typeof networkFile> {
  const eth0 =
    "dhcp" in wired
      ? { dhcp4: true, optional: true }
      : {
          dhcp4: false,
          optional: true,
          addresses: [wired.address],
          routes: [{ to: "0.0.0.0/0", via: wired.gateway }],
          nameservers: { addresses: wired.nameServers },
        };
  const radio = wifi && {
    wlan0: { dhcp4: true, optional: true, "regulatory-domain": wifi.country, "access-points": { [wifi.ssid]: { password: wifi.password } } },
  };
  return { version: 2, ethernets: { eth0 }, ...(radio === undefined ? {} : { wifis: radio }) };
}

const wired = z.strictObject({
  dhcp4: z.boolean(),
  optional: z.boolean(),
  addresses: z.array(z.cidrv4()).exactOptional(),
  routes: z.array(z.strictObject({ to: z.string(), via: z.ipv4() })).exactOptional(),
  nameservers: z.strictObject({ addresses: z.array(z.ipv4()) }).exactOptional(),
});

const networkFile = z.strictObject({
  version: z.literal(2),
  ethernets: z.strictObject({ eth0: wired }),
  wifis: z
    .strictObject({
      wlan0: z.strictObject({
        dhcp4: z.boolean(),
        optional: z.boolean(),
        "regulatory-domain": z.string(),
        "access-points": z.record(z.string(), z.strictObject({ password: z.string() })),
      }),
    })
    .exactOptional(),
});

const metaDataFile = z.strictObject({ "instance-id": z.string().min(1), "local-hostname": hostname });

const userDataFile = z.strictObject({
  hostname,
  manage_etc_hosts: z.boolean(),
  timezone: z.string(),
  ssh_pwauth: z.literal(false),
  disable_root: z.literal(true),
  // A terminal in the field is updated by its releases alone.
  package_update: z.literal(false),
  package_upgrade: z.literal(false),
  users: z
    .array(
      z.strictObject({
        name: z.string(),
        groups: z.array(z.string()),
        shell: z.string(),
        lock_passwd: z.literal(true),
        sudo: z.string(),
        ssh_authorized_keys: z.array(publicKey),
      }),
    )
    .min(1)
    .exactOptional(),
  write_files: z
    .array(
      z.strictObject({
        path: z.string().startsWith("/"),
        owner: z.string(),
        permissions: z.string().regex(/^0[0-7]{3}$/),
        encoding: z.literal("b64"),
        content: z.base64(),
      }),
    )
    .min(1)
    .exactOptional(),
  runcmd: z.array(z.array(z.string()).min(1)),
});

const FILES = { "user-data": userDataFile, "meta-data": metaDataFile, "network-config": networkFile } as const;

/** What is wrong with the files of a seed: an unknown key, a wrong type, text that is not ours. Never throws. */
export function checkSeed(files: Readonly<Partial<Record<SeedFileName, string>>>): readonly SeedProblem[] {
  return (Object.keys(FILES) as SeedFileName[]).flatMap((name) => checkFile(name, files[name]));
}

function checkFile(name: SeedFileName, text: string | undefined): readonly SeedProblem[] {
  if (text === undefined) return [`${name}: it is missing`];
  const isHeaded = text.startsWith(HEAD);
  // Without this line cloud-init takes the file for something else, and does nothing.
  if (name === "user-data" && !isHeaded) return [`${name}: its first line is not ${HEAD.trim()}`];
  let value: unknown;
  try {
    value = JSON.parse(isHeaded ? text.slice(HEAD.length) : text);
  } catch {
    return [`${name}: it is not in the form in which seeds are written here`];
  }
  const parsed = FILES[name].safeParse(value);
  return parsed.success ? [] : problemsOf(parsed.error).map((problem) => `${name}: ${problem}`);
}

function problemsOf({ issues }: z.ZodError): readonly SeedProblem[] {
  return issues.map(({ path, message }) => `${path.map(String).join(".") || "order"}: ${message}`);
}

function base64(text: string): string {
  return Buffer.from(toHex(utf8(text)), "hex").toString("base64");
}
