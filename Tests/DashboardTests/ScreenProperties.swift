import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// Any sample on any screen gives a well-formed frame.
@Suite struct ScreenProperties {
  @Test(arguments: 0..<24) func anySampleOnAnyScreen(_ seed: UInt64) {
    var random = RandomSamples(seed: seed)
    for _ in 0..<12 {
      let history = History(capacity: 50, interval: Int(random.below(40)))
      for _ in 0..<random.below(12) { history.append(random.sample()) }
      let preview = random.below(2) == 0 ? random.sample() : nil
      let kind = Glyphs.GraphGlyphs.allCases[Int(random.below(4))]
      for _ in 0..<3 {
        let size = random.size()
        var input = ScreenGoldens.screenInput(history)
        input.size = size
        input.glyphs = Glyphs(kind, isMono: random.below(2) == 0)
        input.state = random.state()
        input.preview = preview
        input.now = random.below(2) == 0 ? random.number() : history.latest?.sample.timestamp.seconds ?? 0
        input.utcOffset = Int(random.below(100_000)) - 50_000
        let message = random.below(3) == 0 ? random.text() : nil
        input.options = DashboardOptions(
          listening: random.below(2) == 0 ? random.text() : nil, version: random.text(), sampleInterval: 1
        ) { message }
        input.table = random.maybe { ProcessSnapshot(processes: $0.sample().processes?.top ?? []) }
        input.canSignal = random.below(2) == 0
        if random.below(4) == 0 {
          input.connection = DashboardConnection(
            isConnected: random.below(2) == 0, lag: random.number(), reason: random.maybe { $0.text() })
        }
        input.hosts = random.some(4) { random, _ in
          HostSummary(
            name: random.text(), sample: random.maybe { $0.sample() },
            connection: DashboardConnection(isConnected: random.below(2) == 0))
        }
        input.bytesPerFrame = random.number()
        input.spark = random.some(9) { random, _ in (random.number(), random.number()) }
        let picture = Screen(input).draw()
        let grid = picture.grid
        for hit in picture.frameContext.hits {
          #expect(hit.rect.x >= 0 && hit.rect.y >= 0 && hit.rect.width > 0, "\(hit)")
        }
        check(grid, size, kind, "seed \(seed), \(size), \(kind)")
      }
    }
  }

  private func check(_ grid: Grid, _ size: Size, _ kind: Glyphs.GraphGlyphs, _ comment: Comment) {
    #expect(grid.width == size.width && grid.height == size.height, comment)
    #expect(grid.cells.count == size.width * size.height, comment)
    var faults = 0
    for y in 0..<grid.height {
      var columns = 0
      var x = 0
      while x < grid.width {
        let cell = grid[x, y]
        let width = Unicode.Scalar(cell.scalar).map { CharacterWidth.of($0) } ?? -1
        // No control character, half of a wide character or lone mark; only ASCII where required.
        if cell.scalar == Cell.tail || width < 1 { faults += 1 }
        if kind == .ascii, cell.scalar >= 0x7F || cell.mark1 != 0 { faults += 1 }
        for mark in [cell.mark1, cell.mark2] where mark != 0 {
          if Unicode.Scalar(mark).map({ CharacterWidth.of($0) }) != 0 { faults += 1 }
        }
        if width == 2, grid[x + 1, y].scalar != Cell.tail || x + 1 >= grid.width { faults += 1 }
        columns += max(1, width)
        x += max(1, width)
      }
      if columns != grid.width { faults += 1 }
    }
    #expect(faults == 0, comment)
  }

  @Test(arguments: 0..<8) func anyLine(_ seed: UInt64) {
    var random = RandomSamples(seed: seed &+ 1000)
    for _ in 0..<40 {
      let sample = random.sample()
      let columns = LineMode.columns(of: sample)
      let line = LineMode.line(sample, columns)
      #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }
  }
}

/// Samples unlike those of any machine.
private struct RandomSamples {
  private var random: SplitMix

  init(seed: UInt64) {
    random = SplitMix(state: seed &* 7919 &+ 1)
  }

  mutating func below(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : random.next() % bound }

  mutating func size() -> Size {
    switch below(4) {
    case 0: Size(width: Int(below(30)), height: Int(below(12)))
    case 1: Size(width: Int(below(110)), height: Int(below(40)))
    case 2: Size(width: Int(50 + below(40)), height: Int(14 + below(12)))
    default: Size(width: Int(below(300)), height: Int(below(90)))
    }
  }

  mutating func number() -> Double {
    let odd: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, -1, 1, 1e300, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      1e15, 1e19,
    ]
    switch below(4) {
    case 0: return odd[Int(below(UInt64(odd.count)))]
    case 1: return random.unit
    case 2: return random.unit * 1e12
    default: return random.unit * 200 - 50
    }
  }

