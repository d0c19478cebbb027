import AgentMetrics
import ArchiveTestSupport
import Glibc
import Query
import SampleStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Archive

/// Failures of the file, and the archive's reactions.
@Suite(.ownThreads) struct ArchiveTests {
  /// Reported lines.
  final class Reports: Sendable {
    let lines = Condition<[String]>([])

    /// Waits for a line that contains a text; for minutes, as under a sanitizer on a busy machine.
    func wait(for text: String) -> String? {
      lines.wait(atMost: 300) { lines in lines.first { $0.contains(text) } }
    }

    var all: [String] { lines.withState { $0 } }
  }

  /// An archive with short retries, its history, and its reports.
  struct Bench {
    let archive: Archive
    let history: History
    let reports = Reports()

    init(
      _ path: String, capacity: Int = 200, lock: Double = 0, isViewer: Bool = false, reasonPause: Double = 60,
      retry: Double = 0.02
    ) {
      history = History(capacity: capacity, interval: 30)
      var timing = Archive.ArchiveTiming()
      timing.lock = lock
      timing.firstRetry = retry
      timing.longestRetry = max(0.05, retry)
      timing.prune = 0.05
      timing.reasonPause = reasonPause
      let reports = reports
      archive = Archive(
        path: path, history: history, retention: Retention(), sizeLimit: nil, timing: timing,
        isViewer: isViewer
      ) { notice in reports.lines.update { $0.append(notice.description) } }
    }

    /// Starts it on a thread of its own; the result becomes true when `start` has returned.
    func startBeside() -> Condition<Bool> {
      let started = Condition(false)
      let archive = archive
      Thread.start("starts") {
        archive.start()
        started.update { $0 = true }
      }
      return started
    }

    func add(_ samples: some Sequence<Sample>) {
      for sample in samples { history.append(sample) }
    }
  }

  /// Samples of the last minutes, so that a History reaches back to them.
  static func recent(_ count: Int) -> [Sample] {
    Array(DemoSamples(from: (Clock.realtime / 30).rounded(.down) * 30 - Double(count) * 30).prefix(count))
  }

  static func stored(_ path: String) throws -> [Double] {
    let database = try Database(path: path, mode: .readOnly)
    return try ArchiveReader(database).samples(from: .min, to: .max).map(\.timestamp.seconds)
  }

  /// A power failure costs ten seconds of samples at most, and the disk hardly more syncs than that takes.
  @Test(arguments: [(1.0, 10.0), (2, 10), (3, 9), (5, 10), (10, 10), (30, 30)])
  func samplesReachTheDiskInTime(interval: Double, longest: Double) {
    var last = -Double.infinity
    var pauses: [Double] = []
    for now in stride(from: 0, through: 600, by: interval)
    where Archive.isSyncDue(at: now, after: last, interval: interval) {
      pauses.append(now - last)
      last = now
    }
    #expect(pauses.dropFirst().allSatisfy { $0 == longest } && pauses.count > 1)
  }

