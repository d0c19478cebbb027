#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#include "CSockets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "Address.h"

static void start(void) {
  static volatile LONG started;
  WSADATA data;
  // A second WSAStartup only counts; the process never calls WSACleanup.
  if (!started && WSAStartup(MAKEWORD(2, 2), &data) == 0) InterlockedExchange(&started, 1);
}

static void prepare(SOCKET s) {
  u_long on = 1;
  ioctlsocket(s, FIONBIO, &on);
  SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
}

static int32_t reason(void) {
  switch (WSAGetLastError()) {
  case WSAEADDRINUSE: return CSOCKETS_IN_USE;
  case WSAEACCES: return CSOCKETS_NOT_PERMITTED;
  case WSAEADDRNOTAVAIL: return CSOCKETS_NO_ADDRESS;
  case WSAEAFNOSUPPORT: return CSOCKETS_NO_FAMILY;
  default: return CSOCKETS_OTHER;
  }
}

static int64_t result(int64_t n) {
  if (n >= 0) return n;
  int code = WSAGetLastError();
  return code == WSAEWOULDBLOCK || code == WSAEINTR ? CSOCKETS_WOULD_BLOCK : CSOCKETS_FAILED;
}

int64_t csockets_listen(const char *host, int32_t port, int32_t backlog, int32_t *failure) {
  start();
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
  char digits[16];
  snprintf(digits, sizeof digits, "%d", (int)port);
  if (getaddrinfo(host, digits, &hints, &found) != 0) {
    *failure = CSOCKETS_UNKNOWN_HOST;
    return -1;
  }
  SOCKET s = socket(found->ai_family, SOCK_STREAM, 0);
  int on = 1, off = 0, failed = s == INVALID_SOCKET;
  if (!failed) {
    prepare(s);
    // SO_REUSEADDR would let another program take the port.
    setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on);
    if (found->ai_family == AF_INET6) setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off, sizeof off);
    failed = bind(s, found->ai_addr, (int)found->ai_addrlen) != 0 || listen(s, backlog) != 0;
  }
  if (failed) *failure = reason();
  freeaddrinfo(found);
  if (!failed) return (int64_t)s;
  if (s != INVALID_SOCKET) closesocket(s);
  return -1;
}

int32_t csockets_local_address(int64_t socket, struct csockets_address *address) {
  struct sockaddr_storage a = {0};
  int n = sizeof a;
  if (getsockname((SOCKET)socket, (struct sockaddr *)&a, &n) != 0) return -1;
  copy_address(&a, address);
  return 0;
}

int32_t csockets_address_text(const struct csockets_address *address, char *text, int32_t size) {
  int family = address->count == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, (void *)address->bytes, text, (size_t)size) ? 0 : -1;
}

int64_t csockets_accept(int64_t listener, struct csockets_address *peer) {
  struct sockaddr_storage a = {0};
  int n = sizeof a, on = 1;
  SOCKET s = accept((SOCKET)listener, (struct sockaddr *)&a, &n);
  if (s == INVALID_SOCKET) {
    int code = WSAGetLastError();
    return code == WSAEMFILE || code == WSAENOBUFS ? CSOCKETS_FAILED : CSOCKETS_WOULD_BLOCK;
  }
  prepare(s);
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
  copy_address(&a, peer);
  return (int64_t)s;
}

static int bounded(int64_t count) { return count > 1 << 30 ? 1 << 30 : (int)count; }

int64_t csockets_receive(int64_t socket, void *bytes, int64_t count) {
  return result(recv((SOCKET)socket, bytes, bounded(count), 0));
}

int64_t csockets_send(int64_t socket, const void *bytes, int64_t count) {
  return result(send((SOCKET)socket, bytes, bounded(count), 0));
}

void csockets_limit_unsent(int64_t socket, int32_t bytes) {
  int n = bytes;
  setsockopt((SOCKET)socket, SOL_SOCKET, SO_SNDBUF, (const char *)&n, sizeof n);
}

void csockets_finish(int64_t socket) { shutdown((SOCKET)socket, SD_SEND); }

void csockets_close(int64_t socket) { closesocket((SOCKET)socket); }

int64_t csockets_wakeup_open(void) {
  start();
  struct sockaddr_in a = {.sin_family = AF_INET};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int n = sizeof a;
  SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
  if (s == INVALID_SOCKET) return -1;
  prepare(s);
  if (bind(s, (struct sockaddr *)&a, n) || getsockname(s, (struct sockaddr *)&a, &n) ||
      connect(s, (struct sockaddr *)&a, n)) {
    closesocket(s);
    return -1;
  }
  return (int64_t)s;
}

void csockets_wakeup_signal(int64_t wakeup) { send((SOCKET)wakeup, "", 1, 0); }

void csockets_wakeup_clear(int64_t wakeup) {
  char bytes[16];
  while (recv((SOCKET)wakeup, bytes, sizeof bytes, 0) > 0) {}
}

int32_t csockets_wait(struct csockets_interest *interests, int32_t count, int32_t milliseconds) {
  WSAPOLLFD small[64], *list = count <= 64 ? small : malloc((size_t)count * sizeof *list);
  if (!list) return -1;
  for (int32_t i = 0; i < count; i++) {
    int32_t wanted = interests[i].wanted;
    // WSAPoll reports POLLHUP once the peer has finished sending, whatever is wanted: without an interest it would
    // return immediately, so such a socket is left out.
    list[i].fd = wanted && interests[i].socket >= 0 ? (SOCKET)interests[i].socket : INVALID_SOCKET;
    list[i].events = (SHORT)((wanted & CSOCKETS_READ ? POLLRDNORM : 0) | (wanted & CSOCKETS_WRITE ? POLLWRNORM : 0));
    list[i].revents = 0;
  }
  int n = WSAPoll(list, (ULONG)count, milliseconds);
  for (int32_t i = 0; i < count; i++) {
    int e = n > 0 && list[i].fd != INVALID_SOCKET ? list[i].revents : 0;
    // A half-closed connection is readable (end of input), not gone.
    int read = e & POLLRDNORM || (e & POLLHUP && interests[i].wanted & CSOCKETS_READ);
    interests[i].events = (read ? CSOCKETS_READ : 0) | (e & POLLWRNORM ? CSOCKETS_WRITE : 0) |
                          (e & (POLLERR | POLLNVAL) ? CSOCKETS_GONE : 0);
  }
  if (list != small) free(list);
  return n;
}
#endif
