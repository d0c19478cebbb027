internal import AgentMetrics
internal import SystemIO

/// Reader of threads, /proc/PID/task/TID/stat.
final class ThreadReader {
  /// Maximum threads of one scan, so that no scan takes long.
  static let limit = 4_000

  private let root: String
  private let buffer = ReadBuffer(capacity: 4_096)

  /// Creates a reader of /proc under `root`.
  init(root: String) {
    self.root = root
  }

  /// Texts of /proc/PID/task/TID/cgroup of a process's first threads besides the main one.
  func groups(of process: Int32) -> [[UInt8]] {
    let folder = root + "/proc/" + String(process) + "/task/"
    return Files.names(in: folder).filter { Int32($0) != nil && Int32($0) != process }.prefix(4).compactMap {
      try? Files.contents(of: folder + $0 + "/cgroup", buffer: buffer)
    }
  }

  /// Appends a process's threads up to the limit.
  func read(of process: ProcessReading, into threads: inout [ProcessReading]) {
    guard threads.count < Self.limit else { return }
    let folder = root + "/proc/" + String(process.pid) + "/task/"
    for name in Files.names(in: folder) {
      guard threads.count < Self.limit, let number = Int32(name),
        let bytes = try? Files.contents(of: folder + name + "/stat", buffer: buffer)
      else { continue }
      // The kernel writes the same fields for a thread as for a process.
      var thread = ProcessReading(pid: number)
      guard ProcessStatParser.parse(bytes.span, pageSize: 1, into: &thread) else { continue }
      thread.parent = process.pid
      thread.offset = process.offset
      threads.append(thread)
    }
  }
}
