internal import AgentMetrics
internal import SampleStore

/// The viewed time and the zoom of the graphs.
struct TimeCursor: Equatable {
  /// Index in ``TimeAxis/steps``; nil for one that fits the screen.
  var zoom: Int?
  /// The viewed time; nil for now.
  var time: Double?
  /// The right end of the axis while a past time is viewed.
  var axisEnd: Double?

  /// Returns to now.
  mutating func reset() { (time, axisEnd) = (nil, nil) }

  /// Views a time, and moves the axis if it does not reach there.
  mutating func view(_ time: Double, _ frameContext: FrameContext) {
    self.time = time
    let end = axisEnd ?? frameContext.axis.end
    let span = frameContext.axis.step * Double(frameContext.axisColumns)
    var newEnd = end
    if time > end { newEnd = time }
    if time <= end - span * 0.98 { newEnd = time + span / 2 }
    if let last = frameContext.entries.last?.sample.timestamp.seconds { newEnd = min(newEnd, max(last, time)) }
    axisEnd = newEnd
  }

  /// Views the time of a cell that was clicked, without moving the axis.
  mutating func view(clicked time: Double, _ frameContext: FrameContext) {
    guard let first = frameContext.entries.first?.sample.timestamp.seconds else { return }
    let known = frameContext.entries.last { $0.sample.timestamp.seconds <= time + 0.01 }?.sample.timestamp.seconds
    if axisEnd == nil { axisEnd = frameContext.axis.end }
    self.time = known ?? (frameContext.oldest < first ? max(frameContext.oldest, time) : first)
  }

  /// Moves by half a screen.
  mutating func page(_ count: Int, _ frameContext: FrameContext) {
    travel(by: Double(count) * frameContext.axis.step * Double(frameContext.axisColumns / 2), frameContext)
  }

  /// Moves to the sample at that distance, at least by one.
  mutating func travel(by seconds: Double, _ frameContext: FrameContext) {
    guard let first = frameContext.entries.first, let last = frameContext.entries.last else { return }
    let now = time ?? last.sample.timestamp.seconds
    let memory = first.sample.timestamp.seconds
    if seconds < 0 ? now + seconds < memory - 0.01 && frameContext.oldest < memory - 0.01 : now < memory - 0.01,
      let target = archived(now, by: seconds, memory, frameContext)
    {
      view(target, frameContext)
    } else if seconds < 0 {
      view(earlier(than: now, by: seconds, frameContext), frameContext)
    } else if time != nil {
      let next = frameContext.entries.first {
        $0.sample.timestamp.seconds >= now + seconds - 0.01 && $0.sample.timestamp.seconds > now + 0.001
      }
      if let next { view(next.sample.timestamp.seconds, frameContext) } else { reset() }
    }
  }

  /// The time to view in the archive, which reaches further back than memory; nil if it lies in memory again.
  private func archived(_ now: Double, by seconds: Double, _ memory: Double, _ frameContext: FrameContext) -> Double? {
    // Positions of samples outside the graph are unknown.
    let minimum = max(abs(seconds), Double(frameContext.interval))
    let target = now + seconds
    guard seconds < 0 else {
      let next = frameContext.past.first { $0 >= target - 0.01 && $0 > now + 0.001 } ?? now + minimum
      return next < memory ? next : nil
    }
    return frameContext.past.last { $0 <= target + 0.01 && $0 < now - 0.001 }
      ?? min(now, max(frameContext.oldest, now > memory + 0.01 ? target : now - minimum))
  }

  /// The time of the nearest sample in memory at or before that distance.
  private func earlier(than now: Double, by seconds: Double, _ frameContext: FrameContext) -> Double {
    let times = frameContext.entries.lazy.map(\.sample.timestamp.seconds)
    let target = now + seconds
    let sample = times.last { $0 <= target + 0.01 && $0 < now - 0.001 } ?? times.first ?? now
    return min(now, sample)
  }

  /// Views the next event in a direction; returns a note.
  mutating func jump(_ step: Int, _ frameContext: FrameContext) -> String {
    let now = time ?? .infinity
    let event =
      step > 0
      ? frameContext.events.first { $0.time > now + 0.001 }
      : frameContext.events.last { $0.time < now - 0.001 }
    guard let event else {
      let known = frameContext.axis.end - frameContext.axis.step * Double(frameContext.axisColumns)
      return step < 0 && frameContext.oldest < known
        ? "no earlier event on the graph; - zooms out"
        : frameContext.events.isEmpty ? "no events recorded" : "no further events"
    }
    view(event.time, frameContext)
    return frameContext.time(event.time) + " " + event.text
  }

  /// Zooms out by steps, or in by negative ones; returns a note.
  mutating func changeZoom(by step: Int, _ frameContext: FrameContext) -> String {
    let now = TimeAxis.steps.firstIndex { $0 >= frameContext.axis.step - 1e-9 } ?? 0
    let shortest = TimeAxis.step(columns: frameContext.axisColumns, over: 60)
    let last = frameContext.entries.last?.sample.timestamp.seconds ?? 0
    let all = frameContext.oldest.isFinite ? last - frameContext.oldest : 0
    let longest = max(shortest, TimeAxis.step(columns: frameContext.axisColumns, over: all))
    let next = min(longest, max(shortest, now + step))
    zoom = next
    let span = TimeAxis.steps[next] * Double(frameContext.axisColumns)
    // The viewed time stays visible.
    if let time, let end = axisEnd, time <= end - span * 0.98 || time > end {
      axisEnd = min(frameContext.entries.last?.sample.timestamp.seconds ?? time, time + span / 2)
    }
    return "graphs of " + TextFormat.duration(span)
  }
}
