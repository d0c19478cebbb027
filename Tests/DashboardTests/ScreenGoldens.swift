import AgentMetrics
import Glibc
import SampleStore
import TestSupport
import Testing

@testable import Dashboard

/// Whole screens, compared with recorded ones.
///
/// A file holds one scene in one size: the frame in braille, the differing rows in blocks, on the console, in ASCII and
/// without colors, and a plane of styles: a letter per cell's style, in runs, followed by the appearance of each letter
/// in 24 bits, 256 and 16 colors.
@Suite struct ScreenGoldens {
  static let sizes = [
    Size(width: 200, height: 60), Size(width: 120, height: 40), Size(width: 80, height: 24),
    Size(width: 60, height: 20), Size(width: 40, height: 10),
  ]

  /// Machines and states.
  static let scenes = [
    "gpu-server", "small-vm", "one-gpu-stale-filesystem", "one-core", "256-threads-16-gpus", "past", "connection-lost",
    "absent",
  ]

  static let overlays = [
    "paused", "help", "explain", "settings", "details", "signal", "signal-asked", "filter", "tree",
  ]

  static let now = 1_770_273_900.0

  static func input(_ frameContext: String) -> ScreenInput {
    var state = ScreenState()
    var connection: DashboardConnection?
    let history: History
    switch frameContext {
    case "gpu-server":
      var machine = MadeUpMachine.gpuServer
      history = machine.history(ticks: 420)
    case "one-gpu-stale-filesystem":
      var machine = MadeUpMachine.staleFilesystem
      history = machine.history(ticks: 60)
    case "one-core":
      var machine = MadeUpMachine.oneCore
      history = machine.history(ticks: 300)
    case "256-threads-16-gpus":
      var machine = MadeUpMachine.sixteenGPUs
      history = machine.history(ticks: 420)
    case "past":
      var machine = MadeUpMachine.gpuServer
      machine.outOfMemoryAt = 350
      history = machine.history(ticks: 420, gap: 300..<316)
      state.cursor.time = now + 350
      state.cursor.axisEnd = now + 420
    case "connection-lost":
      var machine = MadeUpMachine.smallVM
      history = machine.history(ticks: 300)
      connection = DashboardConnection(isConnected: false, reason: "host down: no route to host")
    case "absent":
      history = History(capacity: 10, interval: 1)
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: now)
      reading.boottime = 100
      history.append(Sample(from: nil, to: reading))
    default:
      var machine = MadeUpMachine.smallVM
      history = machine.history(ticks: 420, gap: 380..<392)
    }
    var input = screenInput(history, state: state)
    input.connection = connection
    if connection != nil { input.now += 42 }
    return input
  }

  /// Returns the input of a dashboard on a history.
  static func screenInput(
    _ history: History, size: Size = Size(width: 80, height: 24), glyphs: Glyphs = Glyphs(.braille),
    state: ScreenState = ScreenState(), message: String? = nil
  ) -> ScreenInput {
    var log = EventLog(interval: history.interval)
    log.update(history.all)
    var input = ScreenInput(
      entries: history.all, preview: history.preview?.sample, interval: history.interval, size: size, glyphs: glyphs,
      options: DashboardOptions(
        listening: "http://127.0.0.1:8080/ui/", version: "1.0.0", sampleInterval: history.interval),
      state: state, now: history.latest?.sample.timestamp.seconds ?? now, utcOffset: 3600, events: log.events,
      bytesPerFrame: 480)
    input.message = message
    return input
  }

  @Test(arguments: scenes, sizes) func wholeScreen(_ frameContext: String, _ size: Size) throws {
    try compare(ScreenGoldens.input(frameContext), size, with: "\(frameContext)-\(size.width)x\(size.height)")
  }

  @Test(arguments: LayoutPreset.allCases) func layouts(_ layout: LayoutPreset) throws {
    for (frameContext, size) in [
      ("gpu-server", Size(width: 200, height: 60)), ("small-vm", Size(width: 100, height: 30)),
    ] {
      var input = ScreenGoldens.input(frameContext)
      input.state.settings.layout = layout
      try compare(input, size, with: "layout-\(layout.rawValue)-\(frameContext)")
    }
  }

  @Test(arguments: [PanelDescriptor.cpu, .gpu, .processes, .disk, .agent]) func maximized(_ panel: PanelDescriptor)
    throws
  {
    var input = ScreenGoldens.input("gpu-server")
    input.state.focus = panel
    input.state.isMaximized = true
    try compare(input, Size(width: 120, height: 40), with: "alone-\(panel.id)")
  }

  /// A scene with the full process table, as in the machine's own dashboard.
  private static func withProcesses(_ frameContext: String) -> ScreenInput {
    var input = input(frameContext)
    input.canSignal = true
    let processes = (input.entries.last?.sample.processes?.top ?? []).map { process in
      var process = process
      process.command = "/usr/bin/\(process.name) --serve --threads 8"
      return process
    }
    input.table = ProcessSnapshot(processes: processes)
    return input
  }

  static let tables = ["commands", "folded", "threads", "no-match"]

  @Test(arguments: tables) func table(_ name: String) throws {
    var input = ScreenGoldens.withProcesses("gpu-server")
    input.state.settings.layout = .processes
    switch name {
    case "folded":
      // A pool of workers with one name.
      for index in 0..<5 {
        guard var process = input.table?.processes.first(where: { $0.name == "nginx" }) else { continue }
        process.pid += Int32(index + 1)
        input.table?.processes.append(process)
      }
      input.state.table.isFolded = true
    case "threads":
      input.state.table.showsThreads = true
      input.hasThreads = true
      for (index, name) in ["python3", "loader", "日本語スレッド"].enumerated() {
        let thread = ProcessThread(
          process: 1903, thread: 1903 + Int32(index), name: name, state: UInt8(ascii: index == 0 ? "S" : "R"),
          cpu: 0.2 * Double(index))
        input.table?.threads.append(thread)
      }
    case "no-match": input.state.table.filter = "user:nobody"
    default: break
    }
    for size in [Size(width: 160, height: 40), Size(width: 80, height: 24)] {
      try compare(input, size, with: "table-\(name)-\(size.width)x\(size.height)")
    }
  }

  @Test(arguments: overlays) func overlay(_ name: String) throws {
    var input = ScreenGoldens.withProcesses("gpu-server")
    input.state.table.selected = 1903
    switch name {
    case "paused": input.state.isPaused = true
    case "help": input.state.overlay = .help(scroll: 0)
    case "explain": input.state.overlay = .explain(.memory, selected: 2)
    case "settings": input.state.overlay = .settings(selected: 1)
    case "details":
      input.state.overlay = .details(1903)
      var details = ProcessDetails()
      details.command = "/usr/bin/python3 train.py --model large --batch 256"
      (details.directory, details.executable, details.openFiles) = ("/srv/train", "/usr/bin/python3.11", 214)
      details.openFilesLimit = ("1024", "1048576")
      details.nice = 5
      input.details = details
      for second in 0..<120 {
        let cpu = 0.4 + 0.015 * Double(second % 20)
        input.spark.append((time: ScreenGoldens.now + 300 + Double(second), cpu: cpu))
      }
    case "signal", "signal-asked":
      var dialog = SignalDialog(process: input.table?.processes.first { $0.pid == 1903 } ?? Process(), children: 2)
      dialog.selected = 1
      dialog.isAsked = name == "signal-asked"
      input.state.overlay = .signal(dialog)
    case "filter":
      input.state.overlay = .filter(before: "")
      input.state.table.filter = "user:postgres >1%cpu"
    default: input.state.table.isTree = true
    }
    for size in [Size(width: 120, height: 40), Size(width: 80, height: 24), Size(width: 40, height: 10)] {
      try compare(input, size, with: "\(name)-\(size.width)x\(size.height)")
    }
  }

  @Test func grid() throws {
    var input = ScreenInput()
    input.now = ScreenGoldens.now + 420
    input.utcOffset = 3600
    input.state.isGrid = true
    for (index, frameContext) in ["small-vm", "gpu-server", "one-core"].enumerated() {
      input.hosts.append(
        HostSummary(
          name: "worker-\(index + 1)", sample: ScreenGoldens.input(frameContext).entries.last?.sample,
          connection: DashboardConnection(isConnected: index != 1, reason: index == 1 ? "timed out" : nil)))
    }
    input.hosts.append(HostSummary(name: "never", sample: nil, connection: DashboardConnection(isConnected: false)))
    for size in [Size(width: 120, height: 40), Size(width: 80, height: 24), Size(width: 40, height: 10)] {
      try compare(input, size, with: "hosts-\(size.width)x\(size.height)")
    }
  }

  @Test func beforeTheFirstSample() throws {
    let history = History(capacity: 10, interval: 1)
    for size in [Size(width: 80, height: 24), Size(width: 20, height: 5)] {
      try compare(ScreenGoldens.screenInput(history), size, with: "nothing-yet-\(size.width)x\(size.height)")
    }
  }

  /// A lone Reading shows the model and memory, without zeros for rates.
  @Test func loneReading() throws {
    let history = History(capacity: 10, interval: 1)
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: ScreenGoldens.now)
    reading.boottime = 100
    reading.cpu.topology.model = "AMD EPYC 7B13"
    reading.cpu.cores = [CPUReading.CoreReading(cpu: 0), CPUReading.CoreReading(cpu: 1)]
    reading.memory.total = 4 << 30
    reading.memory.available = 3 << 30
    reading.memory.free = 1 << 30
    reading.networks = [NetworkReading(device: "eth0")]
    history.append(Sample(from: nil, to: reading))
    for size in [Size(width: 80, height: 24), Size(width: 40, height: 10)] {
      try compare(
        ScreenGoldens.screenInput(history, message: "could not listen: port in use"), size,
        with: "lone-reading-\(size.width)x\(size.height)")
    }
  }

  // MARK: Files

  func compare(
    _ input: ScreenInput, _ size: Size, with name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var input = input
    input.size = size
    input.glyphs = Glyphs(.braille)
    let grid = Screen(input).draw().grid
    var lines = grid.rows
    for glyphs in [
      Glyphs(.blocks), Glyphs(.console), Glyphs(.ascii), Glyphs(.braille, isMono: true),
    ] {
      input.glyphs = glyphs
      lines.append("== " + (glyphs.isMono ? "mono" : glyphs.kind.rawValue))
      for (row, (line, braille)) in zip(Screen(input).draw().grid.rows, grid.rows).enumerated() where line != braille {
        lines.append(String(row + 1) + "|" + line)
      }
    }
    lines += ScreenGoldens.styles(of: grid)
    try Golden.expect(lines.joined(separator: "\n") + "\n", is: name + ".txt", sourceLocation: sourceLocation)
  }

  /// Returns the plane of styles and the meanings of its letters.
  private static func styles(of grid: Grid) -> [String] {
    var letters: [Style: Character] = [.plain: "."]
    var names = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&*+-/:;<=>?@^_~")[...]
    var legend: [String] = []
    var lines = ["== styles"]
    for y in 0..<grid.height {
      var runs: [(Character, Int)] = []
      for x in 0..<grid.width {
        let style = grid[x, y].looksBlank ? .plain : grid[x, y].style
        if letters[style] == nil {
          let letter = names.popFirst() ?? "?"
          letters[style] = letter
          legend.append(String(letter) + " " + description(style))
        }
        let letter = letters[style] ?? "?"
        if runs.last?.0 == letter { runs[runs.count - 1].1 += 1 } else { runs.append((letter, 1)) }
      }
      if runs.last?.0 == "." { runs.removeLast() }
      lines.append(runs.map { String($0.0) + ($0.1 > 1 ? String($0.1) : "") }.joined())
    }
    return lines + ["== letters"] + legend
  }

  private static func description(_ style: Style) -> String {
    var text = ""
    if let entry = Theme.calm[style.foreground] {
      let hex = String(entry.rgb, radix: 16)
      text += String(repeating: "0", count: 6 - hex.count) + hex + " \(entry.of256) \(entry.of16)"
    } else {
      text += "own"
    }
    if style.attributes.contains(.bold) { text += " bold" }
    if style.attributes.contains(.dim) { text += " dim" }
    if style.attributes.contains(.reverse) { text += " reverse" }
    if style.attributes.contains(.underline) { text += " underline" }
    return text
  }
}
