internal import AgentMetrics

/// A row of the process table: a process with its use of GPUs.
struct ProcessRow {
  var process: Process
  /// Indexes of the GPUs that it uses.
  var gpus: [Int] = []
  /// GPU time per second, 1.0 is one GPU; NaN where unknown.
  var gpuUtil = Double.nan
  /// Bytes of memory on all GPUs; NaN where unknown.
  var vram = Double.nan
  /// Memory that is read only while a column shows it.
  var memory = ProcessMemory()
  /// Depth in the tree.
  var depth = 0
  /// Whether more siblings follow, for each level of the tree from the outermost.
  var branches: [Bool] = []
  /// Number of processes with one name that the row combines.
  var count = 1
  /// Number of collapsed rows below.
  var hidden = 0
  /// Process of a thread, its name and command line; nil for a process.
  var owner: Int32?
  var ownerName: String?
  var ownerCommand: String?

  /// Number in the first column.
  var number: Int32 { abs(process.pid) }

  var usesGPU: Bool { !gpus.isEmpty }
}

/// Builds the rows of the table in order.
enum ProcessRows {
  /// Joins processes with GPUs, filters, folds, and sorts them or builds their tree.
  static func make(
    _ processes: [Process], threads: [ProcessThread] = [], memory: [Int32: ProcessMemory] = [:], gpus: [GPU],
    memoryTotal: Double, _ state: TableState, filter: ProcessFilter
  ) -> [ProcessRow] {
    var rows = join(processes, gpus)
    if !memory.isEmpty {
      for index in rows.indices { rows[index].memory = memory[rows[index].process.pid] ?? ProcessMemory() }
    }
    if state.hasThreadRows { add(threads, to: &rows) }
    if !state.showsKernelThreads { rows.removeAll { $0.process.isKernelThread } }
    if !filter.terms.isEmpty { rows.removeAll { !filter.matches($0, memoryTotal: memoryTotal) } }
    if state.isTree { return tree(rows, state) }
    if state.isFolded { rows = fold(rows) }
    return sorted(rows, state)
  }

  private static func join(_ processes: [Process], _ gpus: [GPU]) -> [ProcessRow] {
    var rows = processes.map { ProcessRow(process: $0) }
    let shares = GPUShare.byProcess(of: gpus)
    guard !shares.isEmpty else { return rows }
    for index in rows.indices {
      guard let share = shares[rows[index].process.pid] else { continue }
      (rows[index].gpus, rows[index].gpuUtil, rows[index].vram) = (share.gpus, share.util, share.memory)
    }
    return rows
  }

  /// Adds threads as rows besides their processes'.
  private static func add(_ threads: [ProcessThread], to rows: inout [ProcessRow]) {
    var places = [Int32: Int](minimumCapacity: rows.count)
    for (index, row) in rows.enumerated() { places[row.process.pid] = index }
    for thread in threads {
      // A single-threaded process is its own thread.
      guard let place = places[thread.process], rows[place].process.threads > 1 else { continue }
      let owner = rows[place].process
      var process = Process()
      // The main thread shares its process's number, so it gets a negative pid to keep rows distinct.
      process.pid = thread.thread == thread.process ? -thread.thread : thread.thread
      process.parent = thread.process
      (process.name, process.state, process.cpu) = (thread.name, thread.state, thread.cpu)
      (process.user, process.service, process.start) = (owner.user, owner.service, owner.start)
      process.threads = 1
      process.command = (thread.thread == thread.process ? "main thread of " : "thread of ") + owner.name
      rows.append(
        ProcessRow(process: process, owner: thread.process, ownerName: owner.name, ownerCommand: owner.command))
    }
  }

  /// Combines processes with equal name, user and service into one row with their sums.
  private static func fold(_ rows: [ProcessRow]) -> [ProcessRow] {
    struct FoldKey: Hashable {
      let name: String
      let user: String
      let service: String?
    }
    func add(_ left: Double, _ right: Double) -> Double {
      left.isNaN ? right : right.isNaN ? left : left + right
    }
    var places: [FoldKey: Int] = [:]
    var folded: [ProcessRow] = []
    for row in rows {
      let key = FoldKey(name: row.process.name, user: row.process.user, service: row.process.service)
      guard let place = places[key] else {
        places[key] = folded.count
        folded.append(row)
        continue
      }
      var sum = folded[place]
      sum.count += 1
      sum.process.cpu = add(sum.process.cpu, row.process.cpu)
      sum.process.resident = add(sum.process.resident, row.process.resident)
      sum.process.readRate = add(sum.process.readRate, row.process.readRate)
      sum.process.writeRate = add(sum.process.writeRate, row.process.writeRate)
      sum.process.threads = sum.process.threads &+ row.process.threads
      sum.gpus += row.gpus.filter { !sum.gpus.contains($0) }
      sum.gpuUtil = add(sum.gpuUtil, row.gpuUtil)
      sum.vram = add(sum.vram, row.vram)
      sum.memory.shared = add(sum.memory.shared, row.memory.shared)
      sum.memory.proportional = add(sum.memory.proportional, row.memory.proportional)
      sum.memory.swapped = add(sum.memory.swapped, row.memory.swapped)
      if sum.process.state != UInt8(ascii: "R") { sum.process.state = row.process.state }
      folded[place] = sum
    }
    return folded
  }

