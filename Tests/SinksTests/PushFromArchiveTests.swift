import AgentMetrics
import Query
import SampleStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Outbox
@testable import Sinks

/// An archive in memory that may be unreadable, start late, or contain only means.
final class MadeUpArchive: SampleArchive {
  private struct State {
    var samples: [Sample] = []
    var means: [Sample] = []
    var failures = 0
    var reads = 0
  }
  private struct Away: Error {}
  private let state = Mutex(State())

  func keep(_ samples: [Sample]) { state.withLock { $0.samples += samples } }
  func keepMeans(_ samples: [Sample]) { state.withLock { $0.means += samples } }
  /// Makes the next `times` reads fail.
  func fail(_ times: Int) { state.withLock { $0.failures = times } }
  var reads: Int { state.withLock { $0.reads } }

  var status: ArchiveStatus { ArchiveStatus() }

  var oldest: Double? { state.withLock { ($0.means + $0.samples).map(\.timestamp.seconds).min() } }

  func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] {
    try state.withLock { state in
      state.reads += 1
      if state.failures > 0 {
        state.failures -= 1
        throw Away()
      }
      let kept = step == nil ? state.samples : state.means
      let found = kept.filter { $0.timestamp.seconds >= start && $0.timestamp.seconds <= end }
      guard found.count <= limit else { throw Columns.TooLarge(ofRows: found.count) }
      return found
    }
  }

  func sample(at time: Double) async throws -> Sample? {
    state.withLock { $0.samples.last { $0.timestamp.seconds <= time } }
  }

  func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns {
    throw Away()
  }
}

/// Samples that are no longer in memory come from the archive.
@Suite struct PushFromArchiveTests {
  /// Later than now, like a sampler's samples, however long a busy machine takes to send them.
  private let machine = SmallMachine(start: (Clock.realtime / 60).rounded(.up) * 60 + 3_600)
  private let archive = MadeUpArchive()

  private final class Gate: Sendable {
    private let state = Atomic(true)
    var isOpen: Bool {
      get { state.load(ordering: .relaxed) }
      set { state.store(newValue, ordering: .relaxed) }
    }
  }

  private func history(capacity: Int, restored: Range<Int>? = nil) -> History {
    let history = History(capacity: capacity, interval: 30)
    if let restored { history.restore(restored.map { machine.sample($0) }) }
    history.archive = archive
    return history
  }

  private func append(_ numbers: Range<Int>, to history: History) {
    for number in numbers {
      archive.keep([machine.sample(number)])
      history.append(machine.sample(number))
    }
  }

  private func timestamps(_ receiver: FakeReceiver) -> [Int] {
    let points = receiver.points.filter { $0.series.hasPrefix("agent_load1{") && $0.bits != PushBatch.stale }
    return points.map { Int(($0.milliseconds - Int64(machine.start) * 1_000) / 30_000) }
  }

  @Test("Neither an outage longer than memory nor a temporary failure of the archive loses a sample")
  func longOutage() async throws {
    let gate = Gate()
    let receiver = try await FakeReceiver { _ in gate.isOpen ? .answer(204) : .answer(503) }
    let history = history(capacity: 10)
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", history: history, kind: "remote-write-1")
    append(0..<3, to: history)
    try await eventually("the first") { pushing.status.sentSamples == 3 }
    gate.isOpen = false
    append(3..<1_000, to: history)
    try await eventually("failures") { pushing.status.failed >= 2 }
    try await eventually("all of them wait") { pushing.status.pending >= 900 }
    archive.fail(3)
    gate.isOpen = true
    try await eventually("all samples") { pushing.status.sentSamples == 1_000 && pushing.status.state == .live }
    append(1_000..<1_010, to: history)
    try await eventually("later samples") { pushing.status.sentSamples == 1_010 }
    #expect(timestamps(receiver) == Array(0..<1_010))
    #expect(pushing.status.lost == 0 && pushing.status.dropped == 0 && pushing.status.gaps.isEmpty)
    await pushing.stop()
    await receiver.close()
  }

