#ifndef _WIN32
#define _GNU_SOURCE
#include "CSockets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "Address.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static void prepare(int s) {
  fcntl(s, F_SETFL, O_NONBLOCK);
  fcntl(s, F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
  int on = 1;
  setsockopt(s, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

static int32_t reason(void) {
  switch (errno) {
  case EADDRINUSE: return CSOCKETS_IN_USE;
  case EACCES:
  case EPERM: return CSOCKETS_NOT_PERMITTED;
  case EADDRNOTAVAIL: return CSOCKETS_NO_ADDRESS;
  case EAFNOSUPPORT: return CSOCKETS_NO_FAMILY;
  default: return CSOCKETS_OTHER;
  }
}

static int64_t result(int64_t n) {
  if (n >= 0) return n;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? CSOCKETS_WOULD_BLOCK : CSOCKETS_FAILED;
}

int64_t csockets_listen(const char *host, int32_t port, int32_t backlog, int32_t *failure) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
  char digits[16];
  snprintf(digits, sizeof digits, "%d", (int)port);
  if (getaddrinfo(host, digits, &hints, &found) != 0) {
    *failure = CSOCKETS_UNKNOWN_HOST;
    return -1;
  }
  int s = socket(found->ai_family, SOCK_STREAM, 0), on = 1, off = 0, failed = s < 0;
  if (!failed) {
    prepare(s);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (found->ai_family == AF_INET6) setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    failed = bind(s, found->ai_addr, found->ai_addrlen) != 0 || listen(s, backlog) != 0;
  }
  if (failed) *failure = reason();
  freeaddrinfo(found);
  if (!failed) return s;
  if (s >= 0) close(s);
  return -1;
}

int32_t csockets_local_address(int64_t socket, struct csockets_address *address) {
  struct sockaddr_storage a = {0};
  socklen_t n = sizeof a;
  if (getsockname((int)socket, (struct sockaddr *)&a, &n) != 0) return -1;
  copy_address(&a, address);
  return 0;
}

int32_t csockets_address_text(const struct csockets_address *address, char *text, int32_t size) {
  int family = address->count == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, address->bytes, text, (socklen_t)size) ? 0 : -1;
}

int64_t csockets_accept(int64_t listener, struct csockets_address *peer) {
  struct sockaddr_storage a = {0};
  socklen_t n = sizeof a;
  int s = accept((int)listener, (struct sockaddr *)&a, &n), on = 1;
  if (s < 0) {
    int exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? CSOCKETS_FAILED : CSOCKETS_WOULD_BLOCK;
  }
  prepare(s);
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  copy_address(&a, peer);
  return s;
}

int64_t csockets_receive(int64_t socket, void *bytes, int64_t count) {
  return result(recv((int)socket, bytes, (size_t)count, 0));
}

int64_t csockets_send(int64_t socket, const void *bytes, int64_t count) {
  return result(send((int)socket, bytes, (size_t)count, MSG_NOSIGNAL));
}

void csockets_limit_unsent(int64_t socket, int32_t bytes) {
  int n = bytes;
  setsockopt((int)socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &n, sizeof n);
}

void csockets_finish(int64_t socket) { shutdown((int)socket, SHUT_WR); }

void csockets_close(int64_t socket) { close((int)socket); }

int64_t csockets_wakeup_open(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  if (s < 0) return -1;
  prepare(s);
  if (bind(s, (struct sockaddr *)&a, n) || getsockname(s, (struct sockaddr *)&a, &n) ||
      connect(s, (struct sockaddr *)&a, n)) {
    close(s);
    return -1;
  }
  return s;
}

void csockets_wakeup_signal(int64_t wakeup) { send((int)wakeup, "", 1, MSG_NOSIGNAL); }

void csockets_wakeup_clear(int64_t wakeup) {
  char bytes[16];
  while (recv((int)wakeup, bytes, sizeof bytes, 0) > 0) {}
}

int32_t csockets_wait(struct csockets_interest *interests, int32_t count, int32_t milliseconds) {
  struct pollfd small[64], *list = count <= 64 ? small : malloc((size_t)count * sizeof *list);
  if (!list) return -1;
  for (int32_t i = 0; i < count; i++) {
    int32_t wanted = interests[i].wanted;
    short events = (short)((wanted & CSOCKETS_READ ? POLLIN : 0) | (wanted & CSOCKETS_WRITE ? POLLOUT : 0));
    list[i] = (struct pollfd){.fd = (int)interests[i].socket, .events = events};
  }
  int n = poll(list, (nfds_t)count, milliseconds);
  for (int32_t i = 0; i < count; i++) {
    int e = n > 0 ? list[i].revents : 0;
    interests[i].events = (e & POLLIN ? CSOCKETS_READ : 0) | (e & POLLOUT ? CSOCKETS_WRITE : 0) |
                          (e & (POLLERR | POLLHUP | POLLNVAL) ? CSOCKETS_GONE : 0);
  }
  if (list != small) free(list);
  return n;
}
#endif
