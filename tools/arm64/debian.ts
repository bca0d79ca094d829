/*
 * Goal: arm64 libraries of Debian for the emulated process, without a trace on this machine.
 * Method: apt with a configuration, sources and package status of its own downloads; dpkg-deb only unpacks. The machine's dpkg learns
 * nothing of a second architecture.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ended, runProgram } from "../processes.ts";

/** What Node and the three addons need at run time, and the headers for the cross build. */
export const LIBRARIES = ["libc6", "libgcc-s1", "libstdc++6", "libatomic1", "libpcsclite1", "libpcsclite-dev", "libudev1", "libusb-1.0-0"] as const;
/** Only these are taken over: whatever else a package holds (settings, programs) must not cover the machine's own. */
const KEPT = ["lib", "usr/lib", "usr/include/PCSC"] as const;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const FALLBACK_SUITE = "bookworm";
const APT_LIMIT_MS = 180_000;

/** The Debian release of this machine, so that both sides of the PC/SC service come from one; another system gets a fixed one. */
export function debianSuite(osRelease: string): string {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1];
  return field("ID") === "debian" ? (field("VERSION_CODENAME") ?? FALLBACK_SUITE) : FALLBACK_SUITE;
}

function sources(suite: string): string {
  const line = (where: string, name: string) => `deb [signed-by=${KEYRING}] http://deb.debian.org/${where} ${name} main`;
  return [line("debian", suite), line("debian", `${suite}-updates`), line("debian-security", `${suite}-security`), ""].join("\n");
}

/** The machine's way to the network (a proxy, a certificate) also holds for us; nothing else of its settings does. */
async function networkSettings(): Promise<string> {
  const { stdout } = await runProgram("apt-config", ["dump", "--no-empty"], { limitMs: APT_LIMIT_MS });
  return stdout
    .split("\n")
    .filter((line) => /^Acquire::(?:https?|ftp)::/.test(line))
    .join("\n");
}

async function writeSettings(home: string): Promise<string> {
  for (const folder of ["state/lists/partial", "cache/archives/partial", "none", "packages"]) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, "status"), "");
  const osRelease = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  writeFileSync(join(home, "sources.list"), sources(debianSuite(osRelease)));
  const path = join(home, "apt.conf");
  const lines = [
    'APT::Architecture "arm64"; APT::Architectures { "arm64"; };',
    `Dir::State "${home}/state"; Dir::State::status "${home}/status"; Dir::Cache "${home}/cache";`,
    `Dir::Etc::SourceList "${home}/sources.list"; Dir::Etc::SourceParts "${home}/none"; Dir::Etc::Parts "${home}/none";`,
    `Dir::Etc::Preferences "${home}/none/preferences"; Dir::Etc::PreferencesParts "${home}/none"; Dir::Etc::Main "${home}/none/apt.conf";`,
    'APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "2"; APT::Update::Error-Mode "any";',
    await networkSettings(),
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function problem(what: string, ended: Ended): string {
  const line = ended.stderr.split("\n").find((text) => /^[EW]:/.test(text));
  return `${what}: ${ended.timedOut ? "took too long" : (line ?? `exit code ${ended.code ?? "none"}`)}`;
}

async function download(home: string): Promise<string | undefined> {
  const settings = await writeSettings(home);
  const update = await runProgram("apt-get", ["-q", "update"], { limitMs: APT_LIMIT_MS, environment: { APT_CONFIG: settings } });
  if (update.code !== 0) return problem("the lists of arm64 packages cannot be fetched", update);
  // apt-get downloads into the folder it is started in.
  const script = 'cd "$1" && shift && exec apt-get -q download "$@"';
  const got = await runProgram("sh", ["-c", script, "sh", join(home, "packages"), ...LIBRARIES], {
    limitMs: APT_LIMIT_MS,
    environment: { APT_CONFIG: settings },
  });
  return got.code === 0 ? undefined : problem("the arm64 libraries cannot be fetched", got);
}

async function unpack(home: string, overlay: string): Promise<string | undefined> {
  const all = join(home, "unpacked");
  for (const name of readdirSync(join(home, "packages")).sort()) {
    const ended = await runProgram("dpkg-deb", ["-x", join(home, "packages", name), all], { limitMs: APT_LIMIT_MS });
    if (ended.code !== 0) return problem(`${name} cannot be unpacked`, ended);
  }
  for (const path of KEPT) {
    if (existsSync(join(all, path))) cpSync(join(all, path), join(overlay, path), { recursive: true, verbatimSymlinks: true });
  }
  // Since Debian 13 packages hold nothing in /lib, and the loader of every program is still looked for there.
  if (!existsSync(join(overlay, "lib"))) symlinkSync("usr/lib", join(overlay, "lib"));
  return undefined;
}

/** Puts the libraries below `overlay`. Says in one line why it cannot, or undefined. */
export async function fetchLibraries(work: string, overlay: string): Promise<string | undefined> {
  const home = join(work, "debian");
  for (const folder of [home, overlay]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const failed = (await download(home)) ?? (await unpack(home, overlay));
  rmSync(home, { recursive: true, force: true });
  return failed;
}