  @Test("After a restart it continues at the cursor; a series that has ended meanwhile becomes stale")
  func restart() async throws {
    let folder = try TemporaryFolder()
    let gate = Gate()
    let receiver = try await FakeReceiver { _ in gate.isOpen ? .answer(204) : .answer(503) }
    let url = "http://127.0.0.1:\(receiver.port)"
    do {
      let history = history(capacity: 10)
      let pushing = try Pushing(
        to: url, history: history, kind: "remote-write-1", cursorFile: folder.file("cursors"))
      append(0..<3, to: history)
      try await eventually("the first") { pushing.status.sentSamples == 3 }
      gate.isOpen = false
      append(3..<50, to: history)
      try await eventually("failures") { pushing.status.failed >= 1 }
      await pushing.stop()
      #expect(pushing.log.all.contains { $0.contains("wait in the archive") })
    }
    gate.isOpen = true
    // Memory starts after the cursor.
    for number in 50..<60 { archive.keep([machine.sample(number, gpus: 1)]) }
    let history = History(capacity: 10, interval: 30)
    history.restore((50..<60).map { machine.sample($0, gpus: 1) })
    history.archive = archive
    let pushing = try Pushing(to: url, history: history, kind: "remote-write-1", cursorFile: folder.file("cursors"))
    archive.keep([machine.sample(60, gpus: 1)])
    history.append(machine.sample(60, gpus: 1))
    try await eventually("all samples") { pushing.status.sentSamples == 58 && pushing.status.state == .live }
    #expect(timestamps(receiver) == Array(0..<61))
    let ends = receiver.points.filter { $0.bits == PushBatch.stale }
    #expect(!ends.isEmpty)
    #expect(
      ends.allSatisfy { $0.series.contains("gpu=\"1\"") && $0.milliseconds == Int64(machine.start + 1_500) * 1_000 })
    #expect(pushing.status.lost == 0)
    await pushing.stop()
    await receiver.close()
  }

  @Test("A new receiver gets samples from now on, not years of archive")
  func newReceiver() async throws {
    let folder = try TemporaryFolder()
    let receiver = try await FakeReceiver { _ in .answer(204) }
    archive.keep((0..<50).map { machine.sample($0) })
    let history = history(capacity: 10, restored: 40..<50)
    let pushing = try Pushing(
      to: "http://127.0.0.1:\(receiver.port)", history: history, kind: "remote-write-1",
      cursorFile: folder.file("cursors"))
    append(50..<53, to: history)
    try await eventually("the new ones") { pushing.status.sentSamples == 3 }
    #expect(timestamps(receiver) == [50, 51, 52])
    await pushing.stop()
    await receiver.close()
  }

  @Test("An archive that begins after the cursor is reported as a gap, and means are sent")
  func agedArchive() async throws {
    let folder = try TemporaryFolder()
    let receiver = try await FakeReceiver { _ in .answer(204) }
    let url = "http://127.0.0.1:\(receiver.port)"
    try folder.write("cursors", "\(Int(machine.start) * 1_000) \(url)/api/v1/write\n")
    // Of 100…200 every second one exists, as a mean of a minute; from 201 on all.
    archive.keepMeans(stride(from: 100, through: 200, by: 2).map { machine.sample($0) })
    archive.keep((201..<300).map { machine.sample($0) })
    let history = history(capacity: 10, restored: 290..<300)
    let pushing = try Pushing(to: url, history: history, kind: "remote-write-1", cursorFile: folder.file("cursors"))
    append(300..<301, to: history)
    try await eventually("all that is left") { pushing.status.state == .live }
    #expect(timestamps(receiver) == Array(stride(from: 100, through: 200, by: 2)) + Array(201..<301))
    #expect(pushing.status.lost > 90 && pushing.status.lost <= 100)
    #expect(pushing.status.gaps.map(\.reason) == [.lost])
    await pushing.stop()
    await receiver.close()
  }

  @Test("An unreadable archive does not block forever, and missing samples are reported")
  func brokenArchive() async throws {
    let gate = Gate()
    let receiver = try await FakeReceiver { _ in gate.isOpen ? .answer(204) : .answer(503) }
    let history = history(capacity: 10)
    let pushing = try Pushing(to: "http://127.0.0.1:\(receiver.port)", history: history, kind: "remote-write-1")
    gate.isOpen = false
    append(0..<50, to: history)
    try await eventually("failures") { pushing.status.failed >= 1 }
    archive.fail(1_000_000)
    gate.isOpen = true
    try await eventually("memory's") { pushing.status.sentSamples == 10 }
    #expect(timestamps(receiver) == Array(40..<50))
    #expect(pushing.status.lost == 40)
    await pushing.stop()
    await receiver.close()
  }
}
