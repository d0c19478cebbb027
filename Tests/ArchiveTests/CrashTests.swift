import Glibc
import SystemIO
import TestSupport
import Testing

@testable import Archive

/// A writing process, killed at random times: confirmed samples are present, and the file is undamaged.
@Suite(.ownThreads, .serialized) struct CrashTests {
  /// Kills in a normal run; `scripts/crash-test` runs 200.
  static let kills = getenv("CRASHES").flatMap { Int(String(cString: $0)) } ?? 20

  /// The helper lies beside the tests.
  static let helper: String = {
    let own = Files.link("/proc/self/exe") ?? ""
    // Swift Testing runs from the toolchain's helper where the tests are a library; its argument names them.
    let candidates = [own] + CommandLine.arguments.flatMap { $0.split(separator: "=").map(String.init) }
    for candidate in candidates {
      var parts = candidate.split(separator: "/", omittingEmptySubsequences: false)
      while !parts.isEmpty {
        parts.removeLast()
        let path = parts.joined(separator: "/") + "/ArchiveWorkload"
        if access(path, X_OK) == 0, Files.names(in: path).isEmpty { return path }
      }
    }
    return "ArchiveWorkload"
  }()

  @Test func nothingThatWasWrittenIsLost() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("crash.db")
    var generator = SystemRandomNumberGenerator()
    var acknowledged: [Int64] = []
    for kill in 0..<Self.kills {
      let writer = try Program(Self.helper, ["crash", path])
      let told = Self.numbers(from: writer, until: Double.random(in: 0.02...0.4, using: &generator))
      acknowledged += told
      let database = try Database(path: path, mode: .readWrite)
      #expect(try database.text("PRAGMA quick_check") == "ok", "after kill \(kill)")
      guard let last = acknowledged.last else { continue }
      let times = try ArchiveReader(database).pieces(of: .raw, from: .min, to: .max, wanted: []).flatMap(\.timestamps)
      #expect(times == times.sorted() && Set(times).count == times.count)
      // The newest may have been written without a confirmation.
      #expect(times.last.map { $0 == last || $0 == last + 100 } ?? false)
      #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 100 })
    }
    #expect(acknowledged.count > Self.kills)
    let database = try Database(path: path, mode: .readWrite)
    let table = try ArchiveReader.series(of: database)
    let usage = table.all.filter { table[$0]?.key.id == "cpu.usage" }
    let columns = try ArchiveReader(database).columns(of: usage, from: .min + 1, to: .max, step: nil, limit: .max)
    let values = columns?.series.first?.values ?? []
    #expect(values.count >= acknowledged.count && !values.contains { $0.isNaN })
  }

  /// The numbers that a process writes one a line, until it is killed some seconds after the first of them.
  static func numbers(from writer: Program, until seconds: Double) -> [Int64] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    var deadline = Double.infinity
    var isKilled = false
    while true {
      var wait = pollfd(fd: writer.output, events: Int16(POLLIN), revents: 0)
      let left = deadline - Clock.monotonic
      _ = poll(&wait, 1, left.isFinite ? Int32(max(0, left * 1_000)) : 20_000)
      if Clock.monotonic >= deadline, !isKilled {
        writer.signal(SIGKILL)
        isKilled = true
        deadline = .infinity
      }
      guard wait.revents != 0 else {
        if deadline == .infinity, !isKilled {
          writer.signal(SIGKILL)
          isKilled = true
        }
        continue
      }
      let count = read(writer.output, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
      if deadline == .infinity, !isKilled { deadline = Clock.monotonic + seconds }
    }
    writer.wait()
    // A line that was cut off is no number yet.
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    return lines.compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
  }
}
