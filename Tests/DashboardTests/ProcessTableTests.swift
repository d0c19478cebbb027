import AgentMetrics
import Glibc
import Testing

@testable import Dashboard

/// Selection and order of the displayed processes.
@Suite struct ProcessTableTests {
  private func made(
    _ pid: Int32, _ name: String, parent: Int32 = 1, user: String = "root", cpu: Double = 0, memory: Double = 0,
    read: Double = 0, service: String? = nil, state: Character = "S", command: String? = nil
  ) -> Process {
    var reading = ProcessReading(pid: pid)
    (reading.name, reading.user, reading.parent, reading.service) = (name, user, parent, service)
    reading.state = state.asciiValue ?? 0
    var process = Process(from: nil, to: reading, over: Elapsed(seconds: 1), secondsPerTick: 0.01)
    (process.cpu, process.resident, process.readRate, process.writeRate) = (cpu, memory, read, .nan)
    process.command = command
    return process
  }

  private var processes: [Process] {
    [
      made(1, "init", parent: 0), made(10, "python3", user: "mira", cpu: 2.5, memory: 4e9, service: "slurm:7"),
      made(11, "python3", user: "mira", cpu: 1.5, memory: 3e9, service: "slurm:7"),
      made(20, "nginx", user: "www-data", cpu: 0.2, memory: 5e7, read: 2e6, command: "nginx: worker process"),
      made(21, "sh", parent: 20, state: "D"), made(22, "find", parent: 21, cpu: 0.9, read: 9e6),
    ]
  }

  private func gpus() -> [GPU] {
    (0..<2).map { index in
      var gpu = GPU(index: index, vendor: "nvidia")
      var user = GPUProcess(pid: 10)
      (user.vram, user.util) = (2e9, 0.4 + 0.2 * Double(index))
      gpu.processes = [user]
      return gpu
    }
  }

  private func rows(_ state: TableState) -> [ProcessRow] {
    ProcessRows.make(processes, gpus: gpus(), memoryTotal: 16e9, state, filter: ProcessFilter(state.filter))
  }

  @Test func containersHaveTheirEnginesNames() {
    let made: [(id: String, service: String)] = [
      ("container:5f1c00000001", "docker:5f1c00000001"), ("container:5f1c00000002", "containerd:5f1c00000002"),
      ("container:5f1c00000003", "docker:5f1c00000003"), ("service:ssh.service", "ssh.service"),
    ]
    var sample = Sample(from: nil, to: Reading())
    sample.processes = Processes()
    sample.processes?.top = made.enumerated().map { index, one in
      var process = self.made(Int32(10 + index), "python3", service: one.service)
      process.workload = one.id
      return process
    }
    let workloads: [(id: String, name: String, pod: String?, kind: WorkloadKind)] = [
      (made[0].id, "web", nil, .container), (made[1].id, "main", "shop/cart-7d9", .container),
      (made[2].id, "5f1c00000003", nil, .container), (made[3].id, "ssh.service", nil, .service),
    ]
    sample.workloads = Workloads()
    sample.workloads?.top = workloads.map { one in
      var workload = Workload()
      (workload.id, workload.name, workload.podName, workload.kind) = (one.id, one.name, one.pod, one.kind)
      workload.engine = "docker"
      return workload
    }
    var state = ScreenState()
    state.table.sort = .pid
    func services() -> [String?] { TableContents(nil, sample, state).rows.map(\.process.service) }
    #expect(services() == ["docker:web", "cart-7d9/main", "docker:5f1c00000003", "ssh.service"])
    state.table.filter = "cart"
    #expect(services() == ["cart-7d9/main"])
  }

  private static let filters: [(String, [Int32])] = [
    ("", [1, 10, 11, 20, 21, 22]), ("python", [10, 11]), ("PYTHON", [10, 11]), ("worker", [20]), ("22", [22]),
    ("user:mira", [10, 11]), ("user:www", [20]), ("service:slurm", [10, 11]), ("slurm", [10, 11]), ("state:D", [21]),
    ("state:d", [21]), ("gpu", [10]), (">50%cpu", [10, 11, 22]), (">2cpu", [10]), ("<0.5cpu", [1, 20, 21]),
    (">3.5gmem", [10]), (">20%mem", [10]), (">5mio", [22]), (">1gvram", [10]), (">50%gpu", [10]),
    ("!python3", [1, 20, 21, 22]), ("user:mira >2cpu", [10]), ("^n.*x$", [20]), ("/^(sh|find)$/", [21, 22]),
    ("p.thon", []), ("/p.thon/", [10, 11]), ("[", []), (">x", []), ("!gpu user:mira", [11]),
  ]

  @Test(arguments: filters) func filterTerms(_ text: String, _ pids: [Int32]) {
    var state = TableState()
    (state.filter, state.sort) = (text, .pid)
    #expect(rows(state).map(\.process.pid) == pids)
  }

  @Test func sortsByAnyColumnBothWays() {
    let orders: [(ProcessColumn, first: Int32)] = [
      (.pid, 1), (.cpu, 10), (.memory, 10), (.read, 22), (.gpu, 10), (.vram, 10), (.name, 22), (.user, 10),
      (.service, 10), (.state, 21), (.threads, 10), (.write, 10),
    ]
    for (column, first) in orders {
      var state = TableState()
      state.sort = column
      let sorted = rows(state).map(\.process.pid)
      #expect(sorted.first == first, "\(column)")
      state.isReversed = true
      #expect(Set(rows(state).map(\.process.pid)) == Set(sorted), "\(column)")
    }
  }

  @Test func gpusAreJoined() throws {
    let row = try #require(rows(TableState()).first { $0.process.pid == 10 })
    #expect(row.gpus == [0, 1] && row.vram == 4e9 && abs(row.gpuUtil - 1) < 1e-9)
    #expect(rows(TableState()).filter(\.usesGPU).count == 1)
  }

  @Test func foldingSums() throws {
    var state = TableState()
    state.isFolded = true
    let folded = try #require(rows(state).first { $0.count == 2 })
    #expect(folded.process.name == "python3" && folded.process.cpu == 4 && folded.process.resident == 7e9)
    #expect(rows(state).count == 5)
  }

  @Test func treeHasChildrenBelowTheirParents() {
    var state = TableState()
    (state.isTree, state.sort) = (true, .pid)
    let tree = rows(state)
    #expect(tree.map(\.process.pid) == [1, 10, 11, 20, 21, 22])
    #expect(tree.map(\.depth) == [0, 1, 1, 1, 2, 3])
    state.closed = [20]
    #expect(rows(state).map(\.process.pid) == [1, 10, 11, 20])
    #expect(rows(state).last?.hidden == 1)
  }

  @Test func ringsAndOrphansInTheTreeAreShownOnce() {
    let ring = [made(5, "a", parent: 6), made(6, "b", parent: 5), made(7, "c", parent: 7), made(8, "d", parent: 99)]
    var state = TableState()
    state.isTree = true
    let rows = ProcessRows.make(ring, gpus: [], memoryTotal: .nan, state, filter: ProcessFilter(""))
    #expect(Set(rows.map(\.process.pid)) == [5, 6, 7, 8] && rows.count == 4)
  }

  @Test func aDeepChainIsNoTrouble() {
    let chain = (1...5_000).map { made(Int32($0), "x", parent: Int32($0 - 1)) }
    var state = TableState()
    state.isTree = true
    #expect(
      ProcessRows.make(chain, gpus: [], memoryTotal: .nan, state, filter: ProcessFilter("")).last?.depth == 4_999)
  }
}
