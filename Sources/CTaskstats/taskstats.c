#define _GNU_SOURCE

#include "CTaskstats.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Messages that wait while the reader sleeps; each takes some 1,300 bytes of it.
enum { receive_bytes = 4 << 20, request_bytes = 1024 };

struct request {
  struct nlmsghdr header;
  struct genlmsghdr generic;
  uint8_t attributes[request_bytes];
};

static int send_request(int fd, uint16_t type, uint16_t flags, uint8_t command, uint16_t attribute, const char *text) {
  struct request request;
  size_t length = strlen(text) + 1;
  size_t size = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(NLA_HDRLEN + length);
  if (length > request_bytes - NLA_HDRLEN) return -EINVAL;
  memset(&request, 0, sizeof request);
  request.header.nlmsg_len = (uint32_t)size;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | flags;
  request.header.nlmsg_seq = 1;
  request.generic.cmd = command;
  request.generic.version = 1;
  struct nlattr *value = (struct nlattr *)request.attributes;
  value->nla_type = attribute;
  value->nla_len = (uint16_t)(NLA_HDRLEN + length);
  memcpy(request.attributes + NLA_HDRLEN, text, length);
  return send(fd, &request, size, 0) == (ssize_t)size ? 0 : -errno;
}

// The number of the family in the answer to its request.
static int receive_family(int fd) {
  union {
    struct nlmsghdr header;
    uint8_t bytes[4096];
  } answer;
  ssize_t size = recv(fd, &answer, sizeof answer, 0);
  if (size < 0) return -errno;
  if (size < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) && answer.header.nlmsg_type == NLMSG_ERROR) return -EPROTO;
  if (answer.header.nlmsg_type == NLMSG_ERROR) {
    struct nlmsgerr *error = NLMSG_DATA(&answer.header);
    return error->error < 0 ? error->error : -EPROTO;
  }
  size_t place = NLMSG_LENGTH(GENL_HDRLEN);
  while (place + NLA_HDRLEN <= (size_t)size) {
    struct nlattr attribute;
    memcpy(&attribute, answer.bytes + place, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN) break;
    if (attribute.nla_type == CTRL_ATTR_FAMILY_ID && place + NLA_HDRLEN + 2 <= (size_t)size) {
      uint16_t family;
      memcpy(&family, answer.bytes + place + NLA_HDRLEN, sizeof family);
      return family;
    }
    place += NLA_ALIGN(attribute.nla_len);
  }
  return -ENOENT;
}

// Waits for the acknowledgment of a request; statistics may come before it.
static int receive_result(int fd) {
  union {
    struct nlmsghdr header;
    uint8_t bytes[4096];
  } answer;
  for (int count = 0; count < 10000; count++) {
    ssize_t size = recv(fd, &answer, sizeof answer, 0);
    if (size < 0) return -errno;
    if (size < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.header.nlmsg_type != NLMSG_ERROR) continue;
    return ((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
  }
  return -EPROTO;
}

int ctaskstats_open(const char *cpus) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (fd < 0) return -errno;
  int bytes = receive_bytes;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  struct timeval patience = {.tv_sec = 2}, none = {0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  int result = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
  if (result == 0) {
    result = send_request(fd, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME);
  }
  if (result == 0) result = receive_family(fd);
  if (result > 0) {
    result = send_request(
      fd, (uint16_t)result, NLM_F_ACK, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus);
    if (result == 0) result = receive_result(fd);
  }
  if (result < 0) {
    close(fd);
    return result;
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  return fd;
}

int ctaskstats_receive(int descriptor, uint8_t *buffer, int64_t slot, int32_t *sizes, int count, int waits) {
  enum { most = 64 };
  struct mmsghdr messages[most];
  struct iovec places[most];
  if (count > most) count = most;
  memset(messages, 0, sizeof messages);
  for (int index = 0; index < count; index++) {
    places[index] = (struct iovec){.iov_base = buffer + index * slot, .iov_len = (size_t)slot};
    messages[index].msg_hdr.msg_iov = &places[index];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  int received = recvmmsg(descriptor, messages, (unsigned)count, waits ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
  for (int index = 0; index < received; index++) sizes[index] = (int32_t)messages[index].msg_len;
  return received < 0 ? -errno : received;
}
