/*
 * A native call that never returns, on demand: preloaded into the process of one device. While the folder YIKATONG_HANG has a file with the
 * name of a call, that call blocks for ever, also when the file is removed later; "<name>.hung" tells that it does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void hang_if_told(const char *call) {
  const char *folder = getenv("YIKATONG_HANG");
  char path[512];
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/%s", folder, call);
  if (access(path, F_OK) != 0) return;
  snprintf(path, sizeof path, "%s/%s.hung", folder, call);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  for (;;) pause();
}

static int is_hidraw(int file) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, "/hidraw") != NULL;
}

/* The library is loaded by the binding, out of sight of a plain search. */
static void *pcsc_function(const char *name) {
  void *library = dlopen("libpcsclite.so.1", RTLD_LAZY | RTLD_NOLOAD);
  return library == NULL ? NULL : dlsym(library, name);
}

typedef intptr_t word;
typedef word (*six)(word, word, word, word, word, word);
typedef word (*seven)(word, word, word, word, word, word, word);
typedef word (*two)(word, word);

/* Arguments pass through as machine words: none is looked at here. */
word SCardConnect(word a, word b, word c, word d, word e, word f) {
  hang_if_told("SCardConnect");
  return ((six)pcsc_function("SCardConnect"))(a, b, c, d, e, f);
}

word SCardTransmit(word a, word b, word c, word d, word e, word f, word g) {
  hang_if_told("SCardTransmit");
  return ((seven)pcsc_function("SCardTransmit"))(a, b, c, d, e, f, g);
}

word SCardControl(word a, word b, word c, word d, word e, word f, word g) {
  hang_if_told("SCardControl");
  return ((seven)pcsc_function("SCardControl"))(a, b, c, d, e, f, g);
}

word SCardDisconnect(word a, word b) {
  hang_if_told("SCardDisconnect");
  return ((two)pcsc_function("SCardDisconnect"))(a, b);
}

word SCardEstablishContext(word a, word b, word c, word d) {
  hang_if_told("SCardEstablishContext");
  return ((six)pcsc_function("SCardEstablishContext"))(a, b, c, d, 0, 0);
}

/* Opening hangs by the last part of the path: "open-hidraw0". */
int open64(const char *path, int flags, ...) {
  char call[300];
  const char *last = strrchr(path, '/');
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  snprintf(call, sizeof call, "open-%s", last == NULL ? path : last + 1);
  hang_if_told(call);
  return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}

int tcdrain(int file) {
  hang_if_told("tcdrain");
  return ((int (*)(int))dlsym(RTLD_NEXT, "tcdrain"))(file);
}

ssize_t write(int file, const void *bytes, size_t length) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (is_hidraw(file)) hang_if_told("hidraw-write");
  else if (isatty(file)) hang_if_told("tty-write");
  return real(file, bytes, length);
}

int poll(struct pollfd *files, nfds_t count, int timeout) {
  static int (*real)(struct pollfd *, nfds_t, int);
  if (real == NULL) real = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
  if (count == 1 && is_hidraw(files[0].fd)) hang_if_told("hidraw-poll");
  return real(files, count, timeout);
}
