internal import AgentMetrics
internal import Query
internal import SampleStore

/// Two times whose difference is shown, and the shown kind of subjects.
struct ComparisonChoice: Equatable {
  /// POSIX times.
  var first: Double
  var second: Double
  /// nil for all kinds.
  var kind: ChangeKind?
  var selected = 0

  /// Selects the next or previous kind.
  mutating func step(_ step: Int) {
    let all: [ChangeKind?] = [nil] + ChangeKind.allCases
    let place = all.firstIndex(of: kind) ?? 0
    kind = all[(place + step + all.count) % all.count]
    selected = 0
  }
}

/// A window whose waste is shown.
struct WasteChoice: Equatable {
  /// POSIX times.
  var start: Double
  var end: Double
  var grouping = WasteGrouping.workload
  var selected = 0
}

extension ScreenState {
  /// Compares the marked time with the viewed one, or the viewed one with now.
  mutating func compare(_ frameContext: FrameContext) -> Model.Effect {
    guard let newest = frameContext.entries.last?.sample.timestamp.seconds else { return noted("no samples yet") }
    let second = mark == nil ? newest : cursor.time ?? newest
    guard let first = mark ?? cursor.time, abs(first - second) > 0.5 else {
      note = "mark a time (') and move, or view the past (left, g), then = compares it with now"
      return .draw
    }
    overlay = .comparison(ComparisonChoice(first: min(first, second), second: max(first, second)))
    return .draw
  }

  /// Shows the waste since the mark, or of the last day before the viewed time.
  mutating func showWaste(_ frameContext: FrameContext) -> Model.Effect {
    guard let newest = frameContext.entries.last?.sample.timestamp.seconds else { return noted("no samples yet") }
    let end = cursor.time ?? newest
    // A visit of the history is limited to a number of samples.
    let longest = 0.8 * Double(History.maxVisitedSamples * max(1, frameContext.interval))
    let start = mark ?? end - min(86_400, longest)
    overlay = .waste(WasteChoice(start: min(start, end), end: max(start, end)))
    return .draw
  }

  mutating func handle(_ key: KeyPress, _ choice: ComparisonChoice, _ frameContext: FrameContext) -> Model.Effect {
    var choice = choice
    switch key {
    case .escape, .enter, .character("="), .character("q"):
      overlay = nil
      return .draw
    case .tab, .right: choice.step(1)
    case .backTab, .left: choice.step(-1)
    default:
      guard let next = key.move(in: frameContext.overlayRows, from: choice.selected) else { return .nothing }
      choice.selected = next
    }
    overlay = .comparison(choice)
    return .draw
  }

  mutating func handle(_ key: KeyPress, _ choice: WasteChoice, _ frameContext: FrameContext) -> Model.Effect {
    var choice = choice
    switch key {
    case .escape, .enter, .character("x"), .character("q"):
      overlay = nil
      return .draw
    case .tab, .right, .backTab, .left:
      choice.grouping = choice.grouping == .workload ? .user : .workload
      choice.selected = 0
    default:
      guard let next = key.move(in: frameContext.overlayRows, from: choice.selected) else { return .nothing }
      choice.selected = next
    }
    overlay = .waste(choice)
    return .draw
  }
}
