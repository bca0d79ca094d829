/*
 * Blocking, for good: of one directory's application, or of the whole card. The terminal proves the control key first, then sends the
 * command under the maintenance key. A failure of either costs no try. Spec: LD/T 32.7, APPLICATION BLOCK, CARD BLOCK.
 */
import { isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { selectByName } from "../dialogue.ts";
import { proveTerminal } from "./authentication.ts";
import { DIRECTORY_NAMES, messageKey, type SocialDirectory } from "./file-table.ts";
import type { KeyHolder } from "./key-holders.ts";
import type { SocialKeyName, SocialKeyTable } from "./keys.ts";
import { type ChangeAnswer, type CommandToSecure, sendSecured } from "./secure-command.ts";

/** "already-blocked": the selection was answered as a blocked application or card answers. */
export type BlockAnswer = ChangeAnswer | { readonly kind: "already-blocked" | "not-there" | "key-missing" };

export interface BlockKeys {
  readonly keys: KeyHolder;
  readonly keyTable: SocialKeyTable;
}

/** Blocks one application of the card for good. It cannot be undone. Faults: those of the channel and of whoever holds the keys. */
export function blockApplication(channel: CardChannel, request: BlockKeys & { readonly directory: SocialDirectory }, limits: Limits): Promise<BlockAnswer> {
  return block(channel, { ...request, control: "lk", apdu: { cla: 0x84, ins: 0x1e, p1: 0x00, p2: 0x01 } }, limits);
}

/** Blocks the whole card for good. It cannot be undone. Faults as those of {@link blockApplication}. */
export function blockCard(channel: CardChannel, request: BlockKeys, limits: Limits): Promise<BlockAnswer> {
  return block(channel, { ...request, directory: "ssse", control: "bk", apdu: { cla: 0x84, ins: 0x16, p1: 0x00, p2: 0x00 } }, limits);
}

interface Block extends BlockKeys {
  readonly directory: SocialDirectory;
  readonly control: SocialKeyName;
  readonly apdu: CommandToSecure;
}

async function block(channel: CardChannel, { directory, control, apdu, keys, keyTable }: Block, limits: Limits): Promise<BlockAnswer> {
  const selected = await selectByName(channel, DIRECTORY_NAMES[directory], limits);
  if (selected.kind === "blocked") return { kind: "already-blocked" };
  if (selected.kind === "not-found") return { kind: "not-there" };
  if (selected.kind === "refused") return selected;
  const onCard = keyTable[control]?.onCard;
  if (onCard === undefined) return { kind: "key-missing" };
  try {
    const proved = await proveTerminal(channel, { onCard, proof: (values) => keys.authenticationData({ key: control, ...values }, limits) }, limits);
    if (proved !== "authentic") return proved;
    return await sendSecured(channel, { apdu, key: messageKey(directory), signer: keys }, limits);
  } catch (error) {
    if (!isFault(error, "key-missing")) throw error;
    return { kind: "key-missing" };
  }
}
