import AgentMetrics
import TestSupport
import Testing

@testable import Dashboard

/// Threads: how they are read, and as rows of the table.
@Suite struct ProcessThreadsTests {
  private func stat(_ thread: Int32, _ name: String, ticks: Int, start: Int = 700, state: String = "S") -> String {
    "\(thread) (\(name)) \(state) 1 1 1 0 -1 4194560 0 0 0 0 \(ticks) 0 0 0 20 0 2 0 \(start) 1000 10 0 0\n"
  }

  @Test func whatTheyDidIsTheDifferenceOfTwoLooks() throws {
    let machine = try Fixture(files: [
      "proc/5/task/5/stat": stat(5, "main", ticks: 100), "proc/5/task/6/stat": stat(6, "a) (b", ticks: 10, state: "R"),
      "proc/5/task/7/stat": "broken", "proc/9/task/9/stat": stat(9, "other", ticks: 1),
    ])
    let scanner = ThreadScanner(root: machine.root)
    let first = scanner.scan([5], now: 10).sorted { $0.thread < $1.thread }
    #expect(first.map(\.thread) == [5, 6] && first.map(\.name) == ["main", "a) (b"])
    #expect(first.allSatisfy { $0.cpu.isNaN && $0.process == 5 })
    try machine.write(stat(5, "main", ticks: 300), to: "proc/5/task/5/stat")
    // Another thread by the same number.
    try machine.write(stat(6, "new", ticks: 90, start: 900), to: "proc/5/task/6/stat")
    let second = scanner.scan([5, 404], now: 12).sorted { $0.thread < $1.thread }
    #expect(second.count == 2 && second[0].cpu == 1 && second[1].cpu.isNaN && second[1].state == UInt8(ascii: "S"))
    // One whose ticks go back does not do less than nothing.
    try machine.write(stat(5, "main", ticks: 200), to: "proc/5/task/5/stat")
    #expect(scanner.scan([5], now: 14).first { $0.thread == 5 }?.cpu == 0)
  }

  @Test func itSurvivesAnything() {
    surviveTruncationAndMutation(of: Array(stat(6, "a) (b", ticks: 10).utf8), mutations: 2_000) { bytes in
      _ = ThreadScanner.parse((0..<bytes.count).map { bytes[$0] })
    }
  }

  private func process(_ pid: Int32, _ name: String, parent: Int32 = 1, threads: Int32 = 1, cpu: Double = 0) -> Process
  {
    var process = Process()
    (process.pid, process.name, process.parent, process.threads) = (pid, name, parent, threads)
    (process.cpu, process.user) = (cpu, "mira")
    return process
  }

  private func rows(_ change: (inout TableState) -> Void) -> [ProcessRow] {
    var state = TableState()
    state.showsThreads = true
    change(&state)
    let threads = [
      ProcessThread(process: 5, thread: 5, name: "main", state: UInt8(ascii: "S"), cpu: 0.1),
      ProcessThread(process: 5, thread: 6, name: "worker", state: UInt8(ascii: "R"), cpu: 0.8),
      ProcessThread(process: 8, thread: 8, name: "alone", state: UInt8(ascii: "R"), cpu: 0.5),
      ProcessThread(process: 77, thread: 78, name: "gone", state: UInt8(ascii: "R"), cpu: 0.5),
    ]
    return ProcessRows.make(
      [process(5, "server", threads: 2, cpu: 0.9), process(8, "alone", cpu: 0.5)], threads: threads, gpus: [],
      memoryTotal: 1, state, filter: ProcessFilter(state.filter))
  }

  @Test func theyAreRowsBesidesTheirProcesses() {
    let all = rows { _ in }
    #expect(all.map(\.number) == [5, 6, 8, 5])
    #expect(all.map(\.owner) == [nil, 5, nil, 5])
    #expect(all[1].process.user == "mira" && all[1].process.resident.isNaN)
    // Every row is one of its own.
    #expect(Set(all.map(\.process.pid)).count == all.count)
    #expect(rows { $0.isFolded = true }.count == 2)
    #expect(rows { $0.showsThreads = false }.count == 2)
    let tree = rows { $0.isTree = true }
    #expect(tree.map(\.number) == [5, 6, 5, 8] && tree.map(\.depth) == [0, 1, 1, 0])
    #expect(rows { $0.filter = "worker" }.map(\.number) == [6])
  }

  @Test func keysReferToTheProcessOfAThread() {
    var scene = Scene()
    var model = Model()
    _ = model.handle(.character("H"), in: scene)
    #expect(!model.state.table.showsThreads && model.state.note?.contains("this machine") == true)
    scene.hasThreads = true
    scene.canSignal = true
    scene.rows = [5, 6, -5]
    scene.owners = [6: 5, -5: 5]
    _ = model.handle(.character("H"), in: scene)
    #expect(model.state.table.showsThreads)
    model.state.table.selected = 6
    _ = model.handle(.character("d"), in: scene)
    #expect(model.state.overlay == .details(5))
    _ = model.handle(.escape, in: scene)
    _ = model.handle(.character("k"), in: scene)
    #expect(model.state.overlay == .signal(5, selected: 0, isAsked: false))
    _ = model.handle(.escape, in: scene)
    scene.hasThreads = false
    _ = model.handle(.character("H"), in: scene)
    #expect(!model.state.table.showsThreads)
  }

  @Test func theTableDrawsThem() {
    var input = ScreenGoldens.input("small-vm")
    input.processes = [process(5, "server", threads: 2, cpu: 0.9)]
    input.hasThreads = true
    input.threads = [ProcessThread(process: 5, thread: 6, name: "worker", state: UInt8(ascii: "R"), cpu: 0.8)]
    input.state.table.showsThreads = true
    input.size = Size(width: 140, height: 40)
    let picture = Screen(input).draw()
    let text = picture.grid.rows.joined(separator: "\n")
    #expect(text.contains("threads") && text.contains("thread of server"))
    #expect(picture.scene.owners == [6: 5] && picture.scene.rows == [5, 6])
    input.state.moment = input.now - 10
    let past = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(past.contains("threads are not stored") && !past.contains("thread of server"))
  }
}
