// Included after the socket headers of the system, which name these types alike.
#include <string.h>

static void copy_address(const struct sockaddr_storage *from, struct csockets_address *to) {
  memset(to, 0, sizeof *to);
  if (from->ss_family == AF_INET) {
    const struct sockaddr_in *a = (const struct sockaddr_in *)from;
    memcpy(to->bytes, &a->sin_addr, to->count = 4);
    to->port = ntohs(a->sin_port);
  } else if (from->ss_family == AF_INET6) {
    const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)from;
    memcpy(to->bytes, &a->sin6_addr, to->count = 16);
    to->port = ntohs(a->sin6_port);
  }
}
