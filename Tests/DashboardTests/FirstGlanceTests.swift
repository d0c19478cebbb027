import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// The culprit on the first screen, and its place.
@Suite struct FirstGlanceTests {
  private func server(_ size: Size, ticks: Int = 60, gpus: Int = 4) -> ScreenInput {
    var machine = MadeUpMachine.gpuServer
    machine.gpus = gpus
    return ScreenGoldens.screenInput(machine.history(ticks: ticks), size: size)
  }

  private func text(_ input: ScreenInput) -> String { Screen(input).draw().grid.rows.joined(separator: "\n") }

  private static let sentence =
    "24 tasks want to run on 2 CPUs, some waited 96% of the time; swift-frontend ×3 uses 60% of the CPU time"

  @Test func theCulpritOfASlowMachineIsReadableAtAnyWidth() throws {
    let row = try #require(SlowRow([Self.sentence], Glyphs(.braille)))
    for (width, height) in [(80, 2), (80, 1), (60, 1), (120, 1)] {
      var grid = Grid(Size(width: width, height: 2))
      #expect(row.rows(width: width) == (width < 112 ? 2 : 1))
      row.draw(on: &grid, in: Rect(x: 0, y: 0, width: width, height: height))
      #expect(grid.rows[0].contains("swift-frontend ×3 uses 60% of the CPU time"), "\(width)")
      #expect(height == 1 || grid.rows[1].hasSuffix("waited 96% of the time"), "\(grid.rows[1])")
    }
    #expect(SlowRow.culpritFirst("a") == "a")
    let (first, second) = SlowRow.wrapped("one two three", 7)
    #expect(first == "one two" && second == "three")
    let (whole, none) = SlowRow.wrapped("longer-than-the-row", 7)
    #expect(whole == "longer-than-the-row" && none.isEmpty)
  }

  @Test func theRowOfACulpritDoesNotShrinkWhileItIsShown() {
    var input = server(Size(width: 120, height: 40))
    #expect(Screen(input).draw().frameContext.slowRows == 1)
    input.slowRows = 2
    let frame = Screen(input).draw()
    #expect(frame.frameContext.slowRows == 2 && frame.grid.rows[2].allSatisfy { $0 == " " }, "\(frame.grid.rows[2])")
    input.size.height = 18
    #expect(Screen(input).draw().frameContext.slowRows == 1)
  }

  @Test func processesNameTheirGPUs() {
    for width in [80, 120, 200] {
      #expect(text(server(Size(width: width, height: 40))).contains("GPUS"), "\(width)")
    }
    #expect(!text(server(Size(width: 120, height: 40), gpus: 1)).contains("GPUS"))
    #expect(ProcessTableView.ranges([3, 0, 1, 2, 6, 8, 9]) == "0-3,6,8-9")
    #expect(ProcessTableView.ranges([]).isEmpty && ProcessTableView.ranges([7]) == "7")
  }

  @Test func theLayoutOfProcessesIsMostlyTheirTable() throws {
    var input = server(Size(width: 120, height: 40))
    input.state.settings.layout = .processes
    var table = ProcessSnapshot()
    table.processes = (0..<60).map { index in
      var process = Process()
      (process.pid, process.name) = (Int32(100 + index), "worker")
      return process
    }
    input.table = table
    let frame = Screen(input).draw()
    let place = try #require(frame.grid.rows.firstIndex { $0.contains("PROCESSES") })
    #expect(place <= 9, "\(place)")
    #expect(frame.frameContext.visibleRows >= 26)
  }

  /// The past has fewer processes; every panel stays where it is.
  @Test func thePastHasTheLayoutOfNow() throws {
    var input = server(Size(width: 120, height: 40))
    var machine = MadeUpMachine.gpuServer
    machine.gpus = 4
    let sample = try #require(machine.history(ticks: 5).latest?.sample)
    var table = ProcessSnapshot()
    let some = sample.processes?.top ?? []
    table.processes = (0..<60).map { index in
      var process = some[index % some.count]
      process.pid = Int32(1_000 + index)
      return process
    }
    (input.table, input.hasWholeTable) = (table, true)
    func places(_ input: ScreenInput) -> [Int?] {
      let rows = Screen(input).draw().grid.rows
      return ["CPU", "MEMORY", "NETWORK", "PROCESSES"].map { name in rows.firstIndex { $0.contains(name) } }
    }
    let now = places(input)
    input.state.cursor.time = ScreenGoldens.now + 20
    #expect(places(input) == now)
  }

  @Test func serviceDoesNotReplaceCommand() {
    var machine = MadeUpMachine.smallVM
    var input = ScreenGoldens.screenInput(machine.history(ticks: 60), size: Size(width: 120, height: 40))
    let processes: [Process] = (0..<20).map { index in
      var process = Process()
      (process.pid, process.name, process.command) = (Int32(100 + index), "bash", "bash -c work --step \(index)")
      if index == 0 { process.service = "cron.service" }
      return process
    }
    var table = ProcessSnapshot()
    table.processes = processes
    input.table = table
    #expect(text(input).contains("COMMAND") && !text(input).contains("SERVICE"))
    input.size = Size(width: 200, height: 60)
    #expect(text(input).contains("COMMAND") && text(input).contains("SERVICE"))
    input.size = Size(width: 80, height: 24)
    #expect(!text(input).contains("SERVICE"))
  }

  @Test func theMarkOfTheOrderHasRoom() {
    for column in [ProcessColumn.read, .write, .faults, .nice, .priority] {
      for width in [80, 120, 200] {
        var input = server(Size(width: width, height: 40))
        input.state.table.choice.sort = column
        #expect(text(input).contains(" " + column.title + "▾"), "\(column) \(width)")
        input.state.table.choice.columns = [.pid, .memory, .read, column, .name]
        #expect(text(input).contains(" " + column.title + "▾"), "\(column) \(width)")
      }
    }
  }

  @Test(arguments: [
    ("bash", "bash /dev/fd/3", "bash /dev/fd/3"), ("agent", "./agent --tui", "agent --tui"),
    ("bash", "bash /work/scripts/test -v", "bash test -v"), ("agent", "build/bin/agent --tui", "agent --tui"),
  ]) func argumentsFollowAName(_ name: String, _ command: String, _ expected: String) {
    var process = Process()
    (process.pid, process.name, process.command) = (4, name, command)
    var input = server(Size(width: 80, height: 24))
    var table = ProcessSnapshot()
    table.processes = [process]
    input.table = table
    #expect(text(input).contains(" " + expected + " ") || text(input).contains(" " + expected + "\n"))
  }
}
