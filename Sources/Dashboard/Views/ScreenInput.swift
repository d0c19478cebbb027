internal import AgentMetrics
internal import SampleStore

/// Everything that a frame is drawn from.
struct ScreenInput {
  /// Samples in memory, oldest first.
  var entries: [History.Entry] = []
  /// Steps before the samples, as far as the axis reaches.
  var past: [HistoryBucket] = []
  /// State at the time cursor, if that is before the samples; nil until it is known.
  var historyPoint: HistoryPoint?
  /// Whether an answer from the archive is pending.
  var isLoading = false
  /// Error of the archive's last answer.
  var historyFailure: String?
  /// Oldest time in the archive; nil if memory reaches as far back.
  var oldest: Double?
  /// Values known before the first sample.
  var preview: Sample?
  /// Nominal seconds between two samples of the history.
  var interval = 1
  var size = Size(width: 80, height: 24)
  var glyphs = Glyphs(.braille)
  var options = DashboardOptions(version: "", sampleInterval: 1)
  var state = ScreenState()
  /// The wall clock, and the offset of displayed times.
  var now = 0.0
  var utcOffset = 0
  var events: [MachineEvent] = []
  /// All known events, newest first, while their list is shown.
  var eventList: [MachineEvent] = []
  /// The process table; nil where only the processes of the samples are known.
  var table: ProcessSnapshot?
  /// Memory of processes that columns show and scans do not read.
  var memory: [Int32: ProcessMemory] = [:]
  /// Whether threads can be shown.
  var hasThreads = false
  /// Whether details of processes can be read.
  var hasDetails = true
  /// Details of the selected process.
  var details: ProcessDetails?
  /// CPU use of that process: times, and CPU time per second.
  var spark: [(time: Double, cpu: Double)] = []
  /// The process of the details as it was last listed.
  var lastProcess: Process?
  /// Mean bytes per frame; NaN where unknown.
  var bytesPerFrame = Double.nan
  /// Seconds since the newest sample arrived; nil where only its timestamp is known.
  var silence: Double?
  /// Height of the frame before's row that says why the machine is slow.
  var slowRows = 0
  /// The process table of the last frame that had one; nil before it.
  var lastTable: TableWindow?
  /// A recent log message.
  var message: String?
  /// Whether all processes can be listed now, though not at past times.
  var hasWholeTable = false
  /// State of the connection to the samples' source; nil for this process.
  var connection: DashboardConnection?
  /// All hosts, if there are several.
  var hosts: [HostSummary] = []
  /// Whether signals may be sent.
  var canSignal = false
  /// The alerts of this program's agent as they are now; nil for another machine.
  var ownAlerts: [Alert]?
  /// Answer to the open overlay's window; nil until it is known.
  var window: WindowAnswer?
  /// URL of the shown machine's page; nil where none is known.
  var page: String?

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

  /// The viewed time before memory and that of the sample shown for it, where a gap lies between both; nil elsewhere.
  var gap: (time: Double, shown: Double)? {
    guard isBeforeMemory, let time = state.cursor.time, let point = historyPoint, point.requested == time else {
      return nil
    }
    let near = max(axis.step, point.step ?? 0, Arrivals.limit(interval: interval))
    let shown = point.sample.timestamp.seconds
    return time > shown + near ? (time, shown) : nil
  }

  /// The stored sample before ``sample``; nil where it is not in memory.
  var previous: Sample? {
    guard let time = sample?.timestamp.seconds else { return nil }
    return entries.last(where: { $0.sample.timestamp.seconds < time - 0.001 })?.sample
  }

  /// Seconds without a sample, where that is longer than three intervals; nil while samples arrive.
  var noData: Double? {
    guard let newest = entries.last?.sample.timestamp.seconds, state.cursor.time == nil, !state.isPaused else {
      return nil
    }
    let seconds = silence ?? (now - newest)
    return seconds >= Arrivals.limit(interval: min(interval, state.settings.refresh)) ? seconds : nil
  }

  /// Whether the drawn values are not those of now, because the connection is lost or no samples arrive.
  var isStale: Bool {
    state.cursor.time == nil && (noData != nil || connection?.isConnected == false && sample != nil)
  }

  var clock: WallClock { WallClock(now: now, utcOffset: state.settings.isUTC ? 0 : utcOffset) }

  /// Columns of the widest graph.
  var columns: Int { Context.split(max(1, size.width - 4)).graph * drawnGlyphs.columnsPerCell }

  /// The time axis of all graphs.
  var axis: TimeAxis {
    let zoom = state.cursor.zoom ?? autoZoom
    let newest = entries.last?.sample.timestamp.seconds ?? preview?.timestamp.seconds
    var end = state.cursor.axisEnd ?? newest ?? now
    // Without samples time continues, and a gap opens. The graph moves by columns, as with samples.
    if state.cursor.axisEnd == nil {
      if connection?.isConnected == false, now > end { end = now } else if let noData { end += noData }
    }
    return TimeAxis(step: TimeAxis.steps[min(TimeAxis.steps.count - 1, max(0, zoom))], end: end.isFinite ? end : 0)
  }

  /// The part of the graphs before the first sample in memory, and the viewed time if it lies there; nil if neither
  /// does.
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

  /// A few minutes, with columns hardly coarser than the samples.
  private var autoZoom: Int {
    let finest = TimeAxis.steps.firstIndex { $0 >= Double(min(interval, state.settings.refresh)) } ?? 2
    return max(finest, TimeAxis.step(columns: columns, over: 150))
  }
}
