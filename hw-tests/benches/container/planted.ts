/* Faults that a test plants in a running machine, as a field would; each group can be mended, and names what the doctor has to find. */
import type { FarHost } from "./far-host.ts";
import type { FieldDesk } from "./field.ts";
import type { Machine } from "./machine.ts";
import type { FieldNetwork } from "./network.ts";

export interface Planted {
  readonly finds: readonly [string, ...string[]];
  /** The doctor that is asked where the usual one is part of what is broken. */
  readonly program?: string;
  plant(machine: Machine): unknown;
  mend(machine: Machine): unknown;
}

const STATE = "/var/lib/yikatong";

function script(...lines: readonly string[]): (machine: Machine) => Promise<unknown> {
  return (machine) => machine.must("sh", "-ec", lines.join("\n"));
}

/** The service goes on meanwhile. */
const files: Planted = {
  finds: [
    "keys-open-to-others",
    "certificate-absent",
    "claim-waiting",
    "hold-forgotten",
    "core-dumps-on",
    "release-keys-absent",
    "device-rules-absent",
    "disk-nearly-full",
    "journal-not-writable",
  ],
  plant: script(
    `chmod 644 ${STATE}/config/terminal.keys`,
    `mv ${STATE}/identity/link.pem ${STATE}/identity/link.aside`,
    "echo '{}' > /etc/yikatong/claim.json",
    "touch -d '11 minutes ago' /run/yikatong/hold",
    "mkdir -p /run/systemd/system/yikatong.service.d",
    "printf '[Service]\\nLimitCORE=infinity\\n' > /run/systemd/system/yikatong.service.d/core.conf",
    "systemctl daemon-reload",
    "mv /etc/yikatong/release-keys /var/tmp/",
    "mv /etc/udev/rules.d/60-yikatong.rules /var/tmp/",
    `fallocate -l $(( $(stat -f -c '%a * %S' ${STATE}) * 95 / 100 )) ${STATE}/ballast`,
    `chown root ${STATE}/journal/journal.sqlite`,
  ),
  mend: script(
    `chown yikatong ${STATE}/journal/journal.sqlite`,
    `rm ${STATE}/ballast /etc/yikatong/claim.json /run/yikatong/hold /run/systemd/system/yikatong.service.d/core.conf`,
    "mv /var/tmp/60-yikatong.rules /etc/udev/rules.d/",
    "mv /var/tmp/release-keys /etc/yikatong/",
    "systemctl daemon-reload",
    `mv ${STATE}/identity/link.aside ${STATE}/identity/link.pem`,
    `chmod 600 ${STATE}/config/terminal.keys`,
  ),
};

/** The service of the readers is off. */
const readers: Planted = {
  finds: ["reader-service-off", "reader-failed"],
  plant: script("systemctl stop pcscd.socket pcscd.service"),
  mend: script("systemctl start pcscd.socket"),
};

/** Somebody has taken the security module. */
function noModule(desk: FieldDesk): Planted {
  return {
    finds: ["module-absent"],
    plant: () => desk.simulator.request({ do: "remove", reader: "modules", slot: 1 }),
    mend: () => desk.simulator.request({ do: "insert", name: "psam", reader: "modules", slot: 1 }),
  };
}

/** The service was stopped, its key file is another's, and its release is not where the link leads. */
const brokenService: Planted = {
  finds: ["service-not-running", "keys-foreign-owner", "release-link-broken"],
  program: "/opt/yikatong/aside/bin/yikatong",
  plant: script("systemctl stop yikatong.service", `chown root ${STATE}/config/terminal.keys`, "mv /opt/yikatong/releases/0.1.0 /opt/yikatong/aside"),
  mend: script(
    "mv /opt/yikatong/aside /opt/yikatong/releases/0.1.0",
    `chown yikatong ${STATE}/config/terminal.keys`,
    "systemctl start --no-block yikatong.service",
  ),
};

export interface PlantedAround {
  readonly desk: FieldDesk;
  readonly network: FieldNetwork;
  readonly host: FarHost;
}

/** Faults that can be seen side by side, round after round. */
export function plantedRounds({ desk, network, host }: PlantedAround): readonly (readonly Planted[])[] {
  const noBroker: Planted = { finds: ["broker-refused"], plant: () => host.stopBroker(), mend: () => host.startBroker() };
  const noCable: Planted = { finds: ["broker-unreachable"], plant: () => network.pull(), mend: () => network.plugIn() };
  const noAddress: Planted = { finds: ["network-no-address"], plant: () => network.takeAddress(), mend: () => network.giveAddress() };
  return [[files, noModule(desk)], [readers, noBroker], [brokenService, noCable], [noAddress]];
}
