import AgentMetrics
import Glibc
import History
import Testing

@testable import Dashboard

/// Whole screens as text, compared with recorded ones; `RECORD_GOLDENS=1` records them anew, to be looked at.
@Suite struct ScreenGoldens {
  static let sizes = [
    Size(width: 200, height: 60), Size(width: 120, height: 40), Size(width: 80, height: 24),
    Size(width: 40, height: 12),
    Size(width: 20, height: 5),
  ]

  static let machines = ["small-vm", "gpu-server", "256-threads", "stale-filesystem", "absent"]

  static func history(_ machine: String) -> History {
    switch machine {
    case "small-vm":
      var machine = MadeUpMachine.smallVM
      return machine.history(ticks: 420, gap: 380..<392)
    case "gpu-server":
      var machine = MadeUpMachine.gpuServer
      return machine.history(ticks: 420)
    case "256-threads":
      var machine = MadeUpMachine.manyThreads
      return machine.history(ticks: 420)
    case "stale-filesystem":
      var machine = MadeUpMachine.staleFilesystem
      return machine.history(ticks: 60)
    default:
      let history = History(capacity: 10, interval: 1)
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: 1_770_273_900)
      reading.boottime = 100
      history.append(Sample(from: nil, to: reading))
      return history
    }
  }

  static func screen(
    _ history: History, size: Size, glyphs: Glyphs, state: ScreenState = ScreenState(), message: String? = nil
  ) -> Grid {
    let now = history.latest?.sample.timestamp.seconds ?? 1_770_273_900
    return Screen(
      entries: history.all, preview: history.preview?.sample, interval: history.interval, size: size, glyphs: glyphs,
      options: DashboardOptions(
        listening: "http://127.0.0.1:8080/ui/", version: "1.0.0", sampleInterval: history.interval,
        messages: { message }),
      state: state, now: now, utcOffset: 3600
    ).draw()
  }

  @Test(arguments: machines, sizes) func wholeScreen(_ machine: String, _ size: Size) throws {
    let history = ScreenGoldens.history(machine)
    for kind in [Glyphs.Kind.braille, .ascii] {
      let grid = ScreenGoldens.screen(history, size: size, glyphs: Glyphs(kind))
      try compare(grid, with: "\(machine)-\(size.width)x\(size.height)-\(kind.rawValue)")
    }
  }

  @Test func otherGlyphs() throws {
    let history = ScreenGoldens.history("small-vm")
    for glyphs in [Glyphs(.blocks), Glyphs(.console), Glyphs(.braille, isMono: true), Glyphs(.console, isMono: true)] {
      let grid = ScreenGoldens.screen(history, size: Size(width: 80, height: 24), glyphs: glyphs)
      try compare(grid, with: "small-vm-80x24-\(glyphs.kind.rawValue)\(glyphs.isMono ? "-mono" : "")-extra")
    }
  }

  @Test func help() throws {
    let history = ScreenGoldens.history("small-vm")
    let state = ScreenState(isHelpShown: true, isPaused: true, order: .memory)
    for size in [Size(width: 80, height: 24), Size(width: 40, height: 12), Size(width: 20, height: 5)] {
      for kind in [Glyphs.Kind.braille, .ascii] {
        let grid = ScreenGoldens.screen(history, size: size, glyphs: Glyphs(kind), state: state)
        try compare(grid, with: "help-\(size.width)x\(size.height)-\(kind.rawValue)")
      }
    }
  }

  @Test func beforeTheFirstSample() throws {
    let history = History(capacity: 10, interval: 1)
    for size in [Size(width: 80, height: 24), Size(width: 20, height: 5)] {
      try compare(
        ScreenGoldens.screen(history, size: size, glyphs: Glyphs(.braille)),
        with: "nothing-yet-\(size.width)x\(size.height)")
    }
  }

  /// What a lone Reading tells: the model and memory, and no zeros for what needs a past.
  @Test func loneReading() throws {
    let history = History(capacity: 10, interval: 1)
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: 1_770_273_900)
    reading.boottime = 100
    reading.cpu.topology.model = "AMD EPYC 7B13"
    reading.cpu.cores = [CPUReading.Core(cpu: 0), CPUReading.Core(cpu: 1)]
    reading.memory.total = 4 << 30
    reading.memory.available = 3 << 30
    reading.memory.free = 1 << 30
    reading.networks = [NetworkReading(device: "eth0")]
    history.append(Sample(from: nil, to: reading))
    for size in [Size(width: 80, height: 24), Size(width: 40, height: 12)] {
      try compare(
        ScreenGoldens.screen(history, size: size, glyphs: Glyphs(.braille), message: "could not listen: port in use"),
        with: "lone-reading-\(size.width)x\(size.height)")
    }
  }

  // MARK: Files

  private func compare(_ grid: Grid, with name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let text = grid.rows.joined(separator: "\n") + "\n"
    let path = ScreenGoldens.folder + "/" + name + ".txt"
    if getenv("RECORD_GOLDENS").map({ String(cString: $0) }) == "1" {
      let file = try #require(fopen(path, "w"), "cannot write \(path)")
      fputs(text, file)
      fclose(file)
      return
    }
    let recorded = try #require(ScreenGoldens.read(path), "no golden \(name): record it with RECORD_GOLDENS=1")
    if recorded != text {
      Issue.record("\(name) differs from its golden; it is now:\n\(text)", sourceLocation: sourceLocation)
    }
  }

  private static let folder =
    String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex))
    + "/Goldens"

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
