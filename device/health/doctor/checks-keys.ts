/* Key-loading orders beside what the service has found in module and pad, and a change of the certificate that does not end. Spec: claim/v1, 9. */
import type { KeyStatus } from "../runtime-status.ts";
import { type Check, when } from "./check.ts";
import { told } from "./checks-service.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A change of the certificate takes a minute; with a host that is away for a night it is no fault. */
const CHANGE_MAX_MS = DAY_MS;

/** Orders that are in one of these states. */
function keys(...states: readonly KeyStatus["state"][]): Check["sees"] {
  return told(({ keys: rows = [] }) => {
    const found = rows
      .filter(({ state }) => states.includes(state))
      .map(({ place, name, detail }) => (detail === undefined ? `${place} ${name}` : `${place} ${name}: ${detail}`));
    return found.length === 0 ? undefined : found.join(", ");
  });
}

const ASK_HOST = { zh: "请主机运维核对装载指令，再运行 yikatong keys care", en: "have the host look at its key-loading orders, then run yikatong keys care" };

export const KEY_CHECKS: readonly Check[] = [
  {
    id: "module-ordered-absent",
    severity: "fault",
    says: { zh: "主机指令要求的安全模块（PSAM）不在", en: "no security module (PSAM) answers, and the host has ordered one" },
    remedy: {
      zh: "断电后插入指令中编号的 PSAM 卡，重新启动服务：systemctl restart yikatong",
      en: "put in the PSAM with the number that was ordered, with the power off; then systemctl restart yikatong",
    },
    sees: keys("module-absent"),
  },
  {
    id: "module-not-ordered",
    severity: "fault",
    says: {
      zh: "装入的安全模块（PSAM）不是主机指令的那一块；生产终端不用它交易",
      en: "another security module (PSAM) than the host has ordered; a production terminal sells nothing with it",
    },
    remedy: {
      zh: `核对编号，换成指令中的那一块；如是指令有误，${ASK_HOST.zh}`,
      en: `put in the one that was ordered; where the order is wrong, ${ASK_HOST.en}`,
    },
    sees: keys("other-module"),
  },
  {
    id: "module-keys-differ",
    severity: "fault",
    says: { zh: "安全模块或密码键盘中的密钥级别或校验值与指令不符", en: "a key in module or pad has another level or check value than was ordered" },
    remedy: { zh: `由密钥管理员重新灌装；如是指令有误，${ASK_HOST.zh}`, en: `have the key custodians load it again; where the order is wrong, ${ASK_HOST.en}` },
    sees: keys("wrong-level", "wrong-check"),
  },
  {
    id: "key-load-open",
    severity: "warning",
    says: { zh: "密钥装载指令尚未执行", en: "a key-loading order is not carried out yet" },
    remedy: { zh: "由密钥管理员按指令灌装，再运行 yikatong keys care", en: "have the key custodians carry it out, then run yikatong keys care" },
    sees: keys("not-loaded"),
  },
  {
    id: "key-load-expired",
    severity: "fault",
    says: { zh: "密钥装载指令已过期仍未执行", en: "a key-loading order ran out and was not carried out" },
    remedy: { zh: "请主机重新下达装载指令", en: "have the host order it anew" },
    sees: keys("expired"),
  },
  {
    id: "module-of-tests",
    severity: "fault",
    says: { zh: "生产终端的安全模块或装载指令使用了公开的测试密钥", en: "module or key-loading orders of a production terminal are published test ones" },
    remedy: { zh: "换用正式 PSAM，并请主机更正装载指令", en: "put in a PSAM of its own, and have the host correct its orders" },
    sees: keys("test-key"),
  },
  {
    id: "certificate-change-stuck",
    severity: "warning",
    says: { zh: "新证书一直未能启用，仍在使用旧证书", en: "the change of the certificate does not end; the old one is still in use" },
    remedy: {
      zh: "运行 yikatong keys care 查看原因；请主机运维检查消息服务器是否信任新证书",
      en: "run yikatong keys care and see why; have the host look whether its broker trusts new certificates",
    },
    sees: ({ certificateChangeMs }) =>
      certificateChangeMs === undefined ? undefined : when(certificateChangeMs > CHANGE_MAX_MS, `${Math.floor(certificateChangeMs / HOUR_MS)} h`),
  },
];
