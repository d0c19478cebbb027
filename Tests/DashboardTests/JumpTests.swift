import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// Times that the user types, and links to them.
@Suite struct JumpTests {
  private let history: History = {
    var machine = MadeUpMachine.smallVM
    return machine.history(ticks: 20, interval: 5)
  }()
  private var times: [Double] { history.all.map(\.sample.timestamp.seconds) }

  private func input(_ model: Model, size: Size = Size(width: 120, height: 40)) -> ScreenInput {
    var input = ScreenGoldens.screenInput(history, size: size, state: model.state, message: nil)
    input.now = (times.last ?? 0) + 1
    input.page = "http://127.0.0.1:8080/ui/"
    return input
  }

  private func type(_ text: String, _ last: KeyPress? = .enter, from model: Model = Model()) -> Model {
    var model = model
    for key in [.character("g")] + text.unicodeScalars.map({ KeyPress.character($0) }) + [last].compactMap(\.self) {
      _ = model.handle(key, in: Screen(input(model)).draw().frameContext)
    }
    return model
  }

  private func lastRow(_ model: Model, width: Int = 120) -> String {
    Screen(input(model, size: Size(width: width, height: 40))).draw().grid.rows.last ?? ""
  }

  @Test func aTypedTimeIsViewed() {
    let model = type("-30s")
    #expect(model.state.overlay == nil)
    // The sample at or before it.
    #expect(model.state.cursor.time == times.last { $0 <= (times.last ?? 0) + 1 - 30 })
    #expect(model.state.note?.hasPrefix("viewing ") == true)
    #expect(type("now", from: model).state.cursor.time == nil)
  }

  @Test func timesOutsideOfTheRecordAreSaid() {
    let early = type("2001-01-01 10:00")
    #expect(early.state.cursor.time == times.first)
    #expect(early.state.note?.hasPrefix("the record begins at ") == true)
    let late = type("2099-01-01 10:00", from: early)
    #expect(late.state.cursor.time == nil && late.state.note?.contains("lies in the future") == true)
  }

  /// A time after the newest sample of an archive, or between two samples, is not that of the sample before it.
  @Test func aTimeWithoutSamplesIsSaid() throws {
    let history = History(capacity: 10, interval: 5)
    let start = try #require(times.first)
    for offset in [0.0, 5, 605] {
      var sample = Sample()
      (sample.timestamp, sample.elapsed) = (Timestamp(seconds: start + offset), 5)
      history.append(sample)
    }
    var state = ScreenState()
    var input = ScreenGoldens.screenInput(history)
    input.now = start + 1_325
    let context = Screen(input).draw().frameContext
    func jump(_ offset: Double) -> String? {
      state.jump(to: start + offset, context)
      return state.note
    }
    #expect(jump(1_000) == "no sample at " + context.time(start + 1_000) + ": showing " + context.time(start + 605))
    #expect(state.cursor.time == start + 605)
    #expect(jump(300) == "no sample at " + context.time(start + 300) + ": showing " + context.time(start + 5))
    #expect(state.cursor.time == start + 5)
    #expect(jump(9) == "viewing " + context.time(start + 5))
    #expect(jump(1_325) == "showing now" && state.cursor.time == nil)
    // A sample that is due yet is no gap.
    input.now = start + 612
    let live = Screen(input).draw().frameContext
    state.jump(to: start + 610, live)
    #expect(state.note == "showing now" && state.cursor.time == nil)
  }

