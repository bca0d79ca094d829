/* The floor under a durable commit: a C program that appends and calls fdatasync, compiled when it is needed. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const PROGRAM = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int count = atoi(argv[2]), size = atoi(argv[3]);
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
  char *data = malloc(size);
  struct timespec start, end;
  if (fd < 0 || data == NULL) return 1;
  memset(data, 0x5a, size);
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < count; i++) if (write(fd, data, size) != size || fdatasync(fd) != 0) return 1;
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%f\\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
  return 0;
}
`;

const run = promisify(execFile);
const LIMIT_MS = 60_000;

/** Milliseconds for `count` appends of `size` bytes, each flushed. */
export type Floor = (count: number, size: number) => Promise<number>;

/** The floor on the file system of `folder`, or why there is none. */
export async function compileFloor(folder: string): Promise<{ readonly ok: true; readonly floor: Floor } | { readonly ok: false; readonly reason: string }> {
  const [source, program] = [join(folder, "floor.c"), join(folder, "floor")];
  await writeFile(source, PROGRAM);
  try {
    await run("gcc", ["-O2", "-o", program, source], { timeout: LIMIT_MS });
  } catch {
    // Whatever is wrong with the compiler, the row says that there is no floor here.
    return { ok: false, reason: "no C compiler (gcc) here, so there is no floor to compare with" };
  }
  const floor: Floor = async (count, size) =>
    Number((await run(program, [join(folder, "floor.data"), String(count), String(size)], { timeout: LIMIT_MS })).stdout);
  return { ok: true, floor };
}
