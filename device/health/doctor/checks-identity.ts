/* Who this terminal is: configuration, keys, certificate, claim. */
import { civilTime } from "../../codec/civil-time.ts";
import { type Check, when } from "./check.ts";
import type { Facts, KeyFileFact } from "./facts.ts";
import type { CertificateLook } from "./machine.ts";

const DAY_MS = 86_400_000;
const EXPIRING_DAYS = 14;

function key(is: KeyFileFact): (facts: Facts) => string | undefined {
  return ({ config, keyFile }) => when(config.is === "ready" && keyFile === is);
}

/** Looks at a certificate that could be read. */
function certificate(sees: (look: CertificateLook, facts: Facts) => string | undefined): (facts: Facts) => string | undefined {
  return (facts) => (typeof facts.certificate === "object" ? sees(facts.certificate, facts) : undefined);
}

const PROVISION = {
  zh: "重新领取或写入配置：yikatong claim，或 yikatong config set",
  en: "claim the terminal or set its configuration: yikatong claim, or yikatong config set",
};
const SET_ANEW = { zh: "用 yikatong config set 写入正确的配置", en: "write a right one with yikatong config set" };
const KEYS_ANEW = { zh: "重新下装密钥文件，属主 yikatong，权限 0600", en: "load the key file again, owned by yikatong, mode 0600" };
const CERTIFICATE_ANEW = { zh: "重新领取证书：yikatong claim", en: "get a new certificate: yikatong claim" };

