import AgentMetrics
import Glibc
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Dashboard

/// The loop: effects of keys and events.
@Suite(.ownThreads) struct DashboardTests {
  private let history: History
  private let start: Double

  init() {
    var machine = MadeUpMachine.smallVM
    history = machine.history(ticks: 30)
    start = history.latest?.sample.timestamp.seconds ?? 0
  }

  /// Runs a dashboard on a terminal, with a fixed clock.
  private func run(_ terminal: RecordingTerminal, history: History? = nil) -> DashboardExit {
    Dashboard(
      history: history ?? self.history, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) }
    ).run(on: terminal)
  }

  private func pressing(_ keys: [KeyPress]) -> RecordingTerminal {
    RecordingTerminal(events: keys.map { .key($0) })
  }

  private func text(_ frame: Grid?) -> String {
    frame?.rows.joined(separator: "\n") ?? ""
  }

  @Test(arguments: [KeyPress.character("q"), .character("Q"), .character("\u{3}")]) func quits(_ key: KeyPress) {
    let terminal = pressing([key, .character(" ")])
    #expect(run(terminal) == .quit)
    #expect(terminal.frames.count == 1 && terminal.timeouts.count == 1)
  }

  @Test func signalsAndAGoneTerminalEndIt() {
    #expect(run(RecordingTerminal(events: [.terminated(signal: 15)])) == .terminated(signal: 15))
    #expect(run(RecordingTerminal(events: [.terminated(signal: 1)])) == .terminated(signal: 1))
    #expect(run(RecordingTerminal(events: [.terminated(signal: 2)])) == .quit)
    #expect(run(RecordingTerminal(events: [.hangup])) == .quit)
  }

  @Test(arguments: [KeyPress.character("h"), .function(1)]) func helpComesAndGoes(_ key: KeyPress) {
    let terminal = pressing([key, key, key, .escape])
    _ = run(terminal)
    #expect(terminal.frames.map { text($0).contains("show or hide this help") } == [false, true, false, true, false])
  }

  @Test func escapeWithNothingToLeaveAndUnknownKeysDrawNothing() {
    let terminal = pressing([.escape, .character("X"), .insert, .function(12), .other, .character("\u{10FFFF}")])
    _ = run(terminal)
    #expect(terminal.frames.count == 1)
  }

  @Test func thePauseHoldsWhileSamplesComeIn() {
    let terminal = RecordingTerminal(events: [
      .key(.character(" ")), .woken, .key(.character(" ")), .woken,
    ])
    var machine = MadeUpMachine.gpuServer
    let later = machine.history(ticks: 3).all.map(\.sample)
    terminal.beforeEvent = { [history, start] index in
      guard index == 1, var sample = later.last else { return }
      sample.timestamp = Timestamp(seconds: start + 1)
      sample.boottime = 1e9
      history.append(sample)
    }
    var clock = 1000.0
    _ = Dashboard(
      history: history, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) },
      monotonic: {
        clock += 1
        return clock
      }
    ).run(on: terminal)
    // The last row shows the bytes per frame, which change.
    let texts = terminal.frames.map { $0.rows.dropLast().joined(separator: "\n") }
    #expect(texts.count == 5)
    #expect(texts[1].contains("PAUSED at " + TextFormat.clock(start)))
    #expect(texts[2] == texts[1])
    #expect(texts[3].contains("H100") && !texts[3].contains("PAUSED"))
  }

  /// Many hosts, or a flood of samples from one, cost no more than the minimum interval allows.
  @Test func manySamplesAtOnceDrawTwoFrames() {
    let events: [TerminalEvent] = Array(repeating: .woken, count: 100) + [.timeout, .timeout]
    let terminal = RecordingTerminal(events: events)
    var clock = 1000.0
    terminal.beforeEvent = { index in clock += index == 100 ? 0.1 : 0.0001 }
    _ = Dashboard(
      history: history, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) }, monotonic: { clock }
    ).run(on: terminal)
    // At the start, for the first sample, for the rest of them, and for the clock of the last timeout.
    #expect(terminal.frames.count == 4)
    #expect(terminal.timeouts[2...].prefix(99).allSatisfy { $0 <= 0.05 })
  }

  /// A frame that the terminal would not take is not composed, whatever happens meanwhile.
  @Test func aBlockedTerminalGetsOneFrameWhenItIsWritable() {
    let terminal = RecordingTerminal(events: [.woken, .woken, .timeout, .key(.character("l")), .writable])
    terminal.isWritable = false
    terminal.beforeEvent = { index in if index == 4 { terminal.isWritable = true } }
    _ = run(terminal)
    #expect(terminal.frames.count == 1)
    // A timeout of 0 would poll without a pause until the terminal is writable.
    #expect(terminal.timeouts.dropFirst().allSatisfy { $0 > 0 })
  }

  /// Samples restored from a local agent precede the dashboard's own; a remote agent's history may contain a restart.
  @Test(arguments: [true, false]) func onlyAnotherAgentsRestartIsAnEvent(isRemote: Bool) {
    let terminal = RecordingTerminal(size: Size(width: 160, height: 40), events: [.woken, .key(.character("p"))])
    let others = history.all.map { entry -> Sample in
      var sample = entry.sample
      sample.timestamp.seconds -= 40
      sample.boottime -= 40
      sample.host.uptime -= 40
      (sample.agent.version, sample.agent.cpuTotal) = ("0.9.0", 100 + sample.agent.cpuTotal)
      return sample
    }
    let own = History(capacity: history.capacity, interval: 1)
    for entry in history.all {
      var sample = entry.sample
      // The sampler of this process detects its events.
      if !isRemote { sample.events = MachineEvents() }
      own.append(sample)
    }
    terminal.beforeEvent = { index in if index == 0 { own.restore(others) } }
    let host = DashboardHost(
      name: "", history: own, connection: isRemote ? { @Sendable in DashboardConnection(isConnected: true) } : nil)
    _ = Dashboard(
      hosts: [host], options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in (start + 0.25, 0) }
    ).run(on: terminal)
    #expect(text(terminal.frames.last).contains("agent restarted") == isRemote)
  }

  @Test func withoutFocusItDrawsSeldom() {
    let terminal = RecordingTerminal(events: [
      .focus(false), .woken, .timeout, .woken, .key(.character("l")), .focus(true), .woken,
    ])
    _ = run(terminal)
    // At the start, for the key, for the returned focus, and for the sample after that.
    #expect(terminal.frames.count == 4)
  }

  @Test func settingsAreKeptAndComeBack() throws {
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    options.configPath = folder + "/deep/er/config"
    func run(_ keys: [KeyPress]) -> RecordingTerminal {
      let terminal = pressing(keys)
      _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: terminal)
      return terminal
    }
    _ = run([.character("b"), .character("l"), .character("4")])
    let again = run([])
    #expect(again.theme == Theme.all[1])
    #expect(!text(again.frames.last).contains("DISKS"))
    options.overrides = ["theme=light", "hide="]
    let overridden = run([])
    #expect(overridden.theme.name == "light")
    // Overrides are not saved.
    options.overrides = []
    #expect(run([]).theme == Theme.all[1])
  }

  @Test func aBrokenConfigIsSaidAndDoesNoHarm() throws {
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    options.configPath = folder + "/config"
    let file = try #require(fopen(folder + "/config", "w"))
    fputs("theme = vivid\nlayuot = gpu\n", file)
    fclose(file)
    let terminal = pressing([])
    _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: terminal)
    #expect(terminal.theme.name == "vivid")
    #expect(text(terminal.frames.first).contains("line 2: unknown setting layuot"))
  }

  @Test func allProcessesAreAskedForAndShown() {
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    let template = history.latest?.sample.processes?.top.first
    let asked = Condition(0)
    options.processes = .remote {
      asked.update { $0 += 1 }
      let rows = (0..<40).compactMap { index -> Process? in
        guard var process = template else { return nil }
        (process.pid, process.name, process.cpu) = (Int32(10_000 + index), "whole-\(index)", Double(index))
        return process
      }
      return ProcessSnapshot(processes: rows)
    }
    let terminal = RecordingTerminal(events: [.woken, .resized])
    terminal.beforeEvent = { index in
      // The answer's wake-up follows it; a frame drawn for another reason sends no request.
      if index == 1 {
        for _ in 0..<30_000 where terminal.wakes.withState({ $0 }) == 0 { usleep(10_000) }
      }
    }
    _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: terminal)
    #expect(asked.withState { $0 } == 1)
    #expect(text(terminal.frames.last).contains("whole-39"))
    #expect(!text(terminal.frames.first).contains("whole"))
  }

  /// A process control that records its calls.
  private final class ScriptedControl: Sendable {
    let held = Condition<[(pid: Int32, start: Double)]>([])
    let sent = Condition<[(pid: Int32, signal: Int32)]>([])
    /// Reason to refuse holding processes; nil to allow it.
    let refusal: String?

    init(refusal: String? = nil) { self.refusal = refusal }

    var control: ProcessControl {
      ProcessControl(
        details: { _ in nil },
        hold: { [self] pid, start in
          held.update { $0.append((pid, start)) }
          if let refusal { return .failure(SignalRefusal(refusal)) }
          return .success { [self] number in
            sent.update { $0.append((pid, number)) }
            return nil
          }
        })
    }
  }

  /// Runs a dashboard on events, each a given number of seconds after the previous one.
  private func runTimed(
    _ events: [(after: Double, event: TerminalEvent)], _ control: ScriptedControl, isReadOnly: Bool = false
  ) -> RecordingTerminal {
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    options.control = control.control
    options.isReadOnly = isReadOnly
    let terminal = RecordingTerminal(size: Size(width: 120, height: 40), events: events.map(\.event))
    var clock = 1000.0
    terminal.beforeEvent = { index in if index < events.count { clock += events[index].after } }
    _ = Dashboard(
      history: history, options: options, now: { [start] in (start + 0.25, 0) }, monotonic: { clock }
    ).run(on: terminal)
    return terminal
  }

  private func sent(_ keys: [(after: Double, key: KeyPress)], isReadOnly: Bool = false) -> [Int32] {
    let control = ScriptedControl()
    _ = runTimed(keys.map { ($0.after, .key($0.key)) }, control, isReadOnly: isReadOnly)
    return control.sent.withState { $0.map(\.signal) }
  }

  @Test func signalsGoWhereTheyWereConfirmed() {
    let control = ScriptedControl()
    let keys: [KeyPress] = [.down, .function(9), .enter, .character("y")]
    let terminal = runTimed(keys.map { (0.4, .key($0)) }, control)
    let held = control.held.withState { $0 }
    let sent = control.sent.withState { $0 }
    #expect(held.count == 1 && held[0].pid > 0 && held[0].start.isFinite)
    #expect(sent.count == 1 && sent[0].pid == held[0].pid && sent[0].signal == 15)
    #expect(text(terminal.frames.last).contains("TERM to \(sent[0].pid) sent"))
    #expect(self.sent([(1, .down), (1, .character("k")), (1, .down), (1, .enter), (1, .character("Y"))]) == [9])
    // Enter twice, another key, Esc, no selected process, a time in the past: no signal.
    #expect(self.sent([(1, .down), (1, .character("k")), (1, .enter), (1, .enter)]).isEmpty)
    #expect(self.sent([(1, .down), (1, .character("k")), (1, .enter), (1, .character("n"))]).isEmpty)
    #expect(self.sent([(1, .down), (1, .character("k")), (1, .escape), (1, .character("y"))]).isEmpty)
    #expect(self.sent([(1, .character("k")), (1, .enter), (1, .character("y"))]).isEmpty)
    #expect(self.sent([(1, .down), (1, .left), (1, .character("k")), (1, .enter), (1, .character("y"))]).isEmpty)
    #expect(
      self.sent([(1, .down), (1, .character("k")), (1, .enter), (1, .character("y"))], isReadOnly: true).isEmpty)
  }

  @Test func aConfirmationIsTakenOnlyAfterItWasSeen() {
    let open: [(after: Double, key: KeyPress)] = [(1, .down), (1, .character("k")), (1, .enter)]
    #expect(sent(open + [(0.29, .character("y"))]).isEmpty)
    #expect(sent(open + [(0.31, .character("y"))]) == [15])
    // A key that is too early is ignored and restarts the delay.
    #expect(sent(open + [(0.1, .character("y")), (0.31, .character("y"))]) == [15])
    #expect(sent(open + [(0.2, .character("y")), (0.2, .character("y")), (0.2, .character("y"))]).isEmpty)
    #expect(sent(open + [(0.1, .character("x")), (0.31, .character("y"))]) == [15])
    // Esc cancels immediately.
    #expect(sent(open + [(0.1, .escape), (1, .character("y"))]).isEmpty)
  }

  @Test(arguments: ["k\ry", "y", "yyyy\n", "jjk\r\ry\n", "\u{1B}[Bk\ry"], [true, false])
  func pastedTextSignalsNothing(_ text: String, isBracketed: Bool) {
    let control = ScriptedControl()
    let paste = TerminalEvent.paste(Paste(text: text, isBracketed: isBracketed))
    let keys: [KeyPress] = [.down, .character("k"), .enter]
    // At each step towards a signal, twice.
    for count in 0...keys.count {
      _ = runTimed(keys.prefix(count).map { (1, .key($0)) } + [(1, paste), (1, paste)], control)
      _ = runTimed(
        keys.prefix(count).map { (1, .key($0)) } + text.unicodeScalars.map { (0.01, .burst(.character($0))) }, control)
    }
    #expect(control.sent.withState { $0.isEmpty })
  }

  @Test func aProcessThatCannotBeHeldIsSentNothing() {
    let control = ScriptedControl(refusal: "it has ended; its pid belongs to another process now")
    let keys: [KeyPress] = [.down, .character("k"), .enter, .character("y")]
    let terminal = runTimed(keys.map { (1, .key($0)) }, control)
    #expect(control.sent.withState { $0.isEmpty })
    #expect(terminal.frames.contains { text($0).contains("its pid belongs to another process now") })
  }

  @Test func aPasteGoesIntoTheFilterOrNowhere() throws {
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    options.configPath = folder + "/config"
    let texts = ["lT4\n", "tzKHrms", "qqqq", ":\r\r", " ", "1234567890", "/kill", "g\u{1B}[B"]
    var events: [TerminalEvent] = texts.map { .paste(Paste(text: $0, isBracketed: true)) }
    events += texts.flatMap { $0.unicodeScalars.map { .burst(.character($0)) } }
    let terminal = RecordingTerminal(size: Size(width: 120, height: 40), events: events)
    _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: terminal)
    // All events were read: none of them quits. The file was not written.
    #expect(terminal.events.isEmpty && Files.names(in: folder).isEmpty)
    let typing = RecordingTerminal(
      size: Size(width: 120, height: 40),
      events: [.key(.character("/")), .paste(Paste(text: "user:a\r\nb\u{3}\u{1B}\tc\r", isBracketed: true))])
    _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: typing)
    #expect(text(typing.frames.last).contains("/user:a b c"))
  }

  @Test func theScreenIsFrozenWithItsTable() {
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    let control = ScriptedControl()
    options.control = control.control
    let template = history.latest?.sample.processes?.top.first
    let calls = Condition(0)
    options.processes = .local { _ in
      let call = calls.update {
        $0 += 1; return $0
      }
      let rows = (0..<5).compactMap { index -> Process? in
        guard var process = template else { return nil }
        (process.pid, process.name, process.cpu) = (Int32(10_000 + index), "scan-\(call)", Double(index))
        return process
      }
      return ProcessSnapshot(processes: rows)
    }
    let events: [TerminalEvent] = [
      .woken, .resized, .key(.character(" ")), .woken, .resized, .key(.down), .key(.character("k")), .key(.enter),
      .key(.character("y")), .key(.end),
    ]
    let terminal = RecordingTerminal(size: Size(width: 120, height: 40), events: events)
    var machine = MadeUpMachine.gpuServer
    let later = machine.history(ticks: 3).all.map(\.sample)
    var clock = 1000.0
    terminal.beforeEvent = { [history, start] index in
      clock += 1
      guard index == 3, var sample = later.last else { return }
      sample.timestamp = Timestamp(seconds: start + 1)
      sample.boottime = 1e9
      history.append(sample)
    }
    _ = Dashboard(
      history: history, options: options, now: { [start] in (start + 0.25, 0) }, monotonic: { clock }
    ).run(on: terminal)
    let texts = terminal.frames.map { text($0) }
    let first = texts.firstIndex { $0.contains("PAUSED") } ?? 0
    #expect(first > 0 && texts[first - 1].contains("scan-1"))
    let frozen = texts[first...].prefix { $0.contains("PAUSED") }
    // Space, woken, resized and four keys.
    #expect(frozen.count >= 6 && frozen.allSatisfy { $0.contains("scan-1") && !$0.contains("H100") })
    #expect(control.sent.withState { $0.count } == 1)
    #expect(texts.last?.contains("H100") == true && texts.last?.contains("PAUSED") == false)
    #expect(calls.withState { $0 } <= 2)
  }

  /// Resizing, another layout, hidden panels, details and a panel alone change the height of the table.
  @Test func theSelectedRowStaysVisibleWhenTheTableChangesItsHeight() {
    var options = DashboardOptions(version: "1.0.0", sampleInterval: 1)
    options.processes = .local { _ in
      ProcessSnapshot(
        processes: (0..<60).map { index in
          var process = Process()
          (process.pid, process.name, process.cpu) = (Int32(10_000 + index), "proc-\(index)", Double(60 - index) / 100)
          return process
        })
    }
    let downs = [TerminalEvent](repeating: .key(.down), count: 17)
    let keys: [KeyPress] = [
      .character("L"), .character("1"), .character("8"), .character("8"), .enter, .escape, .character("v"),
      .character("1"), .character("v"), .character("8"), .character("L"),
    ]
    let sizes = [
      Size(width: 80, height: 24), Size(width: 140, height: 60), Size(width: 120, height: 20),
      Size(width: 100, height: 12),
    ]
    let cycle: [TerminalEvent] = [.resized] + keys.map { .key($0) }
    let events = downs + sizes.flatMap { _ in cycle }
    let terminal = RecordingTerminal(size: Size(width: 120, height: 40), events: events)
    terminal.beforeEvent = { index in
      let place = (index - downs.count) / cycle.count
      if index >= downs.count, sizes.indices.contains(place) { terminal.size = sizes[place] }
    }
    _ = Dashboard(history: history, options: options, now: { [start] in (start + 0.25, 0) }).run(on: terminal)
    let texts = terminal.frames.map { text($0) }.dropFirst(downs.count)
    // Frames without the table, and those whose menu covers it, do not show the row.
    let tables = texts.filter { $0.contains("proc-") && !$0.contains("Panel alone") }
    #expect(texts.count == events.count + 1 - downs.count && tables.count > 20)
    for table in tables { #expect(table.contains("proc-16"), "\(table)") }
  }

  @Test func severalHostsBeginWithTheGridAndOpen() {
    var machine = MadeUpMachine.gpuServer
    let other = machine.history(ticks: 30)
    let hosts = [
      DashboardHost(name: "one", history: history),
      DashboardHost(
        name: "two", history: other,
        connection: { DashboardConnection(isConnected: false, lag: 0.1, reason: "timed out") }),
    ]
    // The lost host is first, the other one below it.
    let terminal = pressing([.up, .enter, .escape, .down, .enter])
    _ = Dashboard(
      hosts: hosts, options: DashboardOptions(version: "1.0.0", sampleInterval: 1),
      now: { [start] in
        (start + 9, 0)
      }
    ).run(on: terminal)
    let texts = terminal.frames.map { text($0) }
    #expect(texts[0].contains("2 hosts · 1 lost") && texts[0].contains("one") && texts[0].contains("two"))
    #expect(texts[2].contains("H100") && texts[2].contains("LOST") && texts[2].contains("timed out"))
    #expect(texts[3].contains("2 hosts"))
    #expect(texts[5].contains("EPYC") && !texts[5].contains("LOST"))
  }

  @Test func suspendAndRedraw() {
    let terminal = RecordingTerminal(events: [
      .suspend, .key(.character("\u{1A}")), .key(.character("\u{C}")), .continued, .resized,
    ])
    _ = run(terminal)
    #expect(terminal.suspensions == 2 && terminal.invalidations == 1 && terminal.frames.count == 6)
  }

  @Test func aResizeIsDrawnInTheNewSize() {
    let terminal = RecordingTerminal(events: [.resized])
    terminal.beforeEvent = { [unowned terminal] index in
      if index == 0 { terminal.size = Size(width: 31, height: 7) }
    }
    _ = run(terminal)
    #expect(
      terminal.frames.map { Size(width: $0.width, height: $0.height) } == [
        Size(width: 80, height: 24), Size(width: 31, height: 7),
      ])
  }

  @Test func aTerminalThatTakesNothingIsTriedAgain() {
    let terminal = RecordingTerminal(events: [.timeout, .writable, .key(.other)])
    terminal.isWritable = false
    terminal.beforeEvent = { [unowned terminal] index in
      if index == 1 { terminal.isWritable = true }
    }
    _ = run(terminal)
    #expect(terminal.frames.count == 1)
  }

  @Test func theClockGoesOnBetweenSamples() {
    let terminal = RecordingTerminal(events: [.timeout])
    _ = run(terminal)
    #expect(terminal.frames.count == 2)
    #expect(terminal.timeouts.allSatisfy { abs($0 - 0.85) < 1e-6 })
  }
}

/// Creates an empty temporary folder.
func temporaryFolder() throws -> String {
  var name = Array("/tmp/dashboard-test-XXXXXX".utf8CString)
  try #require(mkdtemp(&name) != nil)
  return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes a folder with its contents.
func removeFolder(_ path: String) {
  for name in Files.names(in: path) {
    if unlink(path + "/" + name) != 0 { removeFolder(path + "/" + name) }
  }
  rmdir(path)
}
