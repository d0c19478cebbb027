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
    var confirmed: [Int64] = []
    // Each process may have written one more without a confirmation.
    var unconfirmed: Int64 = 0
    for kill in 0..<Self.kills {
      let writer = try Program(Self.helper, ["crash", path])
      // Every fourth process may be killed while it starts, and so while the file is recovered.
      let numbers = Self.numbers(
        from: writer, until: Double.random(in: 0.02...0.4, using: &generator), ofFirst: kill % 4 != 3)
      let start = (confirmed.last ?? 0) - 10_000
      confirmed += numbers
      unconfirmed = numbers.isEmpty ? unconfirmed + 1 : 1
      let database = try Database(path: path, mode: .readWrite)
      #expect(try database.text("PRAGMA quick_check") == "ok", "after kill \(kill)")
      // Older samples stay, and is checked at the end.
      if let last = confirmed.last { try Self.check(database, from: start, last...last + 100 * unconfirmed) }
    }
    #expect(confirmed.count > Self.kills)
    let database = try Database(path: path, mode: .readWrite)
    let times = try Self.check(database, from: .min, confirmed[confirmed.count - 1]...Int64.max)
    #expect(Set(times).isSuperset(of: confirmed))
    let table = try ArchiveReader.series(of: database)
    let usage = table.all.filter { table[$0]?.key.id == "cpu.usage" }
    let columns = try ArchiveReader(database).columns(of: usage, from: .min + 1, to: .max, step: nil, limit: .max)
    let values = columns?.series.first?.values ?? []
    #expect(values.count >= confirmed.count && !values.contains { $0.isNaN })
  }

  /// Checks that no time is missing or duplicated, and that the last one is in a range.
  @discardableResult
  private static func check(_ database: Database, from start: Int64, _ last: ClosedRange<Int64>) throws -> [Int64] {
    let times = try ArchiveReader(database).pieces(of: .raw, from: start, to: .max, wanted: []).flatMap(\.timestamps)
    #expect(times.last.map(last.contains) == true)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 100 })
    return times
  }

  /// The numbers that a process writes one a line, until it is killed some seconds after the first of them, or after its
  /// start.
  static func numbers(from writer: Program, until seconds: Double, ofFirst isAfterFirst: Bool) -> [Int64] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    var deadline = isAfterFirst ? .infinity : Clock.monotonic + seconds
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
