#ifndef CSOCKETS_H
#define CSOCKETS_H
#include <stdint.h>

// TCP sockets for a server with one thread, over POSIX or Winsock. Sockets are nonblocking; -1 is no socket.
// Only csockets_listen (name resolution) and csockets_wait block.

enum {
  CSOCKETS_UNKNOWN_HOST = 1,
  CSOCKETS_IN_USE,
  CSOCKETS_NOT_PERMITTED,
  CSOCKETS_NO_ADDRESS,
  CSOCKETS_NO_FAMILY,
  CSOCKETS_OTHER
};

// Results of csockets_accept, csockets_receive and csockets_send.
enum {
  CSOCKETS_WOULD_BLOCK = -1,
  // The connection is broken; for csockets_accept, too few descriptors or too little memory.
  CSOCKETS_FAILED = -2
};

enum { CSOCKETS_READ = 1, CSOCKETS_WRITE = 2, CSOCKETS_GONE = 4 };

struct csockets_interest {
  int64_t socket;
  int32_t wanted;
  int32_t events;
};

// An IP address in network order: 4 or 16 bytes.
struct csockets_address {
  uint8_t bytes[16];
  int32_t count;
  int32_t port;
};

// Returns a listening socket; -1 with a CSOCKETS_ reason in *failure.
int64_t csockets_listen(const char *host, int32_t port, int32_t backlog, int32_t *failure);
int32_t csockets_local_address(int64_t socket, struct csockets_address *address);
// Writes an address as text, without a port; at most 46 bytes with the terminating NUL.
int32_t csockets_address_text(const struct csockets_address *address, char *text, int32_t size);
int64_t csockets_accept(int64_t listener, struct csockets_address *peer);
// Returns the number of bytes; csockets_receive returns 0 at the end of input.
int64_t csockets_receive(int64_t socket, void *bytes, int64_t count);
int64_t csockets_send(int64_t socket, const void *bytes, int64_t count);
// Limits the unsent bytes that the system buffers.
void csockets_limit_unsent(int64_t socket, int32_t bytes);
// Closes the sending half.
void csockets_finish(int64_t socket);
void csockets_close(int64_t socket);
// A socket that another thread makes readable: a UDP socket connected to itself, since WSAPoll takes no pipes.
int64_t csockets_wakeup_open(void);
void csockets_wakeup_signal(int64_t wakeup);
void csockets_wakeup_clear(int64_t wakeup);
// Waits until a wanted event happens, for ever with negative milliseconds; returns the number of sockets with events.
int32_t csockets_wait(struct csockets_interest *interests, int32_t count, int32_t milliseconds);

#endif
