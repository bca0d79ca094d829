/* The disk, the journal on it, and the money that is not at the host yet. */
import { type Check, when } from "./check.ts";
import { told } from "./checks-service.ts";

const FULL_PART = 0.1;
const JOURNAL_FULL_PART = 0.9;
const WORN_TENTHS = 9;
const RESERVE_WARNING = 2;
const MEMORY_MIN_BYTES = 64 * 1024 * 1024;
const HOT = 80;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OLD_DAYS = 1;
const OVERDUE_DAYS = 9;
/** File systems that forget with the power, or are laid over one that does. */
const FORGETFUL = new Set(["tmpfs", "ramfs", "overlay"]);

const MAKE_ROOM = { zh: "清理数据分区，或更换更大的存储卡", en: "make room on the data partition, or use a larger card" };
const REPLACE_CARD = { zh: "尽快更换存储卡并移机", en: "replace the storage card soon and move the terminal" };
const ONLINE = { zh: "让终端联网，直到流水全部上传", en: "bring the terminal online until every record has been uploaded" };

export const STORAGE_CHECKS: readonly Check[] = [
  {
    id: "disk-nearly-full",
    severity: "fault",
    says: { zh: "数据分区快满了", en: "the data partition is nearly full" },
    remedy: MAKE_ROOM,
    sees: ({ space }) => when(space !== undefined && space.freeBytes < space.totalBytes * FULL_PART, mega(space?.freeBytes)),
  },
  {
    id: "disk-no-file-left",
    severity: "fault",
    says: { zh: "数据分区的文件节点快用完了", en: "the data partition has hardly any file left to give" },
    remedy: MAKE_ROOM,
    sees: ({ space }) => when(space !== undefined && space.totalFiles > 0 && space.freeFiles < space.totalFiles * FULL_PART, String(space?.freeFiles)),
  },
  {
    id: "disk-read-only",
    severity: "fault",
    says: { zh: "数据分区变成只读", en: "the data partition has become read-only" },
    remedy: { zh: "查看 dmesg；通常是存储卡损坏", en: "see dmesg; the storage card is most likely broken" },
    sees: ({ mount }) => when(mount?.readOnly === true),
  },
  {
    id: "disk-forgets",
    severity: "fault",
    says: { zh: "流水账所在的磁盘断电即丢失", en: "the journal stands on a disk that forgets with the power" },
    remedy: { zh: "把 /var/lib/yikatong 放到真正的分区上", en: "put /var/lib/yikatong on a real partition" },
    sees: ({ mount }) => when(mount !== undefined && FORGETFUL.has(mount.fileSystem), mount?.fileSystem),
  },
  {
    id: "disk-errors",
    severity: "fault",
    says: { zh: "文件系统记录了错误", en: "the file system has counted errors" },
    remedy: REPLACE_CARD,
    sees: ({ diskErrors }) => when(diskErrors > 0, String(diskErrors)),
  },
  {
    id: "disk-worn",
    severity: "warning",
    says: { zh: "存储器寿命将尽", en: "the storage is nearly worn out" },
    remedy: REPLACE_CARD,
    sees: ({ wear }) => when(wear !== undefined && (wear.lifeTenths >= WORN_TENTHS || wear.reserve >= RESERVE_WARNING)),
  },
  {
    id: "journal-absent",
    severity: "fault",
    says: { zh: "服务在运行，但配置的目录中没有流水账", en: "the service runs, and there is no journal in the configured folder" },
    remedy: { zh: "不要新建。查明流水账去向，再恢复营业", en: "do not make a new one; find out where it went before trading goes on" },
    sees: ({ journal, service }) => when(journal?.is === "absent" && service.state === "active"),
  },
  {
    id: "journal-denied",
    severity: "fault",
    says: { zh: "流水账无法读取", en: "the journal cannot be read" },
    remedy: { zh: "以 root 运行，并检查属主与权限", en: "run as root, and look at owner and mode" },
    sees: ({ journal }) => when(journal?.is === "denied"),
  },
  {
    id: "journal-not-writable",
    severity: "fault",
    says: { zh: "服务用户不能写流水账", en: "the service's user may not write the journal" },
    remedy: { zh: "把流水账目录及文件的属主改为 yikatong", en: "make yikatong the owner of the journal's folder and files" },
    sees: ({ journal }) => when(journal?.is === "ready" && !journal.writable),
  },
  {
    id: "journal-no-database",
    severity: "fault",
    says: { zh: "流水账文件已损坏", en: "the journal is not a database any more" },
    remedy: { zh: "保留文件，不要删除；联系厂商恢复", en: "keep the file, delete nothing; have the maker recover it" },
    sees: ({ journal }) => when(journal?.is === "no-database"),
  },
  {
    id: "journal-of-another-release",
    severity: "fault",
    says: { zh: "流水账由其他版本写成", en: "another release has written the journal" },
    remedy: { zh: "yikatong journal migrate，或装回对应的版本", en: "yikatong journal migrate, or go back to the release that wrote it" },
    sees: ({ journal, journalSchemas }) => (journal?.is === "ready" && !journalSchemas.includes(journal.schema) ? `schema ${journal.schema}` : undefined),
  },
  {
    id: "journal-nearly-full",
    severity: "fault",
    says: { zh: "流水账快满了，即将停止新交易", en: "the journal is nearly full, new sales will be refused" },
    remedy: ONLINE,
    sees: told(({ journal }) => when(journal.usedBytes > journal.limitBytes * JOURNAL_FULL_PART, mega(journal.usedBytes))),
  },
  {
    id: "money-waiting",
    severity: "warning",
    says: { zh: "有流水超过一天未上传", en: "records have waited for more than a day" },
    remedy: ONLINE,
    sees: told(({ exposure }) => aged(exposure.oldestAgeMs, { fromDays: OLD_DAYS, toDays: OVERDUE_DAYS })),
  },
  {
    id: "money-overdue",
    severity: "fault",
    says: { zh: "有流水超过九天未上传，逾十天可能无法清算", en: "records have waited for more than nine days; after ten they may not be settled" },
    remedy: ONLINE,
    sees: told(({ exposure }) => aged(exposure.oldestAgeMs, { fromDays: OVERDUE_DAYS })),
  },
  {
    id: "receipts-stuck",
    severity: "fault",
    says: { zh: "主机在线，但一小时没有回执", en: "the host is there, and for an hour no receipt has come" },
    remedy: { zh: "请主机方查看本终端是否被隔离", en: "have the host's people see whether this terminal is quarantined" },
    sees: told(({ link, journal, exposure }) =>
      when(
        link.hostPresent && journal.lastSeq > journal.receiptedThrough && (exposure.oldestAgeMs ?? 0) > HOUR_MS,
        `${journal.lastSeq - journal.receiptedThrough}`,
      ),
    ),
  },
  {
    id: "outcomes-unknown",
    severity: "warning",
    says: { zh: "有交易结果未知，主机尚未收到", en: "the outcome of sales is not known, nor does the host know of them" },
    remedy: { zh: "请持卡人再次刷同一张卡，或等主机收到记录", en: "have the holders present their cards again, or wait until the host has the records" },
    sees: told(({ exposure }) => when(exposure.unknown > 0, String(exposure.unknown))),
  },
  {
    id: "memory-low",
    severity: "warning",
    says: { zh: "内存不足", en: "memory is short" },
    remedy: { zh: "结束其他程序，或更换内存更大的机器", en: "end other programs, or use a machine with more" },
    sees: ({ memoryFreeBytes }) => when(memoryFreeBytes !== undefined && memoryFreeBytes < MEMORY_MIN_BYTES, mega(memoryFreeBytes)),
  },
  {
    id: "swap-on",
    severity: "warning",
    says: { zh: "启用了交换分区，密钥可能被写到磁盘", en: "swap is on: keys may be written to a disk" },
    remedy: { zh: "关闭交换：重新运行安装脚本", en: "switch it off: run the install script again" },
    sees: ({ swap }) => when(swap),
  },
  {
    id: "too-hot",
    severity: "warning",
    says: { zh: "处理器温度过高", en: "the processor is too hot" },
    remedy: { zh: "改善通风", en: "give it air" },
    sees: ({ temperature }) => when(temperature !== undefined && temperature > HOT, `${Math.round(temperature ?? 0)} °C`),
  },
];

function mega(bytes: number | undefined): string {
  return `${Math.round((bytes ?? 0) / 1_048_576)} MB`;
}

function aged(
  ageMs: number | undefined,
  { fromDays, toDays = Number.POSITIVE_INFINITY }: { readonly fromDays: number; readonly toDays?: number },
): string | undefined {
  if (ageMs === undefined || ageMs <= fromDays * DAY_MS || ageMs > toDays * DAY_MS) return undefined;
  return `${Math.floor(ageMs / DAY_MS)} d`;
}
