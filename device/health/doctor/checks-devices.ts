/* Readers, pads and what else hangs on the machine. */
import type { RuntimeStatus } from "../runtime-status.ts";
import { type Check, when } from "./check.ts";
import { told } from "./checks-service.ts";

type Device = RuntimeStatus["devices"][number];

/** A device of one of these roles that is in this state. */
function device(state: Device["state"], has: (role: string) => boolean): Check["sees"] {
  return told(({ devices }) => {
    const found = devices.filter((one) => one.state === state && has(one.role)).map(({ role, code }) => (code === undefined ? role : `${role} (${code})`));
    return found.length === 0 ? undefined : found.join(", ");
  });
}

const READERS = new Set(["user", "sam"]);
const UNDER_VOLTAGE = 0x1;
const UNDER_VOLTAGE_SEEN = 0x1_0000;
const SLOWED = 0x4;
const PLUG = { zh: "检查线缆与供电，运行 yikatong devices", en: "look at cable and power, run yikatong devices" };
const READER_SERVICE = { zh: "systemctl enable --now pcscd.socket", en: "systemctl enable --now pcscd.socket" };
const INSTALL = { zh: "重新运行安装脚本", en: "run the install script again" };

export const DEVICE_CHECKS: readonly Check[] = [
  {
    id: "reader-absent",
    severity: "fault",
    says: { zh: "读卡器未连接", en: "the card reader is not connected" },
    remedy: PLUG,
    sees: device("absent", (role) => role === "user"),
  },
  {
    id: "module-absent",
    severity: "fault",
    says: { zh: "安全模块（PSAM）未插入", en: "the security module (PSAM) is not there" },
    remedy: { zh: "断电后重新插入 PSAM 卡，运行 yikatong devices readers", en: "put the PSAM in again with the power off, run yikatong devices" },
    sees: device("absent", (role) => role === "sam"),
  },
  {
    id: "reader-failed",
    severity: "fault",
    says: { zh: "读卡器或安全模块故障", en: "a card reader or the security module fails" },
    remedy: { zh: "重新插拔；仍失败则更换", en: "plug it in again; replace it where that does not help" },
    sees: device("failed", (role) => READERS.has(role)),
  },
  {
    id: "device-absent",
    severity: "fault",
    says: { zh: "外部设备未连接", en: "a device is not connected" },
    remedy: PLUG,
    sees: device("absent", (role) => !READERS.has(role)),
  },
  {
    id: "device-failed",
    severity: "fault",
    says: { zh: "外部设备故障", en: "a device fails" },
    remedy: { zh: "重新插拔；运行 yikatong devices try", en: "plug it in again; run yikatong devices try" },
    sees: device("failed", (role) => !READERS.has(role)),
  },
  {
    id: "reader-service-off",
    severity: "fault",
    says: { zh: "读卡服务 pcscd 没有启用", en: "the reader service pcscd is not enabled" },
    remedy: READER_SERVICE,
    sees: ({ readerService }) => when(readerService.state === "inactive" || readerService.state === "failed"),
  },
  {
    id: "reader-rule-absent",
    severity: "fault",
    says: { zh: "缺少允许本服务使用读卡器的 polkit 规则", en: "the polkit rule that lets the service use readers is missing" },
    remedy: INSTALL,
    sees: ({ readerService }) => when(readerService.needsRule && !readerService.rule),
  },
  {
    id: "device-rules-absent",
    severity: "warning",
    says: { zh: "缺少设备命名规则（udev）", en: "the device rules (udev) are missing" },
    remedy: INSTALL,
    sees: ({ release, deviceRules }) => when(release.current !== "absent" && !deviceRules),
  },
  {
    id: "port-absent",
    severity: "fault",
    says: { zh: "配置的串口或设备节点不存在", en: "a configured port is not there" },
    remedy: PLUG,
    sees: ({ ports }) => listed(ports.filter(({ is }) => is === "absent")),
  },
  {
    id: "port-denied",
    severity: "fault",
    says: { zh: "服务用户无权使用配置的设备节点", en: "the service's user may not use a configured port" },
    remedy: { zh: "把用户 yikatong 加入节点所属的组，或重新运行安装脚本", en: "put the user yikatong into the node's group, or run the install script again" },
    sees: ({ ports }) => listed(ports.filter(({ is }) => is === "denied")),
  },
  {
    id: "modem-manager-on",
    severity: "warning",
    says: { zh: "ModemManager 会抢占串口", en: "ModemManager takes serial ports for itself" },
    remedy: { zh: "systemctl disable --now ModemManager", en: "systemctl disable --now ModemManager" },
    sees: ({ modemManager, ports }) => when(modemManager === "active" && ports.length > 0),
  },
  {
    id: "under-voltage",
    severity: "fault",
    says: { zh: "供电电压不足", en: "the supply voltage is too low" },
    remedy: { zh: "更换电源与电源线", en: "replace power supply and cable" },
    sees: ({ throttled }) => when(throttled !== undefined && (throttled & UNDER_VOLTAGE) !== 0),
  },
  {
    id: "under-voltage-seen",
    severity: "warning",
    says: { zh: "开机以来出现过电压不足", en: "the supply voltage was too low since the start" },
    remedy: { zh: "更换电源与电源线", en: "replace power supply and cable" },
    sees: ({ throttled }) => when(throttled !== undefined && (throttled & UNDER_VOLTAGE) === 0 && (throttled & UNDER_VOLTAGE_SEEN) !== 0),
  },
  {
    id: "slowed-down",
    severity: "warning",
    says: { zh: "处理器已降频", en: "the processor is slowed down" },
    remedy: { zh: "检查散热与供电", en: "look at cooling and power" },
    sees: ({ throttled }) => when(throttled !== undefined && (throttled & SLOWED) !== 0),
  },
];

function listed(ports: readonly { readonly role: string; readonly path: string }[]): string | undefined {
  return ports.length === 0 ? undefined : ports.map(({ role, path }) => `${role}: ${path}`).join(", ");
}