  mutating func text() -> String {
    let pieces = [
      "a", "name", " ", "日本", "\u{1B}[2J", "\n", "\u{7F}", "\u{9B}31m", "\u{202E}", "e\u{301}\u{302}\u{303}", "👩‍👩‍👧", "🇩🇪",
      "\u{301}", "한", "\u{1112}\u{1161}\u{11AB}", "\u{0}", "/a/very/long/path/to/somewhere", "\u{FFFD}", "\u{E000}",
      "\u{10FFFF}", "ﷺ", "नि", "\t", "Ａ", "\r\n", "❤️", "é",
    ]
    var text = ""
    for _ in 0..<below(7) { text += pieces[Int(below(UInt64(pieces.count)))] }
    return text
  }

  mutating func maybe<Value>(_ value: (inout RandomSamples) -> Value) -> Value? {
    below(3) == 0 ? nil : value(&self)
  }

  mutating func some<Value>(_ limit: UInt64, _ value: (inout RandomSamples, Int) -> Value) -> [Value] {
    (0..<Int(below(limit + 1))).map { value(&self, $0) }
  }

  mutating func state() -> ScreenState {
    var state = ScreenState()
    for setting in Setting.all where !setting.values.isEmpty {
      _ = setting.set(&state.settings, setting.values[Int(below(UInt64(setting.values.count)))])
    }
    if below(3) == 0 { state.settings.hidden = Set(PanelDescriptor.all.filter { _ in below(3) == 0 }) }
    state.table.sort = ProcessColumn.allCases[Int(below(UInt64(ProcessColumn.allCases.count)))]
    (state.table.isTree, state.table.isFolded, state.table.isReversed) = (
      below(3) == 0, below(3) == 0, below(2) == 0
    )
    state.table.filter = below(4) == 0 ? text() : ""
    state.table.scroll = Int(below(40)) - 5
    state.table.selected = maybe { Int32(truncatingIfNeeded: $0.below(30)) }
    state.table.follows = below(3) == 0
    state.focus = maybe { PanelDescriptor.all[Int($0.below(9))] }
    state.isMaximized = below(3) == 0
    state.cursor.zoom = maybe { Int($0.below(UInt64(TimeAxis.steps.count))) }
    if below(3) == 0 {
      state.cursor.time = number()
      state.cursor.axisEnd = maybe { $0.number() }
    }
    state.isPaused = below(4) == 0
    for panel in PanelDescriptor.all where below(3) == 0 { state.scrolls[panel] = Int(below(12)) - 2 }
    state.isGrid = below(8) == 0
    state.host = Int(below(3))
    switch below(12) {
    case 0: state.overlay = .help(scroll: Int(below(60)))
    case 1: state.overlay = .explain(PanelDescriptor.all[Int(below(9))], selected: Int(below(80)))
    case 2: state.overlay = .settings(selected: Int(below(20)))
    case 3: state.overlay = .details(Int32(truncatingIfNeeded: below(30)))
    case 4:
      var dialog = SignalDialog(
        process: sample().processes?.top.first ?? Process(), children: maybe { Int($0.below(9)) })
      (dialog.selected, dialog.isAsked, dialog.folded) = (Int(below(12)), below(2) == 0, Int(below(3)))
      state.overlay = .signal(dialog)
    case 5: state.overlay = .filter(before: "")
    default: break
    }
    return state
  }

