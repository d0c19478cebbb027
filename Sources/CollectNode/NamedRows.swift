internal import NodeMetrics
internal import SystemIO

extension Array where Element: NodeReading.NamedRow {
  /// Names the row at `index`: it is kept if it has that name already, which allocates nothing.
  mutating func setRow(_ index: Int, _ bytes: Span<UInt8>, _ name: Range<Int>) {
    if index == count {
      append(Element(name: bytes.string(name)))
    } else if !bytes.equals(name, self[index].name) {
      self[index] = Element(name: bytes.string(name))
    }
  }

  /// Drops the rows from `count` on.
  mutating func cut(to count: Int) {
    if count < self.count { removeLast(self.count - count) }
  }
}
