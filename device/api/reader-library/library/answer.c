#include "answer.h"

#include <string.h>

#include "yikatong-reader.h"

static int32_t result_of(const uint8_t *at) {
  uint32_t word = ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | (uint32_t)at[3];
  int32_t result;
  memcpy(&result, &word, sizeof result);
  return result;
}

long yikatong_take_answer(const uint8_t *body, size_t length, uint8_t function, char *out, size_t room) {
  if (room > 0) out[0] = '\0';
  if (length < YIKATONG_ANSWER_HEAD || length > YIKATONG_FRAME_MAX) return YIKATONG_ANSWER_MALFORMED;
  if (body[0] != YIKATONG_PROTOCOL_VERSION || body[1] != function) return YIKATONG_ANSWER_MALFORMED;
  size_t output = ((size_t)body[6] << 8) | body[7];
  if (output != length - YIKATONG_ANSWER_HEAD) return YIKATONG_ANSWER_MALFORMED;
  /* An answer that would not fit is not cut: half of a field is another field. */
  if (output >= room) return YIKATONG_ANSWER_MALFORMED;
  const uint8_t *text = body + YIKATONG_ANSWER_HEAD;
  if (memchr(text, 0, output) != NULL) return YIKATONG_ANSWER_MALFORMED;
  int32_t result = result_of(body + 2);
  /* The interface knows success and negative numbers. */
  if (result > 0) return YIKATONG_ANSWER_MALFORMED;
  memcpy(out, text, output);
  out[output] = '\0';
  return result;
}