  /// The same in the archive, which answers later.
  @Test func aGapInTheArchiveIsSaid() throws {
    let first = try #require(times.first)
    var model = Model()
    model.state.cursor.time = first - 900
    model.state.note = "viewing " + input(model).clock.time(first - 900)
    model.state.namesViewedTime = true
    var input = input(model)
    #expect(input.gap == nil)
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: first - 1_200)
    input.historyPoint = HistoryPoint(sample: sample, requested: first - 900)
    let text = "no sample at " + input.clock.time(first - 900) + ": showing " + input.clock.time(first - 1_200)
    #expect(Screen(input).draw().grid.rows.last?.contains(text) == true)
    // An answer to the request before, and a sample that is near.
    input.historyPoint?.requested = first - 600
    #expect(input.gap == nil)
    sample.timestamp = Timestamp(seconds: first - 904)
    input.historyPoint = HistoryPoint(sample: sample, requested: first - 900)
    #expect(input.gap == nil)
  }

  @Test func aTextThatIsNoTimeIsNamedAndStays() {
    let model = type("25:00")
    #expect(lastRow(model).contains("\"25:00\" is not a time: 03:12, yesterday 14:00, -2h, 2026-11-28 14:00"))
    #expect(lastRow(model, width: 80).contains("\"25:00\" is not a time: 03:12"))
    var next = model
    _ = next.handle(.backspace, in: Screen(input(model)).draw().frameContext)
    #expect(lastRow(next).hasPrefix("go to: 25:0 "))
    #expect(lastRow(type("", nil), width: 20).hasPrefix("go to:"))
    #expect(type("x", .escape).state.overlay == nil && type("", .enter).state.overlay == nil)
    // A paste is typed.
    _ = next.handle(Paste(text: "0\n", isBracketed: true), in: FrameContext())
    #expect(next.state.overlay == .jump(type("25:00", nil).prompt))
  }

  /// As over a slow connection, where text and Enter come in one read.
  @Test(arguments: ["-30s\n", "-31\u{8}0s\n", "-30s\n\t", "-30s"]) func aTimeTypedInOneReadIsViewed(text: String) {
    var model = type("", nil)
    let context = Screen(input(model)).draw().frameContext
    _ = model.handle(Paste(text: text, isBracketed: false), in: context)
    if text.hasSuffix("\n") {
      #expect(model.state.overlay == nil && model.state.cursor.time == type("-30s").state.cursor.time)
    } else {
      #expect(model.state.overlay == .jump(type("-30s", nil).prompt) && model.state.cursor.time == nil)
    }
    // The terminal says that this is a paste.
    var pasted = type("", nil)
    _ = pasted.handle(Paste(text: "-30s\n", isBracketed: true), in: context)
    #expect(pasted.state.overlay == .jump(type("-30s", nil).prompt))
    // Without the prompt no key acts.
    var main = Model()
    _ = main.handle(Paste(text: "g-30s\n", isBracketed: false), in: context)
    #expect(main.state.overlay == nil && main.state.cursor.time == nil)
  }

  @Test func aLinkIsCopied() {
    var model = type("-30s")
    let time = model.state.cursor.time ?? 0
    let effect = model.handle(.character("y"), in: Screen(input(model)).draw().frameContext)
    guard case .copy(let link) = effect else {
      Issue.record("\(effect)")
      return
    }
    let moment = Timestamp(seconds: time.rounded(.up)).rfc3339
    #expect(link.hasPrefix("http://127.0.0.1:8080/ui/#range=") && link.hasSuffix("s&at=" + moment))
    #expect(lastRow(model).contains(link))
    var context = Screen(input(model)).draw().frameContext
    context.page = nil
    #expect(model.handle(.character("y"), in: context) == .copy(moment))
    #expect(model.state.note?.contains("--serve") == true)
    #expect(String(decoding: Clipboard.bytes("a link"), as: UTF8.self) == "\u{1B}]52;c;YSBsaW5r\u{1B}\\")
  }

  @Test func withoutAnArchiveTheBeginningIsSaidWithTheFirstSamples() throws {
    var options = DashboardOptions(version: "0", sampleInterval: 5)
    let last = try #require(times.last)
    options.start = last - 1e6
    let terminal = RecordingTerminal(
      size: Size(width: 120, height: 40), events: [.key(.character("y")), .key(.character("q"))])
    let dashboard = Dashboard(history: history, options: options, now: { (last + 1, 0) }, monotonic: { 1 })
    #expect(dashboard.run(on: terminal) == .quit)
    #expect(terminal.copies == [Timestamp(seconds: (times.first ?? 0).rounded(.up)).rfc3339])
  }

  @Test(arguments: [-30.0, -1e6]) func theDashboardOpensAtATime(offset: Double) throws {
    var options = DashboardOptions(version: "0", sampleInterval: 5)
    let last = try #require(times.last)
    options.start = last + offset
    let terminal = RecordingTerminal(
      size: Size(width: 120, height: 40), events: [.timeout, .timeout, .key(.character("y")), .key(.character("q"))])
    var clock = 0.0
    let dashboard = Dashboard(
      history: history, options: options, now: { (last + 1, 0) },
      monotonic: {
        clock += 1
        return clock
      })
    #expect(dashboard.run(on: terminal) == .quit)
    #expect(terminal.copies == [Timestamp(seconds: max(last + offset, times.first ?? 0).rounded(.up)).rfc3339])
  }
}

extension Model {
  fileprivate var prompt: JumpPrompt {
    if case .jump(let prompt)? = state.overlay { prompt } else { JumpPrompt() }
  }
}
