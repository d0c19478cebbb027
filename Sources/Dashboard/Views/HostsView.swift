internal import AgentMetrics

/// One of several hosts, as a row of the grid.
struct HostSummary {
  var name: String
  /// The newest sample; nil before the first one.
  var sample: Sample?
  /// State of its connection.
  var connection: DashboardConnection
  /// Seconds since the newest sample arrived; nil where only its timestamp is known.
  var silence: Double?
  /// Whether the values are not those of now.
  var isStale: Bool { !connection.isConnected || (silence ?? 0) >= Arrivals.limit(interval: 1) }
  /// Rank of the host: the highest use among CPU, memory and GPUs.
  var badness: Double {
    guard let sample else { return -1 }
    let metrics = [sample.cpu.usage, sample.ram.usage, GPUSummary(sample.gpus).util].filter(\.isFinite)
    return metrics.max() ?? 0
  }
}

/// All hosts by severity; with last values and their age for a host that does not respond.
struct HostsView {
  let hosts: [HostSummary]
  let state: ScreenState
  let glyphs: Glyphs
  let now: Double
  let hits: HitMap

  /// Disconnected hosts first, then by load in steps of a twentieth, for a stable order.
  static func order(_ hosts: [HostSummary]) -> [Int] {
    func rank(_ host: HostSummary) -> Double {
      (host.connection.isConnected ? 0 : 10) + (host.badness * 20).rounded() / 20
    }
    return hosts.indices.sorted { left, right in
      let (a, b) = (rank(hosts[left]), rank(hosts[right]))
      return a == b ? hosts[left].name < hosts[right].name : a > b
    }
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let order = HostsView.order(hosts)
    hits.frameContext.hostOrder = order
    let lost = hosts.filter { !$0.connection.isConnected }.count
    PanelTitle(
      name: "HOSTS", detail: "by severity",
      right: String(hosts.count) + (hosts.count == 1 ? " host" : " hosts")
        + (lost > 0 ? glyphs.separator + String(lost) + " lost" : "")
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    let nameWidth = max(8, min(28, rest.width / 4))
    let stateWidth = rest.width >= 100 ? rest.width / 3 : rest.width >= 70 ? 22 : 10
    let room = rest.width - nameWidth - stateWidth - 2
    let hasGPU = hosts.contains { $0.sample?.gpus.isEmpty == false }
    let columns: [(title: String, value: (Sample) -> Double, color: (Double) -> Color)] =
      [("CPU", { $0.cpu.usage }, { .load($0) }), ("memory", { $0.ram.usage }, { _ in .memory })]
      + (hasGPU ? [("GPU", { GPUSummary($0.gpus).util }, { _ in .gpu })] : [])
    let width = room / max(1, columns.count)
    if rest.height >= 3 {
      let head = rest.takeTop(1)
      grid.put("host", x: head.x, y: head.y, .muted)
      for (index, column) in columns.enumerated() {
        // Above the values, which end there.
        let title = width < 8 ? String(column.title.prefix(3)) : column.title
        grid.putRight(title, end: head.x + nameWidth + 5 + index * width, y: head.y, .muted)
      }
      grid.putRight("state", end: head.right, y: head.y, .muted)
    }
    let place = order.firstIndex(of: state.host) ?? 0
    let first = max(0, min(place - rest.height / 2, order.count - rest.height))
    for index in order.dropFirst(first).prefix(rest.height) {
      let line = rest.takeTop(1)
      let host = hosts[index]
      let isLost = host.isStale
      hits.add(.host(index), line)
      grid.putShortened(host.name, x: line.x, y: line.y, isLost ? .stale : .bold, limit: nameWidth)
      if let sample = host.sample {
        for (place, column) in columns.enumerated() {
          let value = column.value(sample)
          let x = line.x + nameWidth + 1 + place * width
          grid.putRight(TextFormat.percent(value, glyphs), end: x + 4, y: line.y, isLost ? .stale : .load(value))
          if width >= 10 {
            Bar(value, column.color(value), isStale: isLost).draw(
              on: &grid, x: x + 5, y: line.y, width: width - 7, glyphs)
          }
        }
      }
      let (text, style) = status(host, width: stateWidth)
      grid.putShortened(
        text, x: line.right - min(stateWidth, Grid.columns(of: text)), y: line.y, style, limit: stateWidth)
      if index == state.host {
        grid.restyle(Rect(x: line.x, y: line.y, width: nameWidth, height: 1)) { _ in .selection }
      }
    }
  }

  private func status(_ host: HostSummary, width: Int) -> (String, Style) {
    let isShort = width < 16
    /// Adds the reason for a missing answer, if it fits.
    func lost(_ text: String) -> (String, Style) {
      guard !isShort, let reason = host.connection.reason, !reason.isEmpty else { return (text, .critical) }
      return (text + ": " + reason, .critical)
    }
    guard let sample = host.sample else {
      return host.connection.isConnected ? (isShort ? "waiting" : "no sample yet", .muted) : lost("unreachable")
    }
    let age = now - sample.timestamp.seconds
    var time = TextFormat.duration(max(0, age))
    if isShort { time = String(time.prefix { $0 != " " }) }
    if !host.connection.isConnected {
      return isShort ? ("lost " + time, .critical) : lost("no data for " + TextFormat.seconds(age))
    }
    if host.isStale, let silence = host.silence {
      return (
        isShort ? "old " + TextFormat.short(silence.rounded(.down)) : "no data for " + TextFormat.seconds(silence),
        .critical
      )
    }
    if !isShort, let reason = host.connection.reason { return (reason, .warning) }
    if age > 90 { return (isShort ? "old " + time : "data " + time + " old", .warning) }
    if let load = sample.load, load.load1.isFinite {
      let decimals = !isShort || load.load1 < 99.995 ? 2 : load.load1 < 999.95 ? 1 : 0
      return ("load " + TextFormat.fixed(load.load1, decimals), .muted)
    }
    return ("ok", .muted)
  }
}
