/*
 * The floor under our own share of a tap: a C program that sends as many commands through the same PC/SC service, one after the other, and does
 * nothing else. Compiled when it is needed.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const PROGRAM = `
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>
static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}
int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int commands = atoi(argv[2]), taps = atoi(argv[3]);
  struct timespec pause = {0, atol(argv[4]) * 1000000L};
  unsigned char select[] = {0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00};
  char names[4096];
  DWORD room = sizeof names, protocol;
  SCARDCONTEXT context;
  SCARDHANDLE card;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS) return 3;
  if (SCardListReaders(context, NULL, names, &room) != SCARD_S_SUCCESS) return 3;
  const char *name = names;
  while (*name != 0 && strstr(name, argv[1]) == NULL) name += strlen(name) + 1;
  if (SCardConnect(context, name, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol) != SCARD_S_SUCCESS) return 4;
  const SCARD_IO_REQUEST *header = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
  for (int tap = 0; tap < taps; tap++) {
    nanosleep(&pause, NULL);
    double began = now_ms();
    for (int at = 0; at < commands; at++) {
      unsigned char answer[258];
      DWORD length = sizeof answer;
      if (SCardTransmit(card, header, select, sizeof select, NULL, answer, &length) != SCARD_S_SUCCESS) return 5;
    }
    printf("%f\\n", now_ms() - began);
  }
  SCardDisconnect(card, SCARD_LEAVE_CARD);
  return 0;
}
`;

const run = promisify(execFile);
const LIMIT_MS = 60_000;
/** Between two taps the machine comes to rest, as it does between two passengers. */
const PAUSE_MS = 20;

export interface SoftwareFloor {
  /** What the commands of each of so many taps took, in milliseconds. */
  measure(commands: number, taps: number): Promise<readonly number[]>;
}

export interface FloorPlace {
  readonly folder: string;
  /** Where the service is found. */
  readonly environment: Readonly<Record<string, string>>;
  /** Part of the name of the reader whose card answers; nobody else may hold it. */
  readonly reader: string;
}

/** The program for a service, or undefined where no C compiler or no header of the service is there. */
export async function compileSoftwareFloor({ folder, environment, reader }: FloorPlace): Promise<SoftwareFloor | undefined> {
  const [source, program] = [join(folder, "software.c"), join(folder, "software")];
  await writeFile(source, PROGRAM);
  try {
    await run("gcc", ["-O2", "-I/usr/include/PCSC", "-o", program, source, "-lpcsclite"], { timeout: LIMIT_MS });
  } catch {
    // Whatever is wrong with the compiler, the row says that there is no floor here.
    return undefined;
  }
  return {
    measure: async (commands, taps) => {
      const args = [reader, String(commands), String(taps), String(PAUSE_MS)];
      const { stdout } = await run(program, args, { timeout: LIMIT_MS, env: { ...process.env, ...environment } });
      return stdout.trim().split("\n").map(Number);
    },
  };
}