  mutating func sample() -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: below(3) == 0 ? number() : 1_770_273_900 + Double(below(60)))
    reading.boottime = number()
    reading.host.hostname = maybe { $0.text() }
    reading.host.os = maybe { $0.text() }
    reading.host.kernel = maybe { $0.text() }
    reading.host.uptime = number()
    reading.load = maybe { random in
      var load = Load()
      (load.load1, load.load5, load.load15) = (random.number(), random.number(), random.number())
      return load
    }
    if below(2) == 0 {
      var pressure = PressureReading()
      for path in [\PressureReading.cpu, \.memory, \.io, \.irq] {
        pressure[keyPath: path] = maybe { random in
          var resource = PressureReading.Resource()
          resource.some = random.maybe { random in
            var line = PressureReading.StallTotals()
            line.avg10 = random.number()
            return line
          }
          resource.full = random.maybe { _ in PressureReading.StallTotals() }
          return resource
        }
      }
      reading.pressure = pressure
    }
    if below(2) == 0 { reading.cgroup = CgroupReading(version: 2, path: text()) }
    reading.temperatures = some(20) { random, _ in
      var sensor = Temperature(chip: random.text(), sensor: random.text(), celsius: random.number())
      (sensor.high, sensor.critical) = (random.number(), random.number())
      return sensor
    }
    reading.filesystems = some(20) { random, _ in
      var filesystem = Filesystem(
        mountpoint: random.text(), device: random.text(), fstype: random.text(), isReadOnly: random.below(2) == 0)
      (filesystem.total, filesystem.used, filesystem.available) = (random.number(), random.number(), random.number())
      filesystem.age = random.number()
      filesystem.error = random.maybe { $0.text() }
      return filesystem
    }
    reading.gpus = some(below(2) == 0 ? 2 : 20) { random, index in
      var gpu = GPU(index: random.below(4) == 0 ? Int(random.below(100)) : index, vendor: random.text())
      gpu.model = random.maybe { $0.text() }
      (gpu.util, gpu.temperature, gpu.clock) = (random.number(), random.number(), random.number())
      (gpu.vramTotal, gpu.vramUsed) = (random.number(), random.number())
      (gpu.power, gpu.powerLimit) = (random.number(), random.number())
      (gpu.xid, gpu.eccUncorrected, gpu.fan, gpu.age) = (
        random.number(), random.number(), random.number(), random.number()
      )
      gpu.throttleReasons = random.maybe { $0.text() }
      gpu.state = [GPU.GPUState.active, .active, .asleep, .lost][Int(random.below(4))]
      gpu.processes = random.maybe { random in
        random.some(5) { random, index in
          var user = GPUProcess(pid: Int32(index + 1))
          (user.vram, user.util, user.name) = (random.number(), random.number(), random.maybe { $0.text() })
          return user
        }
      }
      return gpu
    }
    reading.processes = maybe { random in
      var table = ProcessesReading()
      table.all = random.some(30) { random, index in
        var process = ProcessReading(pid: Int32(index + 1))
        (process.name, process.user, process.service) = (random.text(), random.text(), random.maybe { $0.text() })
        process.state = UInt8(truncatingIfNeeded: random.below(256))
        process.parent = Int32(truncatingIfNeeded: random.below(30))
        process.cpuTicks = random.below(1 << 62)
        process.residentBytes = random.below(.max)
        return process
      }
      return table
    }
    var sample = Sample(from: nil, to: reading)
    fill(&sample)
    return sample
  }

  /// Values that no Reading can produce: unbounded ones.
  private mutating func fill(_ sample: inout Sample) {
    sample.cpu.model = maybe { $0.text() }
    (sample.cpu.usage, sample.cpu.frequency) = (number(), number())
    (sample.cpu.sockets, sample.cpu.cores, sample.cpu.threads) = (number(), number(), number())
    (sample.cpu.contextSwitches, sample.cpu.interrupts, sample.cpu.forks) = (number(), number(), number())
    let limit: UInt64 = [0, 1, 8, 64, 300, 1024][Int(below(6))]
    sample.cpu.perCore = (0..<limit).map { CPU.Core(cpu: Int32($0), usage: Float(number())) }
    var time = CPUTime()
    (time.user, time.system, time.idle) = (10, 5, 20)
    sample.cpu.modes = maybe { _ in CPU.Modes(from: CPUTime(), to: time) } ?? nil
    if below(2) == 0 {
      sample.cpu.modes?.user = number()
      sample.cpu.modes?.steal = number()
      sample.cpu.modes?.iowait = number()
    }
    (sample.ram.total, sample.ram.used, sample.ram.free) = (number(), number(), number())
    (sample.ram.available, sample.ram.cached, sample.ram.arc) = (number(), number(), number())
    if var group = sample.cgroup {
      (group.memoryLimit, group.memoryUsed, group.cpuLimit, group.cpuCores) = (number(), number(), number(), number())
      sample.cgroup = group
    }
    sample.disks = some(12) { random, _ in
      var disk = Disk()
      (disk.device, disk.name, disk.model) = (random.text(), random.maybe { $0.text() }, random.maybe { $0.text() })
      disk.isPhysical = random.below(2) == 0
      (disk.readRate, disk.writeRate, disk.busy) = (random.number(), random.number(), random.number())
      return disk
    }
    sample.disk = maybe { $0.below(2) == 0 ? sample.disks.first : Disk() } ?? nil
    sample.networks = some(12) { random, _ in
      var network = Network()
      (network.device, network.state) = (random.text(), random.maybe { $0.below(2) == 0 ? "down" : $0.text() })
      network.isPhysical = random.below(2) == 0
      (network.receiveRate, network.transmitRate, network.speed) = (random.number(), random.number(), random.number())
      network.receiveDrops = random.number()
      return network
    }
    sample.network = maybe { $0.below(2) == 0 ? sample.networks.first : Network() } ?? nil
  }
}
