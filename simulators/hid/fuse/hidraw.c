/*
 * A HID device without hardware: one file that answers reads, writes, polls and the hidraw calls like the kernel's node does, so that the
 * real binding opens it. The simulated device hangs on a socket; while none is connected the file is not there (unplugged).
 *
 *   hidraw MOUNTPOINT SOCKET DESCRIPTOR-HEX VENDOR-HEX PRODUCT-HEX
 *
 * Socket, both directions: u16 big-endian length, kind byte, report. Kinds: 'i' input (device to host), 'o' output and 'f' feature (host to
 * device). One device at a time. Ends with its parent's standard input.
 */
#define FUSE_USE_VERSION 35
#include <arpa/inet.h>
#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NODE_INO 2
#define NODE_NAME "hidraw0"
#define REPORTS_MAX 256
#define REPORT_BYTES_MAX 4096

struct report {
  size_t length;
  unsigned char bytes[REPORT_BYTES_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct report queue[REPORTS_MAX];
static size_t queued;
static int device = -1;
/* Grows with each plugging in: a file that was opened before belongs to a device that is gone. */
static unsigned long plugged;
static fuse_req_t waiting;
static size_t waiting_size;
static struct fuse_pollhandle *poll_handle;
static unsigned char descriptor[4096];
static size_t descriptor_length;
static unsigned vendor, product;

static int is_gone(const struct fuse_file_info *file) { return device < 0 || file->fh != plugged; }

static void wake_poll(void) {
  if (poll_handle == NULL) return;
  fuse_lowlevel_notify_poll(poll_handle);
  fuse_pollhandle_destroy(poll_handle);
  poll_handle = NULL;
}

static void take_first(struct report *into) {
  *into = queue[0];
  queued -= 1;
  memmove(queue, queue + 1, queued * sizeof queue[0]);
}

static size_t smaller(size_t left, size_t right) { return left < right ? left : right; }

/* Called with the lock held. */
static void give_to_waiting(void) {
  struct report first;
  if (waiting == NULL || queued == 0) return;
  take_first(&first);
  fuse_reply_buf(waiting, (const char *)first.bytes, smaller(first.length, waiting_size));
  waiting = NULL;
}

static int read_all(int from, void *into, size_t length) {
  unsigned char *at = into;
  while (length > 0) {
    ssize_t count = read(from, at, length);
    if (count <= 0) return -1;
    at += count;
    length -= (size_t)count;
  }
  return 0;
}

static void send_report(char kind, const void *bytes, size_t length) {
  unsigned char head[3];
  uint16_t size = htons((uint16_t)(length + 1));
  memcpy(head, &size, 2);
  head[2] = (unsigned char)kind;
  if (send(device, head, sizeof head, MSG_NOSIGNAL) < 0) return;
  if (length > 0) (void)!send(device, bytes, length, MSG_NOSIGNAL);
}

static void unplug(void) {
  pthread_mutex_lock(&lock);
  close(device);
  device = -1;
  queued = 0;
  if (waiting != NULL) fuse_reply_err(waiting, EIO);
  waiting = NULL;
  wake_poll();
  pthread_mutex_unlock(&lock);
}

/* Serves one device after the other. */
static void *serve_devices(void *listening) {
  for (;;) {
    int connected = accept(*(int *)listening, NULL, NULL);
    if (connected < 0) continue;
    pthread_mutex_lock(&lock);
    device = connected;
    plugged += 1;
    pthread_mutex_unlock(&lock);
    for (;;) {
      struct report report;
      unsigned char kind;
      uint16_t size;
      if (read_all(connected, &size, sizeof size) < 0) break;
      size = ntohs(size);
      if (size < 1 || size > REPORT_BYTES_MAX || read_all(connected, &kind, 1) < 0) break;
      report.length = size - 1u;
      if (read_all(connected, report.bytes, report.length) < 0) break;
      pthread_mutex_lock(&lock);
      /* As in the kernel, a host that does not read loses the newest. */
      if (kind == 'i' && queued < REPORTS_MAX) queue[queued++] = report;
      give_to_waiting();
      wake_poll();
      pthread_mutex_unlock(&lock);
    }
    unplug();
  }
  return NULL;
}

static void *end_with_parent(void *unused) {
  char byte;
  (void)unused;
  while (read(0, &byte, 1) > 0) continue;
  kill(getpid(), SIGTERM);
  return NULL;
}

static void describe(fuse_ino_t ino, struct stat *state) {
  memset(state, 0, sizeof *state);
  state->st_ino = ino;
  state->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666;
  state->st_nlink = 1;
}

static void node_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param entry;
  memset(&entry, 0, sizeof entry);
  if (parent != FUSE_ROOT_ID || strcmp(name, NODE_NAME) != 0 || device < 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  entry.ino = NODE_INO;
  describe(NODE_INO, &entry.attr);
  fuse_reply_entry(request, &entry);
}

static void node_getattr(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  struct stat state;
  (void)file;
  describe(ino, &state);
  fuse_reply_attr(request, &state, 0);
}

static void node_open(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  if (ino != NODE_INO || device < 0) {
    fuse_reply_err(request, ENODEV);
    return;
  }
  file->direct_io = 1;
  file->nonseekable = 1;
  file->fh = plugged;
  fuse_reply_open(request, file);
}

static void node_read(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino;
  (void)offset;
  pthread_mutex_lock(&lock);
  if (is_gone(file)) {
    fuse_reply_err(request, EIO);
  } else if (queued > 0) {
    struct report first;
    take_first(&first);
    fuse_reply_buf(request, (const char *)first.bytes, smaller(first.length, size));
  } else if ((file->flags & O_NONBLOCK) != 0 || waiting != NULL) {
    fuse_reply_err(request, EAGAIN);
  } else {
    waiting = request;
    waiting_size = size;
  }
  pthread_mutex_unlock(&lock);
}

static void node_write(fuse_req_t request, fuse_ino_t ino, const char *bytes, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino;
  (void)offset;
  pthread_mutex_lock(&lock);
  if (is_gone(file)) {
    fuse_reply_err(request, ENODEV);
  } else {
    send_report('o', bytes, smaller(size, REPORT_BYTES_MAX - 1));
    fuse_reply_write(request, size);
  }
  pthread_mutex_unlock(&lock);
}

static void node_poll(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file, struct fuse_pollhandle *handle) {
  unsigned events = POLLOUT;
  (void)ino;
  pthread_mutex_lock(&lock);
  if (handle != NULL) {
    if (poll_handle != NULL) fuse_pollhandle_destroy(poll_handle);
    poll_handle = handle;
  }
  if (is_gone(file)) events = POLLERR | POLLHUP;
  else if (queued > 0) events |= POLLIN;
  pthread_mutex_unlock(&lock);
  fuse_reply_poll(request, events);
}

static void reply_text(fuse_req_t request, const char *text, size_t room) {
  size_t length = strlen(text) + 1;
  fuse_reply_ioctl(request, (int)length, text, smaller(length, room));
}

static void node_ioctl(fuse_req_t request, fuse_ino_t ino, unsigned command, void *argument, struct fuse_file_info *file, unsigned flags, const void *in,
                       size_t in_size, size_t out_size) {
  (void)ino;
  (void)argument;
  (void)flags;
  if (is_gone(file)) {
    fuse_reply_err(request, ENODEV);
    return;
  }
  if (command == HIDIOCGRDESCSIZE) {
    int length = (int)descriptor_length;
    fuse_reply_ioctl(request, 0, &length, sizeof length);
  } else if (command == HIDIOCGRDESC) {
    struct hidraw_report_descriptor answer;
    memset(&answer, 0, sizeof answer);
    answer.size = (unsigned)descriptor_length;
    memcpy(answer.value, descriptor, descriptor_length);
    fuse_reply_ioctl(request, 0, &answer, smaller(sizeof answer, out_size));
  } else if (command == HIDIOCGRAWINFO) {
    struct hidraw_devinfo info = {.bustype = BUS_USB, .vendor = (short)vendor, .product = (short)product};
    fuse_reply_ioctl(request, 0, &info, sizeof info);
  } else if (_IOC_TYPE(command) == 'H' && _IOC_NR(command) == 0x06) {
    pthread_mutex_lock(&lock);
    send_report('f', in, smaller(in_size, REPORT_BYTES_MAX - 1));
    pthread_mutex_unlock(&lock);
    fuse_reply_ioctl(request, (int)in_size, NULL, 0);
  } else if (_IOC_TYPE(command) == 'H' && _IOC_NR(command) == 0x07) {
    static const unsigned char zeros[REPORT_BYTES_MAX];
    fuse_reply_ioctl(request, (int)out_size, zeros, smaller(out_size, sizeof zeros));
  } else if (_IOC_TYPE(command) == 'H' && _IOC_NR(command) == 0x04) {
    reply_text(request, "Simulated HID device", out_size);
  } else if (_IOC_TYPE(command) == 'H' && _IOC_NR(command) == 0x05) {
    reply_text(request, "usb-simulated-1/input0", out_size);
  } else {
    fuse_reply_err(request, ENOTTY);
  }
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = node_lookup,
    .getattr = node_getattr,
    .open = node_open,
    .read = node_read,
    .write = node_write,
    .poll = node_poll,
    .ioctl = node_ioctl,
};

static size_t from_hex(const char *text) {
  size_t length = strlen(text) / 2;
  for (size_t at = 0; at < length && at < sizeof descriptor; at += 1) {
    unsigned byte;
    if (sscanf(text + 2 * at, "%2x", &byte) != 1) return 0;
    descriptor[at] = (unsigned char)byte;
  }
  return length;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  unlink(path);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) < 0 || listen(listening, 4) < 0) return -1;
  return listening;
}

int main(int count, char **arguments) {
  pthread_t thread;
  static int listening;
  char *mount_options[] = {arguments[0], "-o", "allow_other,fsname=simulated-hid"};
  struct fuse_args args = FUSE_ARGS_INIT(3, mount_options);
  if (count != 6) {
    fprintf(stderr, "usage: hidraw MOUNTPOINT SOCKET DESCRIPTOR-HEX VENDOR-HEX PRODUCT-HEX\n");
    return 2;
  }
  descriptor_length = from_hex(arguments[3]);
  vendor = (unsigned)strtoul(arguments[4], NULL, 16);
  product = (unsigned)strtoul(arguments[5], NULL, 16);
  listening = listen_at(arguments[2]);
  if (descriptor_length == 0 || listening < 0) {
    fprintf(stderr, "hidraw: the descriptor or the socket does not fit\n");
    return 2;
  }
  struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
  if (session == NULL || fuse_set_signal_handlers(session) < 0 || fuse_session_mount(session, arguments[1]) < 0) return 1;
  pthread_create(&thread, NULL, serve_devices, &listening);
  pthread_create(&thread, NULL, end_with_parent, NULL);
  printf("ready\n");
  fflush(stdout);
  fuse_session_loop(session);
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return 0;
}
