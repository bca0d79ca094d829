/*
 * Goal: the real pcscd, libpcsclite and binding run against simulated cards, with instant events and every injectable error.
 * Method: a reader handler that owns no logic. Each slot has two connections to a simulator's AF_UNIX socket: one carries
 * commands (one at a time), the other only wakes pcscd up, like the interrupt pipe of a CCID reader.
 *
 * Frames: u32 big-endian length, then the body. First frame of a connection: kind (1 commands, 2 events), slot.
 * Request: op, data. Answer: rc, data. DEVICENAME is "<socket path>:<number of slots>".
 */
#include <ifdhandler.h>
#include <reader.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SLOTS_MAX = 64, BODY_MAX = 70000, PATH_MAX_BYTES = 100, POLL_CAP_MS = 200 };
enum { KIND_COMMANDS = 1, KIND_EVENTS = 2 };
enum { OP_POWER_UP = 1, OP_RESET = 2, OP_POWER_DOWN = 3, OP_TRANSMIT = 4, OP_CONTROL = 5, OP_PRESENCE = 6, OP_PROTOCOL = 7 };

struct slot {
  int used;
  DWORD lun;
  char path[PATH_MAX_BYTES + 1];
  int slots;
  int command_fd;
  int event_fd;
  unsigned char atr[MAX_ATR_SIZE];
  DWORD atr_length;
  pthread_mutex_t lock;
};

static struct slot table[SLOTS_MAX];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static struct slot *find(DWORD lun) {
  struct slot *found = NULL;
  pthread_mutex_lock(&table_lock);
  for (int at = 0; at < SLOTS_MAX && found == NULL; at++)
    if (table[at].used && table[at].lun == lun) found = &table[at];
  pthread_mutex_unlock(&table_lock);
  return found;
}

