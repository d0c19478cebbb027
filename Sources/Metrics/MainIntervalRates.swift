extension Sample {
  /// Creates a scrape's sample: the levels of a Reading with the rates of the last main interval.
  ///
  /// Rates over the time since another client's reading would depend on other readers.
  ///
  /// - Parameter interval: the main track's newest sample; nil before the first one, when no rate is known.
  package init(levelsOf current: Reading, ratesOf interval: Sample?) {
    self.init(from: nil, to: current)
    guard let interval else { return }
    elapsed = interval.elapsed
    cpu.setRates(of: interval.cpu)
    ram.majorFaults = interval.ram.majorFaults
    if let rates = interval.swap {
      swap?.inRate = rates.inRate
      swap?.outRate = rates.outRate
    }
    if let rates = interval.pressure { pressure?.setRates(of: rates) }
    for index in gpus.indices {
      let gpu = gpus[index]
      let rates = interval.gpus.entry(near: index) { $0.uuid == gpu.uuid && $0.pciAddress == gpu.pciAddress }
      if let rates { gpus[index].setRates(of: rates) }
    }
    for index in disks.indices {
      let device = disks[index].device
      if let rates = interval.disks.entry(near: index, where: { $0.device == device }) {
        disks[index].setRates(of: rates)
      }
    }
    disk = Disk(totalOf: disks)
    for index in networks.indices {
      let device = networks[index].device
      if let rates = interval.networks.entry(near: index, where: { $0.device == device }) {
        networks[index].setRates(of: rates)
      }
    }
    network = Network(totalOf: networks)
    for index in powers.indices where powers[index].watts.isNaN {
      let (chip, sensor) = (powers[index].chip, powers[index].sensor)
      powers[index].watts =
        interval.powers.entry(near: index) { $0.chip == chip && $0.sensor == sensor }?.watts ?? .nan
    }
    processes?.top = interval.processes?.top ?? []
    if let rates = interval.cgroup {
      cgroup?.cpuCores = rates.cpuCores
      cgroup?.throttled = rates.throttled
    }
    agent.cpu = interval.agent.cpu
  }
}

extension CPU {
  fileprivate mutating func setRates(of interval: CPU) {
    usage = interval.usage
    modes = interval.modes
    contextSwitches = interval.contextSwitches
    interrupts = interval.interrupts
    forks = interval.forks
    for index in perCore.indices {
      let cpu = perCore[index].cpu
      perCore[index].usage = interval.perCore.entry(near: index) { $0.cpu == cpu }?.usage ?? .nan
    }
  }
}

extension Pressure {
  fileprivate mutating func setRates(of interval: Pressure) {
    for resource in [\Pressure.cpu, \.memory, \.io, \.irq] {
      for line in [\Resource.some, \.full] {
        if let ratio = interval[keyPath: resource]?[keyPath: line]?.ratio {
          self[keyPath: resource]?[keyPath: line]?.ratio = ratio
        }
      }
    }
  }
}

extension GPU {
  /// Copies the means of an interval; a sleeping or lost GPU has none.
  package mutating func setRates(of interval: GPU) {
    for rate in Self.means + [\GPU.utilPeak] where !self[keyPath: rate].isNaN {
      self[keyPath: rate] = interval[keyPath: rate]
    }
  }

  /// Values that are means over the time since the driver's last answer.
  package static var means: [WritableKeyPath<GPU, Double>] {
    [\.util, \.memoryUtil, \.encoder, \.decoder, \.power, \.pcieReceive, \.pcieTransmit]
  }
}

extension Disk {
  fileprivate mutating func setRates(of interval: Disk) {
    readRate = interval.readRate
    writeRate = interval.writeRate
    reads = interval.reads
    writes = interval.writes
    busy = interval.busy
    queue = interval.queue
    readLatency = interval.readLatency
    writeLatency = interval.writeLatency
  }
}

extension Network {
  fileprivate mutating func setRates(of interval: Network) {
    receiveRate = interval.receiveRate
    transmitRate = interval.transmitRate
    receivePackets = interval.receivePackets
    transmitPackets = interval.transmitPackets
    receiveErrors = interval.receiveErrors
    transmitErrors = interval.transmitErrors
    receiveDrops = interval.receiveDrops
    transmitDrops = interval.transmitDrops
  }
}
