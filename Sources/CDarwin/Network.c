#include "CDarwin.h"

#if defined(__APPLE__)
#include <net/if.h>
#include <net/if_dl.h>
#include <net/route.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include "Control.h"

/// Copies the name in the address that follows a message.
static void copy_name(struct cdarwin_interface *interface, const char *message, size_t length) {
  struct sockaddr_dl address;
  size_t offset = sizeof(struct if_msghdr2);
  if (length < offset + offsetof(struct sockaddr_dl, sdl_data)) return;
  size_t size = length - offset < sizeof address ? length - offset : sizeof address;
  memset(&address, 0, sizeof address);
  memcpy(&address, message + offset, size);
  size_t count = address.sdl_nlen;
  if (count >= sizeof interface->name) count = sizeof interface->name - 1;
  if (count > sizeof address.sdl_data) count = sizeof address.sdl_data;
  memcpy(interface->name, address.sdl_data, count);
}

int32_t cdarwin_interfaces(struct cdarwin_interface *interfaces, int32_t capacity) {
  int path[] = {CTL_NET, PF_ROUTE, 0, 0, NET_RT_IFLIST2, 0};
  size_t size = 0;
  char *list = cdarwin_list(path, 6, &size);
  if (!list) return -1;
  int32_t count = 0;
  for (size_t place = 0; place + sizeof(struct if_msghdr) <= size;) {
    struct if_msghdr head;
    memcpy(&head, list + place, sizeof head);
    if (head.ifm_msglen == 0 || head.ifm_msglen > size - place) break;
    struct if_msghdr2 message;
    if (head.ifm_type == RTM_IFINFO2 && head.ifm_msglen >= sizeof message) {
      memcpy(&message, list + place, sizeof message);
      if (count < capacity) {
        const struct if_data64 *data = &message.ifm_data;
        interfaces[count] = (struct cdarwin_interface){
            .is_up = (message.ifm_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING),
            .is_loopback = message.ifm_flags & IFF_LOOPBACK,
            .type = data->ifi_type,
            .speed = data->ifi_baudrate,
            .receive_bytes = data->ifi_ibytes,
            .receive_packets = data->ifi_ipackets,
            .receive_errors = data->ifi_ierrors,
            .receive_drops = data->ifi_iqdrops,
            .transmit_bytes = data->ifi_obytes,
            .transmit_packets = data->ifi_opackets,
            .transmit_errors = data->ifi_oerrors,
            .transmit_drops = message.ifm_snd_drops < 0 ? 0 : (uint64_t)message.ifm_snd_drops,
        };
        copy_name(&interfaces[count], list + place, head.ifm_msglen);
      }
      count++;
    }
    place += head.ifm_msglen;
  }
  free(list);
  return count;
}
#endif
