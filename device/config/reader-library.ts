/* The door for programs that were written for a reader's library. */
import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

/** Rows of the table of providers, by whose strings and numbers programs are answered. */
export const READER_LIBRARY_PROVIDERS = ["standard", "number-first", "own-pin-numbers"] as const;

const SOCKET_PATH_BYTES_MAX = 107;

export const readerLibraryConfig = z.strictObject({
  /** Where the shared library finds the terminal. */
  socket: z
    .string()
    .startsWith("/")
    .refine((path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX, "a socket's path has at most 107 bytes"),
  /** Who may open the socket may ask for everything: its owner, or its owner's group too. */
  access: z.enum(["owner", "group"]).default("group"),
  provider: z.enum(READER_LIBRARY_PROVIDERS).default("standard"),
});

export type ReaderLibraryConfig = DeepReadonly<z.infer<typeof readerLibraryConfig>>;

/** Permission bits of the socket. */
export const SOCKET_MODES: { readonly [Access in ReaderLibraryConfig["access"]]: number } = { owner: 0o600, group: 0o660 };
