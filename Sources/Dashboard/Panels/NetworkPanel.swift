internal import AgentMetrics

/// Network interfaces: what they receive and send.
struct NetworkPanel: Panel {
  private let context: Context
  private let rows: [Network]
  private let total: Network?
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let networks = context.sample.networks
    if networks.isEmpty { return nil }
    self.context = context
    // Hardware first, then what is up, loopback and what is down last.
    rows = networks.enumerated().sorted { left, right in
      let (a, b) = (NetworkPanel.rank(left.element), NetworkPanel.rank(right.element))
      return a == b ? left.offset < right.offset : a < b
    }.map(\.element)
    total = networks.lazy.filter(\.isPhysical).count > 1 ? context.sample.network : nil
  }

  private static func rank(_ network: Network) -> Int {
    if network.state == "down" { return 3 }
    if network.isPhysical { return 0 }
    return network.device == "lo" ? 2 : 1
  }

  private var count: Int { rows.count + (total == nil ? 0 : 1) }

  func height(width: Int) -> Height {
    Height(minimum: 2, comfortable: 1 + min(count, 6) + 2, maximum: Height.open)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let hasLink = rect.width >= 48
    grid.putTitle(
      context.title(.network, "NETWORK"), heads: (hasLink ? [("link", 18)] : []) + [("rx/s", 10), ("tx/s", 0)],
      in: rest.takeTop(1), glyphs)
    if let total, !rest.isEmpty { draw(total, name: "total", hasLink: hasLink, on: &grid, in: rest.takeTop(1)) }
    // The graph is worth more than interfaces that do nothing.
    let room = rest.height >= 5 ? rest.height - 2 : rest.height
    for network in rows.prefix(room) {
      draw(network, name: network.device, hasLink: hasLink, on: &grid, in: rest.takeTop(1))
    }
    RateGraph(context: context, upper: (.read, "rx"), lower: (.write, "tx"))
      .draw(on: &grid, in: rest, { $0.network?.receiveRate ?? .nan }, { $0.network?.transmitRate ?? .nan })
  }

  private func draw(_ network: Network, name: String, hasLink: Bool, on grid: inout Grid, in line: Rect) {
    let isDown = network.state == "down"
    let isQuiet = isDown || !(network.receiveRate > 0) && !(network.transmitRate > 0)
    let style: Style = isDown ? .faint : isQuiet ? .muted : .plain
    var end = line.right
    grid.putRight(Format.compact(network.transmitRate, glyphs), end: end, y: line.y, style)
    grid.putRight(Format.compact(network.receiveRate, glyphs), end: end - 10, y: line.y, style)
    end -= 18
    if hasLink {
      let link = isDown ? "down" : network.speed.isFinite && network.speed > 0 ? Format.link(network.speed) : ""
      grid.putRight(link, end: end, y: line.y, .muted)
      end -= 10
    }
    // Errors and losses are what one looks for when the network is slow.
    let losses = [network.receiveErrors, network.transmitErrors, network.receiveDrops, network.transmitDrops]
      .reduce(0) { $1.isFinite ? $0 + $1 : $0 }
    var nameEnd = end - 1
    if losses >= 0.5, name != "total", nameEnd - line.x >= 20 {
      let text = Format.count(losses, glyphs) + " lost/s"
      grid.putRight(text, end: nameEnd, y: line.y, .warning)
      nameEnd -= text.utf8.count + 1
    }
    grid.putShortened(
      name, x: line.x, y: line.y, isDown ? .faint : network.isPhysical || name == "total" ? .plain : .muted,
      limit: nameEnd - line.x)
  }
}
