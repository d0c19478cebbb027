#ifndef CNVML_H
#define CNVML_H

#include <stdint.h>

// The part of NVIDIA's management library that the agent calls: layouts and numbers of its binary interface, which only
// grows. The library is opened at run time, not linked, and each function is resolved separately.

/// nvmlPciInfo_t, third version; the earlier ones begin alike.
typedef struct {
  char legacy_bus_id[16];
  uint32_t domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
} CNVMLPciInfo;

/// nvmlMemory_t: bytes.
typedef struct {
  uint64_t total, free, used;
} CNVMLMemory;

/// nvmlMemory_v2_t: bytes; `used` excludes memory reserved by the driver.
typedef struct {
  uint32_t version;
  uint64_t total, reserved, free, used;
} CNVMLMemoryV2;

/// nvmlUtilization_t: percent.
typedef struct {
  uint32_t gpu, memory;
} CNVMLUtilization;

/// nvmlValue_t: nvmlValueType_t says which member is valid.
typedef union {
  double as_double;
  int32_t as_signed;
  uint32_t as_unsigned;
  uint64_t as_unsigned_long;
  int64_t as_signed_long;
  uint16_t as_unsigned_short;
} CNVMLValue;

/// nvmlSample_t: microseconds, and a value whose type the call returns.
typedef struct {
  uint64_t timestamp;
  CNVMLValue value;
} CNVMLSample;

/// nvmlProcessInfo_v1_t; the later versions begin alike and are 24 bytes long, or 32 in some drivers of 2023.
typedef struct {
  uint32_t pid;
  uint64_t used_memory;
} CNVMLProcess;

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
  CNVMLValue value;
} CNVMLFieldValue;

/// nvmlTemperature_v1_t.
typedef struct {
  uint32_t version, sensor;
  int32_t temperature;
} CNVMLTemperature;

/// nvmlC2cModeInfo_v1_t.
typedef struct {
  uint32_t enabled;
} CNVMLC2C;

/// nvmlDeviceAttributes_t of nvmlDeviceGetAttributes_v2: the memory in MiB.
typedef struct {
  uint32_t multiprocessors, copy_engines, decoders, encoders, jpeg_engines, optical_flow_engines;
  uint32_t instance_slices, compute_slices;
  uint64_t memory;
} CNVMLAttributes;

/// nvmlEventData_t of nvmlEventSetWait_v2; that of the first version is a prefix.
typedef struct {
  void *device;
  uint64_t type, data;
  uint32_t gpu_instance, compute_instance;
} CNVMLEvent;

#endif
