/// Values of sysfs for which drivers are asked: interfaces, frequency limits, cooling devices, power supplies, sensors.
package struct DeviceReading: Sendable {
  /// A network interface.
  package struct Interface: Sendable {
    package let device: String
    /// In the order of ``attributes``; speed is in bytes per second.
    package let values: [Int64?]
    /// Whether the operational state is up; nil if it is unknown.
    package let isUp: Bool?
    /// Packets without a handler.
    package let notHandled: Int64?

    package init(device: String, values: [Int64?], isUp: Bool?, notHandled: Int64?) {
      self.device = device
      self.values = values
      self.isUp = isUp
      self.notHandled = notHandled
    }
  }

  /// Files of an interface that hold a number.
  package static let attributes = [
    "addr_assign_type", "carrier", "carrier_changes", "carrier_down_count", "carrier_up_count", "dev_id", "dormant",
    "flags", "ifindex", "iflink", "link_mode", "mtu", "name_assign_type", "netdev_group", "type", "speed",
    "tx_queue_len",
  ]

  /// Frequency limits of a CPU in hertz; NaN where absent.
  package struct FrequencyLimits: Sendable {
    package let cpu: Int
    package let scalingMaximum, scalingMinimum, maximum, minimum: Double

    package init(cpu: Int, scalingMaximum: Double, scalingMinimum: Double, maximum: Double, minimum: Double) {
      self.cpu = cpu
      self.scalingMaximum = scalingMaximum
      self.scalingMinimum = scalingMinimum
      self.maximum = maximum
      self.minimum = minimum
    }
  }

  /// A cooling device.
  package struct CoolingDevice: Sendable {
    package let name: String
    package let type: String
    package let state, maximum: Int64?

    package init(name: String, type: String, state: Int64?, maximum: Int64?) {
      self.name = name
      self.type = type
      self.state = state
      self.maximum = maximum
    }
  }

  /// A power supply.
  package struct PowerSupply: Sendable {
    package let name: String
    package let online: Int64?

    package init(name: String, online: Int64?) {
      self.name = name
      self.online = online
    }
  }

  /// A hwmon sensor by its names in a Reading and in node_exporter, with limits that a Reading lacks.
  package struct Sensor: Sendable {
    /// Chip in a Reading.
    package let chip: String
    /// Sensor in a Reading.
    package let sensor: String
    /// Chip by the place of its device, "platform_coretemp_0".
    package let nodeChip: String
    /// Sensor by its file, "temp1".
    package let nodeSensor: String
    /// Name of the chip by its driver.
    package let driver: String
    /// Thousandths of a degree, and 0 or 1 for the alarm.
    package var criticalAlarm, criticalHysteresis: Int64?
    /// Revolutions per minute.
    package var fanMinimum: Int64?

    package init(chip: String, sensor: String, nodeChip: String, nodeSensor: String, driver: String) {
      self.chip = chip
      self.sensor = sensor
      self.nodeChip = nodeChip
      self.nodeSensor = nodeSensor
      self.driver = driver
    }
  }

  package var interfaces: [Interface] = []
  package var frequencyLimits: [FrequencyLimits] = []
  package var coolingDevices: [CoolingDevice] = []
  package var powerSupplies: [PowerSupply] = []
  package var sensors: [Sensor] = []

  /// Creates an empty reading.
  package init() {}
}
