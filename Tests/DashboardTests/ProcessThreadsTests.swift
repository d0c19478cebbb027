import AgentMetrics
import Testing

@testable import Dashboard

/// Threads as rows of the table.
@Suite struct ProcessThreadsTests {
  private func process(_ pid: Int32, _ name: String, parent: Int32 = 1, threads: Int32 = 1, cpu: Double = 0) -> Process
  {
    var process = Process()
    (process.pid, process.name, process.parent, process.threads) = (pid, name, parent, threads)
    (process.cpu, process.user, process.resident) = (cpu, "mira", Double(100 - pid))
    process.command = "/usr/bin/" + name + " --port 80"
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
    // Every row is distinct.
    #expect(Set(all.map(\.process.pid)).count == all.count)
    #expect(rows { $0.isFolded = true }.count == 2)
    #expect(rows { $0.showsThreads = false }.count == 2)
    let tree = rows { $0.isTree = true }
    #expect(tree.map(\.number) == [5, 6, 5, 8] && tree.map(\.depth) == [0, 1, 1, 0])
    #expect(rows { $0.filter = "worker" }.map(\.number) == [6])
  }

  @Test func aFilterMatchesThreadsByTheirProcess() {
    #expect(rows { $0.filter = "server" }.map(\.number) == [5, 6, 5])
    #expect(rows { $0.filter = "bin/server" }.map(\.number) == [5, 6, 5])
    #expect(rows { $0.filter = "^serv" }.map(\.number) == [5, 6, 5])
    #expect(rows { $0.filter = "5" }.map(\.number) == [5, 6, 5])
    #expect(rows { $0.filter = "!server" }.map(\.number) == [8])
    // A thread's values are its own.
    #expect(rows { $0.filter = ">85%cpu" }.map(\.number) == [5])
  }

  @Test func threadsFollowTheirProcessWhereItAloneHasAValue() {
    func numbers(_ column: ProcessColumn, reversed: Bool = false) -> [Int32] {
      rows { ($0.sort, $0.isReversed) = (column, reversed) }.map(\.number)
    }
    #expect(numbers(.memory) == [5, 5, 6, 8] && numbers(.memory, reversed: true) == [8, 5, 5, 6])
    #expect(numbers(.pid) == [5, 5, 6, 8] && numbers(.pid, reversed: true) == [8, 6, 5, 5])
    #expect(rows { $0.sort = .pid }.map(\.owner) == [nil, 5, 5, nil])
  }

  @Test func threadsOfTheSelectedAndTheFilteredProcessesAreRead() {
    var frameContext = FrameContext()
    frameContext.table = rows { _ in }
    frameContext.owners = [6: 5, -5: 5]
    var state = TableState()
    state.selected = 6
    #expect(frameContext.threadsOf(state).isEmpty)
    state.showsThreads = true
    #expect(frameContext.threadsOf(state) == [5])
    state.selected = 8
    #expect(frameContext.threadsOf(state) == [8])
    (state.selected, state.filter) = (nil, "e")
    #expect(frameContext.threadsOf(state) == [5])
  }

  @Test func keysReferToTheProcessOfAThread() {
    var frameContext = FrameContext()
    var model = Model()
    _ = model.handle(.character("H"), in: frameContext)
    #expect(!model.state.table.showsThreads && model.state.note?.contains("this machine") == true)
    frameContext.hasThreads = true
    frameContext.canSignal = true
    frameContext.rows = [5, 6, -5]
    frameContext.processes = [process(5, "server", threads: 2, cpu: 0.9)]
    frameContext.owners = [6: 5, -5: 5]
    _ = model.handle(.character("H"), in: frameContext)
    #expect(model.state.table.showsThreads)
    model.state.table.selected = 6
    _ = model.handle(.character("d"), in: frameContext)
    #expect(model.state.overlay == .details(5))
    _ = model.handle(.escape, in: frameContext)
    _ = model.handle(.character("k"), in: frameContext)
    guard case .signal(let dialog)? = model.state.overlay else {
      Issue.record("no dialog")
      return
    }
    #expect(dialog.process.pid == 5 && dialog.process.name == "server" && !dialog.isAsked)
    _ = model.handle(.escape, in: frameContext)
    frameContext.hasThreads = false
    _ = model.handle(.character("H"), in: frameContext)
    #expect(!model.state.table.showsThreads)
  }

  @Test func theTableDrawsThem() {
    var input = ScreenGoldens.input("small-vm")
    var table = ProcessSnapshot(processes: [process(5, "server", threads: 2, cpu: 0.9)])
    input.hasThreads = true
    table.threads = [ProcessThread(process: 5, thread: 6, name: "worker", state: UInt8(ascii: "R"), cpu: 0.8)]
    input.table = table
    input.state.table.showsThreads = true
    input.size = Size(width: 140, height: 40)
    let picture = Screen(input).draw()
    let text = picture.grid.rows.joined(separator: "\n")
    #expect(text.contains("threads") && text.contains("thread of server"))
    #expect(picture.frameContext.owners == [6: 5] && picture.frameContext.rows == [5, 6])
    input.state.cursor.time = input.now - 10
    let past = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(past.contains("threads are not recorded") && !past.contains("thread of server"))
  }
}