export const IDENTITY_CHECKS: readonly Check[] = [
  {
    id: "config-absent",
    severity: "fault",
    says: { zh: "本机没有配置", en: "this machine has no configuration" },
    remedy: PROVISION,
    sees: ({ config }) => when(config.is === "absent"),
  },
  {
    id: "config-denied",
    severity: "fault",
    says: { zh: "配置无法读取", en: "the configuration cannot be read" },
    remedy: { zh: "以 root 运行，并检查配置目录的属主与权限", en: "run as root, and look at owner and mode of the configuration folder" },
    sees: ({ config }) => when(config.is === "denied"),
  },
  {
    id: "config-corrupt",
    severity: "fault",
    says: { zh: "两份配置都已损坏", en: "both copies of the configuration are damaged" },
    remedy: PROVISION,
    sees: ({ config }) => when(config.is === "corrupt"),
  },
  {
    id: "config-invalid",
    severity: "fault",
    says: { zh: "配置内容无效", en: "the configuration is not valid" },
    remedy: SET_ANEW,
    sees: ({ config }) => (config.is === "invalid" ? config.problem : undefined),
  },
  {
    id: "config-slot-damaged",
    severity: "warning",
    says: { zh: "一份配置已损坏，正在使用另一份", en: "one copy of the configuration is damaged, the other one is used" },
    remedy: { zh: "再次写入配置，并检查存储卡", en: "write the configuration once more, and look at the storage card" },
    sees: ({ config }) => (config.is === "ready" && config.damagedSlots.length > 0 ? config.damagedSlots.join(" ") : undefined),
  },
  { id: "keys-absent", severity: "fault", says: { zh: "没有终端密钥文件", en: "there is no key file" }, remedy: KEYS_ANEW, sees: key("absent") },
  {
    id: "keys-denied",
    severity: "fault",
    says: { zh: "终端密钥文件无法读取", en: "the key file cannot be read" },
    remedy: { zh: "以 root 运行，并检查属主与权限", en: "run as root, and look at its owner and mode" },
    sees: key("denied"),
  },
  {
    id: "keys-open-to-others",
    severity: "fault",
    says: { zh: "终端密钥文件可被其他用户读取", en: "others may read the key file" },
    remedy: { zh: "把权限改为 0600；密钥可能已泄露，请更换", en: "set its mode to 0600; the keys may be known, have them changed" },
    sees: key("open-to-others"),
  },
  {
    id: "keys-foreign-owner",
    severity: "fault",
    says: { zh: "终端密钥文件属于其他用户", en: "the key file belongs to another user than the service's" },
    remedy: { zh: "把属主改为 yikatong", en: "make yikatong its owner" },
    sees: key("foreign-owner"),
  },
  {
    id: "files-foreign-owner",
    severity: "fault",
    says: { zh: "服务的文件属于其他用户，服务可能无法启动", en: "files of the service belong to another user, and it may not start with them" },
    remedy: {
      zh: "用 chown yikatong:yikatong 改回所列文件，再重启服务",
      en: "give the named files back with chown yikatong:yikatong, then restart the service",
    },
    sees: ({ foreignFiles }) => when(foreignFiles.length > 0, foreignFiles.join(" ")),
  },
  { id: "keys-malformed", severity: "fault", says: { zh: "终端密钥文件格式错误", en: "the key file is malformed" }, remedy: KEYS_ANEW, sees: key("malformed") },
  {
    id: "keys-of-tests",
    severity: "fault",
    says: { zh: "生产配置使用了公开的测试密钥", en: "a production terminal has published test keys" },
    remedy: { zh: "下装正式密钥", en: "load keys of its own" },
    sees: key("test-keys"),
  },
  {
    id: "certificate-absent",
    severity: "fault",
    says: { zh: "缺少与消息服务器通信的证书或私钥", en: "the certificate for the broker, or its key, is not there" },
    remedy: CERTIFICATE_ANEW,
    sees: ({ certificate: is }) => when(is === "absent"),
  },
  {
    id: "certificate-denied",
    severity: "fault",
    says: { zh: "证书或私钥无法读取", en: "the certificate or its key cannot be read" },
    remedy: { zh: "以 root 运行，并检查属主与权限", en: "run as root, and look at owner and mode" },
    sees: ({ certificate: is }) => when(is === "denied"),
  },
  {
    id: "certificate-malformed",
    severity: "fault",
    says: { zh: "证书或私钥无法解析", en: "the certificate or its key cannot be understood" },
    remedy: CERTIFICATE_ANEW,
    sees: ({ certificate: is }) => when(is === "malformed"),
  },
  {
    id: "certificate-expired",
    severity: "fault",
    says: { zh: "证书已过期", en: "the certificate has expired" },
    remedy: CERTIFICATE_ANEW,
    sees: certificate(({ validToMs }, { nowMs }) => when(validToMs < nowMs, dayOf(validToMs))),
  },
  {
    id: "certificate-expiring",
    severity: "warning",
    says: { zh: "证书即将过期", en: "the certificate expires soon" },
    remedy: {
      zh: "确认终端在线，证书会自动更换；否则重新领取",
      en: "see that the terminal is online, it changes the certificate by itself; else claim it anew",
    },
    sees: certificate(({ validToMs }, { nowMs }) => when(validToMs >= nowMs && validToMs - nowMs < EXPIRING_DAYS * DAY_MS, dayOf(validToMs))),
  },
  {
    id: "certificate-not-yet-valid",
    severity: "fault",
    says: { zh: "证书尚未生效，或本机时间错误", en: "the certificate is not valid yet, or this machine's time is wrong" },
    remedy: { zh: "先检查时间：timedatectl", en: "look at the time first: timedatectl" },
    sees: certificate(({ validFromMs }, { nowMs }) => when(validFromMs > nowMs, dayOf(validFromMs))),
  },
  {
    id: "certificate-key-differs",
    severity: "fault",
    says: { zh: "证书与私钥不匹配", en: "certificate and key do not belong together" },
    remedy: CERTIFICATE_ANEW,
    sees: certificate(({ ownsKey }) => when(!ownsKey)),
  },
  {
    id: "certificate-of-another",
    severity: "fault",
    says: { zh: "证书属于另一台终端", en: "the certificate is another terminal's" },
    remedy: { zh: "检查是否克隆了存储卡；重新领取", en: "see whether the storage card was copied; claim the terminal anew" },
    sees: certificate(({ commonName }, { config }) => when(config.is === "ready" && commonName !== config.config.terminalId, commonName)),
  },
  {
    id: "claim-waiting",
    severity: "warning",
    says: { zh: "领取尚未完成", en: "the claim is not over" },
    remedy: { zh: "查看 journalctl -u yikatong-claim，或运行 yikatong claim", en: "see journalctl -u yikatong-claim, or run yikatong claim" },
    sees: ({ claimWaiting }) => when(claimWaiting),
  },
];

/** The last day that has four digits for its year, for certificates that never end. */
const LAST_DAY_MS = 253_402_185_600_000;

function dayOf(ms: number): string {
  return civilTime(Math.min(ms, LAST_DAY_MS)).iso.slice(0, 10);
}
