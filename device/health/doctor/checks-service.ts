/* The service, its releases, and the time. */
import { type Check, when } from "./check.ts";
import type { Facts, StatusFact } from "./facts.ts";

const STALE_MS = 15_000;
const LATE_MS = 1_000;
const JOURNAL_SILENT_MS = 60_000;
const HELD_TOO_LONG_MS = 600_000;
const RESTARTS_TOO_MANY = 3;
const SERVES_FOR_LONG_MS = 600_000;
const TRIAL_TOO_LONG_MS = 86_400_000;
const MINUTE_MS = 60_000;

type Told = Extract<StatusFact, { readonly is: "told" }>;

/** Looks at what the service says, as long as it says it. */
export function told(sees: (status: Told["status"], facts: Facts) => string | undefined): (facts: Facts) => string | undefined {
  return (facts) => (facts.status.is === "told" && facts.status.ageMs <= STALE_MS ? sees(facts.status.status, facts) : undefined);
}

/** The manager counts restarts until somebody starts the service by hand; those of long ago are over. */
function servesForLong({ service, status }: Facts): boolean {
  return service.state === "active" && status.is === "told" && status.status.uptimeMs - status.status.readyAtMs > SERVES_FOR_LONG_MS;
}

const START = { zh: "systemctl start yikatong；原因见 journalctl -u yikatong", en: "systemctl start yikatong; the reason is in journalctl -u yikatong" };
const INSTALL = { zh: "重新运行安装脚本", en: "run the install script again" };
const SET_TIME = { zh: "检查网络与时间服务器：timedatectl timesync-status", en: "look at the network and the time server: timedatectl timesync-status" };

