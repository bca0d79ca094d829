/* The way to the settlement host, from the cable up: the first thing that is wrong is named, what follows from it is not. */
import { type Check, when } from "./check.ts";
import { told } from "./checks-service.ts";
import type { Facts } from "./facts.ts";
import type { Reach } from "./machine.ts";

function broker(is: Reach): (facts: Facts) => string | undefined {
  return ({ addresses, broker: reached, config }) => when(addresses !== false && reached === is, config.is === "ready" ? config.config.link.url : "");
}

const ASK_SITE = { zh: "请网络管理员检查防火墙与端口", en: "have the network's people look at firewall and port" };

export const NETWORK_CHECKS: readonly Check[] = [
  {
    id: "network-no-address",
    severity: "fault",
    says: { zh: "没有网络地址", en: "this machine has no network address" },
    remedy: { zh: "检查网线、无线网络与路由器", en: "look at cable, wireless network and router" },
    sees: ({ addresses }) => when(addresses === false),
  },
  {
    id: "broker-name-unknown",
    severity: "fault",
    says: { zh: "消息服务器的域名无法解析", en: "the broker's name is not known" },
    remedy: { zh: "检查 DNS 与配置中的地址", en: "look at the name service, and at the address in the configuration" },
    sees: broker("name-unknown"),
  },
  {
    id: "broker-refused",
    severity: "fault",
    says: { zh: "消息服务器拒绝连接", en: "the broker refuses connections" },
    remedy: ASK_SITE,
    sees: broker("refused"),
  },
  {
    id: "broker-unreachable",
    severity: "fault",
    says: { zh: "连不上消息服务器", en: "the broker cannot be reached" },
    remedy: ASK_SITE,
    sees: broker("unreachable"),
  },
  {
    id: "link-down",
    severity: "fault",
    says: { zh: "能连上消息服务器，但登录不成功", en: "the broker can be reached, and does not let the terminal in" },
    remedy: { zh: "证书可能被吊销或属于别处；联系主机方", en: "the certificate may be revoked, or of another place; ask the host's people" },
    sees: (facts) => told(({ link }) => when(facts.broker === "connected" && !link.up))(facts),
  },
  {
    id: "host-silent",
    severity: "warning",
    says: { zh: "已连上消息服务器，但结算主机没有应答", en: "the broker is there, the settlement host does not answer" },
    remedy: { zh: "联系主机方；流水安全保存在本机", en: "ask the host's people; records are safe here" },
    sees: told(({ link }) => when(link.up && !link.hostPresent)),
  },
];
