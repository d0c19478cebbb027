// Prints the behavior of CSockets; the lines must be the same on Linux and on Windows (under wine).
// scripts/verify-sockets compiles and compares; it is no target of the package.
#include "CSockets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t listener(int32_t port) {
  int32_t failure = 0;
  int64_t s = csockets_listen("127.0.0.1", port, 16, &failure);
  return s >= 0 ? s : -failure;
}

static int32_t wait_one(int64_t s, int32_t wanted, int32_t milliseconds) {
  struct csockets_interest interest = {s, wanted, 0};
  csockets_wait(&interest, 1, milliseconds);
  return interest.events;
}

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#define close closesocket
typedef SOCKET native;
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int native;
#endif

// A blocking client of the port.
static native client(int32_t port) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  a.sin_port = htons((unsigned short)port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  native s = socket(AF_INET, SOCK_STREAM, 0);
  printf("connect %d\n", connect(s, (struct sockaddr *)&a, sizeof a));
  return s;
}

static void failures(int32_t port) {
  const char *hosts[] = {"no.such.invalid", "999.1.1.1.1", "192.0.2.1"};
  for (int i = 0; i < 3; i++) {
    int32_t failure = 0;
    int64_t s = csockets_listen(hosts[i], 0, 16, &failure);
    printf("listen %s: %d, failure %d\n", hosts[i], (int)s, (int)failure);
  }
  printf("listen on a port in use: failure %d\n", (int)-listener(port));
}

static void wakeups(void) {
  int64_t w = csockets_wakeup_open();
  printf("wakeup %d, before %d", w >= 0, (int)wait_one(w, CSOCKETS_READ, 0));
  csockets_wakeup_signal(w);
  csockets_wakeup_signal(w);
  printf(", signaled %d", (int)wait_one(w, CSOCKETS_READ, 2000));
  csockets_wakeup_clear(w);
  printf(", cleared %d\n", (int)wait_one(w, CSOCKETS_READ, 20));
  csockets_close(w);
}

static int64_t accepted(int64_t l) {
  struct csockets_address peer;
  char text[46];
  printf("readable listener %d\n", (int)wait_one(l, CSOCKETS_READ, 2000));
  int64_t s = csockets_accept(l, &peer);
  csockets_address_text(&peer, text, sizeof text);
  printf("accept %d from %s, count %d, next %d\n", s >= 0, text, (int)peer.count, (int)csockets_accept(l, &peer));
  return s;
}

static void exchange(int64_t l, int32_t port) {
  native c = client(port);
  int64_t s = accepted(l);
  char bytes[64];
  printf("receive before %d\n", (int)csockets_receive(s, bytes, sizeof bytes));
  send(c, "hello", 5, 0);
  printf("events %d", (int)wait_one(s, CSOCKETS_READ | CSOCKETS_WRITE, 2000) & CSOCKETS_WRITE);
  printf(", readable %d", (int)wait_one(s, CSOCKETS_READ, 2000));
  printf(", receive %d", (int)csockets_receive(s, bytes, sizeof bytes));
  printf(", then %d\n", (int)csockets_receive(s, bytes, sizeof bytes));
  // The client finishes sending and still reads.
  shutdown(c, 1);
  printf("half closed: readable %d", (int)wait_one(s, CSOCKETS_READ, 2000));
  printf(", receive %d", (int)csockets_receive(s, bytes, sizeof bytes));
  printf(", without interest %d", (int)wait_one(s, 0, 20));
  printf(", writable %d", (int)wait_one(s, CSOCKETS_WRITE, 2000));
  printf(", send %d\n", (int)csockets_send(s, "answer", 6));
  csockets_finish(s);
  int total = 0, n;
  while ((n = (int)recv(c, bytes, sizeof bytes, 0)) > 0) total += n;
  printf("client received %d, end %d\n", total, n);
  csockets_close(s);
  close(c);
}

static void full_buffer(int64_t l, int32_t port) {
  native c = client(port);
  int64_t s = accepted(l), sent = 0, n;
  csockets_limit_unsent(s, 65536);
  int64_t size = 1 << 20;
  char *bytes = calloc(1, (size_t)size);
  while ((n = csockets_send(s, bytes, size)) > 0 && sent < 64 << 20) sent += n;
  printf("full buffer: send %d, some %d, writable %d\n", (int)n, sent > 0, (int)wait_one(s, CSOCKETS_WRITE, 20));
  int64_t received = 0;
  while (received < sent && (n = recv(c, bytes, (int)size, 0)) > 0) received += n;
  printf("all received %d, writable %d\n", received == sent, (int)wait_one(s, CSOCKETS_WRITE, 2000));
  // The client resets the connection.
  struct linger reset = {1, 0};
  setsockopt(c, SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof reset);
  close(c);
  int events = (int)wait_one(s, CSOCKETS_READ, 2000);
  // wine's poll takes the error, and recv reports the end of input instead.
  n = csockets_receive(s, bytes, 16);
  printf("reset: noticed %d, ended %d\n", events != 0, n == 0 || n == CSOCKETS_FAILED);
  printf("send after it %d\n", (int)csockets_send(s, bytes, 16));
  csockets_close(s);
  free(bytes);
}

int main(void) {
  int64_t l = listener(0);
  struct csockets_address local;
  char text[46];
  printf("listen %d, local address %d", l >= 0, (int)csockets_local_address(l, &local));
  csockets_address_text(&local, text, sizeof text);
  printf(": %s, port %d\n", text, local.port > 0);
  failures(local.port);
  wakeups();
  exchange(l, local.port);
  full_buffer(l, local.port);
  csockets_close(l);
  puts("end");
  return 0;
}
