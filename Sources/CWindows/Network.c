#include "Calls.h"

#ifdef _WIN32

int32_t cwindows_interfaces(struct cwindows_interface *interfaces, int32_t capacity) {
  const struct windows_calls *calls = windows_calls();
  MIB_IF_TABLE2 *table = NULL;
  if (!calls->interfaces || !calls->free_interfaces || calls->interfaces(&table) != NO_ERROR || !table) return -1;
  int32_t count = 0;
  for (ULONG index = 0; index < table->NumEntries && count < capacity; index++) {
    const MIB_IF_ROW2 *row = &table->Table[index];
    // Filter drivers (firewalls, packet schedulers) list the interface below them once more.
    if (row->InterfaceAndOperStatusFlags.FilterInterface) continue;
    struct cwindows_interface *entry = &interfaces[count++];
    *entry = (struct cwindows_interface){
      .state = (uint32_t)row->OperStatus, .type = row->Type,
      .is_hardware = row->InterfaceAndOperStatusFlags.HardwareInterface,
      .speed = row->ReceiveLinkSpeed, .receive_bytes = row->InOctets,
      .receive_packets = row->InUcastPkts + row->InNUcastPkts, .receive_errors = row->InErrors,
      .receive_drops = row->InDiscards, .transmit_bytes = row->OutOctets,
      .transmit_packets = row->OutUcastPkts + row->OutNUcastPkts, .transmit_errors = row->OutErrors,
      .transmit_drops = row->OutDiscards};
    windows_utf8(row->Alias, -1, entry->name, sizeof entry->name);
  }
  calls->free_interfaces(table);
  return count;
}

#endif
