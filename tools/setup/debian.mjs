/*
 * Goal: have Debian packages where a command wants them and the machine allows it, and leave no service of theirs behind.
 * Method: ask dpkg first; install only as root with apt; a temporary policy-rc.d keeps services from starting, and what a package
 * has enabled is disabled again. Where rights are missing the caller gets the reason in one line and decides.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

const POLICY_FILE = "/usr/sbin/policy-rc.d";
const INSTALL_TIMEOUT_MS = 600_000;

/** Units that a package starts or enables by itself; they are switched off after an installation of ours. */
const UNITS_OF = new Map([
  ["mosquitto", ["mosquitto.service"]],
  ["pcscd", ["pcscd.socket", "pcscd.service"]],
]);

let updated = false;

function quietly(program, args) {
  return spawnSync(program, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", timeout: INSTALL_TIMEOUT_MS });
}

/** True when the program is found in PATH. */
export function hasProgram(name) {
  return quietly("sh", ["-c", `command -v ${name}`]).status === 0;
}

/** The packages of the list that dpkg does not know as installed. */
export function missingPackages(names) {
  if (names.length === 0) return [];
  const answer = quietly("dpkg-query", ["-W", "-f=${Package} ${db:Status-Status}\n", ...names]);
  const installed = new Set(
    (answer.stdout ?? "")
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Why packages cannot be installed here, or undefined when they can. */
function obstacle() {
  if (process.getuid?.() !== 0) return "not root";
  if (!hasProgram("apt-get")) return "no apt-get on this system";
  return undefined;
}

function silenceUnits(packages) {
  for (const name of packages) {
    for (const unit of UNITS_OF.get(name) ?? []) {
      if (existsSync("/run/systemd/system")) quietly("systemctl", ["stop", unit]);
      if (hasProgram("systemctl")) quietly("systemctl", ["disable", unit]);
      else if (hasProgram("deb-systemd-helper")) quietly("deb-systemd-helper", ["disable", unit]);
    }
    if (existsSync(`/etc/init.d/${name}`)) quietly("update-rc.d", [name, "disable"]);
  }
}

function aptInstall(packages) {
  const lock = "-oDPkg::Lock::Timeout=300";
  if (!updated) {
    quietly("apt-get", [lock, "update"]);
    updated = true;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", timeout: INSTALL_TIMEOUT_MS, env: environment };
  return spawnSync("apt-get", [lock, "install", "-y", "--no-install-recommends", ...packages], options);
}

/**
 * Makes the packages present. Returns undefined on success, else the reason in one line. `say` receives progress.
 */
export function ensurePackages(names, say) {
  const missing = missingPackages(names);
  if (missing.length === 0) return undefined;
  const why = obstacle();
  if (why !== undefined) return `missing Debian packages ${missing.join(", ")} (${why})`;
  say(`installing Debian packages: ${missing.join(" ")}`);
  const ownPolicy = !existsSync(POLICY_FILE);
  if (ownPolicy) writeFileSync(POLICY_FILE, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const outcome = aptInstall(missing);
    if (outcome.status !== 0) {
      const lines = `${outcome.stderr ?? ""}`.trim().split("\n");
      return `cannot install ${missing.join(", ")}: ${lines.at(-1) || "apt-get failed"}`;
    }
    silenceUnits(missing);
    return undefined;
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE, { force: true });
  }
}