  /// Sorts by the column; ties by memory, then by pid, for a stable order.
  static func sorted(_ rows: [ProcessRow], _ state: TableState) -> [ProcessRow] {
    let column = state.sort
    guard !column.isText else {
      func text(_ row: ProcessRow) -> String {
        switch column {
        case .user: row.process.user
        case .service: row.process.service ?? "\u{10FFFF}"
        case .name: row.process.name.lowercased()
        case .workload: row.process.workload ?? "\u{10FFFF}"
        case .command: row.process.command?.lowercased() ?? "\u{10FFFF}"
        case .state: String(Unicode.Scalar(row.process.state))
        default: ""
        }
      }
      guard column != .pid else {
        return rows.sorted {
          $0.number == $1.number ? $0.owner == nil && $1.owner != nil : ($0.number < $1.number) != state.isReversed
        }
      }
      let keyed = rows.map { (text($0), $0) }
      return keyed.sorted { left, right in
        left.0 == right.0 ? left.1.process.pid < right.1.process.pid : (left.0 < right.0) != state.isReversed
      }.map(\.1)
    }
    func measure(_ row: ProcessRow) -> Double {
      let value = column.measure(row) ?? .nan
      return value.isFinite ? value : -.infinity
    }
    // Values that only a process has place its threads, too: they follow it.
    var owners: [Int32: ProcessRow] = [:]
    for row in rows where row.owner == nil && row.process.threads > 1 && state.hasThreadRows {
      owners[row.process.pid] = row
    }
    // Sorting moves indexes, not rows.
    struct FoldKey {
      let measure: Double
      let memory: Double
      let process: Int32
      let thread: Int32
      let place: Int
    }
    let keys = rows.indices.map { place in
      let row = rows[place]
      let whole = row.owner.flatMap { owners[$0] } ?? row
      let resident = whole.process.resident
      let own = measure(row)
      return FoldKey(
        measure: own.isFinite ? own : measure(whole), memory: resident.isFinite ? resident : -1,
        process: row.owner ?? row.process.pid, thread: row.owner == nil ? 0 : row.number, place: place)
    }
    return keys.sorted { left, right in
      if left.measure != right.measure { return (left.measure > right.measure) != state.isReversed }
      if left.memory != right.memory { return left.memory > right.memory }
      return left.process != right.process ? left.process < right.process : left.thread < right.thread
    }.map { rows[$0.place] }
  }

  /// Places children below their parents; siblings are sorted by the column.
  private static func tree(_ rows: [ProcessRow], _ state: TableState) -> [ProcessRow] {
    let sorted = sorted(rows, state)
    let present = Set(sorted.map(\.process.pid))
    var children: [Int32: [Int]] = [:]
    var roots: [Int] = []
    for (index, row) in sorted.enumerated() {
      if row.process.parent != row.process.pid, present.contains(row.process.parent) {
        children[row.process.parent, default: []].append(index)
      } else {
        roots.append(index)
      }
    }
    var result: [ProcessRow] = []
    var visited = Set<Int32>()
    // An explicit stack, since a chain of processes can have any depth.
    var stack: [(index: Int, branches: [Bool])] = roots.reversed().map { ($0, []) }
    while let (index, branches) = stack.popLast() {
      var row = sorted[index]
      guard visited.insert(row.process.pid).inserted else { continue }
      row.depth = branches.count
      row.branches = branches
      let below = children[row.process.pid] ?? []
      if state.closed.contains(row.process.pid) {
        row.hidden = below.count
        result.append(row)
        continue
      }
      result.append(row)
      for (place, child) in below.enumerated().reversed() {
        stack.append((child, branches + [place < below.count - 1]))
      }
    }
    // Parents in a cycle, possible in a snapshot taken while they change.
    for row in sorted where state.closed.isEmpty && !visited.contains(row.process.pid) { result.append(row) }
    return result
  }
}
