import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// The first screen has room for processes, and a graph for each GPU.
@Suite struct FirstScreenTests {
  /// A scene with a whole table of processes, and with ended ones.
  private static func input(_ scene: String, _ size: Size) -> ScreenInput {
    var input = ScreenGoldens.input(scene)
    input.size = size
    let history = History(capacity: input.entries.count, interval: 1)
    for entry in input.entries {
      var sample = entry.sample
      var ended = EndedProcesses()
      (ended.name, ended.count, ended.cpu) = ("cc1", 412, 0.8)
      sample.processes?.ended = [ended]
      history.append(sample)
    }
    input.entries = history.all
    input.table = ProcessSnapshot(
      processes: (1...300).map { pid in
        var process = Process()
        (process.pid, process.name, process.cpu) = (Int32(pid), "worker-\(pid)", 1 / Double(pid))
        return process
      })
    return input
  }

  @Test(arguments: [
    ("small-vm", 120, 40, 18), ("one-core", 120, 40, 18), ("gpu-server", 120, 40, 10),
    ("one-gpu-stale-filesystem", 120, 40, 10), ("256-threads-16-gpus", 120, 40, 10), ("small-vm", 200, 60, 18),
    ("gpu-server", 200, 60, 10), ("small-vm", 80, 24, 8), ("one-core", 80, 24, 8), ("gpu-server", 80, 24, 8),
    ("one-gpu-stale-filesystem", 80, 24, 8),
  ]) func processesHaveRoom(_ scene: String, _ width: Int, _ height: Int, _ rows: Int) {
    let frame = Screen(Self.input(scene, Size(width: width, height: height))).draw()
    let screen = frame.grid.rows
    let visible = screen.filter { $0.contains(" worker-") }.count
    #expect(visible >= rows && visible == frame.frameContext.visibleRows, "\(screen.joined(separator: "\n"))")
    #expect(screen.contains { $0.contains("ended: cc1 ×412 80") }, "the ended ones are named")
  }

  @Test(arguments: [("gpu-server", 120, 40, 8), ("gpu-server", 200, 60, 8), ("256-threads-16-gpus", 120, 40, 14)])
  func everyGPUHasAGraph(_ scene: String, _ width: Int, _ height: Int, _ count: Int) throws {
    let frame = Screen(Self.input(scene, Size(width: width, height: height))).draw()
    let panel = try #require(frame.frameContext.hits.first { $0.target == .panel(.gpu) }).rect
    let graphs = frame.frameContext.hits.filter {
      $0.target == .time && panel.contains($0.rect.x, $0.rect.y) && $0.rect.width >= 8
    }
    // Of use and of memory; time axes have no curve.
    let drawn = graphs.filter { graph in
      (graph.rect.x..<graph.rect.right).contains { x in
        (0x2801...0x28FF).contains(frame.grid[x, graph.rect.bottom - 1].scalar)
      }
    }
    #expect(drawn.count >= 2 * count, "\(frame.grid.rows.joined(separator: "\n"))")
  }

  /// The use of a throttled time has the color of warnings, of that GPU only.
  @Test func throttlingShadesTheGraphOfItsGPU() throws {
    var input = Self.input("gpu-server", Size(width: 120, height: 40))
    let end = try #require(input.entries.last).sample.timestamp.seconds
    input.events = [
      MachineEvent(.throttleBegin, at: end - 20, subject: "GPU 3", "GPU 3 throttled: power cap")
    ]
    let frame = Screen(input).draw()
    let panel = try #require(frame.frameContext.hits.first { $0.target == .panel(.gpu) }).rect
    let shaded = frame.frameContext.hits.filter {
      $0.target == .time && panel.contains($0.rect.x, $0.rect.y)
        && frame.grid[$0.rect.right - 1, $0.rect.bottom - 1].style.foreground == .warning
    }
    #expect(shaded.count == 1)
  }
}
