#ifndef CNVML_H
#define CNVML_H

#include <stdint.h>

// The part of NVIDIA's management library that the agent calls: layouts and numbers of its binary interface, which only
// grows. Nothing is linked; the library is opened at run time, and each function is looked for by itself.

/// nvmlPciInfo_t, third version.
typedef struct {
  char legacy_bus_id[16];
  uint32_t domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
} CNVMLPciInfo;

/// nvmlMemory_t: bytes.
typedef struct {
  uint64_t total, free, used;
} CNVMLMemory;

/// nvmlMemory_v2_t: bytes; what the driver reserves is not in `used`.
typedef struct {
  uint32_t version;
  uint64_t total, reserved, free, used;
} CNVMLMemoryV2;

/// nvmlUtilization_t: percent.
typedef struct {
  uint32_t gpu, memory;
} CNVMLUtilization;

/// nvmlSample_t: microseconds, and a value whose type the call tells.
typedef struct {
  uint64_t timestamp;
  union {
    double as_double;
    uint32_t as_unsigned;
    uint64_t as_unsigned_long;
  } value;
} CNVMLSample;

/// nvmlProcessInfo_v1_t.
typedef struct {
  uint32_t pid;
  uint64_t used_memory;
} CNVMLProcessV1;

/// nvmlProcessInfo_v2_t and nvmlProcessInfo_t of the third version's functions.
typedef struct {
  uint32_t pid;
  uint64_t used_memory;
  uint32_t gpu_instance, compute_instance;
} CNVMLProcessV2;

/// nvmlProcessUtilizationSample_t: percent.
typedef struct {
  uint32_t pid;
  uint64_t timestamp;
  uint32_t sm, memory, encoder, decoder;
} CNVMLProcessUtilization;

/// nvmlFieldValue_t.
typedef struct {
  uint32_t field, scope;
  int64_t timestamp, latency;
  int32_t type, result;
  union {
    double as_double;
    uint32_t as_unsigned;
    uint64_t as_unsigned_long;
  } value;
} CNVMLFieldValue;

#endif