export const SERVICE_CHECKS: readonly Check[] = [
  {
    id: "service-not-running",
    severity: "fault",
    says: { zh: "终端服务没有运行", en: "the terminal's service is not running" },
    remedy: START,
    sees: ({ service }) => when(service.state === "inactive" || service.state === "failed", service.state),
  },
  {
    id: "service-restarting",
    severity: "fault",
    says: { zh: "终端服务反复重启", en: "the terminal's service starts again and again" },
    remedy: { zh: "查看 journalctl -u yikatong 中最后的错误", en: "see the last error in journalctl -u yikatong" },
    sees: (facts) => when(facts.service.restarts >= RESTARTS_TOO_MANY && !servesForLong(facts), String(facts.service.restarts)),
  },
  {
    id: "service-silent",
    severity: "fault",
    says: { zh: "终端服务在运行，但不再报告状态", en: "the terminal's service runs and no longer says how it is" },
    remedy: {
      zh: "systemctl restart yikatong；看门狗应已处理，请收集支持包",
      en: "systemctl restart yikatong; the watchdog should have done it, so make a support bundle",
    },
    sees: ({ service, status }) => when(service.state === "active" && status.is === "told" && status.ageMs > STALE_MS),
  },
  {
    id: "status-absent",
    severity: "fault",
    says: { zh: "终端服务在运行，但没有状态文件", en: "the terminal's service runs without a status file" },
    remedy: INSTALL,
    sees: ({ service, status }) => when(service.state === "active" && status.is === "absent"),
  },
  {
    id: "status-malformed",
    severity: "warning",
    says: { zh: "状态文件无法解析", en: "the status file cannot be understood" },
    remedy: { zh: "服务与本命令的版本不同？请重启服务", en: "is the service of another version than this command? restart it" },
    sees: ({ status }) => when(status.is === "malformed"),
  },
  {
    id: "loop-late",
    severity: "warning",
    says: { zh: "终端服务响应迟缓", en: "the terminal's service is slow to react" },
    remedy: { zh: "检查负载、温度与电源", en: "look at load, temperature and power" },
    sees: told(({ loopLateMs }) => when(loopLateMs > LATE_MS, `${Math.round(loopLateMs)} ms`)),
  },
  {
    id: "journal-silent",
    severity: "fault",
    says: { zh: "流水账长时间没有写入成功", en: "the journal has not been written for long" },
    remedy: { zh: "检查存储卡：dmesg；尽快更换并移机", en: "look at the storage card: dmesg; replace it soon and move the terminal" },
    sees: told(({ journalSilentMs }) => when(journalSilentMs > JOURNAL_SILENT_MS, `${Math.round(journalSilentMs / 1000)} s`)),
  },
  {
    id: "hold-forgotten",
    severity: "warning",
    says: { zh: "终端被暂停营业，且已超过十分钟", en: "the terminal has been on hold for more than ten minutes" },
    remedy: { zh: "没有维护在进行时，删除 /run/yikatong/hold", en: "where nobody is at work, remove /run/yikatong/hold" },
    sees: ({ holdAgeMs }) => when(holdAgeMs !== undefined && holdAgeMs > HELD_TOO_LONG_MS, `${Math.round((holdAgeMs ?? 0) / MINUTE_MS)} min`),
  },
  {
    id: "watchdog-off",
    severity: "warning",
    says: { zh: "看门狗未启用", en: "the watchdog is off" },
    remedy: INSTALL,
    sees: ({ service }) => when(service.state === "active" && !service.watchdog),
  },
  {
    id: "core-dumps-on",
    severity: "warning",
    says: { zh: "服务崩溃时会写出内存，其中可能有密钥", en: "a crash would write memory to disk, and keys with it" },
    remedy: INSTALL,
    sees: ({ service }) => when(service.state === "active" && service.coreDumps),
  },
  {
    id: "release-link-broken",
    severity: "fault",
    says: { zh: "当前版本的链接失效", en: "the link to the current release leads nowhere" },
    remedy: { zh: "运行 yikatong update status；必要时重新安装", en: "run yikatong update status; install again where needed" },
    sees: ({ release }) => when(release.current === "broken"),
  },
  {
    id: "release-returned",
    severity: "warning",
    says: { zh: "上次升级失败，已退回旧版本", en: "the last update failed, the release before it came back" },
    remedy: { zh: "把支持包交给厂商，不要再次安装同一版本", en: "give a support bundle to the maker, do not apply the same release again" },
    sees: ({ release }) => release.returned,
  },
  {
    id: "release-trial-long",
    severity: "warning",
    says: { zh: "新版本试运行超过一天仍未确认", en: "a new release has been on trial for more than a day" },
    remedy: { zh: "运行 yikatong update status 查看缺什么", en: "yikatong update status says what is missing" },
    sees: ({ release }) => when(release.trialAgeMs !== undefined && release.trialAgeMs > TRIAL_TOO_LONG_MS),
  },
  {
    id: "release-keys-absent",
    severity: "warning",
    says: { zh: "没有可用的版本签名公钥，无法升级", en: "no key for signed releases is here: no update will be taken" },
    remedy: INSTALL,
    sees: ({ release }) => when(release.current === "good" && release.keys === "absent"),
  },
  {
    id: "release-keys-malformed",
    severity: "fault",
    says: { zh: "版本签名公钥文件无法解析", en: "the file with the keys of releases cannot be understood" },
    remedy: INSTALL,
    sees: ({ release }) => when(release.keys === "malformed"),
  },
  {
    id: "clock-before-release",
    severity: "fault",
    says: { zh: "本机时间早于软件的制作时间", en: "this machine's time is before its own software was made" },
    remedy: SET_TIME,
    sees: ({ nowMs, release }) => when(release.builtMs !== undefined && nowMs < release.builtMs),
  },
  {
    id: "clock-untrusted",
    severity: "warning",
    says: { zh: "时间不可信：限制脱机交易", en: "the time is not trusted: offline sales are limited" },
    remedy: { zh: "连接结算主机即可恢复", en: "it recovers as soon as the settlement host is reached" },
    sees: told(({ clock }) => when(clock === "untrusted")),
  },
  {
    id: "time-service-off",
    severity: "warning",
    says: { zh: "对时服务没有运行", en: "the time service is not running" },
    remedy: { zh: "systemctl enable --now systemd-timesyncd", en: "systemctl enable --now systemd-timesyncd" },
    sees: ({ timeService }) => when(timeService === "inactive" || timeService === "failed"),
  },
  {
    id: "automatic-upgrades-on",
    severity: "warning",
    says: { zh: "系统会自行升级，可能中断营业", en: "the system upgrades itself and may interrupt the trade" },
    remedy: { zh: "systemctl disable --now unattended-upgrades", en: "systemctl disable --now unattended-upgrades" },
    sees: ({ automaticUpgrades }) => when(automaticUpgrades === "active"),
  },
];
