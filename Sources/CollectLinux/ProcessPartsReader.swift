internal import AgentMetrics
internal import Collect
internal import KernelFiles
internal import SystemIO

/// Reads the lists of a process's details: environment, files, sockets, threads, memory, control group.
struct ProcessPartsReader {
  /// Maximum entries of a list.
  static let limit = 256

  let root: String
  let pid: Int32
  let commandLines: CommandLineDetail
  private var folder: String { root + "/proc/" + String(pid) }

  init(root: String, pid: Int32, commandLines: CommandLineDetail) {
    (self.root, self.pid, self.commandLines) = (root, pid, commandLines)
  }

  func add(to details: inout ProcessDetails) {
    details.memory = ProcessMemoryReader(root: root).memory(of: pid, [.shared, .proportional])
    if let text = Self.contents(of: folder + "/status", "memory map", &details) {
      details.memoryParts = Self.memoryParts(text.span)
    }
    if let score = Files.number(of: folder + "/oom_score") {
      details.oomScore = (score, Files.number(of: folder + "/oom_score_adj") ?? 0)
    }
    if let place = CgroupPlace.find(root: root, process: String(pid)) {
      var reading = CgroupReading(version: place.version, path: place.path)
      CgroupFiles(place).read(into: &reading, ReadBuffer(capacity: 4_096))
      details.cgroup = Cgroup(from: nil, to: reading, over: Elapsed(seconds: .nan))
    }
    if let text = Self.contents(of: folder + "/environ", "environment", &details) {
      details.environment = Self.environment(text.span, commandLines)
    }
    addFiles(to: &details)
    addThreads(to: &details)
  }

  // MARK: Permission

  /// Reads a file; where that is not permitted, the details name the part.
  static func contents(of path: String, _ part: String, _ details: inout ProcessDetails) -> [UInt8]? {
    do throws(SystemError) {
      return try Files.contents(of: path)
    } catch {
      add(part, error, to: &details)
      return nil
    }
  }

  /// Adds a part to the refused ones if its error is a lack of permission.
  static func add(_ part: String, _ error: SystemError, to details: inout ProcessDetails) {
    guard [ErrorCode.noAccess, ErrorCode.notPermitted].contains(error.code) else { return }
    details.refused.append(part)
  }

  // MARK: Memory

  private static let kinds: [(key: StaticString, name: String)] = [
    ("VmPeak:", "peak mapped"), ("VmHWM:", "peak resident"), ("RssAnon:", "anonymous"), ("RssFile:", "of files"),
    ("RssShmem:", "shared memory"), ("VmData:", "data"), ("VmStk:", "stack"), ("VmExe:", "program"),
    ("VmLib:", "libraries"), ("VmPTE:", "page tables"), ("VmLck:", "locked"), ("HugetlbPages:", "huge pages"),
  ]

  /// Sums over the memory map, from /proc/[pid]/status (fs/proc/task_mmu.c, task_mem).
  static func memoryParts(_ bytes: Span<UInt8>) -> [(name: String, bytes: Double)] {
    kinds.compactMap { kind in
      ProcessStatusParser.number(of: kind.key, bytes).map { (kind.name, Double($0) * 1_024) }
    }
  }

  // MARK: Environment

  /// The variables of /proc/[pid]/environ with their secrets masked, by name; nil where none are to be shown.
  static func environment(_ bytes: Span<UInt8>, _ detail: CommandLineDetail) -> [String]? {
    guard detail != .none else { return nil }
    var variables: [String] = []
    var start = 0
    while start < bytes.count, variables.count < limit {
      var end = start
      while end < bytes.count, bytes[end] != 0 { end += 1 }
      if end > start, let text = CommandLineText.variable(bytes.extracting(start..<end), detail) {
        variables.append(text)
      }
      start = end + 1
    }
    return variables.sorted()
  }

  // MARK: Files and sockets

  private func addFiles(to details: inout ProcessDetails) {
    var inodes: [String: Int] = [:]
    var names: [String] = []
    do throws(SystemError) {
      try Files.forEachName(in: folder + "/fd") { name in
        names.append(name)
        return true
      }
    } catch {
      Self.add("open files and sockets", error, to: &details)
    }
    let descriptors = names.compactMap { Int($0) }.sorted()
    for descriptor in descriptors.prefix(4 * Self.limit) {
      guard let path = Files.link(folder + "/fd/" + String(descriptor)) else { continue }
      if path.hasPrefix("socket:["), path.hasSuffix("]") {
        inodes[String(path.dropFirst(8).dropLast())] = descriptor
      } else if details.files.count < Self.limit {
        details.files.append((descriptor, path))
      }
    }
    guard !inodes.isEmpty else { return }
    for kind in SocketKind.allCases where details.sockets.count < Self.limit {
      guard let text = try? Files.contents(of: folder + "/net/" + kind.rawValue) else { continue }
      SocketText.forEach(in: text.span, kind) { inode, description in
        guard let descriptor = inodes[inode], details.sockets.count < Self.limit else { return }
        details.sockets.append(String(descriptor) + " " + description)
        inodes[inode] = nil
      }
    }
    let others = inodes.values.sorted().prefix(max(0, Self.limit - details.sockets.count))
    details.sockets += others.map { String($0) + " other socket" }
  }

  // MARK: Threads

  private func addThreads(to details: inout ProcessDetails) {
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    let ids = Files.names(in: folder + "/task").compactMap { Int32($0) }.sorted()
    let threads = ids.prefix(4 * Self.limit).compactMap { id -> ProcessDetails.ThreadUse? in
      guard let text = try? Files.contents(of: folder + "/task/" + String(id) + "/stat") else { return nil }
      var reading = ProcessReading(pid: id)
      guard ProcessStatParser.parse(text.span, pageSize: 1, into: &reading) else { return nil }
      return ProcessDetails.ThreadUse(
        id: id, name: reading.name, state: reading.state, cpuTime: Double(reading.cpuTicks) / ticks)
    }
    details.threads = Array(
      threads.sorted { $0.cpuTime == $1.cpuTime ? $0.id < $1.id : $0.cpuTime > $1.cpuTime }.prefix(Self.limit))
  }
}
