import AgentMetrics
import ArchiveTestSupport
import Query
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Archive

@Suite(.ownThreads) struct EventTableTests {
  private static func event(_ kind: EventKind, at time: Double, subject: String = "") -> MachineEvent {
    var event = MachineEvent(kind, at: time, subject: subject, "\(kind.title) of \(subject)")
    (event.count, event.workload, event.duration) = (3, "service:a", 12.5)
    return event
  }

  /// Samples of which every second one has events.
  private static func samples(_ count: Int) -> [Sample] {
    DemoSamples().prefix(count).enumerated().map { index, sample in
      var sample = sample
      var events = MachineEvents()
      events.counts = [EventCount(.reboot, total: index)]
      if index % 2 == 1 {
        events.new = [
          event(.outOfMemory, at: sample.timestamp.seconds, subject: "räume\n1"),
          event(.filesystemFull, at: sample.timestamp.seconds - 1, subject: "/var"),
        ]
      }
      sample.events = events
      return sample
    }
  }

  @Test func eventsAreWrittenWithTheirSamples() throws {
    let folder = try TemporaryFolder()
    let file = try ArchiveFileTests.open(folder.file("a.db"))
    let samples = Self.samples(10)
    try file.write(samples)
    // Once more, as after a restart within a tick.
    try file.write([samples[9]])
    let all = try #require(try EventTable.events(EventQuery(), in: file.database))
    let expected = samples.flatMap { $0.events?.new ?? [] }.sorted { $0.time > $1.time }
    #expect(all.events == expected && all.events.count == 10 && !all.isTruncated)
    let times = samples.map(\.timestamp.seconds)
    let query = EventQuery(from: times[2], to: times[6], kinds: [.filesystemFull, .xid], limit: 1)
    let some = try EventTable.events(query, in: file.database)
    #expect(some?.events == [samples[5].events?.new[1]].compactMap(\.self) && some?.isTruncated == true)
    #expect(try EventTable.count(query, in: file.database) == 2)
    #expect(try EventTable.count(EventQuery(limit: 3), in: file.database) == 10)
    // A kind of a later version.
    try file.database.run("UPDATE event SET kind = 'flood' WHERE kind = 'oom_kill'")
    #expect(try EventTable.events(EventQuery(), in: file.database)?.events.count == 5)
    #expect(try EventTable.count(EventQuery(), in: file.database) == 5)
    // Whole samples keep them, too.
    let back = try ArchiveReader(file.database).samples(from: .min, to: .max)
    #expect(back[3].events?.new == samples[3].events?.new)
    #expect(back[3].events?.counts.first?.total == 3)
    file.close()
  }

  @Test func oldEventsAreDeleted() throws {
    let folder = try TemporaryFolder()
    let file = try ArchiveFileTests.open(folder.file("a.db"), retention: Retention("1h,1h,1h") ?? Retention())
    let samples = Self.samples(20)
    try file.write(samples)
    let middle = samples[10].timestamp.seconds
    try file.prune(now: Int64((middle + 3_600) * 1_000))
    let kept = try EventTable.events(EventQuery(), in: file.database)?.events ?? []
    #expect(kept.count == 10 && kept.allSatisfy { $0.time >= middle })
    // At most so many as the file's limit allows.
    try EventTable.prune(before: 0, sizeLimit: 1, in: file.database)
    #expect(try file.database.integer("SELECT count(*) FROM event") == 10)
    for index in 0..<200 {
      try file.database.run(
        "INSERT INTO event VALUES(?, 'gap', '', 'info', '', 1, NULL, NULL)",
        [.integer(9_000_000_000_000 + Int64(index))])
    }
    try EventTable.prune(before: 0, sizeLimit: 1, in: file.database)
    #expect(try file.database.integer("SELECT count(*) FROM event") == 100)
    #expect(try file.database.integer("SELECT max(t) FROM event") == 9_000_000_000_199)
    file.close()
  }

  /// A file of an earlier version is read as it is, and gets the table when an agent opens it.
  @Test func filesWithoutTheTable() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let file = try ArchiveFileTests.open(path)
    try file.write(Self.samples(4))
    try file.database.execute("DROP TABLE event; DELETE FROM meta WHERE name = 'events_since'")
    file.close()
    let reading = try ArchiveAccess(path, for: .reading)
    #expect(try reading.events(EventQuery()) == nil && reading.extent != nil)
    reading.close()
    let before = Clock.realtime
    let archive = Archive(path: path, history: History(capacity: 10, interval: 30)) { Issue.record("\($0)") }
    archive.start()
    #expect(archive.newestAtStart != nil, "though it is older than memory reaches")
    let found = try #require(try await archive.events(EventQuery()))
    #expect(found.events.isEmpty && found.since >= before - 0.001 && found.since <= Clock.realtime)
    archive.stop()
    // An earlier version ignores the table: the schema's version is the same.
    let database = try Database(path: path, mode: .readOnly)
    #expect(try database.integer("PRAGMA user_version") == 1)
    database.close()
  }

  /// Events that an agent wrote are there after it has ended.
  @Test func anotherAgentFindsThem() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.db")
    let now = Clock.realtime.rounded(.down)
    do {
      let history = History(capacity: 10, interval: 30)
      let archive = Archive(path: path, history: history) { Issue.record("\($0)") }
      archive.start()
      var sample = Self.samples(2)[1]
      sample.timestamp = Timestamp(seconds: now)
      sample.boottime = Clock.boottime
      sample.events?.new = [Self.event(.reboot, at: now)]
      history.append(sample)
      #expect(archive.flush(atMost: 60))
      archive.stop(atMost: 60)
    }
    let history = History(capacity: 10, interval: 30)
    let archive = Archive(path: path, history: history) { Issue.record("\($0)") }
    archive.start()
    #expect(try await archive.events(EventQuery())?.events == [Self.event(.reboot, at: now)])
    #expect(archive.newestAtStart?.timestamp.seconds == now)
    archive.stop(atMost: 60)
    let reading = try ArchiveAccess(path, for: .reading)
    #expect(try reading.events(EventQuery())?.events.map(\.kind) == [.reboot])
    reading.close()
  }
}
