import AgentMetrics
import ArchiveTestSupport
import Glibc
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Archive

/// A file that another agent writes to, and the reported reasons of failures.
@Suite(.ownThreads) struct ArchiveFailureTests {
  /// A viewer leaves the file to the service, which restarts; and has no part in its restarts.
  @Test func aViewerNeverTakesOver() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let samples = ArchiveTests.recent(20)
    let first = ArchiveTests.Bench(path)
    first.archive.start()
    first.add(samples[..<10])
    #expect(first.archive.flush(atMost: 60))
    let viewer = ArchiveTests.Bench(path, isViewer: true)
    viewer.archive.start()
    let report = viewer.reports.wait(for: "this one only reads it until it is restarted")
    #expect(report?.hasPrefix("archive: read only") == true)
    #expect(viewer.history.count == 10 && viewer.archive.newestAtStart == nil)
    viewer.add(samples[10...])
    #expect(viewer.archive.status.pending == 0 && viewer.archive.status.lost == 0)
    first.archive.stop(atMost: 300)
    // Two more tries of the viewer see a file without a writer.
    let last = viewer.archive.inbox.withState { $0.reads }
    #expect(viewer.archive.inbox.wait(atMost: 60) { $0.reads >= last + 2 ? true : nil } == true)
    let second = ArchiveTests.Bench(path)
    second.archive.start()
    second.add(samples[10..<15])
    #expect(second.archive.flush(atMost: 300))
    #expect(second.archive.newestAtStart?.timestamp == samples[9].timestamp)
    second.archive.stop(atMost: 300)
    viewer.archive.stop(atMost: 300)
    #expect(viewer.archive.status.failure != nil)
    #expect(try ArchiveTests.stored(path) == samples[..<15].map(\.timestamp.seconds))
    #expect(viewer.reports.all.count == 1 && second.reports.all.isEmpty)
  }

  /// The folder is moved away and back: the reason is said, and no sample is written twice.
  @Test func aFolderThatIsMovedAway() throws {
    let folder = try TemporaryFolder()
    let inner = folder.file("inner")
    mkdir(inner, 0o755)
    let path = inner + "/a.db"
    let samples = ArchiveTests.recent(12)
    let bench = ArchiveTests.Bench(path, reasonPause: 0)
    bench.archive.start()
    bench.add(samples[..<6])
    #expect(bench.archive.flush(atMost: 300))
    try Files.rename(inner, to: inner + "-away")
    bench.add(samples[6...])
    #expect(bench.reports.wait(for: "there is no such folder") != nil)
    try Files.rename(inner + "-away", to: inner)
    #expect(bench.reports.wait(for: "works again") != nil)
    #expect(bench.archive.flush(atMost: 300))
    bench.archive.stop(atMost: 300)
    #expect(!bench.reports.all.contains { $0.contains("deleted") })
    #expect(try ArchiveTests.stored(path) == samples.map(\.timestamp.seconds))
    let database = try Database(path: path, mode: .readOnly)
    #expect(try database.integer("SELECT count(*) FROM block") == 0, "no sample is written twice")
    database.close()
    for name in Files.names(in: inner) { unlink(inner + "/" + name) }
    rmdir(inner)
  }

  /// A failure is reported when it begins; another reason of it later.
  @Test(arguments: [0.0, 3_600]) func reasonsOfOneFailure(pause: Double) throws {
    let folder = try TemporaryFolder()
    let bench = ArchiveTests.Bench(folder.file("a.db"), reasonPause: pause)
    for reason in ["first (1)", "first", "second", "second"] {
      bench.archive.fail(ArchiveFailure("a.db", reason, .wait))
    }
    bench.archive.works()
    bench.archive.fail(ArchiveFailure("a.db", "second", .wait))
    let reasons = bench.reports.all.map { $0.contains("first (1)") ? 1 : $0.contains("second") ? 2 : 0 }
    #expect(reasons == (pause > 0 ? [1, 0, 2] : [1, 0, 2, 0, 2]))
  }
}
