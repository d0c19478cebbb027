internal import NodeMetrics

/// Writes a DeviceReading under node_exporter's names.
enum NodeDeviceWriter {
  static func write(_ devices: DeviceReading, to exposition: inout Exposition) {
    writeInterfaces(devices.interfaces, to: &exposition)
    writeFrequencyLimits(devices.frequencyLimits, to: &exposition)
    writeCooling(devices, to: &exposition)
    writeSensors(devices.sensors, to: &exposition)
  }

  /// Families of the files of ``DeviceReading/attributes``, in their order.
  private static let attributes: [(name: StaticString, kind: Exposition.ExposedType, help: StaticString)] = [
    ("node_network_address_assign_type", .gauge, "Origin of the interface's address"),
    ("node_network_carrier", .gauge, "Whether the link has a carrier"),
    ("node_network_carrier_changes_total", .counter, "Times that the link went up or down"),
    ("node_network_carrier_down_changes_total", .counter, "Times that the link went down"),
    ("node_network_carrier_up_changes_total", .counter, "Times that the link went up"),
    ("node_network_device_id", .gauge, "Distinguishes devices with the same address"),
    ("node_network_dormant", .gauge, "Whether the interface is dormant"),
    ("node_network_flags", .gauge, "Flags of the interface (if.h)"),
    ("node_network_iface_id", .gauge, "Index of the interface"),
    ("node_network_iface_link", .gauge, "Index of the underlying interface"),
    ("node_network_iface_link_mode", .gauge, "Link mode of the interface"),
    ("node_network_mtu_bytes", .gauge, "Maximum transmission unit in bytes"),
    ("node_network_name_assign_type", .gauge, "Origin of the interface's name"),
    ("node_network_net_dev_group", .gauge, "Group of the interface"),
    ("node_network_protocol_type", .gauge, "Protocol of the hardware (if_arp.h)"),
    ("node_network_speed_bytes", .gauge, "Link speed in bytes per second"),
    ("node_network_transmit_queue_length", .gauge, "Length of the transmit queue"),
  ]

  private static func writeInterfaces(_ interfaces: [DeviceReading.Interface], to exposition: inout Exposition) {
    func column(
      _ name: StaticString, _ kind: Exposition.ExposedType, _ help: StaticString,
      _ value: (DeviceReading.Interface) -> Int64?
    ) {
      exposition.family(name, kind, help)
      for interface in interfaces {
        guard let value = value(interface) else { continue }
        exposition.sample()
        exposition.label("device", interface.device)
        exposition.value(value)
      }
    }
    for (index, attribute) in attributes.enumerated() {
      column(attribute.name, attribute.kind, attribute.help) { $0.values[index] }
    }
    column("node_network_up", .gauge, "Whether the operational state is up") { $0.isUp.map { $0 ? 1 : 0 } }
    column("node_network_receive_nohandler_total", .counter, "Packets received without a handler") { $0.notHandled }
  }

  private static func writeFrequencyLimits(
    _ limits: [DeviceReading.FrequencyLimits], to exposition: inout Exposition
  ) {
    func column(_ name: StaticString, _ help: StaticString, _ value: (DeviceReading.FrequencyLimits) -> Double) {
      exposition.family(name, .gauge, help)
      for limit in limits {
        exposition.sample()
        exposition.label("cpu", limit.cpu)
        exposition.value(value(limit))
      }
    }
    column("node_cpu_scaling_frequency_max_hertz", "Maximum allowed frequency of a CPU") { $0.scalingMaximum }
    column("node_cpu_scaling_frequency_min_hertz", "Minimum allowed frequency of a CPU") { $0.scalingMinimum }
    column("node_cpu_frequency_max_hertz", "Maximum hardware frequency of a CPU") { $0.maximum }
    column("node_cpu_frequency_min_hertz", "Minimum hardware frequency of a CPU") { $0.minimum }
  }

  private static func writeCooling(_ devices: DeviceReading, to exposition: inout Exposition) {
    func column(_ name: StaticString, _ help: StaticString, _ value: (DeviceReading.CoolingDevice) -> Int64?) {
      exposition.family(name, .gauge, help)
      for device in devices.coolingDevices {
        guard let value = value(device) else { continue }
        exposition.sample()
        exposition.label("name", device.name)
        exposition.label("type", device.type)
        exposition.value(value)
      }
    }
    column("node_cooling_device_cur_state", "Current state of a cooling device") { $0.state }
    column("node_cooling_device_max_state", "Maximum state of a cooling device") { $0.maximum }
    exposition.family("node_power_supply_online", .gauge, "Whether a power supply is online")
    for supply in devices.powerSupplies {
      guard let online = supply.online else { continue }
      exposition.sample()
      exposition.label("power_supply", supply.name)
      exposition.value(online)
    }
  }

  private static func writeSensors(_ sensors: [DeviceReading.Sensor], to exposition: inout Exposition) {
    func column(
      _ name: StaticString, _ help: StaticString, per factor: Double, _ value: (DeviceReading.Sensor) -> Int64?
    ) {
      exposition.family(name, .gauge, help)
      for sensor in sensors {
        guard let value = value(sensor) else { continue }
        exposition.sample()
        exposition.label("chip", sensor.nodeChip)
        exposition.label("sensor", sensor.nodeSensor)
        exposition.value(Double(value) / factor)
      }
    }
    column("node_hwmon_temp_crit_alarm_celsius", "Whether a critical limit is exceeded", per: 1_000) {
      $0.criticalAlarm
    }
    column("node_hwmon_temp_crit_hyst_celsius", "Hysteresis limit of the critical alarm", per: 1_000) {
      $0.criticalHysteresis
    }
    column("node_hwmon_fan_min_rpm", "Minimum speed of a fan", per: 1) { $0.fanMinimum }
    exposition.family("node_hwmon_sensor_label", .gauge, "Label of a sensor; always 1")
    for sensor in sensors where sensor.sensor != sensor.nodeSensor {
      exposition.sample()
      exposition.label("chip", sensor.nodeChip)
      exposition.label("label", sensor.sensor)
      exposition.label("sensor", sensor.nodeSensor)
      exposition.value(1 as UInt64)
    }
  }
}
