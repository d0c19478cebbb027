/// A place in the ``PrometheusNames`` that goes along while a table shows a Sample.
package struct PrometheusCursor {
  private struct Frame {
    let node: Int
    /// The figure that is likely to come next.
    var next = 0
  }

  private let names: PrometheusNames
  private var frames = [Frame(node: 0)]
  /// Domains inside one that is left out.
  private var skipped = 0

  /// At the Sample itself.
  package init(_ names: PrometheusNames) {
    self.names = names
  }

  /// The domain that is being shown, or the last one that is not left out.
  package var node: PrometheusNames.Node { names.nodes[frames[frames.count - 1].node] }

  /// The figure of the present domain by its name; nil where there is none.
  package mutating func figure(_ name: String) -> PrometheusNames.Figure? {
    guard skipped == 0 else { return nil }
    let last = frames.count - 1
    let figures = names.nodes[frames[last].node].figures
    // They come in the order of the table, absent ones passed over.
    for offset in figures.indices {
      var index = frames[last].next + offset
      if index >= figures.count { index -= figures.count }
      if figures[index].name == name {
        frames[last].next = index + 1
        return figures[index]
      }
    }
    return nil
  }

  /// Goes into a domain or a list; false where it is left out.
  package mutating func enter(_ name: String) -> Bool {
    guard skipped == 0, let part = node.parts.first(where: { $0.name == name }) else {
      skipped += 1
      return false
    }
    frames.append(Frame(node: part.node))
    return true
  }

  /// Goes into an entry of the present list; false where that is left out.
  package mutating func enterItem() -> Bool {
    guard skipped == 0 else {
      skipped += 1
      return false
    }
    frames.append(Frame(node: frames[frames.count - 1].node))
    return true
  }

  /// Goes back to what is around; nil where what ends was left out, else the domain that ends.
  package mutating func leave() -> PrometheusNames.Node? {
    guard skipped == 0 else {
      skipped -= 1
      return nil
    }
    guard frames.count > 1, let frame = frames.popLast() else { return nil }
    return names.nodes[frame.node]
  }
}
