internal import AgentMetrics
internal import History

/// All that a picture is made of.
struct ScreenInput {
  /// The samples that are known, oldest first.
  var entries: [History.Entry] = []
  /// What was before them, as far as the axis reaches.
  var past: [HistoryBucket] = []
  /// The moment that is looked at, where it lies before the samples; nil while nothing of it is known.
  var historyPoint: HistoryPoint?
  /// Whether an answer of the long history is awaited.
  var isLoading = false
  /// Why it has not answered.
  var historyFailure: String?
  /// The oldest moment that is kept anywhere; nil where that is the first of the samples.
  var oldest: Double?
  /// What is known before the first sample.
  var preview: Sample?
  /// Nominal seconds between two samples of the history.
  var interval = 1
  var size = Size(width: 80, height: 24)
  var glyphs = Glyphs(.braille)
  var options = DashboardOptions(version: "", sampleInterval: 1)
  var state = ScreenState()
  /// The wall clock, and what is to be added for the times that are shown.
  var now = 0.0
  var utcOffset = 0
  var events: [TimelineEvent] = []
  /// The table of processes; nil where only those of the samples are known.
  var table: ProcessSnapshot?
  /// Whether threads can be shown.
  var hasThreads = false
  /// What is known of the chosen process.
  var details: ProcessDetails?
  /// Its CPU use: moments and CPUs' worth of time.
  var spark: [(time: Double, cpu: Double)] = []
  /// The process of the details as it was last listed.
  var lastProcess: Process?
  /// Bytes that a picture costs, on the mean; NaN where unknown.
  var bytesPerFrame = Double.nan
  /// How the source of the samples is reached; nil where it is this process.
  var connection: DashboardConnection?
  /// All hosts, where there are several.
  var hosts: [HostSummary] = []
  /// Whether signals may be sent.
  var canSignal = false

  /// Glyphs of the settings, or those of the terminal.
  var drawnGlyphs: Glyphs {
    var kind = glyphs.kind
    if kind != .ascii, let wanted = state.settings.graph { kind = wanted }
    return Glyphs(kind, isMono: glyphs.isMono)
  }

  /// Whether the viewed time lies before the samples in memory.
  var isBeforeMemory: Bool {
    guard let time = state.cursor.time, let first = entries.first else { return false }
    return time < first.sample.timestamp.seconds - 0.001
  }

  private var latest: Sample? { entries.last?.sample ?? preview }

  /// The newest sample, or that of the viewed time.
  var sample: Sample? {
    guard let time = state.cursor.time else { return latest }
    if let entry = entries.last(where: { $0.sample.timestamp.seconds <= time + 0.001 }) { return entry.sample }
    return historyPoint.map { named($0.sample) } ?? entries.first?.sample ?? latest
  }

  var clock: WallClock { WallClock(now: now, utcOffset: state.settings.isUTC ? 0 : utcOffset) }

  /// Columns of the widest graph.
  var columns: Int { Context.split(max(1, size.width - 4)).graph * drawnGlyphs.columnsPerCell }

  /// The time axis of all graphs.
  var axis: TimeAxis {
    let zoom = state.cursor.zoom ?? autoZoom
    let newest = entries.last?.sample.timestamp.seconds ?? preview?.timestamp.seconds
    var end = state.cursor.axisEnd ?? newest ?? now
    // Time goes on where no samples come: a gap opens. The picture moves by columns, as it does with samples.
    if state.cursor.axisEnd == nil, connection?.isConnected == false, now > end { end = now }
    return TimeAxis(step: TimeAxis.steps[min(TimeAxis.steps.count - 1, max(0, zoom))], end: end.isFinite ? end : 0)
  }

  /// The part of the graphs before the first sample in memory, and the viewed time if it lies there; nil if neither does.
  func historyRequest(host: Int) -> HistoryFetcher.HistoryRequest? {
    guard let first = entries.first?.sample, let oldest else { return nil }
    let memory = first.timestamp.seconds - (first.elapsed.isFinite ? max(0, first.elapsed) : 0)
    guard oldest < memory - 0.01 else { return nil }
    let (columns, axis) = (columns, axis)
    let time = state.cursor.time.flatMap { $0 < first.timestamp.seconds - 0.001 ? $0 : nil }
    let start = axis.end - axis.step * Double(columns)
    guard time != nil || start < memory else { return nil }
    return HistoryFetcher.HistoryRequest(
      host: host, step: axis.step, start: start, end: axis.end, memory: memory, time: time,
      interval: interval)
  }

  /// Adds names from the newest sample: texts are not archived.
  private func named(_ sample: Sample) -> Sample {
    guard let latest, sample.host.hostname == nil else { return sample }
    var sample = sample
    let (uptime, bootTime) = (sample.host.uptime, sample.host.bootTime)
    sample.host = latest.host
    (sample.host.uptime, sample.host.bootTime) = (uptime, bootTime)
    sample.cpu.model = sample.cpu.model ?? latest.cpu.model
    for (place, gpu) in sample.gpus.enumerated() {
      guard let known = latest.gpus.first(where: { $0.index == gpu.index }) else { continue }
      sample.gpus[place].model = gpu.model ?? known.model
      if gpu.vendor.isEmpty { sample.gpus[place].vendor = known.vendor }
    }
    return sample
  }

  /// A few minutes, with samples hardly finer than columns.
  private var autoZoom: Int {
    let finest = TimeAxis.steps.firstIndex { $0 >= Double(min(interval, state.settings.refresh)) } ?? 2
    return max(finest, TimeAxis.step(columns: columns, over: 150))
  }
}