static int send_all(int fd, const unsigned char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

static int receive_all(int fd, unsigned char *bytes, size_t length) {
  while (length > 0) {
    ssize_t got = recv(fd, bytes, length, 0);
    if (got <= 0) return -1;
    bytes += got;
    length -= (size_t)got;
  }
  return 0;
}

static int send_frame(int fd, const unsigned char *head, size_t head_length, const unsigned char *data, size_t data_length) {
  size_t body = head_length + data_length;
  /* One send for the whole frame, so that no half frame waits for anything. */
  unsigned char *frame = malloc(4 + body);
  if (frame == NULL) return -1;
  frame[0] = (unsigned char)(body >> 24);
  frame[1] = (unsigned char)(body >> 16);
  frame[2] = (unsigned char)(body >> 8);
  frame[3] = (unsigned char)body;
  memcpy(frame + 4, head, head_length);
  if (data_length > 0) memcpy(frame + 4 + head_length, data, data_length);
  int result = send_all(fd, frame, 4 + body);
  free(frame);
  return result;
}

static int dial(struct slot *slot, unsigned char kind) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, slot->path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  unsigned char greeting[2] = {kind, (unsigned char)(slot->lun & 0xFF)};
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || send_frame(fd, greeting, 2, NULL, 0) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static void hang_up(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static RESPONSECODE code_of(unsigned char rc) {
  switch (rc) {
    case 0: return IFD_SUCCESS;
    case 2: return IFD_RESPONSE_TIMEOUT;
    case 3: return IFD_ICC_NOT_PRESENT;
    case 4: return IFD_ERROR_NOT_SUPPORTED;
    case 5: return IFD_ERROR_POWER_ACTION;
    case 6: return IFD_NO_SUCH_DEVICE;
    case 7: return IFD_PROTOCOL_NOT_SUPPORTED;
    default: return IFD_COMMUNICATION_ERROR;
  }
}

struct exchange {
  unsigned char op;
  const unsigned char *head;
  size_t head_length;
  const unsigned char *data;
  size_t data_length;
  unsigned char *out;
  size_t out_room;
  size_t out_length;
};

/* Asks the simulator once. A broken connection is closed, so that the next call dials again. Returns -1 when it broke. */
static int ask_locked(struct slot *slot, struct exchange *x, RESPONSECODE *result) {
  unsigned char head[8], length_bytes[4];
  head[0] = x->op;
  if (x->head_length > 0) memcpy(head + 1, x->head, x->head_length);
  if (slot->command_fd < 0) slot->command_fd = dial(slot, KIND_COMMANDS);
  if (slot->command_fd < 0) return -1;
  if (send_frame(slot->command_fd, head, 1 + x->head_length, x->data, x->data_length) < 0) return -1;
  if (receive_all(slot->command_fd, length_bytes, 4) < 0) return -1;
  size_t length = (size_t)length_bytes[0] << 24 | (size_t)length_bytes[1] << 16 | (size_t)length_bytes[2] << 8 | length_bytes[3];
  if (length < 1 || length > BODY_MAX) return -1;
  unsigned char *body = malloc(length);
  if (body == NULL) return -1;
  if (receive_all(slot->command_fd, body, length) < 0) {
    free(body);
    return -1;
  }
  *result = code_of(body[0]);
  x->out_length = length - 1 < x->out_room ? length - 1 : x->out_room;
  if (x->out_length > 0) memcpy(x->out, body + 1, x->out_length);
  free(body);
  return 0;
}

static RESPONSECODE ask(struct slot *slot, struct exchange *x, RESPONSECODE when_broken) {
  RESPONSECODE result = when_broken;
  pthread_mutex_lock(&slot->lock);
  if (ask_locked(slot, x, &result) < 0) {
    hang_up(&slot->command_fd);
    result = when_broken;
    x->out_length = 0;
  }
  pthread_mutex_unlock(&slot->lock);
  return result;
}

/* Plays the interrupt pipe. The cap bounds a lost wake-up and the shutdown of pcscd. */
static RESPONSECODE wait_for_event(DWORD lun, int timeout_ms) {
  struct slot *slot = find(lun);
  unsigned char bytes[64];
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  if (slot->event_fd < 0) {
    slot->event_fd = dial(slot, KIND_EVENTS);
    if (slot->event_fd < 0) {
      usleep(100000);
      return IFD_SUCCESS;
    }
  }
  struct pollfd ready = {.fd = slot->event_fd, .events = POLLIN};
  int count = poll(&ready, 1, timeout_ms < 0 || timeout_ms > POLL_CAP_MS ? POLL_CAP_MS : timeout_ms);
  if (count > 0 && recv(slot->event_fd, bytes, sizeof bytes, 0) <= 0) hang_up(&slot->event_fd);
  return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName) {
  const char *colon = strrchr(DeviceName, ':');
  int slots = colon == NULL ? 0 : atoi(colon + 1);
  if (slots < 1 || slots > 8 || (size_t)(colon - DeviceName) > PATH_MAX_BYTES) return IFD_COMMUNICATION_ERROR;
  struct slot *slot = NULL;
  pthread_mutex_lock(&table_lock);
  for (int at = 0; at < SLOTS_MAX && slot == NULL; at++)
    if (!table[at].used) slot = &table[at];
  if (slot != NULL) {
    memset(slot, 0, sizeof *slot);
    slot->lun = Lun;
    slot->slots = slots;
    slot->command_fd = slot->event_fd = -1;
    memcpy(slot->path, DeviceName, (size_t)(colon - DeviceName));
    pthread_mutex_init(&slot->lock, NULL);
    slot->command_fd = dial(slot, KIND_COMMANDS);
    slot->used = slot->command_fd >= 0;
  }
  pthread_mutex_unlock(&table_lock);
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  return slot->used ? IFD_SUCCESS : IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD Channel) {
  (void)Lun;
  (void)Channel;
  return IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCloseChannel(DWORD Lun) {
  struct slot *slot = find(Lun);
  if (slot == NULL) return IFD_SUCCESS;
  pthread_mutex_lock(&table_lock);
  hang_up(&slot->command_fd);
  hang_up(&slot->event_fd);
  slot->used = 0;
  pthread_mutex_unlock(&table_lock);
  return IFD_SUCCESS;
}

static RESPONSECODE one_byte(PDWORD Length, PUCHAR Value, unsigned char byte) {
  if (*Length < 1) return IFD_ERROR_INSUFFICIENT_BUFFER;
  *Length = 1;
  Value[0] = byte;
  return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value) {
  static const char vendor[] = "Yikatong simulated reader";
  struct slot *slot = find(Lun);
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  switch (Tag) {
    case TAG_IFD_ATR:
    case SCARD_ATTR_ATR_STRING:
      if (*Length < slot->atr_length) return IFD_ERROR_INSUFFICIENT_BUFFER;
      *Length = slot->atr_length;
      memcpy(Value, slot->atr, slot->atr_length);
      return IFD_SUCCESS;
    case SCARD_ATTR_VENDOR_NAME:
      if (*Length < sizeof vendor) return IFD_ERROR_INSUFFICIENT_BUFFER;
      *Length = sizeof vendor;
      memcpy(Value, vendor, sizeof vendor);
      return IFD_SUCCESS;
    case TAG_IFD_SLOTS_NUMBER: return one_byte(Length, Value, (unsigned char)slot->slots);
    case TAG_IFD_SIMULTANEOUS_ACCESS: return one_byte(Length, Value, 16);
    case TAG_IFD_THREAD_SAFE:
    case TAG_IFD_SLOT_THREAD_SAFE: return one_byte(Length, Value, 1);
    case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
      /* With this variable set pcscd polls slowly, as it does for readers without an interrupt pipe. */
      if (getenv("YIKATONG_IFD_SLOW_EVENTS") != NULL || *Length < sizeof(void *)) break;
      *(void **)Value = (void *)wait_for_event;
      *Length = sizeof(void *);
      return IFD_SUCCESS;
    default: break;
  }
  *Length = 0;
  return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value) {
  (void)Lun;
  (void)Tag;
  (void)Length;
  (void)Value;
  return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2, UCHAR PTS3) {
  (void)Flags;
  (void)PTS1;
  (void)PTS2;
  (void)PTS3;
  struct slot *slot = find(Lun);
  unsigned char protocol = (unsigned char)Protocol;
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  struct exchange x = {.op = OP_PROTOCOL, .head = &protocol, .head_length = 1};
  return ask(slot, &x, IFD_COMMUNICATION_ERROR);
}

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength) {
  struct slot *slot = find(Lun);
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  unsigned char atr[MAX_ATR_SIZE];
  unsigned char op = Action == IFD_POWER_UP ? OP_POWER_UP : Action == IFD_RESET ? OP_RESET : OP_POWER_DOWN;
  struct exchange x = {.op = op, .out = atr, .out_room = sizeof atr};
  *AtrLength = 0;
  RESPONSECODE result = ask(slot, &x, IFD_COMMUNICATION_ERROR);
  slot->atr_length = 0;
  if (result != IFD_SUCCESS) return result == IFD_ICC_NOT_PRESENT || result == IFD_NO_SUCH_DEVICE || result == IFD_COMMUNICATION_ERROR ? result : IFD_ERROR_POWER_ACTION;
  if (op == OP_POWER_DOWN) return IFD_SUCCESS;
  memcpy(slot->atr, atr, x.out_length);
  slot->atr_length = (DWORD)x.out_length;
  memcpy(Atr, atr, x.out_length);
  *AtrLength = (DWORD)x.out_length;
  return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength, PSCARD_IO_HEADER RecvPci) {
  struct slot *slot = find(Lun);
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  unsigned char protocol = (unsigned char)SendPci.Protocol;
  struct exchange x = {.op = OP_TRANSMIT, .head = &protocol, .head_length = 1, .data = TxBuffer, .data_length = TxLength, .out = RxBuffer, .out_room = *RxLength};
  RESPONSECODE result = ask(slot, &x, IFD_ICC_NOT_PRESENT);
  *RxLength = result == IFD_SUCCESS ? (DWORD)x.out_length : 0;
  if (RecvPci != NULL) RecvPci->Protocol = SendPci.Protocol;
  return result;
}

RESPONSECODE IFDHControl(DWORD Lun, DWORD ControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, DWORD RxLength, LPDWORD BytesReturned) {
  struct slot *slot = find(Lun);
  if (BytesReturned != NULL) *BytesReturned = 0;
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  unsigned char code[4] = {(unsigned char)(ControlCode >> 24), (unsigned char)(ControlCode >> 16), (unsigned char)(ControlCode >> 8), (unsigned char)ControlCode};
  struct exchange x = {.op = OP_CONTROL, .head = code, .head_length = 4, .data = TxBuffer, .data_length = TxLength, .out = RxBuffer, .out_room = RxLength};
  RESPONSECODE result = ask(slot, &x, IFD_COMMUNICATION_ERROR);
  if (BytesReturned != NULL && result == IFD_SUCCESS) *BytesReturned = (DWORD)x.out_length;
  return result;
}

RESPONSECODE IFDHICCPresence(DWORD Lun) {
  struct slot *slot = find(Lun);
  if (slot == NULL) return IFD_COMMUNICATION_ERROR;
  unsigned char present = 0;
  struct exchange x = {.op = OP_PRESENCE, .out = &present, .out_room = 1};
  /* A simulator that cannot be reached is a reader that was unplugged, not an empty slot. */
  RESPONSECODE result = ask(slot, &x, IFD_NO_SUCH_DEVICE);
  if (result != IFD_SUCCESS) return result;
  return x.out_length == 1 && present == 1 ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}
