import AgentMetrics
import Glibc
import SampleStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Dashboard

/// A source that sends no samples, or cannot be reached.
@Suite(.ownThreads) struct SilentSourceTests {
  private let history: History = {
    var machine = MadeUpMachine.smallVM
    return machine.history(ticks: 30)
  }()

  private func input(_ connection: DashboardConnection?, silence: Double?) -> ScreenInput {
    var input = ScreenGoldens.screenInput(history, size: Size(width: 120, height: 40))
    (input.connection, input.silence) = (connection, silence)
    return input
  }

  private func rows(_ input: ScreenInput) -> [String] { Screen(input).draw().grid.rows }

  @Test func anAgentThatHangsIsSeenAfterThreeSeconds() {
    let connection = DashboardConnection(isConnected: true, lag: 0.015)
    let fresh = rows(input(connection, silence: 2.9))
    #expect(fresh[0].contains("latency 15 ms") && !fresh[0].contains("no data"))
    let silent = Screen(input(connection, silence: 5.2)).draw()
    #expect(silent.grid.rows[0].contains("no data for 5 s") && !silent.grid.rows[0].contains("latency"))
    #expect(silent.frameContext.axis.end >= ScreenGoldens.now + 30 + 5)
    // Whatever the clock of the other machine says.
    var skewed = input(connection, silence: 0.5)
    skewed.now += 600
    #expect(!rows(skewed)[0].contains("no data"))
  }

  @Test("Another clock that is ahead is named, and no latency is negative")
  func clockAhead() {
    let early = rows(input(DashboardConnection(isConnected: true, lag: -0.03), silence: 0.5))
    #expect(early[0].contains("latency 0 µs"))
    let ahead = rows(input(DashboardConnection(isConnected: true, lag: -3.2), silence: 0.5))
    #expect(ahead[0].contains("its clock is 3.2 s ahead") && !ahead[0].contains("latency"))
  }

  @Test func valuesWithoutNewSamplesAreMarkedStale() {
    func stale(_ input: ScreenInput) -> Int {
      let grid = Screen(input).draw().grid
      return (0..<grid.width).count { grid[$0, 5].style == .stale }
    }
    #expect(stale(input(nil, silence: 5)) == 120)
    #expect(stale(input(nil, silence: 1)) < 120)
    #expect(stale(input(DashboardConnection(isConnected: false, reason: "reset"), silence: 1)) == 120)
  }

  @Test func aHostOfTheGridThatHangsSaysSo() {
    let sample = history.latest?.sample
    let host = { (silence: Double) in
      HostSummary(
        name: "a", sample: sample, connection: DashboardConnection(isConnected: true, lag: 0.01), silence: silence)
    }
    var input = input(nil, silence: nil)
    input.hosts = [host(0), host(12)]
    input.state.isGrid = true
    #expect(rows(input).joined().contains("no data for 12 s"))
  }

  @Test func arrivalsAreTimedByTheNewestSample() {
    var arrivals = Arrivals()
    #expect(arrivals.silence(of: 0, nil, now: 1) == nil)
    #expect(arrivals.silence(of: 0, history.latest, now: 10) == 0)
    #expect(arrivals.silence(of: 0, history.latest, now: 14) == 4)
    #expect(arrivals.silence(of: 1, history.latest, now: 14) == 0)
    #expect(arrivals.silence(of: 0, history.all.first, now: 15) == 0)
  }

  @Test func aSourceThatWasNeverReachedIsNotLost() {
    let connection = DashboardConnection(
      isConnected: false, reason: "connection refused", address: "http://127.0.0.1:1")
    var input = input(connection, silence: nil)
    input.entries = []
    let text = rows(input).joined(separator: "\n")
    #expect(text.contains("cannot connect to http://127.0.0.1:1: connection refused"))
    #expect(text.contains("NOT CONNECTED") && !text.contains("LOST") && !text.contains("connection lost"))
    let lost = rows(self.input(connection, silence: nil)).joined(separator: "\n")
    #expect(lost.contains("LOST") && lost.contains("connection lost to http://127.0.0.1:1: connection refused"))
  }

  @Test func aLogMessageGoesAfterTenSecondsOrWithAKey() {
    var message = ShownMessage()
    #expect(message.current("a", now: 100) == "a" && message.current(nil, now: 109.9) == "a")
    #expect(message.current(nil, now: 110) == nil && message.current(nil, now: 111) == nil)
    // The same message again is news.
    #expect(message.current("a", now: 112) == "a" && message.dismiss() && !message.dismiss())
    #expect(message.current(nil, now: 113) == nil)
  }

  @Test func aKeyBringsTheKeysBack() {
    var options = DashboardOptions(version: "0", sampleInterval: 1)
    let isTaken = Mutex(false)
    options.messages = {
      isTaken.withLock { taken -> String? in
        defer { taken = true }
        return taken ? nil : "an alert fires"
      }
    }
    let terminal = RecordingTerminal(events: [.key(.escape), .key(.character("q"))])
    let dashboard = Dashboard(
      history: history, options: options, now: { (ScreenGoldens.now + 30, 0) }, monotonic: { 50 })
    #expect(dashboard.run(on: terminal) == .quit)
    let feet = terminal.frames.compactMap { $0.rows.last }
    #expect(feet.count == 2 && feet[0].contains("an alert fires"))
    #expect(feet.last?.contains("an alert") == false && feet.last?.contains("Space pause") == true)
  }

  /// A line where the connection fails, and one when samples arrive.
  @Test func linesSayThatTheConnectionFails() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (reader, writer) = (ends[0], ends[1])
    defer { close(writer) }
    let state = Mutex(
      DashboardConnection(isConnected: false, reason: "connection refused", address: "http://127.0.0.1:1"))
    let samples = history.all.map(\.sample)
    let empty = History(capacity: 10, interval: 1)
    let ended = Condition<DashboardExit?>(nil)
    Thread.start("lines") {
      let lines = try? LineMode(
        history: empty, output: writer, catchesSignals: false, connection: { state.withLock { $0 } })
      let exit = lines?.run()
      ended.update { $0 = exit }
    }
    var lines = LineReader(reader)
    #expect(lines.next() == "agent: cannot connect to http://127.0.0.1:1: connection refused")
    state.withLock { $0 = DashboardConnection(isConnected: true, address: "http://127.0.0.1:1") }
    empty.append(samples[0])
    #expect(lines.next().contains("cpu%"))
    #expect(lines.next() == LineMode.line(samples[0], LineMode.columns(of: samples[0])))
    #expect(lines.next() == "agent: data arrives again from http://127.0.0.1:1")
    // Another agent's samples come in a live track.
    empty.setLiveTracks([1])
    empty.append([(interval: 1, sample: samples[1])])
    #expect(lines.next() == LineMode.line(samples[1], LineMode.columns(of: samples[1])))
    close(reader)
    #expect(ended.wait(atMost: 60) { $0 } == .quit)
  }
}