  @Test func memoryIsFilledAfterARestart() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Self.recent(30)
    let first = Bench(path)
    first.archive.start()
    first.add(samples)
    #expect(first.archive.flush(atMost: 300))
    first.archive.stop(atMost: 300)
    let second = Bench(path, capacity: 20)
    second.archive.start()
    // `start` returns after 5 s at the latest, which a busy machine may need.
    #expect(second.archive.inbox.wait(atMost: 300) { $0.hasOpened ? true : nil } == true)
    let restored = second.history.all
    // The twenty of the last ten minutes; fewer where a busy machine took its time to come here.
    try #require((10...20).contains(restored.count))
    #expect(restored.map(\.sample.timestamp) == samples.suffix(restored.count).map(\.timestamp))
    // Restored samples are not the latest.
    #expect(second.history.latest == nil)
    // On this boot's clock the samples have their true age.
    #expect(second.history.last(seconds: 300).count == 10)
    #expect(differences(samples[29], restored[restored.count - 1].sample) == [])
    second.archive.stop(atMost: 300)
    #expect(first.reports.all.isEmpty && second.reports.all.isEmpty)
  }

  @Test func anotherAgentWritesToIt() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Self.recent(20)
    let first = Bench(path)
    first.archive.start()
    first.add(samples[..<10])
    #expect(first.archive.flush(atMost: 20))
    let second = Bench(path)
    second.archive.start()
    let report = second.reports.wait(for: "another agent is writing to it")
    #expect(report?.hasPrefix("archive: read only") == true)
    // Its samples are read.
    #expect(second.history.all.map(\.sample.timestamp) == samples[..<10].map(\.timestamp))
    #expect(second.archive.oldest != nil)
    second.add(samples[10...])
    #expect(second.archive.status.failure != nil && second.archive.status.pending == 10)
    #expect(first.archive.flush(atMost: 300))
    first.archive.stop(atMost: 300)
    // The other one has ended; what waited is written.
    #expect(second.reports.wait(for: "works again") != nil)
    #expect(second.archive.flush(atMost: 300))
    second.archive.stop(atMost: 300)
    #expect(try Self.stored(path) == samples.map(\.timestamp.seconds))
    #expect(second.reports.all.count == 2, "said once each")
  }

  /// The lock of an agent that was killed outlives it briefly; the next agent waits and continues the file.
  @Test func anAgentThatIsEndingIsAwaited() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Self.recent(30)
    let first = Bench(path)
    first.archive.start()
    first.add(samples)
    first.archive.stop(atMost: 60)
    var lock: ArchiveLock? = try ArchiveLock(besides: path, atMost: 0)
    let second = Bench(path, lock: .infinity)
    let started = second.startBeside()
    #expect(second.archive.inbox.wait(atMost: 60) { $0.locked >= 3 ? true : nil } == true)
    #expect(second.history.count == 0)
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(second.archive.inbox.wait(atMost: 60) { $0.hasOpened ? true : nil } == true)
    #expect(started.wait(atMost: 60) { $0 ? true : nil } == true)
    #expect(second.history.all.last?.sample.timestamp == samples.last?.timestamp)
    second.archive.stop(atMost: 60)
    #expect(second.reports.all.isEmpty)
  }

  /// The end does not wait for the lock.
  @Test func anAgentEndsWhileItWaitsForAnother() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let lock = try ArchiveLock(besides: path, atMost: 0)
    let bench = Bench(path, lock: .infinity)
    let started = bench.startBeside()
    #expect(bench.archive.inbox.wait(atMost: 60) { $0.locked > 0 ? true : nil } == true)
    bench.archive.stop(atMost: 60)
    #expect(bench.archive.inbox.withState { $0.hasEnded })
    #expect(started.wait(atMost: 60) { $0 ? true : nil } == true)
    withExtendedLifetime(lock) {}
  }

  @Test func aFolderThatIsNotThereYet() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("later/a.db")
    let bench = Bench(path)
    bench.archive.start()
    let samples = Self.recent(5)
    bench.add(samples)
    #expect(bench.reports.wait(for: "there is no such folder") != nil)
    #expect(bench.history.count == 5)
    mkdir(folder.file("later"), 0o755)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(try Self.stored(path).count == 5)
    for name in Files.names(in: folder.file("later")) { unlink(folder.file("later/" + name)) }
    rmdir(folder.file("later"))
  }

  @Test(arguments: ["not a database, but somebody's letter\n", String(repeating: "x", count: 9_000)])
  func somethingElseIsLeftAlone(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("letter")
    try Fixture.write(text, path)
    let bench = Bench(path)
    bench.archive.start()
    #expect(bench.reports.wait(for: "not an SQLite database") != nil)
    bench.add(Self.recent(3))
    bench.archive.stop(atMost: 300)
    #expect(String(decoding: try Files.contents(of: path), as: UTF8.self) == text)
  }

  @Test func databasesOfOthersAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    let foreign = try Database(path: folder.file("other.db"), mode: .readWrite)
    try foreign.execute("CREATE TABLE letters(t); INSERT INTO letters VALUES('x')")
    foreign.close()
    let newer = try Database(path: folder.file("newer.db"), mode: .readWrite)
    try newer.execute("CREATE TABLE t(x); PRAGMA application_id=\(ArchiveSchema.application); PRAGMA user_version=99")
    newer.close()
    for (name, reason) in [("other.db", "another program's"), ("newer.db", "newer agent (schema 99)")] {
      let before = try Files.contents(of: folder.file(name))
      let bench = Bench(folder.file(name))
      bench.archive.start()
      #expect(bench.reports.wait(for: reason) != nil)
      bench.add(Self.recent(3))
      #expect(bench.history.count == 3)
      bench.archive.stop(atMost: 300)
      #expect(try Files.contents(of: folder.file(name)) == before)
    }
  }

  @Test func deletedWhileItIsWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Self.recent(12)
    let bench = Bench(path)
    bench.archive.start()
    bench.add(samples[..<6])
    #expect(bench.archive.flush(atMost: 300))
    for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    bench.add(samples[6...])
    #expect(bench.reports.wait(for: "it was deleted or replaced") != nil)
    #expect(bench.reports.wait(for: "works again") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    // The new file has the samples that were still in memory.
    #expect(try Self.stored(path) == samples.map(\.timestamp.seconds))
  }

  @Test(
    "A file or journal that another process empties or removes is noticed, and no sample is lost",
    arguments: [["a.db"], ["a.db-wal"], ["a.db", "a.db-wal"], ["-a.db-wal"], ["a.db", "-a.db-wal"]])
  func truncated(names: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = Self.recent(12)
    let bench = Bench(path)
    bench.archive.start()
    bench.add(samples[..<6])
    #expect(bench.archive.flush(atMost: 300))
    for name in names {
      if name.hasPrefix("-") { unlink(folder.file(String(name.dropFirst()))) } else { truncate(folder.file(name), 0) }
    }
    bench.add(samples[6...])
    #expect(bench.reports.wait(for: "truncated or deleted") != nil)
    #expect(bench.reports.wait(for: "works again") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(try Self.stored(path) == samples.map(\.timestamp.seconds))
  }

  @Test func aDamagedFileIsMovedAside() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let file = try ArchiveFileTests.open(path, blockLength: 10)
    try file.write(Array(DemoSamples().prefix(40)))
    try file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.database.close()
    // Some pages in the middle are overwritten.
    let descriptor = open(path, O_WRONLY)
    let garbage = [UInt8](repeating: 0xA5, count: 4_096)
    for page in [3, 5, 8, 9, 12, 14, 20, 21] {
      _ = garbage.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(page * 4_096)) }
    }
    close(descriptor)
    let bench = Bench(path)
    bench.archive.start()
    bench.add(Self.recent(3))
    let line = try #require(bench.reports.wait(for: "was renamed"))
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(
      Files.names(in: folder.path).contains {
        $0.hasPrefix("a.db.damaged-") && line.contains("now=" + folder.file($0))
      })
    #expect(try Self.stored(path).count == 3)
  }

  @Test("A file that is damaged while it is written is moved aside once a query finds the damage")
  func damagedWhileItIsWritten() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let file = try ArchiveFileTests.open(path, blockLength: 10)
    try file.write(Array(DemoSamples().prefix(40)))
    file.close()
    let bench = Bench(path)
    bench.archive.start()
    let descriptor = open(path, O_WRONLY)
    let garbage = [UInt8](repeating: 0xA5, count: 4_096)
    let pages = try #require(Files.size(path)) / 4_096
    for page in 1..<pages {
      _ = garbage.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(page * 4_096)) }
    }
    close(descriptor)
    _ = try? await bench.archive.samples(from: 0, to: 1e10, step: nil, limit: 1_000)
    bench.add(Self.recent(3))
    #expect(bench.reports.wait(for: "was renamed") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(Files.names(in: folder.path).contains { $0.hasPrefix("a.db.damaged-") })
    #expect(try Self.stored(path).count == 3)
  }

  @Test func aDamagedChunkIsAGap() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let file = try ArchiveFileTests.open(path, blockLength: 20)
    let samples = Array(DemoSamples().prefix(20))
    try file.write(samples)
    let table = try ArchiveReader.series(of: file.database)
    let usage = try #require(table.all.first { table[$0]?.key.id == "cpu.usage" })
    try file.database.run(
      "UPDATE chunk SET data = substr(data, 1, length(data) - 1) WHERE id & 1048575 = ?", [.integer(Int64(usage))])
    file.close()
    let history = History(capacity: 1, interval: 30)
    let archive = Archive(path: path, history: history) { _ in }
    let columns = try await archive.columns(
      [SeriesSelector("cpu.usage"), SeriesSelector("ram.usage")], from: 0, to: 4e9, step: nil, extremes: false,
      limit: .max)
    #expect(columns.series.map(\.key) == ["ram.usage"])
    #expect(columns.series[0].values.allSatisfy { !$0.isNaN })
    #expect(archive.status.damaged == 1)
  }

  static let mayMount: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder(), mountSmall(folder.path) else { return false }
    return umount(folder.path) == 0
  }()

  /// Mounts a filesystem of half a megabyte.
  static func mountSmall(_ path: String) -> Bool {
    "size=512k".withCString { mount("tmpfs", path, "tmpfs", 0, $0) == 0 }
  }

  /// A disk that is full for a while: memory goes on, and everything is written when there is room again.
  @Test(.enabled(if: mayMount, "needs the right to mount a small filesystem")) func aSmallDiskIsFull() throws {
    let folder = try TemporaryFolder()
    try #require(Self.mountSmall(folder.path))
    // Where the test fails, the archive still has its file open.
    defer { umount2(folder.path, Int32(MNT_DETACH)) }
    let path = folder.file("a.db")
    let samples = Self.recent(60)
    let bench = Bench(path)
    bench.archive.start()
    var count = 0
    while count < 60, bench.archive.status.failure == nil {
      bench.add([samples[count]])
      count += 1
      _ = bench.archive.flush(atMost: 0.5)
    }
    #expect(bench.reports.wait(for: "no space left") != nil)
    bench.add(samples[count...])
    #expect(bench.history.count == 60 && bench.archive.status.lost == 0)
    try #require("size=64m".withCString { mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), $0) } == 0)
    #expect(bench.reports.wait(for: "works again") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(try Self.stored(path) == samples.map(\.timestamp.seconds))
  }

  /// What failed before is tried once more at the end, and what still fails is told.
  @Test(.enabled(if: mayMount, "needs the right to mount a small filesystem"), arguments: [true, false])
  func theEndOfAFullDisk(isFreed: Bool) throws {
    let folder = try TemporaryFolder()
    try #require(Self.mountSmall(folder.path))
    defer { umount2(folder.path, Int32(MNT_DETACH)) }
    let path = folder.file("a.db")
    let samples = Self.recent(60)
    // Nothing is tried between the failure and the end.
    let bench = Bench(path, retry: 3_600)
    bench.archive.start()
    var count = 0
    while count < 60, bench.archive.status.failure == nil {
      bench.add([samples[count]])
      count += 1
      _ = bench.archive.flush(atMost: 0.5)
    }
    #expect(bench.reports.wait(for: "no space left") != nil)
    if isFreed {
      try #require("size=64m".withCString { mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), $0) } == 0)
    }
    bench.archive.stop(atMost: 300)
    let lost = bench.reports.all.filter { $0.contains("lost at the end") }
    #expect(lost.isEmpty == isFreed)
    if isFreed { #expect(try Self.stored(path) == samples[..<count].map(\.timestamp.seconds)) }
  }

  /// The same as a full disk: SQLite may not add a page.
  @Test func aFullDiskLosesNothing() throws {
    let folder = try TemporaryFolder()
    let file = try ArchiveFileTests.open(folder.file("a.db"))
    let samples = Array(DemoSamples().prefix(60))
    try file.write(Array(samples[..<20]))
    let pages = try #require(try file.database.integer("PRAGMA page_count"))
    try file.database.execute("PRAGMA max_page_count=\(pages)")
    var written = 20
    // What fits in pages that are there still goes in.
    while written < 60, (try? file.write([samples[written]])) != nil { written += 1 }
    #expect(written < 60)
    let error = #expect(throws: SQLiteError.self) { try file.write(Array(samples[written...])) }
    #expect(error.map { ArchiveFailure("", $0).description.contains("no space left") } ?? false)
    try file.database.execute("PRAGMA max_page_count=\(1 << 30)")
    try file.write(Array(samples[written...]))
    let restored = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(restored.map(\.timestamp) == samples.map(\.timestamp))
    #expect(differences(samples[59], restored[59]) == [])
  }
}

extension Fixture {
  static func write(_ text: String, _ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
    guard descriptor >= 0 else { throw SystemError("open " + path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard bytes.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
      throw SystemError("write " + path)
    }
  }
}
