internal import AgentMetrics

extension PanelDescriptor {
  static let network = PanelDescriptor(
    id: "network", name: "Network", title: "NETWORK", catalog: ["network.", "networks.", "conntrack."],
    sources: ["network", "conntrack"],
    graphs: [NetworkPanel.receive, NetworkPanel.transmit],
    places: [.overview: PanelPlace(2, 0), .graphs: PanelPlace(2, 1), .io: PanelPlace(0, 1)],
    widePlaces: [.overview: PanelPlace(2, 2), .graphs: PanelPlace(2, 2)]
  ) { NetworkPanel($0) }
}

/// Network interfaces: receive and send rates.
struct NetworkPanel: Panel {
  static let receive = GraphMetric("network.receive_bytes_per_sec") { $0.network?.receiveRate ?? .nan }
  static let transmit = GraphMetric("network.transmit_bytes_per_sec") { $0.network?.transmitRate ?? .nan }

  private let context: Context
  private let rows: [Network]
  private let total: Network?
  /// Warning of a connection table that is nearly full.
  private let warning: String?
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let networks = context.sample.networks
    if networks.isEmpty { return nil }
    self.context = context
    // Hardware first, then interfaces that are up; loopback and interfaces that are down last.
    rows = networks.enumerated().sorted { left, right in
      let (a, b) = (NetworkPanel.rank(left.element), NetworkPanel.rank(right.element))
      return a == b ? left.offset < right.offset : a < b
    }.map(\.element)
    total = networks.lazy.filter(\.isPhysical).count > 1 ? context.sample.network : nil
    warning = context.sample.conntrack.flatMap { table in
      guard table.usage >= 0.8 else { return nil }
      return "connection table " + TextFormat.percent(table.usage, context.glyphs).trimmed + " full ("
        + TextFormat.count(table.entries, context.glyphs) + " of " + TextFormat.count(table.limit, context.glyphs) + ")"
    }
  }

  private static func rank(_ network: Network) -> Int {
    if network.state == "down" { return 3 }
    if network.isPhysical { return 0 }
    return network.device == "lo" ? 2 : 1
  }

  /// Lines above the interfaces.
  private var heads: Int { (warning == nil ? 0 : 1) + (total == nil ? 0 : 1) }

  private var count: Int { rows.count + heads }

  /// Number of lines in the rows below the title: the graph has priority over idle interfaces.
  private func lines(_ rows: Int) -> Int {
    let room = rows - heads >= 5 ? rows - 2 : rows
    return min(count, max(0, room))
  }

  func height(width: Int) -> Height {
    // One row is too low for a graph.
    let all = 1 + count
    let useless = lines(all) == count ? [all + 1..<all + 2] : []
    return Height(minimum: 2, comfortable: 1 + min(count, 6) + 2, maximum: Height.open, useless: useless)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let hasLink = rect.width >= 48
    let lines = lines(rect.height - 1)
    let window = context.window(rows, count: max(0, lines - heads), in: .network)
    let shown = window.rows
    let hidden = rows.prefix(window.hidden.above) + rows.dropFirst(window.hidden.above + shown.count)
    PanelTitle(
      name: context.title(.network), more: window.hidden,
      heads: (hasLink ? [("link", 18)] : []) + [("rx/s", rateWidth(rect)), ("tx/s", 0)]
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    if let warning, lines > 0 {
      let line = rest.takeTop(1)
      grid.putShortened(warning, x: line.x, y: line.y, .warning, limit: line.width)
    }
    if let total, lines >= heads {
      // Losses of hidden interfaces are added to the total, or they would go unseen.
      let losses = hidden.reduce(0) { $0 + NetworkPanel.losses(of: $1) }
      draw(total, name: "total", losses: losses, hasLink: hasLink, on: &grid, in: rest.takeTop(1))
    }
    for network in shown {
      draw(
        network, name: network.device, losses: NetworkPanel.losses(of: network), hasLink: hasLink, on: &grid,
        in: rest.takeTop(1))
    }
    RateGraph(context: context, upper: (.read, "rx"), lower: (.write, "tx"))
      .draw(on: &grid, in: rest, Self.receive, Self.transmit)
  }

  /// Columns of a rate with the gap before it.
  private func rateWidth(_ rect: Rect) -> Int { rect.width < 32 ? 8 : 10 }

  /// Errors and drops per second: the usual cause of a slow network.
  private static func losses(of network: Network) -> Double {
    [network.receiveErrors, network.transmitErrors, network.receiveDrops, network.transmitDrops]
      .reduce(0) { $1.isFinite ? $0 + $1 : $0 }
  }

  private func draw(
    _ network: Network, name: String, losses: Double, hasLink: Bool, on grid: inout Grid, in line: Rect
  ) {
    let isDown = network.state == "down"
    let isQuiet = isDown || !(network.receiveRate > 0) && !(network.transmitRate > 0)
    let style: Style = isDown ? .faint : isQuiet ? .muted : .plain
    var end = line.right
    grid.putRight(TextFormat.compact(network.transmitRate, glyphs), end: end, y: line.y, style)
    grid.putRight(TextFormat.compact(network.receiveRate, glyphs), end: end - rateWidth(line), y: line.y, style)
    end -= rateWidth(line) + (line.width < 32 ? 6 : 8)
    if hasLink {
      let link = isDown ? "down" : network.speed.isFinite && network.speed > 0 ? TextFormat.link(network.speed) : ""
      grid.putRight(link, end: end, y: line.y, .muted)
      end -= 10
    }
    var nameEnd = end - 1
    let lost = TextFormat.count(losses, glyphs) + " lost"
    // The name may be truncated for it.
    if losses >= 0.5,
      let text = [lost + "/s", lost].first(where: {
        line.x + min(Grid.columns(of: name), 5) + 1 + $0.utf8.count <= nameEnd
      })
    {
      grid.putRight(text, end: nameEnd, y: line.y, .warning)
      nameEnd -= text.utf8.count + 1
    }
    grid.putShortened(
      name, x: line.x, y: line.y, isDown ? .faint : network.isPhysical || name == "total" ? .plain : .muted,
      limit: nameEnd - line.x)
  }
}
