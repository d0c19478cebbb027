import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import Remote

/// Limits on data from a broken or hostile agent.
@Suite struct RemoteLimitsTests {
  private static let sample = #"{"timestamp":"2026-01-01T00:00:00Z","cpu":{"usage":0.5}}"#

  private func events(_ count: Int) -> [EventStreamParser.ServerSentEvent] {
    (0..<count).map { EventStreamParser.ServerSentEvent(id: String($0), data: []) }
  }

  @Test func aBacklogPassesAndAFloodDoesNot() {
    var rate = EventRate(burst: 100, at: 0)
    let backlog = rate.take(events(100), bytes: 1_000, at: 0)
    #expect(backlog.events.count == 100 && !backlog.waits)
    // From a flood, only the newest event of each read is taken; after a second, a second's worth is allowed again.
    let flood = rate.take(events(50), bytes: 1_000, at: 0)
    #expect(flood.events.map(\.id) == ["49"] && flood.waits && rate.dropped == 49)
    let next = rate.take(events(1), bytes: 1_000, at: 0.1)
    #expect(next.waits)
    let later = rate.take(events(10), bytes: 1_000, at: 3)
    #expect(later.events.count == 10 && !later.waits)
  }

  @Test func manyBytesAreAFloodToo() {
    var rate = EventRate(burst: 1_000, at: 0)
    var taken = 0
    for second in 0..<60 {
      for _ in 0..<8 where !rate.take(events(1), bytes: 1 << 20, at: Double(second)).waits { taken += 1 }
    }
    #expect(taken < 64 + 60 * 3)
  }

  @Test func longStringsAreCut() throws {
    let name = String(repeating: "x", count: 100_000)
    let text = Self.sample.dropLast() + #","host":{"hostname":"\#(name)"}}"#
    let bytes = Array(text.utf8)
    let read = Sample(json: bytes.span)
    let sample = try #require(read)
    #expect(sample.host.hostname == String(repeating: "x", count: RemoteLimits.string))
  }

  @Test func aSampleHasSoManyEntriesAtMost() throws {
    let entries = Array(repeating: "{}", count: 30_000).joined(separator: ",")
    let text = Self.sample.dropLast() + #","disks":[\#(entries)],"networks":[\#(entries)]}"#
    let counted = SampleReader.Entries()
    let bytes = Array(text.utf8)
    let read = Sample(json: bytes.span, entries: counted)
    let sample = try #require(read)
    #expect(sample.disks.count + sample.networks.count == RemoteLimits.entries && counted.count == RemoteLimits.entries)
  }

  @Test func samplesTogetherTakeSoMuchAtMost() {
    var kept = KeptSamples(capacity: 3)
    let third = RemoteLimits.kept / 3
    let isKept = (0..<4).map { _ in kept.add(bytes: third, entries: 0) }
    #expect(isKept == [true, true, true, true])
    let isTooMuch = !kept.add(bytes: third, entries: third / 100)
    #expect(isTooMuch)
    var newest = kept.newest(1)
    let hasRoom = newest.add(bytes: 1, entries: 0)
    #expect(hasRoom)
  }

  /// Serves an endless history, counts its bytes, and checks the error.
  @Test func anEndlessHistoryIsCutOff() async throws {
    let agent = try HostileAgent { target, send in
      guard target.hasPrefix("/metrics/history"), !target.hasSuffix("seconds=1") else {
        _ = send("{\"interval_sec\":1,\"samples\":[],\"timestamp\":\"2026-01-01T00:00:00Z\"}")
        return
      }
      _ = send("{\"interval_sec\":1,\"samples\":[")
      while send(String(repeating: Self.sample + ",", count: 100)) {}
    }
    let machine = try RemoteMachine("127.0.0.1:\(agent.port)", capacity: 10)
    let task = Task.detached { await machine.run() }
    defer { task.cancel() }
    while machine.state.reason == nil { try await Task.sleep(for: .milliseconds(20)) }
    #expect(machine.state.reason == "a history of more than 4100 samples")
    #expect(!machine.state.isConnected)
  }

  @Test(arguments: [
    (#"{"interval_sec":1,"samples":[{"a":""#, "xxxxxxxxxxxxxxxx", "an object of more than 1 MiB"),
    (#"{"interval_sec":1,"samples":["#, "                ", "an answer of more than 16 MiB"),
  ]) func anAnswerHasSoManyBytesAtMost(start: String, filler: String, reason: String) async throws {
    let agent = try HostileAgent { target, send in
      guard target.hasPrefix("/metrics/history"), !target.hasSuffix("seconds=1") else {
        _ = send("{\"interval_sec\":1,\"samples\":[],\"timestamp\":\"2026-01-01T00:00:00Z\"}")
        return
      }
      _ = send(start)
      let block = String(repeating: filler, count: 4_096)
      while send(block) {}
    }
    let machine = try RemoteMachine("127.0.0.1:\(agent.port)", capacity: 10)
    let failure = await #expect(throws: RemoteFailure.self) { try await machine.remembered(atMost: 10) }
    #expect(failure?.description == reason && failure?.isRefusal == true)
  }
}

/// A server whose responses have no length, written by a script until the client leaves.
private final class HostileAgent: Sendable {
  /// Writes a part of the body; false once the client has gone.
  typealias Send = (String) -> Bool

  let port: UInt16
  private let listener: Int32

  init(_ answer: @escaping @Sendable (_ target: String, _ send: @escaping Send) -> Void) throws {
    let held = try Loopback.listen()
    (listener, port) = (held.descriptor, held.port)
    let listener = listener
    Thread.start("hostile agent") {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        Thread.start("hostile answer") {
          defer {
            // A program that another test starts meanwhile may have inherited the descriptor.
            shutdown(connection, Int32(SHUT_RDWR))
            close(connection)
          }
          var bytes: [UInt8] = []
          var chunk = [UInt8](repeating: 0, count: 4_096)
          while !String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\n") {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            bytes += chunk[..<count]
          }
          let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
          let send: Send = { text in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
              let count = rest.withUnsafeBytes {
                SystemIO.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
              }
              guard count > 0 else { return false }
              rest = rest.dropFirst(count)
            }
            return true
          }
          guard send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n") else { return }
          answer(words.count > 1 ? String(words[1]) : "", send)
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}
