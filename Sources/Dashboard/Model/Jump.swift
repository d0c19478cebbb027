internal import AgentMetrics
internal import Query
internal import SampleStore

/// A time to view, as it is typed.
struct JumpPrompt: Equatable {
  private(set) var text = ""

  /// Maximum bytes of a time.
  private static let maxLength = 60

  /// Appends a character; false if the text is full or the character does not belong there.
  mutating func type(_ scalar: Unicode.Scalar) -> Bool {
    guard text.utf8.count < Self.maxLength, scalar.properties.generalCategory != .control else { return false }
    text.unicodeScalars.append(scalar)
    return true
  }

  /// Removes the last character; false without one.
  mutating func erase() -> Bool { text.popLast() != nil }

  mutating func clear() { text = "" }
}

extension ScreenState {
  /// Handles a key while a time is typed.
  mutating func handle(_ key: KeyPress, _ prompt: JumpPrompt, _ frameContext: FrameContext) -> Model.Effect {
    var prompt = prompt
    switch key {
    case .enter:
      overlay = nil
      guard !prompt.text.isEmpty else { return .draw }
      guard let time = frameContext.timeText.time(prompt.text) else {
        // The prompt stays below the message, and returns with the next key.
        overlay = .jump(prompt)
        note = "\"" + prompt.text + "\" is not a time: " + TimeText.allowed
        return .draw
      }
      jump(to: time, frameContext)
      return .draw
    case .escape:
      overlay = nil
      return .draw
    case .backspace:
      guard prompt.erase() else {
        overlay = nil
        return .draw
      }
    case .character("\u{15}"): prompt.clear()
    case .character(let scalar): guard prompt.type(scalar) else { return .nothing }
    default: return .nothing
    }
    overlay = .jump(prompt)
    return .draw
  }

  /// Appends pasted text to the time, and goes there if it ends with Enter.
  mutating func type(_ paste: Paste, into prompt: JumpPrompt, _ frameContext: FrameContext) -> Model.Effect {
    var prompt = prompt
    let line = paste.line
    for scalar in line.text.unicodeScalars {
      if scalar == "\u{8}" { _ = prompt.erase() } else { _ = prompt.type(scalar == "\t" ? " " : scalar) }
    }
    overlay = .jump(prompt)
    return line.isEntered ? handle(.enter, prompt, frameContext) : .draw
  }

  /// Views the sample at a time, or the nearest that is recorded; a note says which.
  mutating func jump(to time: Double, _ frameContext: FrameContext) {
    if let exception = view(time, frameContext) {
      note = exception
    } else {
      note = "viewing " + frameContext.time(cursor.time ?? time)
      namesViewedTime = true
    }
  }

  /// Views the sample at a time; returns why another one is shown, if so.
  private mutating func view(_ time: Double, _ frameContext: FrameContext) -> String? {
    guard let newest = frameContext.entries.last?.sample.timestamp.seconds else { return "no samples yet" }
    let near = Self.near(frameContext)
    guard time <= newest + 0.01 else {
      // The archive may have ended long ago.
      if time > newest + near, time < frameContext.clock.now - 1 {
        cursor.view(newest, frameContext)
        return frameContext.clock.absence(of: time, shown: newest)
      }
      returnToNow()
      return time > frameContext.clock.now + 1
        ? frameContext.time(time) + " lies in the future: showing now" : "showing now"
    }
    guard time >= frameContext.oldest - 0.01 else {
      cursor.view(frameContext.oldest, frameContext)
      return "the record begins at " + frameContext.time(frameContext.oldest)
    }
    let known = frameContext.entries.last { $0.sample.timestamp.seconds <= time + 0.01 }
    cursor.view(known?.sample.timestamp.seconds ?? time, frameContext)
    if let known = known?.sample.timestamp.seconds, time > known + near {
      return frameContext.clock.absence(of: time, shown: known)
    }
    return nil
  }

  /// Seconds by which a sample may be older than the time that it is shown for.
  private static func near(_ frameContext: FrameContext) -> Double {
    Arrivals.limit(interval: frameContext.interval)
  }

  /// Copies a link to the viewed time to the clipboard.
  mutating func copyLink(_ frameContext: FrameContext) -> Model.Effect {
    guard let time = cursor.time ?? frameContext.entries.last?.sample.timestamp.seconds else {
      return noted("no samples yet")
    }
    // The page requests the newest sample at or before a whole second.
    let stamp = Timestamp(seconds: time.rounded(.up)).rfc3339
    guard let page = frameContext.page else {
      note = "copied " + stamp + " (for g and --at); a link to the page needs --serve"
      return .copy(stamp)
    }
    let span = max(60, TextFormat.whole(frameContext.axis.step * Double(frameContext.axisColumns)))
    let link = page + "#range=" + String(span) + "s&at=" + stamp
    note = "copied " + link
    return .copy(link)
  }
}

extension FrameContext {
  /// The parser of times in the zone of the displayed ones.
  var timeText: TimeText { TimeText(now: clock.now) { [offset = clock.utcOffset] _ in offset } }
}
